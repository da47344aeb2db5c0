"""What may be changed by others than the files of a directory."""

import os
import stat
from dataclasses import replace
from pathlib import Path

from config_admin.core.errors import (
    FormatError,
    InvalidConfigurationError,
    ReadOnlyConfigurationError,
    RefusedFileError,
)
from config_admin.core.properties import Properties
from config_admin.core.storage import FileRecord
from config_admin.fileinstall.context import Context
from config_admin.fileinstall.drafts import digest_of
from config_admin.fileinstall.pace import UnwrittenChanges
from config_admin.fileinstall.reading import read_small_file
from config_admin.fileinstall.rewriting import UnreadableTextError, rewritten


class DirectoryGate:
    """
    Implements `config_admin.core.ports.Gate` for one directory; any thread may call it.

    Args:
        context: Of the directory.
        unwritten: The changes that are not in their files yet.
    """

    def __init__(self, context: Context, unwritten: UnwrittenChanges) -> None:
        self._context = context
        self._path = context.path
        self._ledger = context.ledger
        self._unwritten = unwritten
        self._forced: dict[str, str] = {}

    def require_open(self, pid: str, *, force: bool = False) -> None:
        """Nothing, if *pid* may be changed by others than its file."""
        if not self._context.write_back:
            return
        if _is_read_only_mount(self._path):
            cure = "Mount the file system of this directory writable."
            raise ReadOnlyConfigurationError(pid, str(self._context.named), cure)
        record = self._ledger.glance(pid)
        if record is None or record.known is None:
            return
        if record.refused and not force:
            raise RefusedFileError(pid, record.refused)
        if _is_read_only(self._path / record.file):
            cure = "Make the file writable (chmod u+w), then try again."
            named = str(self._context.named / record.file)
            raise ReadOnlyConfigurationError(pid, named, cure)

    def require_writable(self, pid: str, properties: Properties) -> None:
        """Nothing, if the file of *pid* can be made to say *properties*."""
        record = self._ledger.glance(pid)
        if record is None or record.known is None or not self._context.write_back:
            return
        if record.refused:
            return  # it will be put aside
        try:
            data = read_small_file(self._path / record.file)
            if digest_of(data) != record.known:
                return  # an edit that nobody has read yet
            file_format = self._context.format_of(record.file)
            rewritten(data, properties, file_format, self._context.encoding)
        except FormatError as error:
            file = self._context.shown(record.file)
            found = [replace(one, file=file) for one in error.diagnostics]
            raise InvalidConfigurationError(pid, found) from None
        except (OSError, UnreadableTextError):
            return  # it cannot be read: the write itself will tell

    def note_change(self, pid: str, *, force: bool = False) -> None:
        """*pid* was changed, and not by its file."""
        record = self._ledger.glance(pid)
        if force and record is not None and record.refused and record.known:
            self._forced[pid] = record.known
        self._unwritten.add(pid)

    def is_forced(self, pid: str, record: FileRecord) -> bool:
        """Whether just these refused bytes are to be put aside."""
        is_meant = self._forced.get(pid) == record.known
        return bool(record.refused) and is_meant and self._context.write_back

    def forget_force(self, pid: str) -> None:
        """The file of *pid* holds other bytes: nobody meant those."""
        self._forced.pop(pid, None)


def _is_read_only(path: Path) -> bool:
    """Whether nobody may write: looked at per call, so that root obeys too."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False  # the write itself will tell
    return not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)


def _is_read_only_mount(path: Path) -> bool:
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False
