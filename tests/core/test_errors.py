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
THERE = "exists already, at revision 2"

GROUPS = {
    InputError: [
        FormatError([FOUND]),
        InvalidConfigurationError("a", [FOUND]),
        InvalidFilterError("(", 2, "a key is missing."),
        InvalidPidError("", "it is empty."),
        ReadOnlyConfigurationError("a", "etc/a.cfg", "Make it writable."),
        RefusedFileError("a", [FOUND]),
    ],
    UsageError: [
        NoSuchConfigurationError("a", ["b"]),
        RevisionConflictError("a", 1, 2),
        NotRunningError("The admin has been stopped."),
    ],
    StoreError: [StoreOutcomeUnknownError("No answer.")],
    ConfigAdminError: [ConfigurationError("port", "taken")],
}
EACH = [error for group in GROUPS.values() for error in group]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (FormatError([FOUND, FOUND]), f"{LINE}\n{LINE}"),
        (
            InvalidConfigurationError("a", [FOUND]),
            f"a cannot be accepted; nothing was changed:\n  {LINE}",
        ),
        (
            InvalidConfigurationError("", [FOUND]),
            f"These properties cannot be accepted; nothing was changed:\n  {LINE}",
        ),
        (
            InvalidFilterError("(\x1b", 2, "a key is missing."),
            "'(\\x1b' cannot be a filter. At character 2 ('\\x1b') a key is missing.",
        ),
        (
            InvalidFilterError("(", 2, "a key is missing."),
            "'(' cannot be a filter. At character 2 (the end) a key is missing.",
        ),
        (
            InvalidFilterError("(" * 130, 129, "no."),
            f"{shown('(' * 130)} cannot be a filter. At character 129 ('(') no.",
        ),
        (InvalidPidError("a\x1b", "no."), "'a\\x1b' cannot be a PID: no."),
        (
            ReadOnlyConfigurationError("a", "etc/\x1b.cfg", "Make it writable."),
            "a is read-only: etc/\\x1b.cfg may not be written. Make it writable.",
        ),
        (
            RefusedFileError("a", [FOUND]),
            f"a cannot be changed while its file stands refused:\n  {LINE}\n{FORCE}",
        ),
        (NoSuchConfigurationError("a"), "There is no configuration 'a'."),
        (
            NoSuchConfigurationError("a", ["b", "c"]),
            "There is no configuration 'a'. Did you mean 'b' or 'c'?",
        ),
        (
            RevisionConflictError("a", 1, 2),
            "a is at revision 2, not 1. Read it again and repeat the change.",
        ),
        (
            RevisionConflictError("a", 0, 2),
            f"a {THERE}. Choose another PID, or update it: update('a', …).",
        ),
        (
            RevisionConflictError("f~a", 0, 2),
            f"f~a {THERE}. Choose another name, or update it: update('f~a', …).",
        ),
        (ConfigurationError("port", "taken"), "port: taken"),
        (ConfigurationError("\x1b", "taken\x1b"), "\\x1b: taken\\x1b"),
        (ConfigurationError(None, "no broker"), "no broker"),
    ],
)
def test_an_error_says_what_is_wrong(error, text):
    assert str(error) == text


@pytest.mark.parametrize(
    ("group", "error"), [(group, one) for group in GROUPS for one in GROUPS[group]]
)
def test_an_error_belongs_to_whoever_can_put_it_right(group, error):
    groups = {InputError, UsageError, StoreError}

    assert isinstance(error, group)
    assert isinstance(error, ConfigAdminError)
    assert sum(isinstance(error, one) for one in groups) == (group in groups)


def test_every_error_is_in_the_table_above():
    kinds = {
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, ConfigAdminError)
    }

    assert kinds == {type(error) for error in EACH} | set(GROUPS)


@pytest.mark.parametrize("error", EACH, ids=lambda error: type(error).__name__)
def test_an_error_can_go_to_another_process(error):
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (InvalidFilterError("", 1, "no."), ValueError),
        (InvalidPidError("", "no."), ValueError),
        (NoSuchConfigurationError("a"), LookupError),
    ],
)
def test_who_knows_only_pythons_own_errors_can_catch_it(error, builtin):
    assert isinstance(error, builtin)
