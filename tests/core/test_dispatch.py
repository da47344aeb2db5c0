"""Dispatchers: what both promise, and the one that runs everything right here."""

import threading
import time

import pytest

from config_admin.core.dispatch import InlineDispatcher
from config_admin.core.errors import UsageError

LIMIT_S = 10.0


@pytest.fixture
def inline():
    return InlineDispatcher()


@pytest.fixture(params=["inline", "threads"])
def dispatcher(request, lanes, inline):
    return lanes if request.param == "threads" else inline


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


def test_finishing_a_lane_runs_all_that_waits_on_it(dispatcher):
    """CM-29: a synchronous listener has been called when this returns."""
    done = []
    lane = dispatcher.lane("lane")
    for number in range(3):
        lane.submit(number, lambda number=number: done.append(number))

    assert dispatcher.finish(lane, LIMIT_S)

    assert done == [0, 1, 2]
    assert dispatcher.finish(lane, LIMIT_S), "nothing is left to do"


def test_finishing_a_lane_does_not_wait_for_what_is_submitted_later(dispatcher):
    """CM-29: a listener that never comes to an end holds up nobody for ever."""
    lane = dispatcher.lane("lane")
    again = []

    def call():
        if len(again) < 1000:
            again.append(lane.submit(object(), call))

    lane.submit("first", call)

    assert dispatcher.finish(lane, LIMIT_S)
    assert dispatcher.flush(LIMIT_S)
    assert len(again) == 1000


def test_a_lane_that_was_finished_goes_on(dispatcher):
    done = []
    lane, other = dispatcher.lane("lane"), dispatcher.lane("other")

    for number in range(3):
        lane.submit("a", lambda number=number: done.append(number))
        assert dispatcher.finish(lane, LIMIT_S)
    lane.submit("a", lambda: done.append("a"))
    other.submit("b", lambda: done.append("b"))
    assert dispatcher.flush(LIMIT_S)

    assert done[:3] == [0, 1, 2]
    assert sorted(done[3:]) == ["a", "b"]


def test_from_inside_a_callback_no_lane_is_finished(dispatcher):
    """CM-18: it might be its own, and would wait for itself."""
    lane, other = dispatcher.lane("lane"), dispatcher.lane("other")
    finished = []

    def call():
        other.submit("a", lambda: finished.append("other"))
        finished.append(dispatcher.finish(lane, LIMIT_S))
        finished.append(dispatcher.finish(other, 0))

    begun = time.monotonic()
    lane.submit("a", call)
    assert dispatcher.flush(LIMIT_S)

    assert sorted(finished, key=str) == [False, False, "other"]
    assert time.monotonic() - begun < LIMIT_S / 2


def test_a_call_with_a_limit_gives_what_it_returns(dispatcher):
    """CM-22."""
    assert dispatcher.run_within(lambda: 42, LIMIT_S) == 42


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no"),
        TimeoutError("its own"),
        SystemExit(3),
        KeyboardInterrupt(),
        GeneratorExit(),
        StopIteration(1),
    ],
    ids=repr,
)
def test_a_call_with_a_limit_raises_what_it_raises(dispatcher, error):
    """CM-22: a veto is whatever foreign code raises, even `sys.exit()`."""

    def call():
        raise error

    with pytest.raises(type(error)) as caught:
        dispatcher.run_within(call, LIMIT_S)

    assert caught.value is error
    assert dispatcher.run_within(lambda: "next", LIMIT_S) == "next"


def test_a_callback_may_make_a_call_with_a_limit(dispatcher):
    """CM-18, CM-22: an update in a callback is checked too."""
    got = []
    lane = dispatcher.lane("lane")

    lane.submit("a", lambda: got.append(dispatcher.run_within(lambda: "in", LIMIT_S)))
    assert dispatcher.flush(LIMIT_S)

    assert got == ["in"]


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


def test_finishing_a_lane_runs_no_other(inline):
    done = []
    lane, other = inline.lane("lane"), inline.lane("other")
    lane.submit("a", lambda: done.append("lane"))
    other.submit("a", lambda: done.append("other"))

    assert inline.finish(lane, 0)
    assert done == ["lane"]

    lane.submit("b", lambda: done.append("lane again"))
    inline.flush()
    assert done == ["lane", "other", "lane again"]


def test_everything_runs_on_the_thread_of_the_caller(inline):
    threads = []

    def call():
        threads.append(threading.current_thread())

    inline.run_within(call, 0)
    lane = inline.lane("lane")
    lane.submit("a", call)
    inline.finish(lane, 0)
    lane.submit("a", call)
    inline.flush()

    assert threads == [threading.current_thread()] * 3


def test_an_interrupt_from_the_keyboard_loses_no_call(inline):
    done = []
    lane = inline.lane("lane")

    def interrupted():
        raise KeyboardInterrupt

    lane.submit("a", interrupted)
    lane.submit("b", lambda: done.append("b"))
    with pytest.raises(KeyboardInterrupt):
        inline.flush()
    assert done == []

    lane.submit("c", lambda: done.append("c"))
    inline.flush()
    assert done == ["b", "c"]


def test_what_never_comes_to_an_end_is_told(inline):
    """CM-18: a callback that changes what it follows each time."""
    lane, other = inline.lane("acme.Echo"), inline.lane("other")
    done = []

    def call():
        done.append("a")
        lane.submit("the.pid", call)

    lane.submit("the.pid", call)
    other.submit("a", lambda: done.append("other"))
    with pytest.raises(UsageError, match=r"acme\.Echo .* again for the\.pid: each"):
        inline.flush()

    assert "other" in done
    lane.close()
    assert inline.flush()


def test_however_much_waits_already_is_run(inline):
    done = []
    lane = inline.lane("lane")
    for number in range(20_001):
        lane.submit(number, lambda: done.append(None))

    assert inline.flush()

    assert len(done) == 20_001
