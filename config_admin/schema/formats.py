"""Which formats are checked: those of values, and those inside a schema itself."""

import re
from typing import Final
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker

# What `re` raises of a text that it cannot compile: `a{99999999999999}` overflows,
# still longer numbers are none to Python, and thousands of brackets in each other
# exceed the depth of its parser.
_BAD_PATTERN: Final = (re.error, OverflowError, RecursionError, ValueError)


def _is_regex(value: object) -> bool:
    return not isinstance(value, str) or bool(re.compile(value))


def _is_reference(value: object) -> bool:
    return not isinstance(value, str) or urlsplit(value) is not None


def _of_values() -> FormatChecker:
    checker = FormatChecker(())
    checker.checkers = dict(Draft202012Validator.FORMAT_CHECKER.checkers)
    checker.checks("regex", raises=_BAD_PATTERN)(_is_regex)
    return checker


def _of_schemas() -> FormatChecker:
    checker = _of_values()
    # An identifier that cannot be split would fail wherever it is resolved.
    checker.checks("uri-reference", raises=ValueError)(_is_reference)
    return checker


OF_VALUES: Final = _of_values()
OF_SCHEMAS: Final = _of_schemas()
