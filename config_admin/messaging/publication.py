"""What a client has accepted to send, and what became of it."""

import threading
from dataclasses import replace
from enum import Enum
from typing import Protocol

from config_admin.messaging.context import Context
from config_admin.messaging.message import Message


class Outcome(Enum):
    """What became of a message."""

    PENDING = "not confirmed yet"
    CONFIRMED = "confirmed: it is kept for its receivers, or was handed over"
    UNDELIVERABLE = "nobody has a queue for it"
    DROPPED = "dropped: there is no messaging (idle)"


class _Outbox(Protocol):
    def wait(self, publication: "Publication", timeout_s: float | None) -> bool: ...


class Publication:
    """
    A message that was accepted.

    Args:
        message: What is sent.
        number: Its place among all of its client.
        outbox: Where it waits.

    Attributes:
        outcome: What became of it up to now.
    """

    __slots__ = ("_outbox", "message", "number", "outcome")

    def __init__(self, message: Message, number: int, outbox: _Outbox) -> None:
        self.message = message
        self.number = number
        self.outcome = Outcome.PENDING
        self._outbox = outbox

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until it is known what became of it; whether it was confirmed."""
        return self._outbox.wait(self, timeout_s)

    def repeat(self) -> None:
        """It may have been sent: mark it, so that its receivers drop the second one."""
        if not self.message.is_repeated:
            self.message = replace(self.message, is_repeated=True)


class Ticket:
    """A place in the line of those who wait for room."""

    __slots__ = ("body", "context", "decided", "publication")

    def __init__(self, context: Context, body: bytes) -> None:
        self.context = context
        self.body = body
        self.publication: Publication | None = None
        self.decided = threading.Event()
