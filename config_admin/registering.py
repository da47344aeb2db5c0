"""How code registers with an admin: services, factories, listeners, plugins."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import TypeAlias, TypeVar, overload

from config_admin.core.admin import ConfigurationAdmin
from config_admin.core.arguments import require_text, require_whole, several
from config_admin.core.audience import Terms
from config_admin.core.callbacks import (
    AnyFactory,
    AnyServiceOfOne,
    AnyServiceOfSeveral,
    ConfigurationListener,
    ConfigurationPlugin,
)
from config_admin.core.errors import UsageError
from config_admin.core.properties import Properties
from config_admin.core.registration import Registration, ServiceRegistration
from config_admin.core.targets import AnyTarget, Target

_M = TypeVar("_M")
_Followers: TypeAlias = AnyServiceOfOne[_M] | AnyServiceOfSeveral[_M]


class Registering(ABC):
    """
    The half of an admin that code registers with.

    Each call gives a `Registration`; its `close` ends it.
    """

    @property
    @abstractmethod
    def _registrar(self) -> ConfigurationAdmin:
        """
        The admin to register with.

        Raises:
            NotRunningError: If it has been stopped.
        """

    @overload
    def managed_service(
        self,
        *pids: str,
        into: None = None,
        target: AnyTarget | None = None,
        ranking: int = 0,
    ) -> Callable[[_Followers[Properties]], ServiceRegistration]: ...

    @overload
    def managed_service(
        self,
        *pids: str,
        into: Callable[..., _M],
        target: AnyTarget | None = None,
        ranking: int = 0,
    ) -> Callable[[_Followers[_M]], ServiceRegistration]: ...

    def managed_service(
        self,
        *pids: str,
        into: Callable[..., object] | None = None,
        target: AnyTarget | None = None,
        ranking: int = 0,
    ) -> Callable[[_Followers[object]], ServiceRegistration]:
        """
        Decorate the function that follows *pids*; its name becomes the registration.

        Args and raises: as `add_managed_service`.
        """
        if not pids or not all(isinstance(pid, str) for pid in pids):
            raise UsageError("Name the PIDs: @admin.managed_service('my.pid').")
        terms = _terms(into, target, ranking)

        def register(service: object) -> ServiceRegistration:
            return self._registrar.audience.add_managed_service(pids, service, terms)

        return register

    @overload
    def add_managed_service(
        self,
        pids: str,
        service: AnyServiceOfOne[Properties],
        *,
        into: None = None,
        target: AnyTarget | None = None,
        ranking: int = 0,
    ) -> ServiceRegistration: ...

    @overload
    def add_managed_service(
        self,
        pids: str,
        service: AnyServiceOfOne[_M],
        *,
        into: Callable[..., _M],
        target: AnyTarget | None = None,
        ranking: int = 0,
    ) -> ServiceRegistration: ...

    @overload
    def add_managed_service(
        self,
        pids: Iterable[str],
        service: AnyServiceOfOne[Properties] | AnyServiceOfSeveral[Properties],
        *,
        into: None = None,
        target: AnyTarget | None = None,
        ranking: int = 0,
    ) -> ServiceRegistration: ...

    @overload
    def add_managed_service(
        self,
        pids: Iterable[str],
        service: AnyServiceOfOne[_M] | AnyServiceOfSeveral[_M],
        *,
        into: Callable[..., _M],
        target: AnyTarget | None = None,
        ranking: int = 0,
    ) -> ServiceRegistration: ...

    def add_managed_service(
        self,
        pids: str | Iterable[str],
        service: object,
        *,
        into: Callable[..., object] | None = None,
        target: AnyTarget | None = None,
        ranking: int = 0,
    ) -> ServiceRegistration:
        """
        Call *service* with its configuration soon, then after every accepted change.

        Args:
            pids: What it follows. For one PID it is called ``updated(properties)``, for
                several ``updated(pid, properties)``; *properties* is None when there is
                no configuration. With a parameter ``changed`` it also gets the keys
                that differ from what it took last.
            service: An object with `updated`, or a callable; a coroutine function runs
                on the event loop that it is registered from. Its `check`, if it has
                one, is asked before a change is made, and may veto it.
            into: A dataclass, a pydantic or attrs class, or a callable: what the
                properties are turned into. What it raises is a veto, too.
            target: Who registers, as `Target` or ``"name|version|location"``: then the
                most specific of the PIDs ``pid|name|version|location`` is delivered.
            ranking: Services of one PID are called highest first.

        Raises:
            InvalidPidError: If one of *pids* cannot be a PID.
            UsageError: If *service* cannot be called like that, *pids* is empty, or
                another argument is not what it should be.
            NotRunningError: If the admin has been stopped.

        Source: OSGi Compendium ch. 104.5 (Managed Service).
        """
        wanted = several("pids", pids, "a PID, or several in a list")
        if not wanted:
            raise UsageError("Name at least one PID that the service follows.")
        terms = _terms(into, target, ranking)
        return self._registrar.audience.add_managed_service(wanted, service, terms)

    @overload
    def add_managed_service_factory(
        self,
        factory_pid: str,
        factory: AnyFactory[Properties],
        *,
        into: None = None,
        target: AnyTarget | None = None,
        ranking: int = 0,
    ) -> ServiceRegistration: ...

    @overload
    def add_managed_service_factory(
        self,
        factory_pid: str,
        factory: AnyFactory[_M],
        *,
        into: Callable[..., _M],
        target: AnyTarget | None = None,
        ranking: int = 0,
    ) -> ServiceRegistration: ...

    def add_managed_service_factory(
        self,
        factory_pid: str,
        factory: object,
        *,
        into: Callable[..., object] | None = None,
        target: AnyTarget | None = None,
        ranking: int = 0,
    ) -> ServiceRegistration:
        """
        Call *factory* for each instance ``factory_pid~name``, then for every change.

        Args:
            factory_pid: What it follows.
            factory: An object with `updated(pid, properties)` and `deleted(pid)`, plain
                or coroutine functions; perhaps with `check(pid, properties)`.
            into: As for `add_managed_service`.
            target: Who registers: then the instances of ``factory_pid|name``, and so
                on, are its own, too.
            ranking: Factories of one PID are called highest first.

        Raises:
            InvalidPidError: If *factory_pid* cannot be a PID.
            UsageError: If *factory* cannot be called like that, or another argument is
                not what it should be.
            NotRunningError: If the admin has been stopped.

        Source: OSGi Compendium ch. 104.6 (Managed Service Factory).
        """
        terms = _terms(into, target, ranking)
        audience = self._registrar.audience
        return audience.add_managed_service_factory(factory_pid, factory, terms)

    def add_listener(
        self, listener: ConfigurationListener, *, synchronous: bool = False
    ) -> Registration:
        """
        Tell *listener* of every change and every refusal from now on.

        Args:
            listener: Has `configuration_event(event)`.
            synchronous: Whether it is told before the call that makes a change in code
                returns. A change that a callback makes does not wait for it.

        Raises:
            UsageError: If *listener* cannot be called like that.
            NotRunningError: If the admin has been stopped.

        Source: OSGi Compendium ch. 104.8 (Configuration Events).
        """
        return self._registrar.audience.add_listener(listener, synchronous=synchronous)

    def add_plugin(
        self,
        plugin: ConfigurationPlugin,
        *,
        ranking: int = 0,
        targets: Iterable[str] | None = None,
        name: str | None = None,
    ) -> Registration:
        """
        Let *plugin* see, and change, properties on their way to a service.

        Args:
            plugin: Has `modify_configuration(pid, properties)`; what it returns is
                delivered instead. It may be called on several threads at a time.
            ranking: The lowest is called first. Below 0 and above 1000 it may only
                look.
            targets: The PIDs and factory PIDs that it sees; None: all.
            name: What ``required_plugins`` calls it.

        Raises:
            UsageError: If *plugin* cannot be called like that, or another argument is
                not what it should be.
            InvalidPidError: If one of *targets* cannot be a PID.
            NotRunningError: If the admin has been stopped.

        Source: OSGi Compendium ch. 104.9 (Configuration Plugin).
        """
        processing = self._registrar.processing
        require_whole("ranking", ranking)
        if name is not None:
            require_text("name", name, "write what required_plugins calls the plugin.")
        if targets is not None:
            targets = several("targets", targets, "PIDs in a list, or leave it out")
        return processing.add(plugin, ranking=ranking, targets=targets, name=name)


def _terms(
    into: Callable[..., object] | None, target: AnyTarget | None, ranking: int
) -> Terms:
    require_whole("ranking", ranking)
    return Terms(into=into, target=Target.of(target), ranking=ranking)
