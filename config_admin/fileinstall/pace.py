"""How long to wait before the obvious is done: pauses, by one clock."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

Clock = Callable[[], float]

_MOST_GRACES = 20


@dataclass(frozen=True, slots=True)
class Timing:
    """
    The pauses of a directory.

    Attributes:
        delete_grace_s: A file is gone only if it still is after this: editors and
            ``git checkout`` leave gaps.
        settle_s: A file that lost most of its keys is read again after this: the head
            of a file that is being written parses as a whole one.
        quiet_s: A change is written back when its PID was quiet for this long.
        quiet_limit_s: It is written back after this at the latest.
        retry_s: What failed is tried again after this.
        first_retry_s: A file that could not be written is tried again after this, then
            after twice as long, and so on.
        last_retry_s: It is tried again after this at the latest.
        rescan_s: A directory that is watched is looked through after this all the same.
        poll_s: One that cannot be watched is looked through after this.
        missing_s: One that is missing is looked for after this.
        probe_s: A watcher has to prove itself again after this. With a rescan, so that
            an idle program is not woken up for it.
        answer_s: A watcher that has not told of the probe after this tells nothing.
    """

    delete_grace_s: float = 0.25
    settle_s: float = 1.0
    quiet_s: float = 0.05
    quiet_limit_s: float = 0.5
    retry_s: float = 5.0
    first_retry_s: float = 1.0
    last_retry_s: float = 30.0
    rescan_s: float = 30.0
    poll_s: float = 1.0
    missing_s: float = 0.25
    probe_s: float = 300.0
    answer_s: float = 2.0


class Retries:
    """How long to wait before what failed is tried again: longer each time."""

    def __init__(self, timing: Timing) -> None:
        self._first_s = timing.first_retry_s
        self._last_s = timing.last_retry_s
        self._waited_s: dict[str, float] = {}

    def next_s(self, pid: str) -> float:
        """How long to wait now that *pid* has failed again."""
        doubled_s = 2 * self._waited_s.get(pid, self._first_s / 2)
        self._waited_s[pid] = min(doubled_s, self._last_s)
        return self._waited_s[pid]

    def end(self, pid: str) -> None:
        """It has succeeded."""
        self._waited_s.pop(pid, None)


class Settling:
    """
    The PIDs whose file may be the head of a longer one.

    Args:
        timing: The pauses.
        clock: Seconds that only grow.
    """

    def __init__(self, timing: Timing, clock: Clock) -> None:
        self._settle_s = timing.settle_s
        self._clock = clock
        self._since: dict[str, tuple[str, float]] = {}

    def left_s(self, pid: str, digest: str) -> float:
        """How long *pid* has to stay as it is; other bytes begin it again."""
        begun = self._since.get(pid)
        if begun is None or begun[0] != digest:
            begun = self._since[pid] = (digest, self._clock())
        return max(0.0, begun[1] + self._settle_s - self._clock())

    def end(self, pid: str) -> None:
        """There is nothing to wait for any more."""
        self._since.pop(pid, None)


class Absences:
    """
    The PIDs whose file is gone, though perhaps not for good.

    While more and more files go, nobody knows yet whether the directory itself is
    next, as in ``rm -r etc``; so the grace counts from the latest one, within limits.
    """

    def __init__(self, timing: Timing, clock: Clock) -> None:
        self._grace_s = timing.delete_grace_s
        self._clock = clock
        self._since_s: dict[str, float] = {}
        self._latest_s = 0.0

    def left_s(self, pid: str) -> float:
        """How long to wait for the file of *pid*; the first question begins it."""
        now = self._clock()
        if pid not in self._since_s:
            self._since_s[pid] = self._latest_s = now
        limit_s = self._since_s[pid] + _MOST_GRACES * self._grace_s
        return max(0.0, min(self._latest_s + self._grace_s, limit_s) - now)

    def __bool__(self) -> bool:
        return bool(self._since_s)

    def end(self, pid: str) -> None:
        """The file is back, or it is settled that it is not coming."""
        self._since_s.pop(pid, None)


class UnwrittenChanges:
    """The PIDs whose change is not in their file yet."""

    def __init__(self, timing: Timing, clock: Clock) -> None:
        self._timing = timing
        self._clock = clock
        self._lock = threading.Lock()
        self._due_s: dict[str, tuple[float, float]] = {}
        self._failed: set[str] = set()

    def add(self, pid: str) -> None:
        """*pid* changed now."""
        now = self._clock()
        with self._lock:
            _, latest = self._due_s.get(pid, (0.0, now + self._timing.quiet_limit_s))
            self._due_s[pid] = (min(now + self._timing.quiet_s, latest), latest)

    def hurry(self) -> tuple[str, ...]:
        """All of them, those that failed too, due now."""
        now = self._clock()
        with self._lock:
            self._due_s = dict.fromkeys([*self._due_s, *self._failed], (now, now))
            self._failed.clear()
            return tuple(self._due_s)

    def left_s(self, pid: str) -> float:
        """How long to wait before *pid* is written."""
        due, _ = self._due_s.get(pid, (0.0, 0.0))
        return max(0.0, due - self._clock())

    def remove(self, pid: str) -> None:
        """*pid* was written, or there is nothing to write."""
        with self._lock:
            self._due_s.pop(pid, None)
            self._failed.discard(pid)

    def fail(self, pid: str) -> None:
        """*pid* cannot be written now."""
        with self._lock:
            self._due_s.pop(pid, None)
            self._failed.add(pid)

    @property
    def has_failed(self) -> bool:
        """Whether something could not be written, and still is not."""
        return bool(self._failed)

    def __bool__(self) -> bool:
        return bool(self._due_s)
