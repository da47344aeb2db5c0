"""Checks, plugins, transactions and listeners, with files and settings around them."""

import threading
import time

import pytest

from config_admin import (
    ConfigurationError,
    FaultKind,
    InvalidConfigurationError,
    NotRunningError,
)
from config_admin.core.display import MASK

LIMIT_S = 15.0


class Careful:
    """A service that takes no port below *least*."""

    def __init__(self, least=0):
        self.least = least
        self.calls = []
        self.came = threading.Event()

    def check(self, properties):
        if int(properties["port"]) < self.least:
            raise ConfigurationError("port", "is for root alone")

    def updated(self, properties):
        self.calls.append(properties and properties["port"])
        self.came.set()


class Decrypt:
    def modify_configuration(self, _, properties):
        return {key: str(text).removeprefix("ENC:") for key, text in properties.items()}


# Checks


def test_a_veto_refuses_a_file_until_it_is_mended(admin, etc, save, wait_until):
    """CM-22, CM-41: with its file and line; the last good version stays."""
    service = Careful(1024)
    admin.add_managed_service("p", service)
    save(etc / "p.cfg", "port = 8080\n")
    wait_until(lambda: service.calls[-1:] == ["8080"])

    save(etc / "p.cfg", "# for all\nport = 80\n")
    (fault,) = wait_until(admin.faults)
    assert (fault.kind, fault.key) == (FaultKind.FILE, "port")
    assert fault.place.startswith(f"{etc}/p.cfg:2")
    assert "is for root alone" in fault.found
    assert admin.get("p").properties == {"port": "8080"}

    save(etc / "p.cfg", "port = 8081\n")
    wait_until(lambda: service.calls[-1:] == ["8081"])
    wait_until(lambda: not admin.faults())


def test_a_file_that_was_there_first_is_held_by_a_veto(etc, make_admin):
    """CM-22, CM-46: the start does not wait for it to be mended."""
    (etc / "p.cfg").write_text("port = 80\n")
    admin, service = make_admin(etc), Careful(1024)
    admin.start()

    registration = admin.add_managed_service("p", service)

    assert registration.wait(LIMIT_S)
    assert service.calls == []
    (fault,) = admin.faults()
    assert (fault.kind, fault.key) == (FaultKind.CALLBACK, "port")
    assert fault.file == f"{etc}/p.cfg"
    (receipt,) = admin.wait_applied("p", LIMIT_S)
    assert (receipt.applied, receipt.refused) == (None, 1)


def test_the_setting_says_how_long_a_check_may_take(etc, make_admin):
    """CM-22."""
    admin, released = make_admin(etc, check_timeout_s=0.05), threading.Event()
    admin.start()

    class Stuck:
        def check(self, _):
            released.wait(LIMIT_S)

        def updated(self, _):
            """Never called with anything."""

    admin.add_managed_service("p", Stuck())

    with pytest.raises(InvalidConfigurationError) as caught:
        admin.update("p", {"port": "80"})

    released.set()
    assert "does not return within 0.05 s" in caught.value.violations[0].found
    assert admin.flush(LIMIT_S)
    assert not (etc / "p.cfg").exists()


def test_a_veto_of_one_leaves_all_files_of_a_transaction_alone(admin, etc):
    """CM-14, CM-22, CM-42."""
    admin.add_managed_service("p", Careful(1024))
    admin.update("q", {"n": "1"})
    assert admin.flush(LIMIT_S)

    transaction = admin.transaction().__enter__()
    transaction.update("q", {"n": "2"})
    transaction.update("r", {"n": "2"})
    transaction.update("p", {"port": "80"})
    with pytest.raises(InvalidConfigurationError):
        transaction.__exit__(None, None, None)
    assert admin.flush(LIMIT_S)

    assert {path.name: path.read_text() for path in etc.iterdir()} == {
        "q.cfg": "n = 1\n"
    }


def test_a_transaction_writes_all_of_its_files(admin, etc):
    """CM-14, CM-42."""
    admin.update("old", {"n": "1"})

    with admin.transaction() as transaction:
        transaction.update("f~1", {"n": "1"})
        transaction.update("q", {"n": "1"})
        transaction.delete("old")
    assert admin.flush(LIMIT_S)

    assert {path.name: path.read_text() for path in etc.iterdir()} == {
        "f~1.cfg": "n = 1\n",
        "q.cfg": "n = 1\n",
    }


def test_after_the_end_a_checked_change_says_so(admin):
    """CM-58: and is no veto."""
    admin.add_managed_service("p", Careful())
    assert admin.flush(LIMIT_S)
    inner = admin._house.admin
    admin.stop()

    with pytest.raises(NotRunningError):
        admin.update("p", {"port": "1"})
    with pytest.raises(NotRunningError):
        inner.update("p", {"port": "1"})


# Plugins


def test_the_start_does_not_wait_for_a_required_plugin(etc, make_admin):
    """CM-32, CM-46: what is held is a fault; it is delivered when the plugin comes."""
    (etc / "p.cfg").write_text("port = ENC:80\n")
    admin, service = make_admin(etc, required_plugins=["decrypt"]), Careful()
    admin.add_managed_service("p", service)

    begin = time.monotonic()
    admin.start()

    assert time.monotonic() - begin < 5.0
    assert service.calls == []
    (fault,) = admin.faults()
    assert (fault.kind, fault.found) == (FaultKind.PLUGIN, "no plugin 'decrypt'")
    (receipt,) = admin.services()
    assert receipt.held == "until there is a plugin decrypt"

    registration = admin.add_plugin(Decrypt(), name="decrypt")
    assert service.came.wait(LIMIT_S)
    assert service.calls == ["80"]
    assert admin.faults() == ()

    registration.close()
    assert [fault.found for fault in admin.faults()] == ["no plugin 'decrypt'"]


def test_processed_properties_show_what_is_delivered(etc, tmp_path, make_admin):
    """CM-33: placeholders resolved, plugins run; secrets masked unless asked."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "db").write_text("ENC:hunter2\n")
    (etc / "p.cfg").write_text("password = $[secret:db]\nport = ${base}\n")
    admin = make_admin(etc, secrets=tmp_path / "secrets", variables={"base": "80"})
    admin.add_plugin(Decrypt())
    admin.start()

    masked = admin.processed_properties("p")
    shown = admin.processed_properties("p", show_secrets=True)

    assert dict(masked) == {"password": MASK, "port": "80", "service.pid": "p"}
    assert dict(shown) == {"password": "hunter2", "port": "80", "service.pid": "p"}
    assert "hunter2" not in repr([masked, shown])


def test_what_was_delivered_and_is_given_back_keeps_its_placeholders(
    etc, tmp_path, make_admin
):
    """CM-60: in the file, with the comments."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "db").write_text("hunter2")
    (etc / "p.cfg").write_text("# secret\npassword = $[secret:db]\nport = ${base}\n")
    admin = make_admin(etc, secrets=tmp_path / "secrets", variables={"base": "80"})
    taken = []
    admin.add_managed_service("p", taken.append)
    admin.start()

    admin.update("p", {**taken[-1], "more": "1"})
    assert admin.flush(LIMIT_S)

    text = (etc / "p.cfg").read_text()
    assert text == ("# secret\npassword = $[secret:db]\nport = ${base}\nmore = 1\n")


# Listeners


def test_a_synchronous_listener_is_told_before_update_returns(admin):
    """CM-29."""
    events = []

    class Listener:
        def configuration_event(self, event):
            events.append((event.pid, event.revision))

    admin.add_listener(Listener(), synchronous=True)

    for number in range(1, 50):
        admin.update("p", {"n": str(number)})
        assert events[-1] == ("p", number)


def test_the_setting_says_how_long_a_change_waits_for_a_listener(etc, make_admin):
    """CM-29."""
    admin, released = make_admin(etc, listener_timeout_s=0.05), threading.Event()
    admin.start()

    class Stuck:
        def configuration_event(self, _):
            released.wait(LIMIT_S)

    admin.add_listener(Stuck(), synchronous=True)

    begin = time.monotonic()
    admin.update("p", {"n": "1"})

    assert time.monotonic() - begin < 5.0
    released.set()


# Starting


def test_no_service_is_told_that_it_has_none_before_all_is_read(etc, make_admin):
    """CM-46: not even one whose file is read last."""
    for number in range(200):
        (etc / f"a{number:03}.cfg").write_text("x = 1\n")
    (etc / "z.cfg").write_text("x = 1\n")
    admin, calls = make_admin(etc), []
    admin.add_managed_service("z", calls.append)
    admin.add_managed_service("none", calls.append)

    admin.start()

    assert len(calls) == 2
    assert sorted((call and call["x"]) or "" for call in calls) == ["", "1"]


def test_the_start_ends_when_it_has_to(etc, make_admin):
    """CM-46."""
    released = threading.Event()
    admin = make_admin(etc, start_timeout_s=0.1)
    admin.add_managed_service("p", lambda _: released.wait(LIMIT_S))

    begin = time.monotonic()
    admin.start()

    assert time.monotonic() - begin < 5.0
    assert admin.update("q", {"x": "1"}).revision == 1
    released.set()
