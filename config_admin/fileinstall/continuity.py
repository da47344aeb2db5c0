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
        self._identity: tuple[int, ...] | None = None
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
        is_first, before = self._identity is None, self._identity
        if is_first:
            before = self._ledger.identity
        if self._was_lost or not _is_same(before, found, is_first=is_first):
            self._was_lost = False
            self._leave()
        if before != found:
            self._ledger.identity = found
        self._identity = found
        if is_first:
            self._find_orphans()
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

    def _find_orphans(self) -> None:
        """Those that lost their files with a directory before the last restart."""
        for pid, record in self._ledger.all().items():
            had_file = record.known is None and record.revision > 0
            if had_file and self._has_configuration(pid):
                self._orphans.add(pid)

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


def _is_same(
    before: tuple[int, ...] | None, found: tuple[int, ...], *, is_first: bool
) -> bool:
    """
    Whether *found* is the directory that was there *before*.

    Not by the inode alone: file systems use the number of a removed one again. When it
    was made tells them apart; then the device may have another number after a restart.
    """
    if before is None or before == found:
        return True
    (*_, born_ns), (*_, found_born_ns) = before, found
    is_known = bool(born_ns and found_born_ns)
    return is_first and is_known and before[1:] == found[1:]
