"""What is there, read again: its schema, or what it refers to, is not what it was."""

import threading
from collections.abc import Hashable

from config_admin.core.configurations import Configurations
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.entry import Entry, place_of, present
from config_admin.core.errors import InvalidConfigurationError, NotRunningError
from config_admin.core.faults import FaultKind, faults_of
from config_admin.core.parts import Parts, World
from config_admin.core.pid import require_pid
from config_admin.core.processed import ProcessedProperties


class Rechecking(Configurations):
    """
    The half of the admin that changes no configuration, but what is read out of it.

    Args:
        world: What it stands in.

    Attributes:
        audience: Who is told.
        processing: The plugins.
        home: Where coroutines run that were registered outside of an event loop.
    """

    def __init__(self, world: World) -> None:
        super().__init__()
        parts = Parts(self, world)
        self.audience = parts.audience
        self.processing = parts.processing
        self.home = parts.home
        self._planner = parts.planner
        self._serving = parts.serving
        self._validator = world.validator
        self._faults = world.faults
        self._commit_lock = threading.Lock()

    def schema_of(self, pid: str) -> Hashable:
        """Which schema a change of *pid* would be checked by now."""
        return self._validator.schema_of(pid)

    def is_secret(self, pid: str, key: str) -> bool:
        """Whether the schema of *pid* wants the value of *key* masked."""
        return self._validator.is_secret(pid, key)

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
            try:
                renewed, misfits = self._renewed(before)
            except NotRunningError:
                return  # nothing is delivered any more
            with self._commit_lock:
                if before is not self._entries.get(pid):
                    continue
                with self._state_lock:
                    self._entries[pid] = renewed
                    self.audience.deliver(pid)
            place = place_of(before.configuration)
            faults = faults_of(FaultKind.CONFIGURATION, pid, misfits, place)
            self._faults.report(FaultKind.CONFIGURATION, pid, faults)
            if self._entries.get(pid) is renewed:
                return
        self._faults.clear(FaultKind.CONFIGURATION, pid)
        self.audience.deliver(pid)  # what holds without a configuration may differ

    def recheck_all(self) -> None:
        """Check again whatever is there, or followed."""
        for pid in {*self.present_pids(), *self.audience.followed_pids()}:
            self.recheck(pid)

    def processed_properties(self, pid: str) -> ProcessedProperties:
        """
        What a service would get: with placeholders, defaults and plugins.

        Raises:
            NoSuchConfigurationError: If there is nothing to be delivered.
        """
        pid = require_pid(pid)
        entry = present(self._serving.newest(pid))
        delivered = entry.delivered() if entry is not None else None
        if entry is None or delivered is None:
            raise self.no_such(pid)
        processed = self.processing.run(entry, delivered)
        return ProcessedProperties(processed, entry.checked.sources)

    def _renewed(self, before: Entry) -> tuple[Entry, tuple[Diagnostic, ...]]:
        """*before* as its schema and services read it now; else itself, and why."""
        try:
            return self._planner.rechecked(before), ()
        except InvalidConfigurationError as error:
            return before, error.violations
