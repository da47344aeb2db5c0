"""What running admins say of themselves; others read it, and write nothing."""

import contextlib
import os
import signal
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from config_admin.core.diagnostics import Severity
from config_admin.core.errors import StoreError
from config_admin.core.faults import Fault, FaultKind
from config_admin.core.receipts import Receipt
from config_admin.stores.running import RunningAdmin, running_admins

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RECEIPTS = (
    Receipt("s", "größe"),
    Receipt(
        service="Service.updated",
        pid="a~b",
        applied=3,
        busy_with=4,
        busy_since=NOW.replace(microsecond=7),
        refused=5,
        reason="'x' is no port\n",
        held="until it fits its schema",
    ),
)
FAULT = Fault(
    kind=FaultKind.STORE,
    found="'ß'",
    expected="b",
    cure="C.",
    rule="store",
    key="k",
    file="etc/\udcff.cfg",
    line=1,
    column=2,
    severity=Severity.WARNING,
    pid="a~b",
)
FAULTS = (*(replace(FAULT, kind=kind) for kind in FaultKind), replace(FAULT, pid=None))
LIVE = """
import signal, sys
from datetime import UTC, datetime
from pathlib import Path
from config_admin.core.storage import Retention
from config_admin.stores.embedded import EmbeddedStore
store = EmbeddedStore(
    Path(sys.argv[1]),
    timeout_s=5.0,
    synchronous="NORMAL",
    retention=Retention(),
    now=lambda: datetime.now(UTC),
)
store.open()
store.running.tell(["theirs"], [], [])
print("told", flush=True)
signal.pause()
"""

READ = """
import sys
from pathlib import Path
from config_admin.stores.running import running_admins
print("found", len(running_admins(Path(sys.argv[1]))))
"""


def files_in(folder):
    """What is in it, byte for byte, and when it was written."""
    return {
        one.name: (one.read_bytes(), one.stat().st_mtime_ns) for one in folder.iterdir()
    } | {".": folder.stat().st_mtime_ns}


@pytest.fixture
def embedded(path, open_embedded):
    return open_embedded(path)


@pytest.fixture
def other(path, embedded, start_python):
    """Another process that has said something."""
    program = start_python(LIVE, path)
    program.line_with("told")
    return program


def directories_told(path):
    return {one.directories for one in running_admins(path)}


def test_what_an_admin_says_is_read_whole(path, embedded):
    embedded.running.tell(["etc", "größe"], RECEIPTS, FAULTS)

    assert running_admins(path) == (
        RunningAdmin(
            process=os.getpid(),
            started_at=NOW,
            told_at=NOW,
            directories=("etc", "größe"),
            receipts=RECEIPTS,
            faults=FAULTS,
        ),
    )


def test_who_has_said_nothing_is_not_there(path, embedded):
    assert running_admins(path) == ()


def test_the_newest_word_counts(path, embedded):
    embedded.running.tell(["etc"], RECEIPTS, FAULTS)
    embedded.running.tell(["etc"], [], [])

    (told,) = running_admins(path)
    assert (told.receipts, told.faults) == ((), ())


def test_what_has_not_changed_is_not_said_again(path, embedded, ask):
    embedded.running.tell(["etc"], RECEIPTS, FAULTS)
    ask(path, "UPDATE running SET process = 7")

    embedded.running.tell(["etc"], list(RECEIPTS), list(FAULTS))
    assert running_admins(path)[0].process == 7

    embedded.running.tell(["etc"], RECEIPTS, [])
    assert running_admins(path)[0].process == os.getpid()


def test_who_ends_is_gone(path, embedded, ask):
    embedded.running.tell(["etc"], [], [])
    embedded.close()

    assert running_admins(path) == ()
    assert ask(path, "SELECT * FROM running") == []


def test_who_begins_again_says_it_again(path, embedded):
    embedded.running.tell(["etc"], [], [])
    embedded.close()
    embedded.open()

    embedded.running.tell(["etc"], [], [])

    assert directories_told(path) == {("etc",)}


def test_several_are_there_together(path, embedded, other):
    embedded.running.tell(["ours"], [], [])

    assert directories_told(path) == {("ours",), ("theirs",)}
    (theirs,) = (one for one in running_admins(path) if one.directories == ("theirs",))
    assert theirs.process == other.process.pid


def test_the_word_of_a_dead_process_is_not_shown_and_goes(
    path, embedded, other, open_embedded, ask
):
    embedded.running.tell(["ours"], [], [])
    other.end(signal.SIGKILL)

    assert directories_told(path) == {("ours",)}
    assert ask(path, "SELECT count(*) FROM running") == [(2,)]
    open_embedded(path)
    assert ask(path, "SELECT count(*) FROM running") == [(1,)]


# Reading


def test_where_there_is_no_database_nobody_runs(path):
    assert running_admins(path) == ()

    assert not path.parent.exists()


def test_to_read_a_database_that_nobody_uses_writes_nothing(path, embedded, one):
    embedded.store.put(one(1))
    embedded.close()
    before = files_in(path.parent)

    assert running_admins(path) == ()

    assert files_in(path.parent) == before


def test_to_read_a_database_in_use_writes_nothing(path, embedded, one, start_python):
    embedded.store.put(one(1))
    embedded.running.tell(["etc"], RECEIPTS, FAULTS)
    before = files_in(path.parent)

    reader = start_python(READ, path)

    reader.line_with("found 1")
    assert reader.ended() == 0
    assert files_in(path.parent) == before


def test_to_read_what_a_killed_process_left_writes_nothing(path, start_python):
    program = start_python(LIVE, path)
    program.line_with("told")
    program.end(signal.SIGKILL)
    before = files_in(path.parent)
    assert "c.db-wal" in before

    assert running_admins(path) == ()

    assert files_in(path.parent) == before


def test_what_cannot_be_read_is_said(path):
    path.parent.mkdir()
    path.write_bytes(b"a = 1\n")

    with pytest.raises(StoreError, match="not a database"):
        running_admins(path)
    assert path.read_bytes() == b"a = 1\n"


def test_a_database_that_is_just_made_has_nobody(path):
    path.parent.mkdir()
    path.touch()

    with contextlib.suppress(StoreError):  # it has no tables yet
        assert running_admins(path) == ()
    assert path.read_bytes() == b""
