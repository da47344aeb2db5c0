"""
The types behind a key: ``port:Integer``.

Source: OSGi Compendium ch. 150.4.2, and Apache Felix, ``TypeConverter`` of cm.json.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from config_admin.core.properties import Scalar, Value
from config_admin.formats.scalars import belongs_to, letter_for

# The letter of each type, the wrapper's name, and the primitive's.
_NAMES: Final = (
    ("T", "String", ""),
    ("I", "Integer", "int"),
    ("L", "Long", "long"),
    ("S", "Short", "short"),
    ("X", "Byte", "byte"),
    ("C", "Character", "char"),
    ("F", "Float", "float"),
    ("D", "Double", "double"),
    ("B", "Boolean", "boolean"),
)
_LETTERS: Final = {name: letter for letter, *names in _NAMES for name in names if name}
_WRAPPERS: Final = {letter: wrapper for letter, wrapper, _ in _NAMES}
_PRIMITIVES: Final = {letter: primitive for letter, _, primitive in _NAMES}
_NATURAL: Final[dict[type, str]] = {
    str: "String",
    int: "Long",
    float: "Double",
    bool: "Boolean",
}
_TYPE = re.compile(r"(?P<name>\w+)(?P<array>\[\])?|Collection(?:<(?P<element>\w+)>)?")


@dataclass(frozen=True, slots=True)
class Kind:
    """
    The type of a property.

    Attributes:
        name: As written behind the colon; None if there is none.
        letter: What `scalars` calls it; "" if a value says itself what it is.
        is_list: Whether it is an array or a collection.
    """

    name: str | None = None
    letter: str = ""
    is_list: bool = False


NATURAL: Final = Kind()


def kind_named(name: str) -> Kind | None:
    """The type *name*; None if there is none, or none that a text can hold."""
    match = _TYPE.fullmatch(name)
    if match is None:
        return None
    if name.startswith("Collection"):
        element = match["element"]
        if element is None:
            return Kind(name, "", is_list=True) if name == "Collection" else None
        letter = _LETTERS.get(element, "")
        is_known = letter and element == _WRAPPERS[letter]
        return Kind(name, letter, is_list=True) if is_known else None
    letter = _LETTERS.get(match["name"], "")
    return Kind(name, letter, is_list=bool(match["array"])) if letter else None


def kind_for(key: str, value: Value, before: Kind) -> Kind:
    """
    The type that *value* needs: *before* if it holds it, else a wider one, or none.

    Args:
        key: Of the property; one with a colon cannot do without a type.
        value: As the core stores it.
        before: Its type until now.
    """
    values = value if isinstance(value, tuple) else (value,)
    if before.name is not None and _stays(values, before):
        is_list = isinstance(value, tuple)
        if not before.letter:  # a collection of anything
            return before if is_list else _natural_kind(key, value)
        letter = letter_for(values, before.letter) or before.letter
        if (letter, is_list) == (before.letter, before.is_list):
            return before
        return Kind(_name(letter, before, is_list=is_list), letter, is_list)
    return _natural_kind(key, value)


def _stays(values: Sequence[Scalar], kind: Kind) -> bool:
    return not kind.letter or all(belongs_to(value, kind.letter) for value in values)


def _name(letter: str, before: Kind, *, is_list: bool) -> str:
    name = before.name or ""
    if is_list and name.startswith("Collection"):
        return f"Collection<{_WRAPPERS[letter]}>"
    is_primitive = name[0].islower() and _PRIMITIVES[letter]
    one = _PRIMITIVES[letter] if is_primitive else _WRAPPERS[letter]
    return f"{one}[]" if is_list else one


def _natural_kind(key: str, value: Value) -> Kind:
    if ":" not in key:
        return NATURAL
    if not isinstance(value, tuple):
        return Kind(_NATURAL[type(value)])
    return Kind(f"{_NATURAL[type(value[0])] if value else 'String'}[]", is_list=True)
