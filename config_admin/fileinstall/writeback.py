"""The admin has news: they are written to the file, or the file is removed."""

import errno
from dataclasses import replace
from pathlib import Path

from config_admin.core.configuration import Configuration
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.errors import (
    FormatError,
    InvalidConfigurationError,
    StoreError,
)
from config_admin.core.faults import Fault, FaultKind, faults_of
from config_admin.core.storage import FileRecord
from config_admin.fileinstall.context import Context
from config_admin.fileinstall.drafts import digest_of
from config_admin.fileinstall.names import file_name_of
from config_admin.fileinstall.pace import Retries, UnwrittenChanges
from config_admin.fileinstall.reading import (
    Content,
    FileBusyError,
)
from config_admin.fileinstall.rewriting import (
    UnreadableTextError,
    rewritten,
    written_anew,
)
from config_admin.fileinstall.writing import (
    DirectoryLockedError,
    UnseenEditError,
    create_file,
    keep_beside,
    locked,
    remove_file,
    replace_file,
)

_PATIENCE_S = 1.0
_LOCK_RETRY_S = 0.05


class WriteBack:
    """
    Brings the news of the admin to the files.

    Args:
        context: Of the directory.
        unwritten: The changes that are not in their files yet.
    """

    def __init__(self, context: Context, unwritten: UnwrittenChanges) -> None:
        self._unwritten = unwritten
        self._locked_since_s = 0.0
        self._retries = Retries(context.timing)
        self._context = context
        self._path = context.path
        self._ledger = context.ledger
        self._faults = context.faults

    def report_lost(self, pid: str) -> None:
        """The admin ends, and what was changed is in no file, nor in a store."""
        if self._ledger.lasts or any(
            one.kind is FaultKind.WRITE_BACK and one.pid == pid
            for one in self._faults.all()
        ):
            return  # what hindered it has been told
        record = self._ledger.get(pid)
        name = record.file if record is not None and record.file else pid
        self._report(
            pid,
            self._context.shown(name),
            "a change that was not written before the end",
            "The file says what it said before. Make the change again.",
        )

    def write(
        self,
        pid: str,
        current: Configuration,
        content: Content | None,
        record: FileRecord,
    ) -> float | None:
        """
        Let the file say what *current* does.

        Args:
            pid: Whose file.
            current: The newest revision as written, perhaps a tombstone.
            content: What the file holds, known to us; None: there is none.
            record: What is remembered of it.

        Returns:
            As `ConfigDirectory.reconcile`.
        """
        name = record.file
        if content is None:
            name = file_name_of(pid, self._context.new_suffix)
        try:
            with locked(self._path):
                known = self._write(pid, replace(record, file=name), current, content)
        except DirectoryLockedError:
            return self._wait_for_lock(pid, name)
        except UnseenEditError:
            self._unwritten.add(pid)
            return 0.0
        except FileBusyError as busy:
            self._unwritten.add(pid)
            return busy.retry_s
        except (FormatError, InvalidConfigurationError) as error:
            self._report_refusal(pid, name, error)
            return None  # only an edit of the file can help, and that will be news
        except (OSError, StoreError) as error:
            return self._failed(pid, name, getattr(error, "strerror", None) or error)
        self._note_written(pid, name, known, current)
        return None

    def _note_written(
        self, pid: str, name: str, known: str | None, current: Configuration
    ) -> None:
        before = self._ledger.get(pid)
        written = FileRecord(
            name,
            known,
            revision=current.revision,
            properties=current.properties,
            has_warnings=before is not None and before.has_warnings,
        )
        self._ledger.put(pid, written)
        self._locked_since_s = 0.0
        self._retries.end(pid)
        self._faults.clear(FaultKind.WRITE_BACK, pid)

    def _write(
        self,
        pid: str,
        record: FileRecord,
        current: Configuration,
        content: Content | None,
    ) -> str | None:
        """The digest of the file afterwards; None: there is none."""
        path = self._target(record.file)
        if content is None:
            data = self._anew(record.file, current)
            digest = digest_of(data)
            self._ledger.put(pid, replace(record, pending=digest))
            create_file(path, data)
            return digest
        was_refused = bool(record.refused)
        if was_refused:
            record = self._put_aside(pid, record, current, content)
        if current.deleted:
            remove_file(path, record.known or "")
            return None
        data = self._over(record.file, current, content, was_refused=was_refused)
        digest = digest_of(data)
        if digest != record.known:
            self._ledger.put(pid, replace(record, pending=digest))
            replace_file(path, data, record.known or "")
        return digest

    def _over(
        self, name: str, current: Configuration, content: Content, *, was_refused: bool
    ) -> bytes:
        """What is written over *content*."""
        file_format = self._context.format_of(name)
        try:
            return rewritten(
                content.data, current.properties, file_format, self._context.encoding
            )
        except UnreadableTextError:
            # A crash came after it was put aside; or the encoding is another one now.
            self._keep(name, content)
        except (FormatError, InvalidConfigurationError):
            if not was_refused:
                raise
        return self._anew(name, current)

    def _anew(self, name: str, current: Configuration) -> bytes:
        file_format = self._context.format_of(name)
        return written_anew(current.properties, file_format, self._context.encoding)

    def _put_aside(
        self, pid: str, record: FileRecord, current: Configuration, content: Content
    ) -> FileRecord:
        """Keep what was refused beside the file: from now on it may be written."""
        self._keep(record.file, content)
        # Remembered before the write: should a crash come now, a start makes up for it.
        behind = min(record.revision, current.revision - 1)
        accepted = replace(record, refused=(), revision=behind)
        self._ledger.put(pid, accepted)
        self._faults.clear(FaultKind.FILE, pid)
        return accepted

    def _keep(self, name: str, content: Content) -> None:
        keep_beside(self._path / name, content.data, ".refused")

    def _target(self, name: str) -> Path:
        """The file itself; a link is written through only inside the directory."""
        path = self._path / name
        if not path.is_symlink():
            return path
        target = path.resolve()
        if target.parent != self._path.resolve():
            raise OSError(errno.EPERM, "a link to a file outside the directory")
        return target

    def _wait_for_lock(self, pid: str, name: str) -> float:
        """Another process has its turn; if that takes long somebody has to know."""
        self._unwritten.add(pid)
        now = self._context.clock()
        self._locked_since_s = self._locked_since_s or now
        if now - self._locked_since_s > _PATIENCE_S:
            self._unwritten.fail(pid)
            self._report(
                pid,
                self._context.shown(name),
                "a directory that another process has locked",
                "It is written as soon as the lock is free. See who holds it "
                "(lslocks, fuser).",
            )
        return _LOCK_RETRY_S

    def _failed(self, pid: str, name: str, why: object) -> float:
        self._unwritten.fail(pid)
        self._report(
            pid,
            self._context.shown(name),
            f"a change that cannot be written ({why})",
            "The change is in force and the old file is whole; it is written as soon "
            "as it can be. Free space, or give this process the permission.",
        )
        return self._retries.next_s(pid)

    def _report_refusal(
        self, pid: str, name: str, error: FormatError | InvalidConfigurationError
    ) -> None:
        """The format cannot write the change without a loss."""
        self._unwritten.fail(pid)
        if isinstance(error, FormatError):
            found = error.diagnostics
        else:
            found = error.violations
        faults = faults_of(FaultKind.WRITE_BACK, pid, found, self._context.shown(name))
        self._faults.report(FaultKind.WRITE_BACK, pid, faults)

    def _report(self, pid: str, file: str, found: str, cure: str) -> None:
        diagnostic = Diagnostic(
            file=file,
            found=found,
            expected="a directory and a file that can be written",
            cure=cure,
            rule="write-back",
        )
        fault = Fault.of(FaultKind.WRITE_BACK, pid, diagnostic)
        self._faults.report(FaultKind.WRITE_BACK, pid, [fault])
