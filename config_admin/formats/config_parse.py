"""
A ``.config`` text taken apart.

Source: Apache Felix, ``org.apache.felix.cm.file.ConfigurationHandler``, whose grammar
this is. Where it drops a property, or all that follows, the text is refused here.
"""

import re
from typing import Final

from config_admin.core.errors import FormatError
from config_admin.formats import config_faults, typed
from config_admin.formats.config_faults import END, GAP, KEY, STRING
from config_admin.formats.escapes import QUOTED, unescaped
from config_admin.formats.lines import BOM, Entry
from config_admin.formats.parsed import Parsed
from config_admin.formats.typed import TypedText
from config_admin.formats.unreadable import UnreadableError

_STRINGS = rf"{GAP}(?:{STRING}{GAP}(?:,{GAP}{STRING}{GAP})*+(?:,{GAP})?+)?+"
_VALUE = rf"[TILFDXSCBilfdxscb]?(?:{STRING}|\[{_STRINGS}\]|\({_STRINGS}\))"

# Comments and blank lines.
_BETWEEN = re.compile(rf"(?:[ \t\f]*+(?:\#[^\r\n]*+)?+{END})*+")

# Felix lets a comment follow a value.
_ENTRY = re.compile(
    rf"[ \t\f]*+(?P<key>{KEY})(?P<separator>[ \t\f]*+={GAP})(?P<value>{_VALUE})"
    rf"(?P<end>[ \t\f]*+(?:\#[^\r\n]*+)?+{END})",
    re.DOTALL,
)
_TYPED = re.compile(
    rf"(?P<letter>[TILFDXSCBilfdxscb]?)"
    rf"(?P<body>{STRING}|\[{_STRINGS}\]|\({_STRINGS}\))",
    re.DOTALL,
)

# What follows a line that is no property: the lines that can only belong to its value.
_BROKEN = re.compile(
    rf"[^\r\n]*+{END}(?:[ \t\f]*+(?:[\"\]),\\][^\r\n]*+)?+(?:\r\n?+|\n))*+"
)
_NEWLINE = re.compile(r"\r\n?")
_SHORTEST_OWN_KEY: Final = 2


def parse(text: str) -> Parsed:
    """
    What *text* says; lines that Felix keeps for itself are none of its properties.

    Raises:
        FormatError: With every fault of the text.
    """
    entries, broken = scan(text)
    if broken:
        raise _refused(text)
    forms = [_form(entry) for entry in entries]
    try:
        keys = [unescaped(entry["key"], QUOTED) for entry in entries]
        values = [typed.read(form) for form in forms]
    except UnreadableError:
        raise _refused(text) from None
    different = set(keys)
    if len({key.lower() for key in different}) < len(different):
        raise _refused(text)
    return Parsed(text, entries, keys, values, forms)


def scan(text: str) -> tuple[list[Entry], list[int]]:
    """The properties of *text*, and the beginnings of lines that can be none."""
    entries: list[Entry] = []
    broken: list[int] = []
    position = _end(_BETWEEN, text, 1 if text.startswith(BOM) else 0)
    while position < len(text):
        entry = _ENTRY.match(text, position)
        if entry is None:
            broken.append(position)
            position = _end(_BROKEN, text, position)
        else:
            if not _is_felixs_own(entry["key"]):
                entries.append(entry)
            position = entry.end()
        position = _end(_BETWEEN, text, position)
    return entries, broken


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


def _is_felixs_own(raw_key: str) -> bool:
    """Whether the key is one such as ``:org.apache.felix.configadmin.revision:``."""
    is_long_enough = len(raw_key) >= _SHORTEST_OWN_KEY
    return is_long_enough and raw_key[0] == raw_key[-1] == ":"


def _form(entry: Entry) -> TypedText:
    # Inside strings, too, CRLF and CR are read as LF, as Felix's own `read` does.
    form = _TYPED.fullmatch(_NEWLINE.sub("\n", entry["value"]))
    assert form is not None  # noqa: S101 - the value of an entry has this form
    return form


def _refused(text: str) -> FormatError:
    # A text has the same lines and columns whatever ends its lines.
    plain = _NEWLINE.sub("\n", text)
    entries, broken = scan(plain)
    forms = [_form(entry) for entry in entries]
    return FormatError(config_faults.every_fault(plain, entries, forms, broken))
