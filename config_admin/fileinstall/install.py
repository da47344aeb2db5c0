"""
The thread that keeps directories and the admin equal: what to look at, and when.

Source: Felix File Install, ``DirectoryWatcher``, in what it does; not in how: events
instead of polling, and nothing is decided here but the time.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from math import inf
from time import monotonic
from typing import TypeVar

from config_admin.core.display import escaped
from config_admin.core.errors import StoreError
from config_admin.core.properties import Properties
from config_admin.fileinstall.attachment import Attachment
from config_admin.fileinstall.directories import Directories
from config_admin.fileinstall.directory import ConfigDirectory
from config_admin.fileinstall.follower import DirectoryListener
from config_admin.fileinstall.pace import Clock

_LOG = logging.getLogger(__name__)

_AFTER_ERROR_S = 5.0

_T = TypeVar("_T")

# What is due only after so long keeps to a common beat, so that it wakes nobody alone.
_LONG_S = 10.0


class FileInstall:
    """
    Follows directories until it is stopped.

    Args:
        directories: What to keep equal.
        clock: The directories'.
    """

    def __init__(self, directories: Directories, clock: Clock = monotonic) -> None:
        self._directories = directories
        self._clock = clock
        self._changed = threading.Condition()
        self._due_s: dict[str, float] = {}
        self._chores: list[_Chore] = []
        self._attachments = [self._follow(directory) for directory in directories]
        self._wakes_s = inf  # who waits does so until then
        self._is_busy = False
        self._is_stopped = False
        self._thread = threading.Thread(
            target=self._run, name="config-admin files", daemon=True
        )

    def add_chore(
        self, run: Callable[[], float], about: str, after_s: float = 0.0
    ) -> Callable[[], None]:
        """
        Have *run* called on the thread of the files, now and again.

        Args:
            run: Does it, and says after how many seconds it is due again.
            about: What it looks at.
            after_s: How soon it is due when it is made due.

        Returns:
            What makes it due; any thread may call it.
        """
        chore = _Chore(run, about)
        self._chores.append(chore)
        return lambda: self._make_due(chore, after_s)

    def start(self) -> None:
        """Watch, look at every file once, and follow from now on."""
        for attachment in self._attachments:
            attachment.renew()
        self._directories.recover()
        is_read = self._run_due()
        while not (is_read or self._is_stopped):
            with self._changed:
                self._changed.wait(self._next_s() - self._clock())
            is_read = self._run_due()
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
        for attachment in self._attachments:
            attachment.close()
        self._directories.report_unwritten()

    def flush(self, timeout_s: float | None = None) -> bool:
        """Write every change now; whether it was done in time."""
        unwritten = self._directories.unwritten
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

    # What the admin asks and tells

    def require_open(self, pid: str, *, force: bool = False) -> None:
        """Nothing, if *pid* may be changed by others than its file."""
        self._directories.require_open(pid, force=force)

    def require_writable(self, pid: str, properties: Properties) -> None:
        """Nothing, if the file of *pid* can be made to say *properties*."""
        self._directories.require_writable(pid, properties)

    def note_change(self, pid: str, *, force: bool = False) -> None:
        """Write *pid* when it has been quiet for a moment."""
        self._directories.note_change(pid, force=force)
        with self._changed:
            self._schedule_locked([pid], self._directories.unwritten.left_s(pid))

    def _follow(self, directory: ConfigDirectory) -> Attachment:
        def rescan() -> float:
            again_s = attachment.renew()
            self.look_at(self._directories.scan(directory))
            return again_s

        look_at_all = self.add_chore(rescan, about=str(directory.path))
        listener = DirectoryListener(directory, self.look_at, look_at_all)
        attachment = directory.attach(listener)
        return attachment

    def _make_due(self, chore: "_Chore", after_s: float) -> None:
        due_s = self._clock() + after_s
        if chore.due_s <= due_s:
            return  # asked without the lock: many calls a second make it due
        with self._changed:
            chore.due_s = min(chore.due_s, due_s)
            self._changed.notify_all()

    def _schedule_locked(self, pids: Iterable[str], after_s: float) -> None:
        due_s = self._clock() + after_s
        for pid in pids:
            self._due_s[pid] = min(due_s, self._due_s.get(pid, due_s))
        if due_s < self._wakes_s:
            self._changed.notify_all()

    def _is_settled(self) -> bool:
        return not self._is_busy and not self._directories.unwritten

    def _run(self) -> None:
        while self._wait_for_work():
            self._run_due()
            with self._changed:
                self._is_busy = False
                self._changed.notify_all()

    def _wait_for_work(self) -> bool:
        with self._changed:
            while not self._is_stopped:
                self._wakes_s = self._next_s()
                left_s = self._wakes_s - self._clock()
                if left_s <= 0:
                    self._is_busy = True
                    return True
                self._changed.wait(left_s)
            return False

    def _next_s(self) -> float:
        next_s = min(chore.due_s for chore in self._chores)
        return min(next_s, min(self._due_s.values(), default=next_s))

    def _run_due(self) -> bool:
        """
        Do what is due.

        Returns:
            Whether every file was read that can be, and none is about to go.
        """
        is_read = True
        for chore in self._chores:
            if chore.due_s <= self._clock():
                self._run_chore(chore)
        with self._changed:
            due = [pid for pid, due_s in self._due_s.items() if due_s <= self._clock()]
            for pid in due:
                del self._due_s[pid]
        for pid in due:
            if self._is_stopped:
                return False
            again_s = self._guarded(partial(self._directories.reconcile, pid), pid)
            if again_s is not None:
                is_read &= again_s > 0
                with self._changed:
                    self._schedule_locked([pid], again_s)
        if due:
            self._guarded(self._directories.flush, "what is remembered of the files")
        return is_read and not self._directories.has_absences

    def _run_chore(self, chore: "_Chore") -> None:
        with self._changed:
            chore.due_s = inf  # what is told from now on makes it due again
        again_s = self._guarded(chore.run, chore.about)
        with self._changed:
            again_s = _AFTER_ERROR_S if again_s is None else again_s
            chore.due_s = min(chore.due_s, _due_s(self._clock(), again_s))

    def _guarded(self, call: Callable[[], _T], about: str) -> _T | float:
        try:
            return call()
        except StoreError as error:
            with suppress(Exception):  # a log handler of the program's own
                _LOG.warning("%s: %s Trying again.", escaped(about), error)
            return _AFTER_ERROR_S
        except Exception:  # noqa: BLE001 - a mistake with one file must not end all others
            with suppress(Exception, SystemExit):  # a log handler of the program's own
                _LOG.exception("%s: not looked at; trying again", escaped(about))
            return _AFTER_ERROR_S


def _due_s(now_s: float, again_s: float) -> float:
    if again_s < _LONG_S:
        return now_s + again_s
    return (now_s // again_s + 1) * again_s


class _Chore:
    """Something to do now and again, at first at once."""

    def __init__(self, run: Callable[[], float], about: str) -> None:
        self.run = run
        self.about = about
        self.due_s = 0.0
