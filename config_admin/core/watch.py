"""What goes on for too long is a fault until it is over."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from math import inf

from config_admin.core.daemon import start_daemon
from config_admin.core.faults import Fault, FaultKind
from config_admin.core.lane import Clock

Describe = Callable[[float], Fault]
Report = Callable[[FaultKind, str, Sequence[Fault]], None]


class Watched:
    """
    Something that goes on.

    Args:
        describe: The fault, from how many seconds it has gone on.
        since_s: When it began.
        due_s: When it is to be reported.
    """

    def __init__(self, describe: Describe, since_s: float, due_s: float) -> None:
        self.describe = describe
        self.since_s = since_s
        self.due_s = due_s
        self.is_reported = False
        self.is_over = False

    @property
    def subject(self) -> str:
        """What its fault is filed under: nothing else has that subject."""
        return f"watched {id(self):x}"


class Watch:
    """
    Reports what is due on a thread of its own, which sleeps until something is.

    Reports are made while no lock is held: whoever is told may call back, or block.

    Args:
        clock: Seconds that only grow.
        report: As `config_admin.core.faults.FaultBook.report`.
    """

    def __init__(self, clock: Clock, report: Report) -> None:
        self._clock = clock
        self._report = report
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        # By how long each may go on: those of a group are due one after the other.
        self._waiting: dict[float, dict[Watched, None]] = {}
        self._sleeps_until_s = -inf
        self._started = False
        self._stopped = False

    def start(self) -> None:
        """Begin to report, if it has not begun."""
        if not self._started:
            start_daemon("config-admin watch", self._run)
            self._started = True

    def stop(self) -> None:
        """Report nothing more that becomes due; what is over is still cleared."""
        with self._lock:
            self._stopped = True
            self._changed.notify()

    def begin(self, describe: Describe, after_s: float) -> Watched:
        """Report something that goes on from now, unless it ends within *after_s*."""
        since_s = self._clock()
        watched = Watched(describe, since_s, since_s + after_s)
        with self._lock:
            self._waiting.setdefault(after_s, {})[watched] = None
            if watched.due_s < self._sleeps_until_s:
                self._changed.notify()
        return watched

    def end(self, watched: Watched) -> None:
        """It is over."""
        watched.is_over = True
        self.hush(watched)

    def hush(self, watched: Watched) -> None:
        """It may go on, but is not worth a fault any more."""
        with self._lock:
            self._forget(watched)
            was_reported, watched.is_reported = watched.is_reported, False
        if was_reported:
            self._tell(watched, ())

    def report(self, watched: Watched, describe: Describe | None = None) -> None:
        """Report it now, if it is not over; as *describe* says, if that is given."""
        with self._lock:
            self._forget(watched)
            if watched.is_over:
                return
            watched.is_reported = True
        for_s = self._clock() - watched.since_s
        self._tell(watched, ((describe or watched.describe)(for_s),))
        if not watched.is_reported:  # asked last: it may have ended meanwhile
            self._tell(watched, ())

    def _tell(self, watched: Watched, faults: Sequence[Fault]) -> None:
        with suppress(Exception, SystemExit):  # foreign: a log handler of the program's
            self._report(FaultKind.CALLBACK, watched.subject, faults)

    def _forget(self, watched: Watched) -> None:
        for group in self._waiting.values():
            group.pop(watched, None)

    def _run(self) -> None:
        while (watched := self._next_due()) is not None:
            self.report(watched)

    def _next_due(self) -> Watched | None:
        """Sleep until something is due; None when stopped."""
        with self._lock:
            while not self._stopped:
                oldest = [
                    next(iter(group)) for group in self._waiting.values() if group
                ]
                first = min(oldest, key=lambda one: one.due_s, default=None)
                due_s = inf if first is None else first.due_s
                left_s = due_s - self._clock()
                if left_s <= 0:
                    return first
                self._sleeps_until_s = due_s
                # Without a limit as long as nothing goes on: no wake-up in vain.
                self._changed.wait(left_s if left_s < threading.TIMEOUT_MAX else None)
                self._sleeps_until_s = -inf
            return None
