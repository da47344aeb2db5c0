"""
What users give to the admin: services, factories, listeners, plugins.

`updated`, `deleted` and `configuration_event` may be coroutine functions, too. Those
with a parameter ``changed`` are told the keys that differ from what they took last.
"""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias, TypeVar

from config_admin.core.events import ConfigurationEvent
from config_admin.core.properties import Properties

M_contra = TypeVar("M_contra", contravariant=True)
Changed: TypeAlias = frozenset[str]


class ManagedService(Protocol):
    """
    Whoever follows a configuration.

    It may have a `check`, too: a plain function of the same properties, asked before a
    change is made. What it raises is a veto.
    """

    def updated(self, properties: Properties | None, /) -> object:
        """
        Take *properties*; None when there is no configuration.

        Raises:
            ConfigurationError: If they do not work; it becomes a fault.
        """
        ...


class ManagedServiceFactory(Protocol):
    """
    Whoever follows every instance of a factory.

    It may have a `check`, too: a plain function of PID and properties.
    """

    def updated(self, pid: str, properties: Properties, /) -> object:
        """
        Take the instance *pid*, new or changed.

        Raises:
            ConfigurationError: If it does not work; it becomes a fault.
        """
        ...

    def deleted(self, pid: str, /) -> object:
        """Let go of the instance *pid*, which was taken before."""
        ...


class ConfigurationPlugin(Protocol):
    """Whoever looks at, or changes, properties on their way to a service."""

    def modify_configuration(
        self, pid: str, properties: Properties, /
    ) -> Mapping[str, object] | None:
        """
        The properties that are delivered instead; None: the same.

        May be called on several threads at a time.
        """
        ...


class ConfigurationListener(Protocol):
    """Whoever wants to know that something changed."""

    def configuration_event(self, event: ConfigurationEvent, /) -> object:
        """Take note of *event*, in commit order."""
        ...


# Besides: those that get a model, want to know what changed, or follow several PIDs.
# Of `Properties`, the model is what the others get.


class ServiceOfOne(Protocol[M_contra]):
    """A managed service of one PID."""

    def updated(self, model: M_contra | None, /) -> object:
        """As `ManagedService.updated`."""
        ...


class ChangedServiceOfOne(Protocol[M_contra]):
    """A managed service of one PID that wants to know what changed."""

    def updated(self, model: M_contra | None, /, *, changed: Changed) -> object:
        """As `ManagedService.updated`."""
        ...


class ChangedCallback(Protocol[M_contra]):
    """A function that is one."""

    def __call__(self, model: M_contra | None, /, *, changed: Changed) -> object:
        """As `ManagedService.updated`."""
        ...


class ServiceOfSeveral(Protocol[M_contra]):
    """A managed service of several PIDs."""

    def updated(self, pid: str, model: M_contra | None, /) -> object:
        """As `ManagedService.updated`, for one of them."""
        ...


class ChangedServiceOfSeveral(Protocol[M_contra]):
    """A managed service of several PIDs that wants to know what changed."""

    def updated(
        self, pid: str, model: M_contra | None, /, *, changed: Changed
    ) -> object:
        """As `ManagedService.updated`, for one of them."""
        ...


class ChangedCallbackOfSeveral(Protocol[M_contra]):
    """A function that is one."""

    def __call__(
        self, pid: str, model: M_contra | None, /, *, changed: Changed
    ) -> object:
        """As `ManagedService.updated`, for one of them."""
        ...


class FactoryOf(Protocol[M_contra]):
    """A managed service factory."""

    def updated(self, pid: str, model: M_contra, /) -> object:
        """As `ManagedServiceFactory.updated`."""
        ...

    def deleted(self, pid: str, /) -> object:
        """As `ManagedServiceFactory.deleted`."""
        ...


class ChangedFactoryOf(Protocol[M_contra]):
    """A managed service factory that wants to know what changed."""

    def updated(self, pid: str, model: M_contra, /, *, changed: Changed) -> object:
        """As `ManagedServiceFactory.updated`."""
        ...

    def deleted(self, pid: str, /) -> object:
        """As `ManagedServiceFactory.deleted`."""
        ...


_M = TypeVar("_M")
AnyServiceOfOne: TypeAlias = (
    ServiceOfOne[_M]
    | ChangedServiceOfOne[_M]
    | Callable[[_M | None], object]
    | ChangedCallback[_M]
)
AnyServiceOfSeveral: TypeAlias = (
    ServiceOfSeveral[_M]
    | ChangedServiceOfSeveral[_M]
    | Callable[[str, _M | None], object]
    | ChangedCallbackOfSeveral[_M]
)
AnyFactory: TypeAlias = FactoryOf[_M] | ChangedFactoryOf[_M]
