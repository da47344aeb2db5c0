"""
A link: the connection of one client to one place where messages are exchanged.

A client holds one at a time, two while it changes from one to the other. This is the
contract; each kind of messaging implements it once.

**Publishing.** A link takes publications from the client's outbox on a thread of its
own and tells the outbox when they are confirmed: stored where they are safe, or, where
nothing is stored, handed over. It keeps at most so many in flight as it finds useful.

**Consuming.** It hands messages to the inbox with a tag; `acknowledge` says that those
up to a tag are done with. What is not acknowledged when a link ends comes again.

**Failing.** A link that was open once and fails repairs itself, again and again, with
growing pauses: it connects, declares and subscribes anew, has the outbox repeat what
was not confirmed, and goes on. It tells its watcher when that begins and ends.
"""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeAlias

from config_admin.core.properties import Properties
from config_admin.messaging.context import Context
from config_admin.messaging.errors import LinkError
from config_admin.messaging.message import Message
from config_admin.messaging.outbox import Outbox


class Watcher(Protocol):
    """Who wants to know how a link is; called on the link's own threads."""

    def lost(self, link: "Link", error: LinkError) -> None:
        """It does not work any more; it tries to repair itself."""
        ...

    def recovered(self, link: "Link") -> None:
        """It works again."""
        ...

    def said(self, link: "Link", what: str) -> None:
        """Something else that people should know, as a sentence without secrets."""
        ...


class Receiver(Protocol):
    """Takes messages; an inbox."""

    def receive(self, link: "Link", message: Message, tag: int) -> None:
        """Take *message* from *link*; it says later that it is done with."""
        ...


class Link(Protocol):
    """
    See the module.

    Attributes:
        name: For people, without secrets: "RabbitMQ at localhost:5672".
        source: Where it leads: equal for two links that lead to the same queues.
        is_up: Whether it works now.
    """

    name: str
    source: str
    is_up: bool

    def open(self, contexts: Iterable[Context]) -> None:
        """
        Connect, prove that it works, declare what is ours and subscribe to *contexts*.

        Nothing is published and nothing consumed yet. After a failure nothing is left.

        Raises:
            LinkError: If that is not possible now.
        """
        ...

    def publish_from(self, outbox: Outbox) -> None:
        """Take publications from *outbox*, now and whenever `wake` is called."""
        ...

    def wake(self) -> None:
        """There is something to take; any thread may call it, and it never waits."""
        ...

    def pause(self) -> None:
        """
        Take nothing more; what is in flight may still be confirmed.

        No take begins after this has returned.
        """
        ...

    def consume_into(self, receiver: Receiver) -> None:
        """Hand what waits and what comes to *receiver*."""
        ...

    def acknowledge(self, tag: int) -> None:
        """The message with *tag* and all that came before are done with."""
        ...

    def subscribe(self, context: Context) -> None:
        """Let what is published to *context* come here, as soon as it is up."""
        ...

    def unsubscribe(self, context: Context) -> None:
        """Let nothing more come that is published to *context*."""
        ...

    def is_drained(self) -> bool:
        """Whether nothing waits for its client, is on its way, or is unacknowledged."""
        ...

    def close(self) -> None:
        """
        End it; what is acknowledged is told first, if that is possible within a second.

        It says how much it leaves behind, if that is lost with it.
        """
        ...


class LinkSettings(Protocol):
    """
    What a configuration comes to: equal ones need no other link.

    A secret in it is not in its repr.
    """

    def link(self, owner: Context, watcher: Watcher) -> Link:
        """A link with these settings for the client *owner*; not open yet."""
        ...


# Reads a configuration (None: there is none) as settings (None: none can do without).
# Raises ConfigurationError, with the key, if it contradicts itself.
ReadSettings: TypeAlias = Callable[[Properties | None], LinkSettings | None]
