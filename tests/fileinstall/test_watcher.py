"""One contract for every watcher: what it tells of a directory, and what not."""

import os
import queue
import shutil
import threading
import time
from pathlib import Path

import pytest

from config_admin.fileinstall.watcher import (
    InotifyWatcher,
    ObserverWatcher,
    watch_directory,
)

LIMIT_S = 10.0
ALL, LOST = "all", "lost"
MOST_QUEUED = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())


class Told:
    """A listener that keeps what it is told."""

    def __init__(self):
        self.queue = queue.SimpleQueue()
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def file_closed(self, name):
        self.file_changed(name)

    def file_changed(self, name):
        self.queue.put(name)
        self.may_go_on.wait(LIMIT_S)

    def look_at_all(self):
        self.queue.put((ALL,))

    def directory_lost(self):
        self.queue.put((LOST,))

    def wait_for(self, wanted):
        """Everything that is told until *wanted* is."""
        before = []
        deadline_s = time.monotonic() + LIMIT_S
        while True:
            try:
                left_s = max(0.0, deadline_s - time.monotonic())
                one = self.queue.get(timeout=left_s)
            except queue.Empty:
                pytest.fail(f"{wanted!r} was not told, but {before}")
            if one == wanted:
                return before
            before.append(one)


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def etc(tmp_path):
    (tmp_path / "etc").mkdir()
    return tmp_path / "etc"


@pytest.fixture(params=[InotifyWatcher, ObserverWatcher])
def watched(request, etc, told):
    """A directory that is watched; the watcher is closed in the end."""
    (etc / "old.cfg").write_text("a = 1\n")
    watcher = request.param(etc, told)
    yield etc
    watcher.close()


def test_a_file_that_is_written_is_told(watched, told):
    (watched / "p.cfg").write_text("a = 1\n")

    told.wait_for("p.cfg")


def test_a_file_that_is_renamed_over_another_is_told_by_its_new_name(watched, told):
    draft = watched / "draft"
    draft.write_text("a = 2\n")

    draft.replace(watched / "old.cfg")

    told.wait_for("old.cfg")


def test_a_file_that_comes_from_elsewhere_is_told(watched, told, tmp_path):
    (tmp_path / "p.cfg").write_text("a = 1\n")

    (tmp_path / "p.cfg").rename(watched / "p.cfg")

    told.wait_for("p.cfg")


def test_a_file_that_goes_elsewhere_is_told(watched, told, tmp_path):
    (watched / "old.cfg").rename(tmp_path / "old.cfg")

    told.wait_for("old.cfg")


def test_a_file_that_is_removed_is_told(watched, told):
    (watched / "old.cfg").unlink()

    told.wait_for("old.cfg")


def test_a_link_is_told(watched, told):
    (watched / "link.cfg").symlink_to("old.cfg")

    told.wait_for("link.cfg")


def test_a_change_of_permissions_is_told(watched, told):
    (watched / "old.cfg").chmod(0o400)

    told.wait_for("old.cfg")


def test_our_own_reading_is_not_told(watched, told):
    for _ in range(3):
        (watched / "old.cfg").read_text()
        sorted(watched.iterdir())
        (watched / "old.cfg").stat()
    (watched / "p.cfg").write_text("a = 1\n")

    assert "old.cfg" not in told.wait_for("p.cfg")


def test_what_happens_in_subdirectories_is_not_told(watched, told):
    """CM-59."""
    (watched / "sub").mkdir()
    (watched / "sub" / "inner.cfg").write_text("a = 1\n")
    (watched / "p.cfg").write_text("a = 1\n")

    assert "inner.cfg" not in told.wait_for("p.cfg")


def test_the_loss_of_the_directory_is_told(watched, told):
    shutil.rmtree(watched)

    told.wait_for((LOST,))


def test_a_name_in_no_encoding_is_told(watched, told):
    name = b"\xff.cfg"
    with open(os.path.join(os.fsencode(watched), name), "wb"):  # noqa: PTH118, PTH123 - bytes are no Path
        pass

    told.wait_for(os.fsdecode(name))


@pytest.fixture
def inotify(etc, told):
    watcher = InotifyWatcher(etc, told)
    yield etc
    watcher.close()


def test_a_file_that_goes_elsewhere_is_told_at_once(inotify, told, tmp_path):
    """watchdog's own observer waits half a second for its other half."""
    (inotify / "p.cfg").write_text("a = 1\n")
    (inotify / "p.cfg").chmod(0o600)
    (inotify / "sentinel").write_text("")
    told.wait_for("sentinel")

    took_s = []
    for number in range(5):
        begin = time.monotonic()
        (inotify / "p.cfg").rename(tmp_path / "p.cfg")
        told.wait_for("p.cfg")
        took_s.append(time.monotonic() - begin)
        (tmp_path / "p.cfg").rename(inotify / "p.cfg")
        (inotify / f"{number}").write_text("")
        told.wait_for(f"{number}")

    assert min(took_s) < 0.1


def test_a_file_is_not_told_while_it_is_being_written(inotify, told):
    with (inotify / "p.cfg").open("w") as file:
        file.write("a = 1\n")
        file.flush()
        (inotify / "q.cfg").touch()
        assert "p.cfg" not in told.wait_for("q.cfg")

    told.wait_for("p.cfg")


def test_a_directory_that_is_renamed_is_lost(inotify, told):
    inotify.rename(inotify.with_name("elsewhere"))

    told.wait_for((LOST,))


def test_a_queue_that_overflows_is_told_as_a_change_of_everything(inotify, told):
    """CM-39."""
    told.may_go_on.clear()
    (inotify / "first").touch()
    told.wait_for("first")
    a, b = os.fspath(inotify / "a"), os.fspath(inotify / "b")
    (inotify / "a").touch()
    for _ in range(MOST_QUEUED // 4 + 1000):  # four events in each round
        os.rename(a, b)  # noqa: PTH104 - twice as fast
        os.rename(b, a)  # noqa: PTH104 - as above
    told.may_go_on.set()

    told.wait_for((ALL,))


def test_nothing_is_told_after_the_close(etc, told):
    closed, other = Told(), InotifyWatcher(etc, told)
    watcher = InotifyWatcher(etc, closed)
    watcher.close()

    (etc / "p.cfg").write_text("a = 1\n")
    told.wait_for("p.cfg")
    other.close()

    assert closed.queue.empty()


def test_a_directory_that_is_not_there_cannot_be_watched(tmp_path, told):
    threads = set(threading.enumerate())
    with pytest.raises(FileNotFoundError):
        watch_directory(tmp_path / "etc", told)

    for thread in set(threading.enumerate()) - threads:
        thread.join(LIMIT_S)
        assert not thread.is_alive()


def test_a_file_cannot_be_watched_as_a_directory(tmp_path, told):
    (tmp_path / "etc").write_text("")

    with pytest.raises(NotADirectoryError):
        watch_directory(tmp_path / "etc", told)


def test_watchers_that_come_and_go_leave_nothing_open(etc, told):
    open_files = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counts
    threads = set(threading.enumerate())
    for _ in range(20):
        watch_directory(etc, told).close()
        with pytest.raises(OSError, match="No such file"):
            watch_directory(etc / "missing", told)
    for thread in set(threading.enumerate()) - threads:
        thread.join(LIMIT_S)

    assert len(os.listdir("/proc/self/fd")) <= open_files  # noqa: PTH208 - counts
