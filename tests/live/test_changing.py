"""Changes in code reach the file and the services; two admins follow one directory."""

import stat

import pytest

from config_admin import (
    NoSuchConfigurationError,
    ReadOnlyConfigurationError,
    RefusedFileError,
    RevisionConflictError,
)

RABBITMQ = "net.roboconf.messaging.rabbitmq"
TEXT = "# above a\na = 1\n\n! above b\nb : 1\n"


def test_an_update_is_written_with_its_comments_and_delivered_once(
    admin, etc, service, sentinel
):
    """CM-42."""
    (etc / "p.cfg").write_text(TEXT)
    service.next()

    updated = admin.update("p", {"b": "2", "a": "1", "c": "3"})
    assert service.next() == {"b": "2", "a": "1", "c": "3"}
    assert admin.flush(15)

    text = (etc / "p.cfg").read_text()
    assert text.startswith("# above a\na = 1\n\n! above b\nb : 2\nc")
    sentinel()
    assert admin.get("p").revision == updated.revision == 2
    assert len(service.calls) == 2


def test_an_update_makes_a_file_that_is_private(admin, etc, service):
    admin.update("p", {"a": "1"})
    assert service.next() == {"a": "1"}
    assert admin.flush(15)

    assert (etc / "p.cfg").read_text() == "a = 1\n"
    assert stat.S_IMODE((etc / "p.cfg").stat().st_mode) == 0o600


def test_many_updates_end_in_the_file_and_with_the_service(admin, etc, service):
    for number in range(200):
        admin.update("p", {"a": str(number)})
    service.wait_for({"a": "199"})
    assert admin.flush(15)

    assert (etc / "p.cfg").read_text() == "a = 199\n"
    assert admin.get("p").revision == 200


def test_storing_what_is_there_tells_no_one_and_writes_nothing(
    admin, etc, service, sentinel
):
    (etc / "p.cfg").write_text(TEXT)
    service.next()
    before = (etc / "p.cfg").stat()

    assert admin.update("p", {"a": "1", "b": "1"}).revision == 1
    assert admin.flush(15)
    sentinel()

    after = (etc / "p.cfg").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert len(service.calls) == 1


def test_a_deletion_removes_the_file(admin, etc, service, sentinel):
    (etc / "p.cfg").write_text(TEXT)
    service.next()

    admin.delete("p")
    assert service.next() is None
    assert admin.flush(15)

    assert not (etc / "p.cfg").exists()
    with pytest.raises(NoSuchConfigurationError):
        admin.get("p")
    sentinel()
    assert len(service.calls) == 2


def test_an_edit_after_an_update_is_followed(admin, etc, service, save):
    admin.update("p", {"a": "1", "b": "1"})
    service.next()
    admin.flush(15)

    save(etc / "p.cfg", (etc / "p.cfg").read_text().replace("a = 1", "a = 2"))

    assert service.next() == {"a": "2", "b": "1"}
    assert admin.get("p").revision == 2


def test_an_edit_and_an_update_at_once_are_both_kept(admin, etc, service, save):
    for number in range(20):
        save(etc / "p.cfg", f"file = {number}\napi = before\n")
        service.wait_for({"file": str(number), "api": "before"})

        admin.update("p", {"file": str(number), "api": str(number)})
        save(etc / "p.cfg", f"file = edited {number}\napi = before\n")

        both = {"file": f"edited {number}", "api": str(number)}
        service.wait_for(both)
        admin.flush(15)
        assert dict(admin.get("p").properties) == both
        text = (etc / "p.cfg").read_text()
        assert text == f"file = edited {number}\napi = {number}\n"


def test_a_revision_that_is_not_the_current_one_changes_nothing(admin, etc, service):
    admin.update("p", {"a": "1"}, revision=0)
    service.next()

    with pytest.raises(RevisionConflictError) as caught:
        admin.update("p", {"a": "2"}, revision=7)

    assert (caught.value.expected, caught.value.actual) == (7, 1)
    with pytest.raises(RevisionConflictError):
        admin.delete("p", revision=7)
    admin.flush(15)
    assert (etc / "p.cfg").read_text() == "a = 1\n"


def test_a_read_only_file_refuses_changes_until_it_is_writable(admin, etc, service):
    """CM-13."""
    (etc / "p.cfg").write_text("a = 1\n")
    service.next()
    (etc / "p.cfg").chmod(0o444)

    with pytest.raises(ReadOnlyConfigurationError):
        admin.update("p", {"a": "2"})
    with pytest.raises(ReadOnlyConfigurationError):
        admin.delete("p")

    (etc / "p.cfg").chmod(0o644)
    admin.update("p", {"a": "2"})
    assert service.next() == {"a": "2"}


def test_a_refused_file_refuses_changes_until_it_is_mended(
    shipped_etc, schemas, make_admin, save, wait_until
):
    path = shipped_etc / f"{RABBITMQ}.cfg"
    admin = make_admin(shipped_etc, schemas=schemas)
    admin.start()
    good = path.read_text()
    save(path, good + "mesage-server-ip = x\n")
    wait_until(admin.faults)

    with pytest.raises(RefusedFileError) as caught:
        admin.update(RABBITMQ, {"message-server-ip": "rabbit"})
    assert caught.value.diagnostics[0].line == len(good.splitlines()) + 1
    with pytest.raises(RefusedFileError):
        admin.delete(RABBITMQ)

    save(path, good)
    wait_until(lambda: not admin.faults())
    admin.update(RABBITMQ, {"message-server-ip": "rabbit"})
    assert admin.flush(15)
    assert "message-server-ip = rabbit\n" in path.read_text()


def test_an_update_made_inside_a_callback_is_delivered_after_it(
    admin, etc, new_service
):
    seen = new_service()

    def updated(properties):
        seen.updated(properties)
        if properties and properties["n"] != "3":
            admin.update("p", {"n": str(int(properties["n"]) + 1)})

    admin.add_managed_service("p", updated)
    seen.next()
    admin.update("p", {"n": "1"})
    seen.wait_for({"n": "3"})

    assert admin.flush(15)
    assert seen.calls == [None, {"n": "1"}, {"n": "2"}, {"n": "3"}]
    assert (etc / "p.cfg").read_text() == "n = 3\n"


def test_two_admins_on_one_directory_follow_each_other(etc, make_admin, new_service):
    admins = [make_admin(etc), make_admin(etc)]
    services = [new_service(), new_service()]
    for admin, service in zip(admins, services, strict=True):
        admin.start()
        admin.add_managed_service("p", service)
        service.next()

    for number in range(10):
        admins[number % 2].update("p", {"n": str(number), "by": str(number % 2)})
        for service in services:
            service.wait_for({"n": str(number), "by": str(number % 2)})
    for admin in admins:
        assert admin.flush(15)

    assert [admin.get("p").revision for admin in admins] == [10, 10]
    admins[0].delete("p")
    services[1].wait_for(None)
    assert admins[0].flush(15)
    assert not (etc / "p.cfg").exists()


def test_an_edit_reaches_both_of_two_admins(etc, make_admin, new_service, save):
    services = [new_service(), new_service()]
    for service in services:
        admin = make_admin(etc)
        admin.start()
        admin.add_managed_service("p", service)

    save(etc / "p.cfg", "a = 1\n")

    for service in services:
        service.wait_for({"a": "1"})


def test_values_that_are_no_text_come_back_as_they_are(admin, etc, service, sentinel):
    values = {"n": 5, "yes": True, "half": 0.5, "list": ("a", "b"), "t": "5"}
    admin.update("p", values)
    assert service.next() == values
    assert admin.flush(15)

    (etc / "p.cfg").write_text((etc / "p.cfg").read_text() + "# touched\n")
    sentinel()

    assert service.calls == [values]
    assert admin.get("p").revision == 1
