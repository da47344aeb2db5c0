"""Tells when a schema may have changed."""

from collections.abc import Callable

from config_admin.schema.sources import SUFFIX


class SchemaFollower:
    """
    Told by a watcher what changes in the directory of the schemas.

    Args:
        changed: Called, on the watcher's thread, when a schema may have changed.
        lost: Called when the directory itself went away.
    """

    def __init__(self, changed: Callable[[], None], lost: Callable[[], None]) -> None:
        self._changed = changed
        self._lost = lost

    def file_closed(self, name: str) -> None:
        """Look at the file *name*."""
        self.file_changed(name)

    def file_changed(self, name: str) -> None:
        """Look at the file *name*."""
        if name.endswith(SUFFIX):
            self._changed()

    def look_at_all(self) -> None:
        """Events may have been lost."""
        self._changed()

    def directory_lost(self) -> None:
        """The directory went away."""
        self._lost()
