"""What an annotation makes of a value."""

import enum
from collections import abc
from dataclasses import InitVar
from typing import Annotated, Any, Final, Literal, NewType, Optional, TypeVar, Union

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import TypeAliasType

from config_admin.core.annotations import UnreadableError, wanted_by
from config_admin.core.properties import Properties, Value, typed

Port = NewType("Port", int)
Ports = TypeAliasType("Ports", list[Port])
T = TypeVar("T")


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Mixed(enum.Enum):
    NUMBER = 1
    TEXT = "1"
    NEVER = object()


class Ratio(enum.Enum):
    HALF = 0.5
    WHOLE = 1.0


class Unsayable(enum.Enum):
    PAIR = (1, 2)


READ = [
    # CM-36: text
    (str, "5672", "5672"),
    (str, " a ", " a "),
    (str, "", ""),
    (int, " +007 ", 7),
    (float, "5", 5.0),
    (float, "1e3", 1000.0),
    (bool, "TRUE", True),
    (list[int], "1, 2 ,3", [1, 2, 3]),
    (list[int], "", []),
    (list[str], "a , b", ["a", "b"]),
    (list[float], "1, 2.5", [1.0, 2.5]),
    (list[bool], "true,FALSE", [True, False]),
    (tuple[int, ...], "1,2", (1, 2)),
    (set[int], "1,2,1", {1, 2}),
    (frozenset[str], "a,a", frozenset("a")),
    (abc.Sequence[int], "1", (1,)),
    (abc.Collection[int], "1", (1,)),
    (abc.Iterable[int], "1", (1,)),
    (abc.MutableSequence[int], "1", [1]),
    (abc.Set[int], "1", frozenset({1})),
    (abc.MutableSet[int], "1", {1}),
    (list, "a,b", ["a", "b"]),
    (list[Any], "1,2", ["1", "2"]),
    (list[int | str], "1,a", ["1", "a"]),
    # Values that have their type already
    (int, 5, 5),
    (float, 5, 5.0),
    (float, 0.5, 0.5),
    (bool, False, False),
    (str, "x", "x"),
    (list[int], (1, 2), [1, 2]),
    (list[int], ("1", " 2"), [1, 2]),
    (list[float], (1, 2), [1.0, 2.0]),
    (list[str], (" a",), [" a"]),
    (list[str], (), []),
    # Unions
    (int | str, "5", "5"),
    (int | float, "5", 5),
    (float | int, "5", 5),
    (int | float, "5.5", 5.5),
    (float | bool, 1, 1.0),
    (int | bool, "true", True),
    (int | list[int], "7", 7),
    (list[int] | int, "7,8", [7, 8]),
    (list[int] | int, "", []),
    (str | list[int], (1,), [1]),
    (str | list[int], "1,2", "1,2"),
    (Union[int, str], 5, 5),  # noqa: UP007 - it is still written
    (Optional[int], "5", 5),  # noqa: UP045 - as above
    (int | None, "", None),
    (int | None, " null ", None),
    (str | None, "", None),
    (list[str] | None, " ", None),
    (list[int | None], "1,,2", [1, None, 2]),
    (None, "null", None),
    # What is listed
    (Literal["a", "b"], "b", "b"),
    (Literal[1, 2], " 2", 2),
    (Literal[1, "1"], "1", "1"),
    (Literal[1, "1"], 1, 1),
    (Literal[True], "true", True),
    (Literal["a", None], "null", None),  # noqa: PYI061 - as above
    (Literal["auto"] | int, "5", 5),
    (Literal["auto"] | int, "auto", "auto"),
    (Literal[Colour.RED], "red", Colour.RED),
    (Literal["all"] | list[str], "a,b", ["a", "b"]),
    (Colour, "red", Colour.RED),
    (Colour | str, "red", Colour.RED),
    (Colour | str, "green", "green"),
    (Level, "2", Level.HIGH),
    (Level, 2, Level.HIGH),
    (Mixed, "1", Mixed.TEXT),
    (Mixed, 1, Mixed.NUMBER),
    (Ratio, "1", Ratio.WHOLE),
    (Ratio, 1, Ratio.WHOLE),
    (list[Level], "1,2", [Level.LOW, Level.HIGH]),
    # What only wraps a type
    (Annotated[int, {}], "5", 5),
    (list[Annotated[int, "small"]], "5", [5]),
    (Annotated[int | None, "small"], "null", None),
    (Final[int], "5", 5),
    (InitVar[int], "5", 5),
    (Port, "5", 5),
    (Ports, "5,6", [5, 6]),
    # Anything
    (Any, "5", "5"),
    (Any, "null", "null"),
    (object, 5, 5),
    (object, (1, 2), (1, 2)),
    (list[Value], "1,a", ["1", "a"]),
    (Value, "a,b", "a,b"),
    (Value, ("a", "b"), ("a", "b")),
]


@pytest.mark.parametrize(("annotation", "value", "expected"), READ)
def test_a_value_becomes_what_the_annotation_says(annotation, value, expected):
    """CM-24, CM-36."""
    found = wanted_by(annotation).read(value)

    assert (type(found), repr(found)) == (type(expected), repr(expected))


REFUSED = [
    (int, "x", "a whole number", None),
    (int, "", "a whole number", None),
    (int, "5.0", "a whole number", None),
    (int, "1_000", "a whole number", None),
    (int, "9223372036854775808", "a whole number", None),
    (int, 5.0, "a whole number", None),
    (int, True, "a whole number", None),
    (int, (5,), "a whole number", None),
    (float, "1e999", "a number", None),
    (float, "nan", "a number", None),
    (float, True, "a number", None),
    (bool, "yes", "true or false", None),
    (bool, 1, "true or false", None),
    (str, 5, "text", None),
    (str, True, "text", None),
    (str, ("a",), "text", None),
    (list[int], "1, x", "a whole number", 2),
    (list[int], "1,,2", "a whole number", 2),
    (list[int], ("1", "y"), "a whole number", 2),
    (list[int], (True,), "a whole number", 1),
    (list[int], 5, "a list", None),
    (list[str], (1,), "text", 1),
    (int | None, "x", "a whole number or null", None),
    (int | bool, "x", "a whole number or true or false", None),
    (int | list[int], True, "a whole number or a list", None),
    (Literal["a", "b"], "c", "one of 'a', 'b'", None),
    (Literal["a"], " a", "one of 'a'", None),
    (Literal[1], True, "one of 1", None),
    (Literal[1] | bool, "x", "true or false or one of 1", None),
    (Colour, "RED", "one of 'red', 'blue'", None),
    (Level, "3", "one of 1, 2", None),
    (Literal[*range(13)], "x", f"one of {', '.join(map(str, range(12)))}, …", None),
]


@pytest.mark.parametrize(("annotation", "value", "expected", "element"), REFUSED)
def test_what_cannot_be_read_is_refused(annotation, value, expected, element):
    """CM-24, CM-36: never a guess."""
    with pytest.raises(UnreadableError) as caught:
        wanted_by(annotation).read(value)

    error = caught.value
    assert error.expected == expected
    assert error.element == element
    assert error.args == (error.value, expected, element)


TWO_LISTS = "two kinds of lists"  # which of them a text is cannot be told
FOREIGN = [
    (dict, (dict,)),
    (dict[str, str], (dict[str, str],)),
    (bytes, (bytes,)),
    (T, (T,)),
    (Unsayable, (Unsayable,)),
    (Literal[b"a"], (Literal[b"a"],)),
    (list[list[int]], (list[list[int]],)),
    (list[int | list[int]], (list[int | list[int]],)),
    (list[bytes], (bytes,)),
    (tuple[int, str], (tuple[int, str],)),
    (list[int] | tuple[str, ...], (TWO_LISTS,)),
    (list[bytes] | set[int], (bytes, TWO_LISTS)),
    (int | dict[str, str], (dict[str, str],)),
    (abc.Callable[[], int], (abc.Callable[[], int],)),
    ("int", ("int",)),
]


@pytest.mark.parametrize(("annotation", "foreign"), FOREIGN)
def test_a_type_that_no_property_can_be_is_told(annotation, foreign):
    assert wanted_by(annotation).foreign == foreign


@pytest.mark.parametrize(("annotation", "value", "expected"), READ)
def test_no_type_that_can_be_read_is_foreign(annotation, value, expected):
    assert wanted_by(annotation).foreign == ()


LEFT = [
    (int, "5", 5),
    (int, "x", "x"),
    (int, 5.0, 5.0),
    (bool, "yes", "yes"),
    (dict, "{}", "{}"),
    (list[int], "1, x", ["1", "x"]),
    (list[int], (True,), [True]),
    (list[int], 5, 5),
    (set[bytes], "a,b", {"a", "b"}),
    (tuple[int, str], "1,a", ("1", "a")),
    (list[list[int]], "a,b", ["a", "b"]),
    (list[list[str]], "a,b", ["a", "b"]),
    (int | dict, "5", 5),
]


@pytest.mark.parametrize(("annotation", "value", "expected"), LEFT)
def test_what_cannot_be_read_is_left_to_a_model_that_judges(
    annotation, value, expected
):
    found = wanted_by(annotation).read_or_leave(value)

    assert (type(found), found) == (type(expected), expected)


SCALARS = [
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
]
VALUES = st.one_of(*SCALARS, *(st.lists(one, max_size=3).map(tuple) for one in SCALARS))


@given(VALUES, st.sampled_from([str, int, float, bool]))
def test_a_field_gets_its_type_or_nothing(value, annotation):
    """CM-24: never text in a field of numbers."""
    for wanted in (annotation, list[annotation]):
        try:
            found = wanted_by(wanted).read(value)
        except UnreadableError:
            continue
        items = found if wanted is not annotation else [found]
        assert {type(item) for item in items} <= {annotation}


@given(VALUES)
def test_anything_is_handed_on_as_it_is(value):
    found = wanted_by(object).read(value)

    assert typed(found) == typed(Properties({"key": value})["key"])
