"""What is wrong now: each fault is told once when it comes and once when it goes."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from enum import Enum
from typing import Self

from config_admin.core.diagnostics import Diagnostic
from config_admin.core.foreign import raised_by


class FaultKind(Enum):
    """What a fault is about; its subject is of the kind named here."""

    FILE = "file"  # a PID whose file was refused, or accepted with warnings
    UNREADABLE = "unreadable"  # a PID whose file cannot be read
    NAME = "name"  # a file whose name is no PID, or another file's PID
    WRITE_BACK = "write-back"  # a PID that cannot be written to its file
    DIRECTORY = "directory"  # a directory that is missing or cannot be watched
    SCHEMA = "schema"  # a schema file that cannot be used
    CONFIGURATION = "configuration"  # a PID that no longer fits its schema
    CALLBACK = "callback"  # a registration whose callback raised or hangs
    ENVIRONMENT = "environment"  # a PID with variables that set no key of it
    STORE = "store"  # the store that failed, or was damaged
    PLUGIN = "plugin"  # a plugin that raised, or is required and missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault(Diagnostic):
    """
    Something that is wrong now.

    Attributes:
        kind: What it is about.
        pid: The configuration it concerns; None if it is not about one.
    """

    kind: FaultKind
    pid: str | None = None

    @classmethod
    def of(cls, kind: FaultKind, pid: str | None, diagnostic: Diagnostic) -> Self:
        """*diagnostic*, as a fault of that kind."""
        found = {
            field.name: getattr(diagnostic, field.name) for field in fields(Diagnostic)
        }
        return cls(kind=kind, pid=pid, **found)


def faults_of(
    kind: FaultKind,
    pid: str | None,
    diagnostics: Iterable[Diagnostic],
    file: str | None = None,
) -> list[Fault]:
    """*diagnostics* as faults of that kind; those without a file are in *file*."""
    return [Fault.of(kind, pid, _in_file(found, file)) for found in diagnostics]


def _in_file(found: Diagnostic, file: str | None) -> Diagnostic:
    if file is None or found.file is not None:
        return found
    return found.at(file, found.line, found.column)


FaultListener = Callable[[Sequence[Fault], Sequence[Fault]], None]


class FaultBook:
    """
    The faults of now, by subject.

    Args:
        tell: Called with the faults that came and those that went, on the thread that
            reported them and outside every lock; what it raises is ignored.
    """

    def __init__(self, tell: FaultListener) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._faults: dict[tuple[FaultKind, str], tuple[Fault, ...]] = {}

    def report(self, kind: FaultKind, subject: str, faults: Sequence[Fault]) -> None:
        """*faults* is all that is wrong with *subject* now; nothing if empty."""
        with self._lock:
            before = self._faults.pop((kind, subject), ())
            if faults:
                self._faults[kind, subject] = tuple(faults)
        known, now = set(before), set(faults)
        came = [fault for fault in faults if fault not in known]
        went = [fault for fault in before if fault not in now]
        if came or went:
            raised_by(lambda: self._tell(came, went))  # a log handler is foreign code

    def clear(self, kind: FaultKind, subject: str) -> None:
        """Nothing of that kind is wrong with *subject* any more."""
        if (kind, subject) in self._faults:
            self.report(kind, subject, ())

    def all(self) -> tuple[Fault, ...]:
        """Everything that is wrong now, by file, line and PID."""
        with self._lock:
            faults = [fault for group in self._faults.values() for fault in group]
        return tuple(
            sorted(faults, key=lambda f: (f.file or "", f.line or 0, f.pid or ""))
        )
