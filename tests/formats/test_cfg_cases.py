"""Texts whose reading the JDK and Apache Felix decided, and the rules between them."""

import json
from pathlib import Path

import pytest

from config_admin.core.errors import FormatError
from config_admin.formats import cfg

DATA = Path(__file__).parent / "data"


def cases(name):
    lines = (DATA / name).read_text(encoding="utf-8").split("\n")
    return [
        pytest.param(case, id=f"{number}-{case.get('name', 'text')}")
        for number, line in enumerate(lines, 1)
        if line
        for case in [json.loads(line)]
    ]


ALL = [*cases("cfg.jsonl"), *cases("cfg_real.jsonl")]
READABLE = [param for param in ALL if "expected" in param.values[0]]
# A text may say NUL, which no configuration can hold.
STORABLE = [param for param in READABLE if "\\u0000" not in param.values[0]["text"]]
REFUSED = [param for param in ALL if "refused" in param.values[0]]


def items_with_types(properties):
    """A form in which 1, 1.0 and True differ, and the order counts."""
    return [(key, repr(value)) for key, value in properties.items()]


@pytest.mark.parametrize("case", READABLE)
def test_a_text_reads_as_the_reference_reads_it(case):
    reading = cfg.read(case["text"])

    assert items_with_types(reading.properties) == items_with_types(case["expected"])
    assert list(reading.places) == list(case["expected"])


@pytest.mark.parametrize("case", REFUSED)
def test_a_text_without_one_meaning_is_refused(case):
    with pytest.raises(FormatError) as caught:
        cfg.loads(case["text"])

    assert caught.value.diagnostics


@pytest.mark.parametrize("case", STORABLE)
def test_what_was_read_is_written_back_without_a_change(case):
    properties = cfg.loads(case["text"])

    assert cfg.merge(case["text"], properties) == case["text"]
    assert items_with_types(cfg.loads(cfg.dumps(properties))) == items_with_types(
        properties
    )


def test_a_bom_is_no_part_of_the_first_key():
    assert cfg.loads("\ufeffa=1\n") == {"a": "1"}
    assert cfg.loads("\ufeff# c\n\ufeffa=1\n") == {"\ufeffa": "1"}


def test_a_folded_unicode_escape_is_one_character():
    assert cfg.loads("a=\\u00\\\n   41\n") == {"a": "A"}


def test_a_nul_that_was_escaped_is_loaded():
    assert cfg.loads("a=\\u0000\n") == {"a": "\0"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('F"0"', 0.0),
        ('F"-2147483648"', -0.0),
        ('D"0.1e1"', 1.0),
        ('F"-1.5E-3"', -0.0015),
        ('D"4609434218613702656"', 1.5),
        ('f"8388608"', 2.0**-126),
        ('L"-9223372036854775808"', -(2**63)),
        ('X"-0000000000000000000000128"', -128),
        ('C"\\uD83D\\uDE00"', "\U0001f600"),
        ('B( "true" , "FALSE" , )', [True, False]),
    ],
)
def test_a_typed_value_has_the_type_of_its_letter(text, expected):
    assert repr(cfg.loads(f"a={text}")["a"]) == repr(expected)


def test_the_place_of_a_property_is_that_of_the_value_that_counts():
    text = "\ufeffa=1\r\n  b \\\r\n   : \\\r\n  x\ra = 22\n\\\nempty\n"

    places = cfg.read(text).places

    assert [
        (key, place.line, place.column, place.value_line, place.value_column)
        for key, place in places.items()
    ] == [("a", 5, 1, 5, 5), ("b", 2, 3, 4, 3), ("empty", 7, 1, 7, 6)]
