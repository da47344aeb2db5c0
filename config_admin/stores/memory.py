"""The reference store and ledger: in memory, forgotten with the process."""

import threading
from collections.abc import Mapping

from config_admin.core.configuration import Configuration
from config_admin.core.errors import RevisionConflictError
from config_admin.core.ports import FileRecord


class MemoryStore:
    """Implements `config_admin.core.ports.Store`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._configurations: dict[str, Configuration] = {}

    def all(self) -> tuple[Configuration, ...]:
        """Everything stored, in PID order."""
        with self._lock:
            return tuple(
                self._configurations[pid] for pid in sorted(self._configurations)
            )

    def put(self, *configurations: Configuration) -> None:
        """Store each as the successor of the revision before it: all or none."""
        with self._lock:
            stored: dict[str, Configuration] = {}
            for one in configurations:
                before = stored.get(one.pid) or self._configurations.get(one.pid)
                actual = before.revision if before is not None else 0
                if one.revision != actual + 1:
                    raise RevisionConflictError(one.pid, one.revision - 1, actual)
                stored[one.pid] = one
            self._configurations.update(stored)


class MemoryLedger:
    """Implements `config_admin.core.ports.Ledger`."""

    def __init__(self) -> None:
        self._records: dict[str, FileRecord] = {}

    def get(self, pid: str) -> FileRecord | None:
        """What is remembered for *pid*; None if nothing."""
        return self._records.get(pid)

    def put(self, pid: str, record: FileRecord) -> None:
        """Remember *record* instead."""
        self._records[pid] = record

    def all(self) -> Mapping[str, FileRecord]:
        """Everything that is remembered, by PID."""
        return dict(self._records)
