"""
Where callbacks run: one lane per callback, threads only while callbacks run.

A lane is a queue, not a thread. Calls of one lane never overlap and keep their order;
lanes never wait for each other. A key that already waits is not queued twice, so a
slow callback meets the newest state and not every state there was.

Source: Equinox ``SerializedTaskQueue`` (callbacks in order, on a thread that starts on
demand and leaves when idle).
"""

import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Hashable
from types import TracebackType
from typing import Protocol, Self

Task = Callable[[], None]

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
        if task is not None:
            task()
        with self._lock:
            self._thread_id = None
            self._scheduled = bool(self._waiting)
            self._idle.notify_all()
            return self._scheduled

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


class Dispatcher(Protocol):
    """Runs lanes."""

    def lane(self, name: str) -> Lane:
        """A new lane."""
        ...

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing waits or runs; whether that was so in time."""
        ...

    def is_inside(self) -> bool:
        """Whether the caller is one of the callbacks."""
        ...


class InlineDispatcher:
    """
    Runs everything inside `flush`, on the caller's thread: deterministic, for tests.
    """

    def __init__(self) -> None:
        self._queue: deque[Lane] = deque()
        self._inside = False

    def lane(self, name: str) -> Lane:
        """A new lane."""
        return Lane(name, self._queue.append)

    def flush(self, timeout_s: float | None = None) -> bool:  # noqa: ARG002 - nothing runs elsewhere, so there is nothing to wait for
        """Run what waits, and what that submits; always True."""
        self._inside = True
        try:
            while self._queue:
                lane = self._queue.popleft()
                if lane.run_next():
                    self._queue.append(lane)
        finally:
            self._inside = False
        return True

    def is_inside(self) -> bool:
        """Whether the caller is one of the callbacks."""
        return self._inside


class LaneDispatcher:
    """
    Runs lanes on a few threads, more only while callbacks are slow.

    When no lane was taken up for *patience_s* although some wait, the number of
    threads doubles: fifty callbacks that block for ever delay the next one by some
    milliseconds, and ten thousand quick ones still share one thread.

    Args:
        max_threads: So many callbacks can block at the same time.
        patience_s: How long the queue may stand still before threads are added.
        linger_s: How long an idle thread waits for work before it ends.
    """

    def __init__(
        self,
        *,
        max_threads: int = 512,
        patience_s: float = 0.002,
        linger_s: float = 5.0,
    ) -> None:
        self._max_threads = max_threads
        self._patience_s = patience_s
        self._linger_s = linger_s
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._stalled = threading.Condition(self._lock)
        self._settled = threading.Condition(self._lock)
        self._queue: deque[Lane] = deque()
        self._active: set[Lane] = set()
        self._threads = 0
        self._idle_threads = 0
        self._taken = 0
        self._running = False
        self._stopped = False
        self._local = threading.local()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop(0)

    def start(self) -> None:
        """Begin to run what was submitted."""
        with self._lock:
            if self._stopped:
                return
            self._running = True
            self._ensure_worker()
        _daemon("config-admin lanes", self._supervise)

    def stop(self, timeout_s: float) -> tuple[Lane, ...]:
        """
        Start no further call and wait *timeout_s* for those that run.

        Returns:
            The lanes whose call still runs; their threads are daemons.
        """
        with self._lock:
            self._running = False
            self._stopped = True
            self._active.difference_update(self._queue)
            self._queue.clear()
            self._work.notify_all()
            self._stalled.notify_all()
            self._settled.wait_for(lambda: not self._active, timeout_s)
            return tuple(self._active)

    def lane(self, name: str) -> Lane:
        """A new lane."""
        return Lane(name, self._schedule)

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing waits or runs; whether that was so in time."""
        with self._lock:
            return self._settled.wait_for(lambda: not self._active, timeout_s)

    def is_inside(self) -> bool:
        """Whether the caller is one of the callbacks."""
        return getattr(self._local, "inside", False)

    def _schedule(self, lane: Lane) -> None:
        with self._lock:
            if self._stopped:
                return
            self._active.add(lane)
            self._queue.append(lane)
            self._ensure_worker()

    def _ensure_worker(self) -> None:
        if not self._running or not self._queue:
            return
        if self._idle_threads:
            self._work.notify()
        elif not self._threads:
            self._add_thread()
        else:
            self._stalled.notify()

    def _add_thread(self) -> None:
        self._threads += 1
        _daemon("config-admin callback", self._run)

    def _run(self) -> None:
        self._local.inside = True
        while (lane := self._next_lane()) is not None:
            again = lane.run_next()
            with self._lock:
                if again and not self._stopped:
                    self._queue.append(lane)
                else:
                    self._active.discard(lane)
                    if not self._active:
                        self._settled.notify_all()

    def _next_lane(self) -> Lane | None:
        with self._lock:
            self._idle_threads += 1
            found = self._work.wait_for(
                lambda: self._queue or self._stopped, self._linger_s
            )
            self._idle_threads -= 1
            if not found or self._stopped:
                self._threads -= 1
                return None
            self._taken += 1
            if len(self._queue) > 1 and not self._idle_threads:
                self._stalled.notify()
            return self._queue.popleft()

    def _supervise(self) -> None:
        with self._lock:
            while not self._stopped:
                if not self._queue or self._idle_threads:
                    self._stalled.wait()
                    continue
                before = self._taken
                self._stalled.wait(self._patience_s)
                if before == self._taken and self._queue and not self._idle_threads:
                    for _ in range(min(self._threads, len(self._queue)) or 1):
                        if self._threads < self._max_threads:
                            self._add_thread()


def _daemon(name: str, run: Callable[[], None]) -> None:
    threading.Thread(target=run, name=name, daemon=True).start()
