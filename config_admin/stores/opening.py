"""
Opening the database: made privately, ours, of a layout that is known, and whole.

A damaged one is put aside under a dated name, never deleted.
"""

import errno
import os
import re
from collections.abc import Callable
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from typing import Final

from config_admin.core.display import escaped, shown
from config_admin.core.errors import StoreError
from config_admin.stores.database import Database, is_damage
from config_admin.stores.layout import APPLICATION_ID, MIGRATIONS, VERSION

_MAGIC: Final = b"SQLite format 3\0"
# SQLite looks after its pages, not after what stands in a row.
_ROWS_THAT_SAY_NOTHING: Final = (
    "SELECT 'revision ' || r.revision || ' of ' || r.pid || ' cannot be read' "
    "FROM configurations c JOIN revisions r USING (seq) "
    "WHERE NOT json_valid(r.properties) LIMIT 1"
)
_HEAD: Final = 4096
_LEAST: Final = 100  # its header
_NO_TEXT: Final = re.compile(rb"[\0-\x08\x0e-\x1f]")
_ATTENDANTS: Final = ("", "-wal", "-shm")
_PRIVATE_FILE = 0o600


def open_database(database: Database) -> None:
    """
    Open *database*, in a directory that is there; it is made if it is not.

    Raises:
        StoreError: If it cannot be used; what to do about it, too.
        DamagedDatabaseError: If its bytes are not to be trusted. It stays open: to
            close it would write its log into it.
    """
    path = database.path
    try:
        _make(path)
    except OSError as error:
        raise StoreError(
            f"{escaped(str(path))}: {error.strerror}. Name a file in a directory that "
            "this process may write (store=), or keep all in memory (store=None)."
        ) from error
    database.open()
    try:
        _require_ours(database)
        database.prepare()
        _require_whole(database)
        _migrate(database)
    except DamagedDatabaseError:
        raise
    except StoreError as error:
        if is_damage(error):
            try:
                _require_no_text(path)
            except StoreError:
                database.close()
                raise
            raise DamagedDatabaseError(str(error)) from error
        database.close()
        raise


class DamagedDatabaseError(StoreError):
    """The bytes of the database are not to be trusted."""


def put_aside(path: Path, now: Callable[[], datetime]) -> Path:
    """
    Give the damaged database *path* another name.

    Returns:
        That name.

    Raises:
        StoreError: If it cannot be renamed.
    """
    dated = f"{path.name}.damaged-{now():%Y-%m-%dT%H-%M-%SZ}"
    names = chain([dated], (f"{dated}-{number}" for number in count(2)))
    stem = next(name for name in names if not path.with_name(name).exists())
    try:
        for attendant in _ATTENDANTS:
            there = path.with_name(path.name + attendant)
            if attendant and _says_nothing(there):
                there.unlink(missing_ok=True)
            else:
                there.rename(path.with_name(stem + attendant))
    except OSError as error:
        found = f"{escaped(str(path))} is damaged: {error.strerror}. Rename it."
        raise StoreError(found) from error
    return path.with_name(stem)


def _says_nothing(attendant: Path) -> bool:
    """Whether it is only what processes need that use the database, or empty."""
    is_log = attendant.name.endswith("-wal")
    return not (is_log and attendant.exists() and attendant.stat().st_size)


def _make(path: Path) -> None:
    try:
        made = os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE_FILE)
    except FileExistsError:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)) from None
        if not path.is_file():
            raise OSError(errno.EINVAL, "no regular file") from None
        if 0 < path.stat().st_size < _LEAST:  # SQLite may take it for an empty one
            _require_no_text(path)
        return
    os.close(made)
    parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)


def _require_no_text(path: Path) -> None:
    """
    Nothing, unless it is plainly a text of somebody's: that is not touched.

    Only what cannot be a database is looked at: to close the file of one would take the
    locks away that another connection of this process has on it.

    Raises:
        StoreError: If it is one, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise StoreError(
            f"{escaped(str(path))} cannot be read: {error.strerror}. Let this process "
            "read it, or name another file (store=)."
        ) from error
    if not _NO_TEXT.search(head) and not _MAGIC.startswith(head):
        raise StoreError(
            f"{escaped(str(path))} is a text file, not a database. Name another file "
            "(store=)."
        )


def _require_ours(database: Database) -> None:
    # In this order: another process may just make it.
    (tables,) = database.run("SELECT count(*) FROM sqlite_master")[0]
    (application_id,) = database.run("PRAGMA application_id")[0]
    name = escaped(str(database.path))
    if tables and application_id != APPLICATION_ID:
        raise StoreError(
            f"{name} is the database of another program (application id "
            f"{application_id:#x}). Name another file (store=)."
        )
    version = _version(database)
    if version > VERSION:
        raise StoreError(
            f"{name} was written by a newer version (layout {version}; this one knows "
            f"up to {VERSION}). Install that version, or name another file (store=)."
        )


def _require_whole(database: Database) -> None:
    found = database.run("PRAGMA quick_check(1)")
    if found == [("ok",)] and _version(database):
        found = database.run(_ROWS_THAT_SAY_NOTHING) or found
    if found != [("ok",)]:
        name, told = escaped(str(database.path)), shown(str(found[0][0]))
        raise DamagedDatabaseError(f"{name} is damaged ({told}).")


def _migrate(database: Database) -> None:
    if _version(database) == VERSION:
        return
    with database.transaction() as execute:
        # Another process may have done so meanwhile.
        done = execute("PRAGMA user_version").fetchone()[0]
        if done >= VERSION:
            return
        for statements in MIGRATIONS[done:]:
            for statement in statements:
                execute(statement)
        execute(f"PRAGMA application_id = {APPLICATION_ID}")
        execute(f"PRAGMA user_version = {VERSION}")


def _version(database: Database) -> int:
    return int(database.run("PRAGMA user_version")[0][0])
