"""Consuming on one connection: messages in, what is done with out."""

import threading
from collections.abc import Callable
from typing import Any, Final

from config_admin.core.display import shown
from config_admin.messaging.context import context_of
from config_admin.messaging.message import Message
from config_admin.messaging.rabbitmq.connection import Connection
from config_admin.messaging.rabbitmq.publishing import REPEATED

PREFETCH: Final = 256

Deliver = Callable[[Message, int], None]


class Consumer:
    """
    Hands on what comes; all but `acknowledge` runs on the connection's thread.

    A tag of ours is the number of deliveries that came by earlier connections, plus
    the tag of the broker: so one of an earlier connection is known as such.

    Args:
        connection: Where from.
        queue: The owner's.
        base: How many deliveries came before.
        foreign: Called with what is no message of ours, and why.
    """

    def __init__(
        self,
        connection: Connection,
        queue: str,
        base: int,
        foreign: Callable[[str], None],
    ) -> None:
        self._connection = connection
        self._queue = queue
        self._base = base
        self._foreign = foreign
        self._deliver: Deliver | None = None
        self._delivered = self._handed = 0
        self._lock = threading.Lock()
        self._wanted = self._sent = 0
        self._is_armed = False

    @property
    def last_tag(self) -> int:
        """The highest that was given."""
        return self._base + self._delivered

    def begin(self, deliver: Deliver) -> None:
        """Give everything to *deliver*."""
        if self._deliver is None and self._connection.is_usable():
            self._deliver = deliver
            channel = self._connection.channel
            channel.add_on_cancel_callback(self._cancelled)
            channel.basic_consume(self._queue, self._came)

    def acknowledge(self, tag: int) -> None:
        """The messages up to *tag* are done with; any thread may say so."""
        number = tag - self._base
        with self._lock:
            if number <= self._wanted or number > self._handed:
                return
            self._wanted = number
            must_wake, self._is_armed = not self._is_armed, True
        if must_wake:
            self._connection.run(self.send)

    def send(self) -> None:
        """Tell the broker what is done with."""
        with self._lock:
            self._is_armed = False
            number = self._wanted
        if number > self._sent and self._connection.is_usable():
            self._sent = number
            self._connection.channel.basic_ack(number, multiple=True)

    def is_idle(self) -> bool:
        """Whether everything that came is done with, and the broker was told."""
        return self._sent == self._handed

    def stop(self) -> None:
        """Hand nothing more on; what was not acknowledged comes again elsewhere."""
        self.send()
        self._deliver = _nobody

    def _came(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:  # noqa: ANN401 - of pika
        self._delivered = number = method.delivery_tag
        try:
            message = _message(method, properties, body)
        except ValueError as error:
            channel.basic_ack(number)
            self._foreign(str(error))
            return
        self._handed = number
        if self._deliver is not None:
            self._deliver(message, self._base + number)

    def _cancelled(self, _: object) -> None:
        self._connection.abort(QueueDeletedError(self._queue))


class QueueDeletedError(Exception):
    """The queue that was consumed from has been deleted at the broker."""


def _message(method: Any, properties: Any, body: bytes) -> Message:  # noqa: ANN401 - of pika
    context = context_of(method.exchange, method.routing_key)
    if not properties.message_id or not properties.app_id:
        raise ValueError(f"what came to {shown(str(context))} has no id or no sender")
    # What is redelivered may have been received before by a link that leads to the same
    # queue under another name.
    is_repeated = method.redelivered or bool(
        properties.headers and properties.headers.get(REPEATED)
    )
    return Message(properties.message_id, properties.app_id, context, body, is_repeated)


def _nobody(_: Message, __: int) -> None:
    """Who gets what still comes while a connection is closed."""
