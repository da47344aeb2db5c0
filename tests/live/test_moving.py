"""The directory itself comes, goes and is replaced."""

import shutil

from config_admin import FaultKind


def test_a_missing_directory_is_a_fault_and_is_picked_up(
    tmp_path, make_admin, new_service, wait_until, caplog
):
    """CM-39."""
    etc, service = tmp_path / "etc", new_service()
    admin = make_admin(etc)
    admin.add_managed_service("p", service)
    admin.start()
    assert service.next() is None
    (fault,) = admin.faults()
    assert fault.kind is FaultKind.DIRECTORY
    assert f"mkdir '{etc}'" in fault.cure

    etc.mkdir()
    (etc / "p.cfg").write_text("a = 1\n")

    assert service.next() == {"a": "1"}
    wait_until(lambda: not admin.faults())
    assert [r.levelname for r in caplog.records].count("ERROR") == 1


def test_a_directory_that_is_removed_and_made_again_deletes_nothing(
    etc, admin, service, wait_until
):
    """CM-39."""
    for name in ("p.cfg", "q.cfg"):
        (etc / name).write_text("a = 1\n")
    assert service.next() == {"a": "1"}
    wait_until(lambda: admin.find("q"))

    shutil.rmtree(etc)
    wait_until(admin.faults)
    etc.mkdir()
    (etc / "p.cfg").write_text("a = 2\n")

    assert service.next() == {"a": "2"}
    wait_until(lambda: any("no file for q" in f.found for f in admin.faults()))
    assert admin.get("q")
    (etc / "q.cfg").write_text("a = 2\n")
    wait_until(lambda: not admin.faults())
    assert service.calls == [{"a": "1"}, {"a": "2"}]


def test_a_directory_that_is_replaced_in_a_blink_is_followed(
    etc, admin, service, sentinel
):
    """CM-39."""
    for number in range(8):
        (etc / "p.cfg").write_text(f"a = {number}\n")
        assert service.next() == {"a": str(number)}
        shutil.rmtree(etc)
        etc.mkdir()

    (etc / "p.cfg").write_text("a = end\n")
    assert service.next() == {"a": "end"}
    sentinel()
    assert None not in service.calls


def test_a_directory_that_is_moved_away_and_back_changes_nothing(
    etc, admin, service, sentinel, wait_until
):
    """CM-39."""
    (etc / "p.cfg").write_text("a = 1\n")
    service.next()

    etc.rename(etc.with_name("away"))
    wait_until(admin.faults)
    etc.with_name("away").rename(etc)
    wait_until(lambda: not admin.faults())
    sentinel()

    assert service.calls == [{"a": "1"}]


def test_another_directory_that_is_moved_into_its_place_is_followed(
    etc, admin, service, sentinel, wait_until
):
    """CM-39: what it does not hold stays, and is a fault."""
    for name in ("p.cfg", "q.cfg"):
        (etc / name).write_text("a = 1\n")
    service.wait_for({"a": "1"})
    wait_until(lambda: admin.find("q"))
    other = etc.with_name("other")
    other.mkdir()
    (other / "p.cfg").write_text("a = other\n")

    etc.rename(etc.with_name("old"))
    other.rename(etc)

    assert service.next() == {"a": "other"}
    wait_until(lambda: any("no file for q" in f.found for f in admin.faults()))
    (etc / "p.cfg").write_text("a = 3\n")
    assert service.next() == {"a": "3"}
    (etc.with_name("old") / "p.cfg").write_text("a = old\n")
    sentinel()
    assert service.calls == [{"a": "1"}, {"a": "other"}, {"a": "3"}]
    assert admin.get("q")


def test_an_update_while_the_directory_is_away_is_written_when_it_is_back(
    etc, admin, service, wait_until
):
    etc.rmdir()
    wait_until(admin.faults)
    admin.update("p", {"a": "1"})
    assert service.next() == {"a": "1"}

    etc.mkdir()

    wait_until((etc / "p.cfg").exists)
    assert (etc / "p.cfg").read_text() == "a = 1\n"
