"""The store that outlasts the process: one SQLite file, and who else uses it."""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import escaped, shown
from config_admin.core.errors import StoreError
from config_admin.core.storage import Ledger, RememberingStore, Retention
from config_admin.stores.alive import Alive
from config_admin.stores.database import Database
from config_admin.stores.ledger import SqliteLedger
from config_admin.stores.opening import (
    DamagedDatabaseError,
    open_database,
    put_aside,
)
from config_admin.stores.rows import text_of
from config_admin.stores.running import RunningTable
from config_admin.stores.sqlite import SqliteStore


class EmbeddedStore:
    """
    Everything in the file *path*: for all processes that use it, and after them.

    Args:
        path: The file; absolute. It is made, with its directory, when it is opened.
        timeout_s: How long to wait for another process that writes.
        synchronous: ``FULL`` or ``NORMAL``; as of SQLite.
        retention: How much of the history is kept.
        now: The time, in UTC.

    Attributes:
        store: The configurations.
        path: The file.
        running: What running admins say of themselves.
    """

    def __init__(
        self,
        path: Path,
        *,
        timeout_s: float,
        synchronous: str,
        retention: Retention,
        now: Callable[[], datetime],
    ) -> None:
        self.path = path
        self._now = now
        self._database = Database(path, timeout_s, synchronous)
        self._alive: Alive | None = None
        self._identity: tuple[int, int] | None = None
        self._directories: set[str] = set()
        self.store: RememberingStore = SqliteStore(
            self._database, retention, self._ring, self._require_there
        )
        self.running = RunningTable(self._database, now)

    def ledger(self, directory: Path) -> Ledger:
        """What is remembered of the files of *directory*."""
        # As seen from the database: both may be moved together.
        name = os.path.relpath(directory, self.path.parent)
        self._directories.add(name)
        return SqliteLedger(self._database, name)

    def require_own(self) -> None:
        """
        Nothing, unless it was used with other directories, which are still there.

        Raises:
            StoreError: If it was: their configurations are not ours.
        """
        rows = self._database.run("SELECT path FROM directories ORDER BY path")
        others = {text_of(path) for (path,) in rows} - self._directories
        there = [path for path in others if (self.path.parent / path).is_dir()]
        if there:
            found = ", ".join(shown(path) for path in sorted(there))
            raise StoreError(
                f"{escaped(str(self.path))} belongs to the configuration files in "
                f"{found}. Name a store of your own (store=), or keep all in memory "
                "(store=None)."
            )

    def open(self) -> Diagnostic | None:
        """
        Open it; a damaged one is put aside.

        Returns:
            What was lost with it; None: nothing was.

        Raises:
            StoreError: If it cannot be used; what to do about it, too.
        """
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"{escaped(str(self.path.parent))}: {error.strerror}. Name a store in "
                "a directory that this process may make (store=), or keep all in "
                "memory (store=None)."
            ) from error
        self._alive = Alive(self.path)
        try:
            lost = self._open()
            self.running.begin(self._alive.name, self._alive.others())
        except BaseException:  # Ctrl-C too must not leave it half open
            self.close()
            raise
        self._identity = _identity(self.path)
        return lost

    def close(self) -> None:
        """Let go of it: nothing is stored any more."""
        if self._alive is not None:
            self.running.end()
        self._database.close()
        alive, self._alive = self._alive, None
        if alive is not None:
            alive.close()

    def before_fork(self) -> None:
        """Nobody uses it while this process forks."""
        self._database.lock.acquire()

    def after_fork(self) -> None:
        """This process has forked: it may be used again."""
        self._database.lock.release()

    def note_fork(self) -> None:
        """
        This is a child of the process that uses it.

        SQLite counts a file's locks by process: an inherited connection would let the
        next one believe that it has them.
        """
        self._database.close()
        self._database.lock.release()
        if self._alive is not None:
            self._alive.forget()

    # Other processes

    def is_bell(self, name: str) -> bool:
        """Whether a change of the file *name* beside it has to be looked at."""
        if name == self.path.name:
            return True  # removed, perhaps
        return self._alive is not None and self._alive.is_other(name)

    def meet(self) -> None:
        """Get to know who else uses it; who is new has to be told what came before."""
        if self._alive is not None:
            known = self._alive.known
            if self._alive.others() - known:
                self._alive.ring()

    def is_there(self) -> bool:
        """Whether the file is still the one that was opened."""
        return _identity(self.path) == self._identity

    def _require_there(self) -> None:
        if not self.is_there():
            raise StoreError(
                f"{escaped(str(self.path))} was removed or replaced while it was in "
                "use: put it back, or restart with what is there now."
            )

    def _ring(self) -> None:
        if self._alive is not None:
            self._alive.ring()

    def _open(self) -> Diagnostic | None:
        try:
            open_database(self._database)
        except DamagedDatabaseError as error:
            if self._alive is not None and self._alive.others():
                told = "Stop the other processes that use it, then start again."
                raise StoreError(f"{error} {told}") from error
            aside = put_aside(self.path, self._now)
            self._database.close()
            open_database(self._database)
            return _loss(self.path, aside)
        return None


def _loss(path: Path, aside: Path) -> Diagnostic:
    return Diagnostic(
        file=escaped(str(path)),
        found="a damaged database",
        expected="the configurations and their history",
        cure="All is built anew from the files. The history is lost, and what was "
        "changed in code and is in no file. The damaged one is kept as "
        f"{escaped(aside.name)}.",
        rule="store",
    )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
