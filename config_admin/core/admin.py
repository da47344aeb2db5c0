"""
The one door: the set of configurations changes here and nowhere else.

Every change takes the same five steps: check, compare, commit, publish, deliver.

*Check* runs foreign code (schemas, services' own checks), so it holds no lock and works
on what was there when it began. *Compare* finds out under the commit lock whether that
moved meanwhile; then the check runs again. Writers take turns on the commit lock. The
state lock covers only "swap the entries and enqueue", so every callback sees commit
order; *publish* and *deliver* run on lanes, outside every lock. Readers never wait.

Source: OSGi Compendium ch. 104, ``ConfigurationAdmin``.
"""

from collections.abc import Mapping, Sequence

from config_admin.core.changes import Change, Step
from config_admin.core.committing import Committing
from config_admin.core.configuration import Configuration, Origin, OriginKind
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.entry import present, revision_of, storable, view
from config_admin.core.errors import InvalidConfigurationError
from config_admin.core.events import ConfigurationEvent, EventType
from config_admin.core.pid import require_pid
from config_admin.core.planning import MOST_CHECKS, restless
from config_admin.core.properties import Properties
from config_admin.core.transaction import Transaction


class ConfigurationAdmin(Committing):
    """
    Keeps configurations, checks every change and tells whoever registered.

    Args:
        store: Where they are kept, with their history.
        world: What it stands in.

    Attributes:
        audience: Who is told.
        processing: The plugins.
        home: Where coroutines run that were registered outside of an event loop.
        recall: What configurations were.
    """

    def update(  # noqa: PLR0913 - what a change can say of itself
        self,
        pid: str,
        properties: Mapping[str, object],
        *,
        revision: int | None = None,
        reason: str | None = None,
        force: bool = False,
        origin: Origin = Origin.API,
    ) -> Configuration:
        """
        Replace the properties of *pid*, creating the configuration if absent.

        Storing what is already there changes nothing and tells no one.

        Args:
            pid: ``name`` of a singleton or ``factory~name`` of an instance.
            properties: All of them, as written; a key left out is removed.
            revision: Change only this revision; 0: only if absent; None: any.
            reason: Why, for whoever reads the history.
            force: Whether an edit of its file that was refused is put aside.
            origin: What caused the change.

        Returns:
            The configuration now current; callbacks may still be queued.

        Raises:
            InvalidPidError: If *pid* cannot be a PID.
            InvalidConfigurationError: If the schema or a service refuses them.
            RevisionConflictError: If *revision* is not the current one.
            RefusedFileError: If its file holds an edit that was refused.
            ReadOnlyConfigurationError: If its file may not be written.
            StoreError: If the store failed. Up to here nothing changed.
            StoreOutcomeUnknownError: If the store did not answer in time.
            NotRunningError: If the admin was closed meanwhile.
            UsageError: If *properties* are no mapping.

        Source: OSGi Compendium ch. 104, ``Configuration.updateIfDifferent``.
        """
        pid = require_pid(pid)
        given = self.given(pid, properties, origin)
        change = Change(pid, given, revision, reason, force)
        return self.change([change], origin)[0]

    def delete(
        self,
        pid: str,
        *,
        revision: int | None = None,
        reason: str | None = None,
        origin: Origin = Origin.API,
    ) -> Configuration:
        """
        Remove the configuration of *pid*.

        Args: as `update`.

        Returns:
            The tombstone.

        Raises:
            NoSuchConfigurationError: If there is none.
            Others as `update`.
        """
        change = Change(require_pid(pid), None, revision, reason)
        return self.change([change], origin)[0]

    def rollback(
        self,
        pid: str,
        revision: int,
        *,
        reason: str | None = None,
        origin: Origin = Origin.API,
    ) -> Configuration:
        """
        Make *revision* of *pid* the newest one again, as it was written.

        Returns:
            What is there now; a tombstone if that revision was one.

        Raises:
            NoSuchRevisionError: If it is not kept, or never was.
            Others as `update`.
        """
        wanted = self.recall.revision(pid, revision)
        there = self.written(wanted.pid)
        if wanted.deleted and (there is None or there.deleted):
            return there or wanted
        properties = None if wanted.deleted else wanted.properties
        reason = f"back to revision {revision}" if reason is None else reason
        change = Change(wanted.pid, properties, None, reason, is_literal=True)
        return self.change([change], origin)[0]

    def transaction(self, *, origin: Origin = Origin.API) -> Transaction:
        """
        Several changes that are checked together, then made together or not at all.

        Source: OSGi Compendium ch. 130 (Coordinator), as far as ch. 104 uses it.
        """
        return Transaction(lambda: self, origin)

    def given(
        self, pid: str, properties: Mapping[str, object], origin: Origin
    ) -> Properties:
        """
        What is to be stored of *pid*, from what a caller hands over.

        Raises:
            InvalidConfigurationError: If that cannot be stored.
            UsageError: If it is no mapping.
        """
        try:
            return storable(pid, properties)
        except InvalidConfigurationError as error:
            self._refusal([error], origin)
            raise

    def change(
        self, changes: Sequence[Change], origin: Origin
    ) -> tuple[Configuration, ...]:
        """
        Make all of *changes*, or none.

        Returns:
            What is there now, in their order.

        Raises: as `update` and `delete`. If several are refused, the others are notes
            of the first.
        """
        self._require_running()
        self._planner.require_open(changes, origin)
        for _ in range(MOST_CHECKS):
            steps = self._attempt(changes, origin)
            if steps is not None:
                break
        else:
            raise self._refusal([restless(changes[0].pid)], origin)
        self._finish(origin)
        return tuple(view(step.after) for step in steps)

    def note_refusal(
        self, pid: str, origin: Origin, violations: tuple[Diagnostic, ...]
    ) -> None:
        """Tell the listeners that a change of *pid* was refused."""
        with self._state_lock:
            revision = revision_of(present(self._entries.get(pid)))
            self.audience.publish(
                ConfigurationEvent(
                    EventType.CM_REFUSED, pid, revision, origin, violations
                )
            )
        self._finish(origin)

    def _attempt(
        self, changes: Sequence[Change], origin: Origin
    ) -> Sequence[Step] | None:
        """Make *changes*; None if what they were checked against has moved."""
        steps, refused = self._planner.plan(changes, origin)
        if refused:
            raise self._refusal(refused, origin)
        with self._telling() as came, self._commit_lock:
            self._require_running()
            self._commits.settle(came)
            if not self._planner.holds(steps):
                return None
            conflict = self._commit(steps, came)
        if conflict is None:
            return steps
        self.refresh()
        if self._planner.holds(steps):
            raise conflict  # the store does not say what it knows
        return None

    def _refusal(
        self, refused: Sequence[InvalidConfigurationError], origin: Origin
    ) -> InvalidConfigurationError:
        """What is raised for *refused*, when the listeners have been told."""
        first, *others = refused
        for other in others:
            first.add_note(str(other))
        if origin.kind is not OriginKind.FILE:  # its directory knows the lines
            for error in refused:
                self.note_refusal(error.pid, origin, error.violations)
        return first

    def _finish(self, origin: Origin) -> None:
        if origin.kind is not OriginKind.FILE:  # no caller waits for those
            self.audience.finish_synchronous(self._listener_timeout_s)
