"""What a configuration of HTTP messaging comes to."""

import ipaddress
import re
import secrets
from dataclasses import dataclass, field
from typing import Final

from config_admin.core.display import shown
from config_admin.core.errors import ConfigurationError
from config_admin.core.properties import Properties, Value
from config_admin.messaging.context import Context, Kind
from config_admin.messaging.errors import LinkError
from config_admin.messaging.link import Link, Watcher

PREFIX: Final = "net.roboconf.messaging.http."
IP: Final = f"{PREFIX}server.ip"
PORT: Final = f"{PREFIX}server.port"
TOKEN: Final = f"{PREFIX}token"

PATH: Final = "/roboconf-messaging-http"

_DEFAULT_IP = "127.0.0.1"
_DEFAULT_PORT = 8181
_MAX_PORT = 65535
_SHORTEST_TOKEN = 16

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_TOKEN = re.compile(r"[!-~]{1,1024}")  # what a header can carry


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """
    Where the hub is.

    Attributes:
        ip: The address that the DM listens on, and that its agents connect to.
        port: Its port.
        token: Who knows it is let in; "": nobody is.
    """

    ip: str = _DEFAULT_IP
    port: int = _DEFAULT_PORT
    token: str = field(default="", repr=False)

    @property
    def authority(self) -> str:
        """Address and port, as in a URL."""
        return (
            f"[{self.ip}]:{self.port}" if ":" in self.ip else f"{self.ip}:{self.port}"
        )

    @property
    def name(self) -> str:
        """Of links with these settings, for people."""
        return f"the HTTP hub at {self.authority}"

    @property
    def source(self) -> str:
        """Of links with these settings."""
        return f"http {self.authority}"

    def link(self, owner: Context, watcher: Watcher) -> Link:
        """A link with these settings for the client *owner*; not open yet."""
        from config_admin.messaging.http import (  # noqa: PLC0415 - they need settings
            peer,
            places,
        )
        from config_admin.messaging.memory import LocalLink  # noqa: PLC0415 - as above

        if owner.kind is Kind.DM and not owner.topic:
            return LocalLink(owner, watcher, places.HubPlace(self, owner.domain))
        return peer.PeerLink(self, owner, watcher)

    def require_token(self) -> None:
        """
        Raise if nobody could be let in.

        Raises:
            LinkError: With a token that could be used.
        """
        if self.token:
            return
        raise LinkError(
            TOKEN,
            f"{TOKEN}: nothing, though the DM and its agents have to share a secret. "
            "Write the same random text, 16 characters at least, into the "
            "configuration of the DM and of its agents, for example: "
            f"{secrets.token_urlsafe(24)}",
        )


def read(properties: Properties | None) -> HttpSettings | None:
    """
    Settings; None if nothing is configured.

    Raises:
        ConfigurationError: If a value cannot be what it is for.
    """
    if properties is None:
        return None
    return HttpSettings(
        _ip(properties.get(IP, _DEFAULT_IP)),
        _port(properties.get(PORT, _DEFAULT_PORT)),
        _token(properties.get(TOKEN, "")),
    )


def _ip(value: Value) -> str:
    text = value.strip() if isinstance(value, str) else ""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if not _HOST.fullmatch(bare) and not _is_ipv6(bare):
        raise ConfigurationError(
            IP,
            f"{shown(value)}, which is no address and no host name. Write it "
            f"without 'http://' and without a port, such as {_DEFAULT_IP}.",
        )
    return bare.lower()


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return "%" not in text


def _port(value: Value) -> int:
    text = str(value).strip()
    is_whole = not isinstance(value, bool) and text.isascii() and text.isdigit()
    port = int(text) if is_whole and len(text) <= len(str(_MAX_PORT)) else 0
    if not 0 < port <= _MAX_PORT:
        raise ConfigurationError(
            PORT,
            f"{shown(value)}, which is no port from 1 to {_MAX_PORT}. Write the "
            f"one that the DM listens on, such as {_DEFAULT_PORT}.",
        )
    return port


def _token(value: Value) -> str:
    text = str(value).strip()
    if not text:
        return ""
    if not _TOKEN.fullmatch(text) or len(text) < _SHORTEST_TOKEN:
        raise ConfigurationError(
            TOKEN,
            f"{len(text)} characters that are not shown; it takes 16 at least, "
            "letters, digits and signs of ASCII without blanks. Write the same random "
            "text into the configuration of the DM and of its agents, for example: "
            f"{secrets.token_urlsafe(24)}",
        )
    return text
