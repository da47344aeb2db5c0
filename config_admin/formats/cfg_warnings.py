"""
What in a ``.cfg`` text deserves a look, though nothing is refused for it.

Most texts deserve none: each check begins with a look that costs next to nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Final, TypeAlias

from config_admin.core.diagnostics import Diagnostic, Severity
from config_admin.formats import lines, typed
from config_admin.formats.lines import Entry, Folds, Positions
from config_admin.formats.parsed import Parsed
from config_admin.formats.sentences import repeated_key

# The index of an entry, where in the text to look, and what is to be said of it.
_Finding: TypeAlias = tuple[int, int, Diagnostic]

# A fold at the end of a value may follow white space that belongs to it.
_MAY_END_BLANK: Final = frozenset(" \t\f\r\n\\")

# Nobody reads thousands, and each costs more time than its line.
MAX_OF_A_KIND: Final = 100

_CURLY: Final = "\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f"
_IN_CURLY = re.compile(
    rf"[TILFDXSCBilfdxscb]?[{_CURLY}].*[{_CURLY}][ \t\f]*", re.DOTALL
)


def warnings(parsed: Parsed) -> tuple[Diagnostic, ...]:
    """The first warnings of each kind, in the order of their places."""
    kinds = (_repeated(parsed), _of_entries(parsed), _half_typed(parsed))
    found = [finding for kind in kinds for finding in islice(kind, MAX_OF_A_KIND)]
    if not found:
        return ()
    positions = Positions(parsed.text)
    return tuple(
        _placed(parsed.keys[index], positions.at(offset), finding)
        for index, offset, finding in sorted(found, key=lambda finding: finding[1])
    )


def _placed(key: str, place: tuple[int, int], finding: Diagnostic) -> Diagnostic:
    line, column = place
    return replace(
        finding, key=key, line=line, column=column, severity=Severity.WARNING
    )


def _repeated(parsed: Parsed) -> Iterator[_Finding]:
    if len(set(parsed.keys)) == len(parsed.keys):
        return
    positions = Positions(parsed.text)
    last_line: dict[str, int] = {}
    for index, (key, entry) in enumerate(zip(parsed.keys, parsed.entries, strict=True)):
        offset = lines.key_offset(entry)
        place = positions.at(offset)
        before = last_line.get(key)
        last_line[key] = place[0]
        if before is not None:
            yield index, offset, repeated_key(key, place, before)


def _of_entries(parsed: Parsed) -> Iterator[_Finding]:
    """What is to be said of one line alone."""
    is_ascii = parsed.text.isascii()
    for index, entry in enumerate(parsed.entries):
        key, separator, value, _ = entry.groups()
        if "=" not in separator and ":" not in separator:
            yield index, lines.key_offset(entry), _without_separator(entry)
        if "\\" in key and "\t" in parsed.keys[index]:
            yield index, lines.key_offset(entry), _TAB_IN_KEY
        if value and value[-1] in _MAY_END_BLANK and not parsed.typed:
            yield from _blank_end(index, entry)
        if not is_ascii and _IN_CURLY.fullmatch(lines.unfolded(value)):
            yield index, entry.start("value"), _CURLY_QUOTES


def _without_separator(entry: Entry) -> Diagnostic:
    key, separator, value, _ = entry.groups()
    is_bracketed = (key + value).rstrip(lines.WHITE_SPACE)[-1:] == "]"
    if key[:1] == "[" and is_bracketed:
        return _SECTION
    if "\t" in separator and ("=" in value or ":" in value):
        return _TAB_ENDS_KEY
    return _NO_SEPARATOR if value else _KEY_ALONE


def _blank_end(index: int, entry: Entry) -> Iterator[_Finding]:
    """
    White space that ends a value, unless it is escaped.

    An escaped blank is meant, and so is a value of nothing but blanks: its first one
    has to be escaped to be there at all.
    """
    raw = lines.unfolded(entry["value"])
    rest = raw.rstrip(lines.WHITE_SPACE)
    backslashes = len(rest) - len(rest.rstrip("\\"))
    meant = len(rest) + backslashes % 2
    if meant < len(raw) and raw[:meant].replace("\\", "").strip():
        offset = entry.start("value") + Folds(entry["value"]).offset(meant)
        yield index, offset, _BLANK_END


def _half_typed(parsed: Parsed) -> Iterator[_Finding]:
    """One warning, at the first value of the kind that is rarer in the file."""
    text = parsed.text
    if parsed.typed or not ('"' in text or "[" in text or "(" in text):
        return
    raw_values = (lines.unfolded(entry["value"]) for entry in parsed.entries)
    looks_typed = [typed.well_formed(raw) is not None for raw in raw_values]
    typed_count, plain_count = looks_typed.count(True), looks_typed.count(False)
    if typed_count == 0:
        return
    is_odd = typed_count <= plain_count
    kind, others = ("typed", "plain") if is_odd else ("plain", "typed")
    count = plain_count if is_odd else typed_count
    index = looks_typed.index(is_odd)
    yield (
        index,
        lines.key_offset(parsed.entries[index]),
        Diagnostic(
            found=f"a value that looks {kind} in a file with {count} {others}",
            expected="a type for every value, or for none",
            cure="All are read as plain text, quotes included. Type every value if "
            "types are meant.",
            rule="half-typed",
        ),
    )


_SECTION: Final = Diagnostic(
    found="a line that looks like a section",
    expected="key = value",
    cure="A .cfg has no sections: this is a property. Remove it, or write # before it.",
    rule="section",
)
_NO_SEPARATOR: Final = Diagnostic(
    found="no = behind the key",
    expected="key = value",
    cure="The first blank ends the key. Write = there, or \\ before each blank that "
    "belongs to the key.",
    rule="separator",
)
_KEY_ALONE: Final = Diagnostic(
    found="no = behind the key",
    expected="key = value",
    cure="It is read as empty text. Write = behind the key if that is meant.",
    rule="separator",
)
_TAB_ENDS_KEY: Final = Diagnostic(
    found="a tab, which ends the key before the =",
    expected="key = value",
    cure="Remove the tab, or write \\t if it belongs to the key.",
    rule="tab-in-key",
)
_TAB_IN_KEY: Final = Diagnostic(
    found="a key with a tab in it",
    expected="a key without white space",
    cure="\\t is read as a tab. Write \\\\t for a backslash and a t.",
    rule="tab-in-key",
)
_BLANK_END: Final = Diagnostic(
    found="white space behind the value, which belongs to it",
    expected="a value that ends where its text does",
    cure="Remove it, or write \\ before the first blank if it is meant.",
    rule="blank-end",
)
_CURLY_QUOTES: Final = Diagnostic(
    found="curly quotes around the value, which belong to it",
    expected='no quotes, or straight ones (") around a typed value',
    cure="Remove them; an editor may have put them in place of straight ones.",
    rule="curly-quotes",
)
