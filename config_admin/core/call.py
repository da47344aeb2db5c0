"""
A call of foreign code: who is inside it, and where it is.

Whatever runs in the context of a call is inside it until it ends: also a coroutine that
it hands to an event loop, and what it has run on another thread.
"""

import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from threading import get_ident
from typing import Optional, TypeVar

from config_admin.core.display import escaped
from config_admin.core.errors import UsageError

FRAMES_SHOWN = 8

_OURS = __file__.removesuffix("call.py")

T = TypeVar("T")

_CURRENT: ContextVar[Optional["Call"]] = ContextVar("config_admin_call", default=None)


class Call:
    """
    One call, from its begin to its end.

    Attributes:
        since_s: When it began, by the clock of whoever made it.
        outer: The call that it was made in; None if in none.
        is_check: Whether it is a service's own check of a change.
        is_over: Whether it has ended.
    """

    def __init__(self, since_s: float = 0.0, *, is_check: bool = False) -> None:
        self.since_s = since_s
        self.is_check = is_check
        self.outer = _CURRENT.get()
        self.is_over = False
        self._thread_id = 0

    def run(self, code: Callable[[], T]) -> T:
        """Run *code* as this call, in a context that is its own."""
        self._thread_id = get_ident()
        _CURRENT.set(self)
        try:
            return code()
        finally:
            self.is_over = True

    def stack(self, frames_shown: int = FRAMES_SHOWN) -> str | None:
        """Where foreign code is now, innermost frame last; None if it does not run."""
        frame = sys._current_frames().get(self._thread_id)  # noqa: SLF001 - the documented way to another thread's stack
        places: list[str] = []
        ours = 0  # outside of the foreign code: they lead to it
        while frame is not None and frame.f_code is not Call.run.__code__:
            code = frame.f_code
            places.append(f"{code.co_filename}:{frame.f_lineno} {code.co_name}")
            ours = ours + 1 if code.co_filename.startswith(_OURS) else 0
            frame = frame.f_back
        if self.is_over:  # asked last: its thread may run another one by now
            return None
        foreign = places[: max(1, len(places) - ours)][:frames_shown]
        return escaped(" > ".join(reversed(foreign))) or None


def calls_around() -> Iterator[Call]:
    """The calls that the caller is inside and that still run, innermost first."""
    call = _CURRENT.get()
    while call is not None:
        if not call.is_over:
            yield call
        call = call.outer


def is_inside() -> bool:
    """Whether the caller is inside a call that still runs."""
    return any(True for _ in calls_around())


def require_no_check() -> None:
    """
    Nothing, unless the caller is inside a service's own check.

    Raises:
        UsageError: If it is.
    """
    if any(call.is_check for call in calls_around()):
        raise UsageError(
            "A check must not change configurations: what it checks is not in force "
            "yet, and perhaps never will be. Change them in updated() instead."
        )
