"""Who is registered, for what, in which rank."""

import inspect
import threading
from collections.abc import Callable, Hashable
from typing import TypeAlias

from config_admin.core.errors import UsageError
from config_admin.core.lane import Lane
from config_admin.core.ports import ConfigurationListener, ManagedService
from config_admin.core.properties import Properties

ServiceCallback: TypeAlias = Callable[[Properties | None], object]
PidServiceCallback: TypeAlias = Callable[[str, Properties | None], object]
AnyService: TypeAlias = ManagedService | ServiceCallback | PidServiceCallback


class Registration:
    """
    The receipt of whoever registered; `close` ends it.

    Attributes:
        pids: What was registered for; empty for a listener.
        faulty: The PIDs with which it raised, and that have a fault for it.
    """

    def __init__(self, lane: Lane, pids: tuple[str, ...], ranking: int = 0) -> None:
        self.pids = pids
        self.ranking = ranking
        self.lane = lane
        self.faulty: set[str] = set()
        self._on_close: list[Callable[[], None]] = []
        self._attempted = threading.Event()
        if not pids:
            self._attempted.set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until its first call has been made; whether it was in time."""
        return self._attempted.wait(timeout_s)

    def on_close(self, call: Callable[[], None]) -> None:
        """Call *call* when it has ended."""
        self._on_close.append(call)

    def close(self, timeout_s: float | None = None) -> None:
        """
        End it: no call starts after this has returned.

        A call that is running may end later; *timeout_s* waits for it, though never
        from inside itself.
        """
        self.lane.close(timeout_s)
        for unregister in self._on_close:
            unregister()
        self._attempted.set()


class ServiceRegistration(Registration):
    """
    A managed service and what it was last given; calling it calls the service.

    Attributes:
        call: The service's `updated`, with PID and properties.
        delivered: By PID, what names the state it was last called with. Only its own
            lane touches it.
        properties: By PID, the last properties it got, a deletion set aside.
    """

    def __init__(
        self,
        lane: Lane,
        pids: tuple[str, ...],
        service: AnyService,
        ranking: int,
    ) -> None:
        super().__init__(lane, pids, ranking)
        self.call = adapt_service(pids, service)
        self._service = service
        self.delivered: dict[str, Hashable] = {}
        self.properties: dict[str, Properties] = {}

    def __call__(self, *arguments: object) -> object:
        """What the decorated function returns, so that it still is one."""
        return _updated_of(self._service)(*arguments)

    def note_attempt(self, pid: str, state: Hashable) -> None:
        """The service was called with *state*, whatever came of it."""
        self.delivered[pid] = state
        if len(self.delivered) == len(self.pids):
            self._attempted.set()


class Registry:
    """
    Services by PID and listeners; reads never wait.

    Every change replaces a tuple, so whoever iterates sees one state.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._services: dict[str, tuple[ServiceRegistration, ...]] = {}
        self.listeners: tuple[tuple[Registration, ConfigurationListener], ...] = ()

    def services_of(self, pid: str) -> tuple[ServiceRegistration, ...]:
        """Those registered for *pid*, highest ranking first, then oldest first."""
        return self._services.get(pid, ())

    def services(self) -> tuple[ServiceRegistration, ...]:
        """All of them, each once."""
        with self._lock:
            every = [one for group in self._services.values() for one in group]
        return tuple(dict.fromkeys(every))

    def add_service(self, registration: ServiceRegistration) -> None:
        """Serve *registration* until it is closed."""
        with self._lock:
            for pid in registration.pids:
                group = (*self.services_of(pid), registration)
                self._services[pid] = tuple(sorted(group, key=lambda r: -r.ranking))
        registration.on_close(lambda: self._remove_service(registration))

    def add_listener(
        self, registration: Registration, listener: ConfigurationListener
    ) -> None:
        """Tell *listener* until *registration* is closed."""
        with self._lock:
            self.listeners = (*self.listeners, (registration, listener))
        registration.on_close(lambda: self._remove_listener(registration))

    def _remove_service(self, registration: ServiceRegistration) -> None:
        with self._lock:
            for pid in registration.pids:
                group = self._services.get(pid, ())
                self._services[pid] = tuple(r for r in group if r is not registration)

    def _remove_listener(self, registration: Registration) -> None:
        with self._lock:
            self.listeners = tuple(
                pair for pair in self.listeners if pair[0] is not registration
            )


def service_name(service: object) -> str:
    """How faults call *service*."""
    owner = service if hasattr(service, "__qualname__") else type(service)
    return f"{owner.__module__}.{getattr(owner, '__qualname__', '?')}"


def adapt_service(pids: tuple[str, ...], service: AnyService) -> PidServiceCallback:
    """
    *service* as a callable of PID and properties.

    Raises:
        UsageError: If it is neither an object with `updated` nor a callable, or does
            not take the arguments it will get.
    """
    updated = _updated_of(service)
    if len(pids) > 1:
        _require_takes(updated, ("pid", "properties"), service)
        return updated
    _require_takes(updated, ("properties",), service)
    return lambda _, properties: updated(properties)


def require_listener(listener: object) -> None:
    """
    Nothing, if *listener* can be told.

    Raises:
        UsageError: If it has no `configuration_event`, or one that cannot be called.
    """
    told: object = getattr(listener, "configuration_event", None)
    called = _plain(told, listener, "configuration_event")
    _require_takes(called, ("event",), listener)


def _updated_of(service: object) -> Callable[..., object]:
    return _plain(getattr(service, "updated", service), service, "updated")


def _plain(call: object, owner: object, method: str) -> Callable[..., object]:
    """*call*, which is a method of *owner* or *owner* itself."""
    name = service_name(owner)
    if isinstance(owner, type):
        raise UsageError(f"{name} is a class: register an instance of it.")
    if not callable(call):
        raise UsageError(f"{name} has no '{method}' and cannot be called.")
    called = type(call).__call__
    if inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(called):
        raise UsageError(f"{name} is a coroutine function: register a plain one.")
    return call


def _require_takes(
    updated: Callable[..., object], arguments: tuple[str, ...], service: object
) -> None:
    try:
        inspect.signature(updated).bind(*arguments)
    except TypeError as error:
        wanted = ", ".join(arguments)
        name = service_name(service)
        raise UsageError(f"{name} has to take ({wanted}): {error}.") from error
    except ValueError:
        return  # a builtin that does not tell its signature
