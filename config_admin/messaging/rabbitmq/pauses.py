"""How long to wait between two tries to connect."""

from collections.abc import Callable
from time import monotonic
from typing import Final

FIRST_PAUSE_S: Final = 0.2
LAST_PAUSE_S: Final = 10.0


class Pauses:
    """
    They double; what has worked for long enough begins anew with the first.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._pause_s = FIRST_PAUSE_S
        self._worked_s: float | None = None

    def next_s(self) -> float:
        """The pause before the next try."""
        if self._worked_s is not None:
            if self._clock() - self._worked_s >= LAST_PAUSE_S:
                self._pause_s = FIRST_PAUSE_S
            self._worked_s = None
        pause_s = self._pause_s
        self._pause_s = min(2 * pause_s, LAST_PAUSE_S)
        return pause_s

    def worked(self) -> None:
        """The last try succeeded, now."""
        self._worked_s = self._clock()
