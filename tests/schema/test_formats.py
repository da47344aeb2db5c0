"""Which formats are checked, and what fits them: CM-35."""

import subprocess
import sys

import pytest

from config_admin.schema.formats import (
    _DATE_TIME,
    _DURATION,
    _HOST_NAME,
    _URI,
    OF_VALUES,
)
from config_admin.schema.repetition import has_nested_repetition

FITTING = [
    ("date", "2031-12-31"),
    ("date-time", "2031-12-31T23:59:59Z"),
    ("date-time", "1990-12-31t23:59:60.123z"),
    ("date-time", "1990-12-31T15:59:60-08:00"),
    ("date-time", "0001-01-01T00:00:00+23:59"),
    ("duration", "P1Y2M3DT4H5M6S"),
    ("duration", "P2W"),
    ("duration", "PT36H"),
    ("email", "a@b"),
    ("hostname", "localhost"),
    ("hostname", "a.b-c.example.org"),
    ("hostname", "1host"),
    ("hostname", "a" * 63 + ".example"),
    ("idn-email", "ä@b"),
    ("ipv4", "192.168.1.87"),
    ("ipv6", "2001:db8::1"),
    ("regex", "^a+$"),
    ("time", "23:59:59Z"),
    ("time", "08:30:06.283185+01:00"),
    ("uri", "http://user:pw@example.org:8080/a/b?c=d&e#f"),
    ("uri", "http://[2001:db8::7]:80/c=GB?objectClass?one"),
    ("uri", "mailto:John.Doe@example.com"),
    ("uri", "urn:oasis:names:specification:docbook:dtd:xml:4.1.2"),
    ("uri", "file:///etc/hosts"),
    ("uri", "amqp://host/%2fvhost"),
    ("uuid", "2eb8aa08-aa98-11ea-b4aa-73b441d16380"),
]
UNFIT = [
    ("date", "2031-02-30"),
    ("date-time", "2031-12-31"),
    ("date-time", "2031-12-31T23:59:59"),
    ("date-time", "2031-12-31 23:59:59Z"),
    ("date-time", "2031-13-31T23:59:59Z"),
    ("date-time", "2031-12-31T24:00:00Z"),
    ("date-time", "1990-12-31T15:59:60+08:00"),
    ("date-time", "1990-12-31T22:59:60Z"),
    ("date-time", "2031-12-31T23:59:59+24:00"),
    ("date-time", "٢031-12-31T23:59:59Z"),
    ("duration", "P"),
    ("duration", "PT"),
    ("duration", "P1YT"),
    ("duration", "P1Y2D"),
    ("duration", "P1W2D"),
    ("duration", "5s"),
    ("duration", "P1D\n"),
    ("email", "a"),
    ("idn-email", "ä"),
    ("hostname", ""),
    ("hostname", "-a"),
    ("hostname", "a-"),
    ("hostname", "a_b"),
    ("hostname", "a..b"),
    ("hostname", "a."),
    ("hostname", "höst"),
    ("hostname", "host\n"),
    ("hostname", "host:80"),
    ("hostname", "a" * 64),
    ("hostname", ".".join(["a" * 49] * 5) + ".abcde"),
    ("ipv4", "256.1.1.1"),
    ("ipv4", "host"),
    ("ipv6", ":::"),
    ("regex", "("),
    ("time", "23:59"),
    ("time", "23:59:60+01:00"),
    ("time", "25:00:00Z"),
    ("uri", ""),
    ("uri", "host"),
    ("uri", "//host/path"),
    ("uri", "/path"),
    ("uri", "http://a b"),
    ("uri", "http://[1.2.3.4]"),
    ("uri", "http://[::1"),
    ("uri", "http://host:port"),
    ("uri", "http://hö.st"),
    ("uri", "http://host/%zz"),
    ("uri", "http://host\n"),
    ("uri", "1http://host"),
    ("uuid", "2eb8aa08"),
]


@pytest.mark.parametrize(("name", "text"), FITTING)
def test_what_fits_a_format_is_accepted(declare, name, text):
    """CM-35: formats are rules, not remarks."""
    desk = declare({"a": {"format": name}})

    assert desk.check({"a": text}).properties == {"a": text}
    assert desk.book.all() == ()


@pytest.mark.parametrize(("name", "text"), UNFIT)
def test_what_does_not_fit_a_format_is_refused(declare, name, text):
    """CM-35."""
    (violation,) = declare({"a": {"format": name}}).refused({"a": text}).violations

    assert (violation.key, violation.rule) == ("a", "format")
    assert not violation.expected.startswith("text of the format")


@pytest.mark.parametrize("pattern", [_DATE_TIME, _DURATION, _HOST_NAME, _URI])
def test_our_own_patterns_take_linear_time(pattern):
    """CM-53."""
    assert not has_nested_repetition(pattern.pattern)


def test_every_format_that_is_checked_is_in_the_tables():
    names = {name for name, _ in FITTING}

    assert names == {name for name, _ in UNFIT} == set(OF_VALUES.checkers)


def test_every_format_that_is_checked_is_documented(project):
    page = (project / "docs/schemas.md").read_text(encoding="utf-8")

    assert [name for name in OF_VALUES.checkers if f"`{name}`" not in page] == []


@pytest.mark.parametrize("name", ["date-time", "hostname", "uri", "duration"])
def test_a_format_says_nothing_of_what_is_no_text(declare, name):
    desk = declare({"a": {"type": ["integer", "array"], "format": name}})

    assert desk.check({"a": "5"}).properties == {"a": 5}


def test_what_is_checked_does_not_depend_on_what_is_installed(tmp_path, project):
    """A package that jsonschema would use beside ours changes nothing."""
    (tmp_path / "jsonpointer.py").write_text("class JsonPointerException: ...\n")
    script = (
        "from jsonschema import Draft202012Validator as validator\n"
        "from config_admin.schema.formats import OF_VALUES\n"
        "print('json-pointer' in validator.FORMAT_CHECKER.checkers)\n"
        "print(*OF_VALUES.checkers)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": f"{tmp_path}:{project}"},
        capture_output=True,
        text=True,
        check=True,
    )

    installed, *checked = done.stdout.split()
    assert installed == "True"
    assert set(checked) == set(OF_VALUES.checkers)
