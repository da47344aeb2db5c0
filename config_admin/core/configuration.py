"""A configuration: one PID at one revision."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import ClassVar, Self

from config_admin.core.display import escaped
from config_admin.core.pid import factory_pid_of, name_of
from config_admin.core.properties import Properties


class OriginKind(Enum):
    """By which way a change came in."""

    API = "api"
    FILE = "file"
    ENVIRONMENT = "environment"
    CLI = "cli"
    CONSOLE = "console"
    NODE = "node"


@dataclass(frozen=True, slots=True)
class Origin:
    """
    What caused a change.

    Attributes:
        kind: The way it came in.
        detail: The file, the user, the node; "" if there is nothing to say.
    """

    kind: OriginKind
    detail: str = ""

    API: ClassVar["Origin"]
    ENVIRONMENT: ClassVar["Origin"]

    @classmethod
    def file(cls, path: str) -> Self:
        """An edit of the file *path*."""
        return cls(OriginKind.FILE, path)

    @property
    def file_shown(self) -> str | None:
        """The file, fit to be shown; None if it was not one."""
        return escaped(self.detail) if self.kind is OriginKind.FILE else None

    def __str__(self) -> str:
        if not self.detail:
            return self.kind.value
        return f"{self.kind.value} {escaped(self.detail)}"


Origin.API = Origin(OriginKind.API)
Origin.ENVIRONMENT = Origin(OriginKind.ENVIRONMENT)


@dataclass(frozen=True, slots=True)
class Configuration:
    """
    One PID at one revision.

    A deleted configuration is kept as a *tombstone*, so that revisions never fall.

    Attributes:
        pid: ``name`` of a singleton or ``factory~name`` of an instance.
        properties: All of them; empty for a tombstone.
        revision: 1 for the first; one more with every change, deletes included.
        origin: What caused this revision.
        deleted: Whether this is a tombstone.
        reason: Why, in the words of whoever changed it; None: nothing was said.
        changed_at: When, in UTC; None: nobody looked at a clock. It does not count
            where two are compared.
    """

    pid: str
    properties: Properties
    revision: int
    origin: Origin
    deleted: bool = False
    reason: str | None = None
    changed_at: datetime | None = field(default=None, compare=False)

    @property
    def factory_pid(self) -> str | None:
        """The factory of an instance; None for a singleton."""
        return factory_pid_of(self.pid)

    @property
    def name(self) -> str | None:
        """The name of an instance within its factory; None for a singleton."""
        return name_of(self.pid)
