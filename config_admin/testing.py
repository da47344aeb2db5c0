"""
An admin for tests: in memory, without files or threads, and deterministic.

::

    def test_the_client_follows_its_configuration():
        with testing.admin() as admin:
            admin.add_managed_service("client", client)
            admin.update("client", {"host": "a"})
            admin.flush()
            assert client.host == "a"

Callbacks run inside `flush` and nowhere else, in the order in which they were queued.
Everything else is as with `config_admin.ConfigAdmin`: schemas, placeholders, plugins
and vetoes, too.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path

from config_admin.core.admin import ConfigurationAdmin
from config_admin.core.arguments import (
    require_mapping,
    require_path,
    require_table,
    require_texts,
)
from config_admin.core.callbacks import Changed
from config_admin.core.dispatch import InlineDispatcher
from config_admin.core.events import ConfigurationEvent
from config_admin.core.faults import Fault, FaultBook
from config_admin.core.parts import World
from config_admin.core.ports import Validator
from config_admin.core.properties import Properties
from config_admin.core.receipts import Receipt
from config_admin.facade import Admin
from config_admin.plugins.interpolation import Interpolator
from config_admin.plugins.resolving import ResolvingValidator
from config_admin.plugins.sources import EnvironmentSource
from config_admin.schema.catalog import SchemaCatalog
from config_admin.schema.validator import SchemaValidator
from config_admin.stores.memory import MemoryStore

__all__ = [
    "MemoryAdmin",
    "RecordingFactory",
    "RecordingListener",
    "RecordingService",
    "admin",
]

Configurations = Mapping[str, Mapping[str, object]]
Texts = Mapping[str, str]

_NONE: Texts = {}
_NO_FILES = (
    "testing.admin() has no files: write what they would say, by PID, such as "
    "{'my.service': {'host': 'localhost'}}."
)


def admin(  # noqa: PLR0913 - each is left out more often than not
    configurations: Configurations | None = None,
    *,
    schemas: str | PathLike[str] | None = None,
    variables: Texts = _NONE,
    environment: Texts = _NONE,
    secrets: Texts = _NONE,
    files: Texts = _NONE,
    required_plugins: Sequence[str] = (),
) -> "MemoryAdmin":
    """
    A new admin, for a ``with`` or an ``async with`` statement.

    Args:
        configurations: What is there from the start, by PID. What is refused of it
            raises when the admin is started.
        schemas: The directory of the JSON Schemas; None: nothing is validated.
        variables: As of `config_admin.Settings`.
        environment: What ``${env:NAME}`` stands for; the real one is not looked at.
        secrets: What ``$[secret:name]`` stands for.
        files: What ``$[file:path]`` stands for.
        required_plugins: As of `config_admin.Settings`.

    Raises:
        UsageError: If one of them is not what it should be.
    """
    _require_places(configurations, schemas)
    _require_tables(
        variables=variables, environment=environment, secrets=secrets, files=files
    )
    require_texts("required_plugins", required_plugins, "such as ['decrypt']")
    faults = FaultBook(_to_nobody)
    sources = {
        "env": EnvironmentSource(environment),
        "secret": EnvironmentSource(secrets, is_secret=True),
        "file": EnvironmentSource(files, is_secret=True),
    }
    catalog = SchemaCatalog(None if schemas is None else Path(schemas), faults)
    validator = ResolvingValidator(
        Interpolator(sources, variables), SchemaValidator(catalog)
    )
    return MemoryAdmin(
        _MemoryHouse(configurations or {}, validator, faults, required_plugins)
    )


class MemoryAdmin(Admin):
    """What `admin` gives: otherwise it is a `config_admin.ConfigAdmin`."""

    def recheck(self) -> None:
        """
        Look again at what a schema, a secret or the environment says.

        A `config_admin.ConfigAdmin` does so by itself, soon after a file has changed.
        """
        self._changer.recheck_all()

    def wait_applied(
        self, pid: str, timeout_s: float | None = None
    ) -> tuple[Receipt, ...]:
        """As of `config_admin.ConfigAdmin`; nobody else runs callbacks: `flush`."""
        self._require_outside("wait_applied")
        self.flush(timeout_s)
        return super().wait_applied(pid, 0)


class RecordingService:
    """
    A managed service that keeps what it was called with.

    Attributes:
        calls: Each call, oldest first; None: there is no configuration.
        changed: The keys that differed at each call.
        error: Is raised by the next calls; None: they succeed.
    """

    def __init__(self) -> None:
        self.calls: list[Properties | None] = []
        self.changed: list[Changed] = []
        self.error: Exception | None = None

    def updated(self, properties: Properties | None, /, changed: Changed) -> None:
        """Keep *properties*, then raise what there is to raise."""
        self.calls.append(properties)
        self.changed.append(changed)
        if self.error is not None:
            raise self.error

    @property
    def last(self) -> Properties | None:
        """What it was called with last; None too if it never was."""
        return self.calls[-1] if self.calls else None


class RecordingFactory:
    """
    A managed service factory that keeps what it was called with.

    It can be a managed service of several PIDs, too.

    Attributes:
        calls: The PID and the properties of each call, oldest first; None: there is no
            such instance any more.
        changed: The keys that differed at each call; none where one was deleted.
        instances: The properties of the instances that there are, by PID.
        error: Is raised by the next calls; None: they succeed.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, Properties | None]] = []
        self.changed: list[Changed] = []
        self.instances: dict[str, Properties] = {}
        self.error: Exception | None = None

    def updated(
        self, pid: str, properties: Properties | None, /, changed: Changed
    ) -> None:
        """Keep *properties*, then raise what there is to raise."""
        self.calls.append((pid, properties))
        self.changed.append(changed)
        if properties is None:
            self.instances.pop(pid, None)
        else:
            self.instances[pid] = properties
        if self.error is not None:
            raise self.error

    def deleted(self, pid: str, /) -> None:
        """Let *pid* go, then raise what there is to raise."""
        self.updated(pid, None, changed=frozenset())


class RecordingListener:
    """
    A configuration listener that keeps what it was told.

    Attributes:
        events: Each of them, oldest first.
    """

    def __init__(self) -> None:
        self.events: list[ConfigurationEvent] = []

    def configuration_event(self, event: ConfigurationEvent, /) -> None:
        """Keep *event*."""
        self.events.append(event)


class _MemoryHouse:
    def __init__(
        self,
        configurations: Configurations,
        validator: Validator,
        faults: FaultBook,
        required_plugins: Iterable[str],
    ) -> None:
        self._configurations = configurations
        self._has_ended = False
        self.faults = faults
        self.dispatcher = InlineDispatcher()
        self.admin = ConfigurationAdmin(
            MemoryStore(),
            World(
                validator=validator,
                dispatcher=self.dispatcher,
                faults=faults,
                now=lambda: datetime.now(UTC),
                required_plugins=required_plugins,
            ),
        )

    def start(self) -> None:
        for pid, properties in self._configurations.items():
            self.admin.update(pid, properties)
        self.dispatcher.flush()

    def stop(self) -> None:
        self._has_ended = True
        self.admin.close()

    def before_fork(self) -> None:
        """Nothing of it is shared with the child."""

    def after_fork(self) -> None:
        """As above."""

    def note_fork(self) -> None:
        """Nothing of it belongs to the other process alone."""

    def flush(self, timeout_s: float | None) -> bool:
        return self._has_ended or self.dispatcher.flush(timeout_s)


def _require_places(configurations: object, schemas: object) -> None:
    if configurations is not None:
        require_mapping("configurations", configurations, _NO_FILES)
    if schemas is not None:
        require_path("schemas", schemas)


def _require_tables(**tables: Texts) -> None:
    for name, table in tables.items():
        require_table(name, table, "such as {'host': 'localhost'}")


def _to_nobody(_came: Iterable[Fault], _went: Iterable[Fault]) -> None:
    """Faults of a test are looked at, not logged."""
