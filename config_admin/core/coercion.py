"""
Text to typed values, as a schema or a model declares them.

A `.cfg` file holds text only. What cannot be read as the declared type stays text, so
that it is reported: nothing is guessed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final, TypeAlias

from config_admin.core.properties import Scalar, Value, typed

# A value as the JSON world has it: lists, not tuples.
JsonValue: TypeAlias = Scalar | list[Scalar]

_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_NUMBER: Final = re.compile(
    r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
)
_BOOLEANS: Final = {"true": True, "false": False}

_MAX_INTEGER: Final = 2**63 - 1
_MAX_DIGITS: Final = 40  # int() of much longer text is slow, and fits no 64 bits


@dataclass(frozen=True, slots=True)
class Kind:
    """
    What the text of a property is turned into.

    Attributes:
        types: The declared JSON types in their order; empty: none is declared.
        items: Those of an array's elements.
    """

    types: tuple[str, ...] = ()
    items: tuple[str, ...] = ()


ANY: Final = Kind()


def means_absent(value: Value) -> bool:
    """Whether *value* stands for "use the default": blank, or ``null``."""
    return isinstance(value, str) and value.strip() in ("", "null")


def holds_placeholder(value: Value) -> bool:
    """Whether *value* is not yet what it will be: ``${…}`` or ``$[…]`` is in it."""
    items = value if isinstance(value, tuple) else (value,)
    return any(isinstance(i, str) and ("${" in i or "$[" in i) for i in items)


def split(text: str) -> list[str]:
    """The elements of a list that is written as *text*: what stands between commas."""
    return [part.strip() for part in text.split(",")] if text.strip() else []


def coerced(value: Value, kind: Kind) -> JsonValue:
    """
    *value* with its text turned into what *kind* says; tuples become lists.

    The text of an array is split at commas, and blanks around an element do not count.
    A list that is written as one has its elements turned.
    """
    if isinstance(value, tuple):
        return _elements(value, kind)
    if not isinstance(value, str) or "string" in kind.types:
        return value
    scalar = _scalar(value, kind.types)
    if isinstance(scalar, str) and "array" in kind.types:
        return _elements(split(value), kind)
    return scalar


def text_of(value: Value, kind: Kind) -> str | None:
    """The text that `coerced` turns into exactly *value*; None: no text does."""
    if isinstance(value, str):
        return value
    items = value if isinstance(value, tuple) else (value,)
    text = ",".join(map(_written, items))
    back = coerced(text, kind)
    again = tuple(back) if isinstance(back, list) else back
    return text if typed(again) == typed(value) else None


def _elements(values: Sequence[Scalar], kind: Kind) -> list[Scalar]:
    items: list[Scalar] = [
        _scalar(value, kind.items) if isinstance(value, str) else value
        for value in values
    ]
    # "1, 2.5" are two numbers, but a list holds values of one type only.
    if {type(item) for item in items} == {int, float} and "number" in kind.items:
        return [float(item) for item in items]
    return items


def _scalar(text: str, types: Sequence[str]) -> Scalar:
    """*text* as the first of *types* that it can be read as; else itself."""
    if "string" in types:
        return text
    plain = text.strip()
    for name in types:
        read = _READERS.get(name)
        value = read(plain) if read is not None else None
        if value is not None:
            return value
    return text


def _integer(text: str) -> int | None:
    if len(text) > _MAX_DIGITS or not _INTEGER.fullmatch(text):
        return None
    number = int(text)
    return number if -_MAX_INTEGER - 1 <= number <= _MAX_INTEGER else None


def _number(text: str) -> int | float | None:
    """
    A whole number if it is written as one, so that ``5`` and ``5.0`` stay two values.
    """
    whole = _integer(text)
    if whole is not None or not _NUMBER.fullmatch(text):
        return whole
    number = float(text)
    return number if isfinite(number) else None


def _boolean(text: str) -> bool | None:
    return _BOOLEANS.get(text.lower())


_READERS: Final = {"integer": _integer, "number": _number, "boolean": _boolean}


def _written(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
