"""What the admin knows of one PID: its newest revision and what its schema reads."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from config_admin.core.configuration import Configuration
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import escaped
from config_admin.core.errors import (
    InvalidConfigurationError,
    RevisionConflictError,
    UsageError,
)
from config_admin.core.ports import Checked
from config_admin.core.properties import (
    AUTOMATIC_KEYS,
    SERVICE_FACTORY_PID,
    SERVICE_PID,
    Properties,
)

ABSENT: Final[Hashable] = "absent"


@dataclass(frozen=True, slots=True)
class Entry:
    """
    The newest revision of one PID and what its schema makes of it.

    Attributes:
        configuration: As written; a tombstone if it was deleted.
        checked: What its schema makes of it.
        incarnation: The revision at which it was created.
        vetted_by: Who said beforehand that it works: numbers of registrations.
        misfits: Why it does not fit its schema, and is held back; empty if it does.
    """

    configuration: Configuration
    checked: Checked
    incarnation: int = 0
    vetted_by: frozenset[int] = frozenset()
    misfits: tuple[Diagnostic, ...] = ()

    @property
    def state(self) -> Hashable:
        """Equal as long as a service need not be called again."""
        one = self.configuration
        if one.deleted:
            return ABSENT
        return (one.pid, one.revision, self.checked.schema)

    def delivered(self) -> Properties | None:
        """What a service gets: coerced, with defaults and automatic properties."""
        if self.configuration.deleted:
            return None
        return with_automatic(self, self.checked.effective())


def with_automatic(entry: Entry, properties: Properties | None = None) -> Properties:
    """*properties* of *entry*, else its view, with those that the admin itself adds."""
    one = entry.configuration
    automatic = {SERVICE_PID: one.pid}
    if one.factory_pid is not None:
        automatic[SERVICE_FACTORY_PID] = one.factory_pid
    shown = entry.checked.properties if properties is None else properties
    return shown.with_items(automatic)


def present(entry: Entry | None) -> Entry | None:
    """*entry*, or None if there is no configuration: never was, or deleted."""
    return None if entry is None or entry.configuration.deleted else entry


def state_of(entry: Entry | None) -> Hashable:
    """Equal as long as a service need not be called again."""
    return ABSENT if entry is None else entry.state


def revision_of(entry: Entry | None) -> int:
    """The newest revision, tombstones included; 0 if there never was one."""
    return entry.configuration.revision if entry is not None else 0


def view(entry: Entry) -> Configuration:
    """The configuration as its schema reads it: what callers see."""
    return replace(entry.configuration, properties=entry.checked.properties)


def place_of(one: Configuration) -> str:
    """Where people look for *one*: its file, else its PID."""
    return one.origin.file_shown or escaped(one.pid)


def require_revision(pid: str, entry: Entry | None, revision: int | None) -> None:
    """
    Nothing, if *revision* is that of *entry*, or None.

    Raises:
        RevisionConflictError: If it is another one; 0 is that of an absent one.
    """
    actual = revision_of(present(entry))
    if revision is not None and revision != actual:
        raise RevisionConflictError(pid, revision, actual)


def storable(pid: str, properties: Mapping[str, object]) -> Properties:
    """
    *properties* of *pid*, without the automatic ones.

    Raises:
        InvalidConfigurationError: If they cannot be stored.
        UsageError: If they are no mapping.
    """
    if not isinstance(properties, Mapping):
        found = f"{escaped(pid)} cannot be a value of type {type(properties).__name__}:"
        raise UsageError(f"{found} properties are a mapping of keys to values.")
    try:
        return without_automatic(properties)
    except InvalidConfigurationError as error:
        raise InvalidConfigurationError(pid, error.violations) from None


def without_automatic(properties: Mapping[str, object]) -> Properties:
    """
    *properties* without those that the admin itself adds.

    Raises:
        InvalidConfigurationError: If they cannot be stored.
    """
    own = {
        key: value
        for key, value in properties.items()
        if not (isinstance(key, str) and key.lower() in AUTOMATIC_KEYS)
    }
    known = properties.secret_keys if isinstance(properties, Properties) else ()
    return Properties(own, secret_keys=known)
