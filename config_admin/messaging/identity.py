"""
Who a client is: the DM of a domain, or the agent of one instance.

Read from the properties that the DM's and the agent's own configurations deliver.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from config_admin.core.display import shown
from config_admin.core.errors import ConfigurationError, UsageError
from config_admin.messaging.context import DEFAULT_DOMAIN, Context

DM_PID: Final = "net.roboconf.dm.configuration"
AGENT_PID: Final = "net.roboconf.agent.configuration"
IDLE: Final = "idle"

_TYPE: Final = "messaging-type"
_DOMAIN: Final = "domain"
_APPLICATION: Final = "application-name"
_INSTANCE: Final = "scoped-instance-path"
_OLD_INSTANCE: Final = "root-instance-name"
_ADDRESS: Final = "ip-address-of-the-agent"


@dataclass(frozen=True, slots=True)
class DmIdentity:
    """
    A deployment manager.

    Attributes:
        messaging_type: How it exchanges messages.
        domain: What it manages.
    """

    messaging_type: str
    domain: str

    @property
    def owner(self) -> Context:
        """The address of its client."""
        return Context.dm(domain=self.domain)


@dataclass(frozen=True, slots=True)
class AgentIdentity:
    """
    An agent.

    Attributes:
        messaging_type: How it exchanges messages.
        domain: Whose DM manages it.
        application: What it belongs to.
        instance: What it manages, a path as ``/vm/server``.
        target_id: Where it runs; "": nobody has said.
        ip_address: Under which address others reach its machine; "": the same.
    """

    messaging_type: str
    domain: str
    application: str
    instance: str
    target_id: str = ""
    ip_address: str = ""

    @property
    def owner(self) -> Context:
        """The address of its client."""
        return Context.agent(
            application=self.application, instance=self.instance, domain=self.domain
        )


def read_dm(properties: Mapping[str, object]) -> DmIdentity:
    """
    The DM that *properties* say.

    Raises:
        ConfigurationError: With the key, what is wrong with it, and the cure.
    """
    domain = _text(properties, _DOMAIN) or DEFAULT_DOMAIN
    require_domain(domain, _DOMAIN)
    return DmIdentity(_text(properties, _TYPE) or IDLE, domain)


def read_agent(properties: Mapping[str, object]) -> AgentIdentity:
    """The agent that *properties* say; raises as `read_dm`."""
    key = _INSTANCE if _text(properties, _INSTANCE) else _OLD_INSTANCE
    instance = _text(properties, key)
    application = _text(properties, _APPLICATION)
    if not application:
        raise _missing(_APPLICATION, "the name of its application", "shop")
    if not instance:
        raise _missing(_INSTANCE, "the path of its instance", "/vm/server")
    domain = _text(properties, _DOMAIN) or DEFAULT_DOMAIN
    require_domain(domain, _DOMAIN)
    require_application(application, _APPLICATION)
    require_instance(instance, key)
    return AgentIdentity(
        messaging_type=_text(properties, _TYPE) or IDLE,
        domain=domain,
        application=application,
        instance=instance,
        target_id=_text(properties, "target-id"),
        ip_address=_text(properties, _ADDRESS),
    )


def written_agent(
    identity: AgentIdentity, properties: Mapping[str, object]
) -> dict[str, object]:
    """*properties*, made to say who *identity* is; `read_agent` reads that."""
    written = {key: properties[key] for key in properties if key != _OLD_INSTANCE}
    written |= {
        _APPLICATION: identity.application,
        _INSTANCE: identity.instance,
        _DOMAIN: identity.domain,
        _TYPE: identity.messaging_type,
    }
    if identity.ip_address:
        written[_ADDRESS] = identity.ip_address
    return written


def require_domain(name: str, key: str) -> None:
    """
    Nothing, if *name*, the value of *key*, can be a domain.

    Raises:
        ConfigurationError: As all of these, with the key and the cure.
    """
    try:
        Context.dm(domain=name)
    except UsageError as error:
        raise ConfigurationError(key, str(error)) from error


def require_application(name: str, key: str) -> None:
    """The same for an application."""
    try:
        Context.dm(application=name)
    except UsageError as error:
        raise ConfigurationError(key, str(error)) from error


def require_instance(path: str, key: str) -> None:
    """The same for the path of an instance."""
    try:
        Context.agent(application="any", instance=path)
    except UsageError as error:
        raise ConfigurationError(key, str(error)) from error


def _text(properties: Mapping[str, object], key: str) -> str:
    value = properties.get(key, "")
    if not isinstance(value, str):
        raise ConfigurationError(key, f"{shown(value)}: write it as text")
    return value.strip()


def _missing(key: str, what: str, example: str) -> ConfigurationError:
    reason = (
        f"nothing, and an agent needs {what}: write {key} = {example}, with your own "
        "name, or let target-id begin with iaas- if it comes from user data."
    )
    return ConfigurationError(key, reason)
