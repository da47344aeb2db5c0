"""One connection of a peer to the hub: from the first greeting to its end."""

import os
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Final

from websockets.exceptions import (
    ConnectionClosed,
    InvalidStatus,
    WebSocketException,
)
from websockets.sync.client import ClientConnection, connect

from config_admin.core.display import escaped, shown
from config_admin.messaging.errors import LinkError
from config_admin.messaging.http.door import REFUSED_HEADER
from config_admin.messaging.http.frames import (
    MOST_FRAME_BYTES,
    FromHub,
    FromPeer,
    Hello,
    Refused,
    Welcome,
    text_of,
)
from config_admin.messaging.http.reading import FrameError, from_hub
from config_admin.messaging.http.settings import IP, PATH, PORT, TOKEN, HttpSettings
from config_admin.messaging.http.wire import wire_log

if TYPE_CHECKING:
    import threading

# What is neither sent nor answered for so long never will be.
SILENCE_S: Final = 5.0

_CLOSE_S = 0.5


class Connection:
    """
    A connection that the hub has welcomed.

    Args:
        settings: Where the hub is.
        hello: Who we are.
        dialled: Called with the socket as soon as there is one: shutting it down ends
            whatever waits for it.
        patience_s: How long to wait for a socket.

    Raises:
        LinkError: If there is no hub, or it does not let us in.
    """

    def __init__(
        self,
        settings: HttpSettings,
        hello: Hello,
        dialled: Callable[[socket.socket], None],
        patience_s: float,
    ) -> None:
        self._settings = settings
        self._pong: threading.Event | None = None
        self._pinged_s = 0.0
        deadline_s = time.monotonic() + SILENCE_S
        self._socket = _dial(settings, patience_s)
        self._stack = ExitStack()
        try:
            dialled(self._socket)
            # A send that hangs ends, too.
            self._socket.settimeout(SILENCE_S)
            self._websocket = self._upgrade(deadline_s)
            self.send(hello)
            self._await_welcome(deadline_s)
        except BaseException:  # Ctrl-C too must not leave the socket open
            self.close()
            raise

    def send(self, frame: FromPeer) -> None:
        """
        Send *frame*.

        Raises:
            LinkError: If it was lost.
        """
        try:
            self._websocket.send(text_of(frame))
        except ConnectionClosed as closed:
            raise self._lost(closed) from closed

    def receive(self, timeout_s: float) -> FromHub | None:
        """
        The next frame; None: none came in time.

        Raises:
            LinkError: If the connection was lost, or the hub does not make sense.
        """
        try:
            frame = from_hub(self._websocket.recv(max(0.0, timeout_s)))
        except TimeoutError:
            return None
        except ConnectionClosed as closed:
            raise self._lost(closed) from closed
        except FrameError as error:
            self.abort()
            raise self.error(None, f"does not make sense: {error}") from error
        if isinstance(frame, Refused):
            raise self.error(None, f"refuses us: {escaped(frame.reason)}")
        return frame

    def ping(self) -> None:
        """
        Ask the hub whether it is there, unless it has been asked.

        Raises:
            LinkError: If it was lost.
        """
        if self._pong is not None and not self._pong.is_set():
            return
        try:
            self._pinged_s = time.monotonic()
            self._pong = self._websocket.ping()
        except ConnectionClosed as closed:
            raise self._lost(closed) from closed

    def unanswered_since_s(self) -> float | None:
        """When the hub was asked what it has not answered; None: it has."""
        pong = self._pong
        return None if pong is None or pong.is_set() else self._pinged_s

    def abort(self) -> None:
        """End it at once; any thread may call it."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End it in order, if the hub answers soon; never raises."""
        with suppress(ConnectionClosed, OSError):
            self._stack.close()
        self._socket.close()

    def error(self, key: str | None, what: str) -> LinkError:
        """A fault of the hub."""
        return _error(self._settings, key, what)

    def _upgrade(self, deadline_s: float) -> ClientConnection:
        settings = self._settings
        try:
            return self._stack.enter_context(
                connect(
                    f"ws://{settings.authority}{PATH}",
                    sock=self._socket,
                    additional_headers={"Authorization": f"Bearer {settings.token}"},
                    user_agent_header=None,
                    compression=None,
                    open_timeout=max(0.0, deadline_s - time.monotonic()),
                    ping_interval=None,
                    close_timeout=_CLOSE_S,
                    max_size=MOST_FRAME_BYTES,
                    logger=wire_log(),
                    max_queue=None,  # pings are answered, however much there is
                )
            )
        except InvalidStatus as error:
            raise _refused(settings, error) from error
        except TimeoutError as error:
            raise self.error(
                IP, "does not answer. Look whether the DM hangs."
            ) from error
        except (WebSocketException, OSError, EOFError) as error:
            raise _no_hub(settings, escaped(str(error))) from error

    def _await_welcome(self, deadline_s: float) -> None:
        answer = self.receive(deadline_s - time.monotonic())
        if not isinstance(answer, Welcome):
            found = "nothing" if answer is None else type(answer).__name__.lower()
            raise self.error(None, f"did not welcome us: it said {found}.")

    def _lost(self, closed: ConnectionClosed) -> LinkError:
        if closed.rcvd is not None:
            reason = closed.rcvd.reason or "no reason given"
            return self.error(
                None, f"closed the connection: {escaped(reason)} ({closed.rcvd.code})."
            )
        return self.error(None, "was lost: the connection broke off.")


def _dial(settings: HttpSettings, patience_s: float) -> socket.socket:
    try:
        dialled = socket.create_connection((settings.ip, settings.port), patience_s)
    except TimeoutError as error:
        what = (
            f"does not answer within {patience_s:g} s. Start the DM, or write the "
            "address where it is."
        )
        raise _error(settings, IP, what) from error
    except ConnectionRefusedError as error:
        raise _nobody_listens(settings) from error
    except OSError as error:
        number = error.errno
        is_of_system = number is not None and number > 0
        found = os.strerror(number) if is_of_system and number else str(error)
        what = (
            f"cannot be reached: {escaped(found)}. Write the address where the DM is."
        )
        raise _error(settings, IP, what) from error
    if _meets_itself(dialled):
        dialled.close()
        raise _nobody_listens(settings)
    return dialled


def _meets_itself(dialled: socket.socket) -> bool:
    """On one machine that can happen, at a port where nobody listens."""
    try:
        return bool(dialled.getsockname() == dialled.getpeername())
    except OSError:  # it has been closed already, by whom it met
        return False


def _nobody_listens(settings: HttpSettings) -> LinkError:
    what = (
        "cannot be reached: nobody listens there. Start the DM with HTTP messaging, or "
        "write the port that it listens on."
    )
    return _error(settings, PORT, what)


def _refused(settings: HttpSettings, error: InvalidStatus) -> LinkError:
    response = error.response
    what = response.headers.get(REFUSED_HEADER)
    if what == "token":
        return _error(
            settings,
            TOKEN,
            "does not know our token. Write the same one into the configuration of the "
            "DM and of its agents.",
        )
    if what is not None:
        said = (response.body or b"").decode(errors="replace").strip()
        return _error(settings, IP, f"refuses us: {shown(said)}")
    return _no_hub(settings, f"HTTP status {response.status_code}")


def _no_hub(settings: HttpSettings, found: str) -> LinkError:
    what = (
        f"is none: something else listens there ({found}). Write the port that the DM "
        "listens on for HTTP messaging."
    )
    return _error(settings, PORT, what)


def _error(settings: HttpSettings, key: str | None, what: str) -> LinkError:
    prefix = f"{key}: " if key is not None else ""
    return LinkError(key, f"{prefix}{settings.name} {what}")
