"""Where a broker is: the forms of its address."""

import ipaddress
import re
from typing import Final

from config_admin.core.display import shown

_SCHEMES: Final = ("http://", "amqp://")
_FORMS: Final = (
    "Write a host name or an IP address, with a port if it is another than the usual "
    "one: 192.168.1.87, broker.example.com:5672, [::1]:5672."
)
_BRACKETED: Final = re.compile(r"\[(?P<host>[^]]*)\](?::(?P<port>[^:]*))?")
_PLAIN: Final = re.compile(r"(?P<host>[^:]*)(?::(?P<port>[^:]*))?")
_HOST_NAME: Final = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_](?:[A-Za-z0-9_.-]*)")
_MOST_PORT = 65_535


def parse(text: str) -> tuple[str, int | None]:
    """
    The host and the port of an address; None: the usual port.

    Raises:
        ValueError: If *text* is none; what it says is for people.
    """
    if "@" in text:
        raise ValueError(
            "It holds an '@'. Write the user and the password under their own keys, "
            "and here the host alone."
        )
    rest = text
    for scheme in _SCHEMES:
        if rest.lower().startswith(scheme):
            rest = rest[len(scheme) :].removesuffix("/")
    if rest.count(":") > 1 and _is_ip(rest):
        return rest, None
    match = _BRACKETED.fullmatch(rest) or _PLAIN.fullmatch(rest)
    if match is None:
        raise _no_address(text)
    host, port = match["host"], match["port"]
    if not (_is_ip(host) if rest.startswith("[") else _HOST_NAME.fullmatch(host)):
        raise _no_address(text)
    return host, None if port is None else _port(port, text)


def written(host: str, port: int) -> str:
    """The two as one text; an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _port(port: str, text: str) -> int:
    if port.isascii() and port.isdecimal() and 0 < int(port[:6]) <= _MOST_PORT:
        return int(port)
    raise ValueError(
        f"{shown(text)} has {shown(port)} as its port. Write a number from 1 to 65535."
    )


def _no_address(text: str) -> ValueError:
    return ValueError(f"{shown(text)} is no address of a broker. {_FORMS}")
