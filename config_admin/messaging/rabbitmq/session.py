"""The two connections of a link, for as long as both work."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import pika

from config_admin.messaging.context import Context
from config_admin.messaging.rabbitmq.connection import Connection
from config_admin.messaging.rabbitmq.consuming import PREFETCH, Consumer, Deliver
from config_admin.messaging.rabbitmq.intake import Intake
from config_admin.messaging.rabbitmq.publishing import Publisher, declare_exchange
from config_admin.messaging.rabbitmq.settings import RabbitMQSettings
from config_admin.messaging.rabbitmq.tls import ssl_context

if TYPE_CHECKING:
    from concurrent.futures import Future

OPEN_LIMIT_S: Final = 5.0

_STACK_TIMEOUT_S = 4
_HEARTBEAT_S = 5
_CLOSE_LIMIT_S = 1.0
_ANSWER_LIMIT_S = 1.0

# One client at a time gets what comes, so that the order stays.
_QUEUE_ARGUMENTS: Final = {"x-single-active-consumer": True}


class Session:
    """
    Ends as a whole when one of its connections does.

    Args:
        settings: Where to.
        queue: The owner's.
        intake: Where what is published comes from.
        base: How many deliveries came by sessions before.
        name: Of the broker, for people.
        lost: Called when it does not work any more, perhaps twice.
        said: Called with a sentence that people should know.
        foreign: Called with what came and is no message of ours, and why.

    Attributes:
        error: Why it ended; None: it has not.

    Raises:
        LinkError: If a file of the encryption cannot be used.
    """

    def __init__(  # noqa: PLR0913 - its link alone makes them
        self,
        settings: RabbitMQSettings,
        queue: str,
        intake: Intake,
        *,
        base: int,
        name: str,
        lost: Callable[["Session", Exception], None],
        said: Callable[[str], None],
        foreign: Callable[[str], None],
    ) -> None:
        ended = partial(lost, self)
        parameters = _parameters(settings)
        self._queue = queue
        self._publishing = Connection(parameters(f"{queue} publishes"), ended)
        self._consuming = Connection(parameters(f"{queue} consumes"), ended)
        self._connections = (self._publishing, self._consuming)
        self.publisher = Publisher(
            self._publishing, intake, settings.confirm_timeout_s, said, name
        )
        self.consumer = Consumer(self._consuming, queue, base, foreign)

    @property
    def error(self) -> Exception | None:
        """Why it ended; None: it has not."""
        return self._publishing.error or self._consuming.error

    def open(self, contexts: Mapping[Context, bool]) -> None:
        """
        Connect, declare the queue, bind it to those *contexts* that are wanted.

        What is raised, whatever it is, says why that is not possible.
        """
        deadline_s = monotonic() + OPEN_LIMIT_S
        for connection in self._connections:
            connection.start()
        for connection in self._connections:
            connection.await_open(deadline_s)
        self._publishing.ask(self.publisher.begin, deadline_s)
        self._consuming.ask(partial(self._declare, contexts), deadline_s)

    def consume(self, deliver: Deliver) -> None:
        """Give what comes to *deliver*; never wait."""
        self._consuming.run(lambda: self.consumer.begin(deliver))

    def bind(self, context: Context, *, is_wanted: bool) -> Callable[[], None]:
        """Let *context* come here or not, soon; what is returned waits for it."""
        request = partial(self._bind if is_wanted else self._unbind, context)
        answer = self._consuming.request(request)
        return lambda: self._await(answer)

    def is_drained(self) -> bool:
        """See `config_admin.messaging.link.Link`."""
        deadline_s = monotonic() + _ANSWER_LIMIT_S
        try:
            return bool(self._consuming.ask(self._look, deadline_s))
        except Exception:  # noqa: BLE001 - whatever it is, nothing is known to be drained
            return False

    def abort(self, error: Exception) -> None:
        """End it at once."""
        for connection in self._connections:
            connection.abort(error)
        for connection in self._connections:
            connection.await_end(monotonic())

    def close(self) -> None:
        """Tell the broker what was acknowledged, and end it."""
        deadline_s = monotonic() + _CLOSE_LIMIT_S
        self._consuming.run(self.consumer.stop)
        for connection in self._connections:
            connection.farewell()
        for connection in self._connections:
            connection.await_end(deadline_s)

    def _await(self, answer: "Future[Any]") -> None:
        if not self._consuming.is_own_thread():
            # A session that ends is told, and the next one binds.
            with suppress(Exception):
                self._consuming.answer_to(answer, monotonic() + _ANSWER_LIMIT_S)

    def _declare(
        self,
        contexts: Mapping[Context, bool],
        channel: Any,  # noqa: ANN401 - of pika
        done: Callable[[Any], None],
    ) -> None:
        # Nothing is answered but the last one; a fault closes the channel before.
        channel.queue_declare(self._queue, durable=True, arguments=_QUEUE_ARGUMENTS)
        for context, is_wanted in contexts.items():
            (self._bind if is_wanted else self._unbind)(context, channel, None)
        channel.basic_qos(prefetch_count=PREFETCH, callback=done)

    def _bind(
        self,
        context: Context,
        channel: Any,  # noqa: ANN401 - of pika
        done: Callable[[Any], None] | None,
    ) -> None:
        declare_exchange(channel, context)
        channel.queue_bind(self._queue, context.exchange, context.topic, callback=done)

    def _unbind(
        self,
        context: Context,
        channel: Any,  # noqa: ANN401 - of pika
        done: Callable[[Any], None] | None,
    ) -> None:
        declare_exchange(channel, context)
        channel.queue_unbind(
            self._queue, context.exchange, context.topic, callback=done
        )

    def _look(self, channel: Any, done: Callable[[Any], None]) -> None:  # noqa: ANN401 - of pika
        def looked(frame: Any) -> None:  # noqa: ANN401 - of pika
            is_empty = frame.method.message_count == 0
            is_only_ours = frame.method.consumer_count <= 1
            done(is_empty and is_only_ours and self.consumer.is_idle())

        channel.queue_declare(self._queue, passive=True, callback=looked)


def _parameters(
    settings: RabbitMQSettings,
) -> Callable[[str], pika.ConnectionParameters]:
    """How to connect, by the name that the broker shows the connection with."""
    tls = settings.tls
    encryption = (
        None if tls is None else pika.SSLOptions(ssl_context(tls), settings.host)
    )

    def named(name: str) -> pika.ConnectionParameters:
        return pika.ConnectionParameters(
            host=settings.host,
            port=settings.port,
            virtual_host=settings.virtual_host,
            credentials=pika.PlainCredentials(settings.username, settings.password),
            heartbeat=_HEARTBEAT_S,
            connection_attempts=1,
            socket_timeout=_STACK_TIMEOUT_S,
            stack_timeout=_STACK_TIMEOUT_S,
            ssl_options=encryption,
            client_properties={"connection_name": name},
        )

    return named
