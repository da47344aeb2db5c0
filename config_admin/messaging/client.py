"""The client that messages are published and received with, whatever carries them."""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Final, Protocol, Self

from config_admin.core.arguments import found
from config_admin.core.display import escaped
from config_admin.core.errors import UsageError
from config_admin.core.properties import Properties
from config_admin.core.registration import ServiceRegistration
from config_admin.messaging.bodies import data_of, require_callable
from config_admin.messaging.chore import Chore
from config_admin.messaging.context import Context
from config_admin.messaging.errors import ClosedError
from config_admin.messaging.following import Following
from config_admin.messaging.inbox import Inbox, MessageCallback
from config_admin.messaging.message import Message
from config_admin.messaging.outbox import Outbox
from config_admin.messaging.publication import Outcome, Publication
from config_admin.messaging.switching import Switch, Switchboard

_LOG = logging.getLogger(__name__)

PUBLISH_TIMEOUT_S: Final = 30.0
CLOSE_TIMEOUT_S: Final = 5.0
MOST_BODY_BYTES: Final = 1024 * 1024
_JOIN_S = 1.0
_RETRY_LOOK_S = 0.02


class Service(Protocol):
    """What a client registers."""

    def check(self, properties: Properties) -> object:
        """Refuse what contradicts itself."""
        ...

    def updated(self, properties: Properties | None) -> object:
        """Follow *properties*."""
        ...


class Admin(Protocol):
    """The part of `config_admin.ConfigAdmin` that a client needs."""

    def add_managed_service(self, pids: str, service: Service) -> ServiceRegistration:
        """Call *service* with the configuration of *pids*, and whenever it changes."""
        ...


@dataclass(frozen=True, slots=True)
class Status:
    """
    How a client is.

    Attributes:
        messaging_type: Which configuration it follows.
        link: What carries its messages: "RabbitMQ at localhost:5672", or ``idle``.
        is_up: Whether that works now.
        unconfirmed: How many messages were accepted and not confirmed yet.
        dropped: How many were dropped, as there was no messaging (idle).
        undeliverable: How many nobody had a queue for.
        received: How many were called back.
        duplicates: How many came again, and were dropped.
    """

    messaging_type: str
    link: str
    is_up: bool
    unconfirmed: int
    dropped: int
    undeliverable: int
    received: int
    duplicates: int


class ReconfigurableClient:
    """
    Publishes and receives messages, and follows its configuration while it does.

    A change is proved before anything is given up: a configuration that cannot connect
    leaves the client where it is, is a fault of its PID, and is tried again. No message
    that was accepted is lost by a change.

    Args:
        admin: Tells of the configuration: a `config_admin.ConfigAdmin`.
        messaging_type: Which one: rabbitmq, http, in-memory or idle.
        owner: Its own address: `Context.dm` or `Context.agent`. What is published
            there comes here without a subscription.

    Raises:
        UsageError: If there is no such type, or no client can have that address.
    """

    def __init__(self, admin: Admin, *, messaging_type: str, owner: Context) -> None:
        self.owner = owner
        self._name = owner.queue
        self._dropped = self._undeliverable = 0
        self._is_closed = False
        self._process = os.getpid()
        self._chore = Chore(f"messaging {self._name}", self._tend)
        self._outbox = Outbox(
            self._name,
            monotonic,
            undeliverable=self._note_undeliverable,
            retry_later=self._chore.soon,
        )
        self._inbox = Inbox(self._name)
        self._following = Following(admin, self._name)
        self._board = Switchboard(owner, self._outbox, self._inbox, self._following)
        self._following.follow(self._board, self._outbox, self._inbox, messaging_type)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def messaging_type(self) -> str:
        """Which configuration it follows: rabbitmq, http, in-memory or idle."""
        return self._following.messaging_type

    def change_type(self, messaging_type: str) -> None:
        """
        Follow the configuration of *messaging_type* from now on.

        The client stays where it is until that has led it somewhere else.

        Raises:
            UsageError: If there is no such type.
        """
        self._following.change_type(messaging_type)

    def on_message(self, callback: MessageCallback) -> MessageCallback:
        """
        Call *callback* with each message, once and in order, on a thread of the client.

        Nothing is taken from the own queue before the first one is given. A message
        that a callback raises with counts as received; that is logged.
        """
        require_callable(callback)
        self._inbox.add(callback)
        return callback

    def on_switch(self, callback: Callable[[Switch], object]) -> None:
        """Call *callback* after each change, on the thread that made it."""
        require_callable(callback)
        self._following.on_switch(callback)

    def subscribe(self, context: Context) -> None:
        """
        Let what is published to *context* come here, too.

        Raises:
            UsageError: If it is of another domain.
        """
        self._require_own_domain(context)
        self._board.subscribe(context)

    def unsubscribe(self, context: Context) -> None:
        """Let nothing more come that is published to *context*."""
        self._board.unsubscribe(context)

    def publish(
        self,
        context: Context,
        body: bytes | str,
        *,
        timeout_s: float = PUBLISH_TIMEOUT_S,
    ) -> Publication:
        """
        Accept a message to *context*: from now on it is sent, whatever is changed.

        Args:
            context: Whom it is for.
            body: What it says; text is sent in UTF-8.
            timeout_s: How long to wait for room: so many wait to be confirmed that no
                more are accepted.

        Returns:
            What became of it, to be asked or waited for. Where there is no messaging
            (idle) it was dropped, and counted.

        Raises:
            OutboxFullError: If there was no room in time; it was not accepted.
            ClosedError: If the client was closed, or belongs to another process.
            UsageError: If it is of another domain, or larger than a mebibyte.
        """
        self._require_own_domain(context)
        data = data_of(body)
        if len(data) > MOST_BODY_BYTES:
            raise UsageError(
                f"The body has {len(data):,} bytes; {MOST_BODY_BYTES:,} is the most: "
                "put it where its receiver can fetch it, and publish where that is."
            )
        if os.getpid() != self._process:
            raise ClosedError
        if self._following.is_idle and not self._is_closed:
            return self._drop(context, data)
        return self._outbox.put(context, data, timeout_s)

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until every message is confirmed or given up; whether it was in time."""
        return self._outbox.flush(timeout_s)

    def status(self) -> Status:
        """How it is now."""
        link = self._board.current
        return Status(
            messaging_type=self.messaging_type,
            link=link.name if link is not None else "idle",
            is_up=link is not None and link.is_up,
            unconfirmed=len(self._outbox),
            dropped=self._dropped,
            undeliverable=self._undeliverable,
            received=self._inbox.received,
            duplicates=self._inbox.duplicates,
        )

    def close(self, timeout_s: float = CLOSE_TIMEOUT_S) -> None:
        """
        End it, when what was accepted is confirmed, or after *timeout_s*.

        What is not confirmed then is lost with the client; how much, is logged.
        """
        if os.getpid() != self._process:
            return  # a child has copies of all of it, and no threads
        if not (self._following.is_idle or self._is_closed):
            self._outbox.flush(timeout_s)
        self._is_closed = True
        self._outbox.close()
        self._following.close()
        self._board.close()
        self._chore.close(_JOIN_S)
        self._inbox.close(_JOIN_S)
        lost = len(self._outbox)
        if lost:
            _LOG.warning(
                "%s: closed with %d messages that were accepted and never confirmed",
                escaped(self._name),
                lost,
            )

    def _tend(self) -> float | None:
        """Have what came back tried again, when it is time; when to look again."""
        retry_s = self._outbox.retry_s()
        if retry_s is None:
            return None
        left_s = retry_s - monotonic()
        if left_s > 0:
            return left_s
        self._outbox.wake()
        return _RETRY_LOOK_S

    def _drop(self, context: Context, body: bytes) -> Publication:
        self._dropped += 1
        if _is_worth_saying(self._dropped):
            _LOG.warning(
                "%s: messages dropped, as there is no messaging (idle): %d; the last "
                "one was for %s",
                escaped(self._name),
                self._dropped,
                context,
            )
        message = Message("", self._name, context, body)
        publication = Publication(message, 0, self._outbox)
        publication.outcome = Outcome.DROPPED
        return publication

    def _note_undeliverable(self, publication: Publication) -> None:
        self._undeliverable += 1
        if _is_worth_saying(self._undeliverable):
            _LOG.warning(
                "%s: messages given up, as nobody has a queue for them: %d; the last "
                "one was for %s. Is its receiver started, and subscribed to that?",
                escaped(self._name),
                self._undeliverable,
                publication.message.context,
            )

    def _require_own_domain(self, context: Context) -> None:
        if not isinstance(context, Context):
            raise UsageError(f"The address is {found(context)}: give a Context.")
        if context.domain != self.owner.domain:
            raise UsageError(
                f"{context} is of the domain {context.domain!r}, and this client of "
                f"{self.owner.domain!r}: domains never see each other."
            )


def _is_worth_saying(count: int) -> bool:
    """Whether it is a power of ten: often enough to be seen, and no flood."""
    return str(count).rstrip("0") == "1"
