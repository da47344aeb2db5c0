"""What goes on for too long is a fault, with its place, until it is over."""

import queue
import threading
from math import inf

import pytest

from config_admin.core.faults import Fault, FaultBook, FaultKind
from config_admin.core.watch import Watch

LIMIT_S = 10.0
MORE_THAN_THERE_IS = 2**46  # bytes
SOON_S = 0.05  # long enough to notice what should not happen


class Reports:
    """
    Notes what is told of faults.

    Attributes:
        book: Where they are reported.
        told: Pairs of "came" or "went" and the fault, in order.
        when_told: Called then.
    """

    def __init__(self):
        self.told = queue.Queue()
        self.when_told = lambda: None
        self.book = FaultBook(self._tell)

    def next(self):
        """What is told next; an error if that is nothing."""
        return self.told.get(timeout=LIMIT_S)

    def is_silent(self):
        """Whether nothing more is told for a while."""
        try:
            self.told.get(timeout=SOON_S)
        except queue.Empty:
            return True
        return False

    def _tell(self, came, went):
        for fault in came:
            self.told.put(("came", fault))
        for fault in went:
            self.told.put(("went", fault))
        self.when_told()


class Clock:
    """
    Seconds that pass when they are told to.

    Attributes:
        read: Set whenever somebody looks.
    """

    def __init__(self):
        self.now_s = 100.0
        self.read = threading.Event()

    def __call__(self):
        self.read.set()
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def reports():
    return Reports()


@pytest.fixture
def watched(make_lanes, reports):
    """A running dispatcher that reports: `watched(**options)`."""

    def make(**options):
        dispatcher = make_lanes(report=reports.book.report, **options)
        dispatcher.start()
        return dispatcher

    return make


# A callback that takes long


def test_a_callback_that_takes_long_is_a_fault_until_it_returns(
    watched, reports, block
):
    """CM-19, CM-47: who it is, since when, where it is, and what to do."""
    lanes, release = watched(busy_after_s=0.01), threading.Event()
    block(lanes.lane("acme.Slow.updated"), release)

    what, fault = reports.next()
    assert (what, fault.kind) == ("came", FaultKind.CALLBACK)
    assert "0.0 s" in fault.found
    assert "conftest.py" in fault.found
    assert "__call__" in fault.found
    assert fault.expected == "acme.Slow.updated to return within 0.01 s"
    assert "callback_busy_after_s" in fault.cure
    assert reports.book.all() == (fault,)

    release.set()
    assert reports.next() == ("went", fault)
    assert lanes.flush(LIMIT_S)
    assert reports.book.all() == ()


def test_the_name_of_whoever_takes_long_moves_no_cursor(watched, reports, block):
    """CM-51: a class may be named anything."""
    lanes = watched(busy_after_s=0.01)
    block(lanes.lane("evil\x1b[2J"))

    _, fault = reports.next()
    lanes.stop(0)
    _, left_behind = reports.next()

    assert fault.expected.startswith("evil\\x1b[2J to return within")
    assert left_behind.expected == "evil\\x1b[2J to return"


def test_a_call_is_reported_once_though_it_goes_on_elsewhere(watched, reports, blocked):
    lanes = watched(busy_after_s=0.01)
    first, second = blocked(threading.Event()), blocked(threading.Event())

    def call():
        first()
        second()

    lanes.lane("lane").submit("a", call)
    _, fault = reports.next()
    first.released.set()
    assert second.started.wait(LIMIT_S)
    assert reports.is_silent()
    second.released.set()

    assert reports.next() == ("went", fault)


def test_every_call_that_takes_long_is_reported(watched, reports, block):
    lanes = watched(busy_after_s=0.01)
    lane = lanes.lane("lane")

    for _ in range(3):
        release = threading.Event()
        block(lane, release)
        assert reports.next()[0] == "came"
        release.set()
        assert reports.next()[0] == "went"


def test_lanes_of_one_name_are_reported_each(watched, reports, block):
    lanes, release = watched(busy_after_s=0.01), threading.Event()
    block(lanes.lane("same"), release)
    block(lanes.lane("same"))

    assert [reports.next()[0] for _ in range(2)] == ["came", "came"]
    assert len(reports.book.all()) == 2
    release.set()

    assert reports.next()[0] == "went"
    assert len(reports.book.all()) == 1


def test_what_returns_in_time_is_no_fault(watched, reports, block, clock):
    lanes, release = watched(busy_after_s=0.01, clock=clock), threading.Event()
    block(lanes.lane("lane"), release)

    assert reports.is_silent(), "no time passes"
    release.set()
    assert lanes.flush(LIMIT_S)
    clock.now_s += 1

    assert reports.is_silent()


def test_unregistering_takes_the_fault_away(watched, reports, block):
    """CM-23."""
    lanes = watched(busy_after_s=0.01)
    lane = lanes.lane("lane")
    block(lane)
    _, fault = reports.next()

    lane.close()

    assert reports.next() == ("went", fault)
    assert reports.is_silent()


def test_what_was_unregistered_in_time_is_no_fault(watched, reports, block, clock):
    """CM-23."""
    lanes = watched(busy_after_s=0.01, clock=clock)
    gone, there = lanes.lane("gone"), lanes.lane("there")
    block(gone)
    block(there)
    gone.close()

    clock.now_s += 1

    assert reports.next()[1].expected.startswith("there ")
    assert reports.is_silent()


def test_a_time_without_end_reports_nothing(watched, reports, block):
    lanes = watched(busy_after_s=inf, standstill_after_s=0.01, max_threads=1)
    block(lanes.lane("lane"))
    assert reports.is_silent()

    lanes.lane("other").submit("a", lambda: None)

    assert "all 1 callback threads" in reports.next()[1].found


def test_every_report_is_taken_back_however_short_the_time(watched, reports):
    lanes = watched(busy_after_s=0)
    done = []
    for number in range(200):
        lanes.lane(f"lane {number}").submit("a", lambda: done.append(1))
    assert lanes.flush(LIMIT_S)
    lanes.stop(0)

    open_faults = set()
    while not reports.is_silent():
        pass  # the last report may still be on its way
    open_faults.update(reports.book.all())
    assert open_faults == set()
    assert len(done) == 200


@pytest.fixture
def filed():
    """What is reported now, by subject."""
    return {}


def fault_of(for_s):
    found = f"something for {for_s:g} s"
    return Fault(kind=FaultKind.CALLBACK, found=found, expected="-", cure="-", rule="-")


def test_a_watch_that_was_started_needs_no_second_thread(clock, reports):
    there = set(threading.enumerate())
    watch = Watch(clock, reports.book.report)

    for _ in range(2):
        watch.start()
    started = set(threading.enumerate()) - there
    watch.stop()

    assert [thread.name for thread in started] == ["config-admin watch"]


def test_what_ends_while_it_is_reported_is_no_fault(filed, clock):
    ends_first = []

    def report(_, subject, faults):
        while ends_first:
            watch.end(ends_first.pop())
        filed[subject] = faults

    watch = Watch(clock, report)
    one = watch.begin(fault_of, 5)
    ends_first.append(one)
    watch.report(one)

    assert filed == {one.subject: ()}


def test_what_has_ended_is_reported_no_more(filed, clock):
    watch = Watch(clock, lambda _, subject, faults: filed.update({subject: faults}))
    one, other = watch.begin(fault_of, 5), watch.begin(fault_of, 5)
    clock.now_s += 2

    watch.end(one)
    watch.report(one)
    watch.report(other)

    assert filed == {other.subject: (fault_of(2),)}


def test_whoever_is_told_may_call_back(watched, reports, block):
    """CM-18: a log handler of the program's own."""
    lanes, release = watched(busy_after_s=0.01), threading.Event()
    lane, other = lanes.lane("lane"), lanes.lane("other")
    called = threading.Event()

    def call_back():
        other.submit("a", called.set)
        lanes.flush(0)
        lanes.finish(other, 0)
        lanes.run_within(other.stack, LIMIT_S)

    reports.when_told = call_back
    block(lane, release)

    assert reports.next()[0] == "came"
    assert called.wait(LIMIT_S)
    called.clear()
    release.set()
    assert reports.next()[0] == "went"
    assert called.wait(LIMIT_S)


def test_whoever_is_told_may_block_or_exit_and_harms_no_callback(
    watched, reports, block, released
):
    """CM-19."""
    lanes, quick = watched(busy_after_s=0.01), threading.Event()
    reports.when_told = lambda: released.wait(LIMIT_S)
    block(lanes.lane("first"))
    assert reports.next()[0] == "came"

    for number in range(20):
        block(lanes.lane(f"blocked {number}"))
    lanes.lane("quick").submit("a", quick.set)

    assert quick.wait(LIMIT_S)


def test_whoever_is_told_may_exit(watched, reports, block):
    lanes = watched(busy_after_s=0.01)

    def leave():
        raise SystemExit

    reports.when_told = leave
    for _ in range(2):
        release = threading.Event()
        block(lanes.lane("lane"), release)
        assert reports.next()[0] == "came"
        release.set()
        assert reports.next()[0] == "went"

    assert lanes.flush(LIMIT_S)


def test_nobody_wakes_up_while_nothing_runs(watched, clock, block):
    """Whoever watches reads the clock whenever it wakes up."""
    lanes = watched(busy_after_s=0.005, clock=clock)
    release = threading.Event()
    block(lanes.lane("lane"), release)
    clock.read.clear()
    assert clock.read.wait(LIMIT_S), "it looks as long as a call runs"

    release.set()
    assert lanes.flush(LIMIT_S)
    for _ in range(100):
        clock.read.clear()
        if not clock.read.wait(SOON_S):
            break

    assert not clock.read.is_set()


# No thread for those that wait


def test_it_is_a_fault_that_all_threads_are_busy_until_one_is_free(
    watched, reports, block
):
    """CM-19: it says who blocks, where, and which setting helps."""
    lanes = watched(max_threads=2, standstill_after_s=0.01)
    release, done = threading.Event(), threading.Event()
    block(lanes.lane("one"), release)
    block(lanes.lane("two"))
    assert reports.is_silent(), "nobody waits"

    lanes.lane("three").submit("a", done.set)
    what, fault = reports.next()
    assert (what, fault.kind) == ("came", FaultKind.CALLBACK)
    assert fault.found.startswith("all 2 callback threads busy for 0.0 s and 1 ")
    assert "one, at " in fault.found
    assert "two, at " in fault.found
    assert "threading.py" in fault.found
    assert " > " not in fault.found, "the innermost frame is enough"
    assert "three" not in fault.found
    assert "max_callback_threads" in fault.cure

    release.set()
    assert reports.next() == ("went", fault)
    assert done.wait(LIMIT_S)
    assert lanes.lane("four").submit("a", done.set) is None
    assert reports.is_silent()


def test_of_many_that_block_five_are_named(watched, reports, block):
    lanes = watched(max_threads=7, standstill_after_s=0.01)
    for number in range(7):
        block(lanes.lane(f"lane-{number}"))

    lanes.lane("waits").submit("a", lambda: None)

    _, fault = reports.next()
    assert fault.found.count("lane-") == 5
    assert fault.found.endswith("; and 2 more")


def test_a_standstill_is_told_again_when_it_comes_again(watched, reports, block):
    lanes = watched(max_threads=1, standstill_after_s=0.01)
    for _ in range(3):
        release, done = threading.Event(), threading.Event()
        block(lanes.lane("blocks"), release)
        lanes.lane("waits").submit("a", done.set)

        assert reports.next()[0] == "came"
        release.set()
        assert reports.next()[0] == "went"
        assert done.wait(LIMIT_S)


def test_a_standstill_ends_with_the_dispatcher(watched, reports, block):
    lanes = watched(max_threads=1, standstill_after_s=0.01)
    block(lanes.lane("stuck"))
    lanes.lane("waits").submit("a", lambda: None)
    _, standstill = reports.next()

    lanes.stop(0)

    (fault,) = reports.book.all()
    assert fault != standstill
    assert fault.expected == "stuck to return"


def test_a_system_without_threads_is_a_fault_and_costs_no_call(watched, reports):
    lanes, done = watched(standstill_after_s=0.01, max_threads=1), []
    usual = threading.stack_size(MORE_THAN_THERE_IS)
    try:
        lanes.lane("first").submit("a", lambda: done.append("first"))
        what, fault = reports.next()
        lanes.lane("second").submit("a", lambda: done.append("second"))
        assert reports.is_silent(), "it is said once"
    finally:
        threading.stack_size(usual)
    assert what == "came"
    assert fault.found.startswith("1 callbacks that have waited for a thread for 0.0 s")
    assert "thread" in fault.found

    lanes.lane("third").submit("a", lambda: done.append("third"))

    assert lanes.flush(LIMIT_S)
    assert done == ["first", "second", "third"]
    assert reports.next() == ("went", fault)
    assert reports.book.all() == ()


# What a stop leaves behind


def test_a_callback_that_a_stop_leaves_behind_is_a_fault_until_it_returns(
    watched, reports, block
):
    """CM-47: named, with its stack."""
    lanes, release = watched(), threading.Event()
    lane = lanes.lane("acme.Stuck.updated")
    call = block(lane, release)

    assert lanes.stop(0) == (lane,)
    what, fault = reports.next()
    assert (what, fault.kind) == ("came", FaultKind.CALLBACK)
    assert "conftest.py" in fault.found
    assert fault.expected == "acme.Stuck.updated to return"
    assert reports.book.all() == (fault,)

    release.set()
    assert reports.next() == ("went", fault)
    call.thread.join(LIMIT_S)
    assert not call.thread.is_alive()
    assert reports.book.all() == ()


@pytest.mark.parametrize("is_closed", [False, True])
def test_a_callback_left_behind_has_one_fault(watched, reports, block, is_closed):
    """CM-47: also if it was reported before, or unregistered."""
    lanes = watched(busy_after_s=0.01)
    lane = lanes.lane("lane")
    block(lane)
    reports.next()
    if is_closed:
        lane.close()

    lanes.stop(0)

    (fault,) = reports.book.all()
    assert fault.expected == "lane to return"
