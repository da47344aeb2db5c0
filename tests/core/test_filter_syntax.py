r"""
CM-12: a filter is read whole, or refused with the place of its fault.

OSGi's implementations read any character behind a backslash as itself; the cases where
we refuse it are at the end of `REFUSED`.
"""

import gc
import sys
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_admin.core.display import escaped
from config_admin.core.errors import InvalidFilterError
from config_admin.core.filter_syntax import (
    MAX_FILTER_CHARACTERS,
    MAX_FILTER_DEPTH,
    parse,
)
from config_admin.core.filters import Comparison, Group, Presence, Substrings
from config_admin.core.properties import Properties

OPENING = "a '(' is missing: each filter has its own parentheses, (key=value), "
OPENING += "also behind '&', '|' and '!'."
CLOSING = "a ')' is missing: close what was opened; '!' takes one filter."
KEY = "a key is missing: write (key=value)."
OPERATOR = "an operator is missing: write '=', '~=', '>=' or '<='; "
OPERATOR += "less than 5 is (!(key>=5))."
VALUE = "a value is missing: write one, or (key=*) if any will do."
ENDED = "it has already ended: join several with (&…) or (|…)."
PARENTHESIS = r"a parenthesis stands in a value: write '\(' for it."
BACKSLASH = r"a backslash stands in a value: write '\\' for it."
BYTE = r"stands a byte of no UTF-8 text: write '\\' for a backslash."

KEYS = (
    st.text(st.characters(exclude_characters="~<>=()"), min_size=1)
    .map(str.strip)
    .filter(lambda key: key and key[0] not in "&|!")
)
OPERANDS = st.text() | st.text("\\*()2a é")
ITEMS = (
    st.builds(Presence, KEYS)
    | st.builds(Comparison, KEYS, st.just("="), OPERANDS)
    | st.builds(
        Comparison, KEYS, st.sampled_from(["~=", ">=", "<="]), OPERANDS.filter(bool)
    )
    | st.builds(
        lambda key, first, inner, last: Substrings(key, (first, *inner, last)),
        KEYS,
        OPERANDS,
        st.lists(OPERANDS.filter(bool), max_size=3),
        OPERANDS,
    ).filter(lambda item: any(item.pieces))
)
FILTERS = st.recursive(
    ITEMS,
    lambda inner: (
        st.builds(
            Group,
            st.sampled_from("&|"),
            st.lists(inner, min_size=1, max_size=3).map(tuple),
        )
        | st.builds(Group, st.just("!"), st.tuples(inner))
    ),
    max_leaves=8,
)


def read_or_refused(text):
    try:
        return parse(text), None
    except InvalidFilterError as error:
        return None, error


@given(FILTERS)
def test_the_text_of_a_filter_is_read_as_an_equal_one(written):
    """CM-12."""
    assert parse(str(written)) == written


@given(
    st.text() | st.text("()&|!=~<>*\\a0 2", max_size=20) | FILTERS.map(str), st.data()
)
def test_any_text_is_read_or_refused(text, data):
    """CM-12."""
    cut = data.draw(st.slices(len(text)).map(lambda part: text[part]) | st.just(text))
    read, error = read_or_refused(cut)

    if error is None:
        assert parse(str(read)) == read
        assert str(parse(str(read))) == str(read)
    else:
        assert error.text == cut
        assert 1 <= error.position <= len(cut) + 1
        assert escaped(str(error)) == str(error)


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        # Source: the OSGi conformance tests, org.osgi.test.cases.framework.filter
        ("( a = bedroom  )", "(a= bedroom  )"),
        (" (a= bedroom  ) ", "(a= bedroom  )"),
        # Source: iPOPO, test_ldapfilter.py
        ("(|(test=True)(test2=False))", "(|(test=True)(test2=False))"),
        ("(test=True)", "(test=True)"),
        # Ours
        (" ( & ( a = 1 ) ( ! ( b >=2 ) ) ) ", "(&(a= 1 )(!(b>=2 )))"),
        ("\n(\t|\r\n(a=1)\u2003(a~=2)\n)\n", "(|(a=1)(a~=2))"),
        ("(A b  =1)", "(A b=1)"),
        ("(a=***)", "(a=*)"),
        ("(a=**b***c**)", "(a=*b*c*)"),
        ("(a>=*)", r"(a>=\*)"),
        (r"(a=\28\29\2A\2a\5c)", r"(a=\(\)\*\*\\)"),
        (r"(a=\c3\a9\e2\82\AC\*\41)", r"(a=é€\*A)"),
        (r"(a=\\2a)", r"(a=\\2a)"),
        (r"(a=\2a2a)", r"(a=\*2a)"),
        ("(a==b)", "(a==b)"),
        ("(a=&|!~<>=)", "(a=&|!~<>=)"),
        ("(a=)", "(a=)"),
    ],
)
def test_white_space_and_the_form_of_an_escape_do_not_count(text, normalised):
    """CM-12."""
    assert str(parse(text)) == normalised
    assert parse(text) == parse(normalised)


@given(st.text(min_size=1))
def test_every_text_can_be_written_in_bytes(value):
    """CM-12."""
    escapes = "".join(f"\\{byte:02x}" for byte in value.encode())

    assert parse(f"(key={escapes})") == Comparison("key", "=", value)


REFUSED = [
    # Source: the OSGi conformance tests, org.osgi.test.cases.framework.filter
    ("", 1, OPENING),
    ("()", 2, KEY),
    ("(=foo)", 2, KEY),
    ("(", 2, KEY),
    ("(abc = ))", 9, ENDED),
    ("(& (abc = xyz) (& (345))", 23, OPERATOR),
    ("  (room = b**oo!*m*) ) ", 22, ENDED),
    ("  (room = b**oo)*m*) ) ", 17, ENDED),
    ("  (room = *=b**oo*m*) ) ", 23, ENDED),
    ("  (room = =b**oo*m*) ) ", 22, ENDED),
    # Source: iPOPO, test_ldapfilter.py
    ("(test", 6, OPERATOR),
    ("(|(test=True)(test=False))))", 27, ENDED),
    ("(test)", 6, OPERATOR),
    ("((test=1)(test2=1))", 2, KEY),
    ("(test 12)", 9, OPERATOR),
    ("(test~12)", 6, OPERATOR),
    ("(test~)", 6, OPERATOR),
    ("(!(test=True)(test2=False))", 14, CLOSING),
    # iPOPO reads these: as no filter at all, and as less and greater
    ("   ", 4, OPENING),
    ("(id<10)", 4, OPERATOR),
    ("(id>10)", 4, OPERATOR),
    # Ours
    ("room=bedroom", 1, OPENING),
    ("  room", 3, OPENING),
    ("(a=1)(b=2)", 6, ENDED),
    ("(a=1) b", 7, ENDED),
    ("(a", 3, OPERATOR),
    ("(a=", 4, CLOSING),
    ("(a=1", 5, CLOSING),
    (r"(a=1\)", 7, CLOSING),
    ("(&(a=1)", 8, CLOSING),
    ("(&(a=1) b)", 9, CLOSING),
    ("(&)", 3, OPENING),
    ("(| )", 4, OPENING),
    ("(!", 3, OPENING),
    ("(  =1)", 4, KEY),
    ("(a:=1)(", 7, ENDED),
    ("(a>=)", 5, VALUE),
    ("(a<=)", 5, VALUE),
    ("(a~=", 5, VALUE),
    ("(a=x(y))", 5, PARENTHESIS),
    ("(a>=(", 5, PARENTHESIS),
    # Read by OSGi's implementations, as the letters themselves
    (r"(path=C:\temp)", 9, BACKSLASH),
    (r"(path=C:\2)", 9, BACKSLASH),
    ("(a=\\", 4, BACKSLASH),
    (r"(path=C:\data)", 9, BYTE),
    (r"(a=é\c3\28)", 5, BYTE),
    (r"(a=\c3\a9\ff)", 10, BYTE),
    (r"(a=\ed\a0\80)", 4, BYTE),
]


@pytest.mark.parametrize(("text", "position", "reason"), REFUSED)
def test_what_is_no_filter_is_told_where_and_why(text, position, reason):
    """CM-12."""
    with pytest.raises(InvalidFilterError) as caught:
        parse(text)

    assert caught.value.text == text
    assert caught.value.position == position
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("(!enabled=true)", "!enabled"),
        ("(& ab=b)", "& ab"),
        ("(|=c)", "|"),
        ("(!a>=1)", "!a"),
        ("(! a~=1)", "! a"),
    ],
)
def test_a_sign_before_an_operator_belongs_to_the_key(text, key):
    """CM-12. Equinox AbstractFilterTest."""
    assert parse(text).key == key


def nested(depth, sign, before=""):
    return f"({sign}{before}" * (depth - 1) + "(a=1)" + ")" * (depth - 1)


@pytest.mark.parametrize(
    ("sign", "before"), [("&", ""), ("|", ""), ("!", ""), ("&", "(a=1)")]
)
def test_a_filter_may_nest_so_deep_and_no_deeper(sign, before):
    """CM-12; as well behind another one."""
    deepest = parse(nested(MAX_FILTER_DEPTH, sign, before))

    assert deepest.matches(Properties({"a": 1})) is (sign != "!")
    assert parse(str(deepest)) == deepest
    with pytest.raises(InvalidFilterError) as caught:
        parse(nested(MAX_FILTER_DEPTH + 1, sign, before))
    in_front = f"({sign}{before}" * (MAX_FILTER_DEPTH - 1) + f"({sign}"
    assert caught.value.position == len(in_front) + 1
    assert caught.value.reason == "it nests deeper than 64: write it flatter."
    with pytest.raises(InvalidFilterError):
        parse(nested(10 * sys.getrecursionlimit(), sign))


def test_a_filter_may_be_so_long_and_no_longer():
    longest = f"(a={'b' * (MAX_FILTER_CHARACTERS - 4)})"

    assert str(parse(longest)) == longest
    with pytest.raises(InvalidFilterError) as caught:
        parse(f"{longest}(")
    assert caught.value.text == f"{longest}("
    assert caught.value.position == MAX_FILTER_CHARACTERS + 1
    assert caught.value.reason == "it becomes too long: write a shorter one."


SHAPES = {
    "openings": lambda size: "(" * size,
    "spaces": lambda size: "(" + " " * (size - 1),
    "spaces between": lambda size: "(&" + (" " * 100 + "(a=1)") * (size // 106) + ")",
    "spaces at the end": lambda size: "(a=1)" + " " * (size - 6) + "b",
    "a key": lambda size: "(" + "k " * (size // 2 - 1),
    "stars": lambda size: "(a=" + "*" * (size - 4) + ")",
    "pieces": lambda size: "(a=" + "b*" * (size // 2 - 3) + ")",
    "escapes": lambda size: "(a=" + r"\*" * (size // 2 - 3) + ")",
    "bytes": lambda size: "(a=" + r"\41" * (size // 3 - 3) + ")",
    "wrong bytes": lambda size: "(a=" + r"\41" * (size // 3 - 3) + r"\ff",
    "members": lambda size: "(|" + "(a=1)" * (size // 5 - 2) + ")",
    "digits": lambda size: "(a=" + "9" * (size - 5) + "x)",
}


def seconds_to_read_and_match(text):
    value = "b" * len(text)
    start = thread_time()
    read, _ = read_or_refused(text)
    if read is not None:
        read.matches(Properties({"a": value}))
        read.matches(Properties({"a": 2}))
        parse(str(read))
    return thread_time() - start


@pytest.fixture
def nothing_collected():
    """What is measured is not the garbage of the tests before."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("nothing_collected")
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_eight_times_the_text_takes_about_eight_times_as_long(shape):
    short, long = shape(MAX_FILTER_CHARACTERS // 8), shape(MAX_FILTER_CHARACTERS)

    once = min(seconds_to_read_and_match(short) for _ in range(3))
    more = min(seconds_to_read_and_match(long) for _ in range(2))

    assert more < 24 * once + 0.1
