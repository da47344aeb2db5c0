"""Lanes: calls of one never overlap, and none waits for another."""

import statistics
import threading
import time
from functools import partial

import pytest

from config_admin.core.dispatch import InlineDispatcher, LaneDispatcher
from config_admin.core.lane import Lane

LIMIT_S = 10.0
MORE_THAN_THERE_IS = 2**46  # bytes
SOON_S = 0.05  # long enough to notice what should not happen


@pytest.fixture
def inline():
    return InlineDispatcher()


@pytest.fixture(params=["inline", "threads"])
def dispatcher(request, lanes, inline):
    return lanes if request.param == "threads" else inline


def nothing():
    """A call that is over at once."""


class Blocked:
    """A call that runs until it is let go."""

    def __init__(self, released=None):
        self.started = threading.Event()
        self.released = released or threading.Event()
        self.ended = threading.Event()
        self.thread = None

    def __call__(self):
        self.thread = threading.current_thread()
        self.started.set()
        self.released.wait(LIMIT_S)
        self.ended.set()


@pytest.fixture
def block(released):
    """Block a lane; the call has begun when this returns."""

    def begin(lane, own=None):
        call = Blocked(own or released)
        lane.submit("blocked", call)
        assert call.started.wait(LIMIT_S)
        return call

    return begin


# What both dispatchers promise


def test_calls_of_a_lane_keep_their_order(dispatcher):
    done = []
    lane = dispatcher.lane("lane")

    for number in range(100):
        lane.submit(number, lambda number=number: done.append(number))

    assert dispatcher.flush(LIMIT_S)
    assert done == list(range(100))


def test_a_key_that_waits_is_replaced_where_it_waits(inline):
    done = []
    lane = inline.lane("lane")

    lane.submit("a", lambda: done.append("old a"))
    lane.submit("b", lambda: done.append("b"))
    lane.submit("a", lambda: done.append("new a"))
    inline.flush()

    assert done == ["new a", "b"]


def test_a_key_that_ran_runs_again(dispatcher):
    done = []
    lane = dispatcher.lane("lane")

    for number in range(3):
        lane.submit("key", lambda number=number: done.append(number))
        assert dispatcher.flush(LIMIT_S)

    assert done == [0, 1, 2]


def test_a_call_may_submit_to_its_own_and_other_lanes(dispatcher):
    done = []
    lane, other = dispatcher.lane("lane"), dispatcher.lane("other")

    def first():
        lane.submit("second", lambda: done.append("own"))
        other.submit("second", lambda: done.append("other"))
        done.append("first")

    lane.submit("first", first)

    assert dispatcher.flush(LIMIT_S)
    assert done[0] == "first"
    assert sorted(done[1:]) == ["other", "own"]


def test_a_closed_lane_starts_nothing_more(dispatcher):
    done = []
    lane = dispatcher.lane("lane")

    def close():
        lane.close(LIMIT_S)  # from inside itself: does not wait
        done.append("closed")

    begun = time.monotonic()
    lane.submit("close", close)
    lane.submit("after", lambda: done.append("after"))
    assert dispatcher.flush(LIMIT_S)
    lane.submit("later", lambda: done.append("later"))
    assert dispatcher.flush(LIMIT_S)

    assert done[0] == "closed"
    assert "later" not in done
    assert lane.is_closed
    assert time.monotonic() - begun < LIMIT_S / 2


def test_a_callback_is_inside_and_nobody_else(dispatcher):
    inside = []

    dispatcher.lane("lane").submit("a", lambda: inside.append(dispatcher.is_inside()))
    before = dispatcher.is_inside()
    assert dispatcher.flush(LIMIT_S)

    assert inside == [True]
    assert (before, dispatcher.is_inside()) == (False, False)


def test_a_call_that_raises_ends_only_itself(dispatcher, caplog):
    done = []
    lane = dispatcher.lane("broken lane")

    lane.submit("a", lambda: 1 / 0)
    lane.submit("b", lambda: done.append("b"))
    assert dispatcher.flush(LIMIT_S)

    assert done == ["b"]
    assert "broken lane" in caplog.text


# The inline one


def test_nothing_runs_before_it_is_flushed(inline):
    done = []

    inline.lane("lane").submit("a", lambda: done.append("a"))
    assert done == []
    assert inline.flush(0)

    assert done == ["a"]


def test_lanes_take_turns(inline):
    done = []
    one, other = inline.lane("one"), inline.lane("other")

    for number in range(2):
        one.submit(number, lambda number=number: done.append(f"one {number}"))
        other.submit(number, lambda number=number: done.append(f"other {number}"))
    inline.flush()

    assert done == ["one 0", "other 0", "one 1", "other 1"]


def test_a_lane_closed_while_it_waits_its_turn_runs_nothing(inline):
    done = []
    lane = inline.lane("lane")

    lane.submit("a", lambda: done.append("a"))
    lane.close(LIMIT_S)  # nothing runs, so nothing is waited for
    inline.flush()

    assert done == []


# Threads


def test_calls_of_a_lane_never_overlap(lanes, together):
    lane = lanes.lane("lane")
    alone = threading.Lock()
    overlaps, done = [], []

    def call(number):
        if not alone.acquire(blocking=False):
            overlaps.append(number)
            return
        done.append(number)
        alone.release()

    def submit(writer):
        for number in range(200):
            key = (writer, number)
            lane.submit(key, partial(call, key))

    together(*(lambda writer=writer: submit(writer) for writer in range(4)))
    assert lanes.flush(LIMIT_S)

    assert overlaps == []
    assert len(done) == 800
    for writer in range(4):
        own = [number for by, number in done if by == writer]
        assert own == list(range(200))


def test_a_busy_lane_runs_the_newest_and_skips_what_it_missed(lanes, block):
    release = threading.Event()
    done = []
    lane = lanes.lane("lane")
    block(lane, release)

    for number in range(100):
        lane.submit("key", lambda number=number: done.append(number))
    release.set()

    assert lanes.flush(LIMIT_S)
    assert done == [99]


def test_blocked_lanes_delay_nobody(lanes, block):
    for number in range(50):
        block(lanes.lane(f"blocked {number}"))
    delays_s = []

    for number in range(7):
        done = threading.Event()
        begun = time.perf_counter()
        lanes.lane(f"quick {number}").submit("a", done.set)
        assert done.wait(LIMIT_S)
        delays_s.append(time.perf_counter() - begun)

    median_s = statistics.median(delays_s)
    print(f"behind 50 blocked lanes: {1000 * median_s:.1f} ms")  # noqa: T201 - a figure to look at with -s
    assert median_s < 1


def test_fifty_lanes_that_block_at_once_do_not_hold_up_the_next(lanes, released):
    calls = [Blocked(released) for _ in range(50)]
    done = threading.Event()

    for number, call in enumerate(calls):
        lanes.lane(f"blocked {number}").submit("a", call)
    begun = time.perf_counter()
    lanes.lane("quick").submit("a", done.set)
    assert done.wait(LIMIT_S)

    delay_s = time.perf_counter() - begun
    print(f"behind 50 lanes about to block: {1000 * delay_s:.1f} ms")  # noqa: T201 - a figure to look at with -s
    assert delay_s < 1


def test_a_burst_after_an_idle_time_waits_for_no_blocked_lane(lanes):
    for number in range(5):
        lanes.lane("first").submit("a", nothing)
        assert lanes.flush(LIMIT_S)  # now a thread is idle
        blocked, quick = Blocked(), threading.Event()

        lanes.lane(f"blocked {number}").submit("a", blocked)
        lanes.lane("quick").submit("a", quick.set)

        assert quick.wait(LIMIT_S / 2)
        blocked.released.set()


def test_no_more_callbacks_run_than_there_may_be_threads():
    release = threading.Event()
    calls = [Blocked(release) for _ in range(20)]

    with LaneDispatcher(max_threads=4) as few:
        for number, call in enumerate(calls):
            few.lane(f"lane {number}").submit("a", call)
        for call in calls[:4]:
            assert call.started.wait(LIMIT_S)
        assert not few.flush(SOON_S)
        assert [call.started.is_set() for call in calls[4:]] == [False] * 16
        release.set()
        assert few.flush(LIMIT_S)

    assert all(call.ended.is_set() for call in calls)


def test_a_thousand_lanes_do_not_make_a_thousand_threads(lanes):
    threads, done = set(), []

    def call():
        threads.add(threading.current_thread())
        done.append(1)

    for number in range(1000):
        lanes.lane(f"lane {number}").submit("a", call)

    assert lanes.flush(LIMIT_S)
    assert len(done) == 1000
    assert len(threads) < 100


def test_a_thread_ends_when_there_is_nothing_to_do():
    threads = []

    with LaneDispatcher(linger_s=0.01) as brief:
        for _ in range(2):
            brief.lane("lane").submit(
                "a", lambda: threads.append(threading.current_thread())
            )
            assert brief.flush(LIMIT_S)
            threads[-1].join(LIMIT_S)

    assert len(set(threads)) == 2
    assert not any(thread.is_alive() for thread in threads)
    assert all(thread.daemon for thread in threads)


def test_a_system_without_threads_costs_no_call(lanes, caplog):
    done = []
    usual = threading.stack_size(MORE_THAN_THERE_IS)
    try:
        lanes.lane("first").submit("a", lambda: done.append("first"))
    finally:
        threading.stack_size(usual)

    lanes.lane("second").submit("a", lambda: done.append("second"))

    assert lanes.flush(LIMIT_S)
    assert done == ["first", "second"]
    assert "No thread can be started" in caplog.text


def test_an_idle_thread_is_used_again(lanes):
    threads = set()
    lane = lanes.lane("lane")

    for _ in range(20):
        lane.submit("a", lambda: threads.add(threading.current_thread()))
        assert lanes.flush(LIMIT_S)

    assert len(threads) < 20


def test_what_was_submitted_before_the_start_runs_after_it():
    done = threading.Event()
    dispatcher = LaneDispatcher()
    dispatcher.lane("lane").submit("a", done.set)

    assert not dispatcher.flush(SOON_S)
    assert not done.is_set()
    with dispatcher:
        assert dispatcher.flush(LIMIT_S)

    assert done.is_set()


def test_flush_gives_up_in_time(lanes, block):
    release = threading.Event()
    block(lanes.lane("lane"), release)

    assert not lanes.flush(0.01)
    release.set()

    assert lanes.flush(LIMIT_S)


# Closing a lane


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


# Stopping


def test_stopping_waits_for_what_runs_and_no_more(block):
    dispatcher = LaneDispatcher()
    dispatcher.start()
    release = threading.Event()
    lane = dispatcher.lane("lane")
    call = block(lane, release)
    lane.submit("next", nothing)

    letting_go = threading.Timer(0.01, release.set)
    letting_go.start()
    stuck = dispatcher.stop(LIMIT_S)
    letting_go.join(LIMIT_S)

    assert stuck == ()
    assert call.ended.is_set()
    call.thread.join(LIMIT_S)
    assert not call.thread.is_alive()


def test_stopping_is_prompt_and_names_where_a_callback_is_stuck(block):
    dispatcher = LaneDispatcher()
    dispatcher.start()
    lane = dispatcher.lane("stuck")
    block(lane)

    begun = time.monotonic()
    stuck = dispatcher.stop(0.01)

    assert time.monotonic() - begun < 1
    assert stuck == (lane,)
    assert "wait" in lane.stack()
    assert "test_dispatch.py" in lane.stack() or "threading.py" in lane.stack()


def test_nothing_starts_after_a_stop(block):
    dispatcher = LaneDispatcher(max_threads=1)
    dispatcher.start()
    release = threading.Event()
    done = []
    busy, waiting = dispatcher.lane("busy"), dispatcher.lane("waiting")
    call = block(busy, release)
    busy.submit("next", lambda: done.append("next"))
    waiting.submit("first", lambda: done.append("first"))

    stuck = dispatcher.stop(0)
    busy.submit("later", lambda: done.append("later"))
    dispatcher.lane("new").submit("a", lambda: done.append("new"))
    release.set()
    call.thread.join(LIMIT_S)

    assert stuck == (busy,)
    assert not call.thread.is_alive()
    assert done == []


def test_stopping_ends_idle_threads_and_may_be_repeated():
    threads = []
    dispatcher = LaneDispatcher()
    dispatcher.start()
    dispatcher.lane("lane").submit(
        "a", lambda: threads.append(threading.current_thread())
    )
    assert dispatcher.flush(LIMIT_S)

    assert dispatcher.stop(0) == ()
    assert dispatcher.stop(0) == ()

    threads[0].join(LIMIT_S)
    assert not threads[0].is_alive()


def test_a_flush_ends_with_the_dispatcher(block):
    dispatcher = LaneDispatcher()
    dispatcher.start()
    block(dispatcher.lane("lane"))
    flushed = []

    flushing = threading.Thread(target=lambda: flushed.append(dispatcher.flush()))
    flushing.start()
    flushing.join(SOON_S)
    assert flushing.is_alive()
    dispatcher.stop(0)
    flushing.join(LIMIT_S)

    assert flushed == [False]


def test_what_was_stopped_does_not_start_again():
    done = []
    dispatcher = LaneDispatcher()
    dispatcher.stop(0)

    with dispatcher:
        dispatcher.lane("lane").submit("a", lambda: done.append("a"))
        assert dispatcher.flush(LIMIT_S)

    assert done == []


class HesitantLane(Lane):
    """A lane whose thread takes a break when its first call has ended."""

    def __init__(self, schedule):
        super().__init__("hesitant", schedule)
        self.paused, self.go_on = threading.Event(), threading.Event()

    def run_next(self):
        again = super().run_next()
        if not self.paused.is_set():
            self.paused.set()
            self.go_on.wait(LIMIT_S)
        return again


def test_what_is_submitted_while_a_call_ends_is_waited_for(lanes, released):
    lane = HesitantLane(lanes._schedule)
    lane.submit("first", nothing)
    assert lane.paused.wait(LIMIT_S)
    second = Blocked(released)

    lane.submit("second", second)
    lane.go_on.set()
    assert second.started.wait(LIMIT_S)

    assert not lanes.flush(SOON_S)
    assert lanes.stop(0) == (lane,)


# Where a call is


def test_a_lane_that_runs_nothing_has_no_stack(dispatcher):
    lane = dispatcher.lane("lane")
    assert lane.stack() is None

    lane.submit("a", nothing)
    assert dispatcher.flush(LIMIT_S)

    assert lane.stack() is None


def test_the_stack_of_a_call_ends_where_it_is_now(inline):
    stacks = []
    lane = inline.lane("lane")

    def where_it_is():
        stacks.append(lane.stack())

    lane.submit("a", where_it_is)
    inline.flush()

    assert "test_dispatch.py" in stacks[0]
    assert "where_it_is" in stacks[0]
