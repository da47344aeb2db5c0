"""
Forks: what runs here does not run in the child, and shares nothing with it.

While a process forks nothing is in the middle of something, so that the child can let
go of what it has inherited.
"""

import logging
import os
import threading
from typing import Final, Protocol
from weakref import WeakSet

_LOG = logging.getLogger("config_admin")


class Forking(Protocol):
    """Has to know when its process forks."""

    def before_fork(self) -> None:
        """The process is about to fork, on this thread."""
        ...

    def after_fork(self) -> None:
        """It has."""
        ...

    def note_fork(self) -> bool:
        """This is the child; whether it was running."""
        ...


class _Held(threading.local):
    """What this thread has told of the fork that it is about to make."""

    def __init__(self) -> None:
        self.all: list[Forking] = []


_STARTED: Final[WeakSet[Forking]] = WeakSet()
_HOOKED: Final = threading.Event()
_HELD: Final = _Held()


def note_forks_of(one: Forking) -> None:
    """From now on *one* is told when this process forks."""
    _STARTED.add(one)
    if not _HOOKED.is_set():
        _HOOKED.set()
        os.register_at_fork(
            before=before_fork, after_in_parent=after_fork, after_in_child=note_fork
        )


def before_fork() -> None:
    """Tell all that there are."""
    for one in tuple(_STARTED):
        one.before_fork()
        _HELD.all.append(one)


def after_fork() -> None:
    """Tell those that were told."""
    while _HELD.all:
        _HELD.all.pop().after_fork()


def note_fork() -> None:
    """Tell those that were told, in the child."""
    were_running = [one.note_fork() for one in _HELD.all]
    _HELD.all.clear()
    if any(were_running):  # last: a log handler is foreign code
        _LOG.warning("A forked process has no running admin: make a new one.")
