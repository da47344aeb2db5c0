"""Several directories (CM-44): which of them holds a PID, and what follows."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from config_admin.core.errors import ReadOnlyConfigurationError
from config_admin.fileinstall.reading import Signature

HIGH, LOW = 0, 1


@pytest.fixture
def house(make_house):
    """A house with a high ranking and a low ranking directory."""
    return make_house("high", "low")


def revisions(house):
    return [event.revision for event in house.events]


def test_each_directory_gives_its_files(house):
    """CM-44."""
    house.save("a = high\n", "p.cfg", HIGH)
    house.save("a = low\n", "q.cfg", LOW)
    house.rest()

    assert house.properties("p") == {"a": "high"}
    assert house.properties("q") == {"a": "low"}
    assert not house.faults()


def test_the_file_in_the_highest_ranking_directory_holds(house):
    """CM-44: the other one is a fault that names it."""
    house.save("a = low\n", at=LOW)
    house.save("a = high\n", at=HIGH)
    house.rest()

    assert house.properties() == {"a": "high"}
    (fault,) = house.faults("name")
    assert fault.file == str(house.file(at=LOW))
    assert f"'{house.file(at=HIGH)}' holds" in fault.cure

    house.save("a = edited\n", at=LOW)
    house.rest()

    assert house.properties() == {"a": "high"}
    assert len(house.came) == 1, "it is told once"


def test_all_files_of_a_directory_that_does_not_hold_are_told(house):
    house.save("a = high\n", "f~x.cfg", HIGH)
    for name in ("f-x.cfg", "f~x.cfg"):
        house.save("a = low\n", name, LOW)
    house.rest()

    assert house.properties("f~x") == {"a": "high"}
    told = [fault.file for fault in house.faults("name")]
    assert told == [str(house.file(name, LOW)) for name in ("f-x.cfg", "f~x.cfg")]


@pytest.mark.parametrize(("second", "at"), [("f-x.cfg", HIGH), ("f~x.cfg", LOW)])
def test_a_second_file_that_goes_is_found_by_a_scan(house, second, at):
    """CM-39: though no event tells."""
    house.save("a = 1\n", "f-x.cfg" if at == LOW else "f~x.cfg", HIGH)
    house.save("a = 1\n", second, at)
    house.rest()
    (fault,) = house.faults("name")
    record = house.ledger.get("f~x")
    signature = Signature.of(house.file(record.file).stat())
    house.ledger.put("f~x", replace(record, signature=signature))  # long ago

    Path(fault.file).unlink()
    house.rest()

    assert not house.faults()


def test_when_the_file_that_holds_goes_the_other_one_takes_over(house):
    """CM-44: updated, not deleted and made again."""
    house.save("a = low\nb = low\n", at=LOW)
    house.save("a = high\nc = high\n", at=HIGH)
    house.rest()

    house.file(at=HIGH).unlink()
    assert house.look() == pytest.approx(0.25), "it may come back"
    house.pass_time(0.25)
    house.rest()

    assert house.properties() == {"a": "low", "b": "low"}
    assert None not in house.delivered
    assert revisions(house) == [1, 2]
    assert not house.faults()


def test_a_file_that_comes_back_in_time_has_held_all_the_while(house):
    house.save("a = low\n", at=LOW)
    house.save("a = high\n", at=HIGH)
    house.rest()

    house.file(at=HIGH).unlink()
    house.look()
    house.save("a = high\n", at=HIGH)
    house.rest()

    assert revisions(house) == [1]


def test_a_file_that_appears_in_a_higher_ranking_directory_takes_over(house):
    """CM-44: its text replaces that of the other; nothing of it stays."""
    house.save("a = low\nb = low\n", at=LOW)
    house.rest()

    house.save("a = high\n", at=HIGH)
    house.rest()

    assert house.properties() == {"a": "high"}
    assert house.text(at=LOW) == "a = low\nb = low\n"
    assert revisions(house) == [1, 2]


def test_a_change_that_no_file_has_yet_outlives_a_take_over(house):
    house.save("a = 1\nb = 1\n", at=LOW)
    house.rest()
    house.update(a="1", b="api")

    house.save("a = high\nb = 1\n", at=HIGH)
    house.rest()

    assert house.properties() == {"a": "high", "b": "api"}
    assert house.text(at=HIGH) == "a = high\nb = api\n"
    assert house.text(at=LOW) == "a = 1\nb = 1\n"


def test_of_three_directories_the_next_one_takes_over(make_house):
    house = make_house("first", "second", "third")
    for number in (0, 1, 2):
        house.save(f"a = {number}\n", at=number)
    house.rest()
    for number in (0, 1):
        assert house.properties() == {"a": str(number)}
        assert len(house.faults("name")) == 2 - number
        house.file(at=number).unlink()
        house.rest()

    assert house.properties() == {"a": "2"}
    house.file(at=2).unlink()
    house.rest()
    assert house.properties() is None


def test_a_refused_file_that_holds_changes_nothing_and_lets_nobody_else(house):
    house.save("a = low\n", at=LOW)
    house.rest()

    house.save("wrong = 1\n", at=HIGH)
    house.save("a = edited\n", at=LOW)
    house.rest()
    assert house.properties() == {"a": "low"}
    assert [fault.kind.value for fault in house.faults()] == ["file", "name"]

    house.file(at=HIGH).unlink()
    house.rest()
    assert house.properties() == {"a": "edited"}
    assert not house.faults()


def test_the_fault_of_a_file_that_holds_no_longer_goes(house):
    house.save("wrong = 1\n", at=LOW)
    house.rest()

    house.save("a = high\n", at=HIGH)
    house.rest()

    assert house.properties() == {"a": "high"}
    assert [fault.kind.value for fault in house.faults()] == ["name"]


# Changes in code


def test_a_change_is_written_to_the_file_it_came_from(house):
    """CM-44."""
    house.save("# low\na = 1\n", at=LOW)
    house.rest()

    house.update(a="2")
    house.rest()

    assert house.text(at=LOW) == "# low\na = 2\n"
    assert not house.file(at=HIGH).exists()


def test_a_configuration_without_a_file_gets_one_in_the_first_directory(house):
    """CM-44."""
    house.update(a="1")
    house.rest()

    assert house.text(at=HIGH) == "a = 1\n"
    assert not house.file(at=LOW).exists()


def test_a_configuration_without_a_file_gets_one_where_that_may_be(make_house):
    """CM-44: the first that writes back."""
    house = make_house("high", "low", high={"write_back": False})

    house.update(a="1")
    house.rest()

    assert house.text(at=LOW) == "a = 1\n"
    assert list(house.paths[HIGH].iterdir()) == []


def test_a_deletion_removes_the_file_that_holds_and_the_other_takes_over(house):
    """CM-44: at once, though no event tells."""
    house.save("a = low\n", at=LOW)
    house.save("a = high\n", at=HIGH)
    house.rest()

    house.admin.delete("p")
    house.dispatcher.flush()
    house.pass_time(0.05)
    house.look()

    assert not house.file(at=HIGH).exists()
    assert house.properties() == {"a": "low"}


def test_a_file_that_is_not_written_keeps_what_it_says(make_house):
    """CM-44: the change is in force until the next edit, which is merged with it."""
    house = make_house("high", "low", high={"write_back": False})
    house.save("a = 1\nb = 1\n", at=HIGH)
    house.rest()

    house.update(a="api", b="1")
    house.rest()
    assert house.properties() == {"a": "api", "b": "1"}
    assert house.text(at=HIGH) == "a = 1\nb = 1\n"
    assert not house.file(at=LOW).exists(), "it has a file"

    house.save("a = 1\nb = edited\n", at=HIGH)
    house.rest()
    assert house.properties() == {"a": "api", "b": "edited"}

    house.admin.delete("p")
    house.rest()
    assert house.file(at=HIGH).exists()
    assert house.properties() is None

    house.save("a = 2\n", at=HIGH)
    house.rest()
    assert house.properties() == {"a": "2"}


def test_the_mode_of_the_file_that_holds_decides_on_a_change(house):
    house.save("a = low\n", at=LOW)
    house.rest()
    house.file(at=LOW).chmod(0o444)

    with pytest.raises(ReadOnlyConfigurationError) as caught:
        house.update(a="2")
    assert caught.value.file == str(house.file(at=LOW))

    house.save("a = high\n", at=HIGH)
    house.rest()
    house.update(a="2")


def test_a_deleted_and_made_again_configuration_meets_a_file_by_key(house):
    """What the file of another directory once said is not held against it."""
    house.save("a = low\n", at=LOW)
    house.rest()
    house.save("a = high\n", at=HIGH)
    house.rest()
    house.file(at=LOW).unlink()
    house.rest()
    house.admin.delete("p")
    house.rest()
    house.update(b="api")

    house.save("a = low\n", at=LOW)
    house.rest()

    assert house.properties() == {"a": "low", "b": "api"}
    assert house.text(at=LOW) == "a = low\nb = api\n"


def test_a_file_that_goes_after_another_one_held_has_its_grace_again(house):
    house.save("a = low\n", at=LOW)
    house.save("a = high\n", at=HIGH)
    house.rest()
    for at in (HIGH, LOW):
        house.file(at=at).unlink()
        house.rest()
    house.update(a="api")
    house.pass_time(0.05)
    house.look()

    house.file(at=HIGH).unlink()

    assert house.look() == pytest.approx(0.25)


# The directories themselves


def test_a_missing_directory_keeps_what_it_holds(house):
    house.save("a = high\n", at=HIGH)
    house.save("a = low\n", at=LOW)
    house.rest()
    shutil.rmtree(house.paths[HIGH])
    house.rest()

    assert house.properties() == {"a": "high"}
    assert "directory" in [fault.kind.value for fault in house.faults()]


def test_a_directory_that_is_missing_at_the_start_holds_nothing(house):
    house.paths[HIGH].rmdir()
    house.save("a = low\n", at=LOW)
    house.rest()
    assert house.properties() == {"a": "low"}

    house.paths[HIGH].mkdir()
    house.save("a = high\n", at=HIGH)
    house.rest()

    assert house.properties() == {"a": "high"}


def test_where_another_directory_took_the_place_the_other_file_takes_over(house):
    house.save("a = high\nb = high\n", at=HIGH)
    house.save("b = only\n", "q.cfg", HIGH)
    house.save("a = low\n", at=LOW)
    house.rest()

    house.paths[HIGH].rename(house.path.with_name("old"))
    house.paths[HIGH].mkdir()
    house.rest()

    assert house.properties() == {"a": "low"}
    assert house.properties("q") == {"b": "only"}, "nobody has deleted it"
    (fault,) = house.faults()
    assert "no file for q since" in fault.found
    assert list(house.paths[HIGH].iterdir()) == [], "nothing is written by itself"


def test_a_restart_takes_over_what_came_meanwhile(house):
    house.save("a = low\nb = low\n", at=LOW)
    house.rest()
    house.save("a = high\n", at=HIGH)

    house.files = house.open()
    house.admin.guard(house.files)
    house.rest()

    assert house.properties() == {"a": "high"}
    assert revisions(house) == [1, 2]


def test_a_directory_takes_only_its_formats(make_house):
    """CM-44: each says which; the first is that of new files."""
    house = make_house("high", "low", high={"suffixes": (".json", ".cfg")})
    house.options["low"] = {"suffixes": (".cfg",)}
    house.files = house.open()
    house.admin.guard(house.files)
    house.save("a = 1\n", "one.json", HIGH)
    house.save("a = 1\n", "two.json", LOW)
    house.update(a="1")
    for pid in (*house.scan(), "p"):
        house.look(pid)
    house.rest()

    assert house.properties("one") == {"a": "1"}
    assert house.properties("two") is None
    assert house.file("p.json", HIGH).exists()
