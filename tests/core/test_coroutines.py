"""Coroutine functions as callbacks: on their loop, one after the other."""

import asyncio
import functools
import queue
import threading
import time
from unittest.mock import AsyncMock

import pytest

from config_admin.core.errors import ConfigurationError, UsageError

LIMIT_S = 10.0
SOON_S = 0.2  # long enough to notice what should not happen


class NotingLoop(asyncio.SelectorEventLoop):
    """Notes that another thread has handed something over."""

    def __init__(self):
        super().__init__()
        self.handed_over = threading.Event()

    def call_soon_threadsafe(self, *arguments, **options):
        handle = super().call_soon_threadsafe(*arguments, **options)
        self.handed_over.set()
        return handle


class ClosingLoop(asyncio.SelectorEventLoop):
    """Is closed by somebody else in the moment when something is handed over."""

    def call_soon_threadsafe(self, *arguments, **options):
        self.close()
        return super().call_soon_threadsafe(*arguments, **options)


class Service:
    """
    Notes its calls and the loops that they run on.

    Attributes:
        error: What it raises; None: nothing.
    """

    def __init__(self):
        self.calls = []
        self.loops = []
        self.error = None

    async def updated(self, properties):
        await self._note(properties)

    async def _note(self, what):
        await asyncio.sleep(0)
        self.calls.append(what)
        self.loops.append(asyncio.get_running_loop())
        if self.error is not None:
            raise self.error


class Factory(Service):
    async def updated(self, pid, properties):
        await self._note((pid, properties["x"]))

    async def deleted(self, pid):
        await self._note((pid, None))


class Listener(Service):
    async def configuration_event(self, event):
        await self._note((event.pid, event.revision))


class RunningLoop(asyncio.SelectorEventLoop):
    """Runs on a thread of its own."""

    def __init__(self):
        super().__init__()
        self._runner = threading.Thread(target=self.run_forever)
        self._runner.start()

    def end(self):
        """Stop it and close it, whatever it has to do yet."""
        if not self.is_closed():
            self.call_soon_threadsafe(self.stop)
            self._runner.join(LIMIT_S)
            self.close()


@pytest.fixture
def loop():
    """A loop that runs until the test is over."""
    loop = RunningLoop()
    yield loop
    loop.end()


@pytest.fixture
def other_loop():
    """Another one."""
    loop = RunningLoop()
    yield loop
    loop.end()


@pytest.fixture
def idle_loop():
    """A loop that nobody runs."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def on(loop, function):
    """What *function* returns when it is called on *loop*."""

    async def call():
        return function()

    return asyncio.run_coroutine_threadsafe(call(), loop).result(LIMIT_S)


def only(faults):
    (fault,) = faults.all()
    return fault


def wait_until(condition):
    """Wait for *condition* to hold."""
    pause, deadline_s = threading.Event(), time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline_s
        pause.wait(0.001)


# On which loop


def test_a_service_runs_on_the_loop_that_it_was_registered_from(
    world, loop, other_loop
):
    """CM-25: and on no other one."""
    world.admin.home.loop = other_loop
    service = Service()
    on(loop, lambda: world.follow("a", service))
    world.flush()

    world.admin.update("a", {"x": 1})
    world.flush()

    assert service.calls == [None, {"x": 1, "service.pid": "a"}]
    assert service.loops == [loop, loop]


def test_a_factory_runs_on_its_loop(world, loop):
    """CM-25, CM-26."""
    factory = Factory()
    on(loop, lambda: world.follow_instances("f", factory))
    world.admin.update("f~x", {"x": 1})
    world.flush()

    world.admin.delete("f~x")
    world.flush()

    assert factory.calls == [("f~x", 1), ("f~x", None)]
    assert factory.loops == [loop, loop]


def test_a_listener_runs_on_its_loop(world, loop):
    """CM-25, CM-29."""
    listener = Listener()
    on(loop, lambda: world.admin.audience.add_listener(listener))

    world.admin.update("a", {})
    world.admin.update("b", {})
    world.flush()

    assert listener.calls == [("a", 1), ("b", 1)]
    assert listener.loops == [loop, loop]


def test_what_was_registered_where_no_loop_ran_runs_on_that_of_the_admin(world, loop):
    """CM-25: decorated at module level, the loop of ``async with``."""
    service = Service()
    world.follow("a", service)
    world.admin.home.loop = loop

    world.flush()

    assert (service.calls, service.loops) == ([None], [loop])


def test_where_there_is_no_loop_at_all_the_fault_says_what_to_do(world, loop):
    """CM-25, CM-21: and it goes away once there is one."""
    service = Service()
    registration = world.follow("a", service)
    world.flush()

    assert only(world.faults).found == (
        f"UsageError: {registration.name} is a coroutine function without an event "
        "loop that runs. Register it inside one, or enter the admin with 'async with'."
    )

    world.admin.home.loop = loop
    world.admin.update("a", {})
    world.flush()

    assert world.faults.all() == ()
    assert service.calls == [{"service.pid": "a"}]


@pytest.mark.parametrize(
    ("registered", "expected"),
    [
        ((), ()),
        (("nowhere",), ("loop",)),
        (("loop",), ("loop",)),
        (("other",), ("other",)),
        (("nowhere", "other"), ("loop", "other")),
    ],
)
def test_who_blocks_a_loop_that_callbacks_run_on_can_know(
    world, loop, other_loop, registered, expected
):
    """CM-25: `start` and `stop` refuse to; "loop" is that of the admin."""
    home = world.admin.home
    home.loop = loop
    run_on = {
        "nowhere": lambda function: function(),
        "loop": lambda function: on(loop, function),
        "other": lambda function: on(other_loop, function),
    }
    for place in registered:
        run_on[place](lambda: world.follow("a", Service()))

    here = [place for place, run in run_on.items() if run(home.is_here)]

    assert here == list(expected)


# What counts as a coroutine function


def with_first_argument():
    service = Service()

    async def function(note, properties):
        await note(properties)

    return service, functools.partial(function, service._note)


def bound():
    service = Service()
    return service, service.updated


@pytest.mark.parametrize("make", [with_first_argument, bound])
def test_whatever_gives_a_coroutine_by_its_nature_is_waited_for(world, loop, make):
    """CM-25."""
    service, registered = make()
    on(loop, lambda: world.follow("a", registered))

    world.flush()

    assert (service.calls, service.loops) == ([None], [loop])


def test_an_object_with_a_coroutine_for_its_call_is_waited_for(world, loop):
    """CM-25."""

    class CallableObject:
        async def __call__(self, properties):
            seen.append((properties, asyncio.get_running_loop()))

    seen = []
    on(loop, lambda: world.follow("a", CallableObject()))

    world.flush()

    assert seen == [(None, loop)]


def test_a_mock_of_coroutines_is_waited_for(world, loop):
    """CM-25: but its `check` has to be plain."""
    service = AsyncMock()
    with pytest.raises(UsageError, match=r"'check' of .*AsyncMock is a coroutine"):
        world.follow("a", service)
    service.check = None
    on(loop, lambda: world.follow("a", service))

    world.flush()

    service.updated.assert_awaited_once_with(None)


def test_a_coroutine_is_told_what_changed(world, loop):
    """CM-25, CM-49."""
    seen = []

    async def updated(properties, *, changed):
        seen.append((properties["x"], changed))

    world.admin.update("a", {"x": 1, "y": 1})
    on(loop, lambda: world.follow("a", updated))
    world.flush()

    world.admin.update("a", {"x": 2, "y": 1})
    world.flush()

    assert seen == [(1, {"x", "y"}), (2, {"x"})]


# One after the other


class Slow:
    """Waits in its first call, and counts how many run at the same time."""

    def __init__(self):
        self.calls = []
        self.started = threading.Event()
        self.released = asyncio.Event()
        self.running = 0
        self.most = 0

    async def updated(self, properties):
        self.running += 1
        self.most = max(self.most, self.running)
        self.calls.append(properties)
        self.started.set()
        await self.released.wait()
        self.running -= 1


def test_calls_never_overlap_and_end_on_the_newest(busy_world, loop):
    """CM-25, CM-19."""
    slow = Slow()
    on(loop, lambda: busy_world.follow("a", slow))
    assert slow.started.wait(LIMIT_S)

    for number in range(10):
        busy_world.admin.update("a", {"n": number})
    loop.call_soon_threadsafe(slow.released.set)
    busy_world.flush()

    assert [call and call["n"] for call in slow.calls] == [None, 9]
    assert slow.most == 1


def test_a_coroutine_that_waits_delays_no_other(busy_world, loop):
    """CM-25, CM-19: also none on the same loop."""
    slow, quick = Slow(), Service()
    on(loop, lambda: busy_world.follow("a", slow))
    assert slow.started.wait(LIMIT_S)

    registration = on(loop, lambda: busy_world.follow("a", quick))

    assert registration.wait(LIMIT_S)
    assert quick.calls == [None]
    assert slow.running == 1
    loop.call_soon_threadsafe(slow.released.set)
    busy_world.flush()


def test_closing_waits_for_the_coroutine_that_runs(busy_world, loop):
    """CM-25, CM-23."""
    slow = Slow()
    registration = on(loop, lambda: busy_world.follow("a", slow))
    assert slow.started.wait(LIMIT_S)
    closing = threading.Thread(target=registration.close, args=[LIMIT_S])
    closing.start()
    closing.join(SOON_S)
    assert closing.is_alive()

    loop.call_soon_threadsafe(slow.released.set)
    closing.join(LIMIT_S)

    assert not closing.is_alive()
    assert slow.running == 0


def test_none_begins_once_its_registration_was_closed(busy_world):
    """CM-25, CM-23: nor if it was handed to the loop before."""
    service = Service()

    async def close_before_the_loop_comes_to_it(loop):
        registration = busy_world.follow("a", service)
        assert loop.handed_over.wait(LIMIT_S)
        registration.close()
        assert await asyncio.to_thread(busy_world.dispatcher.flush, LIMIT_S)

    with asyncio.Runner(loop_factory=NotingLoop) as runner:
        runner.run(close_before_the_loop_comes_to_it(runner.get_loop()))

    assert service.calls == []
    assert busy_world.faults.all() == ()


# Back into the admin


def test_a_coroutine_may_use_the_admin(busy_world, loop):
    """CM-25, CM-18: change its own PID and another one, register, close itself."""
    admin = busy_world.admin
    other = Service()
    seen = []

    async def count_up(properties):
        number = properties["n"] if properties else 0
        seen.append(number)
        await asyncio.sleep(0)
        if number < 3:
            admin.update("b", {"n": number})
            assert admin.update("a", {"n": number + 1}).revision == number + 1
            return
        busy_world.follow("b", other)
        registration.close(LIMIT_S)  # from inside itself: does not wait

    def register():
        return busy_world.follow("a", count_up)

    registration = on(loop, register)
    busy_world.flush()
    admin.update("a", {"n": 0})
    busy_world.flush()

    assert seen == [0, 1, 2, 3]
    assert [call["n"] for call in other.calls] == [2]
    assert other.loops == [loop]
    assert busy_world.faults.all() == ()


def test_a_coroutine_counts_as_a_callback_until_it_has_ended(busy_world, loop):
    """CM-25, CM-18: so that it is told instead of waiting for itself."""
    inside = []
    later = []

    async def updated(_):
        inside.append(busy_world.dispatcher.is_inside())
        later.append(asyncio.ensure_future(look_later()))

    async def look_later():
        await ended.wait()
        inside.append(busy_world.dispatcher.is_inside())

    ended = on(loop, asyncio.Event)
    on(loop, lambda: busy_world.follow("a", updated))
    busy_world.flush()
    loop.call_soon_threadsafe(ended.set)
    asyncio.run_coroutine_threadsafe(asyncio.wait(later), loop).result(LIMIT_S)

    assert inside == [True, False]


def test_who_waits_on_the_loop_itself_is_told_instead(world):
    """CM-25, CM-18: it would wait for ever."""
    service = Service()

    async def flush_where_it_runs():
        world.follow("a", service)
        world.flush()

    asyncio.run(flush_where_it_runs())

    (registration,) = world.admin.audience.registrations()
    assert only(world.faults).found == (
        f"UsageError: {registration.name} cannot be waited for on its own event loop. "
        "Use 'await asyncio.to_thread(admin.flush)'."
    )
    assert service.calls == []


def test_who_waits_for_its_first_call_on_its_loop_is_told_instead(busy_world, loop):
    """CM-25, CM-18: a call that cannot come; elsewhere it may be waited for."""

    def register_and_wait():
        registration = busy_world.follow("a", service)
        with pytest.raises(UsageError) as caught:
            registration.wait()
        assert str(caught.value) == (
            f"wait() would block the event loop that {registration.name} runs on, and "
            "wait in vain. Use 'await asyncio.to_thread(registration.wait, …)'."
        )
        assert not registration.wait(0)
        return registration

    service = Service()
    registration = on(loop, register_and_wait)

    assert registration.wait(LIMIT_S)
    assert on(loop, registration.wait), "what is over is not waited for"


def test_a_loop_is_a_home_only_while_callbacks_run_on_it(world, loop, other_loop):
    """CM-25: who would block it would wait for himself."""
    home = world.admin.home

    def is_home():
        return [on(one, home.is_here) for one in (loop, other_loop)]

    home.loop = loop
    assert is_home() == [False, False]

    on(other_loop, lambda: world.follow("a", Service()))
    assert is_home() == [False, True]

    world.follow("b", Service())
    assert is_home() == [True, True]
    assert not home.is_here(), "no loop runs on this thread"


def test_a_plain_callback_may_be_waited_for_on_any_loop(busy_world, loop):
    """CM-25: it needs none."""
    on(loop, lambda: busy_world.follow("a", Service()))

    def register_and_wait():
        registration = busy_world.service("a")[1]
        return registration.wait(LIMIT_S)

    assert on(loop, register_and_wait)


def test_who_closes_with_a_limit_on_its_loop_is_told_instead(busy_world, loop):
    """CM-25, CM-23: the call that runs could not end; without a limit it is closed."""
    slow = Slow()
    registration = on(loop, lambda: busy_world.follow("a", slow))
    assert slow.started.wait(LIMIT_S)

    def close():
        with pytest.raises(UsageError, match=r"close\(\) would block the event loop"):
            registration.close(LIMIT_S)
        assert not registration.is_closed
        registration.close()
        assert registration.is_closed

    on(loop, close)
    loop.call_soon_threadsafe(slow.released.set)
    busy_world.flush()


# What a coroutine raises


def test_what_a_coroutine_raises_is_a_fault_until_it_succeeds(world, loop):
    """CM-25, CM-21."""
    service = Service()
    service.error = ConfigurationError("port", "is taken")
    on(loop, lambda: world.follow("a", service))
    world.flush()
    fault = only(world.faults)
    assert (fault.pid, fault.key) == ("a", "port")
    service.error = None

    world.admin.update("a", {})
    world.flush()

    assert world.faults.all() == ()


def test_a_time_limit_of_its_own_is_told_as_that(world, loop):
    """CM-25, CM-21: it is not that of whoever waits for it."""
    service = Service()
    service.error = TimeoutError("the broker does not answer")
    on(loop, lambda: world.follow("a", service))

    world.flush()

    expected = "TimeoutError: the broker does not answer"
    assert only(world.faults).found.startswith(expected)


def test_what_ends_programs_does_not_end_the_loop(world, loop):
    """CM-25, CM-21."""
    service = Service()
    service.error = SystemExit("good bye")
    on(loop, lambda: world.follow("a", service))

    world.flush()

    assert only(world.faults).found.startswith("SystemExit: good bye")
    assert on(loop, lambda: "it runs") == "it runs"


def test_a_coroutine_that_is_cancelled_is_a_fault_until_it_succeeds(world, loop):
    """CM-25, CM-21."""
    service = Service()
    service.error = asyncio.CancelledError()
    on(loop, lambda: world.follow("a", service))
    world.flush()
    found = only(world.faults).found
    assert found.startswith("CancelledError: ")
    assert "Service was cancelled on its event loop" in found
    service.error = None

    world.admin.update("a", {})
    world.flush()

    assert world.faults.all() == ()


def test_each_error_of_a_group_of_tasks_is_told(world, loop):
    """CM-25, CM-21."""

    async def fail(error):
        raise error

    async def updated(_):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail(ConfigurationError("host", "is unknown")))
            tasks.create_task(fail(OSError("no route")))

    on(loop, lambda: world.follow("a", updated))
    world.flush()

    told = sorted((fault.key or "", fault.found) for fault in world.faults.all())
    assert told[0][1].startswith("OSError: no route")
    assert told[1] == ("host", "is unknown")


# Loops that end


def test_a_loop_that_was_closed_is_a_fault(world):
    """CM-25: the program that registered has ended."""
    service = Service()

    async def register():
        world.follow("a", service)

    asyncio.run(register())
    world.flush()

    assert "without an event loop that runs" in only(world.faults).found
    assert service.calls == []


def test_a_loop_that_is_closed_in_that_moment_is_a_fault(world):
    """CM-25: what was not handed over is not left behind either."""
    service = Service()
    registration = world.follow("a", service)
    world.admin.home.loop = ClosingLoop()

    world.flush()

    assert only(world.faults).found == (
        f"UsageError: The event loop of {registration.name} was closed before it had "
        "ended. Leave the admin first."
    )
    assert service.calls == []


def test_a_loop_that_is_closed_during_a_call_sets_its_lane_free(busy_world, loop):
    """CM-25, CM-19: the lane goes on with the next call."""
    slow = Slow()
    registration = on(loop, lambda: busy_world.follow("a", slow))
    assert slow.started.wait(LIMIT_S)

    loop.end()
    busy_world.flush()

    assert only(busy_world.faults).found == (
        f"UsageError: The event loop of {registration.name} was closed before it had "
        "ended. Leave the admin first."
    )
    busy_world.admin.update("a", {})
    busy_world.flush()
    assert "without an event loop that runs" in only(busy_world.faults).found


def test_a_loop_that_stands_still_is_waited_for(busy_world, idle_loop):
    """CM-25: it may be run again."""
    service = Service()
    busy_world.admin.home.loop = idle_loop
    busy_world.follow("a", service)
    busy_world.admin.update("a", {"x": 1})

    async def run_until_it_was_called():
        assert await asyncio.to_thread(busy_world.dispatcher.flush, LIMIT_S)

    idle_loop.run_until_complete(run_until_it_was_called())

    assert service.calls[-1] == {"x": 1, "service.pid": "a"}
    assert set(service.loops) == {idle_loop}
    assert busy_world.faults.all() == ()


# Where a coroutine is


@pytest.fixture
def busy_faults():
    """The faults that come, one by one."""
    return queue.Queue()


@pytest.fixture
def watched_world(make_world, make_lanes, busy_faults):
    """A world in which each call takes too long."""

    def report(_kind, _subject, faults):
        for fault in faults:
            busy_faults.put(fault)

    lanes = make_lanes(report=report, busy_after_s=0.001)
    lanes.start()
    return make_world(lanes)


def test_a_coroutine_that_takes_long_is_shown_where_it_waits(
    watched_world, busy_faults, loop
):
    """CM-25, CM-47: not the thread that waits for it."""
    slow = Slow()

    async def updated(properties):
        await slow.updated(properties)

    registration = on(loop, lambda: watched_world.follow("a", updated))
    assert slow.started.wait(LIMIT_S)
    on(loop, lambda: None)  # it has come to rest where it waits
    busy_faults.get(timeout=LIMIT_S)

    stack = registration.lane.stack()

    names = [place.rpartition(" ")[2] for place in stack.split(" > ")]
    assert names == ["updated", "updated", "wait"]
    assert f"{__file__}:" in stack
    assert "coroutines.py" not in stack.replace(__file__, "")
    loop.call_soon_threadsafe(slow.released.set)
    watched_world.flush()


def test_a_coroutine_that_awaits_an_object_is_shown_inside_it(busy_world, loop):
    """CM-25, CM-47: as far as can be told."""
    slow = Slow()

    class Awaited:
        def __await__(self):
            yield from slow.updated(None).__await__()

    async def updated(_):
        await Awaited()

    registration = on(loop, lambda: busy_world.follow("a", updated))
    assert slow.started.wait(LIMIT_S)
    on(loop, lambda: None)  # it has come to rest where it waits

    stack = registration.lane.stack()

    names = [place.rpartition(" ")[2] for place in stack.split(" > ")]
    assert names == ["updated", "__await__"]
    loop.call_soon_threadsafe(slow.released.set)
    busy_world.flush()


def test_a_coroutine_that_blocks_its_loop_is_shown_where_it_does(
    watched_world, busy_faults, loop
):
    """CM-25, CM-47: also what it calls."""
    entered, released = threading.Event(), threading.Event()

    def block():
        entered.set()
        assert released.wait(LIMIT_S)

    async def updated(_):
        await asyncio.sleep(0)
        block()

    registration = on(loop, lambda: watched_world.follow("a", updated))
    assert entered.wait(LIMIT_S)

    stack = registration.lane.stack()

    names = [place.rpartition(" ")[2] for place in stack.split(" > ")]
    assert names[:3] == ["updated", "block", "wait"]
    assert str(busy_faults.get(timeout=LIMIT_S).kind.value) == "callback"
    released.set()
    watched_world.flush()


def test_a_coroutine_that_its_loop_has_not_come_to_is_told_as_that(
    watched_world, busy_faults, idle_loop
):
    """CM-25, CM-47."""
    watched_world.admin.home.loop = idle_loop

    registration = watched_world.follow("a", Service())
    busy_faults.get(timeout=LIMIT_S)

    expected = "an event loop that has not come to it yet"
    wait_until(lambda: registration.lane.stack() == expected)


# The end of the admin


def test_none_begins_once_its_admin_was_stopped(busy_world):
    """CM-25, CM-47: nor if it was handed to the loop before."""
    service = Service()

    async def stop_before_the_loop_comes_to_it(loop):
        busy_world.follow("a", service)
        assert loop.handed_over.wait(LIMIT_S)
        assert len(busy_world.dispatcher.stop(0)) == 1
        for _ in range(10):  # it would have begun in the first of them
            await asyncio.sleep(0)

    with asyncio.Runner(loop_factory=NotingLoop) as runner:
        runner.run(stop_before_the_loop_comes_to_it(runner.get_loop()))

    assert service.calls == []
