"""Felix's ``.config``: what its own tests read and write, and what it would lose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_admin.core.errors import FormatError
from config_admin.core.properties import Properties
from config_admin.formats import config

READ = [
    # as Felix's ConfigurationHandlerTest has them
    ('service.pid=[ \\\r\n  "foo", \\\r\n  "bar", \\\r\n  ]\r\n', ["foo", "bar"]),
    ('service.pid=( \\\r\n  "foo", \\\r\n  "bar", \\\r\n)\r\n', ["foo", "bar"]),
    ("service.pid=( \\\r\n)\r\n", []),
    ('prop="Hello\\ World"\r\n', "Hello World"),
    ('a=I"1000"\r\n', 1000),
    ('a=L"1000"\r\n', 1000),
    ('a=D"4615288898129284301"\r\n', 3.6),
    ('a=X"10"\r\n', 10),
    ('a=C"c"\r\n', "c"),
    ('a=B"true"\r\n', True),
    ('#mongodb URI\na="127.0.0.1:27017"\n\n  # custom\n', "127.0.0.1:27017"),
    # beyond them
    ('\ufeffa = T"x"', "x"),
    ('a=\n  "x"  # behind it\n', "x"),
    ('a="1\r\n2\r3"\n', "1\n2\n3"),
    ('a="a\\=b\\"c\\\\d\\u00e9\\t"\n', 'a=b"c\\dé\t'),
    ('a="a=b c"\n', "a=b c"),
    ('a=i["1",\n"2"\n]\n', [1, 2]),
    ('a="1"\r# c\ra="2"\r', "2"),
    ('k\\=\\ \\#y="x"\n', "x"),
]


@pytest.mark.parametrize(("text", "expected"), READ)
def test_a_value_reads_as_felix_reads_it(text, expected):
    (value,) = config.loads(text).values()

    assert repr(value) == repr(expected)


def test_a_key_has_its_escapes():
    assert list(config.loads('k\\=\\ \\"\\u00e9="x"\n\\#a="y"\n')) == ['k= "é', "#a"]


def test_what_felix_keeps_for_itself_is_no_property_and_stays():
    text = ':org.apache.felix.configadmin.revision:=L"1"\na="1"\n'

    assert config.loads(text) == {"a": "1"}
    assert config.merge(text, {"b": "2"}) == text.replace('a="1"', 'b="2"')


def test_a_key_between_colons_can_be_a_property_if_it_is_escaped():
    assert config.dumps({":a:": "1"}) == '\\:a:="1"\n'
    assert config.loads('\\:a:="1"\n') == {":a:": "1"}


FAULTS = [
    # text, key, line, column, rule, part of the sentence
    ("a=1\n", "a", 1, 3, "quote", "found '1', expected a value in quotes"),
    ('a="1"\n b = x # y\n', "b", 2, 6, "quote", "'x # y'"),
    ('a=Z"1"\n', "a", 1, 3, "type-letter", "the type 'Z'"),
    ('a=\n\nb="1"\n', "a", 1, 3, "value", "nothing"),
    ("a=", "a", 1, 3, "value", 'Write ""'),
    ('="1"\n', None, 1, 1, "key", "without a key"),
    ('[a]="1"\n', None, 1, 1, "key", "no property"),
    ('! c\na="1"\n', None, 1, 2, "separator", "no = behind the key"),
    ("port\n", None, 1, 5, "separator", "Write ="),
    ('a="x\nb="y"\n', "a", 1, 3, "quote", "only on line 2"),
    ('a="x\n', "a", 1, 3, "quote", "nothing closes"),
    ('a=["x", "y\n', "a", 1, 9, "quote", "nothing closes"),
    ('a=["x", \\\n"y"\n', "a", 1, 3, "list", "does not end"),
    ('a=["x" "y"]\n', "a", 1, 8, "list", "a comma"),
    ('a=("x"]\n', "a", 1, 7, "list", "']'"),
    ('a=["x", # c\n"y"]\n', "a", 1, 9, "list", "'#'"),
    ('a="x" b="y"\n', "a", 1, 6, "value", "a line of its own"),
    ('a="x";\n', "a", 1, 6, "value", "something behind"),
    ('a="1"\r\nA="2"\r\n', "A", 2, 1, "unique-key", "'a' on line 1"),
    ('a="\\u12"\n', "a", 1, 4, "unicode-escape", r"'\u12'"),
    ('a\\u1="x"\n', None, 1, 2, "unicode-escape", "malformed"),
    ('a=[ \\\r\n  I"1"]\r\n', "a", 2, 3, "list", "'I'"),
    ('a=I[ \\\r\n  "1", \\\r\n  "x"]\r\n', "a", 3, 3, "integer", "'x'"),
    ('a=B"yes"\n', "a", 1, 4, "boolean", "true or false"),
]


@pytest.mark.parametrize("case", FAULTS, ids=[repr(case[0]) for case in FAULTS])
def test_a_fault_says_where_it_is_and_what_to_do(case):
    text, *expected, sentence = case
    with pytest.raises(FormatError) as caught:
        config.loads(text)

    found = caught.value.diagnostics[0]
    assert [found.key, found.line, found.column, found.rule] == expected
    assert sentence in str(found)


def test_a_fault_hides_no_other():
    text = 'a=1\nb=["x",\n"y"\nc=I"x"\n\n# c\nd\ne="ok"\n=\n'
    with pytest.raises(FormatError) as caught:
        config.loads(text)

    places = [(one.line, one.rule) for one in caught.value.diagnostics]
    assert places == [
        (1, "quote"),
        (4, "list"),
        (4, "integer"),
        (7, "separator"),
        (9, "key"),
    ]


MERGES = [
    # what is tested, text, properties, expected
    ("a new file", "", {"a": "1 2", "b": 2}, 'a="1\\ 2"\nb=I"2"\n'),
    ("a float is its bits", "", {"a": 3.6}, 'a=D"4615288898129284301"\n'),
    ("the smallest ones are not", "", {"a": 5e-324}, 'a=D"5.0e-324"\n'),
    ("a float keeps its letter", 'a=F"1080452710"\n', {"a": 1.5}, 'a=F"1069547520"\n'),
    ("a float widens", 'a=F"1080452710"\n', {"a": 3.6}, 'a=D"4615288898129284301"\n'),
    ("numbers widen", 'a=x"1"\n', {"a": 300}, 'a=s"300"\n'),
    ("layout stays", ' a\t=  "1"  # c\r\n', {"a": "2"}, ' a\t=  "2"  # c\r\n'),
    ("a comment outlives its key", '  a="1" # c\nb="2"\n', {"b": "2"}, None),
    ("no last line end", 'a="1"', {"a": "1", "b": "2"}, 'a="1"\nb="2"'),
    ("behind the last", 'a="1"\n# c\n', {"a": "1", "b": "2"}, 'a="1"\nb="2"\n# c\n'),
    ("only comments", "# c", {"a": "1"}, '# c\na="1"'),
    ("only a BOM", "\ufeff", {"a": "1"}, '\ufeffa="1"\n'),
    ("a list on one line", 'a=["x"]\n', {"a": ["y", "z"]}, 'a=["y", "z"]\n'),
    (
        "a list over lines",
        'a=i( \\\r\n  "1", \\\r\n)\r\n',
        {"a": [1, 2]},
        'a=i( \\\r\n  "1", \\\r\n  "2", \\\r\n  )\r\n',
    ),
    ("a repeated key", 'a="1"\nb="x"\na="2"\n', {"a": "3", "b": "x"}, None),
]


@pytest.mark.parametrize("case", MERGES, ids=[case[0] for case in MERGES])
def test_a_merge_changes_no_more_than_it_takes(case):
    _, text, properties, expected = case
    special = {
        "a comment outlives its key": '  # c\nb="2"\n',
        "a repeated key": 'a="1"\nb="x"\na="3"\n',
    }

    assert config.merge(text, properties) == (expected or special[case[0]])
    assert Properties(config.loads(config.merge(text, properties))) == properties


def test_what_deserves_a_look_is_told():
    warnings = config.read('a="1"\nb="x\ny"\na="2"\n').warnings

    assert [(one.key, one.line, one.rule) for one in warnings] == [
        ("b", 2, "long-text"),
        ("a", 4, "repeated-key"),
    ]
    assert config.read('a="1"\nb=["x", \\\n"y"]\n').warnings == ()


PIECES = ['a="1"', 'b=I["1"', ', "2"', "]", "\n", "\r\n", " \\\n", "# c", " ", "=", '"']
TEXTS = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
PROPERTIES = st.dictionaries(
    st.sampled_from(["a", "B", "c=", "#"]),
    st.sampled_from(["", "x y", 1, 300, 1.1, True, (), (1, 2), ("\n",)]),
)


@given(TEXTS, PROPERTIES)
def test_a_merged_text_reads_as_what_was_merged(text, properties):
    try:
        before = config.loads(text)
    except FormatError:
        return
    assert config.merge(text, before) == text
    merged = config.merge(text, properties)
    assert Properties(config.loads(merged)) == Properties(properties)
    assert merged.count("# c") == text.count("# c")
