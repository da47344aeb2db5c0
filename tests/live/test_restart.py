"""What is there after a restart, and what was changed in the meantime."""

import logging
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from config_admin import (
    ConfigAdmin,
    FaultKind,
    InvalidConfigurationError,
    NoSuchConfigurationError,
    NotRunningError,
    StoreError,
    running_admins,
)

LIMIT_S = 15.0


@pytest.fixture
def restart(etc, make_admin):
    """Start another admin on the same files and store, when the one before is over."""
    admins = []

    def start(*services, **options):
        for admin in admins:
            admin.stop()
        admin = make_admin(etc, **options)
        for service in services:
            admin.add_managed_service("p", service)
        admin.start()
        assert admin.flush(LIMIT_S)
        admins.append(admin)
        return admin

    return start


def kinds(admin):
    return [fault.kind for fault in admin.faults()]


def test_configurations_are_there_with_their_revisions(restart, new_service):
    """CM-45, CM-09."""
    admin = restart()
    admin.update("p", {"a": "1"}, reason="first")
    admin.update("p", {"a": "2"})
    admin.update("q", {"b": "1"})
    admin.delete("q")
    service = new_service()

    admin = restart(service)

    assert service.calls == [{"a": "2"}]
    assert admin.get("p").revision == 2
    assert admin.find("q") is None
    assert admin.update("q", {"b": "2"}).revision == 3
    first = admin.history("p")[-1].configuration
    assert (first.reason, first.properties) == ("first", {"a": "1"})
    assert first.changed_at <= datetime.now(UTC)


def test_values_keep_their_types(restart):
    """CM-45, CM-04."""
    values = {"n": 5, "yes": True, "half": 0.5, "list": ("a", "b"), "none": ()}
    restart(write_back=False).update("p", values)

    assert restart(write_back=False).get("p").properties == values


def test_without_a_change_nothing_is_written_nor_told(restart, etc, new_service):
    restart().update("p", {"a": "1"})
    restart()
    before = (etc / "p.cfg").stat()

    for _ in range(3):
        service = new_service()
        admin = restart(service)
        assert service.calls == [{"a": "1"}]

    assert admin.get("p").revision == 1
    assert (etc / "p.cfg").stat().st_mtime_ns == before.st_mtime_ns


def test_both_sides_changed_while_down_are_kept_by_key(restart, etc):
    """CM-45: the store had a change that was in no file yet."""
    admin = restart(write_back=False)
    (etc / "p.cfg").write_text("a = 1\nb = 1\nc = 1\n")
    admin.flush(LIMIT_S)
    while admin.find("p") is None:
        admin.flush(LIMIT_S)
    admin.update("p", {"a": "2", "b": "2", "c": "1"})
    admin.stop()
    (etc / "p.cfg").write_text("a = 1\nb = 3\nc = 3\n")

    admin = restart()

    assert admin.get("p").properties == {"a": "2", "b": "3", "c": "3"}
    assert (etc / "p.cfg").read_text() == "a = 2\nb = 3\nc = 3\n"


def test_a_refused_file_leaves_the_last_good_version(restart, etc, new_service):
    """CM-41, over a restart; and it is told again."""
    restart().update("p", {"a": "1"})
    for _ in range(2):
        (etc / "p.cfg").write_text("a = \\u12\n")
        service = new_service()

        admin = restart(service)

        assert service.calls == [{"a": "1"}]
        assert kinds(admin) == [FaultKind.FILE]
        assert (etc / "p.cfg").read_text() == "a = \\u12\n"
    (etc / "p.cfg").write_text("a = 2\n")

    assert restart().get("p").properties == {"a": "2"}


def test_a_warning_is_told_again(restart, etc):
    (etc / "p.cfg").write_text("service.pid = q\na = 1\n")

    first, second = ([str(one) for one in restart().faults()] for _ in range(2))

    assert len(first) == 1
    assert first == second


def test_what_no_longer_fits_its_schema_is_held_back(
    restart, etc, tmp_path, new_service, wait_until
):
    """CM-35, CM-41: no service is called with it, nor with None, until it is mended."""
    schemas = tmp_path / "schemas"
    schemas.mkdir()
    restart(schemas=schemas).update("p", {"a": "1"})
    schema = schemas / "p.schema.json"
    schema.write_text('{"properties": {"a": {"const": "2"}}}')
    service = new_service()

    admin = restart(service, schemas=schemas)

    assert service.calls == []
    assert admin.get("p").properties == {"a": "1"}
    (receipt,) = admin.services()
    assert (receipt.applied, receipt.held) == (None, "until it fits its schema")
    assert FaultKind.CONFIGURATION in kinds(admin)
    schema.write_text('{"properties": {"a": {"const": "1"}}}')
    assert service.next() == {"a": "1"}
    wait_until(lambda: admin.faults() == ())
    assert (etc / "p.cfg").read_text() == "a = 1\n"


def test_a_directory_that_is_missing_deletes_nothing(restart, etc, new_service):
    """CM-39, over a restart."""
    restart().update("p", {"a": "1"})
    restart().stop()
    etc.rename(etc.with_name("elsewhere"))
    service = new_service()

    admin = restart(service)

    assert service.calls == [{"a": "1"}]
    assert kinds(admin) == [FaultKind.DIRECTORY]


def test_another_directory_in_its_place_deletes_nothing(restart, etc, new_service):
    """CM-39, over a restart: nobody has deleted what was in the one before."""
    restart().update("p", {"a": "1"})
    restart().stop()
    etc.rename(etc.with_name("elsewhere"))
    etc.mkdir()

    for _ in range(2):
        service = new_service()
        admin = restart(service)

        assert service.calls == [{"a": "1"}]
        (fault,) = admin.faults()
        assert fault.found == "no file for p since the directory was replaced"
    admin.delete("p")
    assert restart().faults() == ()


def test_an_installation_may_be_moved(etc, tmp_path):
    """The store knows its files as seen from where it is."""
    with ConfigAdmin(etc) as admin:
        admin.update("p", {"a": "1"})
    moved = tmp_path / "moved"
    moved.mkdir()
    etc.rename(moved / "etc")
    (tmp_path / "var").rename(moved / "var")
    (moved / "etc/p.cfg").unlink()

    with ConfigAdmin(moved / "etc") as admin:
        assert admin.find("p") is None


def test_the_store_of_another_directory_is_refused(etc, tmp_path):
    """Their configurations would be mixed."""
    with ConfigAdmin(etc) as admin:
        admin.update("p", {"a": "1"})
    other = tmp_path / "other"
    other.mkdir()

    with pytest.raises(StoreError, match=r"belongs to .*'\.\./etc'.* \(store=\)"):
        ConfigAdmin(other).start()

    assert list(other.iterdir()) == []
    with ConfigAdmin(other, store=None) as admin:
        assert admin.list_configurations() == ()
    etc.rename(tmp_path / "renamed")
    with ConfigAdmin(tmp_path / "renamed") as admin:
        assert admin.get("p").revision == 1


def test_the_store_of_more_directories_is_refused(etc, tmp_path):
    """What was only in the other one would be written here."""
    more = tmp_path / "more"
    more.mkdir()
    with ConfigAdmin([etc, more]) as admin:
        admin.update("p", {"a": "1"})

    with pytest.raises(StoreError, match=r"belongs to .*'\.\./more'"):
        ConfigAdmin(etc).start()


def test_a_store_that_was_removed_is_a_fault(restart, tmp_path, wait_until):
    admin = restart()
    admin.update("p", {"a": "1"})

    shutil.rmtree(tmp_path / "var")

    wait_until(lambda: FaultKind.STORE in kinds(admin))


def test_an_edit_that_cannot_be_stored_is_a_fault_until_it_is(
    restart, etc, tmp_path, wait_until
):
    admin = restart(store_timeout_s=0.1)
    other = sqlite3.connect(tmp_path / "var/config_admin.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    (etc / "p.cfg").write_text("a = 1\n")

    wait_until(lambda: [one.pid for one in admin.faults() if one.pid] == ["p"])
    other.execute("ROLLBACK")
    other.close()
    wait_until(lambda: admin.find("p"))
    wait_until(lambda: admin.faults() == ())


def test_after_the_end_the_history_says_so(restart):
    """CM-58."""
    admin = restart()
    admin.update("p", {"a": "1"})
    admin.stop()

    for ask in (admin.history, admin.purge_history, lambda pid: admin.diff(pid, 1, 1)):
        with pytest.raises(NotRunningError):
            ask("p")


def test_without_a_store_there_is_no_file_of_it(etc, tmp_path):
    with ConfigAdmin(etc, store=None) as admin:
        admin.update("p", {"a": "1"})
        assert admin.history("p")[0].configuration.revision == 1

    assert [one.name for one in tmp_path.iterdir()] == ["etc"]


def test_a_damaged_store_is_put_aside_and_built_anew(restart, etc, tmp_path):
    """CM-45: the fault says what was lost."""
    admin = restart()
    for number in range(3):
        admin.update("p", {"a": str(number)})
    restart().stop()
    store = tmp_path / "var/config_admin.db"
    store.write_bytes(store.read_bytes()[:6000] + b"\xff" * 9000)

    admin = restart()

    assert (admin.get("p").properties, admin.get("p").revision) == ({"a": "2"}, 1)
    (fault,) = admin.faults()
    assert (fault.kind, fault.found) == (FaultKind.STORE, "a damaged database")
    (aside,) = (tmp_path / "var").glob("config_admin.db.damaged-*")
    assert aside.read_bytes().endswith(b"\xff" * 9000)
    assert fault.file == str(store)
    assert aside.name in fault.cure


def test_a_store_that_cannot_be_made_says_what_to_do(etc, tmp_path):
    (tmp_path / "var").write_text("in the way\n")

    with pytest.raises(StoreError, match=r"store=None"):
        ConfigAdmin(etc).start()


# The way back


def test_going_back_is_a_change_like_any_other(restart, etc, new_service):
    service = new_service()
    admin = restart(service)
    (etc / "p.cfg").write_text("# why\na = 1\n")
    service.wait_for({"a": "1"})
    admin.update("p", {"a": "2"}, reason="faster")

    back = admin.rollback("p", 1)

    assert (back.revision, back.properties) == (3, {"a": "1"})
    service.wait_for({"a": "1"})
    assert admin.flush(LIMIT_S)
    assert (etc / "p.cfg").read_text() == "# why\na = 1\n"
    shown = [str(one) for one in restart().history("p")]
    assert [line.split("UTC  ")[1] for line in shown] == [
        "api  back to revision 1",
        "api  faster",
        f"file {etc}/p.cfg",
    ]


def test_going_back_is_checked_by_the_schema_of_now(restart, tmp_path):
    schemas = tmp_path / "schemas"
    schemas.mkdir()
    admin = restart(schemas=schemas)
    admin.update("p", {"a": "1"})
    admin.update("p", {"a": "2"})
    admin.stop()
    (schemas / "p.schema.json").write_text('{"properties": {"a": {"const": "2"}}}')
    admin = restart(schemas=schemas)

    with pytest.raises(InvalidConfigurationError):
        admin.rollback("p", 1)

    assert admin.get("p").revision == 2


def test_what_was_deleted_comes_back(restart, etc):
    admin = restart()
    admin.update("p", {"a": "1"})
    before = datetime.now(UTC)
    admin.delete("p")
    with pytest.raises(NoSuchConfigurationError):
        admin.get("p")

    (then,) = admin.configurations_at(before)
    assert admin.rollback("p", then.revision).revision == 3

    assert admin.flush(LIMIT_S)
    assert (etc / "p.cfg").read_text() == "a = 1\n"
    assert admin.configurations_at(before) == (then,)


# Another process

CHANGE = """
import os, sys
from config_admin import ConfigAdmin, RevisionConflictError
with ConfigAdmin(sys.argv[1], write_back=sys.argv[2] == "write") as admin:
    {code}
"""


def elsewhere(etc, code, write="write"):
    """Run *code* in a process of its own; how it ended."""
    program = CHANGE.format(code=code)
    return subprocess.run(
        [sys.executable, "-c", program, str(etc), write],
        check=False,
        timeout=60,
        capture_output=True,
        text=True,
    )


def test_what_another_process_changes_is_followed_at_once(restart, etc, new_service):
    """CM-45: without a file too, by the store alone."""
    service = new_service()
    admin = restart(service)
    assert service.next() is None

    done = elsewhere(etc, "print(admin.update('p', {'a': '1'}).revision)", "not")

    assert done.stdout == "1\n", done.stderr
    assert service.next() == {"a": "1"}
    assert admin.get("p").revision == 1
    assert admin.flush(LIMIT_S)
    assert (etc / "p.cfg").read_text() == "a = 1\n"  # the other may not write


def test_what_a_process_stored_that_was_killed_is_followed(restart, etc, new_service):
    """CM-45: its end is noticed, though it told nobody."""
    service = new_service()
    restart(service)
    assert service.next() is None

    elsewhere(etc, "admin.update('p', {'a': '1'}); os.kill(os.getpid(), 9)", "not")

    assert service.next() == {"a": "1"}


def test_two_processes_that_count_up_lose_nothing(restart, etc):
    """CM-10, CM-45."""
    admin = restart()
    admin.update("p", {"n": "0"})
    count = (
        "n = 0\n"
        "    while n < 20:\n"
        "        one = admin.get('p')\n"
        "        try:\n"
        "            admin.update('p', {'n': str(int(one.properties['n']) + 1)},"
        " revision=one.revision)\n"
        "            n += 1\n"
        "        except RevisionConflictError as error:\n"
        "            assert 'revision' in str(error), error"
    )

    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CHANGE.format(code=count), str(etc), "write"]
        )
        for _ in range(2)
    ]

    assert [process.wait(60) for process in processes] == [0, 0]
    deadline_s = time.monotonic() + LIMIT_S
    while admin.get("p").revision < 41 and time.monotonic() < deadline_s:
        admin.flush(LIMIT_S)
    assert (admin.get("p").revision, admin.get("p").properties) == (41, {"n": "40"})
    assert admin.flush(LIMIT_S)
    assert (etc / "p.cfg").read_text() == "n = 40\n"


def test_who_runs_is_seen_from_elsewhere(restart, etc, new_service, wait_until):
    admin = restart(new_service())
    (etc / "p.cfg").write_text("a = \\u12\n")
    wait_until(lambda: kinds(admin) == [FaultKind.FILE])
    wait_until(lambda: [len(one.faults) for one in running_admins(etc=etc)] == [1])

    (running,) = running_admins(etc=etc)

    assert running.process == os.getpid()
    assert running.receipts == admin.services()
    assert running.faults == admin.faults()
    admin.stop()
    assert running_admins(etc=etc) == ()


def test_a_copy_of_the_store_is_a_backup(restart, etc, tmp_path):
    restart().update("p", {"a": "1"})
    restart().stop()
    shutil.copy(tmp_path / "var/config_admin.db", tmp_path / "backup.db")

    connection = sqlite3.connect(tmp_path / "backup.db")

    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def test_a_refusal_is_told_in_every_process_until_it_is_mended(
    etc, make_admin, wait_until
):
    """Whoever reads the file first; the others learn of it by what is remembered."""
    admins = [make_admin(etc), make_admin(etc)]
    for admin in admins:
        admin.start()

    (etc / "p.cfg").write_text("a = \\u12\n")

    for admin in admins:
        wait_until(lambda admin=admin: kinds(admin) == [FaultKind.FILE])
    (etc / "p.cfg").write_text("a = 1\n")
    for admin in admins:
        wait_until(lambda admin=admin: admin.faults() == () and admin.find("p"))


class Meanwhile(logging.Handler):
    """Calls *do* once, while the first fault is told: in the middle of a start."""

    def __init__(self, do):
        super().__init__()
        self._do = [do]

    def emit(self, _record):
        if self._do:
            self._do.pop()()


def test_a_file_that_another_admin_has_just_read_is_there_for_the_first_call(
    etc, make_admin, new_service
):
    """Nobody is told that there is nothing before everything was read."""
    (etc / "a.cfg").write_text("bad = \\u12\n")
    (etc / "b.cfg").write_text("a = 1\n")
    handler = Meanwhile(make_admin(etc).start)
    logging.getLogger("config_admin").addHandler(handler)
    service, late = new_service(), new_service()
    try:
        admin = make_admin(etc)
        admin.add_managed_service("b", service)
        admin.start()
    finally:
        logging.getLogger("config_admin").removeHandler(handler)
    admin.add_managed_service("b", late)

    assert service.next() == {"a": "1"}
    assert late.next() == {"a": "1"}
