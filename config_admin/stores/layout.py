"""
The tables of the database, and how those of earlier versions become them.

Each migration leads from the version before it to its own number. One that has been
released never changes: a database somewhere was made by it.
"""

from collections.abc import Sequence
from typing import Final

# "CADM": what makes file(1) and us know our own.
APPLICATION_ID: Final = 0x4341444D

_FIRST: Final = (
    # Every revision that is kept; seq is the order of all commits. The newest one is
    # never deleted, so no number is given twice.
    """
    CREATE TABLE revisions (
        seq INTEGER PRIMARY KEY,
        pid TEXT NOT NULL,
        revision INTEGER NOT NULL,
        deleted INTEGER NOT NULL,
        properties TEXT NOT NULL,
        secret_keys TEXT,
        origin TEXT NOT NULL,
        detail TEXT NOT NULL,
        reason TEXT,
        changed_at_us INTEGER,
        UNIQUE (pid, revision)
    )
    """,
    # The newest revision of each PID.
    """
    CREATE TABLE configurations (
        pid TEXT PRIMARY KEY,
        revision INTEGER NOT NULL,
        seq INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    # What is remembered of the files of each directory; version is for comparing.
    """
    CREATE TABLE files (
        directory TEXT NOT NULL,
        pid TEXT NOT NULL,
        version INTEGER NOT NULL,
        file TEXT NOT NULL,
        known TEXT,
        pending TEXT,
        revision INTEGER NOT NULL,
        properties TEXT NOT NULL,
        secret_keys TEXT,
        refused TEXT,
        signature TEXT,
        has_warnings INTEGER NOT NULL,
        PRIMARY KEY (directory, pid)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE directories (
        path TEXT PRIMARY KEY,
        identity TEXT
    ) WITHOUT ROWID
    """,
    # What running admins say of themselves; a lock on their file proves that they live.
    """
    CREATE TABLE running (
        file TEXT PRIMARY KEY,
        process INTEGER NOT NULL,
        started_at_us INTEGER NOT NULL,
        told_at_us INTEGER NOT NULL,
        directories TEXT NOT NULL,
        receipts TEXT NOT NULL,
        faults TEXT NOT NULL
    ) WITHOUT ROWID
    """,
)

MIGRATIONS: Final[Sequence[Sequence[str]]] = (_FIRST,)

VERSION: Final = len(MIGRATIONS)
