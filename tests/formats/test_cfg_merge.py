import pytest

from config_admin.core.errors import FormatError, InvalidConfigurationError
from config_admin.core.properties import Properties
from config_admin.formats import cfg

MERGES = [
    # what is tested, text, properties, expected
    ("a new file is plain", "", {"a": "1", "b": ""}, "a = 1\nb =\n"),
    ("a new file is typed", "", {"a": "1", "b": 2}, 'a = "1"\nb = I"2"\n'),
    ("nothing is nothing", "", {}, ""),
    ("only a BOM", "\ufeff", {"a": "1"}, "\ufeffa = 1\n"),
    (
        "a change keeps separator, indentation and place",
        "\t a : 1\nb=2\n",
        {"b": "2", "a": "9"},
        "\t a : 9\nb=2\n",
    ),
    ("CRLF stays", "a=1\r\nb=2\r\n", {"a": "1", "b": "3"}, "a=1\r\nb=3\r\n"),
    (
        "new lines end as the others",
        "a=1\r\n# c\r\n",
        {"a": "1", "b": "2"},
        "a=1\r\nb = 2\r\n# c\r\n",
    ),
    ("CR too", "a=1\r", {"a": "1", "b": "2"}, "a=1\rb = 2\r"),
    ("no last newline", "a=1", {"a": "2"}, "a=2"),
    ("still no last newline", "a=1", {"a": "1", "b": "2"}, "a=1\nb = 2"),
    ("a comment alone", "# c \\", {"a": "1"}, "# c \\\na = 1"),
    ("a comment alone, ended", "# c\n\n", {"a": "1"}, "# c\n\na = 1\n"),
    (
        "a folded value stays folded if unchanged",
        "a=1,\\\n  2\nb=1\n",
        {"a": "1,2", "b": "2"},
        "a=1,\\\n  2\nb=2\n",
    ),
    (
        "a folded value that changes stands where it began",
        "a= \\\n  1,\\\n  2\nb=1\n",
        {"a": "3", "b": "1"},
        "a= \\\n  3\nb=1\n",
    ),
    (
        "a removed property takes only its own lines",
        "# a\na=1,\\\n  2\n\n# b\nb=2\n",
        {"b": "2"},
        "# a\n\n# b\nb=2\n",
    ),
    ("all removed", "# c\na=1\nb=2", {}, "# c\n"),
    ("the last removed, one added", "a=1\nb=2", {"a": "1", "c": "3"}, "a=1\nc = 3"),
    ("the spelling of a key stays", "Key=1\n", {"kEY": "2"}, "Key=2\n"),
    (
        "of a repeated key the one that counts changes",
        "a=1\nb=2\na=3\n",
        {"a": "4", "b": "2"},
        "a=1\nb=2\na=4\n",
    ),
    ("a repeated key goes whole", "a=1\nb=2\na=3\n", {"b": "2"}, "b=2\n"),
    ("a key without separator", "a\n", {"a": "1"}, "a = 1\n"),
    ("a value that begins as a separator", "a 1\n", {"a": "=1"}, "a \\=1\n"),
    ("leading white space", "a=1\n", {"a": "  x "}, "a=\\  x \n"),
    (
        "keys are escaped",
        "",
        {"#a b=c:d\\": "1", "é\t": "ü"},
        "\\#a\\ b\\=c\\:d\\\\ = 1\né\\t = ü\n",
    ),
    ("controls are escaped", "", {"a": "\x1b\n\f\u2028"}, "a = \\u001b\\n\\f\\u2028\n"),
    ("a typed file stays typed", 'a="1"\n', {"b": "x"}, 'b = "x"\n'),
    (
        "a lone backslash at the end of the value stays",
        "a=1\\",
        {"a": "1", "b": "2"},
        "a=1\\\n\nb = 2",
    ),
    ("it goes with a changed value", "a=1\\", {"a": "2"}, "a=2"),
    ("it goes behind a separator", "a = \\", {"a": "n"}, "a = n"),
    ("it goes behind a key", "a\\", {"a": "n"}, "a = n"),
    ("a fold into nothing", "a=1\\\n", {"a": "1", "b": "2"}, "a=1\\\n\nb = 2\n"),
    (
        "mixed line ends never join",
        "x=1\na=1\\\r",
        {"x": "1", "a": "1", "b": "2"},
        "x=1\na=1\\\r\rb = 2\r",
    ),
    ("a letter stays", 'a=X"1"  \nb=s("2")\n', {"a": 2, "b": (3,)}, None),
    ("numbers widen", 'a=X"1"\n', {"a": 300}, 'a=S"300"\n'),
    ("small letters widen", 'a=x"1"\n', {"a": 70000}, 'a=i"70000"\n'),
    ("numbers widen far", 'a=S["1"]\n', {"a": [1, 2**40]}, None),
    ("numbers do not narrow", 'a=L"1"\n', {"a": 2}, 'a=L"2"\n'),
    ("a float widens", 'a=F"1.5"\n', {"a": 1.1}, 'a=D"1.1"\n'),
    ("a float stays", 'a=F"1067030938"\n', {"a": 2.5}, 'a=F"2.5"\n'),
    ("a large float has a dot", 'a=D"1.5"\n', {"a": 1e16}, 'a=D"1.0e+16"\n'),
    ("a character widens", 'a=c"x"\n', {"a": "xy"}, 'a=T"xy"\n'),
    ("another type has its own letter", 'a=I"1"\n', {"a": "x"}, 'a="x"\n'),
    ("a flag", 'a=i"1"\n', {"a": True}, 'a=b"true"\n'),
    ("an empty list keeps its kind", 'a=I("1")\n', {"a": []}, "a=I()\n"),
    ("a new empty list", 'a=I"1"\n', {"a": 1, "b": []}, 'a=I"1"\nb = []\n'),
    (
        "a plain file becomes typed with what is not text",
        "# c\na=1\n b : \\\n  x\\ty\\\n  z\na 2\n",
        {"a": "2", "b": "x\tyz", "n": [1, 2]},
        '# c\na="1"\n b : \\\n  "x\\tyz"\na "2"\nn = I["1", "2"]\n',
    ),
    (
        "what looks typed stays text when the last plain value goes",
        'a="x"\nb=plain\nc=I"3"\n',
        {"a": '"x"', "c": 'I"3"'},
        'a=\\"x"\nc=I"3"\n',
    ),
    ("an emptied value is plain", 'a="x"\nb=1\n', {"a": ""}, "a=\n"),
    (
        "an emptied value leaves no fold open",
        "a=\\\r\\\r1\nb=1\n",
        {"a": "", "b": "1"},
        "a=\nb=1\n",
    ),
    ("text that looks typed", "", {"a": 'f["1"]'}, 'a = f\\["1"]\n'),
    (
        "a key never becomes a BOM",
        "a=1\n\ufeffb=2\n",
        {"\ufeffb": "2"},
        "\\ufeffb=2\n",
    ),
]
EXPECTED = {
    "a letter stays": 'a=X"2"  \nb=s("3")\n',
    "numbers widen far": 'a=L["1", "1099511627776"]\n',
}


@pytest.mark.parametrize(
    ("name", "text", "properties", "expected"), MERGES, ids=[m[0] for m in MERGES]
)
def test_a_merge_changes_no_more_than_it_takes(name, text, properties, expected):
    merged = cfg.merge(text, properties)

    assert merged == (EXPECTED[name] if expected is None else expected)
    assert Properties(cfg.loads(merged)) == Properties(properties)


def test_a_text_that_cannot_be_read_is_not_written():
    with pytest.raises(FormatError):
        cfg.merge("=1\n", {"a": "1"})


@pytest.mark.parametrize("value", [None, {"a": 1}, [1, "a"], float("nan"), "\0"])
def test_what_no_file_can_hold_is_refused(value):
    with pytest.raises(InvalidConfigurationError):
        cfg.merge("", {"a": value})
