"""What the core asks of stores, and the file room of its ledgers."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from config_admin.core.configuration import Configuration
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.properties import Properties


class Store(Protocol):
    """
    Keeps the newest revision of every configuration, tombstones included.

    Every call either happens whole or raises `StoreError`.
    """

    def all(self) -> Iterable[Configuration]:
        """Everything stored, in PID order."""
        ...

    def put(self, *configurations: Configuration) -> None:
        """
        Store each as the successor of the revision before it: all of them or none.

        Raises:
            RevisionConflictError: If the stored revision of one is not
                ``configuration.revision - 1`` (0 when absent).
        """
        ...

    def news(self) -> Sequence[Configuration]:
        """
        What was stored, here or elsewhere, since this or `all` was asked last.

        The newest revision of each PID. Own ones may be left out.
        """
        ...


@dataclass(frozen=True, slots=True)
class Retention:
    """
    How much of the history is kept; the newest revision of a PID always is.

    Attributes:
        limit: So many revisions of each PID; None: all.
        age: None older than this when the next one comes; None: however old.
    """

    limit: int | None = 1000
    age: timedelta | None = None

    def oldest(self, newest: Configuration) -> datetime | None:
        """When the oldest revision was made that stays beside *newest*; None: any."""
        if self.age is None or newest.changed_at is None:
            return None
        try:
            return newest.changed_at - self.age
        except OverflowError:  # before all time
            return None

    def surplus(self, count: int) -> int:
        """How many of *count* revisions of one PID are too many."""
        return 0 if self.limit is None else max(0, count - max(1, self.limit))


class History(Protocol):
    """
    Remembers the revisions of every configuration, as far as it is set to.

    The newest revision of a PID is always there. Raises `StoreError` if it cannot tell.
    """

    def revisions(self, pid: str, limit: int | None = None) -> Sequence[Configuration]:
        """The *limit* newest revisions of *pid* that are kept, the newest first."""
        ...

    def revision(self, pid: str, revision: int) -> Configuration | None:
        """*revision* of *pid*; None if it is not kept, or never was."""
        ...

    def at(self, time: datetime) -> Sequence[Configuration]:
        """
        What each PID was when everything up to *time* had been stored, in PID order.

        Tombstones included. Where nobody can tell any more, for that revision is not
        kept, the oldest one that is kept stands for it; it is younger than *time*.
        """
        ...

    def purge(self, pid: str | None = None) -> int:
        """
        Forget all revisions of *pid* but the newest; None: of every PID.

        Nothing of them is left in any file of the store.

        Returns:
            How many were forgotten.
        """
        ...


class RememberingStore(Store, History, Protocol):
    """A store that keeps the history, too."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """
    What is remembered of the file of one configuration.

    Attributes:
        file: Its name within its directory.
        known: The digest of the bytes last read or written by us; None: it was not
            the home of the configuration when last looked at.
        pending: The digest of what is about to be written, remembered before the
            rename: bytes that match it are ours, whatever went wrong afterwards.
        revision: The revision that the file was last in step with.
        properties: What the file said then, as written.
        refused: Why its bytes were refused; empty if they were not.
        schema: Which schema it was then; as `Checked.schema`.
        signature: The look of the file when it was read; None: read it again.
        has_warnings: Whether the text deserves a look, though it was accepted.
    """

    file: str
    known: str | None = None
    pending: str | None = None
    revision: int = 0
    properties: Properties = field(default_factory=Properties)
    refused: tuple[Diagnostic, ...] = ()
    schema: Hashable = None
    signature: tuple[int, ...] | None = None
    has_warnings: bool = False


class StaleRecordError(Exception):
    """Another process has remembered something of that file meanwhile."""


class Ledger(Protocol):
    """
    Remembers the files of one directory; local to this machine, never shared.

    Every call either happens whole or raises `StoreError`.

    Attributes:
        identity: Of the directory, when its files were last known to be its own;
            None: nothing is known of it.
        lasts: Whether it, and the store beside it, outlast the process.
    """

    lasts: bool
    identity: tuple[int, ...] | None

    def get(self, pid: str) -> FileRecord | None:
        """What is remembered for *pid*; None if nothing."""
        ...

    def glance(self, pid: str) -> FileRecord | None:
        """As `get`, perhaps a moment old: for whoever only asks whether to go on."""
        ...

    def put(self, pid: str, record: FileRecord) -> None:
        """
        Remember *record* instead.

        One that is pending is kept durably, if this ledger is durable, once this
        returns. Others may wait for the next one, for the next change of a store beside
        it, or for `flush`: but not longer.

        Raises:
            StaleRecordError: If another process did, since this one asked: look again.
        """
        ...

    def flush(self) -> None:
        """Let other processes know what is remembered."""
        ...

    def all(self) -> Mapping[str, FileRecord]:
        """Everything that is remembered, by PID, perhaps a moment old."""
        ...
