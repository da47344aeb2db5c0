r"""
Bytes to text and back, in the encoding that the settings name.

Every format of ours reads ``\uXXXX`` in keys and values, so what an encoding has no
byte for is written like that, as Java does.

Source: Javadoc of java.util.Properties.store.
"""

import codecs
import functools
from typing import Final

from config_admin.core.diagnostics import Diagnostic
from config_admin.core.errors import UsageError

ENCODINGS: Final = ("utf-8", "iso-8859-1")

_BOM: Final = "\ufeff"
_ESCAPING: Final = "config_admin.unicode_escape"


class UndecodableError(Exception):
    """
    The bytes are no text in this encoding.

    Attributes:
        diagnostic: What was found where, and what to do about it.
    """

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic)
        self.diagnostic = diagnostic


def require_encoding(name: str) -> str:
    """
    The encoding *name* as Python calls it.

    Raises:
        UsageError: If it is not one of `ENCODINGS`.
    """
    try:
        found = codecs.lookup(name).name
    except LookupError:
        found = name
    if found not in {_canonical(one) for one in ENCODINGS}:
        known = " or ".join(repr(one) for one in ENCODINGS)
        raise UsageError(f"The encoding {name!r} is not supported: name {known}.")
    return found


def decoded(data: bytes, encoding: str) -> str:
    """
    The text in *data*; a byte order mark stays, as part of the text.

    Raises:
        UndecodableError: If a byte does not fit, with its line and column.
    """
    if data.startswith(codecs.BOM_UTF8) and encoding != "utf-8":
        return _BOM + decoded(data.removeprefix(codecs.BOM_UTF8), encoding)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(encoding)
        lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        raise UndecodableError(
            Diagnostic(
                line=len(lines),
                column=len(lines[-1]) + 1,
                found=f"the byte 0x{data[error.start]:02X}, which is not UTF-8",
                expected="a text in UTF-8",
                cure="Save the file as UTF-8, or set encoding='iso-8859-1' in the "
                "settings if all files are in Latin-1, as in Karaf.",
                rule="encoding",
            )
        ) from None


def encoded(text: str, encoding: str) -> bytes:
    r"""*text* in bytes; what has none is written as ``\uXXXX``."""
    if text.startswith(_BOM):
        return codecs.BOM_UTF8 + encoded(text.removeprefix(_BOM), encoding)
    return text.encode(encoding, _error_handler())


def _canonical(name: str) -> str:
    return codecs.lookup(name).name


@functools.cache
def _error_handler() -> str:
    codecs.register_error(_ESCAPING, _escape)
    return _ESCAPING


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be")
    pairs = zip(units[::2], units[1::2], strict=True)
    return "".join(f"\\u{high:02x}{low:02x}" for high, low in pairs), error.end
