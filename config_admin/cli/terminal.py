"""What the command prints: whole lines, 80 columns wide where the words allow it."""

import io
import os
import sys
import textwrap
from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import Lock
from time import strftime
from typing import Final, TextIO

_WIDTH: Final = 80
_INDENT: Final = " " * len("00:00:00 ")
_RESET: Final = "\x1b[0m"

# What a line tells, and how a terminal shows that word.
_COLOURS: Final = {
    "loaded": "\x1b[32m",
    "changed": "\x1b[36m",
    "deleted": "\x1b[35m",
    "error": "\x1b[1;31m",
    "warning": "\x1b[33m",
    "mended": "\x1b[32m",
    "following": "\x1b[1m",
    "ended": "\x1b[1m",
    "switched": "\x1b[1;36m",
}


class Terminal:
    """
    Writes lines, each of them at once; several threads may.

    When nobody reads them any more, further lines are dropped.

    Args:
        stream: Where to; coloured only if it is a terminal and nobody objects.
    """

    def __init__(self, stream: TextIO) -> None:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
        self._stream = stream
        self._is_coloured = _wants_colour(stream)
        self._lock = Lock()
        self._is_lost = False
        self._when_lost: Callable[[], object] = lambda: None
        self.broken_by: OSError | None = None

    @property
    def arrow(self) -> str:
        """What stands between an old and a new value."""
        try:
            "→".encode(self._stream.encoding)
        except (LookupError, UnicodeEncodeError):
            return "->"
        return "→"

    def when_lost(self, call: Callable[[], object]) -> None:
        """*call* as soon as a line could not be written."""
        self._when_lost = call

    def tell(self, word: str, text: str, details: Iterable[str] = ()) -> None:
        """A timed entry: what it is, what about, and what there is to say of it."""
        lines = _wrapped(f"{strftime('%H:%M:%S')} {word} {text}", "")
        for detail in details:
            lines += _wrapped(detail, _INDENT)
        if self._is_coloured:
            painted = f"{_COLOURS.get(word, '')}{word}{_RESET}"
            lines[0] = lines[0].replace(word, painted, 1)
        self.line("\n".join(lines))

    def line(self, text: str) -> None:
        """*text* as it is."""
        with self._lock:
            if self._is_lost:
                return
            try:
                self._stream.write(f"{text}\n")
                self._stream.flush()
            except OSError as error:
                self._is_lost = True
                self._give_up(error)
        if self._is_lost:
            self._when_lost()

    def _give_up(self, error: OSError) -> None:
        if not isinstance(error, BrokenPipeError):
            self.broken_by = error
        # What is still buffered would fail again when the interpreter ends.
        with suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


def complain(*lines: str) -> None:
    """Write *lines* to the standard error; if that cannot be done, nobody minds."""
    with suppress(OSError):
        sys.stderr.write("".join(f"{line}\n" for line in lines))
        sys.stderr.flush()


def _wants_colour(stream: TextIO) -> bool:
    # Source: no-color.org: NO_COLOR counts when it is there and not empty.
    is_refused = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not is_refused


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        width=_WIDTH,
        initial_indent=indent,
        subsequent_indent=indent or _INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
