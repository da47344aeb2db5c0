"""
Every error of this package, grouped by who can put it right.

`InputError`: an operator edits a file or a value. `UsageError`: a developer changes
the call. `StoreError`: it may work later. `ConfigurationError` is the one that
managed services raise themselves.
"""

from collections.abc import Sequence

from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import escaped, shown


class ConfigAdminError(Exception):
    """The base of every error of this package."""


class InputError(ConfigAdminError):
    """What came from outside is not acceptable; nothing was changed."""


class UsageError(ConfigAdminError):
    """The call does not fit the state of things; nothing was changed."""


class StoreError(ConfigAdminError):
    """The store failed; nothing was changed, and a later call may work."""


class StoreOutcomeUnknownError(StoreError):
    """The store did not answer in time: the change may have been stored."""


class FormatError(InputError):
    """
    A text cannot be read in its format.

    Attributes:
        diagnostics: Every fault of the text in the order of its lines; never empty.
    """

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__(diagnostics)
        self.diagnostics = tuple(diagnostics)

    def __str__(self) -> str:
        return "\n".join(str(diagnostic) for diagnostic in self.diagnostics)


class InvalidConfigurationError(InputError):
    """
    The properties break a rule; nothing was changed.

    Attributes:
        pid: Whose properties they are; "" if they belong to none yet.
        violations: Every broken rule in key order; never empty.
    """

    def __init__(self, pid: str, violations: Sequence[Diagnostic]) -> None:
        super().__init__(pid, violations)
        self.pid = pid
        self.violations = tuple(violations)

    def __str__(self) -> str:
        subject = escaped(self.pid) if self.pid else "These properties"
        lines = [f"{subject} cannot be accepted; nothing was changed:"]
        lines += [f"  {violation}" for violation in self.violations]
        return "\n".join(lines)


class InvalidFilterError(InputError, ValueError):
    """
    The text cannot be a filter.

    Attributes:
        text: The text.
        position: Where it is wrong, from 1, in characters; behind the last one if its
            end came too soon.
        reason: What is wrong there, and what to write instead.
    """

    def __init__(self, text: str, position: int, reason: str) -> None:
        super().__init__(text, position, reason)
        self.text = text
        self.position = position
        self.reason = reason

    def __str__(self) -> str:
        character = self.text[self.position - 1 : self.position]
        found = shown(character) if character else "the end"
        return (
            f"{shown(self.text)} cannot be a filter. "
            f"At character {self.position} ({found}) {self.reason}"
        )


class InvalidPidError(InputError, ValueError):
    """
    The text cannot be a PID.

    Attributes:
        pid: The text.
        reason: What a PID has to be, and this is not.
    """

    def __init__(self, pid: str, reason: str) -> None:
        super().__init__(pid, reason)
        self.pid = pid
        self.reason = reason

    def __str__(self) -> str:
        return f"{shown(self.pid)} cannot be a PID: {self.reason}"


class ReadOnlyConfigurationError(InputError):
    """
    The configuration's file may not be written; nothing was changed.

    Attributes:
        pid: The configuration.
        file: Its file, or the directory it would be written to.
        cure: What to do about it, a whole sentence.
    """

    def __init__(self, pid: str, file: str, cure: str) -> None:
        super().__init__(pid, file, cure)
        self.pid = pid
        self.file = file
        self.cure = cure

    def __str__(self) -> str:
        pid, file = escaped(self.pid), escaped(self.file)
        return f"{pid} is read-only: {file} may not be written. {self.cure}"


class RefusedFileError(InputError):
    """
    The configuration's file holds an edit that was refused; nothing was changed.

    Writing over it would lose what its author typed.

    Attributes:
        pid: The configuration.
        diagnostics: Why the file was refused, with file and line; never empty.
    """

    def __init__(self, pid: str, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__(pid, diagnostics)
        self.pid = pid
        self.diagnostics = tuple(diagnostics)

    def __str__(self) -> str:
        subject = escaped(self.pid)
        lines = [f"{subject} cannot be changed while its file stands refused:"]
        lines += [f"  {diagnostic}" for diagnostic in self.diagnostics]
        lines.append("Mend the file, or update with force=True: its edit is put aside.")
        return "\n".join(lines)


class NoSuchConfigurationError(UsageError, LookupError):
    """
    There is no configuration with this PID.

    Attributes:
        pid: The PID that was asked for.
        similar: PIDs that are spelled much like it; may be empty.
    """

    def __init__(self, pid: str, similar: Sequence[str] = ()) -> None:
        super().__init__(pid, similar)
        self.pid = pid
        self.similar = tuple(similar)

    def __str__(self) -> str:
        hint = (
            f" Did you mean {' or '.join(map(shown, self.similar))}?"
            if self.similar
            else ""
        )
        return f"There is no configuration {shown(self.pid)}.{hint}"


class NoSuchRevisionError(UsageError, LookupError):
    """
    The history does not have it, or not any more.

    Attributes:
        pid: Whose history.
        reason: What is missing, and what there is instead.
    """

    def __init__(self, pid: str, reason: str) -> None:
        super().__init__(pid, reason)
        self.pid = pid
        self.reason = reason

    def __str__(self) -> str:
        return f"{escaped(self.pid)}: {self.reason}"


class RevisionConflictError(UsageError):
    """
    Somebody else changed the configuration first; nothing was changed.

    Attributes:
        pid: The configuration.
        expected: The revision that the caller knew; 0: none was to be there.
        actual: The revision that is there; 0: none.
    """

    def __init__(self, pid: str, expected: int, actual: int) -> None:
        super().__init__(pid, expected, actual)
        self.pid = pid
        self.expected = expected
        self.actual = actual

    def __str__(self) -> str:
        if not self.expected:
            name = "name" if "~" in self.pid else "PID"
            return (
                f"{escaped(self.pid)} exists already, at revision {self.actual}. "
                f"Choose another {name}, or update it: update({shown(self.pid)}, …)."
            )
        return (
            f"{escaped(self.pid)} is at revision {self.actual}, not {self.expected}. "
            "Read it again and repeat the change."
        )


class NotRunningError(UsageError):
    """The admin has not been started yet, or has been stopped."""


class ConfigurationError(ConfigAdminError):
    """
    Raised *by* managed services: this configuration does not work for me.

    Attributes:
        key: The property at fault; None if it is about all of them.
        reason: What is wrong with it, for the operator.

    Source: OSGi Compendium ch. 104, ``ConfigurationException(property, reason)``.
    """

    def __init__(self, key: str | None, reason: str) -> None:
        super().__init__(key, reason)
        self.key = key
        self.reason = reason

    def __str__(self) -> str:
        reason = escaped(self.reason)
        return f"{escaped(self.key)}: {reason}" if self.key else reason
