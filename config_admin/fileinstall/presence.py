"""Whether the directory is there, and still the same one."""

import os
import stat
from collections.abc import Collection
from errno import ENOTDIR
from pathlib import Path

from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import escaped
from config_admin.core.faults import Fault, FaultBook, FaultKind
from config_admin.fileinstall.birth import birth_ns

_MAX_PIDS_SHOWN = 5


class Presence:
    """
    Looks whether a directory is there.

    Args:
        path: The directory.
        named: The same, as the user named it.
        faults: Takes what is wrong with it.
        holds: What is in it, for people: "configuration files".

    A directory that is missing or cannot be read deletes nothing: that its files are
    gone says nothing about them.
    """

    def __init__(self, path: Path, named: Path, faults: FaultBook, holds: str) -> None:
        self._path = path
        self._named = escaped(str(named))
        self._holds = holds
        self._faults = faults

    def look(self) -> tuple[int, int, int] | None:
        """What no other directory equals; None, and a fault, if it is not there."""
        try:
            status = self._path.stat()
        except OSError as error:
            self.report_missing(error)
            return None
        if not stat.S_ISDIR(status.st_mode):
            self.report_missing(NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR)))
            return None
        self._faults.clear(FaultKind.DIRECTORY, f"{self._path} missing")
        return status.st_dev, status.st_ino, birth_ns(self._path)

    def report_unwatchable(self, error: OSError, poll_s: float) -> None:
        """The directory is there, but nobody tells what changes in it."""
        cure = (
            "Raise the limits (sysctl fs.inotify.max_user_watches, max_user_instances)."
        )
        if isinstance(error, PermissionError):
            cure = "Give this process the permission to read it."
        self._report(
            "watch",
            f"a directory that cannot be watched ({error.strerror})",
            "a directory that inotify can watch",
            f"It is looked through every {poll_s:g} s meanwhile. {cure}",
        )

    def report_deaf(self, poll_s: float) -> None:
        """The directory is watched, but the watcher does not tell what changes."""
        self._report(
            "watch",
            "a watcher that did not tell of a file which was renamed here as a test",
            "to be told what changes in the directory",
            f"It is looked through every {poll_s:g} s meanwhile and tested again. Some "
            "file systems tell nothing (network, FUSE, shared folders): set polling_s "
            "there. Else look at the limits (sysctl fs.inotify).",
        )

    def report_watched(self) -> None:
        """Somebody tells what changes in the directory."""
        self._faults.clear(FaultKind.DIRECTORY, f"{self._path} watch")

    def report_orphans(self, pids: Collection[str]) -> None:
        """These configurations lost their files with an earlier directory."""
        names = ", ".join(escaped(pid) for pid in sorted(pids)[:_MAX_PIDS_SHOWN])
        more = len(pids) - _MAX_PIDS_SHOWN
        if not pids:
            self._faults.clear(FaultKind.DIRECTORY, f"{self._path} orphans")
            return
        self._report(
            "orphans",
            f"no file for {names}{f' and {more} more' if more > 0 else ''} since the "
            "directory was replaced",
            "a file for each configuration",
            "They stay as they are. Put the files back, or delete them (admin.delete).",
        )

    def report_missing(self, error: OSError) -> None:
        """The directory cannot be looked into."""
        if isinstance(error, PermissionError):
            cure = "Give this process the permission to read and enter it."
        elif isinstance(error, NotADirectoryError):
            cure = "Name a directory."
        else:
            cure = (
                f"Create it (mkdir '{self._named}') or name another one; it is picked "
                "up when it appears. Nothing is deleted meanwhile."
            )
        self._report(
            "missing",
            f"no directory that can be read ({error.strerror})",
            f"the directory with the {self._holds}",
            cure,
        )

    def _report(self, about: str, found: str, expected: str, cure: str) -> None:
        diagnostic = Diagnostic(
            file=self._named,
            found=found,
            expected=expected,
            cure=cure,
            rule="directory",
        )
        fault = Fault.of(FaultKind.DIRECTORY, None, diagnostic)
        self._faults.report(FaultKind.DIRECTORY, f"{self._path} {about}", [fault])
