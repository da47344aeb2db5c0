"""
The life of an admin: started once, stopped once, and everything between.

`config_admin.service.ConfigAdmin` lives on files; `config_admin.testing` has one that
lives in memory.
"""

from collections.abc import Callable
from enum import Enum
from threading import Event, RLock
from typing import Protocol, Self

from config_admin.configuring import Configuring
from config_admin.core.admin import ConfigurationAdmin
from config_admin.core.dispatch import Dispatcher
from config_admin.core.errors import NotRunningError, UsageError
from config_admin.core.faults import Fault, FaultBook
from config_admin.forking import note_forks_of
from config_admin.recalling import Recalling
from config_admin.registering import Registering


class House(Protocol):
    """What an admin lives in."""

    @property
    def admin(self) -> ConfigurationAdmin:
        """The door."""
        ...

    @property
    def dispatcher(self) -> Dispatcher:
        """Runs the callbacks."""
        ...

    @property
    def faults(self) -> FaultBook:
        """What is wrong now."""
        ...

    def start(self) -> None:
        """Begin; returns when every service was called once, or had time enough."""
        ...

    def stop(self) -> None:
        """End within a second."""
        ...

    def flush(self, timeout_s: float | None) -> bool:
        """Wait until there is nothing more to do; whether that was in time."""
        ...

    def before_fork(self) -> None:
        """Nothing of it is in the middle of something while this process forks."""
        ...

    def after_fork(self) -> None:
        """This process has forked."""
        ...

    def note_fork(self) -> None:
        """This is a child of the process that it lives in."""
        ...


class _State(Enum):
    NEW = "has not been started: call start(), or use it as a context manager"
    RUNNING = "is running"
    STOPPED = "has been stopped: make a new one"
    FORKED = "runs in the process that this one was forked from: make a new one here"


class Admin(Registering, Configuring, Recalling):
    """
    An admin that lives in *house*.

    Use it as a context manager, plain or ``async``, or call `start` and `stop`.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._state = _State.NEW
        # Reentrant: a signal handler may call `stop` in the middle of `stop`.
        self._state_lock = RLock()
        self._stopped = Event()

    def start(self) -> None:
        """
        Begin to deliver.

        Returns after one delivery attempt for each registration, or after
        ``start_timeout_s``. No service is told that it has no configuration before
        everything was read.

        Raises:
            UsageError: If it has been started before, or if this would block the event
                loop that callbacks run on.
        """
        if self._house.admin.home.is_here():
            raise UsageError(
                "start() would block the event loop that callbacks run on. Write "
                "'async with admin:' instead of 'with admin:'."
            )
        with self._state_lock:
            self._require_new()
            note_forks_of(self)
            self._state = _State.RUNNING
        try:
            self._house.start()
        except BaseException:  # Ctrl-C too must not leave it half started
            self._end()
            raise

    def stop(self) -> None:
        """
        End within a second: changes are written to their files, then nothing is called.

        A callback that does not return is left behind on its daemon thread; a fault
        says where it hangs. In a forked process this does nothing.

        Raises:
            UsageError: If a callback calls this.
        """
        if self._state is not _State.FORKED:
            self._require_outside("stop")
            self._end()

    def _end(self) -> None:
        with self._state_lock:
            before, self._state = self._state, _State.STOPPED
        try:
            if before is _State.RUNNING:
                self._house.stop()
        finally:
            if before is not _State.STOPPED:
                self._house.admin.audience.end_waiting()
                self._stopped.set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """
        Sleep until `stop` is called; whether it was in time.

        Raises:
            UsageError: If a callback calls this, or the event loop that one runs on.
        """
        self._require_outside("wait")
        if (timeout_s is None or timeout_s > 0) and not self._stopped.is_set():
            self._require_off_loop("wait")
        self._require_not(_State.FORKED)
        return self._stopped.wait(timeout_s)

    def flush(self, timeout_s: float | None = None) -> bool:
        """
        Wait until every queued callback has run and every change is in its file.

        Returns:
            Whether it was so within *timeout_s*.

        Raises:
            UsageError: If a callback calls this, or the event loop that one runs on.
        """
        self._require_outside("flush")
        self._require_off_loop("flush")
        self._require_not(_State.NEW, _State.FORKED)
        return self._house.flush(timeout_s)

    def faults(self) -> tuple[Fault, ...]:
        """What is wrong now, by file, line and PID."""
        self._require_not(_State.FORKED)
        return self._house.faults.all()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        import asyncio  # noqa: PLC0415 - 50 ms that plain programs need not pay

        self._require_new()
        self._house.admin.home.loop = asyncio.get_running_loop()
        try:
            await _run_through(self.start)
        except asyncio.CancelledError:
            await _run_through(self.stop)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await _run_through(self.stop)

    @property
    def _registrar(self) -> ConfigurationAdmin:
        self._require_not(_State.STOPPED, _State.FORKED)
        return self._house.admin

    @property
    def _reader(self) -> ConfigurationAdmin:
        self._require_not(_State.NEW, _State.FORKED)
        return self._house.admin

    @property
    def _changer(self) -> ConfigurationAdmin:
        self._require_not(_State.NEW, _State.STOPPED, _State.FORKED)
        return self._house.admin

    def _require_not(self, *states: _State) -> None:
        if self._state in states:
            raise NotRunningError(f"The admin {self._state.value}.")

    def _require_new(self) -> None:
        if self._state is not _State.NEW:
            raise UsageError(f"It cannot be started: the admin {self._state.value}.")

    def _require_outside(self, name: str) -> None:
        if self._house.dispatcher.is_inside():
            raise UsageError(
                f"A callback cannot call {name}(): it would wait for itself."
            )

    def _require_off_loop(self, name: str) -> None:
        if self._house.admin.home.is_here():
            raise UsageError(
                f"{name}() would block the event loop that callbacks run on, and wait "
                f"for ever. Use 'await asyncio.to_thread(admin.{name}, …)'."
            )

    def before_fork(self) -> None:
        """The process that it runs in is about to fork."""
        self._house.before_fork()

    def after_fork(self) -> None:
        """That process has forked."""
        self._house.after_fork()

    def note_fork(self) -> bool:
        """
        This is a child of the process that it runs in: its threads are not here.

        Returns:
            Whether it was running.
        """
        self._house.note_fork()
        if self._state is not _State.RUNNING:
            return False
        self._state = _State.FORKED
        self._state_lock = RLock()  # a thread that is not here may have held the other
        return True


async def _run_through(call: Callable[[], None]) -> None:
    """Run *call* on a thread, to its end: being cancelled meanwhile waits for that."""
    import asyncio  # noqa: PLC0415 - as above

    running = asyncio.ensure_future(asyncio.to_thread(call))
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        running.exception()  # so that it does not count as never looked at
        raise cancelled
    running.result()
