"""What is told of a schema that is good but deserves a look."""

import pytest

from config_admin.core.diagnostics import Severity
from config_admin.schema.cautions import has_nested_repetition


@pytest.mark.parametrize("pattern", ["(a+)*", "(?:a|b*)+", "((a*)b)+", "(x(y+)){2,}"])
def test_a_repetition_inside_a_repetition_is_nested(pattern):
    assert has_nested_repetition(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["a+b*", "(a+)b", "(a{0,9})*", r"(\+)*", "([+*])*", "(a)+(b)+", "(?=a+)b*", "a{}"],
)
def test_repetitions_beside_each_other_are_not_nested(pattern):
    assert not has_nested_repetition(pattern)


def test_a_pattern_that_may_take_long_is_a_warning_with_its_place(declare):
    desk = declare({"a": {"pattern": "^(a|a+)*$"}})

    desk.check({"a": "aa"})

    (warning,) = desk.book.all()
    assert warning.severity is Severity.WARNING
    assert warning.found == "a repetition inside a repetition"
    assert warning.line == 5


def test_a_format_that_is_not_checked_is_a_warning(declare):
    desk = declare({"a": {"format": "colour"}})

    desk.check({"a": "x"})

    assert desk.book.all()[0].found == "the format 'colour', which is not checked"


def test_the_shipped_schema_needs_no_look(shipped):
    shipped.check({}, "net.roboconf.messaging.rabbitmq")

    assert shipped.book.all() == ()
