"""The configurations of now; readers never wait."""

import threading
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import TypeAlias

from config_admin.core.configuration import Configuration
from config_admin.core.entry import Entry, present, view, with_automatic
from config_admin.core.errors import NoSuchConfigurationError
from config_admin.core.filter_syntax import parse
from config_admin.core.pid import require_pid, without_suffixes

Configured: TypeAlias = tuple[Configuration, ...]


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
            raise self.no_such(require_pid(pid))
        return found

    def no_such(self, pid: str) -> NoSuchConfigurationError:
        """What says that there is no *pid*, and which one may be meant."""
        there = self.present_pids()
        meant = [stem for stem in without_suffixes(pid) if stem in there]
        return NoSuchConfigurationError(pid, meant or get_close_matches(pid, there))

    def list_configurations(self, wanted: str | None = None) -> Configured:
        """
        The configurations as their schemas read them, in PID order.

        Args:
            wanted: An LDAP filter over properties, ``service.pid`` and
                ``service.factoryPid``; None: all.

        Raises:
            InvalidFilterError: If it is none; with the place of the fault.
            UsageError: If it is no text.

        Source: OSGi Compendium ch. 104, ``ConfigurationAdmin.listConfigurations``.
        """
        entries: Iterable[Entry] = self._all()
        if wanted is not None:
            matches = parse(wanted).matches
            entries = [one for one in entries if matches(with_automatic(one))]
        return tuple(sorted(map(view, entries), key=lambda one: one.pid))

    def entry(self, pid: str) -> Entry | None:
        """The newest entry of *pid*, a tombstone too; None if there never was one."""
        return self._entries.get(pid)

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
            yield from entry.checked.effective().secret_values()

    def _all(self) -> tuple[Entry, ...]:
        with self._state_lock:
            entries = tuple(self._entries.values())
        return tuple(entry for entry in entries if present(entry))
