"""Natural lines to properties: where each key, separator and value stands."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final, TypeAlias

BOM: Final = "\ufeff"
WHITE_SPACE: Final = " \t\f"

# One match for each property, with the groups key, separator, value and end; a slice
# of the text each, escapes and folds as they were written.
Entry: TypeAlias = re.Match[str]

# "A line terminator is \n, \r, or \r\n"; nothing else is one, U+2028 included.
# Source: Javadoc of java.util.Properties.load
_END = r"(?:\r\n?+|\n|\Z)"

# "If a logical line is spread across several natural lines, the backslash escaping the
# line terminator sequence, the line terminator sequence, and any white space at the
# start of the following line have no affect on the key or element values." At the end
# of the text the backslash simply goes.
_FOLD = rf"\\{_END}[ \t\f]*+"

# "The key contains all of the characters in the line starting with the first
# non-white space character and up to, but not including, the first unescaped '=', ':',
# or white space character"; "the first non-white space character after the key is
# ignored if it is '=' or ':'". Only a natural line can be a comment, which is why a
# fold belongs to the key and never leads back to the comment. Every repetition is
# possessive: no text makes the match go back.
_LINE = re.compile(
    rf"""[ \t\f]*+
    (?: (?:[#!][^\r\n]*+)?+ {_END}
      | (?P<key>(?: [^\\=:\ \t\f\r\n]++ | \\[^\r\n] | {_FOLD} )*+)
        (?P<separator>(?: [ \t\f]++ | {_FOLD} )*+ [=:]?+ (?: [ \t\f]++ | {_FOLD} )*+)
        (?P<value>(?: [^\\\r\n]++ | \\[^\r\n] | {_FOLD} )*+)
        (?P<end>{_END})
    )""",
    re.VERBOSE,
)
_UNFOLDED_PIECE = re.compile(rf"((?:[^\\]++|\\[^\r\n])++)|{_FOLD}")
_LEADING_FOLDS = re.compile(rf"(?:{_FOLD})*+")
_NEWLINE = re.compile(r"\r\n?|\n")


def entries(text: str) -> list[Entry]:
    """Every property of *text* in its order; comments and blank lines lie between."""
    start = 1 if text.startswith(BOM) else 0
    return [match for match in _LINE.finditer(text, start) if match.lastindex]


def unfolded(raw: str) -> str:
    """*raw*, a key or value as written, as if it had been written on one line."""
    if "\n" in raw or "\r" in raw or raw.endswith("\\"):
        return "".join(_UNFOLDED_PIECE.findall(raw))
    return raw


def key_offset(entry: Entry) -> int:
    """Where the key begins, behind folds that stand in front of it."""
    begin, end = entry.span("key")
    if end == begin or entry.string[begin] != "\\":
        return begin
    folds = _LEADING_FOLDS.match(entry.string, begin, end)
    return begin if folds is None or folds.end() == end else folds.end()


def natural_lines(text: str) -> Iterator[str]:
    """The lines of *text* without their ends, and without a last empty one."""
    lines = _NEWLINE.split(text.removeprefix(BOM))
    yield from lines[:-1] if not lines[-1] else lines


def last_newline(text: str) -> str:
    """The line end that *text* used last; LF if it has none."""
    end = max(text.rfind("\n"), text.rfind("\r"))
    if end < 0:
        return "\n"
    return "\r\n" if text.endswith("\r\n", 0, end + 1) else text[end]


class Positions:
    """
    Lines and columns of a text, both from 1, columns in characters.

    Args:
        text: Whole; a BOM has no column.
    """

    __slots__ = ("_starts",)

    def __init__(self, text: str) -> None:
        self._starts = [1 if text.startswith(BOM) else 0]
        self._starts += [newline.end() for newline in _NEWLINE.finditer(text)]

    def at(self, offset: int) -> tuple[int, int]:
        """The line and column of the character at *offset*."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


class Folds:
    """
    The way back from an unfolded text to where it was written.

    Args:
        raw: A key or value as written.
    """

    __slots__ = ("_kept", "_offsets")

    def __init__(self, raw: str) -> None:
        self._kept = [0]
        self._offsets: list[int] = []
        for piece in _UNFOLDED_PIECE.finditer(raw):
            if piece[1]:
                self._offsets.append(piece.start())
                self._kept.append(self._kept[-1] + len(piece[1]))

    def offset(self, index: int) -> int:
        """Where in the raw text the character *index* of the unfolded one stands."""
        piece = bisect_right(self._kept, index) - 1
        return self._offsets[piece] + index - self._kept[piece]
