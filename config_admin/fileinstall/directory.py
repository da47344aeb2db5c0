"""
One directory and the admin, kept equal: the only code that reads or writes ``etc/``.

`ConfigDirectory.reconcile` is one function for both directions. It compares the bytes
on disk with those last read or written by us:

- the same: the admin may have news, and they are written;
- others: the file has news, and they are installed;
- no file: if it was the home of the configuration, that is deleted; else it is written.

So own writes are never news, and an edit that nobody has read is never overwritten.
Nothing here depends on which event came, or how often: an event only says which PID to
look at.
"""

import os
from dataclasses import replace

from config_admin.core.configuration import Origin
from config_admin.core.errors import NoSuchConfigurationError, StoreError
from config_admin.core.faults import Fault, FaultKind
from config_admin.core.ports import FileRecord, Gate
from config_admin.fileinstall.context import Context
from config_admin.fileinstall.drafts import digest_of
from config_admin.fileinstall.installing import Installer
from config_admin.fileinstall.listing import Listing
from config_admin.fileinstall.pace import Absences, UnwrittenChanges
from config_admin.fileinstall.presence import Presence
from config_admin.fileinstall.reading import (
    STILL_AFTER_CLOSE_S,
    STILL_S,
    Content,
    FileBusyError,
    Signature,
    UnreadableFileError,
    read_file,
)
from config_admin.fileinstall.recovery import recover
from config_admin.fileinstall.writeback import WriteBack


class ConfigDirectory:
    """
    Keeps one directory and the admin equal.

    Only one thread at a time may call it; `unwritten` alone is for all.

    Args:
        context: What it is made of.

    Attributes:
        presence: Says whether the directory is there.
        unwritten: The changes that are not in their files yet.
    """

    def __init__(self, context: Context) -> None:
        self.path = context.path
        self.presence = Presence(
            context.path, context.named, context.faults, "configuration files"
        )
        self.unwritten = UnwrittenChanges(context.timing, context.clock)
        self._context = context
        self._admin = context.admin
        self._ledger = context.ledger
        self._faults = context.faults
        self._absences = Absences(context.timing, context.clock)
        self._listing = Listing(
            context.path, context.named, context.formats, context.faults
        )
        self._writer = WriteBack(context, self.unwritten)
        self._installer = Installer(context)
        self._identity: tuple[int, int] | None = None
        self._was_lost = False
        self._orphans: set[str] = set()
        self._closed: set[str] = set()

    @property
    def gate(self) -> Gate:
        """Between changes that do not come from a file, and this directory."""
        return self._writer

    def pid_for(self, name: str) -> str | None:
        """The PID of the file *name*; None if it is not one of ours."""
        return self._listing.pid_for(name)

    def note_loss(self) -> None:
        """The directory was removed or renamed: what has its path next is another."""
        self._was_lost = True

    def note_close(self, pid: str) -> None:
        """A writer of the file of *pid* has closed it, or renamed it into its place."""
        self._closed.add(pid)

    def report_unwritten(self) -> None:
        """Nothing will be written any more: say what is in no file."""
        for pid in self.unwritten.hurry():
            self._writer.report_lost(pid)

    def scan(self) -> tuple[str, ...]:
        """The PIDs that have to be reconciled, in the order of their files."""
        if not self._is_there():
            return ()
        seen: dict[str, bool] = {}
        try:
            for pid, name, status in self._listing.entries():
                seen[pid] = seen.get(pid, False) or self._may_differ(pid, name, status)
        except OSError as error:
            self.presence.report_missing(error)
            return ()
        gone = [
            pid
            for pid, record in self._ledger.all().items()
            if record.known is not None and pid not in seen
        ]
        unwritten = [
            pid
            for pid in self._admin.present_pids()
            if pid not in seen and self._has_news(pid)
        ]
        found = [pid for pid, may_differ in seen.items() if may_differ]
        return tuple(dict.fromkeys([*found, *gone, *unwritten]))

    def recover(self) -> None:
        """Bring the drafts that a crash left behind to their end."""
        recover(self._context)

    def reconcile(self, pid: str) -> float | None:
        """
        Make the file of *pid* and the admin equal.

        Returns:
            After how many seconds to look again; None: not before something happens.
        """
        if not self._is_there():
            self._cannot_write(pid)  # the next scan finds what has to be written
            return None
        name = self._listing.file_of(pid)
        record = self._ledger.get(pid) or FileRecord(file="")
        if pid in self._orphans and (name or not self._has_configuration(pid)):
            self._orphans.discard(pid)
            if not self._orphans:
                self.presence.report_orphans(())
        if name is None:
            return self._without_file(pid, record)
        self._absences.end(pid)
        return self._with_file(pid, name, record)

    def forget_refusals(self) -> tuple[str, ...]:
        """
        Have the files that another schema refused looked at as if they were new.

        Returns:
            The PIDs to reconcile.
        """
        again = []
        for pid, record in self._ledger.all().items():
            if record.refused and record.schema != self._admin.schema_of(pid):
                forgotten = replace(record, known="", refused=(), signature=None)
                self._ledger.put(pid, forgotten)
                again.append(pid)
        return tuple(again)

    def _with_file(self, pid: str, name: str, record: FileRecord) -> float | None:
        try:
            still_s = STILL_AFTER_CLOSE_S if pid in self._closed else STILL_S
            content = read_file(self.path / name, still_s)
            self._closed.discard(pid)
        except FileNotFoundError:
            return 0.0
        except FileBusyError as busy:
            return busy.retry_s
        except UnreadableFileError as error:
            self._report_unreadable(pid, name, error)
            self._cannot_write(pid)
            return None
        self._faults.clear(FaultKind.UNREADABLE, pid)
        digest = digest_of(content.data)
        if record.file == name and digest in (record.known, record.pending):
            return self._with_known_bytes(pid, content, replace(record, known=digest))
        return self._installer.install(pid, name, content, digest, record)

    def _with_known_bytes(
        self, pid: str, content: Content, record: FileRecord
    ) -> float | None:
        if record.refused or not self._has_news(pid):
            self._forget_unwritten(pid, record)
            if record != self._ledger.get(pid) or not record.signature:
                known = replace(record, pending=None, signature=content.signature)
                self._ledger.put(pid, known)
            return None
        return self._write(pid, content, record)

    def _without_file(self, pid: str, record: FileRecord) -> float | None:
        self._faults.clear(FaultKind.UNREADABLE, pid)
        if record.known is not None:
            return self._absences.left_s(pid) or self._delete(pid, record)
        if not self._has_news(pid):
            self._forget_unwritten(pid, record)
            return None
        return self._write(pid, None, record)

    def _forget_unwritten(self, pid: str, record: FileRecord) -> None:
        self.unwritten.remove(pid)
        # A commit may have come between the question and its answer. What meets a
        # refused file is merged with the mended text instead.
        if not record.refused and self._has_news(pid):
            self.unwritten.add(pid)

    def _write(
        self, pid: str, content: Content | None, record: FileRecord
    ) -> float | None:
        left_s = self.unwritten.left_s(pid)
        if left_s:
            return left_s
        # Before the admin is asked: what it commits later marks itself again.
        self.unwritten.remove(pid)
        current = self._admin.written(pid)
        if current is None or (current.deleted and content is None):
            return None
        if not self._context.write_back:
            return None
        return self._writer.write(pid, current, content, record)

    def _cannot_write(self, pid: str) -> None:
        if self._has_news(pid) and self._context.write_back:
            self.unwritten.fail(pid)
        else:
            self.unwritten.remove(pid)

    def _delete(self, pid: str, record: FileRecord) -> float | None:
        origin = Origin.file(self._context.shown(record.file))
        try:
            revision = self._admin.delete(pid, origin=origin).revision
        except NoSuchConfigurationError:
            # It never got in, or was deleted on the other side too.
            current = self._admin.written(pid)
            revision = current.revision if current and current.deleted else 0
        except StoreError:
            return self._context.timing.retry_s
        self._absences.end(pid)
        self.unwritten.remove(pid)
        self._ledger.put(pid, FileRecord(record.file, revision=revision))
        for kind in (FaultKind.FILE, FaultKind.WRITE_BACK):
            self._faults.clear(kind, pid)
        return None

    def _is_there(self) -> bool:
        found = self.presence.look()
        if found is None:
            return False
        before, self._identity = self._identity, found
        # Not by the inode alone: file systems use the number of a removed one again.
        if self._was_lost or before not in {None, found}:
            self._was_lost = False
            self._leave_old_directory()
        return True

    def _leave_old_directory(self) -> None:
        """Another directory stands in its place: no file in it was ever a home."""
        for pid, record in self._ledger.all().items():
            if record.known is not None and self._listing.file_of(pid) is None:
                self._ledger.put(pid, replace(record, known=None, pending=None))
                self._absences.end(pid)
                if self._has_configuration(pid):
                    self._orphans.add(pid)
        self.presence.report_orphans(self._orphans)

    def _has_configuration(self, pid: str) -> bool:
        current = self._admin.written(pid)
        return current is not None and not current.deleted

    def _may_differ(self, pid: str, name: str, status: os.stat_result | None) -> bool:
        record = self._ledger.get(pid)
        if record is None or status is None or record.signature is None:
            return True
        is_same = record.file == name and record.signature == Signature.of(status)
        return not is_same or self._has_news(pid)

    def _has_news(self, pid: str) -> bool:
        current = self._admin.written(pid)
        record = self._ledger.get(pid)
        known_revision = record.revision if record is not None else 0
        return current is not None and current.revision > known_revision

    def _report_unreadable(
        self, pid: str, name: str, error: UnreadableFileError
    ) -> None:
        diagnostic = error.diagnostic.at(self._context.shown(name), None, None)
        fault = Fault.of(FaultKind.UNREADABLE, pid, diagnostic)
        self._faults.report(FaultKind.UNREADABLE, pid, [fault])
