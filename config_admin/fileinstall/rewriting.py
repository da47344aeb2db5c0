"""The bytes of a file that says something else: its comments and its style stay."""

from collections.abc import Mapping

from config_admin.core.errors import FormatError
from config_admin.core.ports import Format
from config_admin.core.properties import AUTOMATIC_KEYS
from config_admin.fileinstall.encoding import UndecodableError, decoded, encoded


class UnreadableTextError(Exception):
    """The bytes are no text of this format, so nothing can be merged into them."""


def rewritten(
    data: bytes, properties: Mapping[str, object], file_format: Format, encoding: str
) -> bytes:
    """
    *data* with no more changed than it takes to say *properties*.

    Lines of automatic properties, which say nothing, stay where they stand.

    Raises:
        UnreadableTextError: If *data* cannot be read.
        FormatError: If the format cannot say it without a loss.
        InvalidConfigurationError: The same.
    """
    try:
        text = decoded(data, encoding)
        said = file_format.read(text).properties
    except (UndecodableError, FormatError) as error:
        raise UnreadableTextError from error
    automatic = {key: said[key] for key in said if key.lower() in AUTOMATIC_KEYS}
    return encoded(file_format.merge(text, {**properties, **automatic}), encoding)


def written_anew(
    properties: Mapping[str, object], file_format: Format, encoding: str
) -> bytes:
    """A file that says *properties*."""
    return encoded(file_format.merge("", properties), encoding)
