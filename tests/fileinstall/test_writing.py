"""Writing so that a reader sees the old file or the new one, and no edit is lost."""

import fcntl
import os
import stat

import pytest

from config_admin.fileinstall.drafts import digest_of
from config_admin.fileinstall.reading import MAX_FILE_BYTES, FileBusyError
from config_admin.fileinstall.writing import (
    DirectoryLockedError,
    UnseenEditError,
    create_file,
    locked,
    remove_file,
    replace_file,
)

OLD = b"a = 1\n"
NEW = b"a = 2\n"
UNSEEN = b"a = unseen\n"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "p.cfg"
    path.write_bytes(OLD)
    return path


def names(path):
    return sorted(found.name for found in path.parent.iterdir())


def test_a_new_file_is_for_its_owner_alone(tmp_path):
    """CM-54: it is made so, before its first byte, whatever the umask allows."""
    path = tmp_path / "p.cfg"
    before = os.umask(0)

    try:
        create_file(path, NEW)
    finally:
        os.umask(before)

    assert path.read_bytes() == NEW
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(path) == ["p.cfg"]


def test_a_file_that_came_meanwhile_is_not_created_over(path):
    with pytest.raises(UnseenEditError):
        create_file(path, NEW)

    assert path.read_bytes() == OLD
    assert names(path) == ["p.cfg"]


def test_a_file_with_the_known_bytes_is_replaced(path):
    replace_file(path, NEW, digest_of(OLD))

    assert path.read_bytes() == NEW
    assert names(path) == ["p.cfg"]


def test_bytes_that_nobody_has_read_are_not_replaced(path):
    path.write_bytes(UNSEEN)

    with pytest.raises(UnseenEditError):
        replace_file(path, NEW, digest_of(OLD))

    assert path.read_bytes() == UNSEEN
    assert names(path) == ["p.cfg"]


def test_mode_and_owner_are_those_of_the_replaced_file(path):
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 12_345, 23_456)
    before = path.stat()

    replace_file(path, NEW, digest_of(OLD))

    after = path.stat()
    assert stat.S_IMODE(after.st_mode) == 0o640
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)


def test_a_file_that_somebody_writes_to_is_neither_replaced_nor_removed(path):
    with path.open("r+b") as file:
        with pytest.raises(FileBusyError):
            replace_file(path, NEW, digest_of(OLD))
        with pytest.raises(FileBusyError):
            remove_file(path, digest_of(OLD))
        file.write(UNSEEN)

    assert path.read_bytes() == UNSEEN
    assert names(path) == ["p.cfg"]


def test_a_file_with_the_known_bytes_is_removed(path):
    remove_file(path, digest_of(OLD))

    assert names(path) == []


def test_bytes_that_nobody_has_read_are_not_removed(path):
    path.write_bytes(UNSEEN)

    with pytest.raises(UnseenEditError):
        remove_file(path, digest_of(OLD))

    assert path.read_bytes() == UNSEEN
    assert names(path) == ["p.cfg"]


def test_a_disk_that_is_full_leaves_the_old_file_whole_and_no_draft(path, full_disk):
    with full_disk(1000), pytest.raises(OSError, match="too large"):
        replace_file(path, b"#" * 5000, digest_of(OLD))

    assert path.read_bytes() == OLD
    assert names(path) == ["p.cfg"]


def test_a_disk_that_is_full_leaves_nothing_of_a_new_file(tmp_path, full_disk):
    with full_disk(1000), pytest.raises(OSError, match="too large"):
        create_file(tmp_path / "p.cfg", b"#" * 5000)

    assert list(tmp_path.iterdir()) == []


def test_a_draft_that_a_crash_left_is_no_obstacle(path, full_disk):
    data = b"#" * 5000
    replace_file(path, data, digest_of(OLD))
    path.with_name(f".p.cfg.{digest_of(data)[:16]}.{digest_of(NEW)[:16]}.draft").touch()

    replace_file(path, NEW, digest_of(data))

    assert path.read_bytes() == NEW
    assert names(path) == ["p.cfg"]


def test_nobody_else_has_the_lock_of_a_directory_until_it_is_given_back(tmp_path):
    descriptor = os.open(tmp_path, os.O_RDONLY)
    with locked(tmp_path), pytest.raises(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(descriptor)


def test_the_lock_of_a_directory_is_given_back_after_a_failure(tmp_path):
    with pytest.raises(UnseenEditError), locked(tmp_path):
        raise UnseenEditError

    with locked(tmp_path):
        pass


def test_what_came_out_and_cannot_be_read_goes_back_unharmed(path):
    huge = b"#" * (2 * MAX_FILE_BYTES)
    path.write_bytes(huge)

    with pytest.raises(OSError, match="not a small regular file"):
        replace_file(path, NEW, digest_of(OLD))

    assert path.read_bytes() == huge
    assert names(path) == ["p.cfg"]


def test_a_directory_that_another_process_has_locked_is_not_waited_for(tmp_path):
    refused = pytest.raises(DirectoryLockedError)
    with locked(tmp_path), refused, locked(tmp_path):
        pytest.fail("two were let in")


def test_extended_attributes_are_kept_where_the_system_has_them(path):
    try:
        os.setxattr(path, "user.colour", b"blue")
    except OSError:
        assert "user.colour" not in os.listxattr(path)
        return

    replace_file(path, NEW, digest_of(OLD))

    assert path.read_bytes() == NEW
    assert os.getxattr(path, "user.colour") == b"blue"
