"""JSON with comments and types, one PID a file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_admin.core.errors import FormatError, InvalidConfigurationError
from config_admin.core.properties import Properties
from config_admin.formats import configurator

READ = [
    ('"a": "x"', "x"),
    ('"a": 1', 1),
    ('"a": 1.0', 1.0),
    ('"a": 1e3', 1000.0),
    ('"a": -9223372036854775808', -(2**63)),
    ('"a": true', True),
    ('"a": []', []),
    ('"a": [1, 2.5]', [1.0, 2.5]),
    ('"a": ["x", "\\u00e9"]', ["x", "é"]),
    ('"a:Integer": "3"', 3),
    ('"a:int": 3.0', 3),
    ('"a:Long": 3', 3),
    ('"a:Short": -3', -3),
    ('"a:byte": 127', 127),
    ('"a:Character": "x"', "x"),
    ('"a:Float": 3', 3.0),
    ('"a:double": "3"', 3.0),
    ('"a:Double": "1e5"', 1e5),
    ('"a:Boolean": "TRUE"', True),
    ('"a:String": 5', "5"),
    ('"a:String": false', "false"),
    ('"a:Integer[]": ["1", 2]', [1, 2]),
    ('"a:int[]": 1', [1]),
    ('"a:Collection<Integer>": [1]', [1]),
    ('"a:Collection<Double>": [1]', [1.0]),
    ('"a:Collection": ["x"]', ["x"]),
    ('"a:Collection": "x"', ["x"]),
    ('"a": "// no /* comment"', "// no /* comment"),
    ('"a" /* b */ : // c\n 1 // "', 1),
    ('"a:b:String": "x"', "x"),
]


@pytest.mark.parametrize(("member", "expected"), READ)
def test_a_value_reads_as_its_type_says(member, expected):
    (value,) = configurator.loads(f"// c\n{{{member}\n}}").values()

    assert repr(value) == repr(expected)


def test_a_key_has_no_type_and_may_have_a_colon():
    text = '{"a:Integer": 1, "b:c:String": "x"}'

    assert configurator.loads(text) == {"a": 1, "b:c": "x"}
    assert configurator.dumps({"b:c": "x"}) == '{\n  "b:c:String": "x"\n}\n'


FAULTS = [
    # text, key, line, column, rule, part of the sentence
    ("", None, 1, 1, "json", "the end of the text"),
    ("[1]", None, 1, 1, "json", "no object"),
    ('{"a": 1,}', None, 1, 9, "json", "Remove the comma"),
    ('{"a": [1,]}', None, 1, 10, "json", "Remove the comma"),
    ("{'a': 1}", None, 1, 2, "json", "double quotes"),
    ('{"a" 1}', None, 1, 6, "json", "a : behind the key"),
    ('{"a": 1\n"b": 2}', None, 2, 1, "json", "a comma"),
    ('{"a": yes}', None, 1, 7, "json", "double quotes"),
    ('{"a": "x\n"}', None, 1, 9, "json", "a control character"),
    ('{"a": "x}', None, 1, 7, "json", "Close the quotes"),
    ('{"a": "\\x"}', None, 1, 8, "json", "a backslash"),
    ('{"a": 1} {}', None, 1, 10, "json", "one object"),
    ('{"a": 1} /* c', None, 1, 10, "json", "a comment that does not end"),
    ('{"a": 1} /*/', None, 1, 10, "json", "a comment that does not end"),
    ('/* c\n */ {"a": 01}', None, 2, 12, "json", "a comma"),
    ('{"a":' + "[" * 70, None, 1, 69, "json", "more than 64"),
    ('{"a": null}', "a", 1, 7, "null", "Leave the property out"),
    ('{"a": {"b": 1}}', "a", 1, 7, "nested", "an object"),
    ('{"a": [1, [2]]}', "a", 1, 11, "nested", "flat"),
    ('{"a": [1, "x"]}', "a", 1, 11, "list", "another kind"),
    ('{"a": [1, null]}', "a", 1, 11, "null", "null"),
    ('{"a": NaN}', "a", 1, 7, "number", "NaN"),
    ('{"a": -Infinity}', "a", 1, 7, "number", "finite"),
    ('{"a": 1e999}', "a", 1, 7, "number", "64 bits"),
    ('{"a": 9223372036854775808}', "a", 1, 7, "number", "64 bits"),
    ('{"a": "\\ud83d"}', "a", 1, 7, "surrogate-pair", "half"),
    ('{"\\ud83d": 1}', None, 1, 2, "surrogate-pair", "half"),
    ('{"": 1}', None, 1, 2, "key", "an empty key"),
    ('{":Integer": 1}', None, 1, 2, "key", "an empty key"),
    ('{"a": 1, "a": 2}', "a", 1, 10, "unique-key", "already"),
    ('{"a": 1, "a:Integer": 2}', "a", 1, 10, "unique-key", "already"),
    ('{"a": 1,\n "A": 2}', "A", 2, 2, "unique-key", "'a' on line 1"),
    ('{"a:Foo": 1}', "a", 1, 2, "type", "'Foo'"),
    ('{"a:": 1}', "a", 1, 2, "type", "''"),
    ('{"a:Collection<int>": 1}', "a", 1, 2, "type", "Collection<Integer>"),
    ('{"a:binary": "x"}', "a", 1, 2, "type", "binary"),
    ('{"a:Byte": 128}', "a", 1, 12, "integer", "'128'"),
    ('{"a:Integer": 1.5}', "a", 1, 15, "integer", "'1.5'"),
    ('{"a:Integer": true}', "a", 1, 15, "type", "a number"),
    ('{"a:Integer": [1]}', "a", 1, 15, "nested", "a single value"),
    ('{"a:Integer[]": [1, "x"]}', "a", 1, 21, "integer", "'x'"),
    ('{"a:Boolean": 1}', "a", 1, 15, "type", "true or false"),
    ('{"a:Boolean": "yes"}', "a", 1, 15, "boolean", "true or false"),
    ('{"a:char": "xy"}', "a", 1, 12, "type", "one character"),
    ('{"a:Float": 1e39}', "a", 1, 13, "float", "32 bits"),
    ('{"a:String": 1.50}', "a", 1, 14, "type", "in quotes"),
]


@pytest.mark.parametrize("case", FAULTS, ids=[repr(case[0])[:40] for case in FAULTS])
def test_a_fault_says_where_it_is_and_what_to_do(case):
    """CM-04 for values, CM-53 for levels."""
    text, *expected, sentence = case
    with pytest.raises(FormatError) as caught:
        configurator.loads(text)

    (found,) = caught.value.diagnostics
    assert [found.key, found.line, found.column, found.rule] == expected
    assert sentence in str(found)
    assert found.cure.endswith(".")


def test_what_is_for_the_configurator_is_left_out_with_a_warning_and_stays():
    text = '{\n  ":configurator:policy": {"x": null},\n  "a": 1\n}\n'
    reading = configurator.read(text)

    assert reading.properties == {"a": 1}
    (warning,) = reading.warnings
    assert (warning.key, warning.line, warning.column) == (":configurator:policy", 2, 3)
    assert configurator.merge(text, {}) == (
        '{\n  ":configurator:policy": {"x": null}\n}\n'
    )


def test_a_key_that_would_be_the_configurators_cannot_be_written():
    with pytest.raises(InvalidConfigurationError):
        configurator.dumps({":configurator:policy": "x"})


TEXT = '{\n  // about a\n  "a": 1, // behind a\n  "b:Byte": 2 /* c */\n  // d\n}\n'

MERGES = [
    # what is tested, text, properties, expected
    ("a new file", "", {"a": "1", "b": [1]}, '{\n  "a": "1",\n  "b": [1]\n}\n'),
    ("an empty one", " \n", {}, " \n{}\n"),
    ("a change", TEXT, {"a": 9, "b": 2}, TEXT.replace("1,", "9,")),
    ("a type stays", TEXT, {"a": 1, "b": 3}, TEXT.replace("2 ", "3 ")),
    (
        "a type widens",
        TEXT,
        {"a": 1, "b": 300},
        TEXT.replace('Byte": 2', 'Short": 300'),
    ),
    (
        "a type goes",
        TEXT,
        {"a": 1, "b": "x"},
        TEXT.replace('b:Byte": 2', 'b": "x"'),
    ),
    (
        "a type becomes an array",
        TEXT,
        {"a": 1, "b": [2]},
        TEXT.replace('Byte": 2', 'Byte[]": [2]'),
    ),
    (
        "an addition",
        TEXT,
        {"a": 1, "b": 2, "c": True},
        TEXT.replace("2 /* c */", '2, /* c */\n  "c": true'),
    ),
    (
        "the first goes",
        TEXT,
        {"b": 2},
        '{\n  // about a\n  // behind a\n  "b:Byte": 2 /* c */\n  // d\n}\n',
    ),
    (
        "the last goes",
        TEXT,
        {"a": 1},
        '{\n  // about a\n  "a": 1 // behind a\n /* c */\n  // d\n}\n',
    ),
    (
        "the last goes and one comes",
        TEXT,
        {"a": 1, "c": 3},
        '{\n  // about a\n  "a": 1, // behind a\n  "c": 3\n /* c */\n  // d\n}\n',
    ),
    ("all go", '{\n  "a": 1,\n  "b": 2\n}', {}, "{\n}"),
    ("on one line", '{"a": 1, "b": 2}', {"b": 2, "c": 3}, '{"b": 2, "c": 3}'),
    ("the last on one line", '{"a": 1, "b": 2}', {"a": 1}, '{"a": 1}'),
    ("all others", '{"a": 1}', {"b": 2}, '{\n  "b": 2\n}'),
    (
        "tabs and CRLF",
        '{\r\n\t"a": 1\r\n}',
        {"a": 1, "b": 2},
        '{\r\n\t"a": 1,\r\n\t"b": 2\r\n}',
    ),
    ("commas first", '{ "a": 1\n, "b": 2\n}', {"a": 1}, '{ "a": 1\n\n}'),
    ("controls", "{}", {"a": "\x1b\u2028é"}, '{\n  "a": "\\u001b\\u2028é"\n}'),
    ("a collection", '{"a:Collection<Byte>": [1]}', {"a": [300]}, None),
    ("a primitive", '{"a:int": 1}', {"a": 2**40}, '{"a:long": 1099511627776}'),
    ("a float", '{"a:float": 1.5}', {"a": 1.1}, '{"a:double": 1.1}'),
    ("a raw collection", '{"a:Collection": [1]}', {"a": "x"}, '{"a": "x"}'),
]


@pytest.mark.parametrize("case", MERGES, ids=[case[0] for case in MERGES])
def test_a_merge_changes_no_more_than_it_takes(case):
    _, text, properties, expected = case
    merged = configurator.merge(text, properties)

    assert merged == (expected or '{"a:Collection<Short>": [300]}')
    assert Properties(configurator.loads(merged)) == properties


@pytest.mark.parametrize(
    ("text", "properties"),
    [
        ('{"a": [1, // one\n 2]}', {"a": [3]}),
        ('{"a": /* c */ 1, "b": 2}', {"b": 2}),
        ('{"a" /* c */: 1}', {}),
    ],
)
def test_a_comment_that_would_be_lost_refuses_the_write(text, properties):
    with pytest.raises(FormatError) as caught:
        configurator.merge(text, properties)

    (fault,) = caught.value.diagnostics
    assert fault.rule == "comment"
    assert fault.line == 1
    assert text[fault.column - 1] == "/"


BLANKS = st.sampled_from(["", " ", "\n", "\r\n  ", " // c\n", "/* c */", "\n\t"])
MEMBERS = st.lists(
    st.tuples(
        st.sampled_from(
            ['"a": 1', '"b:Byte": 2', '"C":"x"', '"d": [1,\n 2]', '"e:float[]": [1.5]']
        ),
        BLANKS,
        BLANKS,
    ),
    unique_by=lambda member: member[0],
)
TEXTS = st.builds(
    lambda before, members, end: (
        f"{before}{{{','.join(a + member + b for member, a, b in members)}{end}}}{end}"
    ),
    BLANKS,
    MEMBERS,
    BLANKS,
)
PROPERTIES = st.dictionaries(
    st.sampled_from(["A", "b", "c", "d", "e", "f", "g:h"]),
    st.sampled_from(["", "x", 1, 2, 300, 1.5, 1.1, True, (), (1, 2), (2.5,), ("y",)]),
)


@given(TEXTS, PROPERTIES)
def test_a_merged_text_reads_as_what_was_merged_and_keeps_comments(text, properties):
    assert configurator.merge(text, configurator.loads(text)) == text
    merged = configurator.merge(text, properties)
    assert Properties(configurator.loads(merged)) == Properties(properties)
    for comment in ("// c", "/* c */"):
        assert merged.count(comment) == text.count(comment)
    assert configurator.merge(merged, properties) == merged
