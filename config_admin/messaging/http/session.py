"""What the hub does for one peer."""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Final

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from config_admin.core.display import shown
from config_admin.messaging.context import Context
from config_admin.messaging.exchanges import Exchanges, Published
from config_admin.messaging.http.frames import (
    Acknowledge,
    Answers,
    Ask,
    Consume,
    Count,
    Deliver,
    FromHub,
    FromPeer,
    Hello,
    Publish,
    Refused,
    Subscribe,
    Unsubscribe,
    Welcome,
    portions,
    text_of,
)
from config_admin.messaging.http.reading import FrameError, from_peer
from config_admin.messaging.memory import is_returned
from config_admin.messaging.message import Message
from config_admin.messaging.queues import Consumer

# A peer that takes nothing for so long is gone: its socket is never the bottleneck.
SILENCE_S: Final = 4.0

_POLICY_VIOLATION = 1008
_MOST_REASON_BYTES = 120


class Session:
    """
    The connection of one peer.

    Args:
        connection: It.
        exchanges: What it publishes to and consumes from.
        domains: The ones that its token is for.
    """

    def __init__(
        self,
        connection: ServerConnection,
        exchanges: Exchanges,
        domains: frozenset[str],
    ) -> None:
        self._connection = connection
        self._exchanges = exchanges
        self._domains = domains
        self._domain = self._queue = ""
        self._consumer: Consumer | None = None
        self._loop = asyncio.get_running_loop()
        self._deliveries: deque[tuple[int, Message]] = deque()
        self._came = asyncio.Event()
        self._is_armed = False

    async def run(self) -> None:
        """Serve it until it ends; a bad frame ends it."""
        writing = asyncio.create_task(self._write())
        try:
            await self._begin()
            async for text in self._connection:
                await self._heed(from_peer(text))
        except FrameError as error:
            await self._refuse(str(error))
        except ConnectionClosed:
            pass
        finally:
            writing.cancel()
            if self._consumer is not None:
                self._exchanges.detach(self._consumer)

    async def _begin(self) -> None:
        try:
            async with asyncio.timeout(SILENCE_S):
                hello = from_peer(await self._connection.recv())
        except TimeoutError:
            raise FrameError("hello: nothing came") from None
        if not isinstance(hello, Hello):
            raise FrameError("op: expected 'hello' first")
        self._queue, self._domain = hello.queue, hello.queue.partition(".")[0]
        if self._domain not in self._domains:
            served = ", ".join(sorted(self._domains)) or "none"
            raise FrameError(
                f"queue: {shown(hello.queue)} is of the domain {shown(self._domain)}, "
                f"and this hub serves {served}. Write the same domain into the "
                "configuration of the DM and of its agents."
            )
        if hello.queue == Context.dm(domain=self._domain).queue:
            raise FrameError(f"queue: {shown(hello.queue)} belongs to the DM itself")
        for context in (*hello.contexts, *hello.without):
            self._require_own(context)
        self._exchanges.declare(hello.queue)
        for context in hello.without:
            self._exchanges.unbind(hello.queue, context)
        for context in hello.contexts:
            self._exchanges.bind(hello.queue, context)
        await self._send(Welcome())

    async def _heed(self, frame: FromPeer) -> None:
        match frame:
            case Publish(messages):
                await self._send(self._publish(messages))
            case Acknowledge(tag):
                self._acknowledge(tag)
            case Consume() if self._consumer is None:
                self._consumer = Consumer(self._queue, self._deliver)
                self._exchanges.attach(self._consumer)
            case Subscribe(context):
                self._require_own(context)
                self._exchanges.bind(self._queue, context)
            case Unsubscribe(context):
                self._exchanges.unbind(self._queue, context)
            case Ask(question):
                await self._send(Count(question, self._exchanges.waiting(self._queue)))
            case _:
                raise FrameError("op: this was said before")

    def _publish(self, messages: tuple[Message, ...]) -> Answers:
        for message in messages:
            self._require_own(message.context)
            if message.sender != self._queue:
                raise FrameError(f"publish: the sender has to be {shown(self._queue)}")
        confirmed, returned, full = [], [], []
        for message in messages:
            published = self._exchanges.publish(message)
            if published is Published.FULL:
                full.append(message.id)
            elif is_returned(message, published):
                returned.append(message.id)
            else:
                confirmed.append(message.id)
        return Answers(tuple(confirmed), tuple(returned), tuple(full))

    def _acknowledge(self, tag: int) -> None:
        if self._consumer is None or tag > self._consumer.last_tag:
            raise FrameError("acknowledge: this tag was not delivered yet")
        self._exchanges.acknowledge(self._consumer, tag)

    def _require_own(self, context: Context) -> None:
        if context.domain != self._domain:
            raise FrameError(
                f"{shown(str(context))} is not of the domain {shown(self._domain)}"
            )

    def _deliver(self, message: Message, tag: int) -> None:
        """Let it be sent; on any thread."""
        self._deliveries.append((tag, message))
        if not self._is_armed:
            self._is_armed = True
            with suppress(RuntimeError):  # the hub has just stopped
                self._loop.call_soon_threadsafe(self._came.set)

    async def _write(self) -> None:
        """A peer that takes slowly keeps nobody else waiting: only this."""
        with suppress(ConnectionClosed):
            while True:
                await self._came.wait()
                self._came.clear()
                self._is_armed = False
                waiting = [
                    self._deliveries.popleft() for _ in range(len(self._deliveries))
                ]
                for portion in portions(waiting, lambda one: len(one[1].body)):
                    await self._send(Deliver(portion))

    async def _send(self, frame: FromHub) -> None:
        try:
            async with asyncio.timeout(SILENCE_S):
                await self._connection.send(text_of(frame))
        except TimeoutError:
            self._connection.transport.abort()

    async def _refuse(self, reason: str) -> None:
        short = reason.encode()[:_MOST_REASON_BYTES].decode(errors="ignore")
        with suppress(ConnectionClosed):
            await self._send(Refused(reason))
            await self._connection.close(_POLICY_VIOLATION, short)
