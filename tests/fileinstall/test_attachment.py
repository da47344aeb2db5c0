"""A watcher has to prove itself (CM-44): who tells nothing is not believed."""

import errno
import os
import shutil

import pytest

from config_admin.core.faults import FaultBook, FaultKind
from config_admin.fileinstall.attachment import Attachment
from config_admin.fileinstall.presence import Presence
from config_admin.fileinstall.probe import Probe


class Ears:
    """Makes watchers that hear what happens as long as they are not deaf."""

    def __init__(self):
        self.is_deaf = False
        self.made = 0
        self.open = 0
        self.error = None
        self.listener = None

    def __call__(self, _path, listener):
        if self.error is not None:
            raise self.error
        self.made += 1
        self.open += 1
        self.listener = listener
        return self

    def close(self):
        self.open -= 1

    def hear(self, name):
        if not self.is_deaf:
            self.listener.file_changed(name)


class Desk:
    """An attachment on a clock of its own, and what it told."""

    def __init__(self, path, **options):
        self.path = path
        self.now = 1000.0
        self.told = []
        self.ears = Ears()
        self.book = FaultBook(lambda _came, _went: None)
        self.probe = Probe(path, lambda: self.now)
        self.options = {"probe": self.probe, "watch": self.ears, **options}
        self.attachment = Attachment(
            path,
            Presence(path, path, self.book, "configuration files"),
            self,
            **self.options,
        )
        self.send, self.probe.send = self.probe.send, self.send_and_tell

    def send_and_tell(self):
        """As the kernel does: the events of the probe come after it."""
        self.send()
        if self.probe.is_awaited:
            self.ears.hear(self.probe._renamed.name)

    def renew(self):
        """The pause until it is looked at again; that passes."""
        pause_s = self.attachment.renew()
        self.now += pause_s
        return pause_s

    def renew_until(self, condition):
        """How long it took."""
        begin_s = self.now
        while True:
            pause_s = self.attachment.renew()
            if condition():
                return self.now - begin_s
            self.now += pause_s

    def faults(self):
        return [fault.found for fault in self.book.all()]

    def file_closed(self, name):
        self.told.append(name)

    def file_changed(self, name):
        self.told.append(name)

    def look_at_all(self):
        self.told.append("all")

    def directory_lost(self):
        self.told.append("lost")


@pytest.fixture
def etc(tmp_path):
    (tmp_path / "etc").mkdir()
    return tmp_path / "etc"


@pytest.fixture
def desk(etc):
    return Desk(etc)


def test_a_watcher_that_tells_is_asked_again_every_few_minutes(desk):
    """CM-44."""
    sent_s = []
    desk.probe.send = lambda: (sent_s.append(desk.now - 1000), desk.send_and_tell())
    while desk.now < 1000 + 3600:
        assert desk.renew() == 30.0

    assert sent_s == [0.0, *range(300, 3600, 300)]
    assert desk.faults() == []
    assert desk.told == [], "the probe concerns nobody else"
    assert list(desk.path.iterdir()) == []


def test_an_idle_directory_is_looked_at_twice_a_minute(desk):
    """CM-44: the probe wakes nobody up besides."""
    desk.renew()
    begin_s, looks = desk.now, 0
    while desk.now < begin_s + 3600:
        desk.renew()
        looks += 1

    assert looks <= 2 * 60


def test_a_watcher_that_tells_nothing_from_the_start_is_found_out(desk):
    """CM-44: it polls and says so."""
    desk.ears.is_deaf = True

    assert desk.renew() == pytest.approx(2.0), "the start does not wait"
    assert desk.faults() == []
    assert desk.renew() == 1.0

    (fault,) = desk.book.all()
    assert fault.kind is FaultKind.DIRECTORY
    assert fault.file == str(desk.path)
    assert "polling_s" in fault.cure
    assert "inotify" in fault.cure


def test_a_watcher_that_falls_silent_is_found_out(desk):
    """CM-44."""
    desk.renew()
    desk.ears.is_deaf = True

    assert desk.renew_until(desk.faults) <= 300 + 30
    pauses = {desk.renew() for _ in range(200)}
    assert pauses == {1.0}
    assert len(desk.faults()) == 1


def test_it_heals_when_a_watcher_tells_again(desk):
    """CM-44: another watcher is tried, too."""
    desk.ears.is_deaf = True
    for _ in range(10):
        desk.renew()
    assert desk.faults()

    desk.ears.is_deaf = False

    assert desk.renew_until(lambda: not desk.faults()) <= 30 + 2
    assert desk.renew() == 30.0
    assert (desk.ears.made, desk.ears.open) == (2, 1)


def test_an_answer_that_comes_late_is_one(desk):
    """On a busy machine."""
    desk.ears.is_deaf = True
    desk.renew()
    desk.renew()
    assert desk.faults()
    desk.attachment.file_closed(desk.probe._renamed.name)

    assert desk.renew() == 30.0
    assert desk.faults() == []
    assert desk.ears.made == 1


def test_a_queue_that_overflows_is_an_answer(desk):
    """The event of the probe may be among those that were lost."""
    desk.ears.is_deaf = True
    desk.renew()

    desk.attachment.look_at_all()
    desk.renew()

    assert desk.faults() == []
    assert desk.told == ["all"]


def test_a_watcher_that_cannot_be_made_any_more_is_told(desk):
    desk.ears.is_deaf = True
    desk.renew_until(desk.faults)
    desk.ears.error = OSError(errno.ENOSPC, "limit reached")
    for _ in range(40):
        assert desk.renew() == 1.0
    assert ["limit reached" in found for found in desk.faults()] == [True]

    desk.ears.error, desk.ears.is_deaf = None, False
    for _ in range(3):
        desk.renew()
    assert desk.faults() == []


def test_where_no_file_can_be_made_it_is_looked_through_every_30_seconds(desk):
    """CM-44: nobody can say whether the watcher tells anything."""
    desk.probe._made = desk.path / "missing" / "probe"
    desk.ears.is_deaf = True

    assert [desk.renew() for _ in range(20)] == [30.0] * 20
    assert desk.faults() == []


def test_where_nothing_may_be_touched_nothing_is(etc):
    """CM-44: write_back=False."""
    desk = Desk(etc, probe=None)
    desk.ears.is_deaf = True
    before = etc.stat()

    assert [desk.renew() for _ in range(20)] == [30.0] * 20
    assert etc.stat().st_mtime_ns == before.st_mtime_ns
    assert desk.faults() == []


def test_polling_watches_nothing(etc):
    """CM-44: polling_s."""
    desk = Desk(etc, polling_s=7.0)
    before = etc.stat()

    assert [desk.renew() for _ in range(100)] == [7.0] * 100
    assert desk.ears.made == 0
    assert etc.stat().st_mtime_ns == before.st_mtime_ns, "nor is a probe sent"

    shutil.rmtree(etc)
    assert desk.renew() == 7.0
    assert desk.faults()


def test_a_directory_that_has_just_come_stays_empty_for_a_moment(desk):
    """Whoever made it may remove it at once, with `rmdir`."""
    desk.renew()
    shutil.rmtree(desk.path)
    desk.attachment.directory_lost()
    assert desk.renew() == 0.25
    desk.path.mkdir()
    sent = []
    desk.probe.send = lambda: sent.append(desk.now)

    assert desk.renew() == 2.0
    assert sent == []
    desk.renew()
    assert len(sent) == 1
    assert desk.ears.open == 1


def test_another_directory_in_its_place_has_to_be_heard_anew(desk):
    desk.ears.is_deaf = True
    desk.renew_until(desk.faults)
    desk.path.rename(desk.path.with_name("old"))
    desk.path.mkdir()
    desk.ears.is_deaf = False

    desk.renew()
    desk.renew()
    assert desk.faults() == []
    assert desk.renew() == 30.0


def test_what_is_told_goes_on_to_the_listener(desk):
    desk.renew()
    desk.attachment.file_closed("a")
    desk.attachment.file_changed("b")
    desk.attachment.look_at_all()
    desk.attachment.directory_lost()
    assert desk.told == ["a", "b", "all", "lost"]


def test_probes_of_other_processes_disturb_nobody(desk):
    """CM-44."""
    other = Probe(desk.path, lambda: 0.0)
    desk.renew()
    for name in (other._made.name, other._renamed.name):
        desk.attachment.file_closed(name)
        desk.attachment.file_changed(name)

    assert desk.told == []
    assert other._renamed != desk.probe._renamed


def test_a_probe_that_cannot_be_renamed_leaves_nothing_behind(desk):
    desk.probe._renamed.mkdir()
    (desk.probe._renamed / "inside").touch()

    desk.send()

    assert not desk.probe.is_awaited
    assert os.listdir(desk.path) == [desk.probe._renamed.name]  # noqa: PTH208 - names
