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

from dataclasses import replace

from config_admin.core.configuration import Origin
from config_admin.core.errors import NoSuchConfigurationError
from config_admin.core.faults import Fault, FaultKind, faults_of
from config_admin.core.storage import FileRecord
from config_admin.fileinstall.attachment import Attachment
from config_admin.fileinstall.context import Context
from config_admin.fileinstall.continuity import Continuity
from config_admin.fileinstall.drafts import digest_of
from config_admin.fileinstall.gate import DirectoryGate
from config_admin.fileinstall.holding import Holding
from config_admin.fileinstall.installing import Installer
from config_admin.fileinstall.listing import Listing
from config_admin.fileinstall.pace import Absences, UnwrittenChanges
from config_admin.fileinstall.presence import Presence
from config_admin.fileinstall.probe import Probe
from config_admin.fileinstall.reading import (
    STILL_AFTER_CLOSE_S,
    STILL_S,
    Content,
    FileBusyError,
    UnreadableFileError,
    read_file,
)
from config_admin.fileinstall.recovery import recover, try_again
from config_admin.fileinstall.scanning import Scanner
from config_admin.fileinstall.watcher import Listener
from config_admin.fileinstall.writeback import WriteBack


class ConfigDirectory:
    """
    Keeps one directory and the admin equal.

    Only one thread at a time may call it; `gate` and `pid_for` alone are for all.

    Args:
        context: What it is made of.
        unwritten: The changes that are not in their files yet.

    Attributes:
        gate: Between changes that do not come from a file, and this directory.
        writes_back: Whether it takes such changes.
        holding: Which configurations have their file here.
    """

    def __init__(self, context: Context, unwritten: UnwrittenChanges) -> None:
        self.path = context.path
        self.writes_back = context.write_back
        self.gate = DirectoryGate(context, unwritten)
        self._presence = Presence(
            context.path, context.named, context.faults, "configuration files"
        )
        self._context = context
        self._admin = context.admin
        self._ledger = context.ledger
        self._faults = context.faults
        self._unwritten = unwritten
        self._absences = Absences(context.timing, context.clock)
        self._listing = _listing_of(context)
        self._continuity = Continuity(
            context, self._presence, self._listing, self._absences
        )
        self.holding = Holding(context, self._listing, self._continuity, self._absences)
        self._scanner = Scanner(
            context, self._presence, self._listing, self._continuity, self.holding
        )
        self._installer = Installer(context)
        self._writer = WriteBack(context, unwritten)
        self._closed: set[str] = set()

    def attach(self, listener: Listener) -> Attachment:
        """What watches it for *listener*, once it is renewed."""
        context = self._context
        return Attachment(
            self.path,
            self._presence,
            listener,
            probe=Probe(self.path, context.clock) if context.write_back else None,
            polling_s=context.polling_s,
            watch=context.watch,
            timing=context.timing,
        )

    def pid_for(self, name: str) -> str | None:
        """The PID of the file *name*; None if it is not one of ours."""
        return self._listing.pid_for(name)

    def note_loss(self) -> None:
        """The directory was removed or renamed: what has its path next is another."""
        self._continuity.note_loss()

    def note_close(self, pid: str) -> None:
        """A writer of the file of *pid* has closed it, or renamed it into its place."""
        self._closed.add(pid)

    def look(self) -> bool:
        """Whether the directory is there."""
        return self._continuity.look()

    def scan(self) -> tuple[str, ...]:
        """The PIDs whose file may have news, or is gone, in the order of the files."""
        if not self.look():
            return ()
        self._continuity.report()
        return self._scanner.scan()

    def report_lost(self, pid: str) -> None:
        """The admin ends, and a change of *pid* is in no file."""
        self._writer.report_lost(pid)

    def recover(self) -> None:
        """Bring the drafts that a crash left behind to their end; tell old faults."""
        recover(self._context)
        try_again(self._ledger, lambda _, one: bool(one.refused or one.has_warnings))

    def reconcile(self, pid: str, heir: Holding | None = None) -> float | None:
        """
        Make the file of *pid* and the admin equal.

        Args:
            pid: The configuration.
            heir: Of the directory that holds it once its file here is gone.

        Returns:
            After how many seconds to look again; None: not before something happens.
        """
        if not self.look():
            self._cannot_write(pid)  # the next scan finds what has to be written
            return None
        name = self.holding.take(pid)
        record = self._ledger.get(pid) or FileRecord(file="")
        if name is None:
            return self._without_file(pid, record, heir)
        self._absences.end(pid)
        return self._with_file(pid, name, record)

    @property
    def has_absences(self) -> bool:
        """Whether files are gone, though perhaps not for good."""
        return bool(self._absences)

    def flush(self) -> None:
        """Let other processes know what is remembered of the files."""
        self._ledger.flush()

    def forget_refusals(self) -> tuple[str, ...]:
        """
        Have the files that another schema refused looked at as if they were new.

        Returns:
            The PIDs to reconcile.
        """
        return try_again(
            self._ledger,
            lambda pid, record: (
                bool(record.refused) and record.schema != self._admin.schema_of(pid)
            ),
        )

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
        self.gate.forget_force(pid)
        return self._installer.install(pid, name, content, digest, record)

    def _with_known_bytes(
        self, pid: str, content: Content, record: FileRecord
    ) -> float | None:
        self._tell(pid, record)
        if not record.refused:
            self.gate.forget_force(pid)
        elif self.gate.is_forced(pid, record):
            return self._write(pid, content, record)
        if record.refused or not self.holding.has_news(pid):
            self._forget_unwritten(pid, record)
            if record != self._ledger.get(pid) or not record.signature:
                known = replace(record, pending=None, signature=content.signature)
                self._ledger.put(pid, known)
            return None
        return self._write(pid, content, record)

    def _tell(self, pid: str, record: FileRecord) -> None:
        """Say what another process has found out about the file, too."""
        if record.refused:
            found = faults_of(FaultKind.FILE, pid, record.refused)
            self._faults.report(FaultKind.FILE, pid, found)
        elif not record.has_warnings:
            self._faults.clear(FaultKind.FILE, pid)

    def _without_file(
        self, pid: str, record: FileRecord, heir: Holding | None
    ) -> float | None:
        self._faults.clear(FaultKind.UNREADABLE, pid)
        if record.known is not None:
            left_s = self._absences.left_s(pid)
            if left_s or heir is None:
                return left_s or self._delete(pid, record)
            self.holding.hand_over(pid, heir)
            return 0.0
        if not self.holding.has_news(pid):
            self._forget_unwritten(pid, record)
            return None
        return self._write(pid, None, record)

    def _forget_unwritten(self, pid: str, record: FileRecord) -> None:
        self._unwritten.remove(pid)
        # A commit may have come between the question and its answer. What meets a
        # refused file is merged with the mended text instead.
        if not record.refused and self.holding.has_news(pid):
            self._unwritten.add(pid)

    def _write(
        self, pid: str, content: Content | None, record: FileRecord
    ) -> float | None:
        left_s = self._unwritten.left_s(pid)
        if left_s:
            return left_s
        # Before the admin is asked: what it commits later marks itself again.
        self._unwritten.remove(pid)
        current = self._admin.written(pid)
        if current is None or (current.deleted and content is None):
            return None
        if not self._context.write_back:
            return None
        return self._writer.write(pid, current, content, record)

    def _cannot_write(self, pid: str) -> None:
        if self.holding.has_news(pid) and self._context.write_back:
            self._unwritten.fail(pid)
        else:
            self._unwritten.remove(pid)

    def _delete(self, pid: str, record: FileRecord) -> float | None:
        origin = Origin.file(self._context.shown(record.file))
        try:
            revision = self._admin.delete(pid, origin=origin).revision
        except NoSuchConfigurationError:
            # It never got in, or was deleted on the other side too.
            current = self._admin.written(pid)
            revision = current.revision if current and current.deleted else 0
        self._absences.end(pid)
        self._unwritten.remove(pid)
        self._ledger.put(pid, FileRecord(record.file, revision=revision))
        for kind in (FaultKind.FILE, FaultKind.WRITE_BACK):
            self._faults.clear(kind, pid)
        return None

    def _report_unreadable(
        self, pid: str, name: str, error: UnreadableFileError
    ) -> None:
        diagnostic = error.diagnostic.at(self._context.shown(name), None, None)
        fault = Fault.of(FaultKind.UNREADABLE, pid, diagnostic)
        self._faults.report(FaultKind.UNREADABLE, pid, [fault])


def _listing_of(context: Context) -> Listing:
    return Listing(
        context.path,
        context.named,
        context.suffixes or context.formats,
        context.faults,
        context.formats,
        schema_of=context.admin.schema_of,
    )
