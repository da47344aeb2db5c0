"""The reconcile law, from the file to the admin: each line of its fine print."""

import logging
import os

import pytest

from config_admin.core.storage import FileRecord
from config_admin.fileinstall.drafts import digest_of


def test_a_file_is_installed_and_delivered_once(house):
    """CM-39."""
    house.save("a = 1\n")

    assert house.look() is None
    assert house.look() is None

    assert house.properties() == {"a": "1"}
    assert house.revision() == 1
    assert [dict(one)["a"] for one in house.delivered if one] == ["1"]


def test_known_bytes_are_no_news_whatever_their_dates_say(house):
    house.save("a = 1\n")
    house.look()

    house.save("a = 1\n")
    os.utime(house.file(), (1, 1))
    house.look()

    assert house.revision() == 1
    assert house.events == house.events[:1]


def test_other_bytes_with_the_same_meaning_change_nothing(house):
    house.save("a = 1\n")
    house.look()

    house.save("# now with a comment\na: 1\n")
    house.look()

    assert house.revision() == 1
    assert house.text() == "# now with a comment\na: 1\n"


def test_bytes_that_were_about_to_be_written_are_ours_after_a_crash(house):
    house.save("a = 1\n")
    house.look()
    house.update(a="2")
    record = house.ledger.get("p")
    data = b"a = 2\n"
    house.ledger.put(
        "p",
        FileRecord(
            "p.cfg",
            known=record.known,
            pending=digest_of(data),
            revision=record.revision,
            properties=record.properties,
        ),
    )
    house.save(data)

    house.update(a="3")  # acknowledged, not yet written when the program was killed
    house.files = house.open()
    house.rest()

    assert house.properties() == {"a": "3"}
    assert house.text() == "a = 3\n"


def test_a_file_that_somebody_writes_to_is_looked_at_again_later(house):
    """CM-40."""
    with house.file().open("w") as file:
        file.write("a = 1\n")
        file.flush()
        assert house.look() > 0
        assert house.properties() is None
        file.write("b = 2\n")

    house.look()

    assert house.properties() == {"a": "1", "b": "2"}
    assert house.revision() == 1


def test_a_file_that_shrank_to_less_than_half_settles_for_a_second(house):
    """CM-40."""
    house.save("a = 1\nb = 1\nc = 1\n")
    house.look()
    house.save("a = 2\n")

    assert house.look() == pytest.approx(1.0)
    assert house.properties()["a"] == "1"

    house.pass_time(1.0)
    assert house.look() is None
    assert house.properties() == {"a": "2"}


def test_a_head_that_grows_is_never_delivered(house):
    """CM-40."""
    whole = "a = 2\nb = 2\nc = 2\n"
    house.save("a = 1\nb = 1\nc = 1\n")
    house.look()
    for end in (0, 2, 4, 6):
        house.save(whole[:end])
        assert house.look() > 0
        house.pass_time(0.9)

    house.save(whole)
    house.look()

    assert [dict(one)["a"] for one in house.delivered] == ["1", "2"]
    assert house.revision() == 2


def test_a_file_that_was_emptied_settles_for_a_second_too(house):
    """CM-40."""
    house.save("a = 1\n")
    house.look()
    house.save("")

    assert house.look() == pytest.approx(1.0)
    house.pass_time(1.0)
    house.look()

    assert house.properties() == {}


def test_a_new_file_without_a_byte_settles_for_a_second(house):
    """CM-40."""
    house.save("")

    assert house.look() == pytest.approx(1.0)
    house.pass_time(1.0)
    house.look()

    assert house.properties() == {}


def test_a_second_file_of_a_pid_is_ignored_until_the_first_goes(house):
    """CM-43."""
    house.save("a = second\n", "f~p.cfg")
    house.save("a = first\n", "f-p.cfg")
    house.scan()
    house.look("f~p")
    assert house.properties("f~p") == {"a": "first"}
    assert [fault.file for fault in house.faults("name")] == [
        str(house.file("f~p.cfg"))
    ]

    house.file("f-p.cfg").unlink()
    house.look("f~p")

    assert house.properties("f~p") == {"a": "second"}
    assert not house.faults()


def test_an_edit_and_a_newer_revision_are_merged_by_key(house, caplog):
    house.save("# kept\na = 1\nb = 1\nc = 1\n")
    house.look()
    house.update(a="api", b="api", c="1")
    house.save("# kept\na = 1\nb = file\nc = file\n")

    with caplog.at_level(logging.WARNING):
        house.rest()

    assert house.properties() == {"a": "api", "b": "file", "c": "file"}
    assert house.text() == "# kept\na = api\nb = file\nc = file\n"
    (warning,) = caplog.messages
    assert "edit of b supersedes revision 2" in warning
    assert str(house.file()) in warning


def test_a_superseded_value_is_not_in_the_warning(house, caplog):
    house.save("password = first\n")
    house.look()
    house.update(password="second")  # noqa: S106 - an example
    house.save("password = third\n")

    house.rest()

    assert house.properties() == {"password": "third"}
    assert caplog.messages
    assert not any(word in caplog.text for word in ("first", "second", "third"))


def test_what_a_file_and_an_update_changed_alike_is_no_conflict(house, caplog):
    house.save("a = 1\n")
    house.look()
    house.update(a="2")
    house.save("a = 2\n")

    house.rest()

    assert house.properties() == {"a": "2"}
    assert house.revision() == 2
    assert not caplog.messages


def test_a_file_and_a_configuration_of_the_same_name_meet_by_key(house):
    house.update(a="api", b="api")
    house.save("b = file\nc = file\n")

    house.rest()

    assert house.properties() == {"a": "api", "b": "file", "c": "file"}


def test_an_update_between_an_edit_and_its_remembrance_reaches_the_file(house):
    house.save("a = 1\n")
    house.admin.then = lambda: house.admin.update("p", {"a": "2"})

    house.rest()

    assert house.properties() == {"a": "2"}
    assert house.text() == "a = 2\n"


def test_a_configuration_made_right_after_its_file_went_gets_a_file(house):
    house.save("a = 1\n")
    house.look()
    house.file().unlink()
    house.admin.then = lambda: house.admin.update("p", {"a": "2"})

    house.rest()

    assert house.properties() == {"a": "2"}
    assert house.text() == "a = 2\n"


def test_an_edit_while_the_admin_moved_on_is_looked_at_again(house):
    house.save("a = 1\n")
    house.look()
    house.update(a="2", b="2")
    house.save("a = 1\nc = 3\n")
    house.admin.then = lambda: house.admin.update("p", {"a": "4", "b": "2", "c": "3"})

    house.rest()

    assert house.properties() == {"a": "4", "b": "2", "c": "3"}
    assert "a = 4" in house.text()


def test_each_file_is_scanned_until_it_has_a_signature_and_not_again(house):
    house.save("a = 1\n")
    house.save("a = 1\n", "q.cfg")

    assert house.scan() == ("p", "q")
    house.look("p")

    assert house.scan() == ("p", "q"), "it was changed just now"


def test_one_loop_of_links_does_not_hide_the_other_files(house):
    """CM-39."""
    house.file("loop.cfg").symlink_to("loop.cfg")
    house.save("a = 1\n")

    assert "p" in house.scan()
    house.look("p")
    house.look("loop")

    assert house.properties() == {"a": "1"}
    assert [fault.pid for fault in house.faults()] == ["loop"]
