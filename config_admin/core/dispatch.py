"""
Where callbacks run: one lane per callback, threads only while callbacks run.

A lane is a queue, not a thread. Calls of one lane never overlap and keep their order;
lanes never wait for each other. A key that already waits is not queued twice, so a
slow callback meets the newest state and not every state there was.

Source: Equinox ``SerializedTaskQueue`` (callbacks in order, on a thread that starts on
demand and leaves when idle).
"""

from collections import OrderedDict
from collections.abc import Callable
from contextvars import copy_context
from typing import Protocol, TypeVar

from config_admin.core.call import Call, is_inside
from config_admin.core.display import escaped
from config_admin.core.errors import UsageError
from config_admin.core.lane import Clock, Lane

T = TypeVar("T")

_MOST_CALLS = 10_000


class Dispatcher(Protocol):
    """Runs lanes, and calls that somebody waits for."""

    def lane(self, name: str) -> Lane:
        """A new lane."""
        ...

    def flush(self, timeout_s: float | None = None) -> bool:
        """
        Wait until nothing waits or runs; whether that was so in time.

        Whoever `is_inside` must not: it would wait for itself.
        """
        ...

    def finish(self, lane: Lane, timeout_s: float) -> bool:
        """
        Have everything run that was submitted to *lane* before.

        Returns:
            Whether it was, in time. At once False, and nothing is run or waited for,
            if the caller is inside a callback, which may be the very one, or if the
            dispatcher does not run.
        """
        ...

    def run_within(self, call: Callable[[], T], timeout_s: float) -> T:
        """
        Run *call* now, behind no callback, and wait for it.

        Whatever it raises is raised, even what is no `Exception`. It counts as inside.

        Raises:
            TimeoutError: If it has not returned in time: it goes on, but nobody gets
                what comes of it. Or if no thread became free in time: it is not run.
            NotRunningError: If the dispatcher has been stopped: it is not run.
        """
        ...

    def is_inside(self) -> bool:
        """
        Whether the caller is inside a callback, or a call of `run_within`, of its own.

        So is a coroutine that one of them has handed to an event loop, until the
        callback itself has ended.
        """
        ...


class InlineDispatcher:
    """
    Runs everything on the caller's thread, lanes inside `flush`: for tests.

    Args:
        clock: Seconds that only grow; they stand still if it is not given.
    """

    def __init__(self, clock: Clock = lambda: 0.0) -> None:
        self._clock = clock
        self._queue: OrderedDict[Lane, None] = OrderedDict()

    def lane(self, name: str) -> Lane:
        """A new lane."""
        return Lane(name, self._schedule, self._clock, owner=self)

    def flush(self, timeout_s: float | None = None) -> bool:  # noqa: ARG002 - nothing runs elsewhere, so there is nothing to wait for
        """
        Run what waits, and what that submits; always True.

        Raises:
            UsageError: If that never ends: a callback changes what it follows.
        """
        ends: dict[Lane, int] = {}
        while self._queue:
            (lane, _), again = self._queue.popitem(last=False), True
            try:
                if lane.done >= ends.setdefault(lane, lane.submitted + _MOST_CALLS):
                    raise _endless(lane)
                again = lane.run_next()
            finally:  # also after an interrupt from the keyboard
                if again:
                    self._schedule(lane)
        return True

    def finish(self, lane: Lane, timeout_s: float) -> bool:  # noqa: ARG002 - as above
        """Run what waits on *lane* here and now."""
        if is_inside(self):
            return False
        wanted, again = lane.submitted, True
        while again and lane.done < wanted:
            again = lane.run_next()
        if not again:
            self._queue.pop(lane, None)
        return lane.done >= wanted

    def run_within(self, call: Callable[[], T], timeout_s: float) -> T:  # noqa: ARG002 - as above
        """Run *call* here and now, however long it takes."""
        return copy_context().run(Call(self._clock(), self).run, call)

    def is_inside(self) -> bool:
        """Whether the caller is inside a callback, or a call of `run_within`."""
        return is_inside(self)

    def _schedule(self, lane: Lane) -> None:
        self._queue[lane] = None


def _endless(lane: Lane) -> UsageError:
    pid = lane.next_key
    about = f" for {escaped(pid)}" if isinstance(pid, str) else ""
    return UsageError(
        f"{escaped(lane.name)} was called {_MOST_CALLS:,} times, and is to be called "
        f"again{about}: each call changes something that makes the next one due. See "
        "to it that one of them changes nothing."
    )
