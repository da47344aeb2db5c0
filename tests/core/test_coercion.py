"""Text to typed values and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_admin.core.coercion import (
    Kind,
    coerced,
    holds_placeholder,
    means_absent,
    text_of,
)
from config_admin.core.properties import Properties, typed

INTEGER = Kind(("integer",))
NUMBER = Kind(("number",))
BOOLEAN = Kind(("boolean",))
STRING = Kind(("string",))
INTEGERS = Kind(("array",), ("integer",))
NUMBERS = Kind(("array",), ("number",))
BOOLEANS = Kind(("array",), ("boolean",))
STRINGS = Kind(("array",), ("string",))
KINDS = [INTEGER, NUMBER, BOOLEAN, STRING, INTEGERS, NUMBERS, BOOLEANS, STRINGS, Kind()]

CASES = [
    ("5672", INTEGER, 5672),
    (" +007 ", INTEGER, 7),
    ("-1", INTEGER, -1),
    ("9223372036854775807", INTEGER, 2**63 - 1),
    ("9223372036854775808", INTEGER, "9223372036854775808"),
    ("-9223372036854775808", INTEGER, -(2**63)),
    ("-9223372036854775809", INTEGER, "-9223372036854775809"),
    (f"{5:040}", INTEGER, 5),
    (f"{5:041}", INTEGER, f"{5:041}"),
    ("1" * 5000, INTEGER, "1" * 5000),
    ("5.0", INTEGER, "5.0"),
    ("1_000", INTEGER, "1_000"),
    ("0x10", INTEGER, "0x10"),
    ("٣", INTEGER, "٣"),
    ("", INTEGER, ""),
    ("5", NUMBER, 5),
    ("5.0", NUMBER, 5.0),
    (".5", NUMBER, 0.5),
    ("1e3", NUMBER, 1000.0),
    ("1e999", NUMBER, "1e999"),
    ("nan", NUMBER, "nan"),
    ("inf", NUMBER, "inf"),
    ("1,5", NUMBER, "1,5"),
    ("TRUE", BOOLEAN, True),
    (" false", BOOLEAN, False),
    ("yes", BOOLEAN, "yes"),
    ("1", BOOLEAN, "1"),
    ("5672", STRING, "5672"),
    ("5672", Kind(), "5672"),
    ("5", Kind(("integer", "string")), "5"),
    ("true", Kind(("integer", "boolean")), True),
    ("1, 2 ,3", INTEGERS, [1, 2, 3]),
    ("", INTEGERS, []),
    (" ", STRINGS, []),
    ("1,,2", INTEGERS, [1, "", 2]),
    ("1, x", INTEGERS, [1, "x"]),
    ("1, 2.5", NUMBERS, [1.0, 2.5]),
    ("a , b", STRINGS, ["a", "b"]),
    ("true,FALSE", BOOLEANS, [True, False]),
    ("a,b", Kind(("array",)), ["a", "b"]),
    ("7", Kind(("integer", "array"), ("integer",)), 7),
    ("7,8", Kind(("integer", "array"), ("integer",)), [7, 8]),
    (("1", "2"), INTEGERS, [1, 2]),
    ((" a",), STRINGS, [" a"]),
    ((1, 2), BOOLEANS, [1, 2]),
    ("a,b", Kind(("array", "string"), ("string",)), "a,b"),
    ("5, x", Kind(("array",), ("integer", "string")), ["5", "x"]),
    (5, BOOLEAN, 5),
    (True, INTEGER, True),
]


@pytest.mark.parametrize(("value", "kind", "expected"), CASES)
def test_text_becomes_what_is_declared_or_stays_text(value, kind, expected):
    found = coerced(value, kind)

    assert repr(found) == repr(expected)


@pytest.mark.parametrize("value", ["", " ", "\t", "null", " null "])
def test_blank_and_null_mean_absent(value):
    assert means_absent(value)


@pytest.mark.parametrize("value", ["Null", "NULL", "none", "0", 0, False, ()])
def test_nothing_else_means_absent(value):
    assert not means_absent(value)


@pytest.mark.parametrize(
    ("value", "does"),
    [
        ("${port}", True),
        ("http://${host}/", True),
        ("$[env:PORT]", True),
        (("a", "$[secret:b]"), True),
        (("${a}", "b"), True),
        ("$port {a}", False),
        ("", False),
        (("a", "b"), False),
        ((), False),
        (("$", "{a}"), False),
        ((1, 2), False),
        (1, False),
        (True, False),
    ],
)
def test_a_value_may_hold_what_is_put_in_later(value, does):
    assert holds_placeholder(value) is does


TEXTS = [
    (5672, INTEGER, "5672"),
    (True, BOOLEAN, "true"),
    ((1, 2), INTEGERS, "1,2"),
    ((), INTEGERS, ""),
    (2.5, NUMBER, "2.5"),
    (5.0, NUMBER, "5.0"),
    (("a", "B"), STRINGS, "a,B"),
    ("as is", INTEGER, "as is"),
    (5.0, INTEGER, None),
    (5672, STRING, None),
    (5672, Kind(), None),
    (("a,b",), STRINGS, None),
    ((" a",), STRINGS, None),
    (("",), STRINGS, None),
]


@pytest.mark.parametrize(("value", "kind", "text"), TEXTS)
def test_a_value_has_a_text_only_if_it_comes_back_the_same(value, kind, text):
    assert text_of(value, kind) == text


SCALARS = [st.text(), st.integers(), st.floats(), st.booleans()]


@given(
    st.one_of(*SCALARS, *(st.lists(each).map(tuple) for each in SCALARS)),
    st.sampled_from(KINDS),
)
def test_the_text_of_a_typed_value_is_turned_back_into_it(value, kind):
    """The law that writing typed values to a `.cfg` file leans on."""
    text = text_of(value, kind)
    if text is not None and not isinstance(value, str):
        back = coerced(text, kind)
        again = tuple(back) if isinstance(back, list) else back
        assert typed(again) == typed(value)


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
)
def test_what_text_becomes_can_be_a_property_or_breaks_the_type(text):
    for kind in KINDS:
        found = coerced(text, kind)
        if not isinstance(found, list) or len({type(item) for item in found}) <= 1:
            Properties({"key": found})
