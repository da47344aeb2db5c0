"""Escapes in keys, values and quoted strings, both ways."""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

from config_admin.core.display import shown
from config_admin.formats.unreadable import UnreadableError

# "The backslash character is simply dropped" before any other character: \b is b.
# Source: Javadoc of java.util.Properties.load
PLAIN: Final[Mapping[str, str]] = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}

# Source: Apache Felix, ConfigurationHandler.readQuoted
QUOTED: Final[Mapping[str, str]] = {**PLAIN, "b": "\b"}

# Two halves of a surrogate pair, one character, anything else. Only ASCII digits:
# Java's Character.digit would take Arabic ones too.
_ESCAPE = re.compile(
    r"""\\(?: u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})
            | u([0-9a-fA-F]{4})
            | (.) )""",
    re.VERBOSE | re.DOTALL,
)
_SURROGATES = range(0xD800, 0xE000)

# What would be read as something else, or not be seen: controls, the line ends of
# other programs, and a BOM, which would vanish at the start of a text.
_UNSEEN = r"\x00-\x1f\x7f\x85\u2028\u2029\ufeff"
_IN_KEY = re.compile(rf"[\\=: {_UNSEEN}]|^[#!]")
_IN_VALUE = re.compile(rf"[\\{_UNSEEN}]|^[ =:]")
_IN_QUOTES = re.compile(rf'[\\"{_UNSEEN}]')

_IN_JSON = re.compile(rf"[{_UNSEEN}]")

# In a .config, Felix ends a string and a key at a blank and at =, too; a bracket or a
# comma where a key should begin ends its reading; a key between two colons is its own.
_IN_CONFIG_STRING = re.compile(rf'[\\"= {_UNSEEN}]')
_IN_CONFIG_KEY = re.compile(rf'[\\"= {_UNSEEN}]|^[#:,()\[\]]')


def unescaped(raw: str, named: Mapping[str, str] = PLAIN) -> str:
    """
    The text that *raw* means.

    Args:
        raw: Without folds, and no lone backslash at its end.
        named: What the letters mean that stand for another character.

    Raises:
        UnreadableError: At the first escape that means nothing.
    """
    if "\\" not in raw:
        return raw
    return _ESCAPE.sub(partial(_character, named), raw)


def escape_faults(raw: str) -> Iterator[tuple[int, UnreadableError]]:
    """Every escape of *raw* that means nothing, with the index of its backslash."""
    for match in _ESCAPE.finditer(raw):
        try:
            _character(PLAIN, match)
        except UnreadableError as fault:
            yield match.start(), fault


def key_text(key: str) -> str:
    """The text that reads as *key*."""
    return _IN_KEY.sub(partial(_escape, PLAIN), key)


def value_text(value: str) -> str:
    """The text that reads as *value*, whatever separator stands before it."""
    return _IN_VALUE.sub(partial(_escape, PLAIN), value)


def quoted_text(value: str) -> str:
    """The text that reads as *value* between quotes."""
    return _IN_QUOTES.sub(partial(_escape, QUOTED), value)


def config_string_text(value: str) -> str:
    """The text that reads as *value* between the quotes of a ``.config``."""
    return _IN_CONFIG_STRING.sub(partial(_escape, QUOTED), value)


def config_key_text(key: str) -> str:
    """The text that reads as *key* in a ``.config``."""
    return _IN_CONFIG_KEY.sub(partial(_escape, QUOTED), key)


def json_unseen(token: str) -> str:
    """A string of JSON, with what would not be seen written as escapes."""
    return _IN_JSON.sub(partial(_escape, {}), token)


def _character(named: Mapping[str, str], match: re.Match[str]) -> str:
    high, low, code, character = match.groups()
    if character is not None:
        if character == "u":
            raise _malformed(match)
        return named.get(character, character)
    if code is None:
        pair = bytes.fromhex(high + low)
        return pair.decode("utf-16-be")
    number = int(code, 16)
    if number in _SURROGATES:
        raise _half(match)
    return chr(number)


def _malformed(match: re.Match[str]) -> UnreadableError:
    start = match.start()
    return UnreadableError(
        found=shown(match.string[start : start + 6]),
        masked="a malformed \\u",
        expected="\\u and four hexadecimal digits",
        cure="Complete the escape, or write \\\\u for a backslash and a u.",
        rule="unicode-escape",
    )


def _half(match: re.Match[str]) -> UnreadableError:
    return UnreadableError(
        found=f"half of a surrogate pair, {match[0]}",
        masked="half of a surrogate pair",
        expected="both halves, one behind the other",
        cure="Write the character itself, or both of its \\uXXXX.",
        rule="surrogate-pair",
    )


def _escape(named: Mapping[str, str], match: re.Match[str]) -> str:
    character = match[0]
    for letter, meaning in named.items():
        if character == meaning:
            return f"\\{letter}"
    if character.isprintable():
        return f"\\{character}"
    return f"\\u{ord(character):04x}"
