"""What is told of a schema that is good but deserves a look."""

import re

import pytest

from config_admin.core.diagnostics import Severity
from config_admin.schema.repetition import has_nested_repetition

SLOW = [
    "(a+)*",
    "(?:a|b*)+",
    "(a*)*",
    "^(a|aa)+$",
    "(a|a)*b",
    "(a|b|ab)*c",
    "(?:aa|aaa)+$",
    "(a{0,9})*",
    "(?:[a-z]{2}|[a-z]{3})+$",
    "(a*){2,50}b",
    "^(.*,){20}x$",
    r"^(\w+\s?)*$",
    r"(?:\d+\.?)+$",
    "(?:a+,?)*$",
    "(?=(a|aa)+$)x",
    "(é|éé)+$",
    r"(?:\\.|.)*$",
    r"^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*$",
]
QUICK = [
    "a+b*",
    "(a+)b",
    "((a*)b)+",
    "(x(y+)){2,}",
    r"(\+)*",
    "([+*])*",
    "(a)+(b)+",
    "(?=a+)b*",
    "a{}",
    "(a|b)*",
    "([a-z]|[0-9])+",
    "(?:foo|far)+",
    "(?:ab|a)*",
    r"^[a-z]+(\.[a-z]+)*$",
    r"^[\w.+-]+@[\w-]+(\.[\w-]+)+$",
    r"^(?:/[^/\s]+)*/?$",
    r"^(\d{1,3}\.){3}\d{1,3}$",
    r"^\s*\w+(?:\s*,\s*\w+)*\s*$",
    r'^"(?:[^"\\]|\\.)*"$',
    r"^(?:\w+=\w+(?:,|$))*$",
    r"^v?[0-9]+(\.[0-9]+)*(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$",
    r"^(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$",
    r"^(?P<q>['\"])(?:x(?i:y)(?#z))*(?P=q)(?(1)a|b)\b\1$",
    "(?:" + "|".join(map(chr, range(0x4E00, 0x4E80))) + ")*",
    "(?:" * 9 + "a" + "){2}" * 9,
    "(" * 80 + "a+" + ")" * 80,
]


@pytest.mark.parametrize("pattern", SLOW)
def test_a_repetition_that_matches_a_text_in_several_ways_is_nested(pattern):
    """CM-53."""
    re.compile(pattern)
    assert has_nested_repetition(pattern)


@pytest.mark.parametrize("pattern", QUICK)
def test_a_repetition_that_matches_each_text_in_one_way_is_not(pattern):
    """CM-53."""
    re.compile(pattern)
    assert not has_nested_repetition(pattern)


def test_a_pattern_that_may_take_long_is_a_warning_with_its_place(declare):
    """CM-53."""
    desk = declare({"a": {"pattern": "^(a|a+)*$"}})

    desk.check({"a": "aa"})

    (warning,) = desk.book.all()
    assert warning.severity is Severity.WARNING
    assert warning.found == "a repetition that matches the same text in several ways"
    assert warning.line == 5


def test_a_format_that_is_not_checked_is_a_warning(declare):
    """CM-35: nothing is ignored in silence."""
    desk = declare({"a": {"format": "colour"}})

    desk.check({"a": "x"})

    assert desk.book.all()[0].found == "the format 'colour', which is not checked"


def test_no_shipped_schema_needs_a_look(shipped):
    """CM-53."""
    pids = [path.name.removesuffix(".schema.json") for path in shipped.files()]
    for pid in pids:
        shipped.check({}, pid)

    assert len(pids) >= 6
    assert shipped.book.all() == ()
