"""How code reads and changes configurations."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from uuid import uuid4

from config_admin.core.admin import ConfigurationAdmin
from config_admin.core.arguments import require_text
from config_admin.core.configuration import Configuration, Origin
from config_admin.core.errors import InvalidPidError
from config_admin.core.pid import factory_pid_of, require_pid
from config_admin.core.processed import ProcessedProperties
from config_admin.core.receipts import Receipt
from config_admin.core.transaction import Transaction


class Configuring(ABC):
    """The half of an admin that holds the configurations."""

    @property
    @abstractmethod
    def _reader(self) -> ConfigurationAdmin:
        """
        The admin to read from.

        Raises:
            NotRunningError: If it has not been started.
        """

    @property
    @abstractmethod
    def _changer(self) -> ConfigurationAdmin:
        """
        The admin to change.

        Raises:
            NotRunningError: If it is not running.
        """

    @abstractmethod
    def _require_outside(self, name: str) -> None:
        """
        Nothing, unless a callback calls.

        Raises:
            UsageError: If it does.
        """

    @abstractmethod
    def _require_off_loop(self, name: str) -> None:
        """
        Nothing, unless the thread is that of an event loop which callbacks run on.

        Raises:
            UsageError: If it is.
        """

    def get(self, pid: str) -> Configuration:
        """
        The configuration of *pid*, read as its schema says.

        Raises:
            NoSuchConfigurationError: If there is none.
            InvalidPidError: If *pid* cannot be a PID.
        """
        return self._reader.get(pid)

    def find(self, pid: str) -> Configuration | None:
        """The configuration of *pid*, or None; otherwise as `get`."""
        return self._reader.find(pid)

    def list_configurations(
        self,
        filter: str | None = None,  # noqa: A002 - the specification's word
    ) -> tuple[Configuration, ...]:
        """
        The configurations, in PID order.

        Args:
            filter: An LDAP filter over properties, ``service.pid`` and
                ``service.factoryPid``: ``(&(service.factoryPid=db)(port>=1))``. None:
                all of them.

        Raises:
            InvalidFilterError: If *filter* is none; with the place of the fault.
            UsageError: If it is no text.
        """
        return self._reader.list_configurations(filter)

    def update(
        self,
        pid: str,
        properties: Mapping[str, object],
        *,
        revision: int | None = None,
        reason: str | None = None,
        force: bool = False,
    ) -> Configuration:
        """
        Replace the properties of *pid*; its file follows, with its comments.

        Args, returns and raises: as
        `config_admin.core.admin.ConfigurationAdmin.update`; besides:

        Raises:
            NotRunningError: If the admin is not running.
        """
        return self._changer.update(
            pid, properties, revision=revision, reason=reason, force=force
        )

    def delete(
        self, pid: str, *, revision: int | None = None, reason: str | None = None
    ) -> None:
        """
        Remove the configuration of *pid* and its file.

        Args and raises: as `config_admin.core.admin.ConfigurationAdmin.delete`;
        besides:

        Raises:
            NotRunningError: If the admin is not running.
        """
        self._changer.delete(pid, revision=revision, reason=reason)

    def create_factory_configuration(
        self,
        factory_pid: str,
        properties: Mapping[str, object],
        *,
        name: str | None = None,
    ) -> Configuration:
        """
        Create the instance *name* of a factory.

        Args:
            factory_pid: The factory.
            properties: All of them.
            name: Unique within the factory; None: one is made.

        Raises:
            RevisionConflictError: If there is such an instance.
            InvalidPidError: If *factory_pid* or *name* cannot be part of a PID.
            UsageError: If *name* is no text.
            Others as `update`.

        Source: OSGi Compendium ch. 104.6.1.
        """
        if factory_pid_of(require_pid(factory_pid)) is not None:
            raise InvalidPidError(factory_pid, "it is an instance, not a factory.")
        if name is not None:
            require_text("name", name, "write text, or leave it out to have one made.")
        pid = f"{factory_pid}~{uuid4().hex if name is None else name}"
        return self._changer.update(pid, properties, revision=0)

    def transaction(self) -> Transaction:
        """
        Several changes that are checked and made together, or not at all.

        ``with admin.transaction() as t: t.update(…); t.delete(…)``

        Raises:
            NotRunningError: If the admin is not running; at the end of the block, too.
        """
        return Transaction(lambda: self._changer, Origin.API)

    def processed_properties(
        self, pid: str, *, show_secrets: bool = False
    ) -> ProcessedProperties:
        """
        What a service would get: with placeholders, defaults, overrides and plugins.

        Args:
            pid: Of which configuration.
            show_secrets: Whether secret values are there and not masked.

        Raises:
            NoSuchConfigurationError: If nothing would be delivered.
            InvalidPidError: If *pid* cannot be a PID.
        """
        processed = self._reader.processed_properties(pid)
        return processed if show_secrets else processed.without_secrets()

    # Receipts

    def services(self) -> tuple[Receipt, ...]:
        """What each service made of what it was told, by PID."""
        return self._reader.audience.receipts()

    def wait_applied(
        self, pid: str, timeout_s: float | None = None
    ) -> tuple[Receipt, ...]:
        """
        Wait until every service of *pid* took, or refused, what it is now.

        Returns:
            What they made of it; one that is not done within *timeout_s* is busy yet.
            Of a factory PID those of its instances. Empty if nobody follows it.

        Raises:
            UsageError: If a callback calls this, or the event loop that one runs on.
            InvalidPidError: If *pid* cannot be a PID.
        """
        self._require_outside("wait_applied")
        self._require_off_loop("wait_applied")
        audience = self._reader.audience
        audience.wait_settled(require_pid(pid), timeout_s)
        return audience.receipts(pid)
