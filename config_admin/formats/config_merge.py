"""Writing properties back into a ``.config`` text, changing no more than it takes."""

import struct
from collections.abc import Mapping, Sequence
from typing import Final

from config_admin.core.properties import Properties, Scalar, Value
from config_admin.core.properties import typed as with_type
from config_admin.formats import lines, typed
from config_admin.formats.config_parse import parse
from config_admin.formats.escapes import config_key_text, config_string_text
from config_admin.formats.lines import BOM
from config_admin.formats.parsed import Parsed
from config_admin.formats.scalars import scalar_text

_BITS: Final = {"F": (">f", ">i", 2.0**-126), "D": (">d", ">q", 2.0**-1022)}


def merge(text: str, properties: Mapping[str, object], /) -> str:
    """
    *text* with no more changed than it takes to read as *properties*.

    A key is looked up without regard to case and keeps the spelling of the text. Of a
    repeated key only the entry that counts changes. What Felix keeps for itself stays.

    Raises:
        FormatError: If *text* cannot be read.
        InvalidConfigurationError: If *properties* cannot be stored.
    """
    parsed = parse(text)
    wanted = Properties(properties)
    known = {key.lower() for key in parsed.keys}
    added = [
        f"{config_key_text(key)}={typed.written(value, typed.NEW, _quoted)}"
        for key, value in wanted.items()
        if key.lower() not in known
    ]
    last = set(parsed.last_occurrences().values())
    pieces, done = [], 0
    for index, entry in enumerate(parsed.entries):
        pieces.append(text[done : entry.start()])
        pieces.append(_entry_text(parsed, index, wanted, counts=index in last))
        done = entry.end()
    if not added:
        return "".join(pieces) + text[done:]
    if not parsed.entries:
        return _with_lines(text, "", added, text)
    return _with_lines("".join(pieces), text[done:], added, text)


def _entry_text(parsed: Parsed, index: int, wanted: Properties, *, counts: bool) -> str:
    """The lines of an entry as they are to be; a comment behind it stays."""
    entry, key = parsed.entries[index], parsed.keys[index]
    if key not in wanted:
        is_commented = "#" in entry["end"]
        indentation = parsed.text[entry.start() : entry.start("key")]
        return indentation + entry["end"].lstrip(" \t\f") if is_commented else ""
    own = parsed.values[index]
    value = wanted[key]
    stored: Value = tuple(own) if isinstance(own, list) else own
    if not counts or with_type(value) == with_type(stored):
        return entry[0]
    head = parsed.text[entry.start() : entry.start("value")]
    kind = typed.kind_of(parsed.typed[index])
    written = typed.written(value, kind, _quoted)
    if isinstance(value, tuple) and value and "\n" in parsed.typed[index][0]:
        written = _over_lines(value, written, lines.last_newline(parsed.text))
    return head + written + entry["end"]


# Source: Apache Felix, ConfigurationHandler.writeArray
def _over_lines(value: Sequence[Scalar], written: str, newline: str) -> str:
    """The list *written* on one line, as Felix lays it out."""
    letter = written[0] if written[0] not in "[(" else ""
    opening, closing = written[: len(letter) + 1], written[-1]
    elements = "".join(f"  {_quoted(one, letter)}, \\{newline}" for one in value)
    return f"{opening} \\{newline}{elements}  {closing}"


def _quoted(value: Scalar, letter: str) -> str:
    text = _bits(value, letter) if isinstance(value, float) else scalar_text(value)
    return f'"{config_string_text(text)}"'


def _bits(value: float, letter: str) -> str:
    """
    *value* as the whole number with the same bits: Felix reads no other float here.

    Source: Apache Felix, ConfigurationHandler.readSimple
    """
    floats, integers, smallest_normal = _BITS[letter.upper()]
    if 0 < abs(value) < smallest_normal:
        # Its bits would be taken for a small number whose dot was forgotten.
        return scalar_text(value)
    (bits,) = struct.unpack(integers, struct.pack(floats, value))
    return str(bits)


def _with_lines(before: str, after: str, added: Sequence[str], text: str) -> str:
    newline = lines.last_newline(text)
    if before not in {"", BOM} and not before.endswith(("\n", "\r")):
        before += newline
    is_ended = text in {"", BOM} or text.endswith(("\n", "\r"))
    closing = newline if after or is_ended else ""
    return before + newline.join(added) + closing + after
