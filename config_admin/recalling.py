"""How code looks back at configurations, and goes back to what they were."""

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Final

from config_admin.core.admin import ConfigurationAdmin
from config_admin.core.configuration import Configuration
from config_admin.core.errors import StoreError
from config_admin.core.recalling import Difference, Revision

# Files are written within a second, unless something is wrong.
_PATIENCE_S: Final = 10.0


class Recalling(ABC):
    """The half of an admin that remembers."""

    @property
    @abstractmethod
    def _changer(self) -> ConfigurationAdmin:
        """
        The admin to ask, and to change.

        Raises:
            NotRunningError: If it is not running.
        """

    @abstractmethod
    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until every change is in its file; whether it was so in time."""

    def history(self, pid: str, limit: int | None = None) -> tuple[Revision, ...]:
        """
        What changed *pid*, when, why and from where, the newest revision first.

        Args:
            pid: Of which configuration; it may be deleted.
            limit: So many at most; None: all that are kept.

        Raises:
            InvalidPidError: If *pid* cannot be a PID.
            StoreError: If the history cannot be read.
        """
        return self._changer.recall.history(pid, limit)

    def diff(self, pid: str, a: int, b: int) -> Difference:
        """
        What makes revision *a* of *pid* become revision *b*, as written.

        Raises:
            NoSuchRevisionError: If one of them is not kept, or never was.
            StoreError: If the history cannot be read.
        """
        return self._changer.recall.diff(pid, a, b)

    def rollback(
        self, pid: str, revision: int, *, reason: str | None = None
    ) -> Configuration:
        """
        Go back to what *revision* of *pid* was; that is a change like any other.

        It is checked by the schemas and services of now, gets a new revision, and the
        file follows. Going back to a deletion deletes.

        Args:
            pid: Which configuration.
            revision: Which of its revisions; see `history`.
            reason: Why, for whoever reads the history; None: it names the revision.

        Returns:
            The configuration now current; a tombstone if it is deleted.

        Raises:
            NoSuchRevisionError: If it is not kept, or never was.
            InvalidConfigurationError: If it does not fit the schema any more.
            Others as `config_admin.ConfigAdmin.update`.
        """
        return self._changer.rollback(pid, revision, reason=reason)

    def configurations_at(self, time: datetime) -> tuple[Configuration, ...]:
        """
        The configurations that there were at *time*, as written, in PID order.

        Raises:
            NoSuchRevisionError: If what one of them was is not kept any more.
            UsageError: If *time* has no time zone.
            StoreError: If the history cannot be read.
        """
        return self._changer.recall.at(time)

    def purge_history(self, pid: str | None = None) -> int:
        """
        Forget what *pid* was before; its current revision stays.

        For what should never have been stored, like a password in plain text: nothing
        of it is left in the files of the store. Copies and backups are not reached.

        Args:
            pid: Of which configuration; None: of all.

        Returns:
            How many revisions were forgotten.

        Raises:
            StoreError: If the store failed, or a change is not in its file yet, so that
                what is known of the file says it still.
            UsageError: If a callback calls this, or the event loop that one runs on.
        """
        recall = self._changer.recall
        if not self.flush(_PATIENCE_S):
            raise StoreError(
                "Nothing was forgotten: a change is not in its file yet, and the old "
                "values with it. See faults(), then try again."
            )
        return recall.purge(pid)
