"""Lanes on threads: few of them, more only while callbacks are slow."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Self, TypeVar

from config_admin.core.blocked import (
    busy_fault,
    standstill_fault,
    starved_fault,
    stuck_fault,
)
from config_admin.core.call import is_inside
from config_admin.core.daemon import start_daemon
from config_admin.core.faults import Fault, FaultKind
from config_admin.core.lane import Clock, Lane
from config_admin.core.pool import Pool
from config_admin.core.watch import Describe, Report, Watch, Watched

T = TypeVar("T")

_NO_THREAD_PAUSE_S = 1.0


def _to_nobody(_: FaultKind, __: str, ___: Sequence[Fault]) -> None:
    """Where faults go unless somebody wants to know."""


class LaneDispatcher:
    """
    Runs lanes on a few threads, more only while callbacks are slow.

    When no lane was taken up for *patience_s* although some wait, the number of
    threads doubles: fifty callbacks that block for ever delay the next one by some
    milliseconds, and ten thousand quick ones still share one thread.

    Args:
        clock: Seconds that only grow.
        report: Takes faults, as `config_admin.core.faults.FaultBook.report`.
        max_threads: So many callbacks can block at the same time.
        patience_s: How long the queue may stand still before threads are added.
        linger_s: How long an idle thread waits for work before it ends.
        busy_after_s: A call that takes longer is a fault until it returns or its lane
            is closed.
        standstill_after_s: How long the queue may stand still though no thread can be
            added; then it is a fault until it moves.
    """

    def __init__(  # noqa: PLR0913 - each has a name
        self,
        *,
        clock: Clock,
        report: Report = _to_nobody,
        max_threads: int = 512,
        patience_s: float = 0.002,
        linger_s: float = 5.0,
        busy_after_s: float = 5.0,
        standstill_after_s: float = 1.0,
    ) -> None:
        self._clock = clock
        self._max_threads = max_threads
        self._patience_s = patience_s
        self._linger_s = linger_s
        self._busy_after_s = busy_after_s
        self._standstill_after_s = standstill_after_s
        self._watch = Watch(clock, report)
        self._pool = Pool(max_threads, linger_s, self)
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._stalled = threading.Condition(self._lock)
        self._settled = threading.Condition(self._lock)
        self._advanced = threading.Condition(self._lock)
        self._halted = threading.Event()
        self._queue: deque[Lane] = deque()
        # A lane may have two: it may be scheduled anew while its call ends.
        self._turns: dict[Watched, Lane] = {}
        self._standstill: Watched | None = None
        self._threads = self._idle_threads = self._taken = 0
        self._running = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(0)

    def start(self) -> None:
        """
        Begin to run what was submitted.

        Raises:
            RuntimeError: If the system has no thread left; it may be tried again.
        """
        with self._lock:
            if self._running or self._halted.is_set():
                return
            self._running = True
        try:
            self._watch.start()
            start_daemon("config-admin lanes", self._supervise)
        except RuntimeError:
            self._running = False
            raise

    def stop(self, timeout_s: float) -> tuple[Lane, ...]:
        """
        Start no further call and wait *timeout_s* for those that run.

        Their lanes have ended: what such a call has handed over begins no more.

        Returns:
            The lanes whose call still runs, each with a fault until it returns; their
            threads are daemons.
        """
        with self._lock:
            self._running = False
            self._halted.set()
            self._queue.clear()
            standstill, self._standstill = self._standstill, None
            for changed in (self._work, self._stalled, self._settled, self._advanced):
                changed.notify_all()
            self._settled.wait_for(lambda: not self._turns, timeout_s)
            turns = self._turns.copy()
        for lane in turns.values():
            lane.end()
        stuck = {turn: lane for turn, lane in turns.items() if not turn.is_over}
        self._pool.stop()
        self._watch.stop()
        if standstill is not None:
            self._watch.end(standstill)
        for turn, lane in stuck.items():
            self._watch.report(turn, partial(stuck_fault, lane))
        return tuple(dict.fromkeys(stuck.values()))

    def lane(self, name: str) -> Lane:
        """A new lane."""
        return Lane(name, self._schedule, self._clock, self._lane_closed, self)

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing waits or runs; whether that was so in time."""
        with self._lock:
            self._settled.wait_for(
                lambda: self._is_settled() or self._halted.is_set(), timeout_s
            )
            return self._is_settled()

    def finish(self, lane: Lane, timeout_s: float) -> bool:
        """Wait until everything submitted to *lane* before has run."""
        wanted = lane.submitted
        with self._lock:
            if not self._running or is_inside(self):
                return False
            self._advanced.wait_for(
                lambda: lane.done >= wanted or not self._running, timeout_s
            )
            return lane.done >= wanted

    def run_within(self, call: Callable[[], T], timeout_s: float) -> T:
        """Run *call* now, behind no callback, and wait for it."""
        return self._pool.run_within(call, timeout_s)

    def is_inside(self) -> bool:
        """Whether the caller is inside a callback, or a call of `run_within`."""
        return is_inside(self)

    def _is_settled(self) -> bool:
        return not (self._queue or self._turns)

    def _schedule(self, lane: Lane) -> None:
        with self._lock:
            if self._halted.is_set():
                return
            self._queue.append(lane)
            if self._idle_threads:
                self._work.notify()
            else:
                self._stalled.notify()

    def _lane_closed(self, lane: Lane) -> None:
        with self._lock:
            turns = [turn for turn, whose in self._turns.items() if whose is lane]
            self._advanced.notify_all()
        for turn in turns:
            self._watch.hush(turn)

    # On the threads that run lanes

    def _run(self) -> None:
        while (taken := self._take()) is not None:
            lane, turn = taken
            again = lane.run_next()
            self._watch.end(turn)
            with self._lock:
                del self._turns[turn]
                if again and self._running:
                    self._queue.append(lane)
                self._advanced.notify_all()
                if self._is_settled():
                    self._settled.notify_all()
            del lane, turn, taken

    def _take(self) -> tuple[Lane, Watched] | None:
        """Wait for a lane; None if there was none for long, or never will be."""
        with self._lock:
            self._idle_threads += 1
            self._work.wait_for(
                lambda: self._queue or self._halted.is_set(), self._linger_s
            )
            self._idle_threads -= 1
            if not self._queue:
                self._threads -= 1
                return None
            lane = self._queue.popleft()
            turn = self._watch.begin(
                partial(busy_fault, lane, self._busy_after_s), self._busy_after_s
            )
            self._turns[turn] = lane
            self._taken += 1
            standstill, self._standstill = self._standstill, None
            if self._has_backlog():
                self._stalled.notify()
        if standstill is not None:
            self._watch.end(standstill)
        return lane, turn

    # On the thread that adds threads

    def _supervise(self) -> None:
        while (before := self._await_backlog()) is not None:
            if self._threads:
                self._halted.wait(self._patience_s)
            self._add_threads(self._reserve_threads(before))

    def _await_backlog(self) -> int | None:
        """Sleep until lanes wait and no thread is idle; None when stopped."""
        with self._lock:
            self._stalled.wait_for(lambda: self._has_backlog() or self._halted.is_set())
            return None if self._halted.is_set() else self._taken

    def _has_backlog(self) -> bool:
        return bool(self._queue) and not self._idle_threads

    def _reserve_threads(self, before: int) -> int:
        """How many threads to add, if no lane was taken up since *before*."""
        with self._lock:
            if self._taken != before or not self._has_backlog():
                return 0
            allowed = self._max_threads - self._threads
            wanted = min(self._threads or 1, len(self._queue), allowed)
            if not wanted:
                self._note_standstill(self._all_busy)
                self._stalled.wait_for(
                    lambda: self._taken != before or self._halted.is_set()
                )
            self._threads += wanted
            return wanted

    def _add_threads(self, wanted: int) -> None:
        for missing in range(wanted, 0, -1):
            if self._halted.is_set():
                return
            try:
                start_daemon("config-admin callback", self._run)
            except RuntimeError as error:  # those that there are go on
                with self._lock:
                    self._threads -= missing
                    self._note_standstill(partial(self._starved, str(error)))
                    self._stalled.wait(_NO_THREAD_PAUSE_S)
                return

    def _note_standstill(self, describe: Describe) -> None:
        if self._standstill is None and self._queue:
            self._standstill = self._watch.begin(describe, self._standstill_after_s)

    def _all_busy(self, for_s: float) -> Fault:
        with self._lock:
            busy, waiting = tuple(self._turns.values()), len(self._queue)
        return standstill_fault(busy, waiting, for_s)

    def _starved(self, reason: str, for_s: float) -> Fault:
        return starved_fault(reason, len(self._queue), for_s)
