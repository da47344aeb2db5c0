"""Publishing on one connection: many in flight, each confirmed by the broker."""

from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any, Final

from pika.spec import Basic, BasicProperties

from config_admin.messaging.context import Context, Kind
from config_admin.messaging.errors import LinkError
from config_admin.messaging.publication import Publication
from config_admin.messaging.rabbitmq.connection import Connection
from config_admin.messaging.rabbitmq.intake import Intake

REPEATED: Final = "x-repeated"
WINDOW: Final = 256

_PERSISTENT = 2
# What the DMs tell each other is old after so many milliseconds.
_EXPIRATION_MS: Final = "500"
_LOOKS = 4  # at the oldest message, while it may still be confirmed in time


class Publisher:
    """
    Publishes what is taken in; all but `wake` runs on the connection's thread.

    Args:
        connection: Where to; nothing else is published on it.
        intake: Where from.
        confirm_timeout_s: If nothing is confirmed for so long, though something is in
            flight, the connection is given up.
        said: Called with a sentence that people should know.
        name: Of the broker, for people.
    """

    def __init__(
        self,
        connection: Connection,
        intake: Intake,
        confirm_timeout_s: float,
        said: Callable[[str], None],
        name: str,
    ) -> None:
        self._connection = connection
        self._intake = intake
        self._confirm_timeout_s = confirm_timeout_s
        self._said = said
        self._name = name
        self._number = 0
        self._oldest = 1
        self._unconfirmed: dict[int, tuple[Publication, float]] = {}
        self._confirmed: list[Publication] = []
        self._returned: set[str] = set()
        self._exchanges: set[str] = set()
        self._is_woken = self._has_turn = self._is_blocked = False
        self._moved_s = 0.0  # when something was answered, or the broker unblocked

    def begin(self, channel: Any, done: Callable[[Any], None]) -> None:  # noqa: ANN401 - of pika
        """Let *channel* confirm and return; *done* is called when it does."""
        beneath = self._connection.pika
        beneath.add_on_connection_blocked_callback(self._blocked)
        beneath.add_on_connection_unblocked_callback(self._unblocked)
        channel.add_on_return_callback(self._came_back)
        channel.confirm_delivery(self._answered, done)
        self._look()

    def wake(self) -> None:
        """There is something to take; any thread may say so."""
        if not self._is_woken:
            self._is_woken = True
            self._connection.run(self._turn)

    def _turn(self) -> None:
        self._has_turn = False
        self._is_woken = True  # what is freed by confirming is taken below
        self._confirm()
        self._is_woken = False
        self._publish_all()

    def _publish_all(self) -> None:
        while not self._is_blocked and self._connection.is_usable():
            room = WINDOW - len(self._unconfirmed)
            taken = self._intake.take(self, room) if room > 0 else []
            now_s = monotonic()
            for publication in taken:
                self._publish(publication, now_s)
            if len(taken) < room or not taken:
                return

    def _publish(self, publication: Publication, now_s: float) -> None:
        message = publication.message
        context = message.context
        properties = BasicProperties(
            delivery_mode=_PERSISTENT, message_id=message.id, app_id=message.sender
        )
        if message.is_repeated:
            properties.headers = {REPEATED: True}
        if context.kind is Kind.DM and not context.topic:
            properties.expiration = _EXPIRATION_MS
        exchange = context.exchange
        if exchange not in self._exchanges:
            # Without an answer: the broker does one after the other.
            declare_exchange(self._connection.channel, context)
            self._exchanges.add(exchange)
        self._connection.channel.basic_publish(
            exchange, context.topic, message.body, properties, context.is_of_one
        )
        self._number += 1
        self._unconfirmed[self._number] = publication, now_s

    def _answered(self, frame: Any) -> None:  # noqa: ANN401 - of pika
        method = frame.method
        self._moved_s = monotonic()
        for publication in self._answered_by(method.delivery_tag, method.multiple):
            if isinstance(method, Basic.Nack):
                self._later_again(publication)
            elif self._returned and publication.message.id in self._returned:
                self._nobody_has(publication)
            else:
                self._confirmed.append(publication)
        if not self._has_turn:
            self._has_turn = True
            self._connection.later(0.0, self._turn)

    def _answered_by(self, number: int, is_multiple: bool) -> Iterable[Publication]:  # noqa: FBT001 - as the broker says it
        numbers: Iterable[int] = (number,)
        if is_multiple:
            numbers = range(self._oldest, number + 1)
        if is_multiple or number == self._oldest:
            self._oldest = number + 1
        found = [self._unconfirmed.pop(one, None) for one in numbers]
        return [one[0] for one in found if one is not None]

    def _confirm(self) -> None:
        """Tell the outbox what was confirmed up to now, in one go."""
        if self._confirmed:
            confirmed, self._confirmed = self._confirmed, []
            if self._intake.outbox is not None:
                self._intake.outbox.confirm(confirmed)

    def _later_again(self, publication: Publication) -> None:
        self._confirm()
        if self._intake.outbox is not None:
            self._intake.outbox.deferred(publication)

    def _nobody_has(self, publication: Publication) -> None:
        self._returned.discard(publication.message.id)
        self._confirm()
        if self._intake.outbox is not None:
            self._intake.outbox.returned(publication)

    def _came_back(
        self,
        _: object,
        __: object,
        properties: BasicProperties,
        ___: bytes,
    ) -> None:
        # Its confirmation follows.
        self._returned.add(properties.message_id)

    def _blocked(self, *_: object) -> None:
        if not self._is_blocked:
            self._is_blocked = True
            self._said(
                f"{self._name} takes no messages for now: it is low on memory or disk. "
                "Publishing waits. Free some there, or raise its limit: "
                "rabbitmqctl status shows the alarm."
            )

    def _unblocked(self, *_: object) -> None:
        if self._is_blocked:
            self._is_blocked = False
            self._moved_s = monotonic()
            self._said(f"{self._name} takes messages again.")
            self._turn()

    def _look(self) -> None:
        """Give the connection up if messages wait, and nothing is answered."""
        if self._connection.error is not None:
            return
        self._connection.later(self._confirm_timeout_s / _LOOKS, self._look)
        if self._is_blocked or not self._unconfirmed:
            return
        _, sent_s = next(iter(self._unconfirmed.values()))
        waiting_s = monotonic() - max(sent_s, self._moved_s)
        if waiting_s >= self._confirm_timeout_s:
            self._connection.abort(
                LinkError(
                    None,
                    f"{self._name} confirmed nothing for {waiting_s:.1f} s. What is "
                    "not confirmed is sent again. Look whether it is overloaded, "
                    "frozen or cut off.",
                )
            )


def declare_exchange(channel: Any, context: Context) -> None:  # noqa: ANN401 - of pika
    """Let there be the exchange of *context*; nothing is answered."""
    channel.exchange_declare(context.exchange, "topic", durable=True)
