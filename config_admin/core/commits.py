"""Commits: steps to the store, then in force; also where the store could not answer."""

from collections.abc import Callable, Sequence
from contextlib import suppress

from config_admin.core.changes import Step
from config_admin.core.configuration import Configuration
from config_admin.core.errors import (
    RevisionConflictError,
    StoreError,
    StoreOutcomeUnknownError,
)
from config_admin.core.storage import RememberingStore


class Commits:
    """
    Makes steps, all of them or none; under the commit lock.

    A store that did not answer in time may have them all the same. It is asked at once,
    and before the next commit: else memory and store would go separate ways.

    Args:
        store: Keeps what the steps lead to.
        put_in_force: Makes stored steps what is there, and has everybody told; gives
            those that are newer than what was there.
    """

    def __init__(
        self,
        store: RememberingStore,
        put_in_force: Callable[[Sequence[Step]], Sequence[Step]],
    ) -> None:
        self._store = store
        self._put_in_force = put_in_force
        self._doubtful: Sequence[Step] = ()

    def make(self, steps: Sequence[Step], came: list[Step]) -> None:
        """
        Store *steps*, and put them in force.

        Args:
            steps: What to make.
            came: Takes what came in force, also when this raises.

        Raises: as `config_admin.core.storage.Store.put`.
        """
        if not steps:
            return
        self._doubtful = steps
        try:
            self._store.put(*(step.after.configuration for step in steps))
        except StoreOutcomeUnknownError:
            with suppress(StoreError):
                self.settle(came)
            raise
        except (RevisionConflictError, StoreError):
            self._doubtful = ()
            raise
        self._doubtful = ()
        came.extend(self._put_in_force(steps))

    def settle(self, came: list[Step]) -> None:
        """
        Put in force what the store has, though it could not say so.

        Args:
            came: Takes what came in force.

        Raises:
            StoreError: If it still cannot tell.
        """
        if not self._doubtful:
            return
        newest = {one.change.pid: one.after.configuration for one in self._doubtful}
        kept = {pid for pid, wanted in newest.items() if self._is_stored(wanted)}
        found = [step for step in self._doubtful if step.change.pid in kept]
        self._doubtful = ()
        came.extend(self._put_in_force(found))

    def _is_stored(self, wanted: Configuration) -> bool:
        stored = self._store.revision(wanted.pid, wanted.revision)
        return stored is not None and (
            stored.deleted == wanted.deleted and stored.properties == wanted.properties
        )
