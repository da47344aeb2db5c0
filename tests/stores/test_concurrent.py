"""Several processes on one database."""

import contextlib
import sqlite3

import pytest

from config_admin.core.errors import StoreError

PROCESSES, TIMES = 4, 40
COUNT = """
import contextlib, sys
from pathlib import Path
from config_admin.core.configuration import Configuration, Origin
from config_admin.core.errors import RevisionConflictError
from config_admin.core.properties import Properties
from config_admin.stores.database import Database
from config_admin.stores.opening import open_database
from config_admin.stores.sqlite import SqliteStore

path, me, times = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
database = Database(path, 20.0, "NORMAL")
print("ready", flush=True)
sys.stdin.readline()
with contextlib.closing(database):
    open_database(database)
    store = SqliteStore(database)
    known = {one.pid: one for one in store.all()}
    done = 0
    while done < times:
        before = known.get("n")
        number = before.properties["number"] + 1 if before else 1
        revision = before.revision + 1 if before else 1
        properties = Properties({"number": number, "by": me, "turn": done})
        after = Configuration("n", properties, revision, Origin.API)
        try:
            store.put(after)
        except RevisionConflictError:
            known |= {one.pid: one for one in store.news()}
        else:
            known["n"] = after
            done += 1
print("done", flush=True)
"""


def test_no_change_of_several_processes_is_lost(path, start_python, open_embedded):
    """They also open it at the same time, before it is there."""
    path.parent.mkdir()
    programs = [
        start_python(COUNT, path, me, TIMES, stdin=-1) for me in range(PROCESSES)
    ]
    for program in programs:
        program.line_with("ready")
    for program in programs:
        program.process.stdin.close()

    for program in programs:
        program.line_with("done")
        assert program.ended() == 0

    store = open_embedded(path).store
    kept = store.revisions("n")[::-1]
    total = PROCESSES * TIMES
    assert [one.revision for one in kept] == list(range(1, total + 1))
    assert [one.properties["number"] for one in kept] == list(range(1, total + 1))
    for me in range(PROCESSES):
        turns = [p["turn"] for p in (one.properties for one in kept) if p["by"] == me]
        assert turns == list(range(TIMES))


def test_who_waits_too_long_for_another_writer_is_told(
    path, open_embedded, busy_at, one
):
    store = open_embedded(path, timeout_s=0.2).store
    store.put(one(1))

    with busy_at(path):
        with pytest.raises(StoreError) as caught:
            store.put(one(2))
        assert store.revisions("a") == (one(1),)  # readers never wait
        assert store.news() in {(), (one(1),)}

    assert str(caught.value) == (
        f"{path}: database is locked. Another process has it locked: see who does "
        "(fuser), or wait longer for it (store_timeout_s)."
    )
    store.put(one(2))
    assert store.revisions("a") == (one(2), one(1))


def test_who_reads_all_waits_for_nobody(path, open_embedded, busy_at, one):
    store = open_embedded(path, timeout_s=0).store
    store.put(one(1))

    with busy_at(path):
        assert store.all() == (one(1),)


def test_what_others_store_is_news_once(path, open_embedded, one):
    ours, theirs = open_embedded(path).store, open_embedded(path).store
    theirs.put(one(1), one(1, "b"))
    theirs.put(one(2))

    assert ours.news() == (one(1, "b"), one(2))  # the newest of each, in their order
    assert ours.news() == ()
    ours.put(one(2, "b"))
    assert ours.news() == ()
    assert theirs.news()[-1] == one(2, "b")
    assert theirs.news() == ()


def test_what_was_read_with_all_is_no_news(path, open_embedded, one):
    ours, theirs = open_embedded(path).store, open_embedded(path).store
    theirs.put(one(1))
    assert ours.all() == (one(1),)

    assert ours.news() == ()


def test_own_changes_hide_no_news(path, open_embedded, one):
    ours, theirs = open_embedded(path).store, open_embedded(path).store
    theirs.put(one(1))
    ours.put(one(1, "b"))

    assert one(1) in ours.news()


def test_what_others_purged_is_missed_by_nobody(path, open_embedded, one):
    ours, theirs = open_embedded(path).store, open_embedded(path).store
    theirs.put(one(1))
    theirs.put(one(2))
    assert theirs.purge() == 1

    assert ours.news() == (one(2),)
    assert ours.revisions("a") == (one(2),)


def test_who_purges_while_another_one_reads_is_told(path, open_embedded, ask, one):
    store = open_embedded(path, timeout_s=0).store
    store.put(one(1))
    store.put(one(2))

    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM revisions").fetchall()
        with pytest.raises(StoreError, match="another process reads"):
            store.purge()

    assert store.revisions("a") == (one(2),)
    assert store.purge() == 0
