"""Which configurations have their file in a directory, and how another takes over."""

import os
from typing import Self

from config_admin.core.faults import FaultKind
from config_admin.core.storage import FileRecord
from config_admin.fileinstall.context import Context
from config_admin.fileinstall.continuity import Continuity
from config_admin.fileinstall.listing import Listing
from config_admin.fileinstall.pace import Absences


class Holding:
    """
    What one directory says of the configurations it holds, and of those it does not.

    Args:
        context: Of the directory.
        listing: The files in it.
        continuity: Knows the configurations that lost theirs.
        absences: The files that are gone, though perhaps not for good.
    """

    def __init__(
        self,
        context: Context,
        listing: Listing,
        continuity: Continuity,
        absences: Absences,
    ) -> None:
        self._context = context
        self._listing = listing
        self._continuity = continuity
        self._absences = absences
        self._ledger = context.ledger

    def is_home(self, pid: str) -> bool:
        """Whether the file of *pid* is here, or was a moment ago."""
        record = self._ledger.glance(pid)
        return record is not None and record.known is not None

    def has_news(self, pid: str) -> bool:
        """Whether the admin has a newer revision than the file here."""
        current = self._context.admin.written(pid)
        record = self._ledger.get(pid)
        known_revision = record.revision if record is not None else 0
        return current is not None and current.revision > known_revision

    def has_file(self, pid: str) -> bool:
        """Whether there certainly is a file of *pid*: the directory may be closed."""
        return bool(self._certain_files_of(pid))

    def take(self, pid: str) -> str | None:
        """The file that holds *pid*; the others are reported."""
        names = self._listing.files_of(pid)
        self._listing.report_seconds(pid, names[1:], names[0] if names else "")
        self._continuity.settle(pid, has_file=bool(names))
        return names[0] if names else None

    def stand_aside(self, pid: str, holder: Self) -> None:
        """*holder* holds *pid*: the files here are nothing but reported."""
        self.hand_over(pid, holder)
        file = holder._file_of(pid)
        self._listing.report_seconds(pid, self._certain_files_of(pid), file)
        self._continuity.settle(pid, has_file=holder.has_file(pid))

    def hand_over(self, pid: str, heir: Self) -> None:
        """
        Let *heir* hold *pid* from now on.

        What its file says is an edit of what the file here said last. So it replaces
        that, and a change in code that no file has yet is not lost.
        """
        record = self._ledger.get(pid)
        if record is None or record == FileRecord(record.file):
            return
        heir._inherit(pid, record)
        self._ledger.put(pid, FileRecord(record.file))
        self._absences.end(pid)
        for kind in (FaultKind.FILE, FaultKind.UNREADABLE, FaultKind.WRITE_BACK):
            self._context.faults.clear(kind, pid)

    def _file_of(self, pid: str) -> str:
        """The file of *pid*, or what it was called, with its directory."""
        names = self._certain_files_of(pid)
        record = self._ledger.get(pid)
        name = names[0] if names else record.file if record is not None else ""
        return str(self._context.named / name)

    def _certain_files_of(self, pid: str) -> list[str]:
        path = self._context.path
        return [
            name for name in self._listing.files_of(pid) if os.path.lexists(path / name)
        ]

    def _inherit(self, pid: str, record: FileRecord) -> None:
        own = self._ledger.get(pid) or FileRecord("")
        if own.revision < record.revision:
            base = FileRecord(
                own.file, revision=record.revision, properties=record.properties
            )
            self._ledger.put(pid, base)
