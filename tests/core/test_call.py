"""Who is inside a call: what it runs, wherever, as long as it runs itself."""

import asyncio
import threading
from contextvars import ContextVar, copy_context

import pytest

from config_admin.core.call import Call, calls_around, is_inside, note_awaited
from config_admin.core.dispatch import InlineDispatcher

LIMIT_S = 10.0

REQUEST = ContextVar("request", default="none")


@pytest.fixture(params=["inline", "threads"])
def dispatcher(request, lanes):
    return lanes if request.param == "threads" else InlineDispatcher()


@pytest.fixture
def loop():
    """An event loop that runs on a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join(LIMIT_S)
    loop.close()


class Coroutine:
    """A coroutine on *loop* that looks whether it is inside, twice."""

    def __init__(self, loop):
        self.inside = []
        self.has_looked = threading.Event()
        self._loop = loop
        self._go_on = asyncio.Event()
        self._future = None

    def begin(self):
        """Hand it to the loop; it has looked once when this returns."""
        self._future = asyncio.run_coroutine_threadsafe(self._run(), self._loop)
        assert self.has_looked.wait(LIMIT_S)

    def end(self):
        """Let it look once more."""
        self._loop.call_soon_threadsafe(self._go_on.set)
        self._future.result(LIMIT_S)

    async def _run(self):
        self.inside.append(is_inside())
        self.has_looked.set()
        await self._go_on.wait()
        self.inside.append(is_inside())


def test_nobody_is_inside_by_itself():
    assert not is_inside()
    assert list(calls_around()) == []


def test_a_coroutine_is_inside_until_the_callback_that_began_it_ends(dispatcher, loop):
    """CM-25: what an asynchronous callback awaits must not wait for the callback."""
    coroutine = Coroutine(loop)
    dispatcher.lane("lane").submit("a", coroutine.begin)
    assert dispatcher.flush(LIMIT_S)

    coroutine.end()

    assert coroutine.inside == [True, False]


def test_a_coroutine_is_inside_as_long_as_any_call_around_it(dispatcher, loop):
    """CM-22, CM-25: a check within a callback leaves it behind; the callback waits."""
    coroutine = Coroutine(loop)

    def callback():
        dispatcher.run_within(coroutine.begin, LIMIT_S)
        coroutine.end()

    dispatcher.lane("lane").submit("a", callback)
    assert dispatcher.flush(LIMIT_S)

    assert coroutine.inside == [True, True]


def test_inside_one_dispatcher_is_outside_of_another(lanes):
    """CM-18: a callback of one admin may wait for another admin."""
    inside = []
    other = InlineDispatcher()

    def look():
        inside.append((lanes.is_inside(), other.is_inside()))

    lanes.lane("lane").submit("a", look)
    assert lanes.flush(LIMIT_S)
    other.run_within(look, LIMIT_S)
    lanes.lane("lane").submit("a", lambda: other.run_within(look, LIMIT_S))
    assert lanes.flush(LIMIT_S)

    assert inside == [(True, False), (False, True), (True, True)]


def test_a_call_with_a_limit_is_inside_and_its_caller_is_not(dispatcher):
    """CM-22: a check that calls `flush` is told so instead of hanging."""
    assert dispatcher.run_within(dispatcher.is_inside, LIMIT_S)
    assert not dispatcher.is_inside()


def test_a_lane_closed_by_what_its_call_waits_for_does_not_wait(dispatcher, loop):
    """CM-23: a coroutine that unregisters its own callback."""
    lane = dispatcher.lane("lane")
    closed = []

    async def close():
        lane.close(LIMIT_S)
        closed.append(lane.is_closed)

    def callback():
        future = asyncio.run_coroutine_threadsafe(close(), loop)
        future.result(LIMIT_S / 2)

    lane.submit("a", callback)
    assert dispatcher.flush(LIMIT_S)

    assert closed == [True]


def test_a_callback_leaves_no_context_variable_to_the_next(dispatcher):
    seen = []
    lane = dispatcher.lane("lane")

    def callback():
        seen.append(REQUEST.get())
        REQUEST.set("mine")

    for number in range(3):
        lane.submit(number, callback)
    assert dispatcher.flush(LIMIT_S)

    assert seen == ["none"] * 3


def test_a_call_with_a_limit_sees_the_context_of_its_caller(dispatcher):
    """CM-22: a trace that a check writes belongs to the update."""

    def check():
        before = REQUEST.get()
        REQUEST.set("changed")
        return before

    token = REQUEST.set("of the caller")
    try:
        assert dispatcher.run_within(check, LIMIT_S) == "of the caller"
        assert REQUEST.get() == "of the caller"
    finally:
        REQUEST.reset(token)


def test_a_call_that_does_not_run_is_nowhere():
    call = Call()
    assert call.stack() is None

    stack = InlineDispatcher().run_within(lambda: next(calls_around()).stack(), 0)

    assert "<lambda>" in stack
    copy_context().run(call.run, list)
    assert call.stack() is None, "its thread does something else now"


def test_what_is_awaited_outside_of_a_call_is_not_noted():
    async def nothing():
        """Is never run."""

    coroutine = nothing()
    note_awaited(coroutine)
    coroutine.close()

    call = Call()
    call.run(lambda: note_awaited("no coroutine"))
    assert call.coroutine is None
