"""
Which formats are checked: those of values, and those inside a schema itself.

The list is ours: what is checked must not depend on which packages happen to be
installed. A format that is not in it is told as a warning of its schema.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker

# jsonschema checks these itself, and others only where further packages are there.
_BUILT_IN: Final = ("date", "email", "idn-email", "ipv4", "ipv6", "uuid")

# What `re` raises of a text that it cannot compile: `a{99999999999999}` overflows,
# still longer numbers are none to Python, and thousands of brackets in each other
# exceed the depth of its parser.
_BAD_PATTERN: Final = (re.error, OverflowError, RecursionError, ValueError)

# Source: RFC 1123 section 2.1, RFC 952: letters, digits and hyphens within.
_LABEL: Final = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_MAX_HOST_NAME_CHARACTERS: Final = 253

# Source: RFC 3986 appendix A.
_REG: Final = "[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2}"
_SEGMENT: Final = f"(?:{_REG}|[:@])*"
_AUTHORITY: Final = (
    rf"(?:(?:{_REG}|:)*@)?(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?:{_REG})*)(?::[0-9]*)?"
)
_URI: Final = re.compile(
    rf"[A-Za-z][A-Za-z0-9+.-]*:"
    rf"(?://{_AUTHORITY}(?:/{_SEGMENT})*|(?!//){_SEGMENT}(?:/{_SEGMENT})*)"
    rf"(?:\?(?:{_REG}|[:@/?])*)?(?:\#(?:{_REG}|[:@/?])*)?"
)

# Source: RFC 3339 section 5.6. A leap second ends a day of UTC.
_TIME: Final = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
_DATE_TIME: Final = re.compile(rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[Tt]{_TIME}")
_LEAP_SECOND: Final = re.compile(r"(?<=:[0-9]{2}:)60")
_FRACTION: Final = re.compile(r"\.[0-9]+")

# Source: RFC 3339 appendix A.
_DAYS: Final = "(?:[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)"
_HOURS: Final = "T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S)"
_DURATION: Final = re.compile(f"P(?:[0-9]+W|{_DAYS}(?:{_HOURS})?|{_HOURS})")


def _is_regex(text: str) -> bool:
    return bool(re.compile(text))


def _is_reference(text: str) -> bool:
    return urlsplit(text) is not None


def _is_host_name(text: str) -> bool:
    short = len(text) <= _MAX_HOST_NAME_CHARACTERS
    return short and _HOST_NAME.fullmatch(text) is not None


def _is_uri(text: str) -> bool:
    found = _URI.fullmatch(text)
    return found is not None and (not found["ipv6"] or bool(IPv6Address(found["ipv6"])))


def _is_date_time(text: str) -> bool:
    if not _DATE_TIME.fullmatch(text):
        return False
    plain, leaps = _LEAP_SECOND.subn("59", _FRACTION.sub("", text.upper()))
    moment = datetime.fromisoformat(plain)
    return not leaps or f"{moment.astimezone(UTC):%H:%M}" == "23:59"


def _is_time(text: str) -> bool:
    return _is_date_time(f"2000-01-02T{text}")


def _is_duration(text: str) -> bool:
    return _DURATION.fullmatch(text) is not None


def _of_values() -> FormatChecker:
    known = Draft202012Validator.FORMAT_CHECKER.checkers
    checker = FormatChecker(())
    checker.checkers = {name: known[name] for name in _BUILT_IN}
    for name, test in (
        ("date-time", _is_date_time),
        ("duration", _is_duration),
        ("hostname", _is_host_name),
        ("regex", _is_regex),
        ("time", _is_time),
        ("uri", _is_uri),
    ):
        checker.checks(name, raises=_BAD_PATTERN)(_of_text(test))
    return checker


def _of_text(test: Callable[[str], bool]) -> Callable[[object], bool]:
    """A format says something of text only."""
    return lambda value: not isinstance(value, str) or test(value)


def _of_schemas() -> FormatChecker:
    checker = _of_values()
    # An identifier that cannot be split would fail wherever it is resolved.
    checker.checks("uri-reference", raises=ValueError)(_of_text(_is_reference))
    return checker


OF_VALUES: Final = _of_values()
OF_SCHEMAS: Final = _of_schemas()
