"""Reading a file whole, or not at all."""

import os
import time
from pathlib import Path

import pytest

from config_admin.fileinstall.reading import (
    MAX_FILE_BYTES,
    STILL_S,
    FileBusyError,
    Signature,
    UnreadableFileError,
    is_being_written,
    read_file,
)

A_STRANGER = 12_345


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "p.cfg"
    path.write_bytes(b"a = 1\n")
    return path


def unreadable(path):
    with pytest.raises(UnreadableFileError) as caught:
        read_file(path, STILL_S)
    return caught.value.diagnostic


def test_a_file_that_was_just_changed_is_read_without_a_signature(path):
    content = read_file(path, STILL_S)

    assert content.data == b"a = 1\n"
    assert content.signature is None


def test_a_file_that_was_left_alone_has_the_signature_of_its_status():
    settled = Path(os.__file__)

    assert read_file(settled, STILL_S).signature == Signature.of(settled.stat())


def test_a_file_that_is_not_there_is_not_found(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "p.cfg", STILL_S)


def test_a_file_that_a_writer_holds_open_is_busy_until_the_close(path):
    """CM-40."""
    with path.open("r+b"):
        with pytest.raises(FileBusyError) as caught:
            read_file(path, STILL_S)
        assert caught.value.retry_s > 0
        assert is_being_written(path)

    assert not is_being_written(path)
    assert read_file(path, STILL_S).data == b"a = 1\n"


def test_another_reader_does_not_make_a_file_busy(path):
    with path.open("rb"):
        assert read_file(path, STILL_S).data == b"a = 1\n"
        assert not is_being_written(path)


def test_a_writer_that_comes_after_the_reader_need_not_wait(path):
    read_file(path, STILL_S)
    is_being_written(path)

    # It would fail at once if there still were a lease.
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)

    os.close(descriptor)


def test_a_file_that_looks_old_has_a_writer_all_the_same(path):
    long_ago = time.time() - 3600
    with path.open("r+b"):
        os.utime(path, (long_ago, long_ago))
        with pytest.raises(FileBusyError):
            read_file(path, STILL_S)


def test_a_missing_file_is_not_being_written(tmp_path):
    assert not is_being_written(tmp_path / "p.cfg")


def test_a_fifo_does_not_hang_the_reader(tmp_path):
    """CM-39."""
    os.mkfifo(tmp_path / "p.cfg")

    assert "not a regular file" in unreadable(tmp_path / "p.cfg").found


def test_a_directory_and_a_device_are_no_configurations(tmp_path):
    (tmp_path / "p.cfg").symlink_to(tmp_path)
    (tmp_path / "q.cfg").symlink_to("/dev/null")

    assert unreadable(tmp_path / "p.cfg").rule == "file"
    assert "not a regular file" in unreadable(tmp_path / "q.cfg").found


def test_a_file_may_have_a_mebibyte_and_not_one_byte_more(path):
    path.write_bytes(b"#" * MAX_FILE_BYTES)
    assert len(read_file(path, STILL_S).data) == MAX_FILE_BYTES

    path.write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    diagnostic = unreadable(path)
    assert diagnostic.found == "1,048,577 bytes"
    assert "1,048,576" in diagnostic.expected


def test_a_link_is_followed_if_both_ends_are_ours_or_roots(tmp_path, path):
    (tmp_path / "link.cfg").symlink_to(path)

    assert read_file(tmp_path / "link.cfg", STILL_S).data == b"a = 1\n"


def test_a_link_to_nowhere_cannot_be_read_though_the_name_is_there(tmp_path):
    (tmp_path / "p.cfg").symlink_to("nowhere")

    assert "No such file" in unreadable(tmp_path / "p.cfg").found


def test_a_link_to_itself_cannot_be_read(tmp_path):
    (tmp_path / "p.cfg").symlink_to("p.cfg")

    assert "symbolic links" in unreadable(tmp_path / "p.cfg").found


def test_a_link_to_somebody_elses_file_is_not_followed(tmp_path, path):
    """CM-39."""
    link = tmp_path / "link.cfg"
    link.symlink_to(path)
    if os.geteuid() != 0:  # only root can give files away: believe root's own at least
        assert Signature.of(link.stat()) == Signature.of(path.stat())
        return
    os.chown(path, A_STRANGER, -1)
    assert "somebody else" in unreadable(link).found
    assert read_file(path, STILL_S).data == b"a = 1\n", (
        "the file itself may be anybody's"
    )

    os.chown(path, os.geteuid(), -1)
    os.chown(link, A_STRANGER, -1, follow_symlinks=False)
    assert "somebody else" in unreadable(link).found


def test_reading_leaves_no_file_open(path, tmp_path):
    os.mkfifo(tmp_path / "fifo.cfg")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counts
    for _ in range(20):
        read_file(path, STILL_S)
        unreadable(tmp_path / "fifo.cfg")
        with path.open("r+b"), pytest.raises(FileBusyError):
            read_file(path, STILL_S)

    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 - counts
