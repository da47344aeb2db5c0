"""
Filters over properties, such as ``(&(service.factoryPid=net.web)(port>=8080))``.

A filter compares one key, ``(key=value)``, or joins others: ``(&…)`` if all match,
``(|…)`` if one does, ``(!…)`` if it does not. The value in the properties decides how:

- Text: ``=`` means the same text, with ``*`` for any characters; ``>=`` and ``<=``
  compare character by character; ``~=`` ignores case and white space.
- Numbers compare as numbers, whole or not. Booleans equal ``true`` or ``false`` in any
  case, whatever the operator. What cannot be read so matches no number and no boolean.
- A list matches if one of its elements does.

``(key=*)`` asks whether the key is there. A key that is not there matches nothing, so
``(!(key=value))`` matches without it.

Source: OSGi Core ch. 3.2.7 (filter syntax). That a whole number is compared with
``1.5`` is ours: in Java they are different types.
"""

import re
from dataclasses import dataclass
from typing import Protocol, TypeVar

from config_admin.core.properties import Properties, Scalar

_SPECIAL = re.compile(r"[\\*()]")

# Python may be told to refuse whole numbers of more digits than this.
_WHOLE = re.compile(r"[+-]?[0-9]{1,640}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?")

_Ordered = TypeVar("_Ordered", str, float)


class Filter(Protocol):
    """
    A filter that was read.

    It is a value; its text is normalised, and is read as an equal one.
    """

    def matches(self, properties: Properties) -> bool:
        """Whether *properties* are what it asks for; never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Group:
    """
    Filters joined.

    Attributes:
        operator: ``&``, ``|`` or ``!``.
        members: Never empty; one for ``!``.
    """

    operator: str
    members: tuple[Filter, ...]

    def matches(self, properties: Properties) -> bool:
        """Whether all, one or none of its members match."""
        found = (member.matches(properties) for member in self.members)
        if self.operator == "&":
            return all(found)
        return any(found) is (self.operator == "|")

    def __str__(self) -> str:
        return f"({self.operator}{''.join(map(str, self.members))})"


@dataclass(frozen=True, slots=True)
class Presence:
    """``(key=*)``."""

    key: str

    def matches(self, properties: Properties) -> bool:
        """Whether the key is there, whatever its value."""
        return self.key in properties

    def __str__(self) -> str:
        return f"({self.key}=*)"


@dataclass(frozen=True, slots=True)
class Substrings:
    """
    ``(key=first*inner*last)``.

    Attributes:
        pieces: What stands between the stars; only the first and the last may be
            empty, and not both if there are only these.
    """

    key: str
    pieces: tuple[str, ...]

    def matches(self, properties: Properties) -> bool:
        """Whether a text consists of the pieces with anything between them."""
        return any(
            isinstance(value, str) and self._fits(value)
            for value in _values(properties, self.key)
        )

    def _fits(self, value: str) -> bool:
        first, *inner, last = self.pieces
        if not value.startswith(first):
            return False
        position = len(first)
        for piece in inner:
            found = value.find(piece, position)
            if found < 0:
                return False
            position = found + len(piece)
        return value.endswith(last, position)

    def __str__(self) -> str:
        return f"({self.key}={'*'.join(map(_escaped, self.pieces))})"


@dataclass(frozen=True, slots=True)
class Comparison:
    """
    ``(key=operand)``.

    Attributes:
        operator: ``=``, ``~=``, ``>=`` or ``<=``.
    """

    key: str
    operator: str
    operand: str

    def matches(self, properties: Properties) -> bool:
        """Whether a value compares so with the operand, read as the value's type."""
        return any(map(self._holds, _values(properties, self.key)))

    def _holds(self, value: Scalar) -> bool:
        if isinstance(value, bool):
            # "Boolean: equality comparisons only." Source: OSGi R4.2, FrameworkUtil
            return self.operand.strip().lower() == str(value).lower()
        if isinstance(value, str):
            if self.operator == "~=":
                return _approximate(value) == _approximate(self.operand)
            return self._compares(value, self.operand)
        number = _number(self.operand)
        return number is not None and self._compares(value, number)

    def _compares(self, value: _Ordered, operand: _Ordered) -> bool:
        if self.operator == ">=":
            return value >= operand
        if self.operator == "<=":
            return value <= operand
        return value == operand

    def __str__(self) -> str:
        return f"({self.key}{self.operator}{_escaped(self.operand)})"


def _values(properties: Properties, key: str) -> tuple[Scalar, ...]:
    value = properties.get(key, ())
    return value if isinstance(value, tuple) else (value,)


def _approximate(text: str) -> str:
    return "".join(text.split()).casefold()


def _number(text: str) -> float | None:
    text = text.strip()
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else None


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text)
