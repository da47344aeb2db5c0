"""How long to wait before the obvious is done: three pauses, one clock."""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass

Clock = Callable[[], float]


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
    """

    delete_grace_s: float = 0.25
    settle_s: float = 1.0
    quiet_s: float = 0.05
    quiet_limit_s: float = 0.5
    retry_s: float = 5.0


class Pauses:
    """
    What has been waiting, and since when; by kind and PID.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: dict[tuple[str, str], tuple[Hashable, float]] = {}

    def left_s(
        self, kind: str, pid: str, pause_s: float, what: Hashable = None
    ) -> float:
        """
        How much is left of a pause; the first question begins it.

        Another *what* begins it again. 0: it is over.
        """
        begun = self._since.get((kind, pid))
        if begun is None or begun[0] != what:
            begun = self._since[kind, pid] = (what, self._clock())
        return max(0.0, begun[1] + pause_s - self._clock())

    def end(self, kind: str, pid: str) -> None:
        """There is nothing to wait for any more."""
        self._since.pop((kind, pid), None)


class UnwrittenChanges:
    """The PIDs whose change is not in their file yet."""

    def __init__(self, timing: Timing, clock: Clock) -> None:
        self._timing = timing
        self._clock = clock
        self._lock = threading.Lock()
        self._due_s: dict[str, tuple[float, float]] = {}

    def add(self, pid: str) -> None:
        """*pid* changed now."""
        now = self._clock()
        with self._lock:
            _, latest = self._due_s.get(pid, (0.0, now + self._timing.quiet_limit_s))
            self._due_s[pid] = (min(now + self._timing.quiet_s, latest), latest)

    def hurry(self) -> tuple[str, ...]:
        """All of them, due now."""
        now = self._clock()
        with self._lock:
            self._due_s = dict.fromkeys(self._due_s, (now, now))
            return tuple(self._due_s)

    def left_s(self, pid: str) -> float:
        """How long to wait before *pid* is written."""
        due, _ = self._due_s.get(pid, (0.0, 0.0))
        return max(0.0, due - self._clock())

    def remove(self, pid: str) -> None:
        """*pid* was written, or there was nothing to write, or it failed."""
        with self._lock:
            self._due_s.pop(pid, None)

    def __bool__(self) -> bool:
        return bool(self._due_s)
