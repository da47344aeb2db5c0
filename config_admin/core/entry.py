"""What the admin knows of one PID: its newest revision and what its schema reads."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from config_admin.core.configuration import Configuration
from config_admin.core.errors import InvalidConfigurationError, RevisionConflictError
from config_admin.core.ports import Checked, Validator
from config_admin.core.properties import (
    AUTOMATIC_KEYS,
    SERVICE_FACTORY_PID,
    SERVICE_PID,
    Properties,
    Value,
    typed,
)

ABSENT: Final[Hashable] = "absent"


@dataclass(frozen=True, slots=True)
class Entry:
    """
    The newest revision of one PID and what its schema makes of it.

    Attributes:
        configuration: As written; a tombstone if it was deleted.
        checked: What its schema makes of it.
    """

    configuration: Configuration
    checked: Checked

    @property
    def state(self) -> Hashable:
        """Equal as long as a service need not be called again."""
        if self.configuration.deleted:
            return ABSENT
        return (self.configuration.revision, self.checked.schema)

    def delivered(self) -> Properties | None:
        """What a service gets: coerced, with defaults and automatic properties."""
        if self.configuration.deleted:
            return None
        automatic = {SERVICE_PID: self.configuration.pid}
        if self.configuration.factory_pid is not None:
            automatic[SERVICE_FACTORY_PID] = self.configuration.factory_pid
        with_defaults = self.checked.properties.with_items(self.checked.defaults)
        return with_defaults.with_items(automatic)


def present(entry: Entry | None) -> Entry | None:
    """*entry*, or None if there is no configuration: never was, or deleted."""
    return None if entry is None or entry.configuration.deleted else entry


def revision_of(entry: Entry | None) -> int:
    """The newest revision, tombstones included; 0 if there never was one."""
    return entry.configuration.revision if entry is not None else 0


def view(entry: Entry) -> Configuration:
    """The configuration as its schema reads it: what callers see."""
    return replace(entry.configuration, properties=entry.checked.properties)


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
    """
    kept = {
        key: value
        for key, value in properties.items()
        if not (isinstance(key, str) and key.lower() in AUTOMATIC_KEYS)
    }
    try:
        return Properties(kept)
    except InvalidConfigurationError as error:
        raise InvalidConfigurationError(pid, error.violations) from None


def as_written(
    pid: str, given: Properties, before: Entry | None, validator: Validator
) -> Properties:
    """
    *given* in the words of the file.

    A value equal to what a text stands for leaves that text as it is, so that storing
    what was read changes nothing. A typed value becomes text wherever the schema turns
    that text back into exactly it; only otherwise does its file become typed.
    """
    return given.with_items(
        {
            key: _value_as_written(pid, key, value, before, validator)
            for key, value in given.items()
        }
    )


def _value_as_written(
    pid: str, key: str, value: Value, before: Entry | None, validator: Validator
) -> Value:
    if before is not None and key in before.configuration.properties:
        written = before.configuration.properties[key]
        default = before.checked.defaults.get(key, written)
        seen = before.checked.properties.get(key, default)
        if typed(seen) == typed(value):
            return written
        if isinstance(written, tuple):
            return _elements_as_written(value, written, seen)
        if not isinstance(written, str):
            return value
    if isinstance(value, str):
        return value
    text = validator.as_text(pid, key, value)
    return value if text is None else text


def _elements_as_written(value: Value, written: Value, seen: Value) -> Value:
    """A list, with the elements that did not change as they were written."""
    if not (
        isinstance(value, tuple)
        and isinstance(written, tuple)
        and isinstance(seen, tuple)
        and len(value) == len(written) == len(seen)
    ):
        return value
    return tuple(
        was if typed(saw) == typed(now) else now
        for now, was, saw in zip(value, written, seen, strict=True)
    )
