"""What a crash left in the directory."""

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from config_admin.core.storage import FileRecord, Ledger
from config_admin.fileinstall.context import Context
from config_admin.fileinstall.drafts import leftovers, recover_draft
from config_admin.fileinstall.writing import DirectoryLockedError, locked

_LOG = logging.getLogger(__name__)


def recover(context: Context) -> None:
    """Bring the drafts that a crash left behind to their end."""
    if not context.write_back:
        return
    with suppress(OSError, DirectoryLockedError), locked(context.path):
        # Under the lock: what another process is writing is no leftover.
        for name in leftovers(os.listdir(context.path)):  # noqa: PTH208 - twice as fast
            _recover(context.path / name, context)


def try_again(
    ledger: Ledger, wanted: Callable[[str, FileRecord], bool]
) -> tuple[str, ...]:
    """
    Have the files whose record is *wanted* looked at as if they were new.

    Returns:
        The PIDs to reconcile.
    """
    found = [pid for pid, one in ledger.all().items() if wanted(pid, one)]
    for pid in found:
        record = ledger.get(pid)
        if record is not None:
            forgotten = replace(record, known="", refused=(), signature=None)
            ledger.put(pid, forgotten)
    return tuple(found)


def _recover(draft: Path, context: Context) -> None:
    try:
        kept = recover_draft(draft)
    except OSError as error:
        _LOG.warning("%s: %s", context.shown(draft.name), error.strerror)
        return
    if kept is not None:
        file = context.shown(kept.name)
        _LOG.warning("%s: an edit that a crash had cut off is back", file)
