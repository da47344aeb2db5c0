"""Inside an event loop: nothing blocks it, and every end is an end."""

import asyncio
import gc
import threading
import time

import pytest

from config_admin import (
    ConfigAdmin,
    ConfigurationError,
    NotRunningError,
    UsageError,
    testing,
)

LIMIT_S = 15.0


class Service:
    """
    A coroutine service that notes its calls.

    Attributes:
        calls: What it was called with.
        threads: Where.
        before: Awaited first.
    """

    def __init__(self, before=None):
        self.calls = []
        self.threads = set()
        self.before = before
        self.came = asyncio.Condition()

    async def updated(self, properties):
        if self.before is not None:
            await self.before()
        self.threads.add(threading.current_thread())
        async with self.came:
            self.calls.append(properties and properties["a"])
            self.came.notify_all()

    async def wait_for(self, value):
        async with self.came, asyncio.timeout(LIMIT_S):
            await self.came.wait_for(lambda: self.calls[-1:] == [value])


@pytest.fixture
def run(our_threads, wait_until):
    """Run a coroutine function on a loop of its own; it leaves nothing behind."""
    yield asyncio.run
    wait_until(lambda: not our_threads())
    gc.collect()


# Entering and leaving


def test_a_coroutine_follows_on_its_loop(run, etc):
    """CM-25, CM-46."""

    async def main():
        service = Service()
        (etc / "p.cfg").write_text("a = 1\n")
        admin = ConfigAdmin(etc)
        admin.add_managed_service("p", service)
        async with admin as entered:
            assert entered is admin
            assert service.calls == ["1"], "it was called before the block begins"
            (etc / "p.cfg").write_text("a = 2\n")
            await service.wait_for("2")
            admin.update("p", {"a": "3"})
            await service.wait_for("3")
            assert service.threads == {threading.current_thread()}
        with pytest.raises(NotRunningError):
            admin.update("p", {"a": "4"})
        assert (etc / "p.cfg").read_text() == "a = 3\n"

    run(main())


def test_what_was_registered_at_module_level_runs_on_the_loop_of_the_block(run, etc):
    """CM-25."""
    admin = ConfigAdmin(etc)
    came = []

    @admin.managed_service("p")
    async def _updated(properties):
        came.append((properties, asyncio.get_running_loop()))

    async def main():
        async with admin:
            assert came == [(None, asyncio.get_running_loop())]

    run(main())


def test_entering_does_not_block_the_loop(run, etc):
    """CM-46: a plain service that waits for the loop is not waited for in vain."""

    async def main():
        loop = asyncio.get_running_loop()
        ticked = threading.Event()

        def updated(_):
            loop.call_soon_threadsafe(ticked.set)
            assert ticked.wait(LIMIT_S)

        admin = ConfigAdmin(etc)
        admin.add_managed_service("p", updated)
        async with admin:
            assert ticked.is_set()
            assert admin.faults() == ()

    run(main())


def test_leaving_does_not_block_the_loop(run, etc):
    """CM-47: a coroutine may end while the admin does."""

    async def main():
        begun, ended = asyncio.Event(), []

        async def slow():
            begun.set()
            await asyncio.sleep(0)
            ended.append(True)

        service = Service(slow)
        async with ConfigAdmin(etc) as admin:
            admin.add_managed_service("p", service)
            await begun.wait()
        assert ended == [True]
        assert admin.faults() == ()

    run(main())


def test_an_exception_in_the_block_ends_the_admin_and_is_raised(run, etc):
    """CM-46."""

    async def main():
        with pytest.raises(ZeroDivisionError):
            async with ConfigAdmin(etc) as admin:
                raise ZeroDivisionError
        with pytest.raises(NotRunningError):
            admin.update("p", {})

    run(main())


def test_an_admin_is_entered_once(run, etc):
    """CM-46: a second time neither ends the first, nor takes its loop over."""

    async def main():
        service = Service()
        async with ConfigAdmin(etc) as admin:
            with pytest.raises(UsageError):
                await admin.__aenter__()
            with pytest.raises(UsageError):
                await asyncio.to_thread(asyncio.run, admin.__aenter__())
            admin.add_managed_service("p", service)
            admin.update("p", {"a": "1"})
            await service.wait_for("1")

    run(main())


def test_what_fails_at_the_start_is_raised(run):
    """CM-46: and the admin has ended."""

    async def main():
        admin = testing.admin({"../p": {}})
        with pytest.raises(ValueError, match="cannot be a PID"):
            await admin.__aenter__()
        with pytest.raises(NotRunningError, match="has been stopped"):
            admin.update("p", {})
        assert admin.wait(0)

    run(main())


# Being cancelled


class SlowHouse:
    """Begins and ends when it is let go."""

    def __init__(self, house):
        self.house = house
        self.begins, self.may_begin = threading.Event(), threading.Event()
        self.ends, self.may_end = threading.Event(), threading.Event()
        self.log = []
        self.may_end.set()

    def __getattr__(self, name):
        return getattr(self.house, name)

    def start(self):
        self.begins.set()
        assert self.may_begin.wait(LIMIT_S)
        self.house.start()
        self.log.append("started")

    def stop(self):
        self.ends.set()
        assert self.may_end.wait(LIMIT_S)
        self.house.stop()
        self.log.append("stopped")


@pytest.fixture
def slow():
    """An admin that begins, and ends, when it is let go."""
    admin = testing.admin()
    house = SlowHouse(admin._house)
    admin._house = house
    yield admin, house
    house.may_begin.set()
    house.may_end.set()


async def when(event):
    assert await asyncio.to_thread(event.wait, LIMIT_S)


async def steps(number=20):
    """Let the loop go on."""
    for _ in range(number):
        await asyncio.sleep(0)


@pytest.mark.parametrize("times", [1, 3])
def test_cancelled_while_it_begins_it_ends_whole(run, slow, times):
    """CM-46: however often; and only then the cancellation is raised."""
    admin, house = slow

    async def main():
        async def enter():
            async with admin:
                house.log.append("entered")

        entering = asyncio.create_task(enter())
        await when(house.begins)
        for _ in range(times):
            entering.cancel()
            await steps()
        assert not entering.done()
        house.may_begin.set()
        with pytest.raises(asyncio.CancelledError):
            await entering
        assert house.log == ["started", "stopped"]

    run(main())


@pytest.mark.parametrize("times", [1, 3])
def test_cancelled_while_it_ends_it_ends_whole(run, slow, times):
    """CM-47."""
    admin, house = slow
    house.may_begin.set()
    house.may_end.clear()

    async def main():
        async def live():
            async with admin:
                house.log.append("entered")

        living = asyncio.create_task(live())
        await when(house.ends)
        for _ in range(times):
            living.cancel()
            await steps()
        assert not living.done()
        house.may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await living
        assert house.log == ["started", "entered", "stopped"]

    run(main())


def test_cancelled_in_the_block_it_ends(run, etc):
    """CM-46."""

    async def main():
        entered = asyncio.Event()
        admin = ConfigAdmin(etc)

        async def live():
            async with admin:
                entered.set()
                await asyncio.Event().wait()

        living = asyncio.create_task(live())
        await entered.wait()
        living.cancel()
        with pytest.raises(asyncio.CancelledError):
            await living
        with pytest.raises(NotRunningError):
            admin.update("p", {})

    run(main())


def test_a_time_limit_around_it_is_one(run, slow):
    """CM-46: `asyncio.timeout` sees its own cancellation come back."""
    admin, house = slow

    async def main():
        async def let_go():
            await when(house.begins)
            await steps()
            house.may_begin.set()

        letting = asyncio.create_task(let_go())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0), admin:
                pytest.fail("the block was entered")
        await letting
        assert house.log == ["started", "stopped"]

    run(main())


def test_a_start_that_fails_after_a_cancellation_is_not_complained_of(run, slow):
    """CM-46: nobody is left to be told."""
    admin, house = slow
    admin._house.house._configurations = {"../p": {}}

    complaints = []

    async def main():
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: complaints.append(context)
        )
        entering = asyncio.create_task(admin.__aenter__())
        await when(house.begins)
        entering.cancel()
        await steps()
        house.may_begin.set()
        await asyncio.wait([entering])
        assert entering.cancelled()

    run(main())
    gc.collect()
    assert complaints == []


# What coroutines may do


def test_a_coroutine_may_change_its_own_configuration(run, etc):
    """CM-18, CM-25."""

    async def main():
        seen = []
        done = asyncio.Event()
        async with ConfigAdmin(etc) as admin:

            @admin.managed_service("p")
            async def _updated(properties):
                number = int(properties["n"]) if properties else 0
                seen.append(number)
                if number == 3:
                    done.set()
                else:
                    admin.update("p", {"n": str(number + 1)})

            async with asyncio.timeout(LIMIT_S):
                await done.wait()
        assert seen == [0, 1, 2, 3]

    run(main())


def test_a_coroutine_cannot_wait_for_itself(run, etc):
    """CM-18, CM-25: it is told so."""

    async def main():
        caught = []
        came = asyncio.Event()
        async with ConfigAdmin(etc) as admin:

            @admin.managed_service("p")
            async def _updated(_properties):
                for call in (admin.flush, admin.stop, admin.wait):
                    try:
                        call()
                    except UsageError as error:
                        caught.append(str(error))
                try:
                    await asyncio.to_thread(admin.flush)
                except UsageError as error:
                    caught.append(str(error))
                came.set()

            async with asyncio.timeout(LIMIT_S):
                await came.wait()
            assert await asyncio.to_thread(admin.flush, LIMIT_S)
        assert len(caught) == 4

    run(main())


def test_what_a_coroutine_raises_is_a_fault(run, etc):
    """CM-21, CM-25."""

    async def main():
        async def updated(_):
            raise ConfigurationError("port", "is taken")

        async with ConfigAdmin(etc) as admin:
            admin.add_managed_service("p", updated)
            assert await asyncio.to_thread(admin.flush, LIMIT_S)
            (fault,) = admin.faults()
            assert (fault.key, fault.pid) == ("port", "p")

    run(main())


def test_transactions_and_listeners_work_from_the_loop(run, etc):
    """CM-14, CM-25, CM-29."""

    async def main():
        events, told = [], []

        class Later:
            async def configuration_event(self, event):
                events.append(event.pid)

        class AtOnce:
            def configuration_event(self, event):
                told.append(event.pid)

        async with ConfigAdmin(etc) as admin:
            admin.add_listener(Later())
            admin.add_listener(AtOnce(), synchronous=True)
            with admin.transaction() as transaction:
                transaction.update("a", {})
                transaction.update("b", {})
            assert told == ["a", "b"], "before the transaction returns"
            assert await asyncio.to_thread(admin.flush, LIMIT_S)
            assert events == ["a", "b"]

    run(main())


# The loop ends first


def test_a_loop_that_has_ended_is_a_fault_and_hangs_nothing(etc, make_admin):
    """CM-25: what belongs to it is called no more; others are."""
    admin, others = make_admin(etc), []

    async def main():
        await asyncio.to_thread(admin.start)
        admin.add_managed_service("p", Service())
        admin.add_managed_service("p", others.append)
        assert await asyncio.to_thread(admin.flush, LIMIT_S)

    asyncio.run(main())
    admin.update("p", {"a": "1"})

    assert admin.flush(LIMIT_S)
    assert others[-1]["a"] == "1"
    (fault,) = admin.faults()
    assert "without an event loop that runs" in fault.found
    begin = time.monotonic()
    admin.stop()
    assert time.monotonic() - begin < 1.0


def test_a_coroutine_that_its_ending_loop_cancels_is_a_fault(etc, make_admin):
    """CM-25: its lane goes on."""
    admin = make_admin(etc)

    async def main():
        begun = asyncio.Event()

        async def forever():
            begun.set()
            await asyncio.Event().wait()

        await asyncio.to_thread(admin.start)
        admin.add_managed_service("p", Service(forever))
        await begun.wait()

    asyncio.run(main())

    assert admin.flush(LIMIT_S)
    (fault,) = admin.faults()
    assert "CancelledError" in fault.found


def test_a_coroutine_that_never_ends_delays_no_stop(run, etc):
    """CM-47: a fault says where it hangs."""

    async def main():
        begun = asyncio.Event()

        async def forever():
            begun.set()
            await asyncio.Event().wait()

        async with ConfigAdmin(etc) as admin:
            admin.add_managed_service("p", Service(forever))
            await begun.wait()
            begin = time.monotonic()
        assert time.monotonic() - begin < 1.0
        (fault,) = admin.faults()
        assert "Service to return" in fault.expected

    run(main())


def test_two_admins_live_on_one_loop(run, etc, tmp_path):
    """CM-46."""

    async def main():
        (tmp_path / "other").mkdir()
        services = [Service(), Service()]
        async with (
            ConfigAdmin(etc) as one,
            ConfigAdmin(tmp_path / "other", store=None) as other,
        ):
            for number, admin in enumerate((one, other)):
                admin.add_managed_service("p", services[number])
                admin.update("p", {"a": number})
            for number, service in enumerate(services):
                await service.wait_for(number)

    run(main())


def test_the_loop_that_callbacks_run_on_is_not_blocked(etc):
    """CM-25: who waits for a coroutine on its own loop would wait for ever."""

    async def updated(properties):
        """Runs on the loop."""

    async def live():
        async with ConfigAdmin(etc) as admin:
            admin.flush(10.0)  # nothing runs on this loop yet
            admin.add_managed_service("p", updated)
            with pytest.raises(UsageError, match=r"asyncio\.to_thread\(admin\.flush"):
                admin.flush()
            with pytest.raises(UsageError, match=r"to_thread\(admin\.wait_applied"):
                admin.wait_applied("p")
            with pytest.raises(UsageError, match=r"to_thread\(admin\.wait,"):
                admin.wait()
            assert not admin.wait(0)
            assert await asyncio.to_thread(admin.flush, 10.0)
        assert admin.wait(), "what is over is not waited for"

    asyncio.run(live())


def test_after_a_stop_on_the_loop_no_coroutine_begins(run, etc):
    """CM-25, CM-47: also none that was handed to the loop before."""

    async def main():
        service = Service()
        admin = ConfigAdmin(etc)
        await asyncio.to_thread(admin.start)
        admin.add_managed_service("p", service)
        admin.stop()  # blocks the loop meanwhile
        await steps()
        assert service.calls == []

    run(main())
