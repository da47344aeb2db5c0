"""``docs/cfg-format.md`` says what is so: each row of its tables is a case here."""

import io
import re
from pathlib import Path

import pytest
from configobj import ConfigObj, ConfigObjError

from config_admin.core.errors import FormatError
from config_admin.formats import cfg, config, configurator

PAGE = Path(__file__).parents[2] / "docs" / "cfg-format.md"

REFUSED = "the file is refused"
FAULT = "a fault"

# Row: text, what it reads as, the rule of its warning, what ConfigObj reads.
READ = {
    "`a = 1`": ("a = 1\n", {"a": "1"}, None, {"a": "1"}),
    "`a : 1` and `a 1`": ("a : 1\n", {"a": "1"}, None, FAULT),
    "`! note`": ("! note\n", {}, None, FAULT),
    "`a = 1 # note`": ("a = 1 # note\n", {"a": "1 # note"}, None, {"a": "1"}),
    '`a = "x y"` with plain values beside it': (
        'a = "x y"\nb = 1\n',
        {"a": '"x y"', "b": "1"},
        "half-typed",
        {"a": "x y", "b": "1"},
    ),
    "`a = x, y`": ("a = x, y\n", {"a": "x, y"}, None, {"a": ["x", "y"]}),
    "white space at the end of a value": (
        "a = x  \n",
        {"a": "x  "},
        "blank-end",
        {"a": "x"},
    ),
    r"`a = C:\\temp`": (
        "a = C:\\\\temp\n",
        {"a": "C:\\temp"},
        None,
        {"a": r"C:\\temp"},
    ),
    r"`a = \u00e9`": ("a = \\u00e9\n", {"a": "é"}, None, {"a": "\\u00e9"}),
    r"`a = \u12`": ("a = \\u12\n", REFUSED, None, {"a": "\\u12"}),
    "half a surrogate pair": ("a = \\ud83d\n", REFUSED, None, {"a": "\\ud83d"}),
    r"a line that ends in `\`": ("a = x\\\n  y\n", {"a": "xy"}, None, FAULT),
    "`#` where a line continues": (
        "a = x\\\n  # y\nb = 1\n",
        {"a": "x# y", "b": "1"},
        None,
        {"a": "x\\", "b": "1"},
    ),
    r"`\` at the end of the text": ("a = x\\", {"a": "x"}, None, {"a": "x\\"}),
    "U+2028 and other line ends of Unicode": (
        "a = x\u2028y\n",
        {"a": "x\u2028y"},
        None,
        FAULT,
    ),
    "the same key twice": ("a = 1\na = 2\n", {"a": "2"}, "repeated-key", FAULT),
    "`Key` and `key`": ("K = 1\nk = 2\n", REFUSED, None, {"K": "1", "k": "2"}),
    "`= 1`": ("= 1\n", REFUSED, None, FAULT),
    "`[section]`": ("[section]\n", {"[section]": ""}, "section", {"section": {}}),
    "a key without separator": ("a\n", {"a": ""}, "separator", FAULT),
    'every value typed: `a = I"3"`': (
        'a = I"3"\n',
        {"a": 3},
        None,
        {"a": 'I"3"'},
    ),
    "one plain value beside typed ones": (
        'a = I"3"\nb = 1\n',
        {"a": 'I"3"', "b": "1"},
        "half-typed",
        {"a": 'I"3"', "b": "1"},
    ),
    '`a = I"x"`': ('a = I"x"\n', REFUSED, None, {"a": 'I"x"'}),
    '`a = B"yes"`': ('a = B"yes"\n', REFUSED, None, {"a": 'B"yes"'}),
    '`a = F"3"`': ('a = F"3"\n', REFUSED, None, {"a": 'F"3"'}),
    '`a = ["x"`': ('a = ["x"\n', {"a": '["x"'}, None, {"a": '["x"'}),
    "a BOM at the start": ("\ufeffa = 1\n", {"a": "1"}, None, {"a": "1"}),
    "curly quotes around a value": (
        "a = \u201cx\u201d\n",
        {"a": "\u201cx\u201d"},
        "curly-quotes",
        {"a": "\u201cx\u201d"},
    ),
    "a tab inside a key": (
        "a\\tb = 1\n",
        {"a\tb": "1"},
        "tab-in-key",
        {"a\\tb": "1"},
    ),
}

# Row: text, properties, what the text becomes.
WRITE = {
    "nothing": (
        "# c\n\ta:1\\\n 2 \n\nb",
        {"a": "12 ", "b": ""},
        "# c\n\ta:1\\\n 2 \n\nb",
    ),
    "one value": (" a : 1\n b=2\n", {"a": "9", "b": "2"}, " a : 9\n b=2\n"),
    "a comment": ("# c\na = 1\n! d\n", {"a": "2"}, "# c\na = 2\n! d\n"),
    "a property removed": ("# a\na = 1\\\n 2\nb = 1\n", {"b": "1"}, "# a\nb = 1\n"),
    "a new property": (
        "a:1\n# end\n",
        {"a": "1", "b": "2"},
        "a:1\nb = 2\n# end\n",
    ),
    "line ends, and none at the end": (
        "a=1\r\nb=2",
        {"a": "9", "b": "2", "c": "3"},
        "a=9\r\nb=2\r\nc = 3",
    ),
    "a typed value": (
        'a = X"1"\nb = X"1"\n',
        {"a": 2, "b": 300},
        'a = X"2"\nb = S"300"\n',
    ),
    "a value that is no text, in a plain file": (
        "a = 1\n",
        {"a": "1", "b": 2},
        'a = "1"\nb = I"2"\n',
    ),
    "non-ASCII text": ("a = 1\n", {"a": "é"}, "a = é\n"),
}

# Row: format, text, what it reads as, the rule of its warning.
OTHERS = {
    "`.config`: `a = 1`": (config, "a = 1\n", REFUSED, None),
    '`.config`: `a="x y"`': (config, 'a="x y"\n', {"a": "x y"}, None),
    '`.config`: `[a]="x"`': (config, '[a]="x"\n', REFUSED, None),
    '`.config`: `a="x" b="y"`': (config, 'a="x" b="y"\n', REFUSED, None),
    '`.config`: `:own:=L"1"`': (config, ':own:=L"1"\n', {}, None),
    "`.config`: a quote that is not closed on its line": (
        config,
        'a="x\ny"\n',
        {"a": "x\ny"},
        "long-text",
    ),
    '`.config`: `a=D"1.5"`': (config, 'a=D"1.5"\n', {"a": 1.5}, None),
    '`.json`: `"a": null`': (configurator, '{"a": null}', REFUSED, None),
    '`.json`: `"a": {}`': (configurator, '{"a": {}}', REFUSED, None),
    '`.json`: `"a": [1, "x"]`': (configurator, '{"a": [1, "x"]}', REFUSED, None),
    '`.json`: `"a:Integer": 1.5`': (configurator, '{"a:Integer": 1.5}', REFUSED, None),
    '`.json`: `"a": 9223372036854775808`': (
        configurator,
        '{"a": 9223372036854775808}',
        REFUSED,
        None,
    ),
    '`.json`: `":configurator:policy": "force"`': (
        configurator,
        '{":configurator:policy": "force"}',
        {},
        "configurator",
    ),
    '`.json`: `"a:b:String": "x"`': (
        configurator,
        '{"a:b:String": "x"}',
        {"a:b": "x"},
        None,
    ),
    "`.json`: a comment inside a list that changes": (
        configurator,
        '{"a": [1 /* c */]}',
        {"a": [1]},
        None,
    ),
}


def rows(number):
    """The cells of each row of a table of the page."""
    tables = re.findall(r"(?m)(?:^\|.*\n)+", PAGE.read_text(encoding="utf-8"))
    return [
        [cell.strip() for cell in line.strip("|\n").split(" | ")]
        for line in tables[number].splitlines()[2:]
    ]


@pytest.mark.parametrize(("number", "cases"), [(0, READ), (1, WRITE), (2, OTHERS)])
def test_every_row_has_its_case_and_every_case_its_row(number, cases):
    assert [cells[0] for cells in rows(number)] == list(cases)


@pytest.mark.parametrize("label", READ)
def test_a_text_reads_as_the_page_says(label):
    text, expected, rule, configobj = READ[label]
    (cells,) = [cells for cells in rows(0) if cells[0] == label]

    check_reading(cfg, text, expected, rule)
    assert (expected == REFUSED) == (cells[1] == REFUSED)
    assert (rule is not None) == ("warning" in cells[1] or rule == "half-typed")
    assert read_by_configobj(text) == configobj
    assert (configobj == FAULT) == (cells[4] == FAULT)


@pytest.mark.parametrize("label", WRITE)
def test_a_change_is_written_as_the_page_says(label):
    text, properties, expected = WRITE[label]

    assert cfg.merge(text, properties) == expected


@pytest.mark.parametrize("label", OTHERS)
def test_the_other_formats_read_as_the_page_says(label):
    kept, text, expected, rule = OTHERS[label]
    (cells,) = [cells for cells in rows(2) if cells[0] == label]

    check_reading(kept, text, expected, rule)
    assert (expected == REFUSED) == (cells[1] == REFUSED)
    assert (rule is not None) == ("warning" in cells[1])
    if cells[1] == "the write is refused":
        with pytest.raises(FormatError):
            kept.merge(text, {"a": [2]})


def test_what_differs_has_a_reason():
    for number in range(3):
        for cells in rows(number):
            ours, felix = cells[1], cells[-3 if number < 2 else -2]
            if number != 1 and (ours == REFUSED) != (felix in {"refused", FAULT}):
                assert cells[-1]


def check_reading(kept, text, expected, rule):
    if expected == REFUSED:
        with pytest.raises(FormatError):
            kept.loads(text)
        return
    reading = kept.read(text)
    assert reading.properties == expected
    assert [one.rule for one in reading.warnings] == ([rule] if rule else [])
    assert kept.merge(text, expected) == text


def read_by_configobj(text):
    file = io.BytesIO(text.encode())
    try:
        return dict(ConfigObj(file, interpolation=False, encoding="utf-8"))
    except ConfigObjError:
        return FAULT
