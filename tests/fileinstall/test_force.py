"""An update while the file stands refused: its author's text is put aside."""

import os
import stat
from dataclasses import replace

import pytest

from config_admin.core.errors import ReadOnlyConfigurationError, RefusedFileError

REFUSED = "# mine\na = 2\nwrong = 1\n"


def crash(_text, _properties):
    raise KeyboardInterrupt


def kept(house):
    return {p.name: p.read_text() for p in house.path.iterdir() if p.name != "p.cfg"}


@pytest.fixture
def refused(house):
    """A house in which an edit of p was refused."""
    house.save("# mine\na = 1\n")
    house.look()
    house.save(REFUSED)
    house.look()
    return house


def test_the_text_is_kept_beside_the_file_which_says_what_was_asked(refused):
    refused.force(a="3")
    refused.rest()

    assert refused.text() == "# mine\na = 3\n"
    assert kept(refused) == {"p.cfg.refused": REFUSED}
    assert refused.properties() == {"a": "3"}
    assert not refused.faults()


def test_without_force_nothing_changes(refused):
    with pytest.raises(RefusedFileError):
        refused.update(a="3")
    refused.rest()

    assert refused.text() == REFUSED
    assert kept(refused) == {}


@pytest.mark.parametrize("data", [b"a = \\u12\n", b"a = \xff\n"])
def test_a_text_that_cannot_be_read_is_written_anew(house, data):
    house.save(data)
    house.look()

    house.force(a="3")
    house.rest()

    assert house.text() == "a = 3\n"
    assert house.file("p.cfg.refused").read_bytes() == data
    assert not house.faults()


def test_afterwards_the_file_is_followed_and_changed_as_ever(refused):
    refused.force(a="3")
    refused.rest()

    refused.update(a="4")
    refused.rest()
    assert refused.text() == "# mine\na = 4\n"

    refused.save("a = 5\n")
    refused.rest()
    assert refused.properties() == {"a": "5"}
    assert kept(refused) == {"p.cfg.refused": REFUSED}


def test_what_was_kept_earlier_stays(refused):
    other = "wrong = again\n"
    refused.force(a="3")
    refused.rest()
    refused.save(other)
    refused.rest()

    refused.force(a="4")
    refused.rest()

    assert kept(refused) == {"p.cfg.refused": REFUSED, "p.cfg.2.refused": other}


def test_what_is_kept_already_is_not_kept_twice(refused):
    for value in ("3", "4"):
        refused.force(a=value)
        refused.rest()
        refused.save(REFUSED)
        refused.rest()

    assert kept(refused) == {"p.cfg.refused": REFUSED}


def test_what_is_kept_has_the_mode_of_the_file(house):
    house.save("wrong = 1\n")
    house.file().chmod(0o640)
    house.look()

    house.force(a="3")
    house.rest()

    for name in ("p.cfg", "p.cfg.refused"):
        assert stat.S_IMODE(house.file(name).stat().st_mode) == 0o640


def test_a_read_only_file_stays_so(refused):
    refused.file().chmod(0o444)

    with pytest.raises(ReadOnlyConfigurationError):
        refused.force(a="3")


def test_an_edit_that_lands_meanwhile_is_news(refused):
    refused.force(a="3", b="3")

    refused.save("# mine\na = edited\n")
    refused.rest()

    assert refused.properties() == {"a": "edited", "b": "3"}
    assert refused.text() == "# mine\na = edited\nb = 3\n"
    assert kept(refused) == {}


def test_an_edit_that_is_refused_meanwhile_is_not_overwritten(refused):
    refused.force(a="3")

    refused.save("worse = 1\n")
    refused.rest()

    assert refused.properties() == {"a": "3"}
    assert refused.text() == "worse = 1\n"
    assert kept(refused) == {}
    with pytest.raises(RefusedFileError):
        refused.update(a="4")


def test_the_same_text_once_more_is_another_edit(refused):
    refused.force(a="3")
    refused.save("# mine\na = 1\n")
    refused.look()

    refused.save(REFUSED)
    refused.rest()

    assert refused.text() == REFUSED
    assert kept(refused) == {}


def test_only_the_text_that_was_refused_then_is_put_aside(refused):
    gate = refused.directory.gate
    record = refused.ledger.get("p")
    gate.note_change("p", force=True)

    assert gate.is_forced("p", record)
    assert not gate.is_forced("p", replace(record, known="another digest"))


def test_a_text_of_another_encoding_is_kept_before_it_is_written_over(make_house):
    data = b"a = caf\xe9\n"
    house = make_house("etc", etc={"encoding": "iso-8859-1"})
    house.save(data)
    house.rest()
    assert house.properties() == {"a": "caf\xe9"}

    house.options["etc"] = {"encoding": "utf-8"}
    house.files = house.open()
    house.admin.guard(house.files)
    house.update(a="1")
    house.rest()

    assert house.text() == "a = 1\n"
    assert house.file("p.cfg.refused").read_bytes() == data


def test_an_edit_between_our_read_and_our_rename_is_kept(refused):
    merge, saved = refused.format.merge, []

    def merge_while_somebody_saves(text, properties):
        if not saved:
            saved.append(refused.save("# mine\na = edited\n"))
        return merge(text, properties)

    refused.format.merge = merge_while_somebody_saves
    refused.force(a="3", b="3")
    refused.rest()

    assert saved
    assert refused.text() == "# mine\na = edited\nb = 3\n"
    assert kept(refused) == {"p.cfg.refused": REFUSED}


def test_a_start_makes_up_for_what_came_after_the_text_was_put_aside(
    refused, full_disk
):
    refused.force(a="x" * 5000)
    refused.pass_time(1)
    with full_disk(1000):
        refused.look()
    assert refused.text() == REFUSED
    assert kept(refused) == {"p.cfg.refused": REFUSED}

    refused.files = refused.open()  # as if the program had been killed
    refused.admin.guard(refused.files)
    refused.rest()

    assert refused.text() == f"# mine\na = {'x' * 5000}\n"
    assert kept(refused) == {"p.cfg.refused": REFUSED}


def test_a_start_makes_up_for_it_though_nobody_can_read_the_text(house, full_disk):
    house.save("a = \\u12\n")
    house.look()
    house.force(a="x" * 5000)
    house.pass_time(1)
    with full_disk(1000):
        house.look()

    house.files = house.open()
    house.admin.guard(house.files)
    house.rest()

    assert house.text() == f"a = {'x' * 5000}\n"
    assert kept(house) == {"p.cfg.refused": "a = \\u12\n"}


def test_where_nothing_can_be_put_aside_the_file_stays(refused, full_disk):
    refused.save(REFUSED + "#" * 2000)
    refused.look()
    refused.force(a="3")
    refused.pass_time(1)

    with full_disk(1000):
        assert refused.look() == pytest.approx(1.0)
        assert refused.text() == REFUSED + "#" * 2000
        assert kept(refused) == {}
        assert refused.faults("write-back")

    refused.look()
    assert refused.text() == "# mine\na = 3\n" + "#" * 2000
    assert not refused.faults()


def test_a_crash_before_the_text_has_its_name_loses_nothing(refused):
    """What stands under a draft's name then is only a copy."""
    (refused.path / f".p.cfg.new.{'0' * 16}.draft").write_text(REFUSED)

    refused.files.recover()

    assert kept(refused) == {}
    assert refused.text() == REFUSED


def test_force_with_what_is_in_force_puts_the_text_aside_too(refused):
    refused.files.note_change("p", force=True)
    refused.rest()

    assert refused.text() == "# mine\na = 1\n"
    assert kept(refused) == {"p.cfg.refused": REFUSED}
    assert refused.revision() == 1


def test_the_write_of_what_is_in_force_outlives_a_crash(refused):
    """Else nobody would know any more that the file has to be written."""
    merge, refused.format.merge = refused.format.merge, crash
    refused.files.note_change("p", force=True)
    refused.pass_time(1)
    with pytest.raises(KeyboardInterrupt):
        refused.look()

    refused.format.merge = merge
    refused.files = refused.open()
    refused.rest()

    assert refused.text() == "# mine\na = 1\n"


def test_where_files_are_not_written_only_the_admin_changes(make_house):
    house = make_house("etc", etc={"write_back": False})
    house.save(REFUSED)
    house.look()
    before = os.listdir(house.path)  # noqa: PTH208 - names

    house.force(a="3")
    house.rest()

    assert house.properties() == {"a": "3"}
    assert house.text() == REFUSED
    assert os.listdir(house.path) == before  # noqa: PTH208 - names


def test_a_refused_link_is_kept_beside_the_link(house):
    house.save("wrong = 1\n", "data")
    house.file().symlink_to("data")
    house.look()

    house.force(a="3")
    house.rest()

    assert house.file().is_symlink()
    assert house.text("data") == "a = 3\n"
    assert house.text("p.cfg.refused") == "wrong = 1\n"
