"""
CM-45: the end, or a failure, at each system call that changes something.

strace counts the calls of a kind in each thread, and strikes at the n-th one.
"""

import itertools
import os
import re
import shutil
import sqlite3
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

# What SQLite and the files use to make something last.
CALLS = (
    "pwrite64",
    "fdatasync",
    "fsync",
    "write",
    "rename",
    "renameat2",
    "unlink",
    "ftruncate",
    "flock",
)
ERRORS = ("ENOSPC", "EIO", "EACCES")
# Threads wake each other by it, which never fails; that of files is tried elsewhere.
NEVER_FAILS = {"write"}
KILL_EVERY, FAIL_EVERY = 5, 12  # one of so many by day


def count_of(world, call):
    """How often one thread makes *call* at most, in a run without faults."""
    log = world.root / "calls"
    done = world.run(*strace(f"trace={call}", log))
    assert "ended" in done.stdout, done.stderr
    threads = re.findall(rf"(?m)^(\d+) +{call}\(", log.read_text())
    return max((threads.count(one) for one in set(threads)), default=0)


def strace(*expressions):
    *rules, log = expressions
    options = [word for rule in rules for word in ("-e", rule)]
    return ("strace", "-f", "-qq", "-o", str(log), *options)


@pytest.fixture(scope="module")
def places(tmp_path_factory, world_class):
    """Each call and its number."""
    root = tmp_path_factory.mktemp("count")
    with ThreadPoolExecutor(2) as pool:
        counts = pool.map(lambda call: count_of(world_class(root / call), call), CALLS)
    found = dict(zip(CALLS, counts, strict=True))
    assert all(found.values()), found
    return [(call, n) for call in CALLS for n in range(1, found[call] + 1)]


def test_an_end_at_any_call_loses_nothing(make_world, places, is_night):
    """CM-45: an end by SIGKILL."""
    chosen = places if is_night else places[::KILL_EVERY]

    def strike(place):
        call, number = place
        world = make_world(f"kill {call} {number}")
        rule = f"inject={call}:signal=SIGKILL:when={number}"
        done = world.run(*strace(f"trace={call}", rule, "/dev/null"))
        world.check()
        world.run()  # and it goes on
        world.check()
        shutil.rmtree(world.root)
        return "ended" not in done.stdout

    with ThreadPoolExecutor(2) as pool:
        killed = list(pool.map(strike, chosen))
    assert sum(killed) > 0.8 * len(chosen)  # a thread may make fewer calls than before


@pytest.mark.parametrize("error", ERRORS)
def test_a_call_that_fails_loses_nothing(make_world, places, is_night, error):
    """CM-45: what was not stored is said, what was is there after a restart."""
    places = [place for place in places if place[0] not in NEVER_FAILS]
    chosen = places if is_night else places[ERRORS.index(error) :: FAIL_EVERY]

    def strike(place):
        call, number = place
        world = make_world(f"{error} {call} {number}")
        rule = f"inject={call}:error={error}:when={number}"
        done = world.run(*strace(f"trace={call}", rule, "/dev/null"))
        assert "Traceback" not in done.stderr, (place, done.stderr)
        assert re.search(r"(ended|closed)\n\Z", done.stdout), (place, done)
        world.check()
        shutil.rmtree(world.root)
        return len(re.findall(r"(?m)^(?:failed|unknown|closed)", done.stdout))

    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(strike, chosen))
    assert sum(told) > 0


def kill_when_it_holds(world):
    """Kill it when all is acknowledged, and the log is not in the database yet."""
    process = subprocess.Popen(
        world.command(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "HOLD": "1"},
    )
    said = "".join(itertools.takewhile(lambda line: line != "held\n", process.stdout))
    process.kill()
    process.communicate()
    world.learn(said)


def test_a_torn_log_keeps_what_was_acknowledged(make_world, is_night):
    """CM-45: a write that the power cut in the middle was not acknowledged yet."""
    world = make_world()
    store = world.root / "var/config.db"
    kill_when_it_holds(world)
    log = store.with_name("config.db-wal").read_bytes()
    assert log
    revisions = []

    for cut in range(len(log), 0, -(997 if is_night else 9973)):
        copy = world.root / "copy.db"
        shutil.copy(store, copy)
        copy.with_name("copy.db-wal").write_bytes(log[:cut] + b"\xff" * 100)
        connection = sqlite3.connect(copy)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        count = "SELECT coalesce(sum(revision), 0) FROM configurations"
        revisions.append(connection.execute(count).fetchone()[0] if tables else 0)
        connection.close()
        for name in ("copy.db-wal", "copy.db-shm"):
            copy.with_name(name).unlink(missing_ok=True)

    assert revisions == sorted(revisions, reverse=True)
    assert revisions[0] >= len(world.acked)
