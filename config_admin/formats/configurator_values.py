"""
The values of JSON, by themselves and under a type.

Source: OSGi Compendium ch. 150.4.2, and Apache Felix, ``TypeConverter`` of cm.json.
"""

import json
import re
from functools import partial
from math import isfinite
from typing import Final

from config_admin.core.display import shown
from config_admin.core.properties import Scalar, Value
from config_admin.formats.configurator_kinds import Kind
from config_admin.formats.escapes import json_unseen
from config_admin.formats.json_tree import Node
from config_admin.formats.scalars import (
    READERS,
    scalar_text,
    whole_number,
)
from config_admin.formats.typed import ReadValue
from config_admin.formats.unreadable import UnreadableError

_WHOLE = re.compile(r"-?[0-9]++")
_SIGNED_WHOLE = re.compile(r"[+-]?[0-9]++")

_Fault = partial(UnreadableError, masked="a value that is not shown")


def read(
    node: Node, kind: Kind, faults: list[tuple[int, UnreadableError]]
) -> ReadValue:
    """
    The value that *node* means under *kind*.

    Args:
        node: Of a tree.
        kind: Of its property.
        faults: Takes each piece that means nothing, with its offset; the value means
            nothing then either.
    """
    if node.raw == "[" and (kind.is_list or kind.name is None):
        before = len(faults)
        values = [_scalar(item, kind.letter, faults) for item in node.items]
        return _of_one_type(node, values, faults) if len(faults) == before else values
    value = _scalar(node, kind.letter, faults)
    # Felix takes one value for a list of one, too.
    return [value] if kind.is_list else value


def _of_one_type(
    node: Node, values: list[Scalar], faults: list[tuple[int, UnreadableError]]
) -> list[Scalar]:
    types = {type(value) for value in values}
    if types == {int, float}:
        # Source: JsonSupport.convertToObject, which makes it a Double[]
        return [float(value) for value in values]
    if len(types) > 1:
        first = type(values[0])
        other = next(i for i, value in enumerate(values) if type(value) is not first)
        faults.append((node.items[other].start, _MIXED))
    return values


def _scalar(
    node: Node, letter: str, faults: list[tuple[int, UnreadableError]]
) -> Scalar:
    try:
        value = natural(node)
        return _converted(value, letter) if letter else value
    except UnreadableError as fault:
        faults.append((node.start, fault))
        return ""


def natural(node: Node) -> Scalar:
    """
    What *node* says by itself.

    Raises:
        UnreadableError: If it is no single value that a property can have.
    """
    token = node.raw
    if token[0] == '"':
        return _text_of(token)
    if token in _WORDS:
        return _WORDS[token]
    if token in _NOT_VALUES:
        raise _NOT_VALUES[token]
    if _WHOLE.fullmatch(token):
        number = whole_number(token)
        if number is None or not -(2**63) <= number < 2**63:
            raise _too_large(token, "a whole number of at most 64 bits")
        return number
    real = float(token)
    if not isfinite(real):
        raise _too_large(token, "a number of at most 64 bits")
    return real


def _text_of(token: str) -> str:
    """
    What the string *token* says.

    Raises:
        UnreadableError: If it holds half a character.
    """
    text: str = json.loads(token)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise _HALF from None
    return text


def _converted(value: Scalar, letter: str) -> Scalar:
    """*value* as its type reads it. Source: OSGi Compendium ch. 707, the converter."""
    if letter == "T":
        if isinstance(value, float):
            raise _unfit(value, "text", 'Write it in quotes: "1.5".')
        return scalar_text(value)
    if letter == "B" and not isinstance(value, bool | str):
        raise _unfit(value, "true or false", "Write one of the two.")
    if letter == "B":
        return READERS[letter](scalar_text(value))
    if letter == "C":
        if isinstance(value, str) and len(value) == 1:
            return value
        raise _unfit(value, "one character in quotes", "Write one, or String.")
    if isinstance(value, bool):
        raise _unfit(value, "a number", "Write a number.")
    if letter in "FD":
        # In quotes a whole number would be taken for the bits of a float.
        text = scalar_text(float(value)) if not isinstance(value, str) else value
        is_whole = _SIGNED_WHOLE.fullmatch(text)
        return READERS[letter](f"{text}.0" if is_whole else text)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return READERS[letter](scalar_text(value))


def written(value: Value) -> str:
    """The JSON that reads as *value*."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_written_scalar, value))}]"
    return _written_scalar(value)


def written_key(key: str, kind: Kind) -> str:
    """The key, with its type if it has one, in quotes."""
    return _written_scalar(key if kind.name is None else f"{key}:{kind.name}")


def _written_scalar(value: Scalar) -> str:
    return json_unseen(json.dumps(value, ensure_ascii=False))


def _too_large(token: str, expected: str) -> UnreadableError:
    return _Fault(
        found=shown(token), expected=expected, cure="Write it as text.", rule="number"
    )


def _unfit(value: Scalar, expected: str, cure: str) -> UnreadableError:
    return _Fault(found=shown(value), expected=expected, cure=cure, rule="type")


def _not_a_value(found: str, cure: str, rule: str) -> UnreadableError:
    expected = "text, a number, true, false, or an array of one kind"
    return _Fault(found=found, expected=expected, cure=cure, rule=rule)


_WORDS: Final = {"true": True, "false": False}
_NUMBERS_ONLY: Final = "JSON has no such number; write a finite one."
_NOT_VALUES: Final = {
    "null": _not_a_value("null", "Leave the property out.", "null"),
    "{": _not_a_value("an object", 'Write a key for each value: "a.b": 1.', "nested"),
    "[": _not_a_value(
        "an array where a single value has to be",
        "Write one flat array, and a type such as Integer[] behind its key.",
        "nested",
    ),
    "NaN": _not_a_value("NaN", _NUMBERS_ONLY, "number"),
    "Infinity": _not_a_value("Infinity", _NUMBERS_ONLY, "number"),
    "-Infinity": _not_a_value("-Infinity", _NUMBERS_ONLY, "number"),
}
_MIXED: Final = _not_a_value(
    "an element of another kind", "Write all elements as the first, or as text.", "list"
)
_HALF: Final = UnreadableError(
    found="half of a surrogate pair",
    masked="half of a surrogate pair",
    expected="both halves, one behind the other",
    cure="Write the character itself, or both of its \\uXXXX.",
    rule="surrogate-pair",
)
