"""What is remembered of the files of a directory, in the database beside the store."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from config_admin.core.storage import FileRecord, StaleRecordError
from config_admin.stores.database import Database, Execute
from config_admin.stores.rows import (
    FILE_COLUMNS,
    file_record_of,
    file_row_of,
    stored_text,
)

_NAMES = [name.strip() for name in FILE_COLUMNS.split(",")]
_UPSERT = (
    f"INSERT INTO files (directory, pid, version, {FILE_COLUMNS}) "
    f"VALUES (?, ?, 1, {', '.join('?' for _ in _NAMES)}) "
    "ON CONFLICT (directory, pid) DO UPDATE SET version = version + 1, "
    f"{', '.join(f'{name} = excluded.{name}' for name in _NAMES)} WHERE version = ?"
)


@dataclass(frozen=True, slots=True)
class _Page:
    """
    What is known of one PID.

    Attributes:
        version: How often its row was written; 0: there is none.
        record: What it says, or is to say; None: nothing.
    """

    version: int
    record: FileRecord | None


class SqliteLedger:
    """
    Implements `config_admin.core.storage.Ledger`.

    A row is written only over the version that was read. What is no promise to anybody
    yet rides with the next transaction: so it is never older than a stored change.

    Args:
        database: Where everything is; open.
        directory: Which one.
    """

    lasts = True

    def __init__(self, database: Database, directory: str) -> None:
        self._database = database
        self._directory = stored_text(directory)
        self._pages: dict[str, _Page] = {}
        self._is_complete = False
        self._moved = 0
        self._dirty: dict[str, FileRecord] = {}
        self._boarded: dict[str, _Page | None] = {}
        database.riders.append(self)

    @property
    def identity(self) -> tuple[int, ...] | None:
        """Of the directory, when its files were last known to be its own."""
        found = self._database.run(
            "SELECT identity FROM directories WHERE path = ?", [self._directory]
        )
        return tuple(json.loads(found[0][0])) if found else None

    @identity.setter
    def identity(self, identity: tuple[int, ...] | None) -> None:
        with self._database.transaction(lasting=False) as execute:
            execute("DELETE FROM directories WHERE path = ?", [self._directory])
            if identity is not None:
                values = [self._directory, json.dumps(identity)]
                execute("INSERT INTO directories VALUES (?, ?)", values)

    def get(self, pid: str) -> FileRecord | None:
        """What is remembered for *pid*; None if nothing."""
        with self._database.lock:
            self._look()
            return self._page(pid).record

    def glance(self, pid: str) -> FileRecord | None:
        """As `get`, perhaps a moment old."""
        page = self._pages.get(pid)
        return self.get(pid) if page is None else page.record

    def put(self, pid: str, record: FileRecord) -> None:
        """Remember *record* instead."""
        with self._database.lock:
            before = self._page(pid)
            was_to_be = self._dirty.get(pid)
            self._pages[pid] = _Page(before.version, record)
            self._dirty[pid] = record
            if record.pending is None:
                return
            try:
                with self._database.transaction():
                    pass  # it rides
            except BaseException:  # after Ctrl-C too it is not remembered
                self._pages[pid] = before
                del self._dirty[pid]
                if was_to_be is not None:
                    self._dirty[pid] = was_to_be
                raise
            if pid not in self._pages:
                raise StaleRecordError(pid)

    def flush(self) -> None:
        """Let other processes know what is remembered."""
        with self._database.lock:
            if self._dirty:
                with self._database.transaction(lasting=False):
                    pass  # they ride

    def all(self) -> Mapping[str, FileRecord]:
        """Everything that is remembered, by PID."""
        with self._database.lock:
            self._look()
            if not self._is_complete:
                self._read_all()
            pages = sorted(self._pages.items())
        return {pid: one.record for pid, one in pages if one.record is not None}

    # What rides with a transaction

    def board(self, execute: Execute) -> None:
        """Write what is to be written; a row that has moved stays as it is."""
        self._boarded = {}
        for pid, record in self._dirty.items():
            version = self._pages[pid].version
            place = [self._directory, pid, *file_row_of(record), version]
            is_written = execute(_UPSERT, place).rowcount == 1
            self._boarded[pid] = _Page(version + 1, record) if is_written else None

    def arrive(self) -> None:
        """What was written is written; what had moved is read again."""
        boarded, self._boarded = self._boarded, {}
        for pid, page in boarded.items():
            del self._dirty[pid]
            if page is None:
                del self._pages[pid]
                self._is_complete = False
            else:
                self._pages[pid] = page

    def _look(self) -> None:
        """Forget what was read, if another process has written since."""
        if self._database.moved() != self._moved:
            self.flush()
            self._pages.clear()
            self._is_complete = False
            self._moved = self._database.moved()

    def _read_all(self) -> None:
        rows = self._database.run(
            f"SELECT pid, version, {FILE_COLUMNS} FROM files WHERE directory = ?",
            [self._directory],
        )
        for pid, version, *row in rows:
            if pid not in self._pages:
                self._pages[pid] = _Page(version, file_record_of(tuple(row)))
        self._is_complete = True

    def _page(self, pid: str) -> _Page:
        page = self._pages.get(pid)
        if page is None:
            page = self._pages[pid] = self._read(pid)
        return page

    def _read(self, pid: str) -> _Page:
        rows = self._database.run(
            f"SELECT version, {FILE_COLUMNS} FROM files "
            "WHERE directory = ? AND pid = ?",
            [self._directory, pid],
        )
        if not rows:
            return _Page(0, None)
        version, *row = rows[0]
        return _Page(version, file_record_of(tuple(row)))
