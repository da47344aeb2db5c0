"""What running admins say of themselves, for other processes to look at."""

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from config_admin.core.diagnostics import Severity
from config_admin.core.display import escaped
from config_admin.core.errors import StoreError
from config_admin.core.faults import Fault, FaultKind
from config_admin.core.receipts import Receipt
from config_admin.core.status import RunningAdmin
from config_admin.stores.alive import is_alive
from config_admin.stores.database import Database
from config_admin.stores.rows import microseconds, time_of


class RunningTable:
    """
    Where an admin says how it is.

    Args:
        database: Where everything is.
        now: The time, in UTC.
    """

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._name = ""
        self._started_at = now()
        self._told: object = None

    def begin(self, name: str, others: Iterable[str]) -> None:
        """From now on the mark *name* is its; of dead ones nothing is left."""
        self._name = name
        self._told = None
        self._started_at = self._now()
        living = json.dumps([name, *others])
        with self._database.transaction(lasting=False) as execute:
            execute(
                "DELETE FROM running "
                "WHERE file NOT IN (SELECT value FROM json_each(?))",
                [living],
            )

    def tell(
        self,
        directories: Sequence[str],
        receipts: Sequence[Receipt],
        faults: Sequence[Fault],
    ) -> None:
        """
        Say how it is now, if that has changed.

        Raises:
            StoreError: If that cannot be said.
        """
        news = (tuple(directories), tuple(receipts), tuple(faults))
        if news == self._told or not self._name:
            return
        with self._database.transaction(lasting=False) as execute:
            execute(
                "INSERT OR REPLACE INTO running VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    self._name,
                    os.getpid(),
                    microseconds(self._started_at),
                    microseconds(self._now()),
                    json.dumps(directories),
                    json.dumps([asdict(one) for one in receipts], default=_plain),
                    json.dumps([asdict(one) for one in faults], default=_plain),
                ],
            )
        self._told = news

    def end(self) -> None:
        """It says nothing any more."""
        if not self._name:
            return  # it never did
        try:
            with self._database.transaction(lasting=False) as execute:
                execute("DELETE FROM running WHERE file = ?", [self._name])
        except StoreError:
            return  # its mark goes, and what it said with it, at the next start


def running_admins(path: Path) -> tuple[RunningAdmin, ...]:
    """
    The admins that run on the database *path*, which is only read.

    Raises:
        StoreError: If it cannot be read.
    """
    if not path.exists() or not path.stat().st_size:
        return ()  # nobody has begun yet
    try:
        connection = sqlite3.connect(read_only(path), uri=True)
        try:
            rows = connection.execute("SELECT * FROM running ORDER BY file").fetchall()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise StoreError(
            f"{escaped(str(path))}: {escaped(str(error))}. Name the database of an "
            "admin (store=) that this process may read."
        ) from error
    return tuple(_admin(*row) for file, *row in rows if is_alive(path, file))


def read_only(path: Path) -> str:
    """The URI to read *path* by; where nobody uses it, no file is made beside it."""
    is_used = path.with_name(f"{path.name}-wal").exists()
    how = "mode=ro&readonly_shm=1" if is_used else "immutable=1"
    return f"{path.absolute().as_uri()}?{how}"


def _admin(  # noqa: PLR0913, PLR0917 - the columns of a row
    process: int,
    started_at_us: int,
    told_at_us: int,
    directories: str,
    receipts: str,
    faults: str,
) -> RunningAdmin:
    return RunningAdmin(
        process=process,
        started_at=time_of(started_at_us),
        told_at=time_of(told_at_us),
        directories=tuple(json.loads(directories)),
        receipts=tuple(_receipt(one) for one in json.loads(receipts)),
        faults=tuple(_fault(one) for one in json.loads(faults)),
    )


def _receipt(found: dict[str, Any]) -> Receipt:
    since = found.pop("busy_since")
    return Receipt(
        **found, busy_since=None if since is None else datetime.fromisoformat(since)
    )


def _fault(found: dict[str, Any]) -> Fault:
    kind, severity = FaultKind(found.pop("kind")), Severity(found.pop("severity"))
    return Fault(**found, kind=kind, severity=severity)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    raise TypeError(value)
