"""
Who else uses a database: each process holds a lock on a file of its own beside it.

The lock proves that it lives: the system takes it away with the process, however that
ends. A touch of the file tells the others that something was stored; so does its end.

Source: flock(2), inotify(7).
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Final, Self

from config_admin.core.display import escaped
from config_admin.core.errors import StoreError

_SUFFIX: Final = ".alive"
_PRIVATE = 0o600


class Alive:
    """
    The mark that this process uses a database.

    Args:
        database: Its path; its directory is there.

    Attributes:
        name: Of the file.

    Raises:
        StoreError: If there can be none.
    """

    def __init__(self, database: Path) -> None:
        self.name = f"{database.name}.{os.getpid()}-{token_hex(4)}{_SUFFIX}"
        self._database = database
        self._path = database.with_name(self.name)
        self._others: frozenset[str] | None = None
        self._descriptor: int | None = None
        try:
            self._descriptor = self._claim()
        except OSError as error:
            raise StoreError(
                f"{escaped(str(self._path))}: {error.strerror}. Name a store in a "
                "directory that this process may write (store=), or keep all in memory "
                "(store=None)."
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """This process uses it no more."""
        with suppress(OSError):
            self._path.unlink()
        self.forget()

    def forget(self) -> None:
        """Let go of it, but leave the mark: it is that of another process."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _claim(self) -> int:
        """It gets its name when it is locked: nobody takes it for a dead one."""
        draft = self._path.with_suffix(".part")
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(draft, flags, _PRIVATE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            draft.rename(self._path)
        except OSError:
            os.close(descriptor)
            draft.unlink(missing_ok=True)
            raise
        return descriptor

    def others(self) -> frozenset[str]:
        """The marks of others that live; those of dead ones are removed."""
        found = {name for name in marks_of(self._database) if name != self.name}
        living = {name for name in found if is_alive(self._database, name)}
        for name in found - living:
            with suppress(OSError):
                self._database.with_name(name).unlink()
        self._others = frozenset(living)
        return self._others

    @property
    def known(self) -> frozenset[str]:
        """The marks of those that lived when last looked for."""
        return self._others or frozenset()

    def is_other(self, name: str) -> bool:
        """Whether *name* is the mark of another user of this database."""
        return name != self.name and _is_mark(self._database, name)

    def ring(self) -> None:
        """Tell the others, if there are any, that something was stored."""
        descriptor = self._descriptor
        if self._others and descriptor is not None:
            with suppress(OSError):
                os.utime(descriptor)


def marks_of(database: Path) -> Iterator[str]:
    """The marks beside *database*, of living and of dead processes."""
    with suppress(OSError):
        names = os.listdir(database.parent)  # noqa: PTH208 - names are wanted
        yield from (name for name in names if _is_mark(database, name))


def is_alive(database: Path, name: str) -> bool:
    """Whether the process lives whose mark *name* is."""
    try:
        descriptor = os.open(database.with_name(name), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:
        return True  # nobody can say; who is taken for dead loses its mark
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _is_mark(database: Path, name: str) -> bool:
    return name.startswith(f"{database.name}.") and name.endswith(_SUFFIX)
