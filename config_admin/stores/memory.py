"""The reference store and ledger: in memory, forgotten with the process."""

import threading
from collections.abc import Mapping
from datetime import datetime
from itertools import chain, count
from operator import attrgetter
from pathlib import Path

from config_admin.core.configuration import Configuration
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.errors import RevisionConflictError
from config_admin.core.storage import (
    FileRecord,
    Ledger,
    RememberingStore,
    Retention,
)


class MemoryStore:
    """
    Implements `config_admin.core.storage.RememberingStore`.

    Args:
        retention: How much of the history is kept.
    """

    def __init__(self, retention: Retention | None = None) -> None:
        self._retention = retention or Retention()
        self._lock = threading.Lock()
        self._kept: dict[str, list[Configuration]] = {}
        self._order: dict[tuple[str, int], int] = {}
        self._commits = count()

    def all(self) -> tuple[Configuration, ...]:
        """Everything stored, in PID order."""
        with self._lock:
            return tuple(self._kept[pid][-1] for pid in sorted(self._kept))

    def put(self, *configurations: Configuration) -> None:
        """Store each as the successor of the revision before it: all or none."""
        with self._lock:
            stored: dict[str, int] = {}
            for one in configurations:
                actual = stored.get(one.pid) or self._newest(one.pid)
                if one.revision != actual + 1:
                    raise RevisionConflictError(one.pid, one.revision - 1, actual)
                stored[one.pid] = one.revision
            for one in configurations:
                self._keep(one)

    def news(self) -> tuple[Configuration, ...]:
        """Nothing: nobody else stores here."""
        return ()

    # The history

    def revisions(
        self, pid: str, limit: int | None = None
    ) -> tuple[Configuration, ...]:
        """The *limit* newest revisions of *pid* that are kept, the newest first."""
        with self._lock:
            return tuple(reversed(self._kept.get(pid, [])))[:limit]

    def revision(self, pid: str, revision: int) -> Configuration | None:
        """*revision* of *pid*; None if it is not kept, or never was."""
        with self._lock:
            kept = self._kept.get(pid, [])
            return next((one for one in kept if one.revision == revision), None)

    def at(self, time: datetime) -> tuple[Configuration, ...]:
        """What each PID was when everything up to *time* had been stored."""
        with self._lock:
            # A clock may go back: the order of the commits counts.
            younger = min(
                (
                    self._order[one.pid, one.revision]
                    for one in chain.from_iterable(self._kept.values())
                    if one.changed_at is not None and one.changed_at > time
                ),
                default=None,
            )
            found = [self._before(pid, younger) for pid in sorted(self._kept)]
        return tuple(one for one in found if one is not None)

    def purge(self, pid: str | None = None) -> int:
        """Forget all revisions of *pid* but the newest; None: of every PID."""
        with self._lock:
            pids = [one for one in self._kept if pid in {None, one}]
            return sum(self._cut(one, len(self._kept[one]) - 1) for one in pids)

    def _newest(self, pid: str) -> int:
        return self._kept[pid][-1].revision if pid in self._kept else 0

    def _keep(self, one: Configuration) -> None:
        kept = self._kept.setdefault(one.pid, [])
        kept.append(one)
        self._order[one.pid, one.revision] = next(self._commits)
        self._cut(one.pid, self._retention.surplus(len(kept)))
        oldest = self._retention.oldest(one)
        if oldest is not None:
            # No gaps: each revision is compared with the one before it.
            before = enumerate(map(attrgetter("changed_at"), kept[:-1]), start=1)
            too_old = [number for number, at in before if at and at < oldest]
            self._cut(one.pid, max(too_old, default=0))

    def _cut(self, pid: str, count: int) -> int:
        for gone in self._kept[pid][:count]:
            del self._order[pid, gone.revision]
        del self._kept[pid][:count]
        return count

    def _before(self, pid: str, younger: int | None) -> Configuration | None:
        kept = self._kept[pid]
        for one in reversed(kept):
            if younger is None or self._order[pid, one.revision] < younger:
                return one
        return kept[0] if kept[0].revision > 1 else None


class MemoryLedger:
    """
    Implements `config_admin.core.storage.Ledger`.

    Attributes:
        identity: Of the directory.
        lasts: False: not.
    """

    lasts = False

    def __init__(self) -> None:
        self.identity: tuple[int, ...] | None = None
        self._records: dict[str, FileRecord] = {}

    def get(self, pid: str) -> FileRecord | None:
        """What is remembered for *pid*; None if nothing."""
        return self._records.get(pid)

    def glance(self, pid: str) -> FileRecord | None:
        """As `get`."""
        return self._records.get(pid)

    def put(self, pid: str, record: FileRecord) -> None:
        """Remember *record* instead."""
        self._records[pid] = record

    def flush(self) -> None:
        """Nobody else knows of it."""

    def all(self) -> Mapping[str, FileRecord]:
        """Everything that is remembered, by PID."""
        return dict(self._records)


class TransientStore:
    """
    Everything in memory: for one process, for as long as it runs.

    Other processes do not see it: what a store on a file does for them is nothing here.

    Attributes:
        store: The configurations.
    """

    def __init__(self, retention: Retention) -> None:
        self.store: RememberingStore = MemoryStore(retention)

    def ledger(self, _directory: Path) -> Ledger:
        """What is remembered of the files of a directory."""
        return MemoryLedger()

    def require_own(self) -> None:
        """Nothing: nobody else has used it."""

    def open(self) -> Diagnostic | None:
        """None: nothing was lost."""
        return None

    def close(self) -> None:
        """Nothing is to be let go of."""

    def before_fork(self) -> None:
        """Nothing is shared with a child."""

    def after_fork(self) -> None:
        """As before."""

    def note_fork(self) -> None:
        """A child has what it has inherited for itself."""
