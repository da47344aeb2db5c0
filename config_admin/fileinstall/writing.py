"""
Writing a file so that a reader sees the old one or the new one, and no edit is lost.

A draft beside the file gets its bytes, mode and owner, is flushed to disk and then
exchanges its name with the file. What comes out is looked at: bytes that nobody has
read yet are an edit that landed meanwhile, and go back to their place.
"""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from config_admin.fileinstall.drafts import (
    GONE,
    NEW,
    digest_of,
    draft_of,
    names_beside,
    part_of,
)
from config_admin.fileinstall.exchange import exchange, rename_to_free
from config_admin.fileinstall.reading import (
    BUSY_RETRY_S,
    FileBusyError,
    is_being_written,
    read_small_file,
)

NEW_FILE_MODE = 0o600


class UnseenEditError(Exception):
    """The file holds bytes that nobody has read yet; it was left as it is."""


class DirectoryLockedError(Exception):
    """Another process writes in the directory, or holds its lock for long."""


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """
    Keep other processes of ours from writing into *directory*.

    Raises:
        DirectoryLockedError: If one of them does; nothing is waited for.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DirectoryLockedError from None
        except OSError:
            pass  # a file system without locks
        yield
        with suppress(OSError):  # a file system that cannot flush directories
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def create_file(path: Path, data: bytes) -> None:
    """
    Write *path*, which is not there.

    Raises:
        UnseenEditError: If it is there after all; nothing was done.
        OSError: If it cannot be written; nothing is left behind.
    """
    draft = _write_draft(path, data, NEW, None)
    try:
        rename_to_free(draft, path)
    except FileExistsError as error:
        if path.is_dir():
            raise
        raise UnseenEditError from error
    finally:
        draft.unlink(missing_ok=True)


def replace_file(path: Path, data: bytes, known: str) -> None:
    """
    Write *data* over *path*, which holds the bytes of the digest *known*.

    Raises:
        UnseenEditError: If it holds other bytes; they are in place.
        FileBusyError: If somebody is writing to it; nothing was done.
        OSError: If it cannot be written; the old file is whole.
    """
    if is_being_written(path):
        raise FileBusyError(BUSY_RETRY_S)
    draft = _write_draft(path, data, known, path.stat())
    try:
        is_exchanged = exchange(draft, path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    if not is_exchanged:
        _replace_without_exchange(draft, path, known)
        return
    try:
        _settle(draft, path, ours=digest_of(data), known=known)
    except OSError:
        exchange(draft, path)  # nobody can say whose bytes came out: back with them
        if digest_of(read_small_file(draft)) == digest_of(data):
            draft.unlink()
        raise


def keep_beside(path: Path, data: bytes, ending: str) -> None:
    """
    Keep *data*, which *path* holds, in a file of its own beside it.

    That is called as `names_beside` says; one that holds other bytes stays. What has
    been kept already is not kept twice.

    Raises:
        OSError: If it cannot be written; nothing is left behind.
    """
    draft = _write_draft(path, data, NEW, path.stat())
    try:
        for kept in names_beside(path, ending):
            with suppress(FileExistsError):
                rename_to_free(draft, kept)
                return
            if _is_known(kept, digest_of(data)):
                return
    finally:
        draft.unlink(missing_ok=True)


def remove_file(path: Path, known: str) -> None:
    """
    Remove *path*, which holds the bytes of the digest *known*.

    Raises:
        UnseenEditError: If it holds other bytes; they are in place.
        FileBusyError: If somebody is writing to it; nothing was done.
        OSError: If it cannot be removed.
    """
    if is_being_written(path):
        raise FileBusyError(BUSY_RETRY_S)
    aside = draft_of(path, known, GONE)
    path.rename(aside)
    if _is_known(aside, known):
        aside.unlink()
        return
    try:
        rename_to_free(aside, path)
    except FileExistsError:
        aside.unlink()  # whoever edited it has replaced the edit meanwhile
    raise UnseenEditError


def _is_known(aside: Path, known: str) -> bool:
    try:
        found = digest_of(read_small_file(aside))
    except OSError:
        return False
    return found == known and not is_being_written(aside)


def _settle(draft: Path, path: Path, *, ours: str, known: str) -> None:
    """Look at what the exchange took out, and put back what nobody has read."""
    put_in, expected = ours, known
    while True:
        came_out = digest_of(read_small_file(draft))
        if came_out == expected and not is_being_written(draft):
            break
        exchange(draft, path)
        put_in, expected = came_out, put_in
    draft.unlink()
    if put_in != ours:
        raise UnseenEditError


def _replace_without_exchange(draft: Path, path: Path, known: str) -> None:
    try:
        if digest_of(read_small_file(path)) != known:
            raise UnseenEditError
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _write_draft(
    path: Path, data: bytes, known: str, replaced: os.stat_result | None
) -> Path:
    part = part_of(path)
    part.unlink(missing_ok=True)
    descriptor = os.open(
        part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, NEW_FILE_MODE
    )
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
            file.write(data)
            file.flush()
            if replaced is not None:
                _keep_owner_and_mode(descriptor, replaced)
                _keep_extended_attributes(path, descriptor)
            os.fsync(descriptor)
        draft = draft_of(path, known, digest_of(data))
        part.rename(draft)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    return draft


def _keep_owner_and_mode(descriptor: int, replaced: os.stat_result) -> None:
    mode = stat.S_IMODE(replaced.st_mode)
    for owner in (replaced.st_uid, -1):
        with suppress(PermissionError):  # only root may give files away
            os.fchown(descriptor, owner, replaced.st_gid)
            break
    else:
        mode &= ~stat.S_IRWXG  # what its group may do is not for another one
    os.fchmod(descriptor, mode)


def _keep_extended_attributes(path: Path, descriptor: int) -> None:
    if not hasattr(os, "listxattr"):
        return
    with suppress(OSError):  # a file system without them
        for name in os.listxattr(path):
            with suppress(OSError):  # one that only the system may set
                os.setxattr(descriptor, name, os.getxattr(path, name))
