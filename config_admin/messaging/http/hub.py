"""The hub: a WebSocket server of its own thread, around exchanges in memory."""

import asyncio
import errno
import logging
import os
import threading
import time
import weakref
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from config_admin.core.display import escaped
from config_admin.messaging.errors import LinkError
from config_admin.messaging.exchanges import Exchanges
from config_admin.messaging.http.door import REFUSED_HEADER, Door, is_same, token_of
from config_admin.messaging.http.frames import MOST_FRAME_BYTES
from config_admin.messaging.http.session import SILENCE_S, Session
from config_admin.messaging.http.settings import IP, PORT, HttpSettings
from config_admin.messaging.http.wire import wire_log

_LOG = logging.getLogger(__name__)

# A peer that is gone is noticed within their sum, and a second to close.
_PING_INTERVAL_S = 1.5
_PING_TIMEOUT_S = 2.5
_CLOSE_S: Final = 1
_STOP_S = 0.7
_JOIN_S = 2.0
_TOKEN_IS_GONE = 4001


@dataclass(frozen=True, slots=True)
class Pass:
    """Who knows *token* is let in, as one of *domain*."""

    token: str
    domain: str


class Hub:
    """
    A hub at one address, for one or more links of this process.

    Args:
        settings: Where it listens.

    Attributes:
        exchanges: Its queues; they end with it.
    """

    def __init__(self, settings: HttpSettings) -> None:
        self.exchanges = Exchanges(time.monotonic)
        self._settings = settings
        self._door = Door(settings, lambda token: bool(self._domains_of(token)))
        self._passes: list[Pass] = []
        self._tokens: dict[ServerConnection, str] = {}
        self._closing: set[asyncio.Future[None]] = set()
        self._started: Future[None] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._run()),
            name="config-admin hub",
            daemon=True,
        )

    def start(self) -> None:
        """
        Listen.

        Raises:
            LinkError: If that is not possible at this address; it has ended then.
        """
        self._thread.start()
        try:
            self._started.result()
        except OSError as error:
            self._thread.join(_JOIN_S)
            raise _not_listening(self._settings, error) from error

    def admit(self, one: Pass) -> None:
        """Let in who shows it."""
        self._passes = [*self._passes, one]

    def dismiss(self, one: Pass) -> None:
        """Let it count no more; connections that nothing else admits are closed."""
        passes = [*self._passes]
        passes.remove(one)
        self._passes = passes
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._close_unknown)

    def stop(self) -> None:
        """End it, within a second or so."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(_JOIN_S)

    def _domains_of(self, token: str) -> frozenset[str]:
        # Each is compared, so that the time does not tell which one it was.
        known = [(is_same(one.token, token), one.domain) for one in self._passes]
        return frozenset(domain for is_known, domain in known if is_known)

    async def _run(self) -> None:
        connections: weakref.WeakSet[ServerConnection] = weakref.WeakSet()
        try:
            server = await self._serve(connections)
        except OSError as error:
            self._started.set_exception(error)
            return
        self._loop = asyncio.get_running_loop()
        self._started.set_result(None)
        await self._stopping.wait()
        server.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(server.wait_closed(), _STOP_S)
        for connection in connections:
            connection.transport.abort()

    async def _serve(self, connections: "weakref.WeakSet[ServerConnection]") -> Server:
        class Tracked(ServerConnection):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                connections.add(self)
                super().connection_made(transport)

        return await serve(
            self._handle,
            self._settings.ip,
            self._settings.port,
            process_request=self._examine,
            compression=None,
            server_header=None,
            open_timeout=SILENCE_S,
            ping_interval=_PING_INTERVAL_S,
            ping_timeout=_PING_TIMEOUT_S,
            close_timeout=_CLOSE_S,
            max_size=MOST_FRAME_BYTES,
            logger=wire_log(),
            create_connection=Tracked,
        )

    def _examine(
        self, connection: ServerConnection, request: Request
    ) -> Response | None:
        def values_of(name: str) -> Sequence[str]:
            return request.headers.get_all(name)

        refusal = self._door.refusal_of(request.path, values_of)
        if refusal is None:
            return None
        response = connection.respond(refusal.status, f"{refusal.text}\n")
        response.headers[REFUSED_HEADER] = refusal.what
        if refusal.status == refusal.status.UNAUTHORIZED:
            response.headers["WWW-Authenticate"] = "Bearer"
        return response

    async def _handle(self, connection: ServerConnection) -> None:
        request = connection.request
        token = token_of(request.headers.get_all) if request is not None else None
        if token is None:
            return
        self._tokens[connection] = token
        try:
            await Session(connection, self.exchanges, self._domains_of(token)).run()
        finally:
            del self._tokens[connection]

    def _close_unknown(self) -> None:
        for connection, token in self._tokens.items():
            if not self._domains_of(token):
                task = asyncio.ensure_future(
                    connection.close(_TOKEN_IS_GONE, "the token has been changed")
                )
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)


def _not_listening(settings: HttpSettings, error: OSError) -> LinkError:
    place = settings.authority
    number = error.errno
    if number == errno.EADDRINUSE:
        found, key = "another program listens there already", PORT
        cure = "Stop it, or write another port here and for the agents."
    elif number == errno.EACCES:
        found, key = "this user may not", PORT
        cure = "Write a port from 1024 on, here and for the agents."
    else:
        # Of names that nobody knows the number is none of the system's.
        found = os.strerror(number) if number is not None and number > 0 else str(error)
        key, cure = IP, "Write an address that this machine has."
    reason = f"{key}: the hub cannot listen at {place}: {escaped(found)}. {cure}"
    return LinkError(key, reason)
