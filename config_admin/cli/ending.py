"""How a command that follows something comes to its end."""

import os
import select
import signal
import stat
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Final, Self, TextIO

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)

_Handler = Callable[[int, FrameType | None], object] | int | None


class Ending:
    """
    Waits for Ctrl-C, for SIGTERM, or until nobody reads the output any more.

    A second signal ends the process the hard way. Only the main thread may use it.

    Args:
        output: The stream that somebody has to read.
    """

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._before: dict[signal.Signals, _Handler] = {}

    def __enter__(self) -> Self:
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._take)
        # The system may give a signal to any thread: the one that waits is woken so.
        self._wakeup_before = signal.set_wakeup_fd(
            self._wake, warn_on_full_buffer=False
        )
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._wakeup_before)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def end(self) -> None:
        """Let `wait` return; any thread may call this, at any time."""
        with suppress(OSError):  # the pipe is full: it has been woken
            os.write(self._wake, b"\0")

    def wait(self) -> None:
        """Return when it is time to end."""
        poll = select.poll()
        poll.register(self._woken, select.POLLIN)
        if _has_reader(self._output):
            poll.register(self._output.fileno(), 0)  # tells only that it was closed
        poll.poll()

    def _take(self, number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        self.end()


def _has_reader(stream: TextIO) -> bool:
    """Whether *stream* can lose whoever reads it: a pipe or socket."""
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
