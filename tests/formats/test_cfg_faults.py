import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_admin.core.diagnostics import Severity
from config_admin.core.errors import FormatError
from config_admin.formats import cfg


def faults(text):
    with pytest.raises(FormatError) as caught:
        cfg.loads(text)
    return caught.value.diagnostics


def fault(text):
    (only,) = faults(text)
    return only


FAULTS = [
    # text, key, line, column, rule, part of the sentence
    ("a=1\n  =2\n", None, 2, 3, "key", "a line without a key"),
    ("\\\n", None, 1, 1, "key", "or # to make the line a comment"),
    ("Key=1\n\nkey=2\n", "key", 3, 1, "unique-key", "'Key' on line 1"),
    ("a=x\\u00zz\n", "a", 1, 4, "unicode-escape", r"'\u00zz'"),
    ("a=x\\u00\n", "a", 1, 4, "unicode-escape", r"'\u00'"),
    ("a=x\\\n  y\\u00\\\n  zz\n", "a", 2, 4, "unicode-escape", r"'\u00zz'"),
    ("k\\u1=v\n", None, 1, 2, "unicode-escape", r"'\u1'"),
    ("a=C:\\users\n", "a", 1, 5, "unicode-escape", "a backslash and a u"),
    ("a=\\uD83D!\n", "a", 1, 3, "surrogate-pair", "half of a surrogate pair"),
    ("a=\\uDE00\\uD83D\\uDE00\n", "a", 1, 3, "surrogate-pair", "both"),
    ('a="\\u12"\n', "a", 1, 4, "unicode-escape", r"'\u12'"),
    ('a = I"abc"\n', "a", 1, 6, "integer", "'abc', expected a whole number from"),
    ('a=X["1",\\\n "128"]\n', "a", 2, 2, "integer", "'128'"),
    ('a=S"32768"\n', "a", 1, 4, "integer", "from -32768 to 32767"),
    ('a=I"2147483648"\n', "a", 1, 4, "integer", "a type that holds this"),
    ('a=L"9223372036854775808"\n', "a", 1, 4, "integer", "9223372036854775807"),
    ('a=I"\u0661"\n', "a", 1, 4, "integer", "a whole number"),
    ('a=I""\n', "a", 1, 4, "integer", "''"),
    ('a=I"1_0"\n', "a", 1, 4, "integer", "'1_0'"),
    ('a=B"yes"\n', "a", 1, 4, "boolean", "true or false"),
    ('a=C""\n', "a", 1, 4, "character", "exactly one character"),
    ('a=c"xy"\n', "a", 1, 4, "character", "T for text"),
    ('a=F"3"\n', "a", 1, 4, "float", "Write 3.0"),
    ('a=D"3"\n', "a", 1, 4, "float", "Write 3.0"),
    ('a=F"-2147483647"\n', "a", 1, 4, "float", "a dot or an exponent"),
    ('a=F"2139095040"\n', "a", 1, 4, "float", "a float of 32 bits"),
    ('a=F"9999999999"\n', "a", 1, 4, "float", "a float of 32 bits"),
    ('a=F"1e39"\n', "a", 1, 4, "float", "a float of 32 bits"),
    ('a=D"1e309"\n', "a", 1, 4, "float", "a float of 64 bits"),
    ('a=D"NaN"\n', "a", 1, 4, "float", "such as 1.5"),
    ('a=D"1_0.5"\n', "a", 1, 4, "float", "such as 1.5"),
    ('a=I"x"\na=I"1"\n', "a", 1, 4, "integer", "'x'"),
]


@pytest.mark.parametrize("case", FAULTS, ids=[repr(case[0]) for case in FAULTS])
def test_a_fault_says_where_it_is_and_what_to_do(case):
    text, *expected, sentence = case

    found = faults(text)[0]

    assert [found.key, found.line, found.column, found.rule] == expected
    assert found.severity is Severity.ERROR
    assert sentence in str(found)
    assert found.cure.endswith(".")


def test_all_faults_of_a_text_are_told_at_once_in_the_order_of_their_places():
    text = "b=\\ud83d \\u1\n=x\na=1\nk\\u=\\u\nA=2\nB=3\n"

    assert [(found.line, found.column, found.rule) for found in faults(text)] == [
        (1, 3, "surrogate-pair"),
        (1, 10, "unicode-escape"),
        (2, 1, "key"),
        (4, 2, "unicode-escape"),
        (4, 5, "unicode-escape"),
        (5, 1, "unique-key"),
        (6, 1, "unique-key"),
    ]


def test_all_faults_of_a_typed_text_are_told_at_once():
    text = 'a=I["x", "1", "y"]\nb=B"\\u0"\n=C"ab"\n'

    assert [(found.line, found.column, found.key) for found in faults(text)] == [
        (1, 5, "a"),
        (1, 15, "a"),
        (2, 5, "b"),
        (3, 1, None),
        (3, 3, None),
    ]


@pytest.mark.parametrize(
    "text",
    [
        'db.password=I"hunter2"\n',
        'token=B["hunter2"]\n',
        'apiKey=D"hunter2"\n',
        'client-secret=C"hunter2"\n',
        "password=\\uhunter2\n",
        'password="\\uhunter2"\n',
        "pass\\u00zz=\\uhunter2\n",
        '=I"hunter2"\n',
    ],
)
def test_a_fault_shows_nothing_of_a_secret(text):
    """CM-37."""
    for found in faults(text):
        assert "hunt" not in str(found)
        assert "hunt" not in repr(found)


def test_what_is_shown_of_a_value_is_escaped():
    """CM-51."""
    found = fault('a=I"\x1b[2J\u202e"\n')

    assert str(found).isascii()
    assert str(found).isprintable()


PIECES = ["\\", "u", "D83D", "\\uDE00", "=", "a", "A", "\n", '"', "I", "[", " "]


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_a_refused_text_has_faults_each_with_a_place(text):
    places = places_of_faults(text)

    assert places is None or places == sorted(places)
    assert places != []


def places_of_faults(text):
    """The places of all faults of *text*; None if it can be read."""
    try:
        cfg.loads(text)
    except FormatError as error:
        return [(found.line, found.column) for found in error.diagnostics]
    return None


WARNINGS = [
    ("a=1\n\na=2\n", "a", 3, "repeated-key", "on line 3 as on line 1"),
    ("a=1\n [main]\nb=2\n", "[main]", 2, "section", "no sections"),
    ("[my section]\n", "[my", 1, "section", "no sections"),
    ('a=1\nb="2"\nc=3\n', "b", 2, "half-typed", "looks typed in a file with 2 plain"),
    ('a=I"1"\nb=I"2"\nc=3\n', "c", 3, "half-typed", "looks plain in a file with 2"),
    ("a=x \n", "a", 1, "blank-end", "white space behind the value"),
    ("a=1\n\nb = x\\\n  y\t\n", "b", 4, "blank-end", "Remove it"),
    ("a=x\\ \t\n", "a", 1, "blank-end", "if it is meant"),
    ("dir\\temp=x\n", "dir\temp", 1, "tab-in-key", "a key with a tab"),
    ("my\tkey = x\n", "my", 1, "tab-in-key", "ends the key before the ="),
    ("port\n", "port", 1, "separator", "no = behind the key"),
    ("port 8080\n", "port", 1, "separator", "The first blank ends the key"),
    ("a=\u201cx\u201d\n", "a", 1, "curly-quotes", "belong to it"),
    ("a=I\u201c3\u201d\n", "a", 1, "curly-quotes", "straight ones"),
    ("a=\u2018x\u2019\n", "a", 1, "curly-quotes", "Remove them"),
]


@pytest.mark.parametrize(("text", "key", "line", "rule", "sentence"), WARNINGS)
def test_what_deserves_a_look_is_told_and_refuses_nothing(
    text, key, line, rule, sentence
):
    (warning,) = cfg.read(text).warnings

    assert (warning.key, warning.line, warning.rule) == (key, line, rule)
    assert warning.severity is Severity.WARNING
    assert sentence in str(warning)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a=1\nb=2\n",
        'a=I"1"\nb=["x"]\n',
        "[a]=b]\n",
        "list=[a,b]\n",
        "a=x\\ \n",  # an escaped blank is meant
        "a=x\\t\n",
        "a=   \nb:\t\n",  # blanks behind a separator are no value
        "a=\\  \n",  # a value of blanks alone has to be escaped: it is meant
        'a="x"  \n',  # behind a typed value they are no part of it
        "a\t=\tb\n",
        "a\t:b\n",
        "a=it\u2019s\n",
        "a=\u201cx\u201d y\n",
    ],
)
def test_an_ordinary_text_has_no_warnings(text):
    assert cfg.read(text).warnings == ()


def test_warnings_come_in_the_order_of_their_lines():
    text = '[x]\nb="1"\nc=2\nb="3"\n[x]\n'

    assert [(found.line, found.rule) for found in cfg.read(text).warnings] == [
        (1, "section"),
        (2, "half-typed"),
        (4, "repeated-key"),
        (5, "repeated-key"),
        (5, "section"),
    ]


def test_the_place_of_a_warning_is_what_it_is_about():
    text = "a =x \n b\\t=1\nc = \u201cx\u201d\nd=y\\\n  z \\\n  \n"

    places = [(found.line, found.column) for found in cfg.read(text).warnings]

    assert places == [(1, 5), (2, 2), (3, 5), (5, 4)]


def test_a_warning_shows_no_value():
    text = 'password="hunter2"\npassword="hunter2" \na=1\npassword \u201chunter2\u201d'

    warnings = cfg.read(text).warnings

    assert len(warnings) == 6
    assert "hunter2" not in repr(warnings)
