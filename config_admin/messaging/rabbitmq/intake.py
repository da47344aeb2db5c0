"""What a link takes from the outbox, whichever of its connections it is for."""

import threading

from config_admin.messaging.outbox import Outbox
from config_admin.messaging.publication import Publication


class Intake:
    """
    Between the outbox of a client and the publisher that works now.

    Attributes:
        outbox: None: there is nothing to publish from yet.
    """

    def __init__(self) -> None:
        self.outbox: Outbox | None = None
        self._lock = threading.Lock()
        self._is_open = False
        self._taker: object = None
        self._owes_repeat = False

    def open(self, outbox: Outbox) -> None:
        """Let the publisher take from *outbox*."""
        with self._lock:
            self.outbox = outbox
            self._is_open = True

    def close(self) -> None:
        """Let nothing be taken; no take is going on when this returns."""
        with self._lock:
            self._is_open = False

    def give_to(self, taker: object) -> None:
        """Only *taker* gets anything from now on; None: nobody does."""
        with self._lock:
            self._owes_repeat |= self._taker is not None
            self._taker = taker

    def take(self, taker: object, most: int) -> list[Publication]:
        """At most *most*, first those that the taker before had in flight."""
        with self._lock:
            if self.outbox is None or not self._is_open or taker is not self._taker:
                return []
            if self._owes_repeat:
                self._owes_repeat = False
                self.outbox.repeat()
            return self.outbox.take(most)
