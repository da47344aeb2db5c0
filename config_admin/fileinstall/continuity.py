"""Whether the directory is still the one whose files were homes."""

from dataclasses import replace

from config_admin.fileinstall.context import Context
from config_admin.fileinstall.listing import Listing
from config_admin.fileinstall.pace import Absences
from config_admin.fileinstall.presence import Presence


class Continuity:
    """
    Notices that another directory stands in the place of the one before.

    Configurations whose files went with that one are *orphans*: nobody has deleted
    them, so they stay.

    Args:
        context: Of the directory.
        presence: Says whether it is there.
        listing: The files in it.
        absences: The files that are gone, though perhaps not for good.
    """

    def __init__(
        self,
        context: Context,
        presence: Presence,
        listing: Listing,
        absences: Absences,
    ) -> None:
        self._admin = context.admin
        self._ledger = context.ledger
        self._presence = presence
        self._listing = listing
        self._absences = absences
        self._identity: object = None
        self._was_lost = False
        self._orphans: set[str] = set()

    @property
    def orphans(self) -> frozenset[str]:
        """The PIDs that lost their files with an earlier directory."""
        return frozenset(self._orphans)

    def note_loss(self) -> None:
        """The directory was removed or renamed: what has its path next is another."""
        self._was_lost = True

    def look(self) -> bool:
        """Whether the directory is there; if it is another one, nothing was at home."""
        found = self._presence.look()
        if found is None:
            return False
        before, self._identity = self._identity, found
        # Not by the inode alone: file systems use the number of a removed one again.
        if self._was_lost or before not in {None, found}:
            self._was_lost = False
            self._leave()
        return True

    def report(self) -> None:
        """Say which orphans there are now."""
        self._presence.report_orphans(self._orphans)

    def settle(self, pid: str, *, has_file: bool) -> None:
        """*pid* is no orphan if it has a file, or is no configuration any more."""
        if pid in self._orphans and (has_file or not self._has_configuration(pid)):
            self._orphans.discard(pid)
            if not self._orphans:
                self.report()

    def _leave(self) -> None:
        for pid, record in self._ledger.all().items():
            if record.known is not None and not self._listing.files_of(pid):
                self._ledger.put(pid, replace(record, known=None, pending=None))
                self._absences.end(pid)
                if self._has_configuration(pid):
                    self._orphans.add(pid)
        self.report()

    def _has_configuration(self, pid: str) -> bool:
        current = self._admin.written(pid)
        return current is not None and not current.deleted
