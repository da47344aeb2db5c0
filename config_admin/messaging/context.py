"""
Who talks to whom: a context is the address of a message, or of a client itself.

Source: Roboconf, "messaging context": recipient kind, domain, application, topic.
"""

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final, Self

from config_admin.core.display import escaped
from config_admin.core.errors import UsageError

DEFAULT_DOMAIN: Final = "default"

# What a name is part of is split at dots, and `*` and `#` are wildcards of brokers.
_NAME: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_ -]{0,62}[A-Za-z0-9_-])?")
_MAX_INSTANCE = 180
_RESERVED_DOMAIN: Final = "amq"  # of brokers themselves
_MACHINE: Final = "machine."


class Kind(Enum):
    """Whom a message is for."""

    DM = "roboconf.dm"
    AGENTS = "agents"
    INTER_APP = "roboconf.inter-app"


@dataclass(frozen=True, slots=True)
class Context:
    """
    An address: messages are published to it, clients subscribe to it, or own it.

    Attributes:
        kind: Whom it reaches.
        domain: A DM and its agents; domains never see each other.
        application: Whose agents; "" if it is not of one application.
        topic: Which of them.
    """

    kind: Kind
    domain: str
    application: str
    topic: str

    @classmethod
    def dm(cls, *, domain: str = DEFAULT_DOMAIN, application: str = "") -> Self:
        """
        The DM, as far as it manages *application*; "": what DMs tell each other.

        Raises:
            UsageError: As all of these, if a name is none.
        """
        if application:
            _require_name(application, "application")
        return cls(Kind.DM, _require_domain(domain), application, application)

    @classmethod
    def agent(
        cls, *, application: str, instance: str, domain: str = DEFAULT_DOMAIN
    ) -> Self:
        """The agent of *instance*: a path as ``/vm/server``."""
        name = _instance_name(instance)
        return cls._of_agents(domain, application, f"{_MACHINE}{name}")

    @classmethod
    def exporters(
        cls, component: str, *, application: str, domain: str = DEFAULT_DOMAIN
    ) -> Self:
        """Those of *application* that export variables of *component*."""
        _require_name(component, "component")
        return cls._of_agents(domain, application, f"those.that.export.{component}")

    @classmethod
    def importers(
        cls, component: str, *, application: str, domain: str = DEFAULT_DOMAIN
    ) -> Self:
        """Those of *application* that import variables of *component*."""
        _require_name(component, "component")
        return cls._of_agents(domain, application, f"those.that.import.{component}")

    @classmethod
    def exporters_anywhere(cls, facet: str, *, domain: str = DEFAULT_DOMAIN) -> Self:
        """Those of any application that export variables of *facet*."""
        return cls._between_applications(domain, "export", facet)

    @classmethod
    def importers_anywhere(cls, facet: str, *, domain: str = DEFAULT_DOMAIN) -> Self:
        """Those of any application that import variables of *facet*."""
        return cls._between_applications(domain, "import", facet)

    @property
    def exchange(self) -> str:
        """Where messages to it are published: ``default.shop.agents``."""
        if self.kind is Kind.AGENTS:
            return f"{self.domain}.{self.application}.{self.kind.value}"
        return f"{self.domain}.{self.kind.value}"

    @property
    def queue(self) -> str:
        """
        The queue, and the name, of the client that owns it: ``default.shop.vm.server``.

        Raises:
            UsageError: If no client can own it.
        """
        if self.kind is Kind.DM:
            return f"{self.domain}.roboconf-dm"
        if not self.topic.startswith(_MACHINE):
            raise UsageError(
                f"{self} is an address of many. The owner of a client is Context.dm() "
                "or Context.agent(…)."
            )
        return f"{self.domain}.{self.application}.{self.topic.removeprefix(_MACHINE)}"

    @property
    def is_of_one(self) -> bool:
        """Whether exactly one client should get it; its sender is told if none does."""
        is_between_dms = self.kind is Kind.DM and not self.topic
        return not is_between_dms and (
            self.kind is Kind.DM or self.topic.startswith(_MACHINE)
        )

    def __str__(self) -> str:
        return f"{self.exchange}/{self.topic}"

    @classmethod
    def _of_agents(cls, domain: str, application: str, topic: str) -> Self:
        _require_name(application, "application")
        return cls(Kind.AGENTS, _require_domain(domain), application, topic)

    @classmethod
    def _between_applications(cls, domain: str, what: str, facet: str) -> Self:
        _require_name(facet, "facet")
        topic = f"those.that.{what}.{facet}"
        return cls(Kind.INTER_APP, _require_domain(domain), "", topic)


@lru_cache(maxsize=4096)
def context_of(exchange: str, topic: str) -> Context:
    """
    The context whose messages go to *exchange* with *topic*.

    Raises:
        ValueError: If there is none.
    """
    parts = exchange.split(".")
    for kind in (Kind.DM, Kind.INTER_APP):
        if len(parts) > 1 and ".".join(parts[1:]) == kind.value:
            application = topic if kind is Kind.DM else ""
            return Context(kind, parts[0], application, topic)
    match parts:
        case [domain, application, "agents"]:
            return Context(Kind.AGENTS, domain, application, topic)
    raise ValueError(f"{escaped(exchange)!r} is no exchange of ours")


def _require_domain(domain: str) -> str:
    _require_name(domain, "domain")
    if domain == _RESERVED_DOMAIN:
        raise UsageError(f"domain is {domain!r}, which brokers reserve: take another.")
    return domain


def _require_name(name: str, what: str) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{what} is {escaped(name)!r}: write letters, digits, '_', '-' and inner "
            "blanks, 64 at most; dots separate names."
        )


def _instance_name(path: str) -> str:
    names = path.strip("/").split("/")
    if not any(names):
        raise UsageError(f"instance is {escaped(path)!r}: write a path as /vm/server.")
    for name in names:
        _require_name(name, "instance")
    joined = ".".join(names)
    if len(joined) > _MAX_INSTANCE:
        raise UsageError(f"instance has {len(joined)} characters: write at most 180.")
    return joined
