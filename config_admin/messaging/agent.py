"""
The agent: who it is stands in its configuration, or in the user data of its machine.

User data counts at each start: it is brought into the configurations, of the agent and
of its messaging, where everybody sees it, and may change it until the next start.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, Self

from config_admin.core.configuration import Configuration
from config_admin.core.errors import (
    ConfigAdminError,
    ConfigurationError,
    InvalidConfigurationError,
)
from config_admin.core.properties import Properties
from config_admin.messaging.client import Admin
from config_admin.messaging.identity import (
    AGENT_PID,
    AgentIdentity,
    read_agent,
    written_agent,
)
from config_admin.messaging.node import Node
from config_admin.messaging.types import pid_of, reader_of
from config_admin.messaging.userdata import (
    Loads,
    UserData,
    UserDataError,
    from_environment,
    from_file,
    store_files,
)

if TYPE_CHECKING:
    from config_admin.core.diagnostics import Diagnostic

_TARGET: Final = "target-id"
_FILE: Final = "user-data-file"
_VARIABLE: Final = "user-data-variable"
_REASON: Final = "user data"


class ChangingAdmin(Admin, Protocol):
    """The part of `config_admin.ConfigAdmin` that an agent needs."""

    def find(self, pid: str) -> Configuration | None:
        """The configuration of *pid*; None if there is none."""
        ...

    def update(
        self, pid: str, properties: Mapping[str, object], *, reason: str | None = None
    ) -> Configuration:
        """Replace the properties of *pid*."""
        ...


@dataclass(frozen=True, slots=True)
class UserDataTerms:
    """
    How user data is read.

    Attributes:
        loads: Reads a Java properties text.
        environment: The variables of this process.
        directory: Where its files are put, for nobody else to read.
    """

    loads: Loads
    environment: Mapping[str, str]
    directory: Path


class Agent(Node):
    """
    An agent that follows ``net.roboconf.agent.configuration``.

    Args:
        admin: Tells of the configurations, and takes what user data says.
        terms: How that is read.
    """

    def __init__(self, admin: ChangingAdmin, terms: UserDataTerms) -> None:
        super().__init__(admin, AGENT_PID, read_agent)
        self._changing = admin
        self._terms = terms
        self._is_told = False

    def start(self) -> Self:
        """Follow the configuration from now on, and user data before."""
        self._is_told = False
        return super().start()

    def check(self, properties: Properties) -> None:
        """Refuse what names nobody, unless user data may."""
        if not _has_user_data(properties):
            super().check(properties)

    def updated(self, properties: Properties | None) -> None:
        """Be what *properties* say; at first what user data says."""
        if properties is None or self._is_told or not _has_user_data(properties):
            super().updated(properties)
            return
        key = _FILE if properties.get(_FILE) else _VARIABLE
        try:
            identity = self._bring(self._read_user_data(properties))
        except (ConfigAdminError, OSError) as error:
            told = [ConfigurationError(key, each) for each in _sentences(error)]
            raise ExceptionGroup("user data that cannot be used", told) from error
        self._is_told = True
        self._become(identity)

    def _read_user_data(self, properties: Properties) -> UserData:
        loads = self._terms.loads
        file = properties.get(_FILE)
        if file:
            return from_file(str(file), loads)
        name = str(properties.get(_VARIABLE, ""))
        return from_environment(name, self._terms.environment, loads)

    def _bring(self, told: UserData) -> AgentIdentity:
        """Bring what was *told* into the configurations; who that is."""
        identity = told.identity
        reader_of(identity.messaging_type)
        parameters: dict[str, object] = {
            **told.parameters,
            **store_files(told, self._terms.directory),
        }
        if parameters:
            pid = pid_of(identity.messaging_type)
            self._changing.update(pid, parameters, reason=_REASON)
        found = self._changing.find(AGENT_PID)
        own = found.properties if found is not None else Properties()
        self._changing.update(AGENT_PID, written_agent(identity, own), reason=_REASON)
        return identity


def _sentences(error: Exception) -> Iterator[str]:
    """What is wrong, one by one, and what to do then."""
    found: Sequence[Diagnostic] = ()
    if isinstance(error, UserDataError):
        found = error.diagnostics
    elif isinstance(error, InvalidConfigurationError):
        found = error.violations
    for each in [str(one) for one in found] or [str(error)]:
        yield f"{each.rstrip('.')}. Start the agent again when that is mended"


def _has_user_data(properties: Properties) -> bool:
    return str(properties.get(_TARGET, "")).startswith("iaas-")
