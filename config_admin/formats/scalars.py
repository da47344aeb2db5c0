"""
Type letters: what each reads, what each can hold, and which is wider.

Capitals stand for Java's wrapper types and small letters for its primitives; to
Python they are the same. Source: Apache Felix, ConfigurationHandler
"""

import re
import struct
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import inf, isfinite
from typing import Final

from config_admin.core.display import shown
from config_admin.core.properties import Scalar
from config_admin.formats.unreadable import UnreadableError

_WHOLE = re.compile(r"[+-]?[0-9]++")
_FLOAT = re.compile(r"[+-]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+")

_INTEGER_BITS: Final = {"X": 8, "S": 16, "I": 32, "L": 64}
_FLOAT_CODES: Final = {32: ">f", 64: ">d"}
_MOST_DIGITS = 19  # of a number of 64 bits
_SMALLEST_NORMAL: Final = {32: 2.0**-126, 64: 2.0**-1022}
_TOO_LARGE: Final = {32: 2.0**128 - 2.0**103, 64: inf}  # from here on it is infinity
_LAST_JAVA_CHARACTER = "\uffff"

# For each type the letters that hold it, from the narrowest to the widest, and those
# to choose from if the property had none of them. Text needs no letter.
_LETTERS: Final[Mapping[type, tuple[str, str]]] = {
    bool: ("B", "B"),
    int: ("XSIL", "IL"),
    float: ("FD", "D"),
    str: ("CT", ""),
}


def scalar_text(value: Scalar) -> str:
    """The text that the letter of *value* reads as *value*; not escaped yet."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if isinstance(value, float) and "." not in text:
        # Felix tells a number from a bit pattern by the dot alone: 1e+16 has none.
        return text.replace("e", ".0e")
    return text


def letter_for(values: Sequence[Scalar], letter: str) -> str:
    """
    The letter that holds all of *values*: *letter* if it can, else a wider one.

    Args:
        values: All of one type; maybe none, which every letter can hold.
        letter: How the property was written until now; "" if it is new.
    """
    if not values:
        return letter
    widening, usual = _LETTERS[type(values[0])]
    known = bool(letter) and letter.upper() in widening
    for wider in widening[widening.index(letter.upper()) :] if known else usual:
        if all(_fits(value, wider) for value in values):
            # Text has no small letter: c widens to T.
            return wider.lower() if letter.islower() and wider != "T" else wider
    return ""


def whole_number(text: str) -> int | None:
    """The number; None if *text* is none, or one of more than 64 bits."""
    if not _WHOLE.fullmatch(text):
        return None
    # int() is not linear, and refuses long texts even if they begin with zeros.
    digits = text.lstrip("+-").lstrip("0") or "0"
    if len(digits) > _MOST_DIGITS:
        return None
    return -int(digits) if text[0] == "-" else int(digits)


def belongs_to(value: Scalar, letter: str) -> bool:
    """Whether *letter*, in capitals, or a wider one of its kind, can hold *value*."""
    return letter in _LETTERS[type(value)][0]


def _fits(value: Scalar, letter: str) -> bool:
    if isinstance(value, bool):
        return True
    if isinstance(value, int):
        return value in _integers(_INTEGER_BITS[letter])
    if isinstance(value, float):
        return letter == "D" or _narrowed(value) == value
    return letter == "T" or (len(value) == 1 and value <= _LAST_JAVA_CHARACTER)


def _narrowed(value: float) -> float | None:
    """*value* in 32 bits; None if it is too large for them."""
    try:
        (narrowed,) = struct.unpack(">f", struct.pack(">f", value))
    except OverflowError:
        return None
    return float(narrowed)


def _integers(bits: int) -> range:
    return range(-(2 ** (bits - 1)), 2 ** (bits - 1))


def _read_text(text: str) -> str:
    return text


def _read_character(text: str) -> str:
    if len(text) == 1:
        return text
    raise _not_a(
        "character", text, "exactly one character", "Write one, or T for text."
    )


def _read_boolean(text: str) -> bool:
    lowered = text.lower()
    if lowered in {"true", "false"}:
        return lowered == "true"
    raise _not_a("boolean", text, "true or false", "Write one of the two.")


def _read_integer(bits: int, text: str) -> int:
    number = whole_number(text)
    if number is not None and number in _integers(bits):
        return number
    expected = f"a whole number from {-(2 ** (bits - 1))} to {2 ** (bits - 1) - 1}"
    cure = "Write such a number, or a type that holds this one."
    raise _not_a("integer", text, expected, cure)


def _read_float(bits: int, text: str) -> float:
    if _WHOLE.fullmatch(text):
        return _read_bit_pattern(bits, text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if abs(number) < _TOO_LARGE[bits]:
            return number
    raise _not_a_float(bits, text)


def _read_bit_pattern(bits: int, text: str) -> float:
    """
    The float whose IEEE bits, as a signed number, are *text*.

    Source: Apache Felix, ConfigurationHandler.writeSimple, which writes every float so
    """
    pattern = whole_number(text)
    if pattern is None or pattern not in _integers(bits):
        raise _not_a_float(bits, text)
    (number,) = struct.unpack(
        _FLOAT_CODES[bits], pattern.to_bytes(bits // 8, signed=True)
    )
    if not isfinite(number):
        raise _not_a_float(bits, text)
    if number != 0 and abs(number) < _SMALLEST_NORMAL[bits]:
        # 3 would be 4.2e-45. Nobody means that.
        raise _not_a(
            "float",
            text,
            "a number with a dot or an exponent",
            "Write 3.0 for three: without a dot it is read as the bits of a float.",
        )
    return float(number)


def _not_a_float(bits: int, text: str) -> UnreadableError:
    expected = f"a number that fits into a float of {bits} bits"
    return _not_a("float", text, expected, "Write a number such as 1.5.")


def _not_a(rule: str, text: str, expected: str, cure: str) -> UnreadableError:
    return UnreadableError(
        found=shown(text),
        masked="a value that is not shown",
        expected=expected,
        cure=cure,
        rule=rule,
    )


# What the strings of a typed value mean under each letter, in capitals; "": none.
READERS: Final[Mapping[str, Callable[[str], Scalar]]] = {
    "": _read_text,
    "T": _read_text,
    "C": _read_character,
    "B": _read_boolean,
    **{letter: partial(_read_integer, n) for letter, n in _INTEGER_BITS.items()},
    "F": partial(_read_float, 32),
    "D": partial(_read_float, 64),
}
