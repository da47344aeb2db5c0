"""Why a ``.config`` text is refused: every fault, with its place and its cure."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import shown
from config_admin.formats import typed
from config_admin.formats.escapes import QUOTED, escape_faults, unescaped
from config_admin.formats.lines import Entry, Positions
from config_admin.formats.sentences import clash, refused
from config_admin.formats.typed import TypedText
from config_admin.formats.unreadable import UnreadableError

END: Final = r"(?:\r\n?+|\n|\Z)"

# What may stand between the parts of a value, a backslash at the end of a line too.
GAP: Final = r"(?:[ \t\f\r\n]++|\\(?:\r\n?+|\n))*+"

STRING: Final = r'"(?:[^"\\]++|\\.)*+"'

# A key ends at a blank, = or a quote. Felix ends its reading at a line that begins with
# one of its own tokens; a backslash before it makes it part of the key.
KEY: Final = r'(?:[^\\=" \t\f\r\n#,()\[\]]|\\[^\r\n])(?:[^\\=" \t\f\r\n]++|\\[^\r\n])*+'

_BEGINNING = re.compile(rf"[ \t\f]*+(?P<key>{KEY})?+[ \t\f]*+(?P<equals>=)?+")
_GAP = re.compile(GAP)
_OPENER = re.compile(r'[TILFDXSCBilfdxscb]?+(["\[(])')
EACH_STRING: Final = re.compile(STRING, re.DOTALL)
_ELEMENTS = re.compile(rf"{GAP}(?:{STRING}{GAP},{GAP})*+(?:{STRING}{GAP})?+", re.DOTALL)
_OTHER_LETTER = re.compile(r'\w++(?=["\[(])')
_LINE = re.compile(r"[^\n]*+")
_CLOSING: Final = {"[": "]", "(": ")"}


def every_fault(
    text: str,
    entries: Sequence[Entry],
    forms: Sequence[TypedText],
    broken: Sequence[int],
) -> list[Diagnostic]:
    """
    The faults of *text* in the order of their places; none if it can be read.

    Args:
        text: All of it, its lines ended by LF.
        entries: Its properties.
        forms: The typed form of each value.
        broken: Where a line begins that is no property.
    """
    positions = Positions(text)
    found = [*_key_faults(entries, positions)]
    for entry, form in zip(entries, forms, strict=True):
        found += _text_faults(entry, form, positions)
    found += [_broken_line(text, start, positions) for start in broken]
    return sorted(found, key=lambda fault: (fault.line or 0, fault.column or 0))


def _key_faults(entries: Sequence[Entry], positions: Positions) -> Iterator[Diagnostic]:
    firsts: dict[str, tuple[str, tuple[int, int]]] = {}
    for entry in entries:
        key = _readable_key(entry["key"])
        place = positions.at(entry.start("key"))
        if key is not None:
            first, first_place = firsts.setdefault(key.lower(), (key, place))
            if first != key:
                yield clash(key, place, first, first_place)


def _readable_key(raw: str) -> str | None:
    try:
        return unescaped(raw, QUOTED)
    except UnreadableError:
        return None


def _text_faults(
    entry: Entry, form: TypedText, positions: Positions
) -> Iterator[Diagnostic]:
    key = _readable_key(entry["key"])
    for index, fault in escape_faults(entry["key"]):
        yield refused(fault, key, positions.at(entry.start("key") + index))
    for index, fault in typed.faults(form):
        yield refused(fault, key, positions.at(entry.start("value") + index))


def _broken_line(text: str, start: int, positions: Positions) -> Diagnostic:
    """Why the line that begins at *start* is no property."""
    beginning = _BEGINNING.match(text, start)
    assert beginning is not None  # noqa: S101 - it matches the empty text
    if beginning["key"] is None:
        # Nothing of such a line is shown: whose it is nobody knows.
        offset = start + len(beginning[0]) - len(beginning[0].lstrip(" \t\f"))
        fault = _NO_KEY if beginning["equals"] else _NO_PROPERTY
        return refused(fault, None, positions.at(offset))
    if beginning["equals"] is None:
        return refused(_NO_EQUALS, None, positions.at(beginning.end("key")))
    key = _readable_key(beginning["key"])
    offset, fault = _value_fault(text, beginning.end(), positions)
    return refused(fault, key, positions.at(offset))


def _value_fault(
    text: str, start: int, positions: Positions
) -> tuple[int, UnreadableError]:
    """What is wrong with the value behind the = that ends at *start*, and where."""
    gap = _GAP.match(text, start)
    at = gap.end() if gap else start
    opener = _OPENER.match(text, at)
    if opener is None:
        return _unquoted(text, start, at)
    if opener[1] == '"':
        inside = EACH_STRING.match(text, opener.start(1))
        if inside is None:
            return opener.start(1), _OPEN_QUOTE
        return _behind(text, opener.start(1), inside.end(), positions)
    return _list_fault(text, opener, positions)


def _unquoted(text: str, start: int, at: int) -> tuple[int, UnreadableError]:
    if "\n" in text[start:at] or at == len(text):
        return start, _NOTHING
    other = _OTHER_LETTER.match(text, at)
    if other is not None:
        return at, _unknown_letter(other[0])
    line = _LINE.match(text, at)
    return at, _plain(line[0].rstrip() if line else "")


def _list_fault(
    text: str, opener: re.Match[str], positions: Positions
) -> tuple[int, UnreadableError]:
    elements = _ELEMENTS.match(text, opener.end())
    end = elements.end() if elements else opener.end()
    character = text[end : end + 1]
    if character == _CLOSING[opener[1]]:
        return _behind(text, opener.end(), end + 1, positions)
    if character == '"' and EACH_STRING.match(text, end) is None:
        return end, _OPEN_QUOTE
    runaway = _runaway(text, opener.end(), end, positions)
    if runaway is not None:
        return runaway
    if not character:
        return opener.start(1), _open_list(_CLOSING[opener[1]])
    return end, _not_in_list(character, _CLOSING[opener[1]])


def _behind(
    text: str, start: int, end: int, positions: Positions
) -> tuple[int, UnreadableError]:
    """What follows a value that seems to be over."""
    return _runaway(text, start, end, positions) or (end, _BEHIND)


def _runaway(
    text: str, start: int, end: int, positions: Positions
) -> tuple[int, UnreadableError] | None:
    """The first string there that runs over the end of its line, if there is one."""
    for string in EACH_STRING.finditer(text, start, end):
        if "\n" in string[0]:
            line, _ = positions.at(string.end() - 1)
            return string.start(), _runs_on(line)
    return None


def _runs_on(line: int) -> UnreadableError:
    found = f"a quote that the next one closes only on line {line}"
    return _fault("quote", found, _OPEN_QUOTE.expected, _OPEN_QUOTE.cure)


def _unknown_letter(letters: str) -> UnreadableError:
    return UnreadableError(
        found=f"the type {shown(letters)}",
        masked="a type that is none",
        expected="one letter of TILFDXSCB, or none for text",
        cure='Write I"…" for a whole number, B"…" for true or false, "…" for text.',
        rule="type-letter",
    )


def _plain(raw: str) -> UnreadableError:
    return UnreadableError(
        found=shown(raw),
        masked="a value without quotes",
        expected='a value in quotes, such as "text" or I"8080"',
        cure="Put it in quotes, behind the letter of its type if it is no text.",
        rule="quote",
    )


def _open_list(closing: str) -> UnreadableError:
    cure = f"Write {closing} behind the last element."
    return _fault("list", "a list that does not end", f"a {closing}", cure)


def _not_in_list(character: str, closing: str) -> UnreadableError:
    expected = f"a comma, a string in quotes, or {closing}"
    return UnreadableError(
        found=shown(character),
        masked="something else",
        expected=expected,
        cure='Write the elements as "one", "two".',
        rule="list",
    )


def _fault(rule: str, found: str, expected: str, cure: str) -> UnreadableError:
    return UnreadableError(
        found=found, masked=found, expected=expected, cure=cure, rule=rule
    )


_OPEN_QUOTE: Final = _fault(
    "quote",
    "a quote that nothing closes",
    'a " at the end of the text',
    'Close it. A " inside is written \\", a line end \\n.',
)
_NOTHING: Final = _fault(
    "value", "nothing", "a value", 'Write "" for empty text, or remove the key.'
)
_BEHIND: Final = _fault(
    "value",
    "something behind the value",
    "the end of the line, or a comment",
    "Begin each property on a line of its own.",
)
_NO_KEY: Final = _fault(
    "key",
    "a line without a key",
    'key="value"',
    "Write a key before the =, or # to make the line a comment.",
)
_NO_PROPERTY: Final = _fault(
    "key",
    "a line that is no property",
    'key="value"',
    "Write # before it to make it a comment. A value ends where its quotes and "
    "brackets close.",
)
_NO_EQUALS: Final = _fault(
    "separator",
    "no = behind the key",
    'key="value"',
    "Write =, or # before the line to make it a comment; a blank inside a key is "
    "written with \\ before it.",
)
