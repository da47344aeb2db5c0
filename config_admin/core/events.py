"""
What configuration listeners are told.

Source: OSGi Compendium ch. 104.8, ``ConfigurationEvent``. ``CM_REFUSED`` is ours: what
was refused is news too, to whoever waits for it.
"""

from dataclasses import dataclass
from enum import Enum

from config_admin.core.configuration import Origin
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.pid import factory_pid_of


class EventType(Enum):
    """What happened to the configuration."""

    CM_UPDATED = "updated"
    CM_DELETED = "deleted"
    CM_REFUSED = "refused"


CM_UPDATED = EventType.CM_UPDATED
CM_DELETED = EventType.CM_DELETED
CM_REFUSED = EventType.CM_REFUSED


@dataclass(frozen=True, slots=True)
class ConfigurationEvent:
    """
    Something happened to one configuration; read its properties from the admin.

    Attributes:
        type: What happened.
        pid: To which configuration.
        revision: The revision now current; for CM_REFUSED the one that stays, 0 if
            there is none.
        origin: What caused it.
        violations: Why it was refused; empty unless it was.
    """

    type: EventType
    pid: str
    revision: int
    origin: Origin
    violations: tuple[Diagnostic, ...] = ()

    @property
    def factory_pid(self) -> str | None:
        """The factory of an instance; None for a singleton."""
        return factory_pid_of(self.pid)
