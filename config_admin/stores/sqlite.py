"""The embedded store: configurations and their history in an SQLite database."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from config_admin.core.configuration import Configuration, OriginKind
from config_admin.core.errors import RevisionConflictError, StoreError
from config_admin.core.storage import Retention
from config_admin.stores.database import Database, Execute
from config_admin.stores.rows import (
    REVISION_COLUMNS,
    configuration_of,
    microseconds,
    row_of,
)

_NAMES = [name.strip() for name in REVISION_COLUMNS.split(",")]
_COLUMNS = ", ".join(f"r.{name}" for name in _NAMES)
_INSERT = (
    f"INSERT INTO revisions ({REVISION_COLUMNS}) "
    f"VALUES ({', '.join('?' for _ in _NAMES)})"
)


class SqliteStore:
    """
    Implements `config_admin.core.storage.RememberingStore`.

    Args:
        database: Where everything is; open.
        retention: How much of the history is kept.
        ring: Tells other processes that something was stored.
        require_there: Raises if nobody else would find what is stored.
    """

    def __init__(
        self,
        database: Database,
        retention: Retention | None = None,
        ring: Callable[[], None] | None = None,
        require_there: Callable[[], None] | None = None,
    ) -> None:
        self._require_there = require_there
        self._database = database
        self._ring = ring
        self._retention = retention or Retention()
        self._seen = 0

    def all(self) -> tuple[Configuration, ...]:
        """Everything stored, in PID order."""
        rows = self._database.run(
            f"SELECT (SELECT max(seq) FROM revisions), {_COLUMNS} "
            "FROM configurations c JOIN revisions r USING (seq) ORDER BY c.pid"
        )
        found = _configurations(row[1:] for row in rows)
        self._seen = rows[0][0] if rows else 0
        return found

    def put(self, *configurations: Configuration) -> None:
        """Store each as the successor of the revision before it: all or none."""
        if self._require_there is not None:
            self._require_there()
        # The files themselves outlast a loss of power, and are read again then.
        lasting = any(one.origin.kind is not OriginKind.FILE for one in configurations)
        with self._database.transaction(lasting=lasting) as execute:
            numbers = [self._put(execute, one) for one in configurations]
        if numbers and numbers[0] == self._seen + 1:  # nobody else came before
            self._seen = numbers[-1]
        if self._ring is not None:
            self._ring()

    def news(self) -> tuple[Configuration, ...]:
        """What others have stored since this or `all` was asked last."""
        seen = self._seen
        rows = self._database.run(
            f"SELECT r.seq, {_COLUMNS} FROM revisions r JOIN configurations c "
            "ON c.pid = r.pid AND c.seq = r.seq WHERE r.seq > ? ORDER BY r.seq",
            [seen],
        )
        found = _configurations(row[1:] for row in rows)
        if rows:
            self._seen = max(seen, rows[-1][0])
        return found

    # The history

    def revisions(
        self, pid: str, limit: int | None = None
    ) -> tuple[Configuration, ...]:
        """The *limit* newest revisions of *pid* that are kept, the newest first."""
        rows = self._database.run(
            f"SELECT {REVISION_COLUMNS} FROM revisions WHERE pid = ? "
            "ORDER BY revision DESC LIMIT ?",
            [pid, -1 if limit is None else limit],
        )
        return _configurations(rows)

    def revision(self, pid: str, revision: int) -> Configuration | None:
        """*revision* of *pid*; None if it is not kept, or never was."""
        rows = self._database.run(
            f"SELECT {REVISION_COLUMNS} FROM revisions WHERE pid = ? AND revision = ?",
            [pid, revision],
        )
        return configuration_of(rows[0]) if rows else None

    def at(self, time: datetime) -> tuple[Configuration, ...]:
        """What each PID was when everything up to *time* had been stored."""
        rows = self._database.run(
            # A clock may go back: the order of the commits counts.
            "WITH younger AS (SELECT min(seq) AS seq FROM revisions "
            "WHERE changed_at_us > ?), "
            "wanted AS (SELECT pid, coalesce("
            "(SELECT max(r.seq) FROM revisions r, younger "
            "WHERE r.pid = c.pid AND (younger.seq IS NULL OR r.seq < younger.seq)), "
            "(SELECT min(r.seq) FROM revisions r WHERE r.pid = c.pid "
            "HAVING min(r.revision) > 1)) AS seq FROM configurations c) "
            f"SELECT {_COLUMNS} FROM wanted JOIN revisions r USING (seq) "
            "ORDER BY r.pid",
            [microseconds(time)],
        )
        return _configurations(rows)

    def purge(self, pid: str | None = None) -> int:
        """Forget all revisions of *pid* but the newest; None: of every PID."""
        run = self._database.run
        run("PRAGMA secure_delete = ON")
        try:
            with self._database.transaction() as execute:
                gone = execute(
                    "DELETE FROM revisions WHERE (pid = :pid OR :pid IS NULL) "
                    "AND seq NOT IN (SELECT seq FROM configurations)",
                    {"pid": pid},
                ).rowcount
            run("VACUUM")
            ((is_busy, _, _),) = run("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            run("PRAGMA secure_delete = OFF")
        if is_busy:
            raise StoreError(
                f"{self._database.path}: {gone} revisions are forgotten, but another "
                "process reads the database: their bytes go when it is closed."
            )
        return gone

    def _put(self, execute: Execute, one: Configuration) -> int:
        """Store *one*; its number in the order of all."""
        found = execute("SELECT revision FROM configurations WHERE pid = ?", [one.pid])
        (actual,) = found.fetchone() or (0,)
        if one.revision != actual + 1:
            raise RevisionConflictError(one.pid, one.revision - 1, actual)
        seq = execute(_INSERT, row_of(one)).lastrowid
        execute(
            "INSERT INTO configurations VALUES (?, ?, ?) ON CONFLICT (pid) DO UPDATE "
            "SET revision = excluded.revision, seq = excluded.seq",
            [one.pid, one.revision, seq],
        )
        self._prune(execute, one)
        return int(seq or 0)

    def _prune(self, execute: Execute, newest: Configuration) -> None:
        gone = self._retention.surplus(newest.revision)
        if gone:
            execute(
                "DELETE FROM revisions WHERE pid = ? AND revision <= ?",
                [newest.pid, gone],
            )
        oldest = self._retention.oldest(newest)
        if oldest is not None:
            execute(
                # No gaps: each revision is compared with the one before it. Only some
                # are looked at: the next change looks at the next ones.
                "DELETE FROM revisions WHERE pid = :pid AND revision <= "
                "(SELECT max(revision) FROM (SELECT revision, changed_at_us "
                "FROM revisions WHERE pid = :pid AND revision < :newest "
                "ORDER BY revision LIMIT 100) WHERE changed_at_us < :oldest)",
                {
                    "pid": newest.pid,
                    "newest": newest.revision,
                    "oldest": microseconds(oldest),
                },
            )


def _configurations(rows: Iterable[Sequence[Any]]) -> tuple[Configuration, ...]:
    return tuple(configuration_of(tuple(row)) for row in rows)
