"""
The ``.cfg`` format: a Java properties file whose values may be typed.

Where ``java.util.Properties`` and Felix File Install agree, this agrees with both.
Where they differ, it does what loses nothing: no property is dropped, merged, invented
or emptied silently.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from config_admin.core.ports import Place, Reading
from config_admin.formats import lines
from config_admin.formats.cfg_merge import merge
from config_admin.formats.cfg_parse import parse
from config_admin.formats.cfg_warnings import warnings
from config_admin.formats.parsed import Parsed

if TYPE_CHECKING:
    from configobj import ConfigObj

__all__ = ["document", "dumps", "loads", "merge", "read", "suffix"]

suffix: Final = ".cfg"


def read(text: str, /) -> Reading:
    """What *text* says, with the places and the warnings."""
    parsed = parse(text)
    return Reading(parsed.properties(), _Places(parsed), warnings(parsed))


def loads(text: str, /) -> dict[str, object]:
    """The properties of *text*; placeholders stay as they are written."""
    return parse(text).properties()


def dumps(properties: Mapping[str, object], /) -> str:
    """A text that reads as *properties*; untyped if every value is text."""
    return merge("", properties)


def document(text: str, /) -> "ConfigObj":
    """
    *text* as a ConfigObj: keys in their order, each with its comments.

    Raises:
        FormatError: With every fault of the text.
    """
    # Only who asks for a document waits for the import of configobj.
    from config_admin.formats.cfg_document import as_config_obj  # noqa: PLC0415 - above

    return as_config_obj(parse(text))


class _Places(Mapping[str, Place]):
    """Where each key stands whose value counts; worked out when first asked for."""

    __slots__ = ("_parsed", "_places")

    def __init__(self, parsed: Parsed) -> None:
        self._parsed = parsed
        self._places: dict[str, Place] | None = None

    def __getitem__(self, key: str) -> Place:
        return self._known()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known())

    def __len__(self) -> int:
        return len(self._known())

    def _known(self) -> dict[str, Place]:
        if self._places is None:
            positions = lines.Positions(self._parsed.text)
            pairs = zip(self._parsed.keys, self._parsed.entries, strict=True)
            self._places = {key: _place(entry, positions) for key, entry in pairs}
        return self._places


def _place(entry: lines.Entry, positions: lines.Positions) -> Place:
    value = entry.start("value") if entry["value"] else entry.end("key")
    return Place(*positions.at(lines.key_offset(entry)), *positions.at(value))
