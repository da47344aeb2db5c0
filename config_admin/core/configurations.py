"""The configurations of now; readers never wait."""

import threading
from collections.abc import Iterator
from difflib import get_close_matches

from config_admin.core.configuration import Configuration
from config_admin.core.entry import Entry, present, view
from config_admin.core.errors import NoSuchConfigurationError
from config_admin.core.pid import require_pid


class Configurations:
    """What is there; `config_admin.core.admin` alone changes it, under the lock."""

    def __init__(self) -> None:
        self._state_lock = threading.Lock()
        self._entries: dict[str, Entry] = {}

    def find(self, pid: str) -> Configuration | None:
        """The configuration of *pid* as its schema reads it; None if there is none."""
        entry = present(self._entries.get(require_pid(pid)))
        return view(entry) if entry is not None else None

    def get(self, pid: str) -> Configuration:
        """
        The configuration of *pid* as its schema reads it.

        Raises:
            NoSuchConfigurationError: If there is none.
        """
        found = self.find(pid)
        if found is None:
            pid = require_pid(pid)
            similar = get_close_matches(pid, self.present_pids())
            raise NoSuchConfigurationError(pid, similar)
        return found

    def list_configurations(self) -> tuple[Configuration, ...]:
        """Every configuration as its schema reads it, in PID order."""
        return tuple(sorted(map(view, self._all()), key=lambda one: one.pid))

    def written(self, pid: str) -> Configuration | None:
        """The newest revision as written, tombstones included; None if never there."""
        entry = self._entries.get(pid)
        return entry.configuration if entry is not None else None

    def present_pids(self) -> tuple[str, ...]:
        """The PIDs that have a configuration, in no order."""
        return tuple(entry.configuration.pid for entry in self._all())

    def secrets(self) -> Iterator[str]:
        """Every value that must not be shown, list elements one by one."""
        for entry in self._all():
            yield from entry.checked.secrets
            properties = entry.delivered()
            if properties is not None:
                yield from properties.secret_values()

    def _all(self) -> tuple[Entry, ...]:
        with self._state_lock:
            entries = tuple(self._entries.values())
        return tuple(entry for entry in entries if present(entry))
