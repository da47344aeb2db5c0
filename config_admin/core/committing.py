"""
What is stored comes in force, and everybody is told: own changes, and those of others.

Writers take turns on the commit lock. The state lock covers only "swap the entries and
enqueue", so every callback sees commit order.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from config_admin.core.changes import Step
from config_admin.core.commits import Commits
from config_admin.core.configuration import Configuration, OriginKind
from config_admin.core.entry import revision_of
from config_admin.core.errors import NotRunningError, RevisionConflictError
from config_admin.core.events import ConfigurationEvent, EventType
from config_admin.core.parts import World
from config_admin.core.ports import Gate
from config_admin.core.reading import Reading
from config_admin.core.recalling import Recall
from config_admin.core.rechecking import Rechecking
from config_admin.core.storage import RememberingStore


class Committing(Rechecking):
    """
    The half of the admin between the store and those who are told.

    Args:
        store: Where configurations are kept, with their history.
        world: What it stands in.

    Attributes:
        recall: What configurations were.
    """

    def __init__(self, store: RememberingStore, world: World) -> None:
        super().__init__(world)
        self.recall = Recall(store, world.validator)
        self._reading = Reading(self.entry, world)
        self._commits = Commits(store, self._put_newer)
        self._store = store
        self._refresh_lock = threading.Lock()
        self._unread: list[Configuration] = []
        self._listener_timeout_s = world.limits.listener_timeout_s
        self._is_closed = False

    def guard(self, gate: Gate) -> None:
        """Ask *gate* before, and tell it of, changes that do not come from a file."""
        self._planner.gate = gate

    def load(self) -> None:
        """
        Put in force what is stored, and have whoever follows it called with it.

        Raises:
            StoreError: If the store cannot be read.
        """
        for stored in self._store.all():
            entry = self._reading.entry_of(stored)
            with self._state_lock:
                self._entries[stored.pid] = entry
                self.audience.deliver(stored.pid)
            self._reading.tell(entry)

    def refresh(self) -> None:
        """
        Put in force what others have stored, and tell everybody.

        Raises:
            StoreError: If the store cannot be read; nothing is lost.
        """
        with self._telling() as came, self._refresh_lock:
            self._unread += self._store.news()
            steps = [self._reading.step_to(one) for one in self._unread]
            with self._commit_lock:
                came.extend(self._put_newer(steps))
            self._unread.clear()

    def close(self) -> None:
        """Change nothing any more; what is committed already stays to be read."""
        with self._commit_lock:
            self._is_closed = True

    def _require_running(self) -> None:
        if self._is_closed:
            raise NotRunningError("The admin has been stopped.")

    @contextmanager
    def _telling(self) -> Iterator[list[Step]]:
        """
        The steps that come in force in the block; at its end their faults are told.

        It stands around every lock: log handlers, which hear of faults, are foreign
        code.
        """
        came: list[Step] = []
        try:
            yield came
        finally:
            for step in came:
                self._reading.tell(step.after)
                one = step.after.configuration
                if one.deleted:
                    self.processing.forget(one.pid, one.revision)

    def _commit(
        self, steps: Sequence[Step], came: list[Step]
    ) -> RevisionConflictError | None:
        """Make *steps*; what is returned says that another process was faster."""
        try:
            self._commits.make([step for step in steps if step.is_news], came)
        except RevisionConflictError as conflict:
            return conflict
        self._note_changes(step for step in steps if not step.is_news)
        return None

    def _put_newer(self, steps: Sequence[Step]) -> Sequence[Step]:
        """Put in force what is newer than what is; memory never goes back."""
        news = [step for step in steps if self._is_newer(step)]
        self._put_in_force(news)
        return news

    def _is_newer(self, step: Step) -> bool:
        known = self._entries.get(step.change.pid)
        return step.after.configuration.revision > revision_of(known)

    def _put_in_force(self, steps: Sequence[Step]) -> None:
        with self._state_lock:
            for step in steps:
                self._entries[step.change.pid] = step.after
            for step in steps:
                self.audience.publish(_event(step.after.configuration))
            for step in steps:
                self.audience.deliver(step.change.pid)
        self._note_changes(steps)

    def _note_changes(self, steps: Iterable[Step]) -> None:
        """Have the files follow; the one that a change came from does already."""
        for step in steps:
            change, came_from = step.change, step.after.configuration.origin.kind
            is_own = came_from is OriginKind.FILE or not step.is_news
            if self._planner.gate is not None and (change.force or not is_own):
                self._planner.gate.note_change(change.pid, force=change.force)


def _event(new: Configuration) -> ConfigurationEvent:
    kind = EventType.CM_DELETED if new.deleted else EventType.CM_UPDATED
    return ConfigurationEvent(kind, new.pid, new.revision, new.origin)
