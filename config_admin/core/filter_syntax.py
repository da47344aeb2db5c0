r"""
The syntax of filters, read once into a tree.

A key ends at its operator. A value ends at its parenthesis; in it ``\*``, ``\(``,
``\)`` and ``\\`` mean the second character, and ``\2a`` the byte 2A of UTF-8 text.
White space counts in values alone.

Source: OSGi Core ch. 3.2.7 (filter syntax), and RFC 4515 ch. 3 for ``\2a``. OSGi's own
implementations drop a backslash before any character, also before hexadecimal digits;
one that neither text knows is refused here, because in ``C:\temp`` it was meant to
stay. As with them, ``&``, ``|`` and ``!`` begin a key if an operator follows:
``(!key=value)`` is about the key ``!key``.
"""

import re
from typing import Final, NoReturn

from config_admin.core.arguments import require_text
from config_admin.core.errors import InvalidFilterError
from config_admin.core.filters import (
    Comparison,
    Filter,
    Group,
    Presence,
    Substrings,
)

MAX_FILTER_CHARACTERS: Final = 65_536
MAX_FILTER_DEPTH: Final = 64

_SPACE = re.compile(r"\s*+")
_OPENING = re.compile(r"\s*+\(")
_CLOSING = re.compile(r"\s*+\)")
_GROUP_OPERATOR = re.compile(r"\s*+[&|!](?![^~<>=()]*+[~<>]?=)")
_KEY = re.compile(r"[^~<>=()]*+")
_OPERATOR = re.compile(r"[~<>]?=")
_VALUE_TOKEN = re.compile(
    r"(?P<plain>[^\\*()]++)|(?P<star>\*)"
    r"|\\(?P<escaped>[\\*()])|(?P<bytes>(?:\\[0-9A-Fa-f]{2})++)"
)


def parse(text: str) -> Filter:
    """
    The filter that *text* describes, in linear time.

    Raises:
        InvalidFilterError: If it describes none, is longer than
            `MAX_FILTER_CHARACTERS` or nests deeper than `MAX_FILTER_DEPTH`.
        UsageError: If *text* is none.
    """
    require_text("The filter", text, "write text, such as '(port>=8080)'.")
    if len(text) > MAX_FILTER_CHARACTERS:
        reason = "it becomes too long: write a shorter one."
        raise InvalidFilterError(text, MAX_FILTER_CHARACTERS + 1, reason)
    return _Reader(text).whole()


class _Reader:
    """Reads a filter from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def whole(self) -> Filter:
        found = self._filter(depth=1)
        self._take(_SPACE)
        if self._at < len(self._text):
            self._refuse("it has already ended: join several with (&…) or (|…).")
        return found

    def _filter(self, depth: int) -> Filter:
        if depth > MAX_FILTER_DEPTH:
            self._refuse(f"it nests deeper than {MAX_FILTER_DEPTH}: write it flatter.")
        if not self._take(_OPENING):
            self._refuse(
                "a '(' is missing: each filter has its own parentheses, (key=value), "
                "also behind '&', '|' and '!'."
            )
        operator = self._take(_GROUP_OPERATOR).strip()
        found = self._group(operator, depth) if operator else self._item()
        if not self._take(_CLOSING):
            self._refuse(
                "a ')' is missing: close what was opened; '!' takes one filter."
            )
        return found

    def _group(self, operator: str, depth: int) -> Filter:
        members = [self._filter(depth + 1)]
        while operator != "!" and _OPENING.match(self._text, self._at):
            members.append(self._filter(depth + 1))
        return Group(operator, tuple(members))

    def _item(self) -> Filter:
        key = self._take(_KEY).strip()
        if not key:
            self._refuse("a key is missing: write (key=value).")
        operator = self._take(_OPERATOR)
        if not operator:
            self._refuse(
                "an operator is missing: write '=', '~=', '>=' or '<='; "
                "less than 5 is (!(key>=5))."
            )
        pieces = self._pieces()
        if operator == "=" and len(pieces) > 1:
            return _with_stars(key, pieces)
        operand = "*".join(pieces)
        if operator != "=" and not operand:
            self._refuse("a value is missing: write one, or (key=*) if any will do.")
        return Comparison(key, operator, operand)

    def _pieces(self) -> list[str]:
        """The value, unescaped, in the pieces between its stars; at least one."""
        pieces: list[list[str]] = [[]]
        while token := _VALUE_TOKEN.match(self._text, self._at):
            if token["star"]:
                pieces.append([])
            elif token["bytes"]:
                pieces[-1].append(self._decoded(token["bytes"]))
            else:
                pieces[-1].append(token["plain"] or token["escaped"])
            self._at = token.end()
        if self._text.startswith("(", self._at):
            self._refuse(r"a parenthesis stands in a value: write '\(' for it.")
        if self._text.startswith("\\", self._at):
            self._refuse(r"a backslash stands in a value: write '\\' for it.")
        return ["".join(piece) for piece in pieces]

    def _decoded(self, escapes: str) -> str:
        try:
            return bytes.fromhex(escapes.replace("\\", "")).decode()
        except UnicodeDecodeError as error:
            self._at += error.start * len(r"\2a")
            self._refuse(r"stands a byte of no UTF-8 text: write '\\' for a backslash.")

    def _take(self, pattern: re.Pattern[str]) -> str:
        """What *pattern* finds here, which is behind us then; "" if nothing."""
        found = pattern.match(self._text, self._at)
        if found is None:
            return ""
        self._at = found.end()
        return found.group()

    def _refuse(self, reason: str) -> NoReturn:
        self._take(_SPACE)  # the fault is what stands behind it
        raise InvalidFilterError(self._text, self._at + 1, reason)


def _with_stars(key: str, pieces: list[str]) -> Filter:
    first, *inner, last = pieces
    inner = [piece for piece in inner if piece]  # several stars are as good as one
    if first or inner or last:
        return Substrings(key, (first, *inner, last))
    return Presence(key)
