"""The queues of a broker in memory, and who takes from them."""

from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from config_admin.messaging.message import Message

Sink: TypeAlias = Callable[[Message, int], None]


class Consumer:
    """
    Who takes from a queue, once.

    Args:
        queue: The name of the queue.
        sink: Called with each message and its tag: 1, 2, 3… It is called on the threads
            of publishers and of those who acknowledge, never under a lock.

    Attributes:
        last_tag: The tag of what it was handed last; 0: nothing yet.
        is_detached: Whether it gets nothing any more.
        unacknowledged: What it was handed and is not done with, with tags.
    """

    __slots__ = ("is_detached", "last_tag", "queue", "sink", "unacknowledged")

    def __init__(self, queue: str, sink: Sink) -> None:
        self.queue = queue
        self.sink = sink
        self.last_tag = 0
        self.is_detached = False
        self.unacknowledged: deque[tuple[int, Entry]] = deque()


class Entry:
    """A message in queues, and when it is of no use any more; None: never."""

    __slots__ = ("expires_s", "message")

    def __init__(self, message: Message, expires_s: float | None) -> None:
        self.message = message
        self.expires_s = expires_s


class Queue:
    """
    What waits, and who takes it: the first of the consumers.

    Attributes:
        waiting: What no consumer has got.
        consumers: Who takes it, and those who wait for him to be detached.
        is_full: Whether it had no room, and has little since.
        messages: How many there are, those included that are not acknowledged.
        bytes: How long their bodies are together.
        pumped_by: The thread that calls the sink; None: none does.
        calling: Whose sink it calls.
    """

    __slots__ = (
        "bytes",
        "calling",
        "consumers",
        "is_full",
        "messages",
        "pumped_by",
        "waiting",
    )

    def __init__(self) -> None:
        self.waiting: deque[Entry] = deque()
        self.consumers: list[Consumer] = []
        self.messages = self.bytes = 0
        self.is_full = False
        self.pumped_by: int | None = None
        self.calling: Consumer | None = None

    def put(self, entry: Entry) -> None:
        """Let it wait behind the others."""
        self.waiting.append(entry)
        self.messages += 1
        self.bytes += len(entry.message.body)

    def forget(self, entry: Entry) -> None:
        """It is not here any more."""
        self.messages -= 1
        self.bytes -= len(entry.message.body)

    def take_back(self, consumer: Consumer) -> None:
        """What *consumer* has not acknowledged waits again, before all else."""
        back = [entry for _, entry in consumer.unacknowledged]
        consumer.unacknowledged.clear()
        self.waiting.extendleft(reversed(back))

    def drop_expired(self, clock: Callable[[], float]) -> None:
        """Forget those in front whose time is over."""
        waiting = self.waiting
        while waiting and (expires_s := waiting[0].expires_s) is not None:
            if clock() < expires_s:
                return
            self.forget(waiting.popleft())
