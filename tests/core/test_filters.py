r"""
CM-12: what a filter matches.

The tables hold the cases of others' test suites. Lists hold one type here, so the mixed
ones of the OSGi suite are lists of numbers, and a character is a text. Where we differ
from OSGi's implementations, from Felix or from iPOPO is in `DIFFERENCES`, with reasons.
"""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from config_admin.core.filter_syntax import parse
from config_admin.core.filters import Comparison, Presence, Substrings
from config_admin.core.properties import Properties

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
INTEGERS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
NUMBERS = INTEGERS | FLOATS | st.integers(-3, 3) | st.sampled_from([0.0, -0.0, 0.5])

# So few of them that matches are common.
FEW = ["a", "A", "b", "", "1", "true", 1, 1.0, 2, True, False, [], [1, 2], ["a", "b"]]
SOME_PROPERTIES = st.dictionaries(st.sampled_from("xyz"), st.sampled_from(FEW)).map(
    Properties
)
SOME_ITEMS = st.builds(
    "({}{}{})".format,
    st.sampled_from("xyzXYZ"),
    st.sampled_from(["=", ">=", "<=", "~="]),
    st.sampled_from(["a", "A", "b", "1", "2.0", "true", " 1 ", "*", "a*", "*b*"]),
)
SOME_FILTERS = st.recursive(
    SOME_ITEMS,
    lambda inner: (
        st.builds(
            lambda sign, members: f"({sign}{''.join(members)})",
            st.sampled_from("&|"),
            st.lists(inner, min_size=1, max_size=3),
        )
        | inner.map("(!{})".format)
    ),
    max_leaves=6,
)


def matches(text, properties):
    return parse(text).matches(Properties(properties))


# Source: the OSGi conformance tests, org.osgi.test.cases.framework.filter
OSGI_PROPERTIES = {
    "room": "bedroom",
    "channel": [34, 101],
    "status": "(on\\)*",
    "max record time": [150, 100],
    "canrecord": "true(x)",
    "shortvalue": 1000,
    "bytevalue": 10,
    "floatvalue": 1.01,
    "doublevalue": 2.01,
    "charvalue": "A",
    "booleanvalue": False,
    "primintarrayvalue": [1, 2, 3],
    "primdoublearrayvalue": [1.1, 2.2, 3.3],
    "primchararrayvalue": ["A", "b", "C", "d"],
    "primbooleanarrayvalue": [False],
    "bigintvalue": 4123456,
    "bigdecvalue": 4.123456,
}
OSGI = [
    ("(room=*)", True),
    ("(room=bedroom)", True),
    ("(room~= B E D R O O M )", True),
    ("(room=abc)", False),
    (" ( room >=aaaa)", True),
    ("(room <=aaaa)", False),
    ("  ( room =b*) ", True),
    ("  ( room =*m) ", True),
    ("(room=bed*room)", True),
    ("  ( room =b*oo*m) ", True),
    ("  ( room =*b*oo*m*) ", True),
    ("  ( room =b*b*  *m*) ", False),
    ("  (& (room =bedroom) (channel ~= 34))", True),
    ("  (&  (room =b*)  (room =*x) (channel=34))", False),
    ("(| (room =bed*)(channel=222)) ", True),
    ("(| (room =boom*)(channel=101)) ", True),
    ("  (! (room =ab*b*oo*m*) ) ", True),
    (r"  (status =\(o*\\\)\*) ", True),
    (r"  (canRecord =true\(x\)) ", True),
    ("(max Record Time <=140) ", True),
    ("(shortValue >= 100) ", True),
    ("  (  &  (  byteValue <= 100  )  (  byteValue >= 10  )  )  ", True),
    ("(weirdValue = 100) ", False),
    ("(bigIntValue = 4123456) ", True),
    ("(bigDecValue = 4.123456) ", True),
    ("(floatValue >= 1.0) ", True),
    ("(doubleValue <= 2.011) ", True),
    ("(charValue ~= a) ", True),
    ("(booleanValue = false) ", True),
    ("(primIntArrayValue = 1) ", True),
    ("(primDoubleArrayValue = 2.2) ", True),
    ("(primCharArrayValue ~= D) ", True),
    ("(primBooleanArrayValue = false) ", True),
    ("(& (| (room =d*m) (room =bed*) (room=abc)) (! (channel=999)))", True),
]


@pytest.mark.parametrize(("text", "expected"), OSGI)
def test_it_matches_as_the_osgi_conformance_tests_want(text, expected):
    """CM-12."""
    assert matches(text, OSGI_PROPERTIES) is expected


@pytest.mark.parametrize("text", ["(room=bedroom)", "(room>=a)", "(room=*)"])
def test_nothing_matches_no_properties(text):
    assert not matches(text, {})


# Source: the questions of Equinox, org.eclipse.osgi.tests.filter.FilterTests
@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("(key=)", "", True),
        ("(key=)", "a", False),
        ("(key=*)", "", True),
        ("(key= )", " ", True),
        ("(key=*)", " ", True),
        ("(key>=7000000000)", 7_000_000_000, True),
        ("(key=*)", 7, True),
        ("(key=x)", 7, False),
        ("(key=)", 7, False),
        ("(key=*)", 0.5, True),
        ("(key=x)", 0.5, False),
        ("(key=)", 0.5, False),
        ("(key=*)", False, True),
        ("(key=x)", True, False),
        ("(key=)", True, False),
        ("(key=70*)", 700, False),
        ("(key=7*0)", 700, False),
        ("(key=0*5)", 0.5, False),
        ("(key=tr*)", True, False),
    ],
)
def test_an_operand_that_is_not_of_the_type_of_the_value_matches_nothing(
    text, value, expected
):
    assert matches(text, {"key": value}) is expected


def test_a_key_may_be_any_text():
    assert matches("(*=a)", {"*": "a"})
    assert matches("(a b.c-d=1)", {"a b.c-d": 1})
    assert matches(r"(\2a=1)", {r"\2a": 1})


# Source: Apache Felix, SimpleFilterTest
@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("*", "", True),
        ("foo", "", False),
        ("", "", True),
        ("", "foo", False),
        ("foo", "foo", True),
        ("foo", "barfoo", False),
        ("foo", "foobar", False),
        ("foo*", "foo", True),
        ("foo*", "barfoo", False),
        ("foo*", "foobar", True),
        ("*foo", "foo", True),
        ("*foo", "barfoo", True),
        ("*foo", "foobar", False),
        ("foo*bar", "foobar", True),
        ("foo*bar", "barfoo", False),
        ("foo*bar", "foosldfjbar", True),
        ("*foo*bar", "foobar", True),
        ("*foo*bar", "foobarfoo", False),
        ("*foo*bar", "barfoobar", True),
        ("*foo*bar", "sdffoobsdfbar", True),
        ("*foo*bar*", "foobar", True),
        ("*foo*bar*", "foobarfoo", True),
        ("*foo*bar*", "barfoobar", True),
        ("*foo*bar*", "sdffoobsdfbar", True),
        ("*foo*bar*", "sdffoobsdfbarlj", True),
        ("*foo*bar*", "sdffobsdfbarlj", False),
        (r"*foo\(*bar*", "foo()bar", True),
        ("*foo*bar*bar", "foobar", False),
        ("aaaa*aaaa", "aaaaaaa", False),
        ("aaa**aaa", "aaaaaa", True),
        # Ours
        ("*foo*bar*", "barfoo", False),
        ("*a*a*", "a", False),
        ("a.*", "ab", False),
    ],
)
def test_a_star_is_any_text(pattern, value, expected):
    """CM-12."""
    assert matches(f"(key={pattern})", {"key": value}) is expected


# Source: Apache Felix, FilterTest
@pytest.mark.parametrize(
    ("text", "properties", "expected"),
    [
        ("(missing=value)", {"one": "one-value", "two": "two-value"}, False),
        ("(&(b=true)(s=A)(s=B))", {"b": True, "s": ["A", "B"]}, True),
    ],
)
def test_it_matches_as_felix_does(text, properties, expected):
    assert matches(text, properties) is expected


# Source: iPOPO, test_ldapfilter.py; what it matches, and what it does not
IPOPO = [
    ("(key=True)", [True, "True"], [False]),
    ("(key=*)", [True, False, "1234"], []),
    ("(key=after*)", ["after", "after1234"], ["1324after", "before", "After"]),
    ("(key=*before)", ["before", "1234before"], ["after", "before1234"]),
    ("(key=*middle*)", ["middle", "aaamiddle1", "middle4", "7middle"], ["miDDle"]),
    ("(key=*mi*ed*)", ["mixed", "mixed1", "798mixed", "mi O_O ed"], ["Mixed"]),
    ("(key=*li*ed*)", [["listed"], ["t", "aaaliXed123"]], [[], ["LixeD"], ["t"]]),
    ("(key=t)", [["t"], ["i", "t"], ["t", "i"]], [[], ["i"], ["*t*"]]),
    ("(key<=10)", ["-10", -10, 0, 9, 10], [11, "12"]),
    ("(key>=10)", [10, 11, "12"], ["-10", -10, 0, 9]),
    ("(key>=13)", [14.0, 14], [12.0]),
    ("(key>=13.0)", [14.0, 14], [12.0, 12]),
    ("(key>=13.0 + 1j)", [], [14, 14.0]),
    ("(key~=aBc)", ["abc", "ABC", "aBc", "Abc"], ["bac", "aDc"]),
    ("(key~=dEf)", [["abc", "def"], ["DEF"]], [[], ["aBc"]]),
    ("(key=False)", [False, [False], [True, False]], [True, [True], "1123", 1, 0]),
    ("(!(key=False))", [True, [True], "1123", 1, 0], [False, [False], [True, False]]),
]


@pytest.mark.parametrize(("text", "among", "others"), IPOPO)
def test_it_matches_as_ipopo_does(text, among, others):
    assert all(matches(text, {"key": value}) for value in among)
    assert not any(matches(text, {"key": value}) for value in others)


# What differs, and why.
DIFFERENCES = [
    # OSGi reads the operand as the type of the value: 2.5 is no whole number there.
    ("(key>=2.5)", 3, True),
    ("(key=3.0)", 3, True),
    ("(key=3e0)", [1, 3], True),
    # Java also reads these as numbers.
    ("(key<=Infinity)", 1.5, False),
    ("(key=1.5f)", 1.5, False),
    ("(key=0x1.8p0)", 1.5, False),
    ("(key=٣)", 3, False),
    # To Java every text but "true" is false. A slip should not match.
    ("(key=flase)", False, False),
    # Equinox ranks false below true; OSGi's table knows "equality comparisons only".
    ("(key>=false)", True, False),
    ("(key<=false)", False, True),
    # To Equinox ** matches text alone; like Felix we read it as *.
    ("(key=**)", 3, True),
    # To Equinox this asks for presence; to Felix and us a space in a value counts.
    ("(key=* )", "a", False),
    ("(key=* )", "a ", True),
    # To iPOPO something empty is not there.
    ("(key=*)", "", True),
    ("(key=*)", [], True),
    # iPOPO reads * behind ~= as any text; to OSGi it is itself there, and behind >=.
    ("(key~=*test*)", "a test", False),
    ("(key~=*test*)", "* TEST *", True),
    ("(key>=*)", "*", True),
    # iPOPO compares text that looks like a number as one; to OSGi it is text.
    ("(key>=10)", "9", True),
    ("(key=10)", "10.0", False),
]


@pytest.mark.parametrize(("text", "value", "expected"), DIFFERENCES)
def test_where_others_differ_it_matches_so(text, value, expected):
    assert matches(text, {"key": value}) is expected


@given(SOME_FILTERS, SOME_PROPERTIES, st.sampled_from([str.upper, str.lower]))
def test_the_case_of_a_key_does_not_count(text, properties, other_case):
    """CM-12."""
    swapped = Properties({other_case(key): value for key, value in properties.items()})

    assert parse(text).matches(swapped) is parse(text).matches(properties)


@given(
    INTEGERS | FLOATS | st.integers(-3, 3), NUMBERS, st.sampled_from(["=", ">=", "<="])
)
def test_numbers_compare_as_numbers(value, operand, sign):
    """CM-12."""
    expected = {"=": value == operand, ">=": value >= operand, "<=": value <= operand}

    assert matches(f"(key{sign} {operand}\t)", {"key": value}) is expected[sign]


@pytest.mark.parametrize("sign", ["=", "~=", "<=", ">="])
@pytest.mark.parametrize("length", [20, 640, 641, 5_000, 60_000])
def test_a_number_of_any_length_is_compared(sign, length):
    digits = "9" * length

    assert matches(f"(key{sign}{digits})", {"key": 1}) is (sign == "<=")
    assert matches(f"(key{sign}-{digits})", {"key": 1.5}) is (sign == ">=")


@pytest.mark.parametrize("sign", ["=", "~=", "<=", ">="])
def test_zeros_before_a_number_do_not_count(sign):
    assert matches(f"(key{sign}{'0' * 600}{2**63 - 1})", {"key": 2**63 - 1})
    assert matches(f"(key{sign}{'0' * 600}{2**63 - 1})", {"key": 2**63 - 2}) is (
        sign == "<="
    )


@given(TEXT, TEXT, st.sampled_from(["=", ">=", "<="]))
def test_text_compares_as_text(value, operand, sign):
    assume(operand)
    expected = {"=": value == operand, ">=": value >= operand, "<=": value <= operand}

    compared = Comparison("key", sign, operand).matches(Properties({"key": value}))

    assert compared is expected[sign]


@pytest.mark.parametrize(
    ("operand", "value"),
    [
        ("Eu West", "euwest"),
        ("\t eu-1\n", "EU-1"),
        ("STRASSE", "straße"),
        (" 3 ", 3),
        ("TRUE", True),
    ],
)
def test_about_equal_ignores_case_and_white_space(operand, value):
    """CM-12."""
    assert matches(f"(key~={operand})", {"key": value})
    assert not matches(f"(key~={operand}1)", {"key": value})


@pytest.mark.parametrize("operand", ["true", "True", "TRUE", " tRuE "])
def test_a_boolean_is_true_or_false_in_any_case(operand):
    """CM-12."""
    assert matches(f"(key={operand})", {"key": True})
    assert not matches(f"(key={operand})", {"key": False})


@given(
    st.lists(st.text("ab", max_size=2) | st.text(max_size=2), min_size=2, max_size=5),
    st.text("ab", max_size=8)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
)
def test_pieces_fit_where_a_regular_expression_does(pieces, value):
    assume(any(pieces))
    expected = re.fullmatch(".*".join(map(re.escape, pieces)), value, re.DOTALL)
    first, *inner, last = pieces
    pieces = (first, *filter(None, inner), last)

    fits = Substrings("key", pieces).matches(Properties({"key": value}))

    assert fits is (expected is not None)


@given(SOME_FILTERS, SOME_FILTERS, SOME_PROPERTIES)
def test_groups_keep_the_laws_of_logic(one, other, properties):
    """CM-12."""

    def is_true(text):
        return parse(text).matches(properties)

    assert is_true(f"(&{one}{other})") is (is_true(one) and is_true(other))
    assert is_true(f"(|{one}{other})") is (is_true(one) or is_true(other))
    assert is_true(f"(!{one})") is not is_true(one)
    assert is_true(f"(!(&{one}{other}))") is is_true(f"(|(!{one})(!{other}))")
    assert is_true(f"(!(|{one}{other}))") is is_true(f"(&(!{one})(!{other}))")
    assert is_true(f"(&{one})") is is_true(f"(|{one})") is is_true(one)


@given(SOME_ITEMS, SOME_PROPERTIES)
def test_what_is_absent_matches_only_a_negation(item, properties):
    """CM-12."""
    absent = properties.without([parse(item).key])

    assert not parse(item).matches(absent)
    assert matches(f"(!{item})", absent)


@given(SOME_FILTERS)
def test_a_filter_is_a_value(text):
    assert parse(text) == parse(text)
    assert hash(parse(text)) == hash(parse(text))
    assert parse(text) != Presence("another")
