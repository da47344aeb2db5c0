"""The files behind a schema: read once, and looked at again before each use."""

import errno
import hashlib
import os
import stat
import time
from typing import Final, TypeAlias

from config_admin.schema.documents import MAX_BYTES, Document, parsed, unreadable

Signature: TypeAlias = tuple[int, ...]

SUFFIX: Final = ".schema.json"

# Two writes may carry the same time stamp. Only a file that was at rest for this long
# when it was read is known by its signature alone.
_SETTLED_NS: Final = 2_000_000_000


class Sources:
    """
    The files that one schema is read from; each is read once.

    Also remembers how they looked, to tell later whether one has changed.
    """

    def __init__(self) -> None:
        self._looks: dict[str, tuple[Signature | None, bool]] = {}
        self._read: dict[str, tuple[bytes, str]] = {}

    @property
    def digest(self) -> str:
        """The same only for the same bytes."""
        sums = [hashlib.sha256(data).digest() for data, _ in self._read.values()]
        return hashlib.sha256(b"".join(sums)).hexdigest()

    def are_untouched(self) -> bool:
        """Whether a look at the files says that nothing has changed."""
        return bool(self._looks) and all(
            settled and signature_of(path) == signature
            for path, (signature, settled) in self._looks.items()
        )

    def again(self) -> "Sources":
        """The same files, as they are now."""
        fresh = Sources()
        for path in self._read:
            fresh._data(path)
        return fresh

    def document(self, path: str) -> Document:
        """
        The JSON object in the file *path*.

        Raises:
            BrokenSchemaError: If there is none, or it is over a limit.
        """
        data, instead = self._data(path)
        if instead:
            raise unreadable(path, instead)
        return parsed(path, data)

    def names(self, directory: str) -> list[str]:
        """The names of all schema files in *directory*, sorted."""
        names = os.fsdecode(self._data(directory)[0]).split("\0")
        return [name for name in names if name.endswith(SUFFIX)]

    def _data(self, path: str) -> tuple[bytes, str]:
        if path not in self._read:
            # The look comes before the read: a change in between is then seen later.
            signature = signature_of(path)
            self._looks[path] = signature, _is_settled(signature)
            self._read[path] = _contents(path)
        return self._read[path]


def is_there(path: str, directory: str) -> bool | None:
    """
    Whether there is a file *path* in *directory*; None: nobody can tell now.

    A directory that is away, or cannot be searched, says nothing about its files.
    """
    try:
        os.stat(path)  # noqa: PTH116 - as in signature_of
    except OSError as error:
        if not _can_be_searched(directory):
            return None
        return error.errno != errno.ENOENT  # a loop of links is there, but no file
    return True


def signature_of(path: str) -> Signature | None:
    """What changes whenever the file does; None: there is no file."""
    try:
        at = os.stat(path)  # noqa: PTH116 - half the time of a Path, and once a check
    except OSError:
        return None
    return (at.st_dev, at.st_ino, at.st_size, at.st_mtime_ns, at.st_ctime_ns)


def _can_be_searched(directory: str) -> bool:
    try:
        os.stat(f"{directory}/.")  # noqa: PTH116 - as in signature_of
    except OSError:
        return False
    return True


def _is_settled(signature: Signature | None) -> bool:
    return signature is not None and time.time_ns() - signature[-1] > _SETTLED_NS


def _contents(path: str) -> tuple[bytes, str]:
    """The bytes of a file, and what it is instead of one; a directory's names."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - as in signature_of
        if stat.S_ISDIR(mode):
            names = sorted(os.listdir(path))  # noqa: PTH208 - names, not paths
            return os.fsencode("\0".join(names)), "a directory"
        if not stat.S_ISREG(mode):  # opening a pipe would wait for its writer
            return b"", "no regular file"
        with open(path, "rb") as file:  # noqa: PTH123 - paths are text in this file
            return file.read(MAX_BYTES + 1), ""
    except OSError as error:
        reason = error.strerror or "an error"
        return reason.encode(), f"a file that cannot be read ({reason})"
