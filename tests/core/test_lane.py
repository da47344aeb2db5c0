"""A lane: who waits on it, what runs, since when and where."""

import logging
import threading
import time
from functools import partial

import pytest

from config_admin.core.dispatch import InlineDispatcher
from config_admin.core.lane import Lane

LIMIT_S = 10.0
SOON_S = 0.05  # long enough to notice what should not happen


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def inline(clock):
    return InlineDispatcher(clock)


def nothing():
    """A call that is over at once."""


def test_a_lane_knows_since_when_it_is_busy(inline, clock):
    """CM-48."""
    lane = inline.lane("lane")
    since_s = []

    def call():
        clock.now_s += 5
        since_s.append(lane.busy_since_s)

    lane.submit("a", call)
    lane.submit("b", call)
    assert lane.busy_since_s is None
    inline.flush()

    assert since_s == [100.0, 105.0]
    assert lane.busy_since_s is None


def test_a_blocked_lane_is_busy_until_it_is_let_go(make_lanes, clock, block):
    """CM-48."""
    release = threading.Event()
    with make_lanes(clock=clock) as lanes:
        lane = lanes.lane("lane")
        block(lane, release)
        clock.now_s += 5

        assert lane.busy_since_s == 100.0
        release.set()
        assert lanes.flush(LIMIT_S)

        assert lane.busy_since_s is None


def test_every_call_is_counted_once(inline):
    lane = inline.lane("lane")
    lane.submit("a", nothing)
    lane.submit("b", nothing)
    lane.submit("a", nothing)  # in the place of the first
    assert (lane.submitted, lane.done) == (2, 0)

    lane.run_next()
    assert (lane.submitted, lane.done) == (2, 1)

    lane.close()
    lane.run_next()
    lane.submit("c", nothing)
    assert (lane.submitted, lane.done) == (2, 2)


def test_a_long_queue_is_worked_off_as_fast_as_a_short_one(inline):
    """CM-29: a listener that was blocked for long has many events to catch up on."""

    def seconds_for(calls):
        lane = inline.lane("lane")
        for number in range(calls):
            lane.submit(number, nothing)
        begun = time.perf_counter()
        inline.flush()
        return time.perf_counter() - begun

    short_s, long_s = (
        min(seconds_for(calls) for _ in range(3)) for calls in (5_000, 40_000)
    )

    assert long_s / short_s < 20, "eight times as many calls"


# Closing


def test_nothing_starts_after_close_has_returned(lanes, block):
    release = threading.Event()
    done = []
    lane = lanes.lane("lane")
    block(lane, release)
    lane.submit("waiting", lambda: done.append("waiting"))

    lane.close()
    lane.submit("later", lambda: done.append("later"))
    release.set()

    assert lanes.flush(LIMIT_S)
    assert done == []


def test_close_waits_for_the_call_that_runs(lanes, block):
    release = threading.Event()
    lane = lanes.lane("lane")
    call = block(lane, release)
    ended_before = []

    def close():
        lane.close(LIMIT_S)
        ended_before.append(call.ended.is_set())

    closing = threading.Thread(target=close)
    closing.start()
    closing.join(SOON_S)
    assert closing.is_alive()
    release.set()
    closing.join(LIMIT_S)

    assert ended_before == [True]


def test_close_waits_no_longer_than_it_was_told(lanes, block):
    lane = lanes.lane("lane")
    call = block(lane)

    lane.close(0.01)

    assert not call.ended.is_set()


def test_two_lanes_may_close_each_other(lanes, together):
    one, other = lanes.lane("one"), lanes.lane("other")
    both = threading.Barrier(2)
    closed = []

    def close(lane):
        both.wait(LIMIT_S)
        lane.close(0.01)
        closed.append(lane.name)

    one.submit("a", lambda: close(other))
    other.submit("a", lambda: close(one))

    assert lanes.flush(LIMIT_S)
    assert sorted(closed) == ["one", "other"]


def test_a_lane_tells_when_it_is_closed_before_it_waits(lanes, block):
    """CM-23."""
    release = threading.Event()
    lane = lanes.lane("lane")
    block(lane, release)
    waiting = threading.Thread(target=partial(lanes.finish, lane, LIMIT_S))
    waiting.start()
    closing = threading.Thread(target=partial(lane.close, LIMIT_S))

    closing.start()
    closing.join(SOON_S)
    assert lane.is_closed
    assert closing.is_alive()
    release.set()
    closing.join(LIMIT_S)
    waiting.join(LIMIT_S)

    assert not closing.is_alive()
    assert not waiting.is_alive()


# Where a call is


def test_a_lane_that_runs_nothing_has_no_stack(lanes):
    lane = lanes.lane("lane")
    assert lane.stack() is None

    lane.submit("a", nothing)
    assert lanes.flush(LIMIT_S)

    assert lane.stack() is None


def test_the_stack_of_a_call_ends_where_it_is_now(inline):
    stacks = []
    lane = inline.lane("lane")

    def where_it_is():
        stacks.append(lane.stack())

    lane.submit("a", where_it_is)
    inline.flush()

    assert "test_lane.py" in stacks[0]
    assert "where_it_is" in stacks[0]


def test_the_stack_begins_with_foreign_code(lanes, block):
    """CM-47."""
    lane = lanes.lane("lane")
    block(lane)

    first, *_ = lane.stack().split(" > ")

    assert "conftest.py" in first
    assert first.endswith("__call__")
    assert lane.stack(frames_shown=1) == lane.stack().split(" > ")[-1]


def test_a_deep_stack_shows_where_it_ends(lanes, blocked):
    lane, call = lanes.lane("lane"), blocked()

    def deep(levels):
        return deep(levels - 1) if levels else call()

    lane.submit("a", partial(deep, 50))
    assert call.started.wait(LIMIT_S)

    places = lane.stack().split(" > ")
    assert len(places) == 8
    assert places[0].endswith(" deep")
    assert not places[-1].endswith(" deep")


def test_the_stack_shows_nothing_that_moves_a_cursor(inline):
    """CM-51: the name of a function and of its file are foreign too."""
    stacks = []
    lane = inline.lane("lane")
    code = compile("def call(): look()", "evil\x1b[2J\u202e.py", "exec")
    names = {"look": lambda: stacks.append(lane.stack())}
    exec(code, names)  # noqa: S102 - no file may have such a name

    lane.submit("a", names["call"])
    inline.flush()

    assert "evil\\x1b[2J\\u202e.py" in stacks[0]
    assert stacks[0].isprintable()


class ExitingHandler(logging.Handler):
    """Ends the program when something goes wrong."""

    def emit(self, record):
        raise SystemExit(record.getMessage())


def test_a_log_handler_that_exits_ends_no_lane():
    """CM-21."""
    queue, done = [], []
    lane = Lane("lane", queue.append, lambda: 0.0)
    lane.submit("a", lambda: 1 / 0)
    lane.submit("b", lambda: done.append("b"))
    logger, handler = logging.getLogger("config_admin"), ExitingHandler()
    logger.addHandler(handler)
    try:
        assert lane.run_next()
    finally:
        logger.removeHandler(handler)

    assert not lane.run_next()
    assert done == ["b"]
