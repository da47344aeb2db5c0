"""What tries to break the promises, and does not."""

import fcntl
import logging
import os
import threading
from enum import Enum
from urllib.parse import quote

import pytest

from config_admin import (
    ConfigAdmin,
    FaultKind,
    NotRunningError,
    Settings,
    UsageError,
)

SECRET = "p@ss'wörd"
COMMUNITY = """
{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
 "properties": {"community": {"type": "integer", "writeOnly": true}}}
"""


class Odd(str, Enum):  # noqa: UP042 - a StrEnum shows itself as its value
    """A text that shows itself as another one."""

    PID = "p"
    KEY = "port"


@pytest.fixture
def etc(tmp_path):
    etc = tmp_path / "etc"
    etc.mkdir()
    return etc


def test_a_foreign_lock_of_the_directory_stops_neither_start_nor_reading(
    etc, service, wait_until
):
    (etc / "p.cfg").write_text("a = 1\n")
    lock = os.open(etc, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with ConfigAdmin(etc, store=None) as admin:
        admin.add_managed_service("p", service)
        assert service.next() == {"a": "1"}

        admin.update("p", {"a": "2"})
        wait_until(lambda: [f.kind for f in admin.faults()] == [FaultKind.WRITE_BACK])
        (etc / "q.cfg").write_text("b = 1\n")
        wait_until(lambda: admin.find("q"))

        os.close(lock)
        wait_until(lambda: (etc / "p.cfg").read_text() == "a = 2\n")
        wait_until(lambda: not admin.faults())


def test_a_change_that_cannot_be_written_before_the_end_is_told(etc):
    """Where there is no store, it is lost."""
    admin = ConfigAdmin(etc, store=None)
    lock = os.open(etc, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with admin:
        admin.update("p", {"a": "2"})
        assert not admin.flush(0.1)
    os.close(lock)

    (fault,) = admin.faults()
    assert (fault.kind, fault.pid) == (FaultKind.WRITE_BACK, "p")


def test_a_change_that_cannot_be_written_before_the_end_is_written_by_the_next(etc):
    """CM-45: the store has it."""
    lock = os.open(etc, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with ConfigAdmin(etc) as admin:
        admin.update("p", {"a": "2"})
        assert not admin.flush(0.1)
    os.close(lock)
    assert not (etc / "p.cfg").exists()

    with ConfigAdmin(etc) as admin:
        assert admin.get("p").revision == 1
        assert admin.flush(10)

    assert (etc / "p.cfg").read_text() == "a = 2\n"


def test_nothing_is_changed_any_more_once_the_admin_ends(etc):
    admin = ConfigAdmin(etc)
    with admin:
        pass

    with pytest.raises(NotRunningError):
        admin.update("p", {"a": "1"})
    assert not list(etc.iterdir())


def test_flush_returns_although_a_callback_hangs_after_the_end(etc):
    release = threading.Event()
    admin = ConfigAdmin(etc)
    admin.start()
    began = threading.Event()
    admin.add_managed_service("p", lambda _: began.set() or release.wait())
    began.wait(10)

    admin.stop()

    assert not admin.flush(None)
    release.set()


def test_a_pid_that_shows_itself_as_another_is_taken_by_its_value(etc, service):
    with ConfigAdmin(etc) as admin:
        admin.add_managed_service(Odd.PID, service)
        assert service.next() is None

        admin.update(Odd.PID, {Odd.KEY: 1})

        assert service.next() == {"port": 1}
        assert admin.get("p").properties == {"port": 1}


def test_a_log_handler_that_raises_stops_nothing(etc, service):
    class Raising(logging.Handler):
        def emit(self, record):
            raise OSError(record.getMessage())

    handler = Raising()
    logging.getLogger("config_admin").addHandler(handler)
    try:
        with ConfigAdmin(etc) as admin:
            admin.add_managed_service("p", service)
            service.wait_for(None)
            (etc / "p.cfg").write_text("a = \\u12\n")
            (etc / "p.cfg").write_text("a = 1\n")
            service.wait_for({"a": "1"})
    finally:
        logging.getLogger("config_admin").removeHandler(handler)


@pytest.mark.parametrize(
    "shown",
    [SECRET, repr(SECRET), f"amqp://u:{quote(SECRET, safe='')}@h", [SECRET]],
    ids=["plain", "repr", "address", "list"],
)
def test_a_secret_never_leaves_by_an_exception(etc, caplog, wait_until, shown):
    (etc / "other.cfg").write_text(f"password = {SECRET}\n", encoding="utf-8")

    def updated(_):
        raise ValueError(shown)

    with ConfigAdmin(etc) as admin:
        admin.add_managed_service("p", updated)
        wait_until(admin.faults)

        told = caplog.text + str(admin.faults())
    for form in (SECRET, quote(SECRET, safe=""), repr(SECRET)[1:-1]):
        assert form not in told


def test_a_secret_only_by_its_schema_is_not_quoted_in_a_fault_of_the_text(
    tmp_path, etc, caplog
):
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/p.schema.json").write_text(COMMUNITY)
    (etc / "p.cfg").write_text('community = I"HUNTER2"\n')

    with ConfigAdmin(etc, schemas=tmp_path / "schemas") as admin:
        (fault,) = admin.faults()

    assert fault.key == "community"
    assert "HUNTER2" not in f"{fault!r} {caplog.text}"


def test_a_directory_that_is_only_read_is_left_as_it_is(etc):
    (etc / "p.cfg").write_text("a = 1\n")
    (etc / ".p.cfg.1.part").write_text("a = 2\n")
    before = sorted(etc.iterdir())
    admin = ConfigAdmin(settings=Settings(etc=etc, write_back=False))
    with (etc / "p.cfg").open("a"), admin:
        admin.update("q", {"a": "1"})
        assert admin.flush(5)

    assert sorted(etc.iterdir()) == before


def test_thousands_of_faults_are_told_by_the_first_hundred(etc, service):
    lines = "".join(f"k{n} = \\u12\n" for n in range(20_000))
    (etc / "p.cfg").write_text(lines)
    (etc / "q.cfg").write_text("a = 1\n")

    with ConfigAdmin(etc) as admin:
        admin.add_managed_service("q", service)
        assert service.next() == {"a": "1"}
        assert len(admin.faults()) == 101


def test_an_edit_that_does_not_fit_an_unwritten_change_supersedes_it(
    tmp_path, etc, new_service, caplog
):
    service = new_service()
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/p.schema.json").write_text('{"maxProperties": 2}')
    (etc / "p.cfg").write_text("a = 1\n")
    with ConfigAdmin(etc, schemas=tmp_path / "schemas") as admin:
        admin.add_managed_service("p", service)
        service.wait_for({"a": "1"})
        lock = os.open(etc, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        admin.update("p", {"a": "1", "b": "2"})

        (etc / "p.cfg").write_text("a = 1\nc = 3\n")

        service.wait_for({"a": "1", "c": "3"})
        os.close(lock)
    assert "supersedes" in caplog.text


@pytest.mark.parametrize("listener", [print, object(), "text"])
def test_what_cannot_be_told_is_no_listener(etc, listener):
    with pytest.raises(UsageError):
        ConfigAdmin(etc).add_listener(listener)
