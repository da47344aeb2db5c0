"""
Typed values: ``I"3"``, ``["a", "b"]``, ``B("true")``.

Source: Apache Felix, ConfigurationHandler (the grammar of ``.config`` files), which
File Install applies to the values of ``.cfg`` files too.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from config_admin.core.properties import Scalar, Value
from config_admin.formats.escapes import QUOTED, escape_faults, quoted_text, unescaped
from config_admin.formats.scalars import READERS, letter_for, scalar_text
from config_admin.formats.unreadable import UnreadableError

# Read values have lists where stored ones have tuples.
ReadValue: TypeAlias = Scalar | list[Scalar]

# A match of the grammar below, with the groups letter and body.
TypedText: TypeAlias = re.Match[str]

_SPACE = r"[ \t\f]*+"
_STRING = r'"(?:[^"\\]++|\\.)*+"'
_STRINGS = (
    rf"{_SPACE}(?:{_STRING}{_SPACE}(?:,{_SPACE}{_STRING}{_SPACE})*+(?:,{_SPACE})?+)?+"
)

# The brackets of an array or list have to close where the value ends; Felix reads
# "[a" and '"x" junk' as typed and guesses, here they are plain text.
_TYPED = re.compile(
    rf"{_SPACE}(?P<letter>[TILFDXSCBilfdxscb]?)"
    rf"(?P<body>{_STRING}|\[{_STRINGS}\]|\({_STRINGS}\)){_SPACE}",
    re.DOTALL,
)
_EACH_STRING = re.compile(_STRING, re.DOTALL)
_CLOSING = {"[": "]", "(": ")"}


@dataclass(frozen=True, slots=True)
class Kind:
    """
    How a typed value is written.

    Attributes:
        letter: One of ``TILFDXSCBilfdxscb`` or "".
        bracket: ``[``, ``(``, or "" for a single value.
    """

    letter: str = ""
    bracket: str = ""


NEW: Final = Kind()


def _quoted(value: Scalar, _letter: str) -> str:
    return f'"{quoted_text(scalar_text(value))}"'


def well_formed(raw: str) -> TypedText | None:
    """*raw* taken apart, if it is one typed value; its strings may still be wrong."""
    return _TYPED.fullmatch(raw)


def read(text: TypedText) -> ReadValue:
    """
    The value that *text* means.

    Raises:
        UnreadableError: At the first string that does not fit the type.
    """
    letter, body = text.groups()
    convert = READERS[letter.upper()]
    if body[0] == '"':
        return convert(unescaped(body[1:-1], QUOTED))
    strings = _EACH_STRING.findall(body)
    return [convert(unescaped(string[1:-1], QUOTED)) for string in strings]


def faults(text: TypedText) -> Iterator[tuple[int, UnreadableError]]:
    """Every fault of *text*, with its index in the raw value."""
    convert = READERS[text["letter"].upper()]
    for string in _EACH_STRING.finditer(text.string, *text.span("body")):
        inner = string[0][1:-1]
        wrong = [(string.start() + 1 + at, fault) for at, fault in escape_faults(inner)]
        yield from wrong
        if not wrong:
            try:
                convert(unescaped(inner, QUOTED))
            except UnreadableError as fault:
                yield string.start(), fault


def kind_of(text: TypedText) -> Kind:
    """How *text* is written."""
    letter, body = text.groups()
    return Kind(letter, body[0] if body[0] in _CLOSING else "")


def written(
    value: Value, kind: Kind = NEW, quoted: Callable[[Scalar, str], str] = _quoted
) -> str:
    """
    The text that reads as *value*.

    Args:
        value: As the core stores it.
        kind: How the property was written until now, which is kept as far as it holds
            the value.
        quoted: Writes one scalar under a letter, quotes included.
    """
    if not isinstance(value, tuple):
        letter = letter_for([value], kind.letter)
        return letter + quoted(value, letter)
    letter, bracket = letter_for(value, kind.letter), kind.bracket or "["
    strings = ", ".join(quoted(scalar, letter) for scalar in value)
    return f"{letter}{bracket}{strings}{_CLOSING[bracket]}"
