"""Messaging inside one process, and the link of whoever is where the queues are."""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from config_admin.core.properties import Properties
from config_admin.messaging.context import Context
from config_admin.messaging.exchanges import Exchanges, Published
from config_admin.messaging.link import Link, Receiver, Watcher
from config_admin.messaging.message import Message
from config_admin.messaging.outbox import Outbox
from config_admin.messaging.publication import Publication
from config_admin.messaging.queues import Consumer

_BATCH = 256
_JOIN_S = 1.0

_lock = threading.Lock()
_of_this_process: list[Exchanges] = []


def exchanges_of_this_process() -> Exchanges:
    """Where all in-memory clients of this process meet."""
    with _lock:
        if not _of_this_process:
            _of_this_process.append(Exchanges(time.monotonic))
        return _of_this_process[0]


def read(properties: Properties | None) -> "MemorySettings":  # noqa: ARG001 - a ReadSettings
    """Settings, whatever is configured: there is nothing to choose."""
    return MemorySettings()


@dataclass(frozen=True, slots=True)
class MemorySettings:
    """The settings of in-memory messaging: all are equal."""

    def link(self, owner: Context, watcher: Watcher) -> Link:
        """A link with these settings for the client *owner*; not open yet."""
        return LocalLink(owner, watcher, Process(exchanges_of_this_process()))


class Place(Protocol):
    """
    Where `Exchanges` are.

    Attributes:
        name: Of links there, for people.
        source: Of links there.
        most_bytes: How long a body may be; None: as long as it likes.
    """

    name: str
    source: str
    most_bytes: int | None

    def enter(self, link: Link) -> Exchanges:
        """
        Begin to use it.

        Raises:
            LinkError: If that is not possible.
        """
        ...

    def leave(self, link: Link) -> list[str]:
        """End to use it; sentences about what is left behind."""
        ...


class Process:
    """
    This process.

    Args:
        exchanges: Its exchanges.
    """

    name = "in-memory messaging"
    source = "in-memory"
    most_bytes: int | None = None

    def __init__(self, exchanges: Exchanges) -> None:
        self._exchanges = exchanges

    def enter(self, link: Link) -> Exchanges:  # noqa: ARG002 - a Place
        """The exchanges, which are always there."""
        return self._exchanges

    def leave(self, link: Link) -> list[str]:
        """What stays in the queue of *link*, until the process ends."""
        queue = getattr(link, "queue", "")
        if self._exchanges.is_consumed(queue):
            return []  # by the link that took its place
        count = self._exchanges.waiting(queue)
        return [f"{left_behind(count, queue)}."] if count else []


class LocalLink:
    """
    A link to exchanges in this process.

    It publishes on a thread of its own.

    Args:
        owner: The client whose queue it consumes.
        watcher: Who is told what is left behind.
        place: Where the exchanges are.
    """

    def __init__(self, owner: Context, watcher: Watcher, place: Place) -> None:
        self.name, self.source = place.name, place.source
        self.is_up = False
        self.queue = owner.queue
        self._watcher = watcher
        self._place = place
        self._exchanges: Exchanges | None = None
        self._consumer: Consumer | None = None
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._outbox: Outbox | None = None  # what may be taken from
        self._thread: threading.Thread | None = None
        self._too_long = ""

    def open(self, contexts: Iterable[Context]) -> None:
        """As `Link.open`."""
        exchanges = self._place.enter(self)
        exchanges.declare(self.queue)
        for context in contexts:
            exchanges.bind(self.queue, context)
        self._exchanges = exchanges
        self.is_up = True

    def publish_from(self, outbox: Outbox) -> None:
        """As `Link.publish_from`."""
        with self._lock:
            self._outbox = outbox
            if self._thread is None and self.is_up:
                name = f"config-admin {self.source} {self.queue}"
                self._thread = threading.Thread(
                    target=self._run, name=name, daemon=True
                )
                self._thread.start()
        self.wake()

    def wake(self) -> None:
        """As `Link.wake`."""
        self._woken.set()

    def pause(self) -> None:
        """As `Link.pause`."""
        with self._lock:
            self._outbox = None

    def consume_into(self, receiver: Receiver) -> None:
        """As `Link.consume_into`."""
        with self._lock:
            exchanges = self._exchanges
            if exchanges is None or self._consumer is not None:
                return

            def receive(message: Message, tag: int) -> None:
                receiver.receive(self, message, tag)

            consumer = self._consumer = Consumer(self.queue, receive)
        exchanges.attach(consumer)

    def acknowledge(self, tag: int) -> None:
        """As `Link.acknowledge`."""
        exchanges, consumer = self._exchanges, self._consumer
        if exchanges is not None and consumer is not None:
            exchanges.acknowledge(consumer, tag)

    def subscribe(self, context: Context) -> None:
        """As `Link.subscribe`."""
        if (exchanges := self._exchanges) is not None:
            exchanges.bind(self.queue, context)

    def unsubscribe(self, context: Context) -> None:
        """As `Link.unsubscribe`."""
        if (exchanges := self._exchanges) is not None:
            exchanges.unbind(self.queue, context)

    def is_drained(self) -> bool:
        """As `Link.is_drained`."""
        exchanges = self._exchanges
        return exchanges is not None and not exchanges.waiting(self.queue)

    def close(self) -> None:
        """As `Link.close`."""
        with self._lock:
            exchanges, self._exchanges = self._exchanges, None
            consumer, self._consumer = self._consumer, None
            self._outbox = None
            self.is_up = False
        if exchanges is None:
            return
        self._woken.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_JOIN_S)
        if consumer is not None:
            exchanges.detach(consumer)
        for sentence in self._place.leave(self):
            self._watcher.said(self, sentence)

    def _run(self) -> None:
        while self.is_up:
            self._woken.wait()
            self._woken.clear()
            while self._publish_some():
                pass

    def _publish_some(self) -> bool:
        """Publish what waits, at most so much at once; whether there was something."""
        with self._lock:
            outbox, exchanges = self._outbox, self._exchanges
            if outbox is None or exchanges is None:
                return False
            taken = outbox.take(_BATCH)
        self._publish(exchanges, outbox, taken)
        return bool(taken)

    def _publish(
        self, exchanges: Exchanges, outbox: Outbox, taken: list[Publication]
    ) -> None:
        confirmed = []
        held: set[Context] = set()  # what follows must not overtake
        for publication in taken:
            message = publication.message
            if message.context in held:
                outbox.deferred(publication)
                continue
            if self._is_too_long(message):
                outbox.returned(publication)
                continue
            published = exchanges.publish(message)
            if published is Published.FULL:
                outbox.deferred(publication)
                held.add(message.context)
            elif is_returned(message, published):
                outbox.returned(publication)
                held.add(message.context)
            else:
                confirmed.append(publication)
        outbox.confirm(confirmed)

    def _is_too_long(self, message: Message) -> bool:
        most = self._place.most_bytes
        if most is None or len(message.body) <= most:
            return False
        if self._too_long != message.id:  # it is tried again for a while
            self._too_long = message.id
            self._watcher.said(self, too_long(message, most))
        return True


def is_returned(message: Message, published: Published) -> bool:
    """Whether its sender is to be told that nobody has a queue for *message*."""
    is_hopeless = published in {Published.UNROUTED, Published.ABANDONED}
    return is_hopeless and message.context.is_of_one


def left_behind(count: int, queue: str) -> str:
    """A sentence, without its point."""
    what = "1 message" if count == 1 else f"{count:,} messages"
    verb = "was" if count == 1 else "were"
    return f"{what} for {queue} {verb} accepted and not fetched"


def too_long(message: Message, most_bytes: int) -> str:
    """A sentence about *message*."""
    return (
        f"The message to {message.context} has {len(message.body):,} bytes, and is not "
        f"sent: {most_bytes:,} at most can be. Write a shorter one, or the place where "
        "its content can be fetched."
    )
