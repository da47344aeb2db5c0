"""A watcher on whatever directory has the path now, though it comes and goes."""

from pathlib import Path

from config_admin.fileinstall.presence import Presence
from config_admin.fileinstall.watcher import Listener, Watcher, watch_directory

_RESCAN_S = 30.0
_POLL_S = 1.0
_MISSING_POLL_S = 0.25


class Attachment:
    """
    Keeps a directory watched, though it comes and goes.

    Args:
        path: The directory.
        presence: Says whether it is there.
        listener: Is told what changes; `Listener.directory_lost` has to call `lose`.
    """

    def __init__(self, path: Path, presence: Presence, listener: Listener) -> None:
        self._path = path
        self._presence = presence
        self._listener = listener
        self._watcher: Watcher | None = None
        self._watched: tuple[int, int] | None = None
        self._is_first = True
        self._is_there = False

    def renew(self) -> float:
        """
        Watch the directory that is there now.

        Returns:
            After how many seconds to look again at the latest.
        """
        is_first, self._is_first = self._is_first, False
        identity = self._presence.look()
        self._is_there = identity is not None
        if identity is None:
            return _MISSING_POLL_S
        if self._watched == identity:
            return _RESCAN_S
        self.close()
        self._watched = identity  # before the watch: it may tell of a loss at once
        try:
            self._watcher = watch_directory(self._path, self._listener)
        except OSError as error:
            self._watched = None
            self._presence.report_unwatchable(error, _POLL_S)
            return _POLL_S
        self._presence.report_watched()
        if not is_first:
            self._listener.look_at_all()  # it may have been filled before the watch
        return _RESCAN_S

    @property
    def is_there(self) -> bool:
        """Whether the directory was there when it was last renewed."""
        return self._is_there

    def lose(self) -> None:
        """The directory that was watched is gone."""
        self._watched = None

    def close(self) -> None:
        """Watch nothing any more."""
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None
