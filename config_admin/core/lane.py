"""A lane: a queue of calls that keep their order and never overlap."""

import logging
import sys
import threading
import traceback
from collections.abc import Callable, Hashable
from contextlib import suppress

Task = Callable[[], None]

_LOG = logging.getLogger(__name__)
_STACK_FRAMES_SHOWN = 3


class Lane:
    """
    A queue of calls that never overlap.

    Args:
        name: For faults: whose callback it is.
        schedule: Called when the lane has something to do and is not yet scheduled;
            it has to see to it that `run_next` is called.
    """

    def __init__(self, name: str, schedule: Callable[["Lane"], None]) -> None:
        self.name = name
        self._schedule = schedule
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._waiting: dict[Hashable, Task] = {}
        self._scheduled = False
        self._closed = False
        self._thread_id: int | None = None

    def submit(self, key: Hashable, task: Task) -> None:
        """Run *task* after what waits already; if *key* waits, in its place."""
        with self._lock:
            if self._closed:
                return
            self._waiting[key] = task
            if self._scheduled:
                return
            self._scheduled = True
        self._schedule(self)

    def run_next(self) -> bool:
        """Run what waits longest; whether there is more to run."""
        with self._lock:
            task = self._take()
        try:
            if task is not None:
                task()
        except BaseException as error:  # it must not end a lane or its thread
            is_main = threading.current_thread() is threading.main_thread()
            if isinstance(error, KeyboardInterrupt) and is_main:
                raise
            with suppress(Exception):  # a log handler of the program's own
                _LOG.exception("%s: a call could not be made", self.name)
        finally:
            with self._lock:
                self._thread_id = None
                self._scheduled = again = bool(self._waiting)
                self._idle.notify_all()
        return again

    def close(self, timeout_s: float | None = None) -> None:
        """
        Start nothing more; wait *timeout_s* for the call that runs.

        A lane that closes itself from inside its call does not wait.
        """
        with self._lock:
            self._closed = True
            self._waiting.clear()
            if timeout_s and self._thread_id != threading.get_ident():
                self._idle.wait_for(lambda: self._thread_id is None, timeout_s)

    @property
    def is_closed(self) -> bool:
        """Whether nothing more will start."""
        return self._closed

    def stack(self) -> str | None:
        """Where its call is now, innermost frame last; None if none runs."""
        thread_id = self._thread_id
        frame = sys._current_frames().get(thread_id) if thread_id else None  # noqa: SLF001 - the documented way to another thread's stack
        if frame is None:
            return None
        frames = traceback.extract_stack(frame)[-_STACK_FRAMES_SHOWN:]
        return " > ".join(f"{f.filename}:{f.lineno} {f.name}" for f in frames)

    def _take(self) -> Task | None:
        if not self._waiting:
            return None
        self._thread_id = threading.get_ident()
        return self._waiting.pop(next(iter(self._waiting)))
