"""Calls with a time limit: on threads of their own, whatever callbacks do."""

import gc
import statistics
import threading
import time
import weakref
from functools import partial

import pytest

from config_admin.core.errors import NotRunningError

LIMIT_S = 10.0
MORE_THAN_THERE_IS = 2**46  # bytes
SOON_S = 0.05  # long enough to notice what should not happen
BRIEF_S = 0.1  # a limit that a blocked call exceeds


@pytest.fixture
def in_background():
    """Begin a call on a thread: `in_background(call)` gives it and what it gave."""
    threads = []

    def begin(call):
        results = []

        def run():
            try:
                results.append(call())
            except Exception as error:  # noqa: BLE001 - the test looks at it
                results.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        threads.append(thread)
        return thread, results

    yield begin
    for thread in threads:
        thread.join(LIMIT_S)


def test_a_call_runs_on_a_daemon_thread_that_is_used_again(make_lanes):
    """CM-22: also before the start."""
    dispatcher = make_lanes(max_threads=1)

    first, second = (
        dispatcher.run_within(threading.current_thread, LIMIT_S) for _ in range(2)
    )

    assert first.daemon
    assert first is second
    assert first is not threading.current_thread()


def test_a_call_waits_for_no_callback(make_lanes, block):
    """CM-22: all callback threads are blocked."""
    with make_lanes(max_threads=1) as lanes:
        block(lanes.lane("blocked"))
        lanes.lane("waits").submit("a", lambda: None)

        assert lanes.run_within(lambda: 42, LIMIT_S) == 42


def test_a_call_that_takes_too_long_goes_on_alone(lanes, blocked):
    """CM-22: the time-out says where it is."""
    call = blocked(threading.Event())

    with pytest.raises(TimeoutError) as caught:
        lanes.run_within(call, BRIEF_S)

    assert str(caught.value).startswith("It does not return within 0.1 s: at ")
    assert "conftest.py" in str(caught.value)
    assert not call.ended.is_set()
    call.released.set()
    assert call.ended.wait(LIMIT_S)
    assert lanes.run_within(lambda: 42, LIMIT_S) == 42


def test_what_a_late_call_raises_harms_nobody(make_lanes, blocked):
    dispatcher, call = make_lanes(max_threads=1), blocked(threading.Event())

    def fail():
        call()
        raise ValueError

    with pytest.raises(TimeoutError):
        dispatcher.run_within(fail, BRIEF_S)
    call.released.set()

    assert dispatcher.run_within(threading.current_thread, LIMIT_S) is call.thread


def test_a_late_call_is_still_inside(make_lanes, blocked):
    """CM-22: it has been given up, but what it calls would wait all the same."""
    dispatcher, inside = make_lanes(max_threads=1), []
    call = blocked(threading.Event())

    def look():
        call()
        inside.append(dispatcher.is_inside())

    with pytest.raises(TimeoutError):
        dispatcher.run_within(look, BRIEF_S)
    call.released.set()

    assert dispatcher.run_within(lambda: 42, LIMIT_S) == 42
    assert inside == [True]


def test_many_calls_run_at_the_same_time(lanes, blocked, in_background):
    release = threading.Event()
    calls = [blocked(release) for _ in range(50)]

    begun = [in_background(partial(lanes.run_within, c, LIMIT_S)) for c in calls]
    for call in calls:
        assert call.started.wait(LIMIT_S)
    assert lanes.run_within(lambda: 42, LIMIT_S) == 42
    release.set()
    for thread, _ in begun:
        thread.join(LIMIT_S)

    assert [results for _, results in begun] == [[None]] * 50


def test_no_call_waits_for_another_although_a_thread_is_idle(lanes, together):
    for parties in range(1, 16):  # each time one more than there are idle threads
        all_run = threading.Barrier(parties)
        together(
            *[partial(lanes.run_within, partial(all_run.wait, LIMIT_S), LIMIT_S)]
            * parties
        )


def test_a_call_without_a_thread_is_not_run(make_lanes, blocked, in_background):
    dispatcher, done = make_lanes(max_threads=1), []
    call = blocked(threading.Event())
    thread, results = in_background(partial(dispatcher.run_within, call, LIMIT_S))
    assert call.started.wait(LIMIT_S)

    with pytest.raises(TimeoutError, match="max_callback_threads"):
        dispatcher.run_within(lambda: done.append("late"), 0.01)
    call.released.set()
    thread.join(LIMIT_S)

    assert dispatcher.run_within(lambda: 42, LIMIT_S) == 42
    assert (results, done) == ([None], [])


def test_a_call_waits_for_a_thread_that_becomes_free(
    make_lanes, blocked, in_background
):
    dispatcher = make_lanes(max_threads=1)
    call = blocked(threading.Event())
    in_background(partial(dispatcher.run_within, call, LIMIT_S))
    assert call.started.wait(LIMIT_S)

    waiting, results = in_background(
        partial(dispatcher.run_within, lambda: 42, LIMIT_S)
    )
    waiting.join(SOON_S)
    assert waiting.is_alive()
    call.released.set()
    waiting.join(LIMIT_S)

    assert results == [42]


def test_a_stop_refuses_what_waits_and_leaves_what_runs(
    make_lanes, blocked, in_background
):
    """CM-47, CM-58."""
    dispatcher, done = make_lanes(max_threads=1), []
    call = blocked(threading.Event())
    running, ran = in_background(partial(dispatcher.run_within, call, LIMIT_S))
    assert call.started.wait(LIMIT_S)
    waiting, refused = in_background(
        partial(dispatcher.run_within, lambda: done.append(1), LIMIT_S)
    )
    waiting.join(SOON_S)

    dispatcher.stop(0)
    waiting.join(LIMIT_S)
    with pytest.raises(NotRunningError):
        dispatcher.run_within(lambda: done.append(2), LIMIT_S)
    call.released.set()
    running.join(LIMIT_S)
    call.thread.join(LIMIT_S)

    assert [type(error) for error in refused] == [NotRunningError]
    assert (ran, done) == ([None], [])
    assert not call.thread.is_alive()


def test_an_idle_thread_ends(make_lanes):
    dispatcher = make_lanes(linger_s=0.01)

    thread = dispatcher.run_within(threading.current_thread, LIMIT_S)
    thread.join(LIMIT_S)

    assert not thread.is_alive()
    assert dispatcher.run_within(lambda: 42, LIMIT_S) == 42


def test_no_call_is_lost_when_threads_come_and_go(make_lanes):
    dispatcher = make_lanes(linger_s=0, max_threads=1)

    got = [dispatcher.run_within(lambda n=n: n, LIMIT_S) for n in range(300)]

    assert got == list(range(300))


def test_a_system_without_threads_is_a_time_out(make_lanes):
    dispatcher, done = make_lanes(max_threads=1), []
    usual = threading.stack_size(MORE_THAN_THERE_IS)
    try:
        with pytest.raises(TimeoutError, match="the system starts none"):
            dispatcher.run_within(lambda: done.append(1), 0.01)
    finally:
        threading.stack_size(usual)

    assert dispatcher.run_within(lambda: 42, LIMIT_S) == 42
    assert done == []


@pytest.mark.parametrize("timeout_s", [float("inf"), 1e300])
def test_a_limit_may_be_none(lanes, timeout_s):
    never = threading.Event()

    assert lanes.run_within(lambda: never.wait(SOON_S), timeout_s) is False


class Remembered:
    """Something that can be seen to go."""


def test_nothing_of_a_call_is_kept(make_lanes):
    """CM-22: properties hold secrets, and a thread may idle for long."""
    dispatcher, is_gone = make_lanes(linger_s=LIMIT_S), threading.Event()

    def check(thing):
        raise ValueError(thing)

    thing = Remembered()
    weakref.finalize(thing, is_gone.set)
    gc.disable()  # what only the collector finds lives for long too
    try:
        with pytest.raises(ValueError, match="Remembered"):
            dispatcher.run_within(partial(check, thing), LIMIT_S)
        del thing
        assert is_gone.wait(LIMIT_S / 2)
    finally:
        gc.enable()


def test_a_limit_costs_next_to_nothing(lanes):
    took_s = []
    for _ in range(500):
        begun = time.perf_counter()
        lanes.run_within(lambda: None, LIMIT_S)
        took_s.append(time.perf_counter() - begun)

    median_s = statistics.median(took_s)
    print(f"run_within: {1_000_000 * median_s:.0f} µs")  # noqa: T201 - a figure to look at with -s
    assert median_s < 0.001
