"""Encryption: what is shown to the broker, and whom we believe."""

import os
import ssl
import tempfile
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Final

from config_admin.core.display import shown
from config_admin.messaging.errors import LinkError
from config_admin.messaging.rabbitmq.settings import KeyFile, TlsSettings, to_pkcs12

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.serialization.pkcs12 import (
        PKCS12KeyAndCertificates,
    )

_VERSIONS: Final = {
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
_JKS: Final = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")
_MOST_BYTES = 16 * 1024 * 1024


def ssl_context(settings: TlsSettings) -> ssl.SSLContext:
    """
    What the connections are encrypted with.

    Raises:
        LinkError: If a file cannot be used.
    """
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
    context.minimum_version = _VERSIONS[settings.protocol]
    if settings.trust_store is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # believes nobody yet
        context.minimum_version = _VERSIONS[settings.protocol]
        _trust(context, settings.trust_store)
    if settings.key_store is not None:
        _show(context, settings.key_store)
    return context


def _trust(context: ssl.SSLContext, file: KeyFile) -> None:
    content = _content(file)
    if _is_pem(file, content):
        certificates = content.decode("latin-1")
    else:
        certificates = _certificates(_opened(file, content))
    try:
        context.load_verify_locations(cadata=certificates)
    except (ssl.SSLError, ValueError) as error:
        raise _unusable(file, "there is no certificate in it") from error


def _show(context: ssl.SSLContext, file: KeyFile) -> None:
    content = _content(file)
    passphrase = file.passphrase
    if not _is_pem(file, content):
        # Written to a file for a moment, encrypted: only so can it be loaded.
        passphrase = token_hex(32)
        content = _as_pem(file, _opened(file, content), passphrase)
    try:
        _load_chain(context, content, passphrase)
    except (ssl.SSLError, OSError, ValueError) as error:
        raise _unusable(
            file,
            "it does not hold a certificate with its private key that its passphrase "
            "opens",
        ) from error


def _load_chain(context: ssl.SSLContext, content: bytes, passphrase: str) -> None:
    descriptor, name = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        # Without a function OpenSSL would ask at the terminal.
        context.load_cert_chain(name, password=lambda: passphrase)
    finally:
        Path(name).unlink(missing_ok=True)


def _content(file: KeyFile) -> bytes:
    try:
        with Path(file.path).open("rb") as stream:
            content = stream.read(_MOST_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise LinkError(
            file.key,
            f"{shown(file.path)} cannot be read ({reason}). Write the path of a file "
            "that this process may read.",
        ) from error
    if content.startswith(_JKS):
        raise _unusable(file, f"it is a key store of Java. {to_pkcs12(file.path)}")
    return content


def _is_pem(file: KeyFile, content: bytes) -> bool:
    return file.type == "PEM" or (file.type is None and b"-----BEGIN " in content)


def _opened(file: KeyFile, content: bytes) -> "PKCS12KeyAndCertificates":
    try:
        from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - loaded where it is needed
            pkcs12,
        )
    except ImportError as error:
        raise _unusable(
            file,
            "a PKCS12 file needs a package that is not there. Run: "
            "pip install config-admin[rabbitmq]",
        ) from error
    try:
        return pkcs12.load_pkcs12(content, file.passphrase.encode() or None)
    except ValueError as error:
        raise _unusable(
            file, "it is no PKCS12 file, or its passphrase does not open it"
        ) from error


def _certificates(store: "PKCS12KeyAndCertificates") -> str:
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - loaded where it is needed
        Encoding,
    )

    certificates = [*([store.cert] if store.cert else []), *store.additional_certs]
    return "".join(
        one.certificate.public_bytes(Encoding.PEM).decode() for one in certificates
    )


def _as_pem(file: KeyFile, store: "PKCS12KeyAndCertificates", passphrase: str) -> bytes:
    from cryptography.hazmat.primitives import (  # noqa: PLC0415 - loaded where it is needed
        serialization,
    )

    if store.key is None:
        raise _unusable(file, "there is no private key in it")
    key = store.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase.encode()),
    )
    return key + _certificates(store).encode()


def _unusable(file: KeyFile, why: str) -> LinkError:
    return LinkError(file.key, f"{shown(file.path)} cannot be used: {why}.")
