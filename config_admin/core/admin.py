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
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager

from config_admin.core.audience import Audience
from config_admin.core.configuration import Configuration, Origin, OriginKind
from config_admin.core.configurations import Configurations
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
    NotRunningError,
)
from config_admin.core.events import ConfigurationEvent, EventType
from config_admin.core.faults import FaultBook, FaultKind, faults_of
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


class ConfigurationAdmin(Configurations):
    """
    Keeps configurations, checks every change and tells whoever registered.

    Args:
        store: Where configurations are kept; an empty one.
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
        super().__init__()
        self._store = store
        self._validator = validator
        self._faults = faults
        self._gate: Gate | None = None
        self._commit_lock = threading.Lock()
        self._is_closed = False
        self._audience = Audience(self._entries.get, dispatcher, faults, self.secrets)

    def guard(self, gate: Gate) -> None:
        """Ask *gate* before, and tell it of, changes that do not come from a file."""
        self._gate = gate

    def close(self) -> None:
        """Change nothing any more; what is committed already stays to be read."""
        with self._commit_lock:
            self._is_closed = True

    def schema_of(self, pid: str) -> Hashable:
        """Which schema a change of *pid* would be checked by now."""
        return self._validator.schema_of(pid)

    def is_secret(self, pid: str, key: str) -> bool:
        """Whether the schema of *pid* wants the value of *key* masked."""
        return self._validator.is_secret(pid, key)

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
            NotRunningError: If the admin was closed meanwhile.

        Source: OSGi Compendium ch. 104, ``Configuration.updateIfDifferent``.
        """
        pid = require_pid(pid)
        self._require_open(pid, origin)
        with self._refusals_told(pid, origin):
            given = storable(pid, properties)
        while True:
            before = self._entries.get(pid)
            require_revision(pid, before, revision)
            with self._refusals_told(pid, origin):
                written = self._written(pid, given, before, origin)
                checked = self._validator.check(pid, written)
            with self._commit_lock:
                if not self._is_still_valid(pid, before, checked):
                    continue
                same = present(before)
                if same and same.configuration.properties == written:
                    return view(same)
                written = written.with_secrets(checked.properties.secret_keys)
                following = Configuration(pid, written, revision_of(before) + 1, origin)
                entry = self._commit(Entry(following, checked))
            self._faults.clear(FaultKind.CONFIGURATION, pid)
            return view(entry)

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
        pid = require_pid(pid)
        self._require_open(pid, origin)
        with self._commit_lock:
            self._require_not_closed()
            before = self._entries.get(pid)
            if not present(before):
                raise NoSuchConfigurationError(pid)
            require_revision(pid, before, revision)
            tombstone = Configuration(
                pid, Properties(), revision_of(before) + 1, origin, deleted=True
            )
            entry = self._commit(Entry(tombstone, Checked(Properties())))
        self._faults.clear(FaultKind.CONFIGURATION, pid)
        return view(entry)

    def recheck(self, pid: str) -> None:
        """
        Check *pid* again, because its schema changed.

        What no longer fits stays in force and becomes a fault: a stricter schema takes
        nothing away. What fits is delivered again, with the new defaults.
        """
        while (before := present(self._entries.get(pid))) is not None:
            if self._validator.schema_of(pid) == before.checked.schema:
                self._faults.clear(FaultKind.CONFIGURATION, pid)
                return
            stored = before.configuration
            try:
                checked = self._validator.check(pid, stored.properties)
                misfits: tuple[Diagnostic, ...] = ()
            except InvalidConfigurationError as error:
                checked, misfits = before.checked, error.violations
            with self._commit_lock:
                if before is not self._entries.get(pid):
                    continue
                with self._state_lock:
                    self._entries[pid] = renewed = Entry(stored, checked)
                    self._audience.deliver(pid)
            faults = faults_of(
                FaultKind.CONFIGURATION, pid, misfits, stored.origin.file_shown
            )
            self._faults.report(FaultKind.CONFIGURATION, pid, faults)
            if self._entries.get(pid) is renewed:
                return
        self._faults.clear(FaultKind.CONFIGURATION, pid)

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
        with self._state_lock:
            revision = revision_of(present(self._entries.get(pid)))
            self._audience.publish(
                ConfigurationEvent(
                    EventType.CM_REFUSED, pid, revision, origin, violations
                )
            )

    def _is_still_valid(self, pid: str, before: Entry | None, checked: Checked) -> bool:
        """Whether what the check was based on is still so; under the commit lock."""
        self._require_not_closed()
        is_same = before is self._entries.get(pid)
        return is_same and self._validator.schema_of(pid) == checked.schema

    def _require_not_closed(self) -> None:
        if self._is_closed:
            raise NotRunningError("The admin has been stopped.")

    def _commit(self, entry: Entry) -> Entry:
        new = entry.configuration
        kind = EventType.CM_DELETED if new.deleted else EventType.CM_UPDATED
        event = ConfigurationEvent(kind, new.pid, new.revision, new.origin)
        self._store.put(new)
        with self._state_lock:
            self._entries[new.pid] = entry
            self._audience.publish(event)
            self._audience.deliver(new.pid)
        if self._gate is not None and new.origin.kind is not OriginKind.FILE:
            self._gate.note_change(new.pid)
        return entry

    @contextmanager
    def _refusals_told(self, pid: str, origin: Origin) -> Iterator[None]:
        try:
            yield
        except InvalidConfigurationError as error:
            if origin.kind is not OriginKind.FILE:  # its directory knows the lines
                self.note_refusal(pid, origin, error.violations)
            raise

    def _written(
        self, pid: str, given: Properties, before: Entry | None, origin: Origin
    ) -> Properties:
        """*given* in the words of the file, which can be made to say them."""
        if origin.kind is OriginKind.FILE:
            return given
        written = as_written(pid, given, before, self._validator)
        if self._gate is not None:
            self._gate.require_writable(pid, written)
        return written

    def _require_open(self, pid: str, origin: Origin) -> None:
        if self._gate is not None and origin.kind is not OriginKind.FILE:
            self._gate.require_open(pid)
