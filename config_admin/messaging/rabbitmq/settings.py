"""The configuration of the RabbitMQ messaging, read and checked."""

import logging
from dataclasses import dataclass, field
from math import isfinite
from typing import Final

from config_admin.core.display import shown
from config_admin.core.errors import ConfigurationError
from config_admin.core.properties import Properties
from config_admin.messaging.context import Context
from config_admin.messaging.errors import LinkError
from config_admin.messaging.link import Link, Watcher
from config_admin.messaging.rabbitmq import address, keys

_log = logging.getLogger(__name__)

DEFAULT_CONFIRM_TIMEOUT_S: Final = 5.0

_PORT = 5672
_TLS_PORT = 5671
_NOTHING: Final = frozenset({"", "null"})
_PROTOCOLS: Final = ("TLSv1.2", "TLSv1.3")
_BOOLEANS: Final = {"true": True, "false": False}
_LEAST_TIMEOUT_S = 0.1
_MOST_TIMEOUT_S = 3600.0


@dataclass(frozen=True, slots=True)
class KeyFile:
    """
    A file of keys or certificates.

    Attributes:
        key: Where its path stands in the configuration.
        path: Where it is.
        type: PKCS12 or PEM; None: what it looks like.
        passphrase: Opens it; "": none is needed.
    """

    key: str
    path: str
    type: str | None = None
    passphrase: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """
    How the connection is encrypted; the server's name is always checked.

    Attributes:
        protocol: The oldest version that is spoken.
        key_store: Our own certificate and its key; None: we show none.
        trust_store: Whose certificates are believed; None: those the system believes.
    """

    protocol: str = _PROTOCOLS[0]
    key_store: KeyFile | None = None
    trust_store: KeyFile | None = None


@dataclass(frozen=True, slots=True)
class RabbitMQSettings:
    """
    What a configuration comes to.

    Attributes:
        confirm_timeout_s: A broker that confirms nothing for longer is given up.
        tls: None: nothing is encrypted.
        password_key: Under which of its keys the password belongs.
        ip_key: The same of the address.
    """

    host: str = "localhost"
    port: int = _PORT
    username: str = "guest"
    password: str = field(default="guest", repr=False)
    virtual_host: str = "/"
    confirm_timeout_s: float = DEFAULT_CONFIRM_TIMEOUT_S
    tls: TlsSettings | None = None
    password_key: str = field(default=keys.PASSWORD[0], compare=False, repr=False)
    ip_key: str = field(default=keys.IP[0], compare=False, repr=False)

    def link(self, owner: Context, watcher: Watcher) -> Link:
        """
        A link with these settings for the client *owner*; not open yet.

        Raises:
            LinkError: If what it needs is not installed.
        """
        try:
            from config_admin.messaging.rabbitmq.link import (  # noqa: PLC0415 - pika is only loaded where it is used
                RabbitMQLink,
            )
        except ImportError as error:
            raise LinkError(
                None,
                f"RabbitMQ needs a package that is not there ({shown(str(error))}). "
                "Run: pip install config-admin[rabbitmq]",
            ) from error
        return RabbitMQLink(self, owner, watcher)


def read(properties: Properties | None) -> RabbitMQSettings | None:
    """
    The settings that *properties* come to; None, which is idle, if there are none.

    Raises:
        ConfigurationError: If they cannot be.
    """
    if properties is None:
        return None
    ip_key, ip = _aliased(properties, keys.IP)
    _, username = _aliased(properties, keys.USERNAME)
    password_key, password = _aliased(properties, keys.PASSWORD)
    tls = _tls(properties)
    try:
        host, port = address.parse(ip.strip() if ip else "localhost")
    except ValueError as error:
        raise ConfigurationError(ip_key, str(error)) from error
    return RabbitMQSettings(
        host=host,
        port=port or (_PORT if tls is None else _TLS_PORT),
        username=(username or "guest").strip(),
        password=password or "guest",
        virtual_host=(_text(properties, keys.VIRTUAL_HOST) or "/").strip(),
        confirm_timeout_s=_confirm_timeout_s(properties),
        tls=tls,
        password_key=password_key,
        ip_key=ip_key,
    )


def _aliased(properties: Properties, names: tuple[str, str]) -> tuple[str, str | None]:
    """Which of two names holds a value, and the value."""
    found = [(name, text) for name in names if (text := _text(properties, name))]
    if not found:
        present = [name for name in names if name in properties]
        return (present or names)[0], None
    if len({text for _, text in found}) > 1:
        raise ConfigurationError(
            names[1],
            f"{names[0]} and {names[1]} are two names of one setting, and have "
            "different values. Remove one of the two.",
        )
    return found[0]


def _text(properties: Properties, key: str) -> str | None:
    """The value of *key* as text; None if it is absent, blank or "null"."""
    value = properties.get(key)
    if isinstance(value, tuple):
        raise ConfigurationError(key, "It is a list. Write a single value.")
    if value is None or str(value).strip() in _NOTHING:
        return None
    return str(value)


def _confirm_timeout_s(properties: Properties) -> float:
    key = keys.CONFIRM_TIMEOUT_S
    text = _text(properties, key)
    if text is None:
        return DEFAULT_CONFIRM_TIMEOUT_S
    try:
        timeout_s = float(text)
    except ValueError:
        timeout_s = -1.0
    if isfinite(timeout_s) and _LEAST_TIMEOUT_S <= timeout_s <= _MOST_TIMEOUT_S:
        return timeout_s
    raise ConfigurationError(
        key, f"It is {shown(text)}. Write seconds: a number from 0.1 to 3600."
    )


def _tls(properties: Properties) -> TlsSettings | None:
    if not _flag(properties, keys.SSL_USE):
        return None
    for key in keys.JAVA_ONLY:
        if _text(properties, key) is not None:
            _log.info("%s is ignored: it names a class of Java.", key)
    return TlsSettings(
        _protocol(properties),
        _key_file(properties, keys.KEY_STORE),
        _key_file(properties, keys.TRUST_STORE),
    )


def _flag(properties: Properties, key: str) -> bool:
    text = (_text(properties, key) or "false").strip().lower()
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    raise ConfigurationError(key, f"It is {shown(text)}. Write true or false.")


def _protocol(properties: Properties) -> str:
    text = (_text(properties, keys.SSL_PROTOCOL) or _PROTOCOLS[0]).strip()
    for protocol in _PROTOCOLS:
        if text.lower() == protocol.lower():
            return protocol
    raise ConfigurationError(
        keys.SSL_PROTOCOL,
        f"It is {shown(text)}, and older versions than TLS 1.2 are not safe. Write "
        "TLSv1.2 or TLSv1.3, and enable it in the broker (ssl_options.versions).",
    )


def _key_file(properties: Properties, prefix: str) -> KeyFile | None:
    path = _text(properties, f"{prefix}path")
    if path is None:
        return None
    kind = (_text(properties, f"{prefix}type") or "").strip().upper() or None
    if kind == "JKS":
        raise ConfigurationError(
            f"{prefix}type", f"It is JKS, which only Java reads. {to_pkcs12(path)}"
        )
    if kind not in (None, "PKCS12", "PEM"):
        raise ConfigurationError(
            f"{prefix}type", f"It is {shown(kind)}. Write PKCS12 or PEM."
        )
    passphrase = _text(properties, f"{prefix}passphrase") or ""
    return KeyFile(f"{prefix}path", path.strip(), kind, passphrase)


def to_pkcs12(path: str) -> str:
    """How to convert a key store of Java."""
    return (
        f"Convert it: keytool -importkeystore -srckeystore {shown(path)} "
        "-destkeystore store.p12 -deststoretype pkcs12; then set its path, and the "
        "type PKCS12."
    )
