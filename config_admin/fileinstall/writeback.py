"""The admin has news: they are written to the file, or the file is removed."""

import errno
import os
import stat
from dataclasses import replace
from pathlib import Path

from config_admin.core.configuration import Configuration
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.errors import ReadOnlyConfigurationError, RefusedFileError
from config_admin.core.faults import Fault, FaultKind
from config_admin.core.ports import FileRecord
from config_admin.fileinstall.context import Context
from config_admin.fileinstall.drafts import digest_of
from config_admin.fileinstall.names import file_name_of
from config_admin.fileinstall.pace import UnwrittenChanges
from config_admin.fileinstall.reading import Content, FileBusyError
from config_admin.fileinstall.writing import (
    UnseenEditError,
    create_file,
    locked,
    remove_file,
    replace_file,
)


class WriteBack:
    """
    Brings the news of the admin to the files; a `config_admin.core.ports.Gate`.

    Args:
        context: Of the directory.
        unwritten: The changes that are not in their files yet.
    """

    def __init__(self, context: Context, unwritten: UnwrittenChanges) -> None:
        self._unwritten = unwritten
        self._context = context
        self._path = context.path
        self._ledger = context.ledger
        self._faults = context.faults

    def require_open(self, pid: str) -> None:
        """Nothing, if *pid* may be changed by others than its file."""
        record = self._ledger.get(pid)
        if record is None or record.known is None:
            return
        if record.refused:
            raise RefusedFileError(pid, record.refused)
        path = self._path / record.file
        if _is_read_only(path):
            raise ReadOnlyConfigurationError(pid, str(path))

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
        except UnseenEditError:
            self._unwritten.add(pid)
            return 0.0
        except FileBusyError as busy:
            self._unwritten.add(pid)
            return busy.retry_s
        except OSError as error:
            self._unwritten.fail(pid)
            self._report(pid, name, error)
            return self._context.timing.retry_s
        written = FileRecord(
            name, known, revision=current.revision, properties=current.properties
        )
        self._ledger.put(pid, written)
        self._faults.clear(FaultKind.WRITE_BACK, pid)
        return None

    def _write(
        self,
        pid: str,
        record: FileRecord,
        current: Configuration,
        content: Content | None,
    ) -> str | None:
        """The digest of the file afterwards; None: there is none."""
        path = self._target(record.file)
        if current.deleted:
            remove_file(path, record.known or "")
            return None
        text = content.data.decode() if content is not None else ""
        merge = self._context.format_of(record.file).merge
        data = merge(text, current.properties).encode()
        digest = digest_of(data)
        if content is None:
            self._ledger.put(pid, replace(record, pending=digest))
            create_file(path, data)
        elif digest != record.known:
            self._ledger.put(pid, replace(record, pending=digest))
            replace_file(path, data, record.known or "")
        return digest

    def _target(self, name: str) -> Path:
        """The file itself; a link is written through only inside the directory."""
        path = self._path / name
        if not path.is_symlink():
            return path
        target = path.resolve()
        if target.parent != self._path.resolve():
            raise OSError(errno.EPERM, "a link to a file outside the directory")
        return target

    def _report(self, pid: str, name: str, error: OSError) -> None:
        diagnostic = Diagnostic(
            file=self._context.shown(name),
            found=f"a change that cannot be written ({error.strerror})",
            expected="a directory and a file that can be written",
            cure="The change is in force and the old file is whole; it is written as "
            "soon as it can be. Free space, or give this process the permission.",
            rule="write-back",
        )
        fault = Fault.of(FaultKind.WRITE_BACK, pid, diagnostic)
        self._faults.report(FaultKind.WRITE_BACK, pid, [fault])


def _is_read_only(path: Path) -> bool:
    """Whether nobody may write: looked at per call, so that root obeys too."""
    try:
        mode = path.stat().st_mode
        flags = os.statvfs(path).f_flag
    except OSError:
        return False  # the write itself will tell
    writable = mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    return not writable or bool(flags & os.ST_RDONLY)
