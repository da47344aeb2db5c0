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

    def put(self, configuration: Configuration) -> None:
        """Store *configuration* as the successor of the revision before it."""
        with self._lock:
            before = self._configurations.get(configuration.pid)
            actual = before.revision if before is not None else 0
            if configuration.revision != actual + 1:
                raise RevisionConflictError(
                    configuration.pid, configuration.revision - 1, actual
                )
            self._configurations[configuration.pid] = configuration


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
