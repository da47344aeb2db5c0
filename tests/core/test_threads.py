"""Lanes on threads: none waits for another, and few threads are enough."""

import statistics
import threading
import time
from functools import partial

import pytest

from config_admin.core.lane import Lane

LIMIT_S = 10.0
MORE_THAN_THERE_IS = 2**46  # bytes
SOON_S = 0.05  # long enough to notice what should not happen


def nothing():
    """A call that is over at once."""


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
    assert median_s < 0.05


def test_fifty_lanes_that_block_at_once_do_not_hold_up_the_next(lanes, blocked):
    calls = [blocked() for _ in range(50)]
    done = threading.Event()

    for number, call in enumerate(calls):
        lanes.lane(f"blocked {number}").submit("a", call)
    begun = time.perf_counter()
    lanes.lane("quick").submit("a", done.set)
    assert done.wait(LIMIT_S)

    delay_s = time.perf_counter() - begun
    print(f"behind 50 lanes about to block: {1000 * delay_s:.1f} ms")  # noqa: T201 - a figure to look at with -s
    assert delay_s < 1


def test_a_burst_after_an_idle_time_waits_for_no_blocked_lane(lanes, blocked):
    for number in range(5):
        lanes.lane("first").submit("a", nothing)
        assert lanes.flush(LIMIT_S)  # now a thread is idle
        call, quick = blocked(threading.Event()), threading.Event()

        lanes.lane(f"blocked {number}").submit("a", call)
        lanes.lane("quick").submit("a", quick.set)

        assert quick.wait(LIMIT_S / 2)
        call.released.set()


def test_no_more_callbacks_run_than_there_may_be_threads(make_lanes, blocked):
    release = threading.Event()
    calls = [blocked(release) for _ in range(20)]

    with make_lanes(max_threads=4) as few:
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


def test_a_thread_ends_when_there_is_nothing_to_do(make_lanes):
    threads = []

    with make_lanes(linger_s=0.01) as brief:
        for _ in range(2):
            brief.lane("lane").submit(
                "a", lambda: threads.append(threading.current_thread())
            )
            assert brief.flush(LIMIT_S)
            threads[-1].join(LIMIT_S)

    assert len(set(threads)) == 2
    assert not any(thread.is_alive() for thread in threads)
    assert all(thread.daemon for thread in threads)


def test_an_idle_thread_is_used_again(lanes):
    threads = set()
    lane = lanes.lane("lane")

    for _ in range(20):
        lane.submit("a", lambda: threads.add(threading.current_thread()))
        assert lanes.flush(LIMIT_S)

    assert len(threads) < 20


def test_what_was_submitted_before_the_start_runs_after_it(make_lanes):
    done = threading.Event()
    dispatcher = make_lanes()
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


def threads_named(name):
    return {thread for thread in threading.enumerate() if thread.name == name}


def callback_threads():
    return threads_named("config-admin callback")


def test_a_thousand_idle_lanes_have_no_thread(make_lanes):
    """CM-19: what is registered costs nothing while nothing happens."""
    there, done = callback_threads(), []

    with make_lanes(linger_s=0.01) as brief:
        lanes = [brief.lane(f"lane {number}") for number in range(1000)]
        assert callback_threads() <= there
        for lane in lanes:
            lane.submit("a", lambda: done.append(1))
        assert brief.flush(LIMIT_S)
        for thread in callback_threads() - there:
            thread.join(LIMIT_S)

        assert callback_threads() <= there
        assert len(done) == len(lanes)


def test_many_lanes_settle_as_fast_as_few(lanes):
    """Thousands of quick ones share few threads, and none looks at all others."""
    threads = set()

    def seconds_for(count):
        many = [lanes.lane(f"lane {number}") for number in range(count)]
        begun = time.perf_counter()
        for lane in many:
            lane.submit("a", lambda: threads.add(threading.current_thread()))
        assert lanes.flush(LIMIT_S)
        return time.perf_counter() - begun

    few_s, many_s = (
        min(seconds_for(count) for _ in range(3)) for count in (1_000, 8_000)
    )

    assert many_s / few_s < 24, "eight times as many lanes"
    assert len(threads) < 100


def test_a_second_start_starts_nothing(make_lanes):
    there = set(threading.enumerate())
    dispatcher = make_lanes()

    dispatcher.start()
    once = set(threading.enumerate()) - there
    dispatcher.start()

    assert set(threading.enumerate()) - there == once


def test_a_start_without_threads_fails_and_may_be_repeated(make_lanes):
    dispatcher, done = make_lanes(), []
    usual = threading.stack_size(MORE_THAN_THERE_IS)
    try:
        with pytest.raises(RuntimeError, match="can't start new thread"):
            dispatcher.start()
    finally:
        threading.stack_size(usual)

    dispatcher.lane("lane").submit("a", lambda: done.append("a"))
    dispatcher.start()

    assert dispatcher.flush(LIMIT_S)
    assert done == ["a"]


def test_no_call_is_lost_when_threads_come_and_go(make_lanes):
    """CM-16: a call submitted just when the last thread gives up is run too."""
    with make_lanes(linger_s=0) as brief:
        lane, done = brief.lane("lane"), []
        for number in range(300):
            lane.submit("a", lambda number=number: done.append(number))
            assert brief.flush(LIMIT_S)

    assert done == list(range(300))


def test_a_lane_may_be_closed_at_any_moment(lanes, together):
    """CM-23: also while it is submitted to, is about to run or runs."""
    late = []

    def submit(many):
        for lane, is_closed in many:
            for number in range(5):
                lane.submit(number, lambda c=is_closed: c.is_set() and late.append(1))

    def close(many):
        for lane, is_closed in many:
            lane.close(LIMIT_S)
            is_closed.set()

    many = [(lanes.lane(f"lane {n}"), threading.Event()) for n in range(300)]
    together(*(lambda f=f: f(many) for f in (submit, close, submit)))

    assert lanes.flush(LIMIT_S)
    assert all(lane.done == lane.submitted for lane, _ in many)
    assert late == []


# Finishing a lane


def test_a_lane_is_finished_only_while_the_dispatcher_runs(make_lanes):
    dispatcher = make_lanes()
    lane = dispatcher.lane("lane")
    lane.submit("a", nothing)

    assert not dispatcher.finish(lane, LIMIT_S), "not started"
    dispatcher.start()
    assert dispatcher.finish(lane, LIMIT_S)
    dispatcher.stop(0)
    assert not dispatcher.finish(lane, LIMIT_S)


def test_finishing_a_lane_gives_up_in_time(lanes, block):
    """CM-29: a synchronous listener that hangs holds an update up for so long."""
    release = threading.Event()
    lane = lanes.lane("lane")
    block(lane, release)
    lane.submit("a", nothing)

    assert not lanes.finish(lane, 0.01)
    release.set()

    assert lanes.finish(lane, LIMIT_S)


def test_finishing_a_lane_waits_for_the_call_that_runs_and_for_no_other_lane(
    lanes, block
):
    block(lanes.lane("other"))
    release = threading.Event()
    lane = lanes.lane("lane")
    call = block(lane, release)

    begun = time.monotonic()
    threading.Timer(0.01, release.set).start()
    assert lanes.finish(lane, LIMIT_S)

    assert call.ended.is_set()
    assert time.monotonic() - begun < LIMIT_S / 2


def test_finishing_a_lane_ends_when_it_is_closed(make_lanes, block):
    """CM-23: a listener that unregisters holds up nobody, whoever blocks its turn."""
    with make_lanes(max_threads=1) as lanes:
        block(lanes.lane("blocked"))
        lane, finished = lanes.lane("lane"), []
        lane.submit("a", nothing)
        finishing = threading.Thread(
            target=lambda: finished.append(lanes.finish(lane, LIMIT_S))
        )
        finishing.start()
        finishing.join(SOON_S)
        assert finishing.is_alive()

        lane.close()
        finishing.join(LIMIT_S / 2)

        assert finished == [True]


def test_finishing_a_lane_ends_with_the_dispatcher(make_lanes, block):
    dispatcher = make_lanes()
    dispatcher.start()
    lane = dispatcher.lane("lane")
    block(lane)
    finished = []

    finishing = threading.Thread(
        target=lambda: finished.append(dispatcher.finish(lane, LIMIT_S))
    )
    finishing.start()
    finishing.join(SOON_S)
    assert finishing.is_alive()
    dispatcher.stop(0)
    finishing.join(LIMIT_S)

    assert finished == [False]


# Stopping


def test_stopping_waits_for_what_runs_and_no_more(make_lanes, block):
    dispatcher = make_lanes()
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


def test_stopping_is_prompt_and_names_where_a_callback_is_stuck(make_lanes, block):
    dispatcher = make_lanes()
    dispatcher.start()
    lane = dispatcher.lane("stuck")
    block(lane)

    begun = time.monotonic()
    stuck = dispatcher.stop(0.01)

    assert time.monotonic() - begun < 1
    assert stuck == (lane,)
    assert "wait" in lane.stack()
    assert "test_dispatch.py" in lane.stack() or "threading.py" in lane.stack()


def test_nothing_starts_after_a_stop(make_lanes, block):
    dispatcher = make_lanes(max_threads=1)
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


def test_stopping_ends_idle_threads_and_may_be_repeated(make_lanes):
    threads = []
    dispatcher = make_lanes()
    dispatcher.start()
    dispatcher.lane("lane").submit(
        "a", lambda: threads.append(threading.current_thread())
    )
    assert dispatcher.flush(LIMIT_S)

    assert dispatcher.stop(0) == ()
    assert dispatcher.stop(0) == ()

    threads[0].join(LIMIT_S)
    assert not threads[0].is_alive()


def test_a_flush_ends_with_the_dispatcher(make_lanes, block):
    dispatcher = make_lanes()
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


def test_what_was_stopped_does_not_start_again(make_lanes):
    done = []
    dispatcher = make_lanes()
    dispatcher.stop(0)

    with dispatcher:
        dispatcher.lane("lane").submit("a", lambda: done.append("a"))
        assert dispatcher.flush(LIMIT_S)

    assert done == []


class HesitantLane(Lane):
    """A lane whose thread takes a break when its first call has ended."""

    def __init__(self, schedule):
        super().__init__("hesitant", schedule, time.monotonic)
        self.paused, self.go_on = threading.Event(), threading.Event()

    def run_next(self):
        again = super().run_next()
        if not self.paused.is_set():
            self.paused.set()
            self.go_on.wait(LIMIT_S)
        return again


def test_what_is_submitted_while_a_call_ends_is_waited_for(lanes, blocked):
    lane = HesitantLane(lanes._schedule)
    lane.submit("first", nothing)
    assert lane.paused.wait(LIMIT_S)
    second = blocked()

    lane.submit("second", second)
    lane.go_on.set()
    assert second.started.wait(LIMIT_S)

    assert not lanes.flush(SOON_S)
    assert lanes.stop(0) == (lane,)


def test_a_stop_while_threads_are_added_leaves_none_behind(make_lanes, blocked):
    """CM-47."""
    there = callback_threads()
    for _ in range(10):
        release = threading.Event()
        calls = [blocked(release) for _ in range(40)]
        dispatcher = make_lanes(patience_s=0)
        dispatcher.start()
        for number, call in enumerate(calls):
            dispatcher.lane(f"lane {number}").submit("a", call)
        assert calls[5].started.wait(LIMIT_S)

        dispatcher.stop(0)
        release.set()
        for thread in threads_named("config-admin lanes"):
            thread.join(LIMIT_S)
        for thread in callback_threads() - there:
            thread.join(LIMIT_S)

        assert callback_threads() <= there
        assert all(call.ended.is_set() == call.started.is_set() for call in calls)
