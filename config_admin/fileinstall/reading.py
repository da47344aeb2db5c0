"""
Reading a file whole, or not at all.

A file that somebody writes to is not read: a read lease, which Linux refuses while a
writer holds the file open, finds out. Where no lease can be had the file has to be
still for a moment.
"""

import errno
import fcntl
import functools
import os
import signal
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

from config_admin.core.diagnostics import Diagnostic

MAX_FILE_BYTES = 1024 * 1024

# Where no lease can be had, a file has to be still for so long, unless an event said
# that its writer has closed it.
STILL_S = 1.0
STILL_AFTER_CLOSE_S = 0.05

_LEASELESS_FILE_SYSTEMS = ("nfs", "cifs", "smb", "fuse", "9p", "afs", "ceph")
_SETTLED_S = 2.0
BUSY_RETRY_S = 0.25

_HAS_LEASES = hasattr(fcntl, "F_SETLEASE")
_NO_LEASE_HERE = {errno.EACCES, errno.EINVAL, errno.ENOLCK, errno.EOPNOTSUPP}


class Signature(NamedTuple):
    """What changes when a file does."""

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """The signature in *status*."""
        return cls(
            status.st_dev,
            status.st_ino,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
        )


@dataclass(frozen=True, slots=True)
class Content:
    """
    The bytes of a file.

    Attributes:
        data: All of them.
        signature: Another look that finds it again finds the same bytes. None if the
            file was changed just now: clocks of file systems tick in milliseconds.
    """

    data: bytes
    signature: Signature | None


class FileBusyError(Exception):
    """
    Somebody is writing to the file; it says nothing yet.

    Attributes:
        retry_s: When to look again if no event tells earlier.
    """

    def __init__(self, retry_s: float) -> None:
        super().__init__(retry_s)
        self.retry_s = retry_s


class UnreadableFileError(Exception):
    """
    The file cannot be read.

    Attributes:
        diagnostic: Why, and what to do about it.
    """

    def __init__(self, found: str, expected: str, cure: str) -> None:
        super().__init__(found)
        self.diagnostic = Diagnostic(
            found=found, expected=expected, cure=cure, rule="file"
        )


def read_file(path: Path, still_s: float) -> Content:
    """
    The bytes of the regular file *path*.

    Args:
        path: The file.
        still_s: How long it must not have changed, where no lease can be had.

    Raises:
        FileNotFoundError: If there is none.
        FileBusyError: If somebody is writing to it.
        UnreadableFileError: If it cannot be read.
    """
    require_trusted(path)
    try:
        return _read(path, still_s)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _unreadable(error) from error


def _read(path: Path, still_s: float) -> Content:
    with open_at_once(path) as file:
        descriptor = file.fileno()
        status = os.fstat(descriptor)
        _require_regular(status)
        leased = _lease(descriptor, still_s)
        try:
            data = file.read(MAX_FILE_BYTES)
        finally:
            if leased:
                fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        after = os.fstat(descriptor)
    if Signature.of(after) != Signature.of(status):
        raise FileBusyError(STILL_AFTER_CLOSE_S)
    return Content(data, _settled(after))


def open_at_once(path: Path) -> BinaryIO:
    """*path* to be read; a FIFO of that name does not make us wait for its writer."""

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags | os.O_NONBLOCK)

    return open(path, "rb", opener=opener)


def read_small_file(path: Path) -> bytes:
    """
    The bytes of the regular file *path*, whoever writes to it.

    Raises:
        OSError: If it cannot be read, is no regular file, or too large.
    """
    with open_at_once(path) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_FILE_BYTES:
            raise OSError(errno.EINVAL, "not a small regular file")
        return file.read(MAX_FILE_BYTES)


def is_being_written(path: Path) -> bool:
    """Whether somebody has *path* open for writing, as far as a lease can tell."""
    try:
        with open_at_once(path) as file:
            if _lease(file.fileno(), STILL_AFTER_CLOSE_S):
                fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except FileBusyError:
        return True
    except OSError:
        return False
    return False


def _lease(descriptor: int, still_s: float) -> bool:
    """Keep writers away until it is given back; False: the file is still instead."""
    try:
        if _HAS_LEASES:
            _set_lease(descriptor)
            return True
    except OSError as error:
        status = os.fstat(descriptor)
        refused = error.errno == errno.EAGAIN
        if refused and _device_has_leases(status.st_dev):
            raise FileBusyError(BUSY_RETRY_S) from error
        if not refused and error.errno not in _NO_LEASE_HERE:
            raise
    _require_still(os.fstat(descriptor), still_s)
    return False


@functools.cache
def _device_has_leases(device: int) -> bool:
    """Whether a refused lease means a writer; remote file systems refuse all."""
    number = f" {os.major(device)}:{os.minor(device)} "
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    except OSError:
        return True
    mine = [line for line in mounts.splitlines() if number in line]
    types = {line.partition(" - ")[2].split(" ")[0] for line in mine}
    return not any(one.startswith(_LEASELESS_FILE_SYSTEMS) for one in types)


def _set_lease(descriptor: int) -> None:
    # The signal first: the default one kills the process when a writer comes.
    fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)


def _require_still(status: os.stat_result, still_s: float) -> None:
    # By the time of the data: a rename moves that of the inode.
    age_s = time.time() - status.st_mtime
    if 0 <= age_s < still_s:
        raise FileBusyError(still_s - age_s)


def _settled(status: os.stat_result) -> Signature | None:
    is_settled = time.time() - status.st_ctime > _SETTLED_S
    return Signature.of(status) if is_settled else None


def require_trusted(path: Path) -> None:
    """
    Nothing, if *path* is no link, or one whose ends belong to us or to root.

    Raises:
        FileNotFoundError: If there is no such file.
        UnreadableFileError: If somebody else could decide what is read.
    """
    try:
        status = path.lstat()
        if not stat.S_ISLNK(status.st_mode):
            return
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _unreadable(error) from error
    try:
        owners = {status.st_uid, path.stat().st_uid}
    except OSError as error:
        raise UnreadableFileError(
            f"a link that leads nowhere ({error.strerror})",
            "a link to a file",
            "Put its target back, or remove the link.",
        ) from error
    if not owners <= {os.geteuid(), 0}:
        raise UnreadableFileError(
            "a link of somebody else, or to somebody else's file",
            "link and target to belong to the user of this process or to root",
            "Put the file itself here, or change the owner.",
        )


def _require_regular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableFileError(
            "something that is not a regular file",
            "a regular file",
            "Remove it, or give it another name.",
        )
    if status.st_size > MAX_FILE_BYTES:
        raise UnreadableFileError(
            f"{status.st_size:,} bytes",
            f"at most {MAX_FILE_BYTES:,}",
            "A configuration is small: look what was copied here.",
        )


def _unreadable(error: OSError) -> UnreadableFileError:
    return UnreadableFileError(
        f"a file that cannot be read ({error.strerror})",
        "a file that this process may read",
        "Give this process the permission (chmod, chown), or remove the file.",
    )
