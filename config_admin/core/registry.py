"""Who is registered, for what, in which rank."""

import threading
from bisect import insort
from collections.abc import Iterator
from contextlib import suppress
from typing import Generic, TypeAlias, TypeVar

from config_admin.core.pid import factory_pid_of
from config_admin.core.registration import (
    ListenerRegistration,
    Registration,
    ServiceRegistration,
)
from config_admin.core.targets import untargeted

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
