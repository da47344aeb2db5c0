"""A watcher on whatever directory has the path now, though it comes and goes."""

from pathlib import Path

from config_admin.fileinstall.pace import Timing
from config_admin.fileinstall.presence import Presence
from config_admin.fileinstall.probe import Probe, is_probe
from config_admin.fileinstall.watcher import (
    Listener,
    Watch,
    Watcher,
    watch_directory,
)


class Attachment:
    """
    Keeps a directory watched, though it comes and goes; the `Listener` of its watcher.

    Now and again the watcher has to prove itself: while it does not tell of a file that
    is renamed, the directory is looked through every second instead.

    Args:
        path: The directory.
        presence: Says whether it is there.
        listener: Is told what changes.
        probe: Is renamed in the directory; None: no file may be made there.
        polling_s: Watch nothing, look so often; None: watch.
        watch: Makes the watcher.
        timing: The pauses.
    """

    def __init__(  # noqa: PLR0913 - every part of it comes from outside
        self,
        path: Path,
        presence: Presence,
        listener: Listener,
        *,
        probe: Probe | None = None,
        polling_s: float | None = None,
        watch: Watch = watch_directory,
        timing: Timing | None = None,
    ) -> None:
        self._path = path
        self._presence = presence
        self._listener = listener
        self._probe = probe
        self._polling_s = polling_s
        self._watch = watch
        self._timing = timing or Timing()
        self._watcher: Watcher | None = None
        self._watched: object = None
        self._is_first = True
        self._is_there = False
        self._is_proved = False
        self._is_deaf = False

    def renew(self) -> float:
        """
        Watch the directory that is there now.

        Returns:
            After how many seconds to look again at the latest.
        """
        identity = self._presence.look()
        self._is_there = identity is not None
        is_first, self._is_first = self._is_first, False
        if identity is None:
            return self._polling_s or self._timing.missing_s
        if self._polling_s is not None:
            return self._polling_s
        if self._watched != identity:
            self._is_proved = self._is_deaf = False
            if not self._watch_anew(identity):
                return self._timing.poll_s
            if not is_first and self._probe is not None:
                # Whoever has just made it may remove it at once: it stays empty.
                self._probe.forget()
                return self._timing.answer_s
        return self._listen()

    @property
    def is_there(self) -> bool:
        """Whether the directory was there when it was last renewed."""
        return self._is_there

    def close(self) -> None:
        """Watch nothing any more."""
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None

    # What the watcher tells

    def file_closed(self, name: str) -> None:
        """The file *name* is whole."""
        if not self._hear(name):
            self._listener.file_closed(name)

    def file_changed(self, name: str) -> None:
        """*name* was removed, is a link, or has other permissions."""
        if not self._hear(name):
            self._listener.file_changed(name)

    def look_at_all(self) -> None:
        """Events were lost, perhaps that of the probe; but the watcher tells."""
        if self._probe is not None:
            self._probe.is_heard = True
        self._listener.look_at_all()

    def directory_lost(self) -> None:
        """The directory that was watched is gone."""
        self._watched = None
        self._listener.directory_lost()

    def _hear(self, name: str) -> bool:
        """Whether *name* is a probe, which concerns nobody else."""
        if self._probe is not None:
            self._probe.hear(name)
        return is_probe(name)

    def _watch_anew(self, identity: object) -> bool:
        self.close()
        self._watched = identity  # before the watch: it may tell of a loss at once
        try:
            self._watcher = self._watch(self._path, self)
        except OSError as error:
            self._watched = None
            self._presence.report_unwatchable(error, self._timing.poll_s)
            return False
        return True

    def _listen(self) -> float:
        """Have the watcher prove itself, if that is due."""
        timing, probe = self._timing, self._probe
        if probe is None:
            self._presence.report_watched()
            return timing.rescan_s
        if probe.is_heard:
            self._is_deaf, self._is_proved = False, True
        elif probe.is_awaited and probe.age_s >= timing.answer_s:
            self._is_deaf, self._is_proved = True, False
        if probe.age_s >= (timing.probe_s if probe.is_heard else timing.rescan_s):
            if self._is_deaf and not self._watch_anew(self._watched):
                return timing.poll_s
            probe.send()  # if it was deaf, perhaps another watcher hears
        if self._is_deaf:
            self._presence.report_deaf(timing.poll_s)
            return timing.poll_s
        self._presence.report_watched()
        # Later on the answer is looked at by the way: an idle program hardly wakes up.
        is_urgent = probe.is_awaited and not self._is_proved
        return timing.answer_s - probe.age_s if is_urgent else timing.rescan_s
