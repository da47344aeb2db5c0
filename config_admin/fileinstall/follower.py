"""What a watcher tells, brought to whoever has to look."""

import os
from collections.abc import Callable, Iterable

from config_admin.fileinstall.directory import ConfigDirectory


class DirectoryListener:
    """
    A `config_admin.fileinstall.watcher.Listener` of a directory of configurations.

    Args:
        directory: The directory.
        look_at: Called with the PIDs to reconcile.
        look_at_all: Called when every file has to be looked at.
    """

    def __init__(
        self,
        directory: ConfigDirectory,
        look_at: Callable[[Iterable[str]], None],
        look_at_all: Callable[[], None],
    ) -> None:
        self._directory = directory
        self._look_at = look_at
        self._look_at_all = look_at_all

    def file_closed(self, name: str) -> None:
        """Look at the file *name*, which is whole."""
        pid = self._directory.pid_for(name)
        if pid is not None:
            self._directory.note_close(pid)
        self._look_at_file(name, pid)

    def file_changed(self, name: str) -> None:
        """Look at the file *name*."""
        self._look_at_file(name, self._directory.pid_for(name))

    def look_at_all(self) -> None:
        """Look at every file."""
        self._look_at_all()

    def directory_lost(self) -> None:
        """The directory went away: wait for it to come back."""
        self._directory.note_loss()
        self._look_at_all()

    def _look_at_file(self, name: str, pid: str | None) -> None:
        if pid is not None:
            self._look_at([pid])
        # Others may lead through a link, whatever it is called: ..data of Kubernetes.
        if os.path.islink(self._directory.path / name):  # noqa: PTH114 - never raises
            self._look_at_all()


class Follower:
    """
    A `config_admin.fileinstall.watcher.Listener` of a directory that is only read.

    Args:
        changed: Called, on the watcher's thread, when a file may have changed.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed

    def file_closed(self, _name: str) -> None:
        """A file is whole."""
        self._changed()

    def file_changed(self, _name: str) -> None:
        """A file was removed, is a link, or has other permissions."""
        self._changed()

    def look_at_all(self) -> None:
        """Events may have been lost."""
        self._changed()

    def directory_lost(self) -> None:
        """The directory went away."""
        self._changed()


class NameFollower(Follower):
    """
    A `Follower` of some files only.

    Args:
        is_wanted: Whether a file of that name matters.
        changed: Called, on the watcher's thread, when one that does may have changed.
    """

    def __init__(
        self, is_wanted: Callable[[str], bool], changed: Callable[[], None]
    ) -> None:
        super().__init__(changed)
        self._is_wanted = is_wanted

    def file_closed(self, name: str) -> None:
        """A file is whole."""
        if self._is_wanted(name):
            super().file_closed(name)

    def file_changed(self, name: str) -> None:
        """A file was removed, is a link, or has other permissions."""
        if self._is_wanted(name):
            super().file_changed(name)
