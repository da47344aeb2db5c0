"""The reconcile law, from the admin to the file: each line of its fine print."""

import stat

import pytest

from config_admin.core.errors import ReadOnlyConfigurationError

COMMENTED = "# above\nb = 1\n\n! beside\na = 1\n"


def test_an_update_is_written_with_comments_and_order_kept(house):
    """CM-42."""
    house.save(COMMENTED)
    house.look()

    house.update(a="2", b="1", c="3")
    house.rest()

    assert house.text() == "# above\nb = 1\n\n! beside\na = 2\nc = 3\n"


def test_our_own_write_is_no_news(house):
    house.save("a = 1\n")
    house.look()
    house.update(a="2")
    house.rest()
    house.rest()

    assert house.revision() == 2
    assert [dict(one)["a"] for one in house.delivered] == ["1", "2"]
    assert [event.type.name for event in house.events] == ["CM_UPDATED"] * 2


def test_a_configuration_without_a_file_gets_one(house):
    """CM-42."""
    house.update(a="1")
    house.rest()

    assert house.text() == "a = 1\n"
    assert stat.S_IMODE(house.file().stat().st_mode) == 0o600


def test_an_instance_is_written_to_the_file_it_came_from(house):
    """CM-42."""
    house.save("a = 1\n", "f-x.cfg")
    house.look("f~x")

    house.admin.update("f~x", {"a": "2"})
    house.rest()
    house.look("f~x")

    assert house.text("f-x.cfg") == "a = 2\n"
    assert not house.file("f~x.cfg").exists()


def test_a_new_instance_is_written_with_a_tilde(house):
    house.admin.update("f~x", {"a": "1"})
    house.rest()

    assert house.text("f~x.cfg") == "a = 1\n"


def test_a_deletion_removes_the_file(house):
    """CM-42."""
    house.save("a = 1\n")
    house.look()

    house.admin.delete("p")
    house.rest()

    assert not house.file().exists()
    assert house.delivered[-1] is None
    assert house.admin.written("p").revision == 2


def test_a_write_waits_until_it_was_quiet_for_50_milliseconds(house):
    house.save("a = 1\n")
    house.look()

    house.update(a="2")
    assert house.look() == pytest.approx(0.05)
    house.pass_time(0.03)
    house.update(a="3")
    assert house.look() == pytest.approx(0.05)
    assert house.text() == "a = 1\n"
    house.pass_time(0.05)
    assert house.look() is None

    assert house.text() == "a = 3\n"


def test_a_write_waits_half_a_second_at_most(house):
    house.save("a = 1\n")
    house.look()
    for number in range(12):
        house.update(a=f"api {number}")
        house.pass_time(0.04)
        house.look()
    assert house.text() == "a = 1\n"

    house.update(a="last")
    house.pass_time(0.03)
    house.look()

    assert house.text() == "a = last\n"


def test_an_edit_that_nobody_has_read_is_not_overwritten(house):
    house.save("a = 1\nb = 1\n")
    house.look()
    house.update(a="api", b="1")

    house.save("a = 1\nb = file\n")
    house.rest()

    assert house.properties() == {"a": "api", "b": "file"}
    assert house.text() == "a = api\nb = file\n"


def test_an_edit_between_our_read_and_our_rename_is_not_overwritten(house):
    house.save("a = 1\nb = 1\n")
    house.look()
    merge, saved = house.format.merge, []

    def merge_while_somebody_saves(text, properties):
        if not saved:
            saved.append(house.save("a = 1\nb = file\n"))
        return merge(text, properties)

    house.format.merge = merge_while_somebody_saves
    house.update(a="api", b="1")
    house.rest()

    assert saved
    assert house.properties() == {"a": "api", "b": "file"}
    assert house.text() == "a = api\nb = file\n"


def test_a_file_that_somebody_writes_to_is_written_after_they_closed_it(house):
    house.save("a = 1\nb = 1\n")
    house.look()
    with house.file().open("r+") as file:
        house.update(a="1", b="api")
        house.pass_time(1)
        assert house.look() > 0
        assert house.text() == "a = 1\nb = 1\n"
        file.write("a = 2\n")

    house.rest()

    assert house.text() == "a = 2\nb = api\n"


def test_an_update_and_its_undoing_leave_the_file_alone(house):
    house.save("a = 1\n")
    house.look()
    inode = house.file().stat().st_ino

    house.update(a="2")
    house.update(a="1")
    house.rest()

    assert house.file().stat().st_ino == inode
    assert house.revision() == 3


def test_a_file_without_write_permission_refuses_update_and_delete(house):
    """CM-13."""
    house.save("a = 1\n")
    house.look()
    house.file().chmod(0o444)

    for change in (lambda: house.update(a="2"), lambda: house.admin.delete("p")):
        with pytest.raises(ReadOnlyConfigurationError) as caught:
            change()
        assert (caught.value.pid, caught.value.file) == ("p", str(house.file()))
    assert house.properties() == {"a": "1"}

    house.file().chmod(0o644)
    house.update(a="2")
    house.rest()
    assert house.text() == "a = 2\n"


def test_a_read_only_file_is_followed_all_the_same(house):
    """CM-13."""
    house.save("a = 1\n")
    house.look()
    house.file().chmod(0o444)

    house.save("a = 2\n")
    house.look()

    assert house.properties() == {"a": "2"}


def test_a_write_that_fails_is_a_fault_and_is_made_up_later(house, full_disk):
    house.save("a = 1\n")
    house.look()
    house.update(a="x" * 5000)
    house.pass_time(1)

    with full_disk(1000):
        assert house.look() == pytest.approx(1.0)
        (fault,) = house.faults("write-back")
        assert fault.file == str(house.file())
        assert "too large" in fault.found
        assert house.text() == "a = 1\n"
        assert [path.name for path in house.path.iterdir()] == ["p.cfg"]
        assert house.look() == pytest.approx(2.0)
        assert len(house.came) == 1, "it is told once"

    house.look()
    assert house.text() == f"a = {'x' * 5000}\n"
    assert not house.faults()


def test_after_a_write_the_next_failure_is_tried_again_as_soon(house, full_disk):
    house.save("a = 1\n")
    house.look()
    for letter in "xy":
        house.update(a=letter * 5000)
        house.pass_time(1)
        with full_disk(1000):
            assert house.look() == pytest.approx(1.0)
        house.look()

    assert house.text() == f"a = {'y' * 5000}\n"


def test_an_edit_after_a_failed_write_is_merged_with_it(house, full_disk):
    house.save("a = 1\nb = 1\n")
    house.look()
    house.update(a="x" * 5000, b="1")
    house.pass_time(1)
    with full_disk(1000):
        house.look()

    house.save("a = 1\nb = file\n")
    house.rest()

    assert house.properties() == {"a": "x" * 5000, "b": "file"}
    assert "b = file" in house.text()
    assert not house.faults()


def test_a_scan_makes_up_for_a_write_that_nobody_asked_for(house):
    house.update(a="1")
    house.files.unwritten.remove("p")

    assert house.scan() == ("p",)
    house.look()

    assert house.text() == "a = 1\n"


def test_a_link_inside_the_directory_is_written_through(house):
    house.save("a = 1\n", "data")
    house.file().symlink_to("data")
    house.look()

    house.update(a="2")
    house.rest()

    assert house.file().is_symlink()
    assert house.text("data") == "a = 2\n"


def test_a_link_to_a_file_outside_is_read_and_never_written(house, tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("a = 1\n")
    house.file().symlink_to(outside)
    house.look()
    assert house.properties() == {"a": "1"}

    house.update(a="2")
    house.rest()

    assert outside.read_text() == "a = 1\n"
    assert house.file().is_symlink()
    (fault,) = house.faults("write-back")
    assert "outside the directory" in fault.found


def test_a_byte_order_mark_stays_where_it_is(house):
    house.save(b"\xef\xbb\xbfa = 1\n")
    house.look()

    house.update(a="2")
    house.rest()

    assert house.file().read_bytes() == b"\xef\xbb\xbfa = 2\n"
    assert house.revision() == 2
