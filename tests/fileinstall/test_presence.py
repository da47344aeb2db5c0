"""Whether the directory is there, and what is said if it is not."""

import errno

import pytest

from config_admin.core.faults import FaultBook
from config_admin.fileinstall.presence import Presence


@pytest.fixture
def book():
    return FaultBook(lambda _came, _went: None)


@pytest.fixture
def etc(tmp_path):
    return tmp_path / "etc"


@pytest.fixture
def presence(etc, book):
    return Presence(etc, etc, book, "configuration files")


def test_a_directory_that_is_there_has_an_identity_and_no_fault(presence, etc, book):
    etc.mkdir()

    assert presence.look() == presence.look() is not None
    assert book.all() == ()


def test_a_directory_that_is_made_again_is_another_one(presence, etc):
    """Many file systems use the number of its inode again."""
    seen = set()
    for _ in range(10_000):  # as long as a tick of the clock at most
        etc.mkdir()
        seen.add(presence.look())
        etc.rmdir()
        if len(seen) > 1:
            break

    assert len(seen) > 1


def test_what_is_in_it_does_not_make_it_another_one(presence, etc):
    etc.mkdir()
    before = presence.look()

    (etc / "p.cfg").touch()
    etc.chmod(0o700)

    assert presence.look() == before


def test_a_missing_directory_is_a_fault_with_the_cure(presence, etc, book):
    assert presence.look() is None

    (fault,) = book.all()
    assert fault.file == str(etc)
    assert f"mkdir '{etc}'" in fault.cure
    assert "Nothing is deleted" in fault.cure
    assert "configuration files" in fault.expected


def test_the_fault_goes_when_the_directory_comes(presence, etc, book):
    presence.look()
    etc.mkdir()

    assert presence.look() is not None
    assert book.all() == ()


def test_a_file_in_its_place_is_no_directory(presence, etc, book):
    etc.write_text("")

    assert presence.look() is None
    (fault,) = book.all()
    assert "Not a directory" in fault.found


def test_a_link_to_a_directory_is_that_directory(presence, etc, tmp_path, book):
    (tmp_path / "real").mkdir()
    etc.symlink_to("real")

    assert presence.look() == Presence(tmp_path / "real", etc, book, "it").look()


def test_orphans_are_named_until_there_are_none(presence, book):
    presence.report_orphans(["q", "p"])
    (fault,) = book.all()
    assert "no file for p, q since" in fault.found

    presence.report_orphans([])
    assert book.all() == ()


def test_of_many_orphans_some_are_named_and_the_rest_is_counted(presence, book):
    presence.report_orphans([f"p{number}" for number in range(8)])

    (fault,) = book.all()
    assert "p4 and 3 more" in fault.found
    assert "p5" not in fault.found


def test_a_directory_that_cannot_be_watched_is_a_fault_until_it_can(presence, book):
    presence.report_unwatchable(OSError(errno.ENOSPC, "limit reached"), 1.0)
    (fault,) = book.all()
    assert "limit reached" in fault.found
    assert "every 1 s" in fault.cure

    presence.report_watched()
    assert book.all() == ()
