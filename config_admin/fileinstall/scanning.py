"""A look at every file of a directory: which of them may have news."""

import os

from config_admin.core.storage import FileRecord
from config_admin.fileinstall.context import Context
from config_admin.fileinstall.continuity import Continuity
from config_admin.fileinstall.holding import Holding
from config_admin.fileinstall.listing import Listing
from config_admin.fileinstall.presence import Presence
from config_admin.fileinstall.reading import Signature


class Scanner:
    """
    Looks through a directory that is there.

    Args:
        context: Of the directory.
        presence: Is told if it cannot be read.
        listing: The files in it.
        continuity: Knows the configurations that lost theirs.
        holding: Which configurations have their file here.
    """

    def __init__(
        self,
        context: Context,
        presence: Presence,
        listing: Listing,
        continuity: Continuity,
        holding: Holding,
    ) -> None:
        self._ledger = context.ledger
        self._presence = presence
        self._listing = listing
        self._continuity = continuity
        self._holding = holding

    def scan(self) -> tuple[str, ...]:
        """The PIDs whose file may have news, or is gone, in the order of the files."""
        seen: dict[str, bool] = {}
        records = self._ledger.all()
        try:
            for pid, name, status in self._listing.entries():
                record = records.get(pid)
                may_differ = (
                    record is None
                    or not _is_same(record, name, status)
                    or self._holding.has_news(pid)
                )
                seen[pid] = seen.get(pid, False) or may_differ
        except OSError as error:
            self._presence.report_missing(error)
            return ()
        gone = [
            pid
            for pid, record in records.items()
            if record.known is not None and pid not in seen
        ]
        found = [pid for pid, may_differ in seen.items() if may_differ]
        told = [*self._listing.seconds, *self._continuity.orphans]
        return tuple(dict.fromkeys([*found, *gone, *told]))


def _is_same(record: FileRecord, name: str, status: os.stat_result | None) -> bool:
    """Whether the file *name* certainly holds what *record* says."""
    if status is None or record.signature is None or record.refused:
        return False  # what was refused may have been told to another process only
    return record.file == name and record.signature == Signature.of(status)
