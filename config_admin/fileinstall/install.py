"""
The thread that keeps a directory and the admin equal: what to look at, and when.

Source: Felix File Install, ``DirectoryWatcher``, in what it does; not in how: events
instead of polling, and nothing is decided here but the time.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from math import inf
from time import monotonic

from config_admin.core.display import escaped
from config_admin.core.properties import Properties
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
    """

    def __init__(self, directory: ConfigDirectory, clock: Clock = monotonic) -> None:
        self._attachment = Attachment(directory.path, directory.presence, self)
        self._directory = directory
        self._clock = clock
        self._changed = threading.Condition()
        self._due_s: dict[str, float] = {}
        self._chores: list[_Chore] = [_Chore(self._rescan)]
        self._is_busy = False
        self._is_stopped = False
        self._thread = threading.Thread(
            target=self._follow, name="config-admin files", daemon=True
        )

    def add_chore(self, run: Callable[[], float]) -> Callable[[], None]:
        """
        Have *run* called on the thread of the files, now and again.

        Args:
            run: Does it, and says after how many seconds it is due again.

        Returns:
            What makes it due at once; any thread may call it.
        """
        chore = _Chore(run)
        self._chores.append(chore)
        return lambda: self._make_due(chore)

    def start(self) -> None:
        """Watch, look at every file once, and follow from now on."""
        self._attachment.renew()
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
        self._attachment.close()
        self._directory.report_unwritten()

    def flush(self, timeout_s: float | None = None) -> bool:
        """Write every change now; whether it was done in time."""
        unwritten = self._directory.unwritten
        with self._changed:
            self._schedule_locked(unwritten.hurry(), 0.0)
            settled = self._changed.wait_for(
                lambda: self._is_stopped or self._is_settled(), timeout_s
            )
            return settled and not unwritten and not unwritten.has_failed

    def look_at(self, pids: Iterable[str]) -> None:
        """Reconcile *pids* soon."""
        with self._changed:
            self._schedule_locked(pids, 0.0)

    # What the watcher tells

    def file_closed(self, name: str) -> None:
        """Look at the file *name*, which is whole."""
        pid = self._directory.pid_for(name)
        if pid is not None:
            self._directory.note_close(pid)
        self._look_at_file(name, pid)

    def file_changed(self, name: str) -> None:
        """Look at the file *name*."""
        self._look_at_file(name, self._directory.pid_for(name))

    def _look_at_file(self, name: str, pid: str | None) -> None:
        if pid is not None:
            self.look_at([pid])
        elif os.path.islink(self._directory.path / name):  # noqa: PTH114 - never raises
            self.look_at_all()  # a link that others lead through: ..data of Kubernetes

    def look_at_all(self) -> None:
        """Look at every file."""
        self._make_due(self._chores[0])

    def directory_lost(self) -> None:
        """The directory went away: wait for it to come back."""
        self._directory.note_loss()
        self._attachment.lose()
        self.look_at_all()

    # What the admin asks and tells

    def require_open(self, pid: str) -> None:
        """Nothing, if *pid* may be changed by others than its file."""
        self._directory.gate.require_open(pid)

    def require_writable(self, pid: str, properties: Properties) -> None:
        """Nothing, if the file of *pid* can be made to say *properties*."""
        self._directory.gate.require_writable(pid, properties)

    def note_change(self, pid: str) -> None:
        """Write *pid* when it has been quiet for a moment."""
        self._directory.gate.note_change(pid)
        with self._changed:
            self._schedule_locked([pid], self._directory.unwritten.left_s(pid))

    def _make_due(self, chore: "_Chore") -> None:
        with self._changed:
            chore.due_s = self._clock()
            self._changed.notify_all()

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
                next_s = min(chore.due_s for chore in self._chores)
                next_s = min(next_s, min(self._due_s.values(), default=next_s))
                left_s = next_s - self._clock()
                if left_s <= 0:
                    self._is_busy = True
                    return True
                self._changed.wait(left_s)
            return False

    def _run_due(self) -> None:
        for chore in self._chores:
            if chore.due_s <= self._clock():
                self._run_chore(chore)
        with self._changed:
            due = [pid for pid, due_s in self._due_s.items() if due_s <= self._clock()]
            for pid in due:
                del self._due_s[pid]
        for pid in due:
            if self._is_stopped:
                return
            again_s = self._guarded(partial(self._directory.reconcile, pid), pid)
            if again_s is not None:
                with self._changed:
                    self._schedule_locked([pid], again_s)

    def _run_chore(self, chore: "_Chore") -> None:
        with self._changed:
            chore.due_s = inf  # what is told from now on makes it due again
        again_s = self._guarded(chore.run, str(self._directory.path))
        with self._changed:
            again_s = _AFTER_ERROR_S if again_s is None else again_s
            chore.due_s = min(chore.due_s, self._clock() + again_s)

    def _rescan(self) -> float:
        again_s = self._attachment.renew()
        self.look_at(self._directory.scan())
        return again_s

    def _guarded(self, call: Callable[[], float | None], about: str) -> float | None:
        try:
            return call()
        except Exception:  # noqa: BLE001 - a mistake with one file must not end all others
            with suppress(Exception):  # a log handler of the program's own
                _LOG.exception("%s: not looked at; trying again", escaped(about))
            return _AFTER_ERROR_S


class _Chore:
    """Something to do now and again, at first at once."""

    def __init__(self, run: Callable[[], float]) -> None:
        self.run = run
        self.due_s = 0.0
