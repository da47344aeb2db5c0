"""Who is told: managed services and listeners, each on a lane of its own."""

from collections.abc import Callable

from config_admin.core.delivery import Secrets, deliver, forget_faults, tell
from config_admin.core.dispatch import Dispatcher
from config_admin.core.entry import Entry
from config_admin.core.events import ConfigurationEvent
from config_admin.core.faults import FaultBook
from config_admin.core.pid import require_pid
from config_admin.core.ports import ConfigurationListener
from config_admin.core.registry import (
    AnyService,
    Registration,
    Registry,
    ServiceRegistration,
    require_listener,
    service_name,
)


class Audience:
    """
    Queues calls to whoever registered; nothing here calls anybody itself.

    Args:
        newest: What the admin knows of a PID at the moment of a call.
        dispatcher: Runs the calls.
        faults: Takes what they raise.
        secrets: The values that must not be shown, of all configurations.
    """

    def __init__(
        self,
        newest: Callable[[str], Entry | None],
        dispatcher: Dispatcher,
        faults: FaultBook,
        secrets: Secrets,
    ) -> None:
        self._secrets = secrets
        self._newest = newest
        self._dispatcher = dispatcher
        self._faults = faults
        self._registry = Registry()

    def add_managed_service(
        self, pids: tuple[str, ...], service: AnyService, *, ranking: int = 0
    ) -> ServiceRegistration:
        """
        Call *service* soon, and whenever one of *pids* is to be delivered.

        Raises:
            UsageError: If *service* cannot be called as it will be.
            InvalidPidError: If one of *pids* cannot be a PID.
        """
        lane = self._dispatcher.lane(service_name(service))
        wanted = tuple(dict.fromkeys(require_pid(pid) for pid in pids))
        registration = ServiceRegistration(lane, wanted, service, ranking)
        self._registry.add_service(registration)
        registration.on_close(lambda: forget_faults(registration, self._faults))
        for pid in wanted:
            self._enqueue(registration, pid)
        return registration

    def add_listener(self, listener: ConfigurationListener) -> Registration:
        """
        Tell *listener* every event from now on.

        Raises:
            UsageError: If *listener* cannot be called as it will be.
        """
        require_listener(listener)
        registration = Registration(self._dispatcher.lane(service_name(listener)), ())
        self._registry.add_listener(registration, listener)
        registration.on_close(lambda: forget_faults(registration, self._faults))
        return registration

    def services(self) -> tuple[ServiceRegistration, ...]:
        """Every registered service."""
        return self._registry.services()

    def publish(self, event: ConfigurationEvent) -> None:
        """Queue *event* for every listener."""
        for registration, listener in self._registry.listeners:
            tell(registration, listener, event, self._faults, self._secrets)

    def deliver(self, pid: str) -> None:
        """Queue a look at *pid* for every service that follows it."""
        for registration in self._registry.services_of(pid):
            self._enqueue(registration, pid)

    def _enqueue(self, registration: ServiceRegistration, pid: str) -> None:
        registration.lane.submit(
            pid,
            lambda: deliver(
                registration, pid, self._newest(pid), self._faults, self._secrets
            ),
        )
