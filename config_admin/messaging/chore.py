"""Something to do now and again, on a thread that is there while there is something."""

import logging
import threading
from collections.abc import Callable

from config_admin.core.display import escaped
from config_admin.core.foreign import raised_by

_LOG = logging.getLogger(__name__)

_AFTER_ERROR_S = 5.0


class Chore:
    """
    Calls *look* when it is due.

    Args:
        name: Of the thread.
        look: Does what is due, and says in how many seconds it is due again; None: not
            before `soon` is called.
    """

    def __init__(self, name: str, look: Callable[[], float | None]) -> None:
        self._name = name
        self._look = look
        self._changed = threading.Condition()
        self._is_due = self._is_running = self._is_closed = False
        self._thread: threading.Thread | None = None

    def soon(self) -> None:
        """It is due now."""
        with self._changed:
            self._is_due = True
            self._changed.notify_all()
            if not (self._is_running or self._is_closed):
                self._is_running = True
                self._thread = threading.Thread(
                    target=self._run, name=f"config-admin {self._name}", daemon=True
                )
                self._thread.start()

    def close(self, timeout_s: float) -> None:
        """Do nothing more; wait *timeout_s* for what is being done."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)

    def _run(self) -> None:
        wait_s: float | None = None
        while True:
            with self._changed:
                if not self._is_due and wait_s is not None and not self._is_closed:
                    self._changed.wait(wait_s)
                if self._is_closed or not (self._is_due or wait_s is not None):
                    self._is_running = False
                    return
                self._is_due = False
            wait_s = self._looked()

    def _looked(self) -> float | None:
        answers: list[float | None] = []
        error = raised_by(lambda: answers.append(self._look()))
        if error is not None:  # a mistake with one thing must not end all others
            _LOG.error("%s: %s", self._name, escaped(repr(error)))
        return answers[0] if answers else _AFTER_ERROR_S
