"""Coroutine functions as callbacks: they run on the event loop they belong to."""

import inspect
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeGuard
from weakref import WeakSet

from config_admin.core.call import note_awaited
from config_admin.core.errors import UsageError
from config_admin.core.lane import Lane

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

# A loop that is closed tells nobody.
_LOOK_AGAIN_S: Final = 0.1


class Home:
    """
    The event loops that callbacks run on.

    Attributes:
        loop: Of those that were registered where none ran; None: there is none.
    """

    def __init__(self) -> None:
        self.loop: AbstractEventLoop | None = None
        self._used: WeakSet[AbstractEventLoop] = WeakSet()
        self._is_used = False

    def note_use(self, loop: "AbstractEventLoop | None") -> None:
        """A coroutine function was registered, for *loop* or for `loop`."""
        if loop is None:
            self._is_used = True
        else:
            self._used.add(loop)

    def is_here(self) -> bool:
        """Whether one of them runs on this thread: who blocks it waits for himself."""
        if not self._is_used and not self._used:
            return False
        from asyncio import _get_running_loop  # noqa: PLC0415 - as in `on_loop`

        here = _get_running_loop()
        return here is not None and (
            here in self._used or (self._is_used and here is self.loop)
        )


CoroutineFunction = Callable[..., Coroutine[Any, Any, object]]


def is_coroutine_function(
    call: Callable[..., object],
) -> TypeGuard[CoroutineFunction]:
    """Whether a call of *call* gives a coroutine."""
    return any(map(inspect.iscoroutinefunction, (call, type(call).__call__)))


def on_loop(call: CoroutineFunction, lane: Lane, home: Home) -> Callable[..., object]:
    """
    *call* as a plain function that waits until the coroutine has ended.

    It runs on the loop that runs now, else on the one of *home* at the time of a call.
    The thread that waits is that of *lane*, so calls neither overlap nor overtake.
    """
    import asyncio  # noqa: PLC0415 - 50 ms that plain programs need not pay

    try:
        own = asyncio.get_running_loop()
    except RuntimeError:
        own = None
    home.note_use(own)

    def needs_caller() -> bool:
        here = asyncio._get_running_loop()  # noqa: SLF001 - the public one raises where there is none
        return here is not None and here is (own or home.loop)

    lane.needs_caller = needs_caller

    def run(*arguments: object, **options: object) -> None:
        loop = own or home.loop
        if loop is None or loop.is_closed():
            raise UsageError(
                f"{lane.name} is a coroutine function without an event loop that runs. "
                "Register it inside one, or enter the admin with 'async with'."
            )
        if needs_caller():
            raise UsageError(
                f"{lane.name} cannot be waited for on its own event loop. "
                "Use 'await asyncio.to_thread(admin.flush)'."
            )
        _finish(_begin(partial(call, *arguments, **options), lane), loop, lane.name)

    return run


async def _begin(call: CoroutineFunction, lane: Lane) -> SystemExit | None:
    """
    Await *call*, unless *lane* was closed before its loop came to it.

    Returns:
        What would have ended the program that the loop belongs to.
    """
    if lane.is_closed:
        return None
    try:
        await call()
    except SystemExit as error:
        return error
    return None


def _finish(
    turn: Coroutine[Any, Any, SystemExit | None], loop: "AbstractEventLoop", name: str
) -> None:
    """Have *turn* run on *loop*, wait until it has ended, and raise what it raised."""
    from asyncio import run_coroutine_threadsafe  # noqa: PLC0415 - as above
    from concurrent.futures import CancelledError, wait  # noqa: PLC0415 - as above

    note_awaited(turn)
    try:
        future = run_coroutine_threadsafe(turn, loop)
    except RuntimeError as error:  # it was closed meanwhile
        turn.close()
        raise _closed(name) from error
    while not wait((future,), _LOOK_AGAIN_S).done:
        if loop.is_closed() and not future.done():  # asked last: it may end meanwhile
            turn.close()
            raise _closed(name)
    if future.cancelled():
        raise CancelledError(f"{name} was cancelled on its event loop.")
    error_of_exit = future.result()
    if error_of_exit is not None:
        raise error_of_exit


def _closed(name: str) -> UsageError:
    return UsageError(
        f"The event loop of {name} was closed before it had ended. "
        "Leave the admin first."
    )
