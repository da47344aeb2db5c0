"""
One SQLite database: a connection that all threads share.

What SQLite raises becomes a `StoreError` that says what to do about it.

Source: sqlite.org/wal.html, sqlite.org/pragma.html (synchronous, data_version).
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any, Final, Protocol, TypeAlias

from config_admin.core.display import escaped
from config_admin.core.errors import StoreError, StoreOutcomeUnknownError

# So large may the log become before it begins anew: 2 MiB. To write over what is there
# lasts sooner than to let a file grow (a third less for each change than with 16 MiB).
_CHECKPOINT_PAGES: Final = 500

# How soon to look again whether another process has let go.
_PAUSE_S: Final = 0.01

Rows: TypeAlias = list[tuple[Any, ...]]

# After these nothing was stored: SQLite did not come to write its commit record.
_REFUSED_BEFORE_COMMIT: Final = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CONSTRAINT,
}

_PERMISSION: Final = (
    "Give this process the permission to read and write the file and its directory."
)
_DAMAGED: Final = (
    "It is damaged: the next start puts it aside and builds another one from the files."
)
_CURES: Final = {
    sqlite3.SQLITE_BUSY: "Another process has it locked: see who does (fuser), or "
    "wait longer for it (store_timeout_s).",
    sqlite3.SQLITE_FULL: "Free space on its file system.",
    sqlite3.SQLITE_READONLY: _PERMISSION,
    sqlite3.SQLITE_CANTOPEN: _PERMISSION,
    sqlite3.SQLITE_PERM: _PERMISSION,
    sqlite3.SQLITE_IOERR: "Look at its disk: at the free space, and at what the system "
    "says of it (dmesg).",
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
}


class Execute(Protocol):
    """Executes a statement within a transaction."""

    def __call__(
        self, statement: str, values: Sequence[Any] | dict[str, Any] = ..., /
    ) -> sqlite3.Cursor:
        """The cursor of *statement*."""
        ...


class Rider(Protocol):
    """Has something to store that can wait for the next transaction."""

    def board(self, execute: Execute) -> None:
        """Store it; the transaction may still fail."""
        ...

    def arrive(self) -> None:
        """The transaction has taken place."""
        ...


class Database:
    """
    A connection that all threads share, one after the other.

    Args:
        path: The file; it is there.
        timeout_s: How long to wait for another process that writes.
        synchronous: Of transactions that have to last: ``FULL`` or ``NORMAL``.

    Attributes:
        riders: Whoever has something for the next transaction.
        lock: Held while it is used.
    """

    def __init__(self, path: Path, timeout_s: float, synchronous: str) -> None:
        self.path = path
        self.riders: list[Rider] = []
        self.lock = threading.RLock()
        self._timeout_s = timeout_s
        self._pause = threading.Event()
        self._synchronous = synchronous
        self._is_lasting = True
        self._connection: sqlite3.Connection | None = None

    def open(self) -> None:
        """
        Connect to the file, which is there; nothing is read or written yet.

        Raises:
            StoreError: If that is not possible.
        """
        with self.lock, self._told():
            self._connection = sqlite3.connect(
                self.path,
                timeout=self._timeout_s,
                isolation_level=None,
                check_same_thread=False,
            )
            # What is no text is found out by whoever reads the row, and not quoted.
            self._connection.text_factory = _text

    def prepare(self) -> None:
        """
        Set it up for use; the file is known to be ours.

        Raises:
            StoreError: If that is not possible.
        """
        deadline_s = monotonic() + self._timeout_s
        while not self._turn_to_wal(is_last=monotonic() > deadline_s):
            self._pause.wait(_PAUSE_S)
        self.run(f"PRAGMA synchronous = {self._synchronous}")
        self.run(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")

    def _turn_to_wal(self, *, is_last: bool) -> bool:
        """Whether the database is in WAL mode; for that one SQLite does not wait."""
        try:
            self.run("PRAGMA journal_mode = WAL")
        except StoreError as error:
            if is_last or not _has_code(error, sqlite3.SQLITE_BUSY):
                raise
            return False
        return True

    def close(self) -> None:
        """Close it; the last process that does leaves one file behind."""
        with self.lock, suppress(sqlite3.Error):
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    @property
    def execute(self) -> Execute:
        """
        Executes a statement; under `lock`.

        Raises:
            StoreError: If it is not open.
        """
        if self._connection is None:
            raise StoreError(f"{escaped(str(self.path))} is not open.")
        return self._connection.execute

    def run(self, statement: str, values: Sequence[Any] | dict[str, Any] = ()) -> Rows:
        """
        All rows that *statement* gives.

        Raises:
            StoreError: If it failed; then it did nothing.
        """
        with self.lock, self._told():
            return self.execute(statement, values).fetchall()

    @contextmanager
    def transaction(self, *, lasting: bool = True) -> Iterator[Execute]:
        """
        What is executed within takes place whole, or not at all.

        Args:
            lasting: Whether it has to outlast a loss of power, and not only the end of
                this process. The next one that does takes those before along.

        Raises:
            StoreError: If it did not take place.
            StoreOutcomeUnknownError: If nobody can say whether it did.
        """
        with self.lock:
            self._begin(lasting=lasting)
            try:
                with self._told():
                    for rider in self.riders:
                        rider.board(self.execute)
                    yield self.execute
                self._commit()
            except BaseException:  # Ctrl-C too must not leave it half done
                with suppress(sqlite3.Error):  # there may be none any more
                    self.execute("ROLLBACK")
                raise
            for rider in self.riders:
                rider.arrive()

    def moved(self) -> int:
        """Another number once another process has written."""
        return int(self.run("PRAGMA data_version")[0][0])

    def _begin(self, *, lasting: bool) -> None:
        if lasting is not self._is_lasting:
            self._is_lasting = lasting
            level = self._synchronous if lasting else "NORMAL"
            self.run(f"PRAGMA synchronous = {level}")
        self.run("BEGIN IMMEDIATE")

    def _commit(self) -> None:
        try:
            self.execute("COMMIT")
        except sqlite3.Error as error:
            if _code(error) in _REFUSED_BEFORE_COMMIT:
                raise self._failure(error) from error
            found = f"{self._failure(error)} The change may have been stored."
            raise StoreOutcomeUnknownError(found) from error

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def _failure(self, error: sqlite3.Error) -> StoreError:
        cure = _CURES.get(_code(error), "See what SQLite says of it.")
        return StoreError(f"{escaped(str(self.path))}: {escaped(str(error))}. {cure}")


def is_damage(error: StoreError) -> bool:
    """Whether *error* says that the bytes of the database are not to be trusted."""
    return _has_code(error, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _has_code(error: StoreError, *codes: int) -> bool:
    cause = error.__cause__
    return isinstance(cause, sqlite3.Error) and _code(cause) in codes


def _code(error: sqlite3.Error) -> int:
    """The primary result code; 0 if Python itself found the fault."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


def _text(data: bytes) -> str:
    return data.decode(errors="surrogateescape")
