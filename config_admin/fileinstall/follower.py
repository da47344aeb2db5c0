"""Tells that something in a directory may have changed, whatever it was."""

from collections.abc import Callable


class Follower:
    """
    A `config_admin.fileinstall.watcher.Listener` of a directory that is only read.

    Args:
        changed: Called, on the watcher's thread, when a file may have changed.
        lost: Called when the directory itself went away.
    """

    def __init__(self, changed: Callable[[], None], lost: Callable[[], None]) -> None:
        self._changed = changed
        self._lost = lost

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
        self._lost()
