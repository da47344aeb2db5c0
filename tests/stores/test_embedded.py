"""The store that outlasts the process, and who else uses it."""

import os

import pytest

from config_admin.core.errors import StoreError
from config_admin.core.storage import FileRecord
from config_admin.stores.alive import Alive, is_alive, marks_of


@pytest.fixture
def embedded(path, open_embedded):
    return open_embedded(path)


@pytest.fixture
def used_with(tmp_path, open_embedded, path):
    """A database that was used with these directories, and is closed."""

    def make(*names):
        embedded = open_embedded(path)
        for name in names:
            embedded.ledger(tmp_path / name).identity = (1, 2)
        embedded.close()

    return make


def test_what_is_stored_outlasts_it(path, open_embedded, tmp_path, one):
    embedded = open_embedded(path)
    embedded.ledger(tmp_path / "etc").put("a", FileRecord("a.cfg", known="k"))
    embedded.store.put(one(1, x=1))
    embedded.close()

    embedded = open_embedded(path)

    assert embedded.store.all() == (one(1, x=1),)
    assert embedded.store.revisions("a") == (one(1, x=1),)
    assert embedded.ledger(tmp_path / "etc").get("a").known == "k"


def test_what_waits_is_written_at_the_end(path, open_embedded, tmp_path):
    embedded = open_embedded(path)
    embedded.ledger(tmp_path / "etc").put("a", FileRecord("a.cfg", known="k"))
    embedded.close()

    assert open_embedded(path).ledger(tmp_path / "etc").get("a").known == "k"


def test_it_may_be_moved_together_with_its_directories(
    tmp_path, make_embedded, open_embedded
):
    house = tmp_path / "house"
    embedded = open_embedded(house / "var" / "c.db")
    embedded.ledger(house / "etc").identity = (1, 2)
    embedded.close()
    moved = house.rename(tmp_path / "moved")

    embedded = open_embedded(moved / "var" / "c.db")

    assert embedded.ledger(moved / "etc").identity == (1, 2)


# Whose it is


@pytest.mark.parametrize("name", ["etc", "größe", "no text \udcff"])
def test_a_database_of_other_directories_is_refused(
    path, tmp_path, used_with, open_embedded, name
):
    (tmp_path / name).mkdir()
    used_with(name)
    embedded = open_embedded(path)
    embedded.ledger(tmp_path / "ours")

    with pytest.raises(StoreError) as caught:
        embedded.require_own()

    assert str(caught.value).startswith(f"{path} belongs to the configuration files in")
    assert str(caught.value).isprintable()
    assert "(store=)" in str(caught.value)


@pytest.mark.parametrize(
    "case",
    [
        ([], [], ["etc"]),
        (["etc"], ["etc"], ["etc"]),
        (["etc"], ["etc"], ["etc", "more"]),
        (["etc"], [], ["ours"]),  # it was renamed
        (["etc"], ["ours"], ["ours"]),
    ],
)
def test_a_database_that_is_ours_is_taken(
    path, tmp_path, used_with, open_embedded, case
):
    """Used with the first, of which the second are there; now it is with the third."""
    before, there, now = case
    used_with(*before)
    for name in there:
        (tmp_path / name).mkdir()
    embedded = open_embedded(path)
    for name in now:
        embedded.ledger(tmp_path / name)

    assert embedded.require_own() is None


# Other processes


def test_it_is_noticed_when_the_file_is_gone_or_another_one(path, embedded, tmp_path):
    assert embedded.is_there()

    aside = path.rename(tmp_path / "aside")
    assert not embedded.is_there()
    path.touch()
    assert not embedded.is_there()

    aside.rename(path)
    assert embedded.is_there()


def test_who_uses_it_is_marked_until_the_end(path, embedded):
    (name,) = marks_of(path)
    assert is_alive(path, name)

    embedded.close()

    assert list(marks_of(path)) == []


def test_a_change_rings_for_those_who_were_met(path, embedded, one):
    (name,) = marks_of(path)
    mark = path.with_name(name)

    def rings(change):
        os.utime(mark, (0, 0))
        change()
        return mark.stat().st_mtime > 0

    assert not rings(lambda: embedded.store.put(one(1)))
    with Alive(path) as other:
        assert embedded.is_bell(other.name)
        assert rings(embedded.meet)  # who is new has to be told what came before
        assert rings(lambda: embedded.store.put(one(2)))
    assert not embedded.is_bell(name)
    assert not embedded.is_bell("c.db-wal")


def test_what_cannot_be_opened_leaves_no_mark(path, make_embedded):
    path.parent.mkdir()
    path.write_text("a = 1\n")
    embedded = make_embedded(path)

    with pytest.raises(StoreError):
        embedded.open()

    assert list(marks_of(path)) == []
    assert not embedded.is_bell("c.db.7-0a.alive")
    embedded.meet()
    assert list(path.parent.iterdir()) == [path]


def test_a_forked_process_leaves_the_mark_to_its_parent(path, embedded):
    """It lets go of the lock; the parent holds it on."""
    (name,) = marks_of(path)
    embedded.before_fork()
    child = os.fork()
    if not child:
        embedded.note_fork()
        os._exit(0)
    embedded.after_fork()
    os.waitpid(child, 0)

    assert is_alive(path, name)


def test_who_knows_the_others_does_not_wake_them_again(open_embedded, path):
    """Else two would wake each other over and over."""
    one, other = open_embedded(path), open_embedded(path)
    one.meet()  # the other is new
    marks = sorted(path.parent.glob("*.alive"))
    before = [mark.stat().st_ctime_ns for mark in marks]

    for _ in range(3):
        one.meet()
        other.meet()

    assert len(marks) == 2
    assert [mark.stat().st_ctime_ns for mark in marks] == before
