"""
The one door: the set of configurations changes here and nowhere else.

Every change takes the same five steps: check, compare, commit, publish, deliver.

*Check* runs foreign code (schemas), so it holds no lock and works on what was there
when it began. *Compare* finds out under the commit lock whether that moved meanwhile;
then the check runs again. Writers take turns on the commit lock. The state lock covers
only "swap the entry and enqueue", so every callback sees commit order; *publish* and
*deliver* run on lanes, outside every lock. Readers never wait.

Source: OSGi Compendium ch. 104, ``ConfigurationAdmin``.
"""

import threading
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches

from config_admin.core.audience import Audience
from config_admin.core.configuration import Configuration, Origin, OriginKind
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.dispatch import Dispatcher
from config_admin.core.entry import (
    Entry,
    as_written,
    present,
    require_revision,
    revision_of,
    storable,
    view,
)
from config_admin.core.errors import (
    InvalidConfigurationError,
    NoSuchConfigurationError,
)
from config_admin.core.events import ConfigurationEvent, EventType
from config_admin.core.faults import Fault, FaultBook, FaultKind
from config_admin.core.pid import require_pid
from config_admin.core.ports import (
    Checked,
    ConfigurationListener,
    Gate,
    Store,
    Validator,
)
from config_admin.core.properties import Properties
from config_admin.core.registry import (
    AnyService,
    Registration,
    ServiceRegistration,
)


class ConfigurationAdmin:
    """
    Keeps configurations, checks every change and tells whoever registered.

    Args:
        store: Where configurations are kept; what it holds is taken over.
        validator: Knows what may be configured.
        dispatcher: Runs the callbacks.
        faults: Takes what goes wrong in callbacks.
    """

    def __init__(
        self,
        *,
        store: Store,
        validator: Validator,
        dispatcher: Dispatcher,
        faults: FaultBook,
    ) -> None:
        self._store = store
        self._validator = validator
        self._faults = faults
        self._gate: Gate | None = None
        self._commit_lock = threading.Lock()
        self._state_lock = threading.Lock()
        self._entries: dict[str, Entry] = {}
        self._audience = Audience(self._entries.get, dispatcher, faults)

    def guard(self, gate: Gate) -> None:
        """Ask *gate* before a change that does not come from a file."""
        self._gate = gate

    # Reading

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
            similar = get_close_matches(pid, self.present_pids())
            raise NoSuchConfigurationError(pid, similar)
        return found

    def list_configurations(self) -> tuple[Configuration, ...]:
        """Every configuration as its schema reads it, in PID order."""
        with self._state_lock:
            entries = list(self._entries.values())
        views = [view(entry) for entry in entries if present(entry)]
        return tuple(sorted(views, key=lambda one: one.pid))

    def written(self, pid: str) -> Configuration | None:
        """The newest revision as written, tombstones included; None if never there."""
        entry = self._entries.get(pid)
        return entry.configuration if entry is not None else None

    def present_pids(self) -> tuple[str, ...]:
        """The PIDs that have a configuration, in no order."""
        with self._state_lock:
            entries = list(self._entries.items())
        return tuple(pid for pid, entry in entries if present(entry))

    # Changing

    def update(
        self,
        pid: str,
        properties: Mapping[str, object],
        *,
        revision: int | None = None,
        origin: Origin = Origin.API,
    ) -> Configuration:
        """
        Replace the properties of *pid*, creating the configuration if absent.

        Storing what is already there changes nothing and tells no one.

        Args:
            pid: ``name`` of a singleton or ``factory~name`` of an instance.
            properties: All of them, as written; a key left out is removed.
            revision: Change only this revision; 0: only if absent; None: any.
            origin: What caused the change.

        Returns:
            The configuration now current; callbacks may still be queued.

        Raises:
            InvalidPidError: If *pid* cannot be a PID.
            InvalidConfigurationError: If the schema refuses them.
            RevisionConflictError: If *revision* is not the current one.
            RefusedFileError: If its file holds an edit that was refused.
            ReadOnlyConfigurationError: If its file may not be written.
            StoreError: If the store failed. Up to here nothing changed.
            StoreOutcomeUnknownError: If the store did not answer in time.

        Source: OSGi Compendium ch. 104, ``Configuration.updateIfDifferent``.
        """
        self._require_open(require_pid(pid), origin)
        given = storable(pid, properties)
        while True:
            before = self._entries.get(pid)
            require_revision(pid, before, revision)
            written = given
            if origin.kind is not OriginKind.FILE:
                written = as_written(pid, given, before, self._validator)
            checked = self._check(pid, written, origin)
            with self._commit_lock:
                if before is not self._entries.get(pid):
                    continue
                if self._validator.schema_of(pid) != checked.schema:
                    continue
                same = present(before)
                if same and same.configuration.properties == written:
                    return view(same)
                following = Configuration(pid, written, revision_of(before) + 1, origin)
                return self._commit(Entry(following, checked))

    def delete(
        self, pid: str, *, revision: int | None = None, origin: Origin = Origin.API
    ) -> Configuration:
        """
        Remove the configuration of *pid*.

        Args:
            pid: Which one.
            revision: Delete only this revision; None: any.
            origin: What caused the change.

        Returns:
            The tombstone.

        Raises:
            NoSuchConfigurationError: If there is none.
            RevisionConflictError: If *revision* is not the current one.
            RefusedFileError: If its file holds an edit that was refused.
            ReadOnlyConfigurationError: If its file may not be written.
            StoreError: If the store failed. Up to here nothing changed.
        """
        self._require_open(require_pid(pid), origin)
        with self._commit_lock:
            before = self._entries.get(pid)
            if not present(before):
                raise NoSuchConfigurationError(pid)
            require_revision(pid, before, revision)
            tombstone = Configuration(
                pid, Properties(), revision_of(before) + 1, origin, deleted=True
            )
            return self._commit(Entry(tombstone, Checked(Properties())))

    def recheck(self, pid: str) -> None:
        """
        Check *pid* again, because its schema changed.

        What no longer fits stays in force and becomes a fault: a stricter schema takes
        nothing away. What fits is delivered again, with the new defaults.
        """
        while (before := present(self._entries.get(pid))) is not None:
            stored = before.configuration
            try:
                checked = self._validator.check(pid, stored.properties)
            except InvalidConfigurationError as error:
                self._report_misfit(stored, error.violations)
                return
            with self._commit_lock:
                if before is not self._entries.get(pid):
                    continue
                with self._state_lock:
                    self._entries[pid] = Entry(stored, checked)
                    self._audience.deliver(pid)
            self._faults.clear(FaultKind.CONFIGURATION, pid)
            return

    # Telling

    def add_managed_service(
        self, pids: tuple[str, ...], service: AnyService, *, ranking: int = 0
    ) -> ServiceRegistration:
        """As `config_admin.core.audience.Audience.add_managed_service`."""
        return self._audience.add_managed_service(pids, service, ranking=ranking)

    def add_listener(self, listener: ConfigurationListener) -> Registration:
        """Tell *listener* every event from now on, in commit order."""
        return self._audience.add_listener(listener)

    def services(self) -> tuple[ServiceRegistration, ...]:
        """Every registered service."""
        return self._audience.services()

    def note_refusal(
        self, pid: str, origin: Origin, violations: tuple[Diagnostic, ...]
    ) -> None:
        """Tell the listeners that a change of *pid* was refused."""
        revision = revision_of(self._entries.get(pid))
        event = ConfigurationEvent(
            EventType.CM_REFUSED, pid, revision, origin, violations
        )
        with self._state_lock:
            self._audience.publish(event)

    def _commit(self, entry: Entry) -> Configuration:
        new = entry.configuration
        kind = EventType.CM_DELETED if new.deleted else EventType.CM_UPDATED
        event = ConfigurationEvent(kind, new.pid, new.revision, new.origin)
        self._store.put(new)
        with self._state_lock:
            self._entries[new.pid] = entry
            self._audience.publish(event)
            self._audience.deliver(new.pid)
        self._faults.clear(FaultKind.CONFIGURATION, new.pid)
        return view(entry)

    def _check(self, pid: str, written: Properties, origin: Origin) -> Checked:
        try:
            return self._validator.check(pid, written)
        except InvalidConfigurationError as error:
            if origin.kind is not OriginKind.FILE:  # its directory knows the lines
                self.note_refusal(pid, origin, error.violations)
            raise

    def _report_misfit(
        self, stored: Configuration, violations: tuple[Diagnostic, ...]
    ) -> None:
        is_file = stored.origin.kind is OriginKind.FILE
        file = stored.origin.detail if is_file else None
        faults = [
            Fault.of(
                FaultKind.CONFIGURATION,
                stored.pid,
                replace(found, file=found.file or file),
            )
            for found in violations
        ]
        self._faults.report(FaultKind.CONFIGURATION, stored.pid, faults)

    def _require_open(self, pid: str, origin: Origin) -> None:
        if self._gate is not None and origin.kind is not OriginKind.FILE:
            self._gate.require_open(pid)
