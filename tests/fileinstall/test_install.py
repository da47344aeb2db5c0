"""The thread that follows directories, with watchers that tell nothing."""

import os
import shutil
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from config_admin.core.admin import ConfigurationAdmin
from config_admin.core.dispatch import InlineDispatcher
from config_admin.core.faults import FaultBook
from config_admin.core.parts import World
from config_admin.core.ports import Checked
from config_admin.fileinstall.context import Context
from config_admin.fileinstall.directories import Directories
from config_admin.fileinstall.install import FileInstall
from config_admin.fileinstall.pace import Timing
from config_admin.fileinstall.watcher import InotifyWatcher
from config_admin.formats import cfg
from config_admin.stores.memory import MemoryLedger, MemoryStore

LIMIT_S = 15.0
MOST_QUEUED = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
_PAUSE = threading.Event()


class AnythingGoes:
    """A validator without schemas."""

    def check(self, _pid, properties):
        return Checked(properties)

    def without(self, _pid):
        return None

    def schema_of(self, _pid):
        return None

    def is_secret(self, _pid, _key):
        return False

    def as_text(self, _pid, _key, _value):
        return None


class Blind:
    """A watcher that tells nothing."""

    made = 0

    def __init__(self, _path, _listener):
        Blind.made += 1

    def close(self):
        pass


class Held:
    """A watcher whose thread can be held, as on a busy machine."""

    def __init__(self):
        self.is_held = threading.Event()
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def __call__(self, path, listener):
        def slowly(tell):
            def tell_when_it_may(name):
                if not self.may_go_on.is_set():
                    self.is_held.set()
                    self.may_go_on.wait(LIMIT_S)
                tell(name)

            return tell_when_it_may

        held = SimpleNamespace(
            file_closed=slowly(listener.file_closed),
            file_changed=slowly(listener.file_changed),
            look_at_all=listener.look_at_all,
            directory_lost=listener.directory_lost,
        )
        return InotifyWatcher(path, held)


class Office:
    """A directory that is followed, its admin and its faults."""

    def __init__(self, path, **options):
        self.path = path
        self.book = FaultBook(lambda _came, _went: None)
        self.admin = ConfigurationAdmin(
            MemoryStore(),
            World(
                validator=AnythingGoes(),
                dispatcher=InlineDispatcher(),
                faults=self.book,
                now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
            ),
        )
        context = Context(
            path=path,
            named=path,
            admin=self.admin,
            formats={".cfg": cfg},
            ledger=MemoryLedger(),
            faults=self.book,
            **options,
        )
        clock = {"clock": options["clock"]} if "clock" in options else {}
        self.files = FileInstall(Directories([context]), **clock)
        self.admin.guard(self.files)

    def value(self, pid="p"):
        found = self.admin.find(pid)
        return None if found is None else found.properties.get("a")

    def wait_until(self, condition):
        deadline_s = time.monotonic() + LIMIT_S
        while not condition():
            if time.monotonic() > deadline_s:
                pytest.fail(f"it did not come about; {self.book.all()}")
            _PAUSE.wait(0.005)


@pytest.fixture
def open_office(tmp_path):
    """Follow a directory until the test ends."""
    (tmp_path / "etc").mkdir()
    offices = []

    def begin(**options):
        offices.append(Office(tmp_path / "etc", **options))
        offices[-1].files.start()
        return offices[-1]

    yield begin
    for office in offices:
        office.files.stop(LIMIT_S)


def follows(office, save):
    """Whether every edit is found: new, changed, removed, made again."""
    path = office.path / "p.cfg"
    for value in ("1", "2", None, "3"):
        if value is None:
            path.unlink()
        else:
            save(path, f"a = {value}\n")
        office.wait_until(lambda value=value: office.value() == value)
    office.admin.update("p", {"a": "api"})
    assert office.files.flush(LIMIT_S)
    return path.read_text() == "a = api\n"


def test_a_watcher_that_tells_proves_itself(open_office):
    """CM-44: and nothing of the probe is left."""
    office = open_office(timing=Timing(answer_s=LIMIT_S))
    (attachment,) = office.files._attachments

    office.wait_until(lambda: attachment._probe.is_heard)

    assert not attachment._probe.is_awaited
    assert list(office.path.iterdir()) == []
    assert office.book.all() == ()


def test_with_a_watcher_that_tells_nothing_every_edit_is_found(open_office, save):
    """CM-39, CM-44: it is found out, said, and the directory is looked through."""
    timing = Timing(answer_s=0.1, poll_s=0.05)
    office = open_office(watch=Blind, timing=timing)
    office.wait_until(office.book.all)
    (fault,) = office.book.all()
    assert "did not tell" in fault.found
    assert "every 0.05 s" in fault.cure

    assert follows(office, save)


def test_polling_finds_every_edit_and_makes_no_watcher(open_office, save):
    """CM-39, CM-44: polling_s."""
    made = Blind.made
    office = open_office(watch=Blind, polling_s=0.05)

    assert follows(office, save)
    assert Blind.made == made
    assert office.book.all() == ()


def test_polling_finds_the_directory_that_was_made_again(open_office, save):
    """CM-39: nothing is deleted, whatever the file system calls the new one."""
    office = open_office(watch=Blind, polling_s=0.05)
    for name in ("p.cfg", "q.cfg"):
        save(office.path / name, "a = 1\n")
    office.wait_until(lambda: office.value("q") == office.value("p") == "1")

    shutil.rmtree(office.path)
    office.path.mkdir()
    save(office.path / "p.cfg", "a = 2\n")

    office.wait_until(lambda: office.value() == "2")
    office.wait_until(
        lambda: any("no file for q" in f.found for f in office.book.all())
    )
    assert office.value("q") == "1"


def test_files_whose_events_were_dropped_are_found(open_office):
    """CM-39: the queue is full when they are made."""
    held = Held()
    office = open_office(watch=held)
    held.may_go_on.clear()
    (office.path / "first").touch()
    assert held.is_held.wait(LIMIT_S)
    one, other = os.fspath(office.path / "first"), os.fspath(office.path / "second")
    for _ in range(MOST_QUEUED // 4 + 1000):  # four events in each round
        os.rename(one, other)  # noqa: PTH104 - twice as fast
        os.rename(other, one)  # noqa: PTH104 - as above
    for number in range(500):
        (office.path / f"p{number}.cfg").write_text(f"a = {number}\n")

    held.may_go_on.set()

    office.wait_until(lambda: len(office.admin.present_pids()) == 500)
    assert office.value("p499") == "499"


def test_a_start_does_not_wait_for_the_answer_of_the_watcher(open_office):
    """CM-44."""
    begin_s = time.monotonic()
    open_office(watch=Blind)

    assert time.monotonic() - begin_s < 1.0


def test_an_idle_program_is_woken_up_twice_a_minute(open_office):
    """CM-44: however much it follows. The probe goes with one of these times."""
    now = [1000.0]
    office = open_office(clock=lambda: now[0], write_back=False)
    office.files.stop(LIMIT_S)  # the test is the thread
    files, runs = office.files, []
    for number in range(3):
        now[0] += 1.7
        files.add_chore(lambda: runs.append(now[0]) or 30.0, f"chore {number}")
        files._run_due()
    runs.clear()
    begin_s, wakes = now[0], 0
    while now[0] < begin_s + 3600:
        now[0] = min(chore.due_s for chore in files._chores) + 0.01
        files._run_due()
        wakes += 1

    assert wakes <= 2 * 60 + 1
    assert len(runs) >= 3 * 119


def test_probes_that_a_crash_left_behind_are_removed(open_office, tmp_path):
    """CM-44."""
    left = tmp_path / "etc" / ".config-admin.0123456789abcdef.probe"
    other = tmp_path / "etc" / ".somebody.probe"
    for path in (left, other):
        path.touch()

    office = open_office()

    assert [path.name for path in office.path.iterdir()] == [other.name]
