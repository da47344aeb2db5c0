"""Writing properties back into a ``.cfg`` text, changing no more than it takes."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from config_admin.core.properties import Properties, Value
from config_admin.core.properties import typed as with_type
from config_admin.formats import lines, typed
from config_admin.formats.cfg_parse import parse
from config_admin.formats.escapes import key_text, value_text
from config_admin.formats.lines import BOM, WHITE_SPACE
from config_admin.formats.parsed import Parsed
from config_admin.formats.typed import Kind, ReadValue

# What turns a value into the text that stands in the file.
_Writer: TypeAlias = Callable[[Value, Kind], str]

# For each entry that stays its new value text; None if that stays too.
_Kept: TypeAlias = dict[int, str | None]

_OPENER = re.compile(r'["\[(]')


def merge(text: str, properties: Mapping[str, object], /) -> str:
    """
    *text* with no more changed than it takes to read as *properties*.

    A key is looked up without regard to case and keeps the spelling of the text. Of a
    repeated key only the entry that counts changes.

    Raises:
        FormatError: If *text* cannot be read.
        InvalidConfigurationError: If *properties* cannot be stored.
    """
    parsed = parse(text)
    wanted = Properties(properties)
    write = _writer(parsed, wanted)
    kept = _kept(parsed, wanted, write)
    known = {key.lower() for key in parsed.keys}
    added = [
        _line(key, write(value, typed.NEW))
        for key, value in wanted.items()
        if key.lower() not in known
    ]
    if write is _plain and not added:
        _keep_plain(parsed, kept)
    return _without_new_bom(parsed.text, _assembled(parsed, kept, added))


def _writer(parsed: Parsed, wanted: Properties) -> _Writer:
    """A typed file stays typed; a plain one can hold nothing but text."""
    is_text = all(isinstance(value, str) for value in wanted.values())
    return _plain if is_text and not parsed.typed else typed.written


def _plain(value: Value, _kind: Kind) -> str:
    """
    The text that reads as *value* in an untyped file.

    One that looks typed gets a backslash that means nothing: the file must not become
    typed on the day when its last value that does not look so goes.
    """
    text = value_text(str(value))
    if typed.well_formed(text):
        return _OPENER.sub(r"\\\g<0>", text, count=1)
    return text


def _kept(parsed: Parsed, wanted: Properties, write: _Writer) -> _Kept:
    last = set(parsed.last_occurrences().values())
    changes_all = (write is _plain) == bool(parsed.typed)
    kept: _Kept = {}
    for index, key in enumerate(parsed.keys):
        if key in wanted:
            own = _stored(parsed.values[index])
            value = wanted[key] if index in last else own
            stays = not changes_all and with_type(value) == with_type(own)
            kept[index] = None if stays else write(value, _kind(parsed, index))
    return kept


def _stored(value: ReadValue) -> Value:
    return tuple(value) if isinstance(value, list) else value


def _kind(parsed: Parsed, index: int) -> Kind:
    return typed.kind_of(parsed.typed[index]) if parsed.typed else typed.NEW


def _line(key: str, value: str) -> str:
    return f"{key_text(key)} = {value}" if value else f"{key_text(key)} ="


def _keep_plain(parsed: Parsed, kept: _Kept) -> None:
    """Rewrite one value if all that are left look typed, which would make them so."""
    if any(text is not None for text in kept.values()):
        return
    raw_values = (lines.unfolded(parsed.entries[index]["value"]) for index in kept)
    if not all(map(typed.well_formed, raw_values)):
        return
    for index in list(kept)[:1]:
        kept[index] = _plain(_stored(parsed.values[index]), typed.NEW)


def _assembled(parsed: Parsed, kept: _Kept, added: Sequence[str]) -> str:
    text, done = parsed.text, 0
    pieces = []
    for index, entry in enumerate(parsed.entries):
        pieces.append(text[done : entry.start()])
        if index in kept:
            pieces.append(_entry_text(parsed, index, kept[index]))
        done = entry.end()
    if not added:
        return "".join(pieces) + text[done:]
    if not parsed.entries:
        return _appended(text, added)
    return "".join(pieces) + _added_text(parsed, kept, added) + text[done:]


def _entry_text(parsed: Parsed, index: int, value: str | None) -> str:
    """The lines of an entry with *value*; None: as they are."""
    entry = parsed.entries[index]
    if value is None:
        return entry[0]
    key, separator = entry.string[entry.start() : entry.end("key")], entry["separator"]
    if not value:
        # The CR of a fold and the LF behind an empty value would become one line end.
        separator = separator.rstrip("\\\r")
    head = key + separator
    if entry.start("value") == len(entry.string):
        head = _without_open_fold(head)
    if not separator:
        head += " = "
    raw = entry["value"]
    # Behind a typed value white space is none of it.
    tail = raw[len(raw.rstrip(WHITE_SPACE)) :] if parsed.typed else ""
    return head + value + tail + entry["end"]


def _appended(text: str, added: Sequence[str]) -> str:
    """*text*, which has no properties, with the lines of *added* at its end."""
    newline = lines.last_newline(text)
    if text in {"", BOM} or text.endswith(("\n", "\r")):
        return text + newline.join([*added, ""])
    return newline.join([text, *added])


def _added_text(parsed: Parsed, kept: _Kept, added: Sequence[str]) -> str:
    """The lines of *added* behind the last entry."""
    last = parsed.entries[-1]
    if last["end"]:
        return last["end"].join([*added, ""])
    # The text ends here. A last line without an end has to get one now; if it ends in
    # a backslash, the first end would only continue it.
    newline = lines.last_newline(parsed.text)
    index = len(parsed.entries) - 1
    opening = newline if index in kept else ""
    if opening and kept[index] is None and last[0] != _without_open_fold(last[0]):
        opening += newline
    closing = newline if parsed.text.endswith(("\n", "\r")) else ""
    return opening + newline.join(added) + closing


def _without_open_fold(text: str) -> str:
    """*text*, which ends where its file ends, without a backslash that continues it."""
    backslashes = len(text) - len(text.rstrip("\\"))
    return text[:-1] if backslashes % 2 else text


def _without_new_bom(before: str, after: str) -> str:
    """*after*, its first character escaped if it would be taken for a BOM."""
    if after.startswith(BOM) and not before.startswith(BOM):
        return rf"\ufeff{after.removeprefix(BOM)}"
    return after
