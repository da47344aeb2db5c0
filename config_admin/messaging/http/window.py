"""What a peer has published and the hub has not answered yet."""

import threading
import time
from collections.abc import Iterable
from typing import Final

from config_admin.messaging.http.frames import Answers
from config_admin.messaging.outbox import Outbox
from config_admin.messaging.publication import Publication

WINDOW: Final = 256


class Window:
    """
    Takes from an outbox and tells it what the hub answers; any thread may call.

    What is in flight belongs to one connection, and ends with it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._outbox: Outbox | None = None  # what may be taken from
        self._answered: Outbox | None = None
        self._in_flight: dict[str, tuple[Publication, float]] = {}
        self._connection: object = None

    def fill_from(self, outbox: Outbox) -> None:
        """Take from *outbox* from now on."""
        with self._lock:
            self._outbox = self._answered = outbox

    def stop(self) -> None:
        """Take nothing more; no take begins after this has returned."""
        with self._lock:
            self._outbox = None

    def take(self, connection: object) -> list[Publication]:
        """What is to be sent over *connection* now; nothing if it is not the one."""
        with self._lock:
            room = WINDOW - len(self._in_flight)
            if self._outbox is None or room <= 0 or connection is not self._connection:
                return []
            taken = self._outbox.take(room)
            now_s = time.monotonic()
            for publication in taken:
                self._in_flight[publication.message.id] = (publication, now_s)
            return taken

    def answer(self, answers: Answers) -> None:
        """Tell the outbox what the hub says; what it was not asked does not count."""
        outbox = self._answered
        if outbox is None:
            return
        outbox.confirm(self._answered_of(answers.confirmed))
        for publication in self._answered_of(answers.returned):
            outbox.returned(publication)
        for publication in self._answered_of(answers.full):
            outbox.deferred(publication)

    def oldest_s(self) -> float | None:
        """When the oldest was taken that is not answered; None: there is none."""
        with self._lock:
            return next((taken_s for _, taken_s in self._in_flight.values()), None)

    def begin(self, connection: object) -> None:
        """All goes over *connection*; what was in flight when another ended, first."""
        with self._lock:
            self._connection = connection
            if self._outbox is not None:
                self._outbox.repeat()

    def end(self) -> None:
        """There is no connection; nothing that is in flight will be answered."""
        with self._lock:
            self._connection = None
            self._in_flight.clear()

    def _answered_of(self, ids: Iterable[str]) -> list[Publication]:
        with self._lock:
            found = [self._in_flight.pop(one, None) for one in ids]
        return [one[0] for one in found if one is not None]
