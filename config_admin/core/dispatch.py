"""
Where callbacks run: one lane per callback, threads only while callbacks run.

A lane is a queue, not a thread. Calls of one lane never overlap and keep their order;
lanes never wait for each other. A key that already waits is not queued twice, so a
slow callback meets the newest state and not every state there was.

Source: Equinox ``SerializedTaskQueue`` (callbacks in order, on a thread that starts on
demand and leaves when idle).
"""

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable
from typing import Protocol, Self

from config_admin.core.lane import Lane

_LOG = logging.getLogger(__name__)
_NO_THREAD_PAUSE_S = 1.0


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
        before, self._inside = self._inside, True
        try:
            while self._queue:
                lane = self._queue.popleft()
                if lane.run_next():
                    self._queue.append(lane)
        finally:
            self._inside = before
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
        # Counted, because a lane may be scheduled anew while its call ends.
        self._active: Counter[Lane] = Counter()
        self._threads = 0
        self._idle_threads = 0
        self._taken = 0
        self._running = False
        self._stopped = False
        self._local = threading.local()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
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
            self._active.subtract(self._queue)
            self._active += Counter()  # keeps those that still run
            self._queue.clear()
            for condition in (self._work, self._stalled, self._settled):
                condition.notify_all()
            self._settled.wait_for(lambda: not self._active, timeout_s)
            return tuple(self._active)

    def lane(self, name: str) -> Lane:
        """A new lane."""
        return Lane(name, self._schedule)

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing waits or runs; whether that was so in time."""
        with self._lock:
            self._settled.wait_for(lambda: not self._active or self._stopped, timeout_s)
            return not self._active

    def is_inside(self) -> bool:
        """Whether the caller is one of the callbacks."""
        return getattr(self._local, "inside", False)

    def _schedule(self, lane: Lane) -> None:
        with self._lock:
            if self._stopped:
                return
            self._active[lane] += 1
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

    def _add_thread(self) -> bool:
        self._threads += 1
        try:
            _daemon("config-admin callback", self._run)
        except RuntimeError:  # the system has none left: those that there are go on
            self._threads -= 1
            _LOG.warning("No thread can be started; callbacks wait", exc_info=True)
            self._stalled.notify()
            return False
        return True

    def _run(self) -> None:
        self._local.inside = True
        while (lane := self._next_lane()) is not None:
            again = lane.run_next()
            with self._lock:
                if again and not self._stopped:
                    self._queue.append(lane)
                else:
                    self._active[lane] -= 1
                    self._active += Counter()
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
                    self._grow()

    def _grow(self) -> None:
        wanted = min(self._threads, len(self._queue)) or 1
        wanted = min(wanted, self._max_threads - self._threads)
        if not wanted or not all(self._add_thread() for _ in range(wanted)):
            self._stalled.wait(_NO_THREAD_PAUSE_S)


def _daemon(name: str, run: Callable[[], None]) -> None:
    threading.Thread(target=run, name=name, daemon=True).start()
