"""
A call of foreign code: who is inside it, and where it is.

Whatever runs in the context of a call is inside it until it ends: also a coroutine that
it hands to an event loop, and what it has run on another thread.
"""

import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from inspect import CORO_CREATED, getcoroutinestate
from threading import get_ident
from types import CodeType, CoroutineType, FrameType, GeneratorType
from typing import Any, Optional, TypeAlias, TypeVar

from config_admin.core.display import escaped
from config_admin.core.errors import UsageError

FRAMES_SHOWN = 8

_OURS = __file__.removesuffix("call.py")
_NOT_BEGUN = "an event loop that has not come to it yet"

T = TypeVar("T")
_Awaited: TypeAlias = Optional["CoroutineType[Any, Any, Any]"]

_CURRENT: ContextVar[Optional["Call"]] = ContextVar("config_admin_call", default=None)


class Call:
    """
    One call, from its begin to its end.

    Attributes:
        since_s: When it began, by the clock of whoever made it.
        owner: The dispatcher that made it; None: nobody in particular.
        outer: The call that it was made in; None if in none.
        is_check: Whether it is a service's own check of a change.
        is_over: Whether it has ended.
        coroutine: What it waits for, and where the foreign code is then; None: nothing.
    """

    def __init__(
        self, since_s: float = 0.0, owner: object = None, *, is_check: bool = False
    ) -> None:
        self.since_s = since_s
        self.owner = owner
        self.is_check = is_check
        self.outer = _CURRENT.get()
        self.is_over = False
        self.coroutine: _Awaited = None
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
        coroutine = self.coroutine
        if coroutine is not None and getcoroutinestate(coroutine) == CORO_CREATED:
            return _NOT_BEGUN
        places: list[str] = []
        ours = 0  # outside of the foreign code: they lead to it
        for frame in _frames_of(coroutine) or self._frames():
            code = frame.f_code
            places.append(f"{code.co_filename}:{frame.f_lineno} {code.co_name}")
            ours = ours + 1 if code.co_filename.startswith(_OURS) else 0
        if self.is_over:  # asked last: its thread may run another one by now
            return None
        foreign = places[: max(1, len(places) - ours)][:frames_shown]
        return escaped(" > ".join(reversed(foreign))) or None

    def _frames(self) -> list[FrameType]:
        """Those of its thread, innermost first."""
        return list(_outwards(_threads().get(self._thread_id), Call.run.__code__))


def _threads() -> dict[int, FrameType]:
    return sys._current_frames()  # noqa: SLF001 - the documented way to another thread's stack


def _outwards(frame: FrameType | None, end: CodeType) -> Iterator[FrameType]:
    """*frame*, and those that called it, up to that of *end*."""
    while frame is not None and frame.f_code is not end:
        yield frame
        frame = frame.f_back


def _frames_of(coroutine: _Awaited) -> list[FrameType]:
    """Where *coroutine* is, innermost first; nowhere if it has ended."""
    outermost = None if coroutine is None else coroutine.cr_frame
    if coroutine is None or outermost is None:
        return []
    # While it runs, it, or what it calls, is what its loop does now.
    running = _threads().values() if coroutine.cr_running else ()
    called = (list(_outwards(top, outermost.f_code)) for top in running)
    found = (each for each in called if each and each[-1].f_back is outermost)
    inner = next(found, None)
    return _awaited_by(coroutine)[::-1] if inner is None else [*inner, outermost]


def _awaited_by(outermost: object) -> list[FrameType]:
    """The frames of *outermost*, of what it awaits, and so on."""
    frames: list[FrameType | None] = []
    inner = outermost
    while True:
        match inner:
            case CoroutineType():
                frame, inner = inner.cr_frame, inner.cr_await
            case GeneratorType():
                frame, inner = inner.gi_frame, inner.gi_yieldfrom
            case _:  # a future, or nothing
                return [frame for frame in frames if frame is not None]
        frames.append(frame)


def calls_around() -> Iterator[Call]:
    """The calls that the caller is inside and that still run, innermost first."""
    call = _CURRENT.get()
    while call is not None:
        if not call.is_over:
            yield call
        call = call.outer


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


def is_inside(owner: object = None) -> bool:
    """Whether the caller is inside a call of *owner*, None: of any, that still runs."""
    return any(owner in (None, call.owner) for call in calls_around())


def note_awaited(coroutine: object) -> None:
    """Whoever calls this, inside a call, waits for *coroutine* from now on."""
    call = next(calls_around(), None)
    if call is not None and isinstance(coroutine, CoroutineType):
        call.coroutine = coroutine
