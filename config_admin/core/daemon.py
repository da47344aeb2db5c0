"""Threads that end with the program, whatever they are doing."""

from collections.abc import Callable
from threading import Thread


def start_daemon(name: str, run: Callable[[], None]) -> None:
    """
    Run *run* on a thread.

    Raises:
        RuntimeError: If the system has no thread left.
    """
    Thread(target=run, name=name, daemon=True).start()
