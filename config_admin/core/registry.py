"""Who is registered, for what, in which rank."""

import threading
from bisect import insort
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from typing import Final, Generic, TypeAlias, TypeVar

from config_admin.core.adapting import Adapted
from config_admin.core.display import escaped
from config_admin.core.errors import UsageError
from config_admin.core.events import ConfigurationEvent
from config_admin.core.lane import Lane
from config_admin.core.pid import factory_pid_of
from config_admin.core.receipts import Receipt, Record
from config_admin.core.targets import Target, targeted, untargeted

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


Followed: TypeAlias = tuple[ServiceRegistration, str]
_Ranked = TypeVar("_Ranked", bound=Registration)


class _Index(Generic[_Ranked]):
    """Registrations by PID; each change replaces a tuple, so reads need no lock."""

    def __init__(self) -> None:
        self._by_pid: dict[str, tuple[_Ranked, ...]] = {}

    def of(self, pid: str) -> tuple[_Ranked, ...]:
        return self._by_pid.get(pid, ())

    def add(self, pid: str, one: _Ranked) -> None:
        group = list(self.of(pid))
        insort(group, one, key=lambda other: -other.ranking)  # behind its equals
        self._by_pid[pid] = tuple(group)

    def remove(self, pid: str, one: _Ranked) -> None:
        group = list(self.of(pid))
        with suppress(ValueError):  # it was closed before
            group.remove(one)
        if group:
            self._by_pid[pid] = tuple(group)
        else:
            self._by_pid.pop(pid, None)

    def all(self) -> list[_Ranked]:
        return [one for group in self._by_pid.values() for one in group]


def _ranked(found: list[Followed]) -> list[Followed]:
    return sorted(found, key=lambda pair: -pair[0].ranking)


class Registry:
    """Services by PID, factories by factory PID, and listeners; reads never wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._services = _Index[ServiceRegistration]()
        self._factories = _Index[ServiceRegistration]()
        self.listeners: tuple[ListenerRegistration, ...] = ()

    def followers_of(self, pid: str) -> Iterator[Followed]:
        """
        Who is concerned by the configuration *pid*, and by which PID it knows it.

        Highest ranking first, then who registered for that very PID, then the oldest;
        services before factories.
        """
        base = untargeted(pid)
        services = [(one, pid) for one in self._services.of(pid)]
        if base != pid:
            served = (one for one in self._services.of(base) if one.takes(base, pid))
            services = _ranked([*services, *((one, base) for one in served)])
        yield from services
        factory_pid = factory_pid_of(pid)
        if factory_pid is None:
            return
        base = untargeted(factory_pid)
        factories = [(one, pid) for one in self._factories.of(factory_pid)]
        if base != factory_pid:
            served = (o for o in self._factories.of(base) if o.takes(base, factory_pid))
            factories = _ranked([*factories, *((one, pid) for one in served)])
        yield from factories

    def all(self) -> tuple[ServiceRegistration, ...]:
        """Every service and factory, each once."""
        with self._lock:
            every = self._services.all() + self._factories.all()
        return tuple(dict.fromkeys(every))

    def add(self, registration: ServiceRegistration) -> None:
        """Serve *registration* until it is closed."""
        index = self._factories if registration.is_factory else self._services
        with self._lock:
            for pid in registration.pids:
                index.add(pid, registration)
        registration.on_close(lambda: self._remove(index, registration))

    def add_listener(self, registration: ListenerRegistration) -> None:
        """Tell it until it is closed."""
        with self._lock:
            self.listeners = (*self.listeners, registration)
        registration.on_close(lambda: self._remove_listener(registration))

    def _remove(
        self, index: _Index[ServiceRegistration], registration: ServiceRegistration
    ) -> None:
        with self._lock:
            for pid in registration.pids:
                index.remove(pid, registration)

    def _remove_listener(self, registration: ListenerRegistration) -> None:
        with self._lock:
            self.listeners = tuple(
                one for one in self.listeners if one is not registration
            )
