"""Starting, stopping and starting again."""

import gc
import os
import threading
import time

import pytest

from config_admin import ConfigAdmin, FaultKind, NotRunningError, Settings, UsageError

RABBITMQ = "net.roboconf.messaging.rabbitmq"
LIMIT_S = 15.0


@pytest.fixture
def gate():
    """Holds callbacks until the test opens it, and never beyond its end."""
    gate = threading.Event()
    yield gate
    gate.set()


def test_the_shipped_configuration_is_delivered_without_a_fault(
    shipped_etc, schemas, make_admin, new_service
):
    admin, service = make_admin(shipped_etc, schemas=schemas), new_service()
    admin.add_managed_service(RABBITMQ, service)

    admin.start()

    (delivered,) = service.calls
    assert (
        delivered.items()
        >= {
            "message-server-ip": "localhost",
            "message-server-username": "guest",
            "message-server-password": "guest",
        }.items()
    )
    assert admin.faults() == ()


def test_settings_say_where_everything_is(etc, new_service):
    (etc / "p.cfg").write_text("a = 1\n")
    service = new_service()
    admin = ConfigAdmin(settings=Settings(etc=etc))
    admin.add_managed_service("p", service)

    with admin:
        assert service.calls == [{"a": "1"}]


def test_before_the_start_nothing_can_be_read_or_changed(etc, make_admin):
    admin = make_admin(etc)

    for call in (
        lambda: admin.get("p"),
        lambda: admin.find("p"),
        admin.list_configurations,
        lambda: admin.update("p", {}),
        lambda: admin.delete("p"),
        lambda: admin.flush(LIMIT_S),
    ):
        with pytest.raises(NotRunningError, match="has not been started"):
            call()
    assert admin.faults() == ()


def test_after_the_stop_nothing_can_be_changed_or_registered(
    etc, make_admin, new_service
):
    (etc / "p.cfg").write_text("a = 1\n")
    admin = make_admin(etc)
    admin.start()
    record = admin.get("p")
    admin.stop()

    for call in (
        lambda: admin.update("p", {}),
        lambda: admin.delete("p"),
        lambda: admin.add_managed_service("p", new_service()),
        lambda: admin.managed_service("p")(print),
        lambda: admin.add_listener(new_service()),
    ):
        with pytest.raises(NotRunningError, match="has been stopped"):
            call()
    assert dict(record.properties) == {"a": "1"}
    assert (etc / "p.cfg").read_text() == "a = 1\n"


def test_an_admin_starts_once(etc, make_admin):
    admin = make_admin(etc)
    admin.start()

    with pytest.raises(UsageError):
        admin.start()
    admin.stop()
    with pytest.raises(UsageError):
        admin.start()


def test_an_admin_that_never_started_can_be_stopped(etc):
    admin = ConfigAdmin(etc)

    admin.stop()
    admin.stop()

    assert admin.wait(0)
    with pytest.raises(UsageError):
        admin.start()


def test_wait_ends_with_the_stop(etc, make_admin):
    admin = make_admin(etc)
    admin.start()
    assert not admin.wait(0)
    ended = []
    waiter = threading.Thread(target=lambda: ended.append(admin.wait(LIMIT_S)))
    waiter.start()

    admin.stop()

    waiter.join(LIMIT_S)
    assert ended == [True]


def test_an_update_just_before_the_stop_is_in_its_file(etc):
    """CM-45: if there is no time for it, at the next start."""
    with ConfigAdmin(etc) as admin:
        for number in range(30):
            admin.update(f"p{number}", {"n": str(number)})
    with ConfigAdmin(etc) as admin:
        assert admin.flush(LIMIT_S)

    assert {path.name: path.read_text() for path in etc.iterdir()} == {
        f"p{number}.cfg": f"n = {number}\n" for number in range(30)
    }


def test_nothing_is_called_after_the_stop(etc, make_admin, new_service, save):
    stopped, running = new_service(), new_service()
    admin, other = make_admin(etc), make_admin(etc)
    for one, service in ((admin, stopped), (other, running)):
        one.add_managed_service("p", service)
        one.start()

    admin.stop()
    save(etc / "p.cfg", "a = 1\n")
    running.wait_for({"a": "1"})
    other.flush(LIMIT_S)

    assert stopped.calls == [None]


def test_a_stop_takes_less_than_a_second_whatever_hangs(
    etc, make_admin, gate, new_service
):
    (etc / "p.cfg").write_text("a = 1\n")
    admin, entered, other = make_admin(etc), threading.Event(), new_service()

    @admin.managed_service("p")
    def hanging(properties):
        if properties["a"] == "2":
            entered.set()
            gate.wait(LIMIT_S)

    admin.add_managed_service("p", other)
    admin.start()
    admin.update("p", {"a": "2"})
    assert entered.wait(LIMIT_S)
    admin.update("q", {"a": "3"})

    begin = time.monotonic()
    admin.stop()
    took_s = time.monotonic() - begin

    assert took_s < 1.0
    assert (etc / "q.cfg").read_text() == "a = 3\n"
    (fault,) = admin.faults()
    assert fault.kind is FaultKind.CALLBACK
    assert "hanging" in fault.found
    assert "test_living.py" in fault.found
    assert other.calls[-1] == {"a": "2"}


def test_a_stop_does_not_wait_for_somebody_who_writes_a_file(etc, make_admin):
    (etc / "p.cfg").write_text("a = 1\n")
    admin = make_admin(etc)
    admin.start()
    with (etc / "p.cfg").open("r+") as file:
        admin.update("p", {"a": "2"})
        begin = time.monotonic()
        admin.stop()
        assert time.monotonic() - begin < 1.0
        file.write("a = 3")

    assert (etc / "p.cfg").read_text() == "a = 3\n"


def test_an_edit_while_down_is_there_after_the_restart(etc, make_admin, new_service):
    with ConfigAdmin(etc) as admin:
        admin.update("p", {"a": "1"})
    (etc / "p.cfg").write_text("a = 2\n")
    again, service = make_admin(etc), new_service()
    again.add_managed_service("p", service)

    again.start()

    assert service.calls == [{"a": "2"}]


def test_a_file_removed_while_down_is_gone_after_the_restart(
    etc, make_admin, new_service
):
    with ConfigAdmin(etc) as admin:
        admin.update("p", {"a": "1"})
    (etc / "p.cfg").unlink()
    again, service = make_admin(etc), new_service()
    again.add_managed_service("p", service)

    again.start()

    assert service.calls == [None]
    assert again.list_configurations() == ()
    assert not (etc / "p.cfg").exists()


def test_a_stopped_admin_leaves_no_thread_and_no_open_file(
    etc, schemas, our_threads, wait_until
):
    def open_files():
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counts

    def live():
        with ConfigAdmin(etc, schemas=schemas) as admin:
            admin.update("p", {"n": str(open_files())})

    live()
    wait_until(lambda: not our_threads())
    gc.collect()
    before, threads = open_files(), threading.active_count()
    for _ in range(50):
        live()

    wait_until(lambda: open_files() <= before)
    wait_until(lambda: threading.active_count() <= threads)
    assert not our_threads()
    gc.collect()


def test_a_draft_that_cannot_be_read_does_not_keep_an_admin_from_starting(
    etc, make_admin, caplog
):
    (etc / f".p.cfg.{'0' * 16}.{'1' * 16}.draft").mkdir()
    (etc / "p.cfg").write_text("a = 1\n")
    admin = make_admin(etc)

    admin.start()

    assert admin.get("p")
    assert ".draft" in caplog.text


def test_an_edit_that_a_crash_cut_off_is_kept_beside_a_later_one(
    etc, make_admin, new_service
):
    (etc / "p.cfg").write_text("a = ours\n")
    draft = etc / f".p.cfg.{'0' * 16}.{'1' * 16}.draft"
    draft.write_text("a = edited\n")
    admin, service = make_admin(etc), new_service()
    admin.add_managed_service("p", service)

    admin.start()

    assert service.calls[-1] == {"a": "ours"}
    assert (etc / "p.cfg.orig").read_text() == "a = edited\n"
    assert not draft.exists()


def test_a_callback_that_hangs_at_the_start_holds_it_no_longer_than_told(
    etc, make_admin, gate
):
    admin = make_admin(etc, settings=Settings(start_timeout_s=0.1))
    admin.add_managed_service("p", lambda properties: gate.wait(LIMIT_S))  # noqa: ARG005 - what every service takes

    begin = time.monotonic()
    admin.start()

    assert time.monotonic() - begin < 5.0
    gate.set()
    assert admin.flush(LIMIT_S)
