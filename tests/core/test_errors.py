"""Errors are grouped by who can put them right, and say how."""

import pickle

import pytest

from config_admin.core import errors
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import shown
from config_admin.core.errors import (
    ConfigAdminError,
    ConfigurationError,
    FormatError,
    InputError,
    InvalidConfigurationError,
    InvalidFilterError,
    InvalidPidError,
    NoSuchConfigurationError,
    NoSuchRevisionError,
    NotRunningError,
    ReadOnlyConfigurationError,
    RefusedFileError,
    RevisionConflictError,
    StoreError,
    StoreOutcomeUnknownError,
    UsageError,
)

FOUND = Diagnostic(key="port", found="'x'", expected="a port", cure="Set it.", rule="r")
LINE = "port: found 'x', expected a port. Set it."
FORCE = "Mend the file, or update with force=True: its edit is put aside."
REFUSED = "cannot be changed while its file stands refused"
THERE = "exists already, at revision 2"

# Kinds, and what one of them may be made of
GROUPS = {
    InputError: {
        FormatError: {"diagnostics": (FOUND,)},
        InvalidConfigurationError: {"pid": "a", "violations": (FOUND,)},
        InvalidFilterError: {"text": "(", "position": 2, "reason": "no."},
        InvalidPidError: {"pid": "", "reason": "it is empty."},
        ReadOnlyConfigurationError: {"pid": "a", "file": "a.cfg", "cure": "Copy it."},
        RefusedFileError: {"pid": "a", "diagnostics": (FOUND,)},
    },
    UsageError: {
        NoSuchConfigurationError: {"pid": "a", "similar": ("b",)},
        NoSuchRevisionError: {"pid": "a", "reason": "revision 7 is not kept."},
        RevisionConflictError: {"pid": "a", "expected": 1, "actual": 2},
        NotRunningError: {},
    },
    StoreError: {StoreOutcomeUnknownError: {}},
    ConfigAdminError: {ConfigurationError: {"key": "port", "reason": "taken"}},
}
EACH = [each for group in GROUPS.values() for each in group.items()]


@pytest.mark.parametrize(
    ("kind", "given", "text"),
    [
        (FormatError, ([FOUND, FOUND],), f"{LINE}\n{LINE}"),
        (
            InvalidConfigurationError,
            ("a\x1b", [FOUND]),
            f"a\\x1b cannot be accepted; nothing was changed:\n  {LINE}",
        ),
        (
            InvalidConfigurationError,
            ("", [FOUND]),
            f"These properties cannot be accepted; nothing was changed:\n  {LINE}",
        ),
        (
            InvalidFilterError,
            ("(\x1b", 2, "a key is missing."),
            "'(\\x1b' cannot be a filter. At character 2 ('\\x1b') a key is missing.",
        ),
        (
            InvalidFilterError,
            ("(", 2, "a key is missing."),
            "'(' cannot be a filter. At character 2 (the end) a key is missing.",
        ),
        (
            InvalidFilterError,
            ("(" * 130, 129, "no."),
            f"{shown('(' * 130)} cannot be a filter. At character 129 ('(') no.",
        ),
        (NoSuchRevisionError, ("a\x1b", "It is not kept."), "a\\x1b: It is not kept."),
        (InvalidPidError, ("a\x1b", "no."), "'a\\x1b' cannot be a PID: no."),
        (
            ReadOnlyConfigurationError,
            ("a\x1b", "etc/\x1b.cfg", "Make it writable."),
            "a\\x1b is read-only: etc/\\x1b.cfg may not be written. Make it writable.",
        ),
        (
            RefusedFileError,
            ("a\x1b", [FOUND]),
            f"a\\x1b {REFUSED}:\n  {LINE}\n{FORCE}",
        ),
        (NoSuchConfigurationError, ("a",), "There is no configuration 'a'."),
        (
            NoSuchConfigurationError,
            ("a", ["b", "c"]),
            "There is no configuration 'a'. Did you mean 'b' or 'c'?",
        ),
        (
            RevisionConflictError,
            ("a\x1b", 1, 2),
            "a\\x1b is at revision 2, not 1. Read it again and repeat the change.",
        ),
        (
            RevisionConflictError,
            ("a", 0, 2),
            f"a {THERE}. Choose another PID, or update it: update('a', …).",
        ),
        (
            RevisionConflictError,
            ("~\x1b", 0, 2),
            f"~\\x1b {THERE}. Choose another name, or update it: update('~\\x1b', …).",
        ),
        (ConfigurationError, ("port", "taken"), "port: taken"),
        (ConfigurationError, ("\x1b", "taken\x1b"), "\\x1b: taken\\x1b"),
        (ConfigurationError, (None, "no broker"), "no broker"),
    ],
)
def test_an_error_says_what_is_wrong(kind, given, text):
    assert str(kind(*given)) == text


@pytest.mark.parametrize(
    ("group", "kind"), [(group, kind) for group in GROUPS for kind in GROUPS[group]]
)
def test_an_error_belongs_to_whoever_can_put_it_right(group, kind):
    groups = {InputError, UsageError, StoreError}

    assert issubclass(kind, group)
    assert issubclass(kind, ConfigAdminError)
    assert sum(issubclass(kind, one) for one in groups) == (group in groups)


def test_every_error_is_in_the_table_above():
    kinds = {
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, ConfigAdminError)
    }

    assert kinds == {kind for kind, _ in EACH} | set(GROUPS)


@pytest.mark.parametrize(("kind", "given"), EACH)
def test_an_error_keeps_what_it_was_made_of(kind, given):
    lists = {key: list(of) for key, of in given.items() if isinstance(of, tuple)}

    error = kind(**{**given, **lists})

    assert vars(error) == given
    assert error.args == tuple({**given, **lists}.values())


@pytest.mark.parametrize(("kind", "given"), EACH)
def test_an_error_can_go_to_another_process(kind, given):
    error = kind(**given)

    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert type(copy) is kind
    assert str(copy) == str(error)
    assert repr(copy) == repr(error)
    assert vars(copy) == vars(error)


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (InvalidFilterError, ValueError),
        (InvalidPidError, ValueError),
        (NoSuchConfigurationError, LookupError),
    ],
)
def test_who_knows_only_pythons_own_errors_can_catch_it(kind, builtin):
    assert issubclass(kind, builtin)
