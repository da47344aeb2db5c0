"""A mark proves that a process lives, however it ends."""

import os
import signal

import pytest

from config_admin.core.errors import StoreError
from config_admin.stores.alive import Alive, is_alive, marks_of

LIVE = """
import signal, sys
from pathlib import Path
from config_admin.stores.alive import Alive
print("mark", Alive(Path(sys.argv[1])).name)
signal.pause()
"""
FORK = """
import os, signal, sys
from pathlib import Path
from config_admin.stores.alive import Alive
alive = Alive(Path(sys.argv[1]))
child = os.fork()
if not child:
    alive.forget()
    print("child", os.getpid(), alive.name)
signal.pause()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "c.db"


@pytest.fixture
def alive(path):
    with Alive(path) as alive:
        yield alive


@pytest.fixture
def live(start_python, path):
    """A process with a mark, and its name."""

    def begin():
        program = start_python(LIVE, path)
        return program, program.line_with("mark").split()[1]

    return begin


def test_a_process_that_lives_is_met(path, alive, live):
    _, name = live()

    assert alive.others() == {name}
    assert is_alive(path, name)
    assert set(marks_of(path)) == {alive.name, name}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_mark_of_a_process_that_was_killed_is_removed(path, alive, live, number):
    program, name = live()
    program.end(number)
    assert set(marks_of(path)) == {alive.name, name}
    assert not is_alive(path, name)

    assert alive.others() == frozenset()

    assert set(marks_of(path)) == {alive.name}


def test_the_living_stay_when_the_dead_are_removed(path, alive, live):
    _, living = live()
    program, _ = live()
    program.end(signal.SIGKILL)

    assert alive.others() == {living}

    assert set(marks_of(path)) == {alive.name, living}


def test_one_process_can_have_several(path, alive):
    with Alive(path) as other:
        assert alive.others() == {other.name}
        assert other.others() == {alive.name}

    assert alive.others() == frozenset()


def test_a_mark_goes_with_its_end(path):
    alive = Alive(path)
    alive.close()
    alive.close()

    assert list(path.parent.iterdir()) == []


def test_who_ended_twice_has_closed_no_file_of_somebody_else(path):
    alive = Alive(path)
    alive.close()
    with path.open("wb") as file:  # it has the number that the mark had
        alive.close()
        file.write(b"x")

    assert path.read_bytes() == b"x"


def test_a_mark_is_private(path):
    before = os.umask(0)
    try:
        with Alive(path) as alive:
            assert path.with_name(alive.name).stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


def test_marks_of_another_database_are_none_of_it(path, alive):
    with Alive(path.with_name("other.db")) as other:
        assert alive.others() == frozenset()
        assert not alive.is_other(other.name)
        assert list(marks_of(path.with_name("other.db"))) == [other.name]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("c.db.7-0a.alive", True),
        ("c.db", False),
        ("c.db-wal", False),
        ("c.db.7-0a.part", False),
        ("cc.db.7-0a.alive", False),
    ],
)
def test_a_mark_is_known_by_its_name(alive, name, expected):
    assert alive.is_other(name) is expected
    assert not alive.is_other(alive.name)


def test_a_mark_that_cannot_be_looked_at_is_not_taken_for_a_dead_one(path, alive):
    """Who is taken for dead loses its mark, and its database may be put aside."""
    name = "c.db.7-0a.alive"
    path.with_name(name).symlink_to(name)  # the system refuses to open it

    assert is_alive(path, name)
    assert alive.others() == {name}


def test_where_no_mark_can_be_made_there_is_a_cure(path):
    with pytest.raises(StoreError, match=r"No such file or directory.* \(store=\)"):
        Alive(path.with_name("gone") / "c.db")


# The bell


def rings(path, alive):
    mark = path.with_name(alive.name)
    os.utime(mark, (0, 0))
    alive.ring()
    return mark.stat().st_mtime > 0


def test_the_bell_rings_only_if_somebody_was_met(path, alive):
    assert not rings(path, alive)
    with Alive(path):
        assert not rings(path, alive)

        alive.others()
        assert rings(path, alive)

    alive.others()
    assert not rings(path, alive)


def test_who_has_ended_rings_no_more(path):
    with Alive(path) as other:
        alive = Alive(path)
        alive.others()
        alive.close()

        alive.ring()

        assert list(marks_of(path)) == [other.name]


# Forks


def test_a_forked_process_that_forgets_keeps_nothing_alive(path, alive, start_python):
    program = start_python(FORK, path)
    _, child, name = program.line_with("child").split()
    try:
        assert is_alive(path, name)
        program.process.kill()
        program.process.wait(10)

        assert not is_alive(path, name)
    finally:
        os.kill(int(child), signal.SIGKILL)


def test_to_forget_leaves_the_mark(path, alive):
    alive.forget()
    alive.forget()

    assert list(marks_of(path)) == [alive.name]
    assert not is_alive(path, alive.name)
