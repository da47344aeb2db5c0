"""Who is let in: what the hub asks before a request becomes a connection."""

import hmac
import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from config_admin.core.display import shown
from config_admin.messaging.http.settings import IP, PATH, PORT, HttpSettings

# Tells a peer that it was a hub that refused it, and what was wrong.
REFUSED_HEADER: Final = "Hub-Refused"

_HTTP_PORT = 80
_SCHEME = "bearer "

HeaderValues = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """
    Why a request is not let in.

    Attributes:
        status: The answer.
        what: What was wrong: ``path``, ``host``, ``origin`` or ``token``.
        text: The same as a sentence.
    """

    status: HTTPStatus
    what: str
    text: str


class Door:
    """
    Looks at requests.

    Args:
        settings: Where the hub listens.
        knows: Whether a token is one of ours.
    """

    def __init__(self, settings: HttpSettings, knows: Callable[[str], bool]) -> None:
        self._settings = settings
        self._knows = knows

    def refusal_of(self, path: str, values_of: HeaderValues) -> Refusal | None:
        """Why a request is refused; None: it is not."""
        if path != PATH:
            text = f"There is only {PATH} here."
            return Refusal(HTTPStatus.NOT_FOUND, "path", text)
        hosts = values_of("Host")
        if len(hosts) != 1 or not self._is_ours(hosts[0].lower()):
            text = (
                f"Host: found {shown(list(hosts))}, expected "
                f"{self._settings.authority}. Write the same {IP} and {PORT} "
                "into the configuration of the DM and of its agents."
            )
            return Refusal(HTTPStatus.FORBIDDEN, "host", text)
        if values_of("Origin"):
            text = "Pages of browsers are not let in."
            return Refusal(HTTPStatus.FORBIDDEN, "origin", text)
        token = token_of(values_of)
        if token is None:
            text = "Authorization: expected 'Bearer' and the token of the DM."
            return Refusal(HTTPStatus.UNAUTHORIZED, "token", text)
        if not self._knows(token):
            text = "The token is not the one of the DM."
            return Refusal(HTTPStatus.FORBIDDEN, "token", text)
        return None

    def _is_ours(self, host: str) -> bool:
        ip, port = self._settings.ip, self._settings.port
        name, has_port, number = host.rpartition(":")
        if not has_port or "]" in number:
            name, number = host, str(_HTTP_PORT)
        if number != str(port):
            return False
        name = name.removeprefix("[").removesuffix("]")
        own, asked = _address(ip), _address(name)
        if own is not None and own.is_unspecified:
            # It listens on every address: names could be those of rebound pages.
            return asked is not None or name == "localhost"
        is_loopback = ip == "localhost" or (own is not None and own.is_loopback)
        is_same = asked is not None and asked == own
        return name == ip or is_same or (is_loopback and name == "localhost")


def token_of(values_of: HeaderValues) -> str | None:
    """The token that a request shows; None: none."""
    values = values_of("Authorization")
    if len(values) != 1 or not values[0].lower().startswith(_SCHEME):
        return None
    return values[0][len(_SCHEME) :].strip()


def is_same(token: str, other: str) -> bool:
    """Whether both are equal, in a time that does not tell how much of them is."""
    return hmac.compare_digest(token.encode(), other.encode("utf-8", "replace"))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
