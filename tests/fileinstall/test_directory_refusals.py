"""The reconcile law, where a file cannot be accepted or read."""

import os

import pytest

from config_admin.core.errors import RefusedFileError


def test_a_refused_file_changes_nothing_and_says_what_is_wrong(house):
    """CM-41."""
    house.save("a = 1\n")
    house.look()

    house.save("a = 2\nwrong = 1\nworse = 1\n")
    house.look()

    assert house.properties() == {"a": "1"}
    assert [f.place for f in house.faults("file")] == [
        f"{house.file()}:2:1",
        f"{house.file()}:3:1",
    ]
    assert house.events[-1].type.name == "CM_REFUSED"


def test_a_refused_file_is_told_once_however_often_it_is_looked_at(house):
    house.save("wrong = 1\n")
    for _ in range(5):
        house.look()

    assert len(house.came) == 1
    assert len(house.events) == 1


def test_a_refused_file_that_stands_still_is_not_tried_again_by_a_scan(house):
    """CM-41."""
    house.save("wrong = 1\n")
    house.rest()

    assert len(house.events) == 1


def test_after_a_refusal_even_earlier_bytes_are_news(house):
    house.save("a = 1\n")
    house.look()
    house.save("wrong = 1\na = 1\n")
    house.look()
    assert house.faults()

    house.save("a = 1\n")
    house.look()

    assert not house.faults()
    assert house.properties() == {"a": "1"}
    assert house.revision() == 1, "the last good version is there already"


def test_the_next_good_version_takes_every_fault_away(house):
    """CM-41."""
    house.save("wrong = 1\n")
    house.look()

    house.save("right = 1\n")
    house.look()

    assert not house.faults()
    assert len(house.went) == len(house.came) == 1
    assert house.properties() == {"right": "1"}


def test_a_refused_file_that_is_removed_takes_its_fault_away(house):
    house.save("wrong = 1\n")
    house.look()

    house.file().unlink()
    house.rest()

    assert not house.faults()


def test_refused_files_are_tried_again_when_their_schema_is_another(house):
    """CM-41."""
    house.save("wrong = 1\n")
    house.look()
    assert house.files.forget_refusals() == ()
    house.validator.schema = "another"

    assert house.files.forget_refusals() == ("p",)
    house.look()

    assert [event.type.name for event in house.events] == ["CM_REFUSED"] * 2
    assert len(house.came) == 1, "the fault is the same"


def test_an_update_of_a_refused_file_is_refused_with_its_line(house):
    house.save("a = 1\nwrong = 1\n")
    house.look()

    with pytest.raises(RefusedFileError) as caught:
        house.update(a="2")

    assert caught.value.diagnostics[0].place == f"{house.file()}:2:1"
    assert house.text() == "a = 1\nwrong = 1\n"


def test_a_deletion_of_a_refused_file_is_refused(house):
    house.save("a = 1\n")
    house.look()
    house.save("a = 1\nwrong = 1\n")
    house.look()

    with pytest.raises(RefusedFileError):
        house.admin.delete("p")

    assert house.file().exists()


def test_an_unreadable_file_changes_nothing_until_it_can_be_read(house):
    """CM-39."""
    house.save("a = 1\n")
    house.look()
    house.file().unlink()
    os.mkfifo(house.file())

    house.look()

    assert house.properties() == {"a": "1"}
    (fault,) = house.faults("unreadable")
    assert (fault.pid, fault.file) == ("p", str(house.file()))

    house.file().unlink()
    house.save("a = 2\n")
    house.look()

    assert house.properties() == {"a": "2"}
    assert not house.faults()
