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
from difflib import get_close_matches

from config_admin.core.configuration import Configuration, Origin, OriginKind
from config_admin.core.delivery import deliver, tell
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.dispatch import Dispatcher
from config_admin.core.entry import Entry, as_written, present, revision_of, view
from config_admin.core.errors import (
    InvalidConfigurationError,
    NoSuchConfigurationError,
    RevisionConflictError,
)
from config_admin.core.events import ConfigurationEvent, EventType
from config_admin.core.faults import FaultBook
from config_admin.core.pid import require_pid
from config_admin.core.ports import (
    Checked,
    ConfigurationListener,
    Gate,
    Store,
    Validator,
)
from config_admin.core.properties import AUTOMATIC_KEYS, Properties
from config_admin.core.registry import (
    AnyService,
    Registration,
    Registry,
    ServiceRegistration,
    service_name,
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
        self._dispatcher = dispatcher
        self._faults = faults
        self._gate: Gate | None = None
        self._commit_lock = threading.Lock()
        self._state_lock = threading.Lock()
        self._registry = Registry()
        self._entries: dict[str, Entry] = {}

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
        given = _storable(pid, properties)
        while True:
            before = self._entries.get(pid)
            _require_revision(pid, before, revision)
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
    ) -> None:
        """
        Remove the configuration of *pid*.

        Args:
            pid: Which one.
            revision: Delete only this revision; None: any.
            origin: What caused the change.

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
            _require_revision(pid, before, revision)
            tombstone = Configuration(
                pid, Properties(), revision_of(before) + 1, origin, deleted=True
            )
            self._commit(Entry(tombstone, Checked(Properties())))

    # Telling

    def add_managed_service(
        self, pids: tuple[str, ...], service: AnyService, *, ranking: int = 0
    ) -> ServiceRegistration:
        """
        Call *service* soon, and after every accepted change of one of *pids*.

        Raises:
            UsageError: If *service* cannot be called as it will be.
            InvalidPidError: If one of *pids* cannot be a PID.
        """
        lane = self._dispatcher.lane(service_name(service))
        wanted = tuple(dict.fromkeys(require_pid(pid) for pid in pids))
        registration = ServiceRegistration(lane, wanted, service, ranking)
        with self._state_lock:
            self._registry.add_service(registration)
        for pid in wanted:
            self._enqueue(registration, pid)
        return registration

    def add_listener(self, listener: ConfigurationListener) -> Registration:
        """Tell *listener* every event from now on, in commit order."""
        registration = Registration(self._dispatcher.lane(service_name(listener)), ())
        with self._state_lock:
            self._registry.add_listener(registration, listener)
        return registration

    def note_refusal(
        self, pid: str, origin: Origin, violations: tuple[Diagnostic, ...]
    ) -> None:
        """Tell the listeners that a change of *pid* was refused."""
        revision = revision_of(self._entries.get(pid))
        stays = Configuration(pid, Properties(), revision, origin)
        with self._state_lock:
            self._publish(EventType.CM_REFUSED, stays, violations)

    def services(self) -> tuple[ServiceRegistration, ...]:
        """Every registered service."""
        return self._registry.services()

    def _commit(self, entry: Entry) -> Configuration:
        configuration = entry.configuration
        kind = EventType.CM_DELETED if configuration.deleted else EventType.CM_UPDATED
        self._store.put(configuration)
        with self._state_lock:
            self._entries[configuration.pid] = entry
            self._publish(kind, configuration)
            for registration in self._registry.services_of(configuration.pid):
                self._enqueue(registration, configuration.pid)
        return view(entry)

    def _enqueue(self, registration: ServiceRegistration, pid: str) -> None:
        registration.lane.submit(
            pid,
            lambda: deliver(registration, pid, self._entries.get(pid), self._faults),
        )

    def _publish(
        self,
        kind: EventType,
        configuration: Configuration,
        violations: tuple[Diagnostic, ...] = (),
    ) -> None:
        event = ConfigurationEvent(
            kind,
            configuration.pid,
            configuration.revision,
            configuration.origin,
            violations,
        )
        for registration, listener in self._registry.listeners:
            tell(registration, listener, event, self._faults)

    def _check(self, pid: str, written: Properties, origin: Origin) -> Checked:
        try:
            return self._validator.check(pid, written)
        except InvalidConfigurationError as error:
            if origin.kind is not OriginKind.FILE:  # its directory knows the lines
                self.note_refusal(pid, origin, error.violations)
            raise

    def _require_open(self, pid: str, origin: Origin) -> None:
        if self._gate is not None and origin.kind is not OriginKind.FILE:
            self._gate.require_open(pid)


def _storable(pid: str, properties: Mapping[str, object]) -> Properties:
    try:
        return Properties(properties).without(AUTOMATIC_KEYS)
    except InvalidConfigurationError as error:
        raise InvalidConfigurationError(pid, error.violations) from None


def _require_revision(pid: str, before: Entry | None, revision: int | None) -> None:
    actual = revision_of(present(before))
    if revision is not None and revision != actual:
        raise RevisionConflictError(pid, revision, actual)
