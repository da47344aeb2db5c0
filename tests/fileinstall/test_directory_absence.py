"""The reconcile law, where files or their directory are gone."""

import shutil

import pytest

from config_admin.core.faults import FaultKind


@pytest.fixture
def installed(house):
    """A house in which p and q have files."""
    for name in ("p.cfg", "q.cfg"):
        house.save("a = 1\n", name)
    for pid in house.scan():
        house.look(pid)
    return house


def look_everywhere(house):
    for pid in house.scan():
        house.look(pid)


def test_a_file_is_gone_only_if_it_still_is_after_the_grace(installed):
    """CM-39."""
    installed.file().unlink()

    assert installed.look() == pytest.approx(0.25)
    assert installed.properties() == {"a": "1"}
    installed.pass_time(0.25)
    assert installed.look() is None

    assert installed.properties() is None
    assert installed.delivered[-1] is None
    assert installed.properties("q") == {"a": "1"}


def test_a_file_that_comes_back_within_the_grace_was_never_gone(installed):
    aside = installed.file().with_name("aside")
    installed.file().rename(aside)
    installed.look()
    installed.pass_time(0.2)

    aside.rename(installed.file())
    installed.look()
    installed.pass_time(0.2)
    installed.look()

    assert installed.revision() == 1
    assert None not in installed.delivered


def test_a_file_that_comes_back_changed_is_one_change(installed):
    installed.file().unlink()
    installed.look()

    installed.save("a = 2\n")
    installed.look()

    assert [dict(one)["a"] for one in installed.delivered] == ["1", "2"]


def test_a_second_absence_has_a_grace_of_its_own(installed):
    installed.file().unlink()
    installed.look()
    installed.save("a = 1\n")
    installed.look()
    installed.pass_time(5)

    installed.file().unlink()

    assert installed.look() == pytest.approx(0.25)


def test_a_scan_finds_the_files_that_are_gone(installed):
    installed.file().unlink()

    assert "p" in installed.scan()


def test_a_file_that_comes_after_a_deletion_goes_on_counting_revisions(installed):
    installed.file().unlink()
    installed.rest()

    installed.save("a = 2\n")
    installed.look()

    assert installed.revision() == 3


def test_a_missing_directory_deletes_nothing_and_is_a_fault(installed):
    shutil.rmtree(installed.path)

    assert installed.scan() == ()
    installed.pass_time(10)
    assert installed.look() is None

    assert installed.properties() == installed.properties("q") == {"a": "1"}
    (fault,) = installed.faults()
    assert fault.kind is FaultKind.DIRECTORY
    assert fault.file == str(installed.path)


def test_a_directory_that_cannot_be_listed_deletes_nothing(installed):
    aside = installed.path.with_name("aside")
    installed.path.rename(aside)
    installed.path.write_text("")

    assert installed.scan() == ()
    installed.pass_time(10)
    installed.look()

    assert installed.properties() == {"a": "1"}
    (fault,) = installed.faults()
    assert "Not a directory" in fault.found


def test_a_directory_that_comes_back_as_it_was_changes_nothing(installed):
    aside = installed.path.with_name("aside")
    installed.path.rename(aside)
    installed.look()

    aside.rename(installed.path)
    installed.rest()

    assert not installed.faults()
    assert installed.revision() == 1


def test_another_directory_in_its_place_deletes_nothing_and_names_the_orphans(
    installed,
):
    """CM-39."""
    installed.path.rename(installed.path.with_name("old"))
    installed.path.mkdir()

    installed.rest()

    assert installed.properties() == installed.properties("q") == {"a": "1"}
    (fault,) = installed.faults()
    assert "no file for p, q since the directory was replaced" in fault.found
    assert list(installed.path.iterdir()) == [], "nothing is written by itself either"


def test_a_directory_made_again_on_the_same_inode_is_another_one(installed):
    """As the watcher tells it: the number of an inode is soon used again."""
    for file in installed.path.iterdir():
        file.unlink()
    installed.directory.note_loss()

    installed.rest()

    assert installed.properties() == installed.properties("q") == {"a": "1"}
    assert len(installed.faults()) == 1


def test_the_orphans_get_their_files_back(installed):
    installed.path.rename(installed.path.with_name("old"))
    installed.path.mkdir()
    installed.rest()

    installed.save("a = 2\n")
    installed.save("a = 2\n", "q.cfg")
    look_everywhere(installed)

    assert installed.properties() == installed.properties("q") == {"a": "2"}
    assert not installed.faults()


def test_an_orphan_that_is_deleted_by_name_is_none_any_more(installed):
    installed.path.rename(installed.path.with_name("old"))
    installed.path.mkdir()
    installed.rest()

    for pid in ("p", "q"):
        installed.admin.delete(pid)
    installed.rest()
    installed.look("q")

    assert not installed.faults()
    assert list(installed.path.iterdir()) == []


def test_an_orphan_that_is_updated_gets_a_file(installed):
    installed.path.rename(installed.path.with_name("old"))
    installed.path.mkdir()
    installed.rest()

    installed.update(a="2")
    installed.rest()

    assert installed.text() == "a = 2\n"


def test_what_a_replaced_directory_holds_is_installed(installed):
    other = installed.path.with_name("other")
    other.mkdir()
    (other / "p.cfg").write_text("a = other\n")
    installed.path.rename(installed.path.with_name("old"))
    other.rename(installed.path)

    installed.rest()

    assert installed.properties() == {"a": "other"}
    assert installed.properties("q") == {"a": "1"}
    (fault,) = installed.faults()
    assert "no file for q since" in fault.found


def test_an_update_while_the_directory_is_missing_is_written_when_it_comes(house):
    house.path.rmdir()
    house.update(a="1")
    house.look()
    house.path.mkdir()

    house.rest()

    assert house.text() == "a = 1\n"
    assert not house.faults()


def test_a_file_of_another_directory_has_a_grace_of_its_own(installed):
    installed.file().unlink()
    installed.look()
    installed.path.rename(installed.path.with_name("old"))
    installed.path.mkdir()
    installed.rest()
    installed.update(a="2")
    installed.pass_time(0.05)
    installed.look()

    installed.file().unlink()

    assert installed.look() == pytest.approx(0.25)
