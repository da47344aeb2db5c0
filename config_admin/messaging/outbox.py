"""
The outbox: messages between their publishers and a link, in the order of publishing.

Accepted is what has a place here; it leaves when it is confirmed. A message stays
through any change of links, so none that was accepted is lost while the process lives.

A message to one client must not overtake another that found no queue there: during a
change its receiver may come a moment later. So the first one to each such context goes
alone; when it was confirmed the others follow. One that comes back is tried again for
a while, and everything behind it waits.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from secrets import token_hex
from typing import Final

from config_admin.messaging.context import Context
from config_admin.messaging.errors import ClosedError, OutboxFullError
from config_admin.messaging.message import Message
from config_admin.messaging.publication import Outcome, Publication, Ticket
from config_admin.messaging.routes import Routes

MOST_MESSAGES: Final = 10_000
MOST_BYTES: Final = 64 * 1024 * 1024

Clock = Callable[[], float]


class Outbox:
    """
    What one client has accepted and nobody has confirmed yet; bounded.

    Args:
        sender: The queue of the client.
        clock: Seconds that only grow.
        undeliverable: Called with what nobody has a queue for; on a link's thread.
        retry_later: Called when `retry_s` has to be asked.
        most_messages: How many there may be.
        most_bytes: How long their bodies may be together; a single one may be longer.

    Attributes:
        wake: Called when there is something to take, and was nothing; never under a
            lock.
    """

    def __init__(  # noqa: PLR0913 - its owner alone makes one
        self,
        sender: str,
        clock: Clock,
        *,
        undeliverable: Callable[[Publication], None],
        retry_later: Callable[[], None],
        most_messages: int = MOST_MESSAGES,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self.wake: Callable[[], None] = _nobody
        self._sender = sender
        self._prefix = f"{sender}-{token_hex(6)}-"
        self._undeliverable = undeliverable
        self._retry_later = retry_later
        self._most_messages, self._most_bytes = most_messages, most_bytes
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._watching = 0
        self._waiting: deque[Publication] = deque()
        self._in_flight: dict[int, Publication] = {}
        self._routes = Routes(clock)
        self._tickets: deque[Ticket] = deque()
        self._number = 0
        self._messages = self._bytes = 0
        self._is_armed = self._is_closed = False

    def put(self, context: Context, body: bytes, timeout_s: float) -> Publication:
        """
        Accept a message; whoever waits for room gets it in the order of coming.

        Raises:
            OutboxFullError: If there was no room for *timeout_s*.
            ClosedError: If there never will be.
        """
        with self._lock:
            if self._is_closed:
                raise ClosedError
            ticket = Ticket(context, body)
            if self._tickets or not self._has_room(len(body)):
                self._tickets.append(ticket)
            else:
                ticket.publication = self._accept(context, body)
            must_wake = self._arm()
        if must_wake:
            self.wake()
        return ticket.publication or self._await(ticket, timeout_s)

    # For a link

    def take(self, most: int) -> list[Publication]:
        """At most *most* of what waits, the oldest first: in flight from now on."""
        with self._lock:
            taken = self._routes.due(most)
            while self._waiting and len(taken) < most:
                publication = self._waiting.popleft()
                if publication.outcome is Outcome.PENDING and self._routes.lets(
                    publication
                ):
                    taken.append(publication)
            for publication in taken:
                self._in_flight[publication.number] = publication
            self._is_armed = len(taken) == most
            return taken

    def confirm(self, publications: Iterable[Publication]) -> None:
        """They have arrived, though perhaps after they were given to another link."""
        with self._lock:
            freed = False
            for publication in publications:
                self._in_flight.pop(publication.number, None)
                if publication.outcome is Outcome.PENDING:
                    self._finish(publication, Outcome.CONFIRMED)
                    freed |= self._routes.proved(publication)
            if freed:
                self._requeue(self._routes.freed())
            must_wake = self._after_finishing()
        if must_wake:
            self.wake()

    def returned(self, publication: Publication) -> None:
        """Nobody has a queue for it: it is tried again for a while, then given up."""
        with self._lock:
            if self._in_flight.pop(publication.number, None) is None:
                return
            is_hopeless = not self._routes.hold(publication)
            if is_hopeless:
                self._finish(publication, Outcome.UNDELIVERABLE)
                self._requeue(self._routes.next_of(publication.message.context))
            must_wake = self._after_finishing()
        if is_hopeless:
            self._undeliverable(publication)
        else:
            self._retry_later()
        if must_wake:
            self.wake()

    def deferred(self, publication: Publication) -> None:
        """The queue it is for is full: it is tried again, as long as it takes."""
        with self._lock:
            if self._in_flight.pop(publication.number, None) is None:
                return
            self._routes.defer(publication)
            self._after_finishing()
        self._retry_later()

    def repeat(self) -> int:
        """
        Let what is in flight be taken again, marked, before all that follows.

        Returns:
            How many there were.
        """
        with self._lock:
            in_flight = list(self._in_flight.values())
            self._in_flight.clear()
            for publication in in_flight:
                publication.repeat()
            self._requeue([*in_flight, *self._routes.reset()])
            self._is_armed = bool(self._waiting)
            self._changed.notify_all()
            return len(in_flight)

    # For a client

    def settle(self, patience_s: float, is_hopeless: Callable[[], bool]) -> bool:
        """Wait until nothing is in flight, *patience_s* for each; whether it is so."""
        moved = True
        while moved and self._in_flight and not is_hopeless():
            count = len(self._in_flight)

            def has_moved(before: int = count) -> bool:
                return len(self._in_flight) < before or is_hopeless()

            moved = self._wait_for(has_moved, patience_s)
        return not self._in_flight

    def flush(self, timeout_s: float | None) -> bool:
        """Wait until everything is confirmed or given up; whether that was in time."""
        return self._wait_for(lambda: not self._messages, timeout_s)

    def wait(self, publication: Publication, timeout_s: float | None) -> bool:
        """Wait until something became of *publication*; whether it was confirmed."""

        def is_known() -> bool:
            return self._is_closed or publication.outcome is not Outcome.PENDING

        self._wait_for(is_known, timeout_s)
        return publication.outcome is Outcome.CONFIRMED

    def recheck(self) -> None:
        """Let everybody who waits look again."""
        with self._changed:
            self._changed.notify_all()

    def retry_s(self) -> float | None:
        """When, by the clock, to call `wake` for what came back; None: never."""
        with self._lock:
            return self._routes.retry_s()

    def close(self) -> int:
        """Accept nothing more; how many were never confirmed."""
        with self._changed:
            self._is_closed = True
            for ticket in self._tickets:
                ticket.decided.set()
            self._tickets.clear()
            self._changed.notify_all()
            return self._messages

    def __len__(self) -> int:
        """How many are not confirmed."""
        return self._messages

    @property
    def in_flight(self) -> int:
        """How many of them a link has taken."""
        return len(self._in_flight)

    def _wait_for(self, is_so: Callable[[], bool], timeout_s: float | None) -> bool:
        with self._changed:
            self._watching += 1
            try:
                return self._changed.wait_for(is_so, timeout_s)
            finally:
                self._watching -= 1

    def _await(self, ticket: Ticket, timeout_s: float) -> Publication:
        try:
            ticket.decided.wait(timeout_s)
        finally:  # Ctrl-C too: what was not accepted is not sent later
            must_wake = self._give_up(ticket)
        if must_wake:
            self.wake()
        if ticket.publication is not None:
            return ticket.publication
        if self._is_closed:
            raise ClosedError
        raise OutboxFullError(self._messages, timeout_s)

    def _give_up(self, ticket: Ticket) -> bool:
        """Let *ticket* leave the line, if it is still there; whether to wake."""
        with self._lock:
            if ticket not in self._tickets:
                return False
            self._tickets.remove(ticket)
            return self._after_finishing()

    def _has_room(self, size: int) -> bool:
        has_bytes = not self._bytes or self._bytes + size <= self._most_bytes
        return has_bytes and self._messages < self._most_messages

    def _accept(self, context: Context, body: bytes) -> Publication:
        self._number += 1
        number = self._number
        message = Message(f"{self._prefix}{number}", self._sender, context, body)
        publication = Publication(message, number, self)
        self._messages += 1
        self._bytes += len(body)
        self._waiting.append(publication)
        return publication

    def _arm(self) -> bool:
        """Whether a link has to be woken: it has taken everything before."""
        must_wake = bool(self._waiting) and not self._is_armed
        self._is_armed |= must_wake
        return must_wake

    def _finish(self, publication: Publication, outcome: Outcome) -> None:
        publication.outcome = outcome
        self._messages -= 1
        self._bytes -= len(publication.message.body)

    def _after_finishing(self) -> bool:
        """Let others in, and whoever waits look; whether to wake the link."""
        while self._tickets and self._has_room(len(self._tickets[0].body)):
            ticket = self._tickets.popleft()
            ticket.publication = self._accept(ticket.context, ticket.body)
            ticket.decided.set()
        if self._watching:
            self._changed.notify_all()
        return self._arm()

    def _requeue(self, publications: Iterable[Publication]) -> None:
        again = [*publications]
        if again:
            everything = sorted([*again, *self._waiting], key=lambda one: one.number)
            self._waiting = deque(everything)


def _nobody() -> None:
    """Who is woken while there is no link."""
