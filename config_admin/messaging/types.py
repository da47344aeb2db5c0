"""The kinds of messaging, by the name that `messaging-type` gives them."""

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Final

from config_admin.core.arguments import found
from config_admin.core.display import escaped
from config_admin.core.errors import UsageError
from config_admin.core.properties import Properties
from config_admin.messaging.identity import IDLE
from config_admin.messaging.link import LinkSettings, ReadSettings

PID_PREFIX: Final = "net.roboconf.messaging."

# Each module has a `read`, a `config_admin.messaging.link.ReadSettings`.
_MODULES: Final[Mapping[str, str]] = {
    "rabbitmq": "config_admin.messaging.rabbitmq.settings",
    "http": "config_admin.messaging.http.settings",
    "in-memory": "config_admin.messaging.memory",
    IDLE: __name__,
}
_GROUP: Final = "config_admin.messaging"


def read(_properties: Properties | None) -> LinkSettings | None:
    """The settings of ``idle``: there is no link."""
    return None


def reader_of(messaging_type: str) -> ReadSettings:
    """
    What reads the configurations of *messaging_type*; it is imported now.

    Raises:
        UsageError: If there is no such type.
    """
    if not isinstance(messaging_type, str):
        raise UsageError(f"messaging_type is {found(messaging_type)}: write its name.")
    module = _MODULES.get(messaging_type)
    if module is not None:
        built_in: ReadSettings = import_module(module).read
        return built_in
    for entry in entry_points(group=_GROUP, name=messaging_type):
        read_settings: ReadSettings = entry.load()
        return read_settings
    known = ", ".join([*_MODULES, *entry_points(group=_GROUP).names])
    raise UsageError(
        f"There is no messaging type {escaped(messaging_type)!r}: write one of {known}."
    )


def pid_of(messaging_type: str) -> str:
    """The PID of its configuration."""
    return f"{PID_PREFIX}{messaging_type}"
