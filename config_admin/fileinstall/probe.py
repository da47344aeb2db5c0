"""
Whether a watcher tells anything: a file is renamed, and that has to be told.

Some file systems tell nothing (FUSE, 9p, sandboxes), a limit may have been reached, a
thread may have died; silence looks the same as a directory in which nothing happens.
"""

import os
import secrets
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import Final

from config_admin.fileinstall.pace import Clock

# What a start has to remove: a crash may have come between rename and removal.
LEFTOVERS: Final = ".config-admin.*.probe"

_START, _END = LEFTOVERS.split("*")


def is_probe(name: str) -> bool:
    """Whether the file *name* is a probe, ours or another process's."""
    return name.startswith(_START) and name.endswith(_END)


class Probe:
    """
    A file that is made, renamed and removed at once.

    Args:
        path: The directory.
        clock: Seconds that only grow.

    Attributes:
        is_heard: Whether the watcher told of it.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        token = secrets.token_hex(8)
        self._made = path / f"{_START}{token}.new{_END}"
        self._renamed = path / f"{_START}{token}{_END}"
        self._clock = clock
        self._sent_s = -inf
        self._is_sent = False
        self.is_heard = False

    def send(self) -> None:
        """Rename the file; where none can be made nobody can say anything."""
        self._sent_s = self._clock()
        self._is_sent = True
        self.is_heard = False  # before the rename: it may be told at once
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            os.close(os.open(self._made, flags, 0o600))
            self._made.rename(self._renamed)
        except OSError:
            self._is_sent = False
        finally:
            for left in (self._made, self._renamed):
                with suppress(OSError):
                    left.unlink()

    def hear(self, name: str) -> None:
        """A watcher told the file *name*."""
        if name == self._renamed.name:
            self.is_heard = True

    def forget(self) -> None:
        """As if it had never been sent."""
        self._sent_s = -inf
        self._is_sent = self.is_heard = False

    @property
    def is_awaited(self) -> bool:
        """Whether it was renamed, and that was not told yet."""
        return self._is_sent and not self.is_heard

    @property
    def age_s(self) -> float:
        """How long ago it was last tried to send it; infinite if never."""
        return self._clock() - self._sent_s
