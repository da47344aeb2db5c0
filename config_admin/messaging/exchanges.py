"""
A broker in memory: queues, and which contexts they are bound to.

A queue stays as long as its `Exchanges`, whoever consumes from it. It hands messages
to one consumer at a time, in order, and keeps each until that one is done with it.
"""

import logging
import threading
from collections.abc import Callable
from enum import Enum
from typing import Final

from config_admin.messaging.context import Context, Kind
from config_admin.messaging.message import Message
from config_admin.messaging.queues import Consumer, Entry, Queue

_LOG = logging.getLogger(__name__)

MOST_MESSAGES: Final = 100_000
MOST_BYTES: Final = 64 * 1024 * 1024
WINDOW: Final = 256
DM_MESSAGES_LIVE_S: Final = 0.5

# Full is full until there is this much room: of two messages that are on their way
# together the second must not find the room that the first did not.
_ROOM_AGAIN = 0.9
_LAST_CALL_S = 1.0


class Published(Enum):
    """What became of a message that was published."""

    ROUTED = "it is in every queue that is bound to its context"
    UNROUTED = "no queue is bound to its context"
    FULL = "one of the queues is full: it is in none"
    ABANDONED = "its only queue is full, and nobody consumes from that"


class Exchanges:
    """
    Queues and bindings; any thread may call.

    Args:
        clock: Seconds that only grow.
        most_messages: How many a queue holds, those included that were handed over
            and are not acknowledged.
        most_bytes: How long their bodies may be together; a single one may be longer.
        window: How many a consumer gets before it acknowledges one.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        most_messages: int = MOST_MESSAGES,
        most_bytes: int = MOST_BYTES,
        window: int = WINDOW,
    ) -> None:
        self._clock = clock
        self._most_messages, self._most_bytes = most_messages, most_bytes
        self._window = window
        self._lock = threading.Lock()
        self._called = threading.Condition(self._lock)
        self._detaching = self._missed = 0
        self._queues: dict[str, Queue] = {}
        self._bindings: dict[Context, list[Queue]] = {}

    def declare(self, queue: str) -> None:
        """Let there be *queue*."""
        with self._lock:
            self._declare(queue)

    def bind(self, queue: str, context: Context) -> None:
        """Let what is published to *context* come to *queue*; it may be there."""
        with self._lock:
            bound = self._bindings.setdefault(context, [])
            target = self._declare(queue)
            if target not in bound:
                bound.append(target)

    def unbind(self, queue: str, context: Context) -> None:
        """Let nothing more come to *queue* that is published to *context*."""
        with self._lock:
            bound = self._bindings.get(context, [])
            target = self._queues.get(queue)
            if target in bound:
                bound.remove(target)
            if not bound:
                self._bindings.pop(context, None)

    def publish(self, message: Message) -> Published:
        """
        Put *message* into every queue bound to its context, or into none.

        What is for many does not wait for one who is gone: a full queue that nobody
        consumes gets nothing more of it.
        """
        with self._lock:
            targets = self._bindings.get(message.context, ())
            if not targets:
                return Published.UNROUTED
            size = len(message.body)
            roomy = [queue for queue in targets if self._has_room(queue, size)]
            full = [queue for queue in targets if queue not in roomy]
            if any(queue.consumers for queue in full):
                return Published.FULL
            if full and message.context.is_of_one:
                return Published.ABANDONED
            entry = Entry(message, self._expiry_of(message))
            for queue in roomy:
                queue.put(entry)
            if full:
                self._note_missed(message.context, len(full))
        for queue in roomy:
            self._pump(queue)
        return Published.ROUTED

    def attach(self, consumer: Consumer) -> None:
        """Hand *consumer* what is in its queue, as soon as no other consumes it."""
        with self._lock:
            queue = self._declare(consumer.queue)
            if consumer.is_detached or consumer in queue.consumers:
                return
            queue.consumers.append(consumer)
        self._pump(queue)

    def detach(self, consumer: Consumer) -> None:
        """
        Hand *consumer* nothing more; what it has not acknowledged goes to the next.

        When this returns its sink is not running any more, unless this is called in it
        or it hangs.
        """
        with self._called:
            queue = self._declare(consumer.queue)
            consumer.is_detached = True
            if consumer not in queue.consumers:
                return
            queue.consumers.remove(consumer)
            queue.take_back(consumer)
            if queue.pumped_by != threading.get_ident():
                self._detaching += 1
                self._called.wait_for(
                    lambda: queue.calling is not consumer, _LAST_CALL_S
                )
                self._detaching -= 1
        self._pump(queue)

    def acknowledge(self, consumer: Consumer, tag: int) -> None:
        """*consumer* is done with everything up to *tag*."""
        with self._lock:
            queue = self._declare(consumer.queue)
            unacknowledged = consumer.unacknowledged
            while unacknowledged and unacknowledged[0][0] <= tag:
                queue.forget(unacknowledged.popleft()[1])
        self._pump(queue)

    def is_consumed(self, queue: str) -> bool:
        """Whether somebody consumes from *queue*."""
        with self._lock:
            target = self._queues.get(queue)
            return target is not None and bool(target.consumers)

    def waiting(self, queue: str) -> int:
        """How many are in *queue*: handed over and not acknowledged, or waiting."""
        with self._lock:
            target = self._queues.get(queue)
            if target is None:
                return 0
            target.drop_expired(self._clock)
            return target.messages

    def left(self) -> dict[str, int]:
        """The same of every queue that is not empty, by name."""
        with self._lock:
            names = sorted(self._queues)
        counts = {name: self.waiting(name) for name in names}
        return {name: count for name, count in counts.items() if count}

    def _declare(self, name: str) -> Queue:
        queue = self._queues.get(name)
        if queue is None:
            queue = self._queues[name] = Queue()
        return queue

    def _has_room(self, queue: Queue, size: int) -> bool:
        if not queue.messages:
            queue.is_full = False
            return True
        share = _ROOM_AGAIN if queue.is_full else 1.0
        queue.is_full = (
            queue.messages + 1 > self._most_messages * share
            or queue.bytes + size > self._most_bytes * share
        )
        return not queue.is_full

    def _note_missed(self, context: Context, count: int) -> None:
        self._missed += count
        if str(self._missed).rstrip("0") == "1":  # often enough, and no flood
            _LOG.warning(
                "messages for clients that are gone, and whose queues are full, were "
                "dropped: %d; the last one was for %s",
                self._missed,
                context,
            )

    def _expiry_of(self, message: Message) -> float | None:
        context = message.context
        is_between_dms = context.kind is Kind.DM and not context.topic
        return self._clock() + DM_MESSAGES_LIVE_S if is_between_dms else None

    def _pump(self, queue: Queue) -> None:
        """Call the sink as long as there is something; one thread does it at a time."""
        with self._lock:
            if queue.pumped_by is not None:
                return
            queue.pumped_by = threading.get_ident()
        try:
            while (delivery := self._next(queue)) is not None:
                consumer, message, tag = delivery
                consumer.sink(message, tag)
        except BaseException:  # Ctrl-C too: another thread has to go on
            with self._called:
                self._rest(queue)
            raise

    def _next(self, queue: Queue) -> tuple[Consumer, Message, int] | None:
        with self._called:
            consumer = queue.consumers[0] if queue.consumers else None
            queue.drop_expired(self._clock)
            if (
                consumer is None
                or not queue.waiting
                or len(consumer.unacknowledged) >= self._window
            ):
                self._rest(queue)
                return None
            entry = queue.waiting.popleft()
            consumer.last_tag += 1
            consumer.unacknowledged.append((consumer.last_tag, entry))
            queue.calling = consumer
            if self._detaching:
                self._called.notify_all()
            return consumer, entry.message, consumer.last_tag

    def _rest(self, queue: Queue) -> None:
        queue.pumped_by = queue.calling = None
        if self._detaching:
            self._called.notify_all()
