"""A lane: a queue of calls that keep their order and never overlap."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from contextvars import copy_context

from config_admin.core.call import FRAMES_SHOWN, Call, calls_around, is_inside

Task = Callable[[], None]
Clock = Callable[[], float]

_LOG = logging.getLogger(__name__)


def _nothing(_: "Lane") -> None:
    """What happens when a lane is closed unless somebody wants to know."""


def _nowhere() -> bool:
    """Where the calls of a lane need no event loop."""
    return False


class Lane:
    """
    A queue of calls that never overlap.

    Args:
        name: For faults: whose callback it is.
        schedule: Called when the lane has something to do and is not yet scheduled;
            it has to see to it that `run_next` is called.
        clock: Seconds that only grow.
        on_close: Called when the lane has been closed; it holds no lock then.
        owner: The dispatcher that runs it.

    Attributes:
        needs_caller: Whether its calls need the event loop that runs on the thread of
            whoever asks: who blocks that waits for himself.
        submitted: How many calls were ever queued; one that takes the place of another
            is none.
        done: How many of them are over: they have run, or were dropped by `close`.
    """

    def __init__(
        self,
        name: str,
        schedule: Callable[["Lane"], None],
        clock: Clock,
        on_close: Callable[["Lane"], None] = _nothing,
        owner: object = None,
    ) -> None:
        self.name = name
        self.needs_caller: Callable[[], bool] = _nowhere
        self.submitted = 0
        self.done = 0
        self._schedule = schedule
        self._clock = clock
        self._on_close = on_close
        self._owner = owner
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        # Not a dict: the first of one is found behind all that were ever taken out.
        self._waiting: OrderedDict[Hashable, Task] = OrderedDict()
        self._scheduled = False
        self._closed = False
        self._call: Call | None = None

    def submit(self, key: Hashable, task: Task) -> None:
        """Run *task* after what waits already; if *key* waits, in its place."""
        with self._lock:
            if self._closed:
                return
            self.submitted += key not in self._waiting
            self._waiting[key] = task
            if self._scheduled:
                return
            self._scheduled = True
        self._schedule(self)

    def run_next(self) -> bool:
        """Run what waits longest; whether there is more to run."""
        with self._lock:
            _, task = self._waiting.popitem(last=False) if self._waiting else (0, None)
            call = None if task is None else Call(self._clock(), self._owner)
            self._call = call
        try:
            if call is not None and task is not None:
                copy_context().run(call.run, task)
        except BaseException as error:  # it must not end a lane or its thread
            is_main = threading.current_thread() is threading.main_thread()
            if isinstance(error, KeyboardInterrupt) and is_main:
                raise
            with suppress(Exception, SystemExit):  # a log handler of the program's own
                _LOG.exception("%s: a call could not be made", self.name)
        finally:
            with self._lock:
                self._call = None
                self.done += call is not None
                self._scheduled = again = bool(self._waiting)
                self._idle.notify_all()
        return again

    def end(self) -> None:
        """Start nothing more, as its dispatcher has ended."""
        with self._lock:
            self._closed = True
            self.done += len(self._waiting)
            self._waiting.clear()

    def close(self, timeout_s: float | None = None) -> None:
        """
        Start nothing more; wait *timeout_s* for the call that runs.

        Whoever is inside that call does not wait for it.
        """
        self.end()
        self._on_close(self)
        with self._lock:
            if timeout_s and not self.is_around_caller():
                self._idle.wait_for(lambda: self._call is None, timeout_s)

    @property
    def is_closed(self) -> bool:
        """Whether nothing more will start."""
        return self._closed

    @property
    def next_key(self) -> Hashable:
        """What it was told to do next; None: nothing."""
        with self._lock:
            return next(iter(self._waiting), None)

    def is_around_caller(self) -> bool:
        """Whether the caller is inside the call that runs."""
        return any(call is self._call for call in calls_around())

    def is_caller_inside(self) -> bool:
        """Whether the caller is inside any call of the same dispatcher."""
        return is_inside(self._owner)

    @property
    def busy_since_s(self) -> float | None:
        """When the call that runs began, by the clock; None if none runs."""
        call = self._call
        return None if call is None else call.since_s

    def stack(self, frames_shown: int = FRAMES_SHOWN) -> str | None:
        """Where its call is now, innermost frame last; None if none runs."""
        call = self._call
        return None if call is None else call.stack(frames_shown)
