"""
The thread that keeps a directory and the admin equal: what to look at, and when.

Source: Felix File Install, ``DirectoryWatcher``, in what it does; not in how: events
instead of polling, and nothing is decided here but the time.
"""

import logging
import os
import threading
from collections.abc import Iterable
from math import inf
from time import monotonic

from config_admin.core.configuration import OriginKind
from config_admin.core.display import escaped
from config_admin.core.events import ConfigurationEvent
from config_admin.fileinstall.attachment import Attachment
from config_admin.fileinstall.directory import ConfigDirectory
from config_admin.fileinstall.pace import Clock

_LOG = logging.getLogger(__name__)

_AFTER_ERROR_S = 5.0


class FileInstall:
    """
    Follows a directory until it is stopped.

    Args:
        directory: What to keep equal.
        clock: The directory's.

    Attributes:
        attachments: The directories that are watched on the way; the first is its own.
    """

    def __init__(self, directory: ConfigDirectory, clock: Clock = monotonic) -> None:
        self.attachments = [Attachment(directory.path, directory.presence, self)]
        self._directory = directory
        self._clock = clock
        self._changed = threading.Condition()
        self._due_s: dict[str, float] = {}
        self._rescan_due_s = 0.0
        self._refusals_are_due = False
        self._is_busy = False
        self._is_stopped = False
        self._thread = threading.Thread(
            target=self._follow, name="config-admin files", daemon=True
        )

    def start(self) -> None:
        """Watch, look at every file once, and follow from now on."""
        self._renew_attachments()
        self._directory.recover()
        self._run_due()
        with self._changed:
            if not self._is_stopped:
                self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Look at nothing more; wait *timeout_s* for what is being written."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        for attachment in self.attachments:
            attachment.close()

    def flush(self, timeout_s: float | None = None) -> bool:
        """Write every change now; whether it was done in time."""
        unwritten = self._directory.unwritten
        with self._changed:
            self._schedule_locked(unwritten.hurry(), 0.0)
            settled = self._changed.wait_for(
                lambda: self._is_stopped or self._is_settled(), timeout_s
            )
            return settled and not unwritten and not unwritten.has_failed

    def look_at_refused(self) -> None:
        """Try the files again that were refused: their schemas may have changed."""
        with self._changed:
            self._refusals_are_due = True
            self._changed.notify_all()

    def look_at(self, pids: Iterable[str]) -> None:
        """Reconcile *pids* soon."""
        with self._changed:
            self._schedule_locked(pids, 0.0)

    # What the watcher tells

    def file_changed(self, name: str) -> None:
        """Look at the file *name*."""
        pid = self._directory.pid_for(name)
        if pid is not None:
            self.look_at([pid])
        elif os.path.islink(self._directory.path / name):  # noqa: PTH114 - never raises
            self.look_at_all()  # a link that others lead through: ..data of Kubernetes

    def look_at_all(self) -> None:
        """Look at every file."""
        with self._changed:
            self._rescan_due_s = self._clock()
            self._changed.notify_all()

    def directory_lost(self) -> None:
        """The directory went away: wait for it to come back."""
        self._directory.note_loss()
        self.attachments[0].lose()
        self.look_at_all()

    # What the admin tells

    def configuration_event(self, event: ConfigurationEvent) -> None:
        """Write what did not come from a file."""
        if event.violations or event.origin.kind is OriginKind.FILE:
            return
        self._directory.unwritten.add(event.pid)
        with self._changed:
            left_s = self._directory.unwritten.left_s(event.pid)
            self._schedule_locked([event.pid], left_s)

    def _schedule_locked(self, pids: Iterable[str], after_s: float) -> None:
        due_s = self._clock() + after_s
        for pid in pids:
            self._due_s[pid] = min(due_s, self._due_s.get(pid, due_s))
        self._changed.notify_all()

    def _is_settled(self) -> bool:
        return not self._is_busy and not self._directory.unwritten

    def _follow(self) -> None:
        while self._wait_for_work():
            self._run_due()
            with self._changed:
                self._is_busy = False
                self._changed.notify_all()

    def _wait_for_work(self) -> bool:
        with self._changed:
            while not self._is_stopped:
                next_s = min(self._due_s.values(), default=self._rescan_due_s)
                left_s = min(next_s, self._rescan_due_s) - self._clock()
                if left_s <= 0 or self._refusals_are_due:
                    self._is_busy = True
                    return True
                self._changed.wait(left_s)
            return False

    def _run_due(self) -> None:
        if self._rescan_due_s <= self._clock():
            self._rescan()
        if self._refusals_are_due:
            self._refusals_are_due = False
            self.look_at(self._directory.forget_refusals())
        with self._changed:
            due = [pid for pid, due_s in self._due_s.items() if due_s <= self._clock()]
            for pid in due:
                del self._due_s[pid]
        for pid in due:
            if self._is_stopped:
                return
            again_s = self._reconcile(pid)
            if again_s is not None:
                with self._changed:
                    self._schedule_locked([pid], again_s)

    def _rescan(self) -> None:
        with self._changed:
            self._rescan_due_s = inf  # what is told from now on makes another one due
        rescan_s = self._renew_attachments()
        self.look_at(self._directory.scan())
        with self._changed:
            due_s = self._clock() + rescan_s
            self._rescan_due_s = min(self._rescan_due_s, due_s)

    def _reconcile(self, pid: str) -> float | None:
        try:
            return self._directory.reconcile(pid)
        except Exception:  # noqa: BLE001 - a mistake with one file must not end all others
            _LOG.exception("%s: could not be looked at; trying again", escaped(pid))
            return _AFTER_ERROR_S

    def _renew_attachments(self) -> float:
        return min([attachment.renew() for attachment in self.attachments])
