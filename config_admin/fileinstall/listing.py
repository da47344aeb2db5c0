"""Which files of the directory belong to which PID."""

import os
import stat
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from pathlib import Path

from config_admin.core.diagnostics import Diagnostic, Severity
from config_admin.core.display import escaped, shown
from config_admin.core.errors import InvalidPidError
from config_admin.core.faults import Fault, FaultBook, FaultKind
from config_admin.fileinstall.names import (
    file_name_of,
    pid_of,
    suffix_of,
    unsplit_pid_of,
)


class Listing:
    """
    The names that were seen in a directory, by PID.

    Args:
        path: The directory.
        named: The same, as the user named it.
        suffixes: The ends of file names that are configurations; the first is that of
            new files.
        faults: Takes names that are no PID, and second files of one PID.
        known: The suffixes of every format, also of those that are not taken here.
        schema_of: The schema of a PID; None: it has none.

    Attributes:
        seconds: The PIDs of which files are reported that do not hold.
    """

    def __init__(  # noqa: PLR0913 - its directory alone makes one
        self,
        path: Path,
        named: Path,
        suffixes: Iterable[str],
        faults: FaultBook,
        known: Iterable[str] = (),
        *,
        schema_of: Callable[[str], Hashable] = lambda _: None,
    ) -> None:
        self._path = path
        self._named = named
        self._suffixes = tuple(suffixes)
        self._known = tuple(known)
        self._faults = faults
        self._schema_of = schema_of
        self._lock = threading.Lock()
        self._names: dict[str, frozenset[str]] = {}
        self._misnamed: set[str] = set()
        self._split: set[str] = set()
        self.seconds: set[str] = set()

    def pid_for(self, name: str) -> str | None:
        """The PID of the file *name*; None if it is not ours or is no PID."""
        suffix = self._suffix_of(name)
        if suffix is None:
            return None
        try:
            pid = pid_of(name, suffix)
        except InvalidPidError as error:
            self._report_misnamed(name, error)
            return None
        with self._lock:
            self._names[pid] = self._names.get(pid, frozenset()) | {name}
        self._report_split(name, pid, suffix)
        return pid

    def entries(self) -> Iterator[tuple[str, str, os.stat_result | None]]:
        """
        Each configuration file there is: its PID, name and status, in name order.

        Raises:
            OSError: If the directory cannot be read.
        """
        for name in self._misnamed | self._split:
            self.pid_for(name)
        with os.scandir(self._path) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        for entry in entries:
            if self._suffix_of(entry.name) is None or _is_directory(entry):
                continue
            pid = self.pid_for(entry.name)
            if pid is not None:
                yield pid, entry.name, _status(entry)

    def files_of(self, pid: str) -> list[str]:
        """The files of *pid* in name order: the first one holds."""
        usual = file_name_of(pid, self._suffixes[0])  # where we write it to
        names = sorted(self._names.get(pid, frozenset()) | {usual})
        there = [name for name in names if self._is_there(name)]
        if len(names) > 1:
            with self._lock:
                gone = set(names) - set(there)
                self._names[pid] = self._names.get(pid, frozenset()) - gone
        return there

    def report_seconds(self, pid: str, names: Sequence[str], holder: str) -> None:
        """*names* are all the files of *pid* here besides *holder*, which holds."""
        subject = f"{self._path} second {pid}"
        if not names:
            self.seconds.discard(pid)
            self._faults.clear(FaultKind.NAME, subject)
            return
        self.seconds.add(pid)
        faults = [
            Fault(
                kind=FaultKind.NAME,
                pid=pid,
                file=escaped(str(self._named / name)),
                found=f"a second file of {escaped(pid)}",
                expected="one file for each PID",
                cure=f"{shown(holder)} holds; remove or rename this one.",
                rule="name",
            )
            for name in names
        ]
        self._faults.report(FaultKind.NAME, subject, faults)

    def _suffix_of(self, name: str) -> str | None:
        return suffix_of(name, self._suffixes, self._known)

    def _is_there(self, name: str) -> bool:
        """Whether anything but a directory has that name; if it is unclear, it has."""
        path = self._path / name
        try:
            mode = path.lstat().st_mode
            return not (stat.S_ISDIR(mode) or (stat.S_ISLNK(mode) and path.is_dir()))
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True

    def _report_misnamed(self, name: str, error: InvalidPidError) -> None:
        if not self._is_there(name):
            self._misnamed.discard(name)
            self._faults.clear(FaultKind.NAME, str(self._path / name))
            return
        self._misnamed.add(name)
        diagnostic = Diagnostic(
            file=escaped(str(self._named / name)),
            found=f"a name that is no PID: {error.reason.removesuffix('.')}",
            expected="<pid>.cfg or <factoryPid>~<name>.cfg",
            cure="Rename the file.",
            rule="name",
        )
        fault = Fault.of(FaultKind.NAME, None, diagnostic)
        self._faults.report(FaultKind.NAME, str(self._path / name), [fault])

    def _report_split(self, name: str, pid: str, suffix: str) -> None:
        """Warn of a name that a "-" splits, though its PID as a whole has a schema."""
        whole = unsplit_pid_of(name, suffix)
        is_split = (
            whole is not None
            and self._schema_of(pid) is None
            and self._schema_of(whole) is not None
            and self._is_there(name)
        )
        if not is_split or whole is None:
            if name in self._split:
                self._split.discard(name)
                self._faults.clear(FaultKind.NAME, f"{self._path / name} split")
            return
        self._split.add(name)
        fault = Fault(
            kind=FaultKind.NAME,
            pid=pid,
            file=escaped(str(self._named / name)),
            found=f"an instance, {escaped(pid)}, because the first '-' splits a name",
            expected=f"the configuration {escaped(whole)}, for that has a schema",
            cure=f"Rename the file to {shown(file_name_of(whole, suffix))}.",
            rule="name",
            severity=Severity.WARNING,
        )
        self._faults.report(FaultKind.NAME, f"{self._path / name} split", [fault])


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle, or into a closed directory
        return False


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat()
    except OSError:  # it went away meanwhile, or is a link to nowhere
        return None
