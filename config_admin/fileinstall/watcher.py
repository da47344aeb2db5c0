"""
Which files of a directory changed: watchdog's inotify, without its delays.

watchdog's `Observer` pairs the two halves of a rename, and for that it holds a file
that was moved out of the directory, *and every event behind it*, back for half a
second. Its emitter dies silently with the directory, and a queue overflow is only
logged. All three are told at once by the class below the observer, `InotifyFD`, so on
Linux that is used. Elsewhere the platform's observer does.
"""

import errno
import os
import stat
import sys
from collections.abc import Callable
from functools import reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent
    from watchdog.observers.inotify_c import InotifyEvent


# Not IN_MODIFY: a file that is being written is not read before its close. IN_CREATE is
# for links, which are whole when they appear; IN_ATTRIB for permissions.
_EVENTS = (
    "IN_CLOSE_WRITE",
    "IN_MOVE",
    "IN_CREATE",
    "IN_DELETE",
    "IN_ATTRIB",
    "IN_DELETE_SELF",
    "IN_MOVE_SELF",
    "IN_ONLYDIR",
)
_COMPLETE = {"closed", "moved"}
_OWN_READS = {"opened", "closed_no_write"}


class Listener(Protocol):
    """Whoever wants to know; called on the watcher's thread, and quick to return."""

    def file_closed(self, name: str) -> None:
        """Look at the file *name*: it is whole, closed by a writer or renamed to."""
        ...

    def file_changed(self, name: str) -> None:
        """Look at *name*: it was removed, is a link, or has other permissions."""
        ...

    def look_at_all(self) -> None:
        """Look at every file: events may have been lost."""
        ...

    def directory_lost(self) -> None:
        """The directory itself went away; nothing more will be told."""
        ...


class Watcher(Protocol):
    """Tells a `Listener` until it is closed."""

    def close(self) -> None:
        """Tell nothing more."""
        ...


# How a watcher is made; a program that is told nothing can be tried with another one.
Watch: TypeAlias = Callable[[Path, Listener], Watcher]


def watch_directory(path: Path, listener: Listener) -> Watcher:
    """
    Tell *listener* from now on what changes in *path*, not in its subdirectories.

    Raises:
        OSError: If it cannot be watched: missing, not a directory, limits reached.
    """
    if sys.platform == "linux":
        return InotifyWatcher(path, listener)
    return ObserverWatcher(path, listener)


class InotifyWatcher:
    """Watches by inotify(7)."""

    def __init__(self, path: Path, listener: Listener) -> None:
        from watchdog.observers.inotify_c import (  # noqa: PLC0415 - only where a directory is watched
            CallbackId,
            InotifyConstants,
            InotifyFD,
            Mask,
        )

        masks = (getattr(InotifyConstants, name) for name in _EVENTS)
        mask = Mask(reduce(or_, masks))
        self._listener = listener
        self._path = os.fsencode(path)
        self._is_closed = False
        self._inotify = InotifyFD()
        try:
            watch = self._inotify.add_callback(
                os.fsencode(path), mask, self, CallbackId(id(self))
            )
            _require_watched(watch)
        except OSError:
            self._inotify.start()  # only a started one frees its descriptors
            self.close()
            raise
        self._inotify.start()

    def close(self) -> None:
        """Tell nothing more."""
        self._is_closed = True
        self._inotify.stop()

    def on_event(self, event: "InotifyEvent") -> None:
        """Called by watchdog for each event."""
        if event.is_move_self or event.is_delete_self:
            self._listener.directory_lost()
        elif event.is_close_write or event.is_moved_to:
            self._listener.file_closed(os.fsdecode(event.name))
        elif event.name and not (event.is_create and self._is_made(event.name)):
            self._listener.file_changed(os.fsdecode(event.name))

    def _is_made(self, name: bytes) -> bool:
        """Whether a new file is being written, so that its close will be told."""
        try:
            status = os.lstat(self._path + b"/" + name)
        except OSError:
            return False
        return stat.S_ISREG(status.st_mode) and status.st_nlink == 1

    def on_queue_overflow(self) -> None:
        """Called by watchdog when the kernel dropped events."""
        self._listener.look_at_all()

    def on_watch_deleted(self, wd: object) -> None:  # noqa: ARG002 - watchdog's signature
        """Called by watchdog when the directory went away, or when it is closed."""
        if not self._is_closed:
            self._listener.directory_lost()


def _require_watched(watch: int) -> None:
    if watch == -1:  # watchdog says nothing of a directory that may not be read
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


class ObserverWatcher:
    """Watches by watchdog's observer for this platform, with the delays it has."""

    def __init__(self, path: Path, listener: Listener) -> None:
        from watchdog.events import (  # noqa: PLC0415 - only where a directory is watched
            FileSystemEventHandler,
        )
        from watchdog.observers import Observer  # noqa: PLC0415 - as above

        handler = FileSystemEventHandler()
        handler.on_any_event = self._tell  # type: ignore[method-assign]  # the rest of the handler is empty
        self._listener = listener
        self._path = path
        self._observer = Observer()
        self._observer.schedule(handler, str(path))
        self._observer.start()

    def close(self) -> None:
        """Tell nothing more."""
        self._observer.stop()

    def _tell(self, event: "FileSystemEvent") -> None:
        if event.event_type in _OWN_READS:
            return
        changed = {
            Path(os.fsdecode(event.src_path)),
            Path(os.fsdecode(event.dest_path)),
        }
        tell = self._listener.file_changed
        if event.event_type in _COMPLETE:
            tell = self._listener.file_closed
        for path in changed - {Path(), self._path}:
            tell(path.name)
        if self._path in changed and event.event_type == "deleted":
            self._listener.directory_lost()
