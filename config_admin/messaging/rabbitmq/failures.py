"""What went wrong with a broker: as a sentence with its cure."""

import re
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Final

from pika import exceptions
from pika.adapters.utils import connection_workflow

from config_admin.core.display import escaped, shown
from config_admin.messaging.errors import LinkError
from config_admin.messaging.rabbitmq import address, keys
from config_admin.messaging.rabbitmq.consuming import QueueDeletedError
from config_admin.messaging.rabbitmq.settings import RabbitMQSettings

_HOSTNAME_MISMATCH: Final = frozenset({62, 64})  # OpenSSL: of a name, of an IP address
_INEQUIVALENT: Final = re.compile(
    r"inequivalent arg '(?P<arg>[^']*)' for (?P<what>queue|exchange) '(?P<name>[^']*)'"
)
_ACCESS_REFUSED = 403
_NOT_FOUND = 404
_PRECONDITION_FAILED = 406
_LOOK = "Look whether RabbitMQ runs there"

_Tell = Callable[[Exception, RabbitMQSettings], LinkError]


def link_error(error: BaseException, settings: RabbitMQSettings) -> LinkError:
    """What *error* of a connection with *settings* comes to."""
    found = [*_all_of(error)]
    for one in found:
        if isinstance(one, LinkError):
            return one
    for kind, tell in _TELLERS:
        for one in found:
            if isinstance(one, kind):
                return tell(one, settings)
    return LinkError(
        None,
        f"The connection to {_where(settings)} failed: "
        f"{escaped(type(error).__name__)} {escaped(str(error))}".rstrip()
        + f". {_LOOK}, and what its log says.",
    )


def _all_of(error: object) -> Iterator[Exception]:
    """*error* and those that it wraps: pika keeps them in several places."""
    if isinstance(error, Exception):
        yield error
        wrapped = [*error.args, getattr(error, "exception", None)]
        wrapped += getattr(error, "exceptions", None) or ()
        for one in (*wrapped, error.__cause__):
            yield from _all_of(one)


def _where(settings: RabbitMQSettings) -> str:
    return escaped(address.written(settings.host, settings.port))


def _not_trusted(error: Exception, settings: RabbitMQSettings) -> LinkError:
    code = getattr(error, "verify_code", 0)
    why = escaped(str(getattr(error, "verify_message", "") or error))
    if code in _HOSTNAME_MISMATCH:
        return LinkError(
            settings.ip_key,
            f"The certificate of {_where(settings)} is for another name ({why}). Write "
            "the name that its certificate has, or give it one with this name.",
        )
    return LinkError(
        keys.TRUST_STORE_PATH,
        f"The certificate of {_where(settings)} is not trusted ({why}). Set the path "
        "of a file with the certificate of the authority that signed it.",
    )


def _tls_failed(error: Exception, settings: RabbitMQSettings) -> LinkError:
    text = escaped(str(getattr(error, "reason", None) or error)).upper()
    where = _where(settings)
    if "WRONG_VERSION_NUMBER" in text or "RECORD_LAYER" in text:
        return LinkError(
            keys.SSL_USE,
            f"{where} does not speak TLS. Write the port at which it does (5671 is "
            f"usual), or set {keys.SSL_USE} = false.",
        )
    if "PROTOCOL" in text:
        return LinkError(
            keys.SSL_PROTOCOL,
            f"{where} speaks no version of TLS that is allowed here ({text}). Lower "
            "it to TLSv1.2, or enable a newer one in the broker "
            "(ssl_options.versions).",
        )
    if "CERTIFICATE" in text or "UNKNOWN_CA" in text or "HANDSHAKE" in text:
        return _no_client_certificate(settings, text)
    return LinkError(
        keys.SSL_USE, f"TLS with {where} failed ({text}). See the broker's log."
    )


def _no_client_certificate(settings: RabbitMQSettings, why: str) -> LinkError:
    tls = settings.tls
    if tls is not None and tls.key_store is not None:
        found = "did not accept our certificate"
        cure = "Take one that its authority (ssl_options.cacertfile) has signed."
    else:
        found = "wants a certificate from us"
        cure = "Set the path of a key store with one, and its passphrase."
    return LinkError(keys.KEY_STORE_PATH, f"{_where(settings)} {found} ({why}). {cure}")


def _no_host(_: Exception, settings: RabbitMQSettings) -> LinkError:
    return LinkError(
        settings.ip_key,
        f"There is no host {shown(settings.host)}, or its address cannot be found out. "
        "Correct the name, or write an IP address.",
    )


def _refused(_: Exception, settings: RabbitMQSettings) -> LinkError:
    return LinkError(
        settings.ip_key,
        f"Nobody listens at {_where(settings)}. Start RabbitMQ there, or correct the "
        "address or its port.",
    )


def _silent(_: Exception, settings: RabbitMQSettings) -> LinkError:
    return LinkError(
        settings.ip_key,
        f"{_where(settings)} does not answer. {_LOOK} and is not frozen, whether a "
        "firewall drops what is sent, and whether the address is right.",
    )


def _unreachable(error: Exception, settings: RabbitMQSettings) -> LinkError:
    why = escaped(str(getattr(error, "strerror", None) or error))
    return LinkError(
        settings.ip_key,
        f"{_where(settings)} cannot be reached ({why}). {_LOOK}, and whether the "
        "address is right.",
    )


def _wrong_password(_: Exception, settings: RabbitMQSettings) -> LinkError:
    return LinkError(
        settings.password_key,
        f"{_where(settings)} does not let {shown(settings.username)} in with this "
        "password. Correct the user or the password; guest may only come from the "
        "broker's own machine.",
    )


def _wrong_virtual_host(_: Exception, settings: RabbitMQSettings) -> LinkError:
    where, host = _where(settings), shown(settings.virtual_host)
    user = shown(settings.username)
    return LinkError(
        keys.VIRTUAL_HOST,
        f"{where} has no virtual host {host}, or {user} has no rights there. Correct "
        f"the name, or run: rabbitmqctl add_vhost {host}, and rabbitmqctl "
        f"set_permissions -p {host} {user} '.*' '.*' '.*'",
    )


def _no_amqp(error: Exception, settings: RabbitMQSettings) -> LinkError:
    if settings.tls is not None:  # a broker says it so, if it wants one
        return _no_client_certificate(settings, "it closed the connection")
    return LinkError(
        settings.ip_key,
        f"What listens at {_where(settings)} does not speak AMQP without encryption "
        f"({escaped(type(error).__name__)}). Correct the port, or set "
        f"{keys.SSL_USE} = true.",
    )


def _closed_by_broker(error: Exception, settings: RabbitMQSettings) -> LinkError:
    code, text = getattr(error, "reply_code", 0), getattr(error, "reply_text", "")
    clash = _INEQUIVALENT.search(text)
    if code == _PRECONDITION_FAILED and clash is not None:
        what, name = clash["what"], shown(clash["name"])
        return LinkError(
            None,
            f"The {what} {name} is at {_where(settings)} already, declared in another "
            f"way (its {shown(clash['arg'])} differs). Delete it there, when nothing "
            f"waits in it: rabbitmqctl delete_queue, or the management page; it is "
            "made again by itself.",
        )
    cure = _CURES.get(code, f"{_LOOK}, and what its log says")
    return LinkError(
        settings.ip_key if code not in _CURES else None,
        f"{_where(settings)} ended the connection: {escaped(text)} ({code}). {cure}.",
    )


def _no_heartbeat(_: Exception, settings: RabbitMQSettings) -> LinkError:
    return LinkError(
        None,
        f"{_where(settings)} sends no heartbeats any more. {_LOOK}, is not frozen, and "
        "whether the network carries.",
    )


def _queue_deleted(error: Exception, settings: RabbitMQSettings) -> LinkError:
    return LinkError(
        None,
        f"The queue {shown(str(error))} at {_where(settings)} was deleted, with what "
        "waited in it. It is made again; find out who deletes it.",
    )


def _stream_lost(_: Exception, settings: RabbitMQSettings) -> LinkError:
    return LinkError(
        None,
        f"The connection to {_where(settings)} broke. {_LOOK}, and whether the network "
        "carries.",
    )


_CURES: Final = {
    _ACCESS_REFUSED: "Give the user the rights: rabbitmqctl set_permissions",
    _NOT_FOUND: "It was deleted there; it is made again by itself",
    _PRECONDITION_FAILED: "See what its log says",
}

# The first that fits, over all errors that are in one; the order counts.
_TELLERS: Final[list[tuple[type[Exception], _Tell]]] = [
    (ssl.SSLCertVerificationError, _not_trusted),
    (ssl.SSLError, _tls_failed),
    (exceptions.ProbableAuthenticationError, _wrong_password),
    (exceptions.AuthenticationError, _wrong_password),
    (exceptions.ProbableAccessDeniedError, _wrong_virtual_host),
    (exceptions.IncompatibleProtocolError, _no_amqp),
    (exceptions.ChannelClosedByBroker, _closed_by_broker),
    (exceptions.ConnectionClosedByBroker, _closed_by_broker),
    (exceptions.AMQPHeartbeatTimeout, _no_heartbeat),
    (QueueDeletedError, _queue_deleted),
    (socket.gaierror, _no_host),
    (ConnectionRefusedError, _refused),
    (connection_workflow.AMQPConnectorStackTimeout, _silent),
    (exceptions.ConnectionOpenAborted, _silent),  # what pika does after that time
    (TimeoutError, _silent),
    (exceptions.StreamLostError, _stream_lost),
    (OSError, _unreachable),
]
