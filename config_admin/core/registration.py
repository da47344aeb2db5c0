"""The receipts of whoever registered: services, factories, listeners."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from typing import Final, TypeAlias

from config_admin.core.adapting import Adapted
from config_admin.core.display import escaped
from config_admin.core.errors import UsageError
from config_admin.core.events import ConfigurationEvent
from config_admin.core.lane import Lane
from config_admin.core.receipts import Receipt, Record
from config_admin.core.targets import Target, targeted

_NUMBERS: Final = count(1)


class Registration:
    """
    The receipt of whoever registered; `close` ends it.

    Attributes:
        number: Its own, also when it is gone; an address in memory is used again.
        ranking: Its place among others.
        faulty: The PIDs with which it raised, and that have a fault for it.
    """

    def __init__(self, lane: Lane | None = None, ranking: int = 0) -> None:
        self.number = next(_NUMBERS)
        self.ranking = ranking
        self.faulty: set[str] = set()
        self._lane = lane
        self._on_close: list[Callable[[], None]] = []
        self._attempted = threading.Event()
        self._is_closed = False

    def wait(self, timeout_s: float | None = None) -> bool:
        """
        Wait until its first calls have been made; whether it was in time.

        Raises:
            UsageError: If a callback would wait without a limit: perhaps for itself. Or
                if the event loop would wait that those calls run on.
        """
        if not self._attempted.is_set() and self._lane is not None:
            if timeout_s is None and self._lane.is_caller_inside():
                raise UsageError(
                    "A callback cannot call wait() without a time limit: it may wait "
                    "for itself."
                )
            if timeout_s is None or timeout_s > 0:
                _require_off_loop(self._lane, "wait")
        return self._attempted.wait(timeout_s)

    def note_attempted(self) -> None:
        """Its first calls have been made, whatever came of them."""
        self._attempted.set()

    @property
    def is_closed(self) -> bool:
        """Whether it has ended."""
        return self._is_closed

    def on_close(self, call: Callable[[], None]) -> None:
        """Call *call* when it has ended."""
        self._on_close.append(call)

    def close(self, timeout_s: float | None = None) -> None:
        """
        End it: no call starts after this has returned.

        A call that is running may end later; *timeout_s* waits for it, though never
        from inside itself.

        Raises:
            UsageError: If the event loop would wait that the call runs on; it has not
                ended then.
        """
        if timeout_s and self._lane is not None and not self._lane.is_around_caller():
            _require_off_loop(self._lane, "close")
        self._is_closed = True
        if self._lane is not None:
            self._lane.close()
        for unregister in self._on_close:
            unregister()
        self._attempted.set()
        if self._lane is not None:  # last: nobody asks it for anything meanwhile
            self._lane.close(timeout_s)


def _require_off_loop(lane: Lane, name: str) -> None:
    if lane.needs_caller():
        raise UsageError(
            f"{name}() would block the event loop that {escaped(lane.name)} runs on, "
            f"and wait in vain. Use 'await asyncio.to_thread(registration.{name}, …)'."
        )


class ListenerRegistration(Registration):
    """
    A listener.

    Attributes:
        lane: Where it is called.
        tell: Its `configuration_event`, as a plain function.
        synchronous: Whether it is called before the change returns.
    """

    def __init__(
        self,
        lane: Lane,
        tell: Callable[[ConfigurationEvent], object],
        *,
        synchronous: bool,
    ) -> None:
        super().__init__(lane)
        self.lane = lane
        self.tell = tell
        self.synchronous = synchronous
        self.note_attempted()


class ServiceRegistration(Registration):
    """
    A managed service, or a factory of them.

    Attributes:
        lane: Where it is called.
        pids: What it registered for; of a factory, the factory PID alone.
        target: Who registered; None: nobody in particular.
        adapted: How it is called.
        records: By PID, what became of it. Only its own lane changes them.
    """

    def __init__(
        self,
        lane: Lane,
        pids: tuple[str, ...],
        adapted: Adapted,
        target: Target | None,
        ranking: int,
    ) -> None:
        super().__init__(lane, ranking)
        self.lane = lane
        self.pids = pids
        self.target = target
        self.adapted = adapted
        self.records: dict[str, Record] = {}
        self._note: _Note | None = None

    def __call__(self, *arguments: object, **options: object) -> object:
        """What the decorated function returns, so that it still is one."""
        return self.adapted.original(*arguments, **options)

    @property
    def name(self) -> str:
        """How faults call it."""
        return self.lane.name

    @property
    def is_factory(self) -> bool:
        """Whether it follows instances."""
        return self.adapted.deleted is not None

    def report(self, error: BaseException | None, *, pid: str | None = None) -> None:
        """
        Say later how it went with what it was called with last; the last word counts.

        For what takes its time, or fails afterwards: a connection that is lost and
        comes back. It is as if the callback had raised *error* now, or returned.

        Args:
            error: What is wrong, best a `ConfigurationError`; None: nothing is.
            pid: Of which configuration, if there may be several.

        Raises:
            UsageError: If *pid* is missing.
        """
        if pid is None and (self.is_factory or len(self.pids) > 1):
            raise UsageError("Several PIDs: say which one, report(error, pid=…).")
        about = self.pids[0] if pid is None else pid
        if self._note is not None:
            self.lane.submit(("report", about), partial(self._note, self, about, error))

    def heed(self, note: "_Note") -> None:
        """Have *note* called, on its lane, with what it reports."""
        self._note = note

    def candidates(self, pid: str) -> tuple[str, ...]:
        """The PIDs of configurations that serve *pid*, the best first."""
        return (pid,) if self.is_factory else targeted(pid, self.target)

    def takes(self, pid: str, targeted_pid: str) -> bool:
        """Whether *targeted_pid* is meant for it, who registered for *pid*."""
        return targeted_pid in targeted(pid, self.target)

    def record(self, pid: str) -> Record:
        """What became of *pid* so far."""
        return self.records.get(pid) or Record(Receipt(self.name, pid))

    def secrets(self) -> Iterator[str]:
        """The texts that it got and that must not be shown; on its own lane."""
        for record in self.records.values():
            yield from record.secrets

    def keep(self, pid: str, record: Record) -> None:
        """Remember *record*; the first attempt is over when each PID has one."""
        self.records[pid] = record
        if not self.is_factory and len(self.records) == len(self.pids):
            self.note_attempted()


_Note: TypeAlias = Callable[[ServiceRegistration, str, BaseException | None], None]
