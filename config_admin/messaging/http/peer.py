"""The link of an agent: a peer of the hub."""

import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from config_admin.messaging.context import Context
from config_admin.messaging.errors import LinkError
from config_admin.messaging.http.agenda import Agenda
from config_admin.messaging.http.frames import (
    MOST_BODY_BYTES,
    Answers,
    Count,
    Deliver,
    FromHub,
    Publish,
    portions,
)
from config_admin.messaging.http.places import not_installed
from config_admin.messaging.http.settings import HttpSettings
from config_admin.messaging.http.window import Window
from config_admin.messaging.link import Receiver, Watcher
from config_admin.messaging.memory import too_long
from config_admin.messaging.message import Message
from config_admin.messaging.outbox import Outbox
from config_admin.messaging.publication import Publication

if TYPE_CHECKING:
    from config_admin.messaging.http.connection import Connection

# A hub that does not answer for so long is lost.
SILENCE_S: Final = 5.0

_FIRST_PAUSE_S = 0.2
_LAST_PAUSE_S = 5.0
_FIRST_DIAL_S = 3.0
_DIAL_S = 1.0  # again: `close` waits for it
_BEAT_S = 0.5
_REST_S = 0.3
_JOIN_S = 1.1


class PeerLink:
    """
    A link to a hub, in another process or in this one.

    One thread sends everything; another hears, and repairs.

    Args:
        settings: Where the hub is, and the token.
        owner: The client whose queue it consumes.
        watcher: Who is told how it is.
    """

    def __init__(
        self, settings: HttpSettings, owner: Context, watcher: Watcher
    ) -> None:
        self.name, self.source = settings.name, settings.source
        self.is_up = False
        self._settings = settings
        self._watcher = watcher
        self._window = Window()
        self._agenda = Agenda(owner.queue)
        self._receiver: Receiver | None = None
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._dialling: socket.socket | None = None
        self._too_long = ""
        self._signal = threading.Event()
        self._ended = threading.Event()
        self._sender = _thread("config-admin peer sender", self._send_all)
        self._hearer = _thread("config-admin peer", self._hear_all)

    def open(self, contexts: Iterable[Context]) -> None:
        """As `Link.open`."""
        self._settings.require_token()
        self._agenda.set_contexts(contexts)
        if self._go_on_with(self._connect(_FIRST_DIAL_S)):
            self._sender.start()
            self._hearer.start()

    def publish_from(self, outbox: Outbox) -> None:
        """As `Link.publish_from`."""
        self._window.fill_from(outbox)
        self._signal.set()

    def wake(self) -> None:
        """As `Link.wake`."""
        self._signal.set()

    def pause(self) -> None:
        """As `Link.pause`."""
        self._window.stop()

    def consume_into(self, receiver: Receiver) -> None:
        """As `Link.consume_into`."""
        self._receiver = receiver
        self._agenda.consume()
        self._signal.set()

    def acknowledge(self, tag: int) -> None:
        """As `Link.acknowledge`."""
        self._agenda.acknowledge(tag)
        self._signal.set()

    def subscribe(self, context: Context) -> None:
        """As `Link.subscribe`."""
        self._agenda.subscribe(context)
        self._signal.set()

    def unsubscribe(self, context: Context) -> None:
        """As `Link.unsubscribe`."""
        self._agenda.unsubscribe(context)
        self._signal.set()

    def is_drained(self) -> bool:
        """As `Link.is_drained`; asks the hub."""
        question = self._agenda.ask()
        self._signal.set()
        return self._agenda.answer_to(question) == 0

    def close(self) -> None:
        """As `Link.close`."""
        with self._lock:
            if self._ended.is_set():
                return
            self._ended.set()
            self.is_up = False
            connection, dialling = self._connection, self._dialling
        self._window.stop()
        self._signal.set()
        _join(self._sender, _REST_S)
        if self._sender.is_alive() and connection is not None:
            connection.abort()  # it hangs in a send
        if connection is not None:
            connection.close()
        elif dialling is not None:
            _shut(dialling)
        self._agenda.end()
        _join(self._sender, _REST_S)
        _join(self._hearer, _JOIN_S)

    def _connect(self, patience_s: float) -> "Connection":
        try:
            from config_admin.messaging.http import connection  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise not_installed(self._settings) from error
        return connection.Connection(
            self._settings, self._agenda.hello(), self._note_dialling, patience_s
        )

    def _note_dialling(self, dialling: socket.socket) -> None:
        with self._lock:
            self._dialling = dialling
            is_over = self._ended.is_set()
        if is_over:
            _shut(dialling)

    def _go_on_with(self, connection: "Connection") -> bool:
        with self._lock:
            self._dialling = None
            is_over = self._ended.is_set()
            if not is_over:
                self._agenda.begin(connection)
                self._window.begin(connection)
                self._connection = connection
                self.is_up = True
        if is_over:
            connection.close()
        self._signal.set()
        return not is_over

    # The thread that sends

    def _send_all(self) -> None:
        is_last = False
        while not is_last:
            self._signal.wait(_BEAT_S)
            self._signal.clear()
            is_last = self._ended.is_set()  # then once more: acknowledgements
            connection = self._connection
            if connection is not None:
                try:
                    self._send_over(connection)
                except LinkError:
                    connection.abort()  # the other thread hears of it

    def _send_over(self, connection: "Connection") -> None:
        for frame in self._agenda.frames_for(connection):
            connection.send(frame)
        connection.ping()
        while taken := self._window.take(connection):
            messages = [one.message for one in taken if self._fits(one)]
            for portion in portions(messages, _size_of):
                connection.send(Publish(portion))

    def _fits(self, publication: Publication) -> bool:
        message = publication.message
        if _size_of(message) <= MOST_BODY_BYTES:
            return True
        if self._too_long != message.id:  # it is tried again for a while
            self._too_long = message.id
            self._watcher.said(self, too_long(message, MOST_BODY_BYTES))
        self._window.answer(Answers(returned=(message.id,)))
        return False

    # The thread that hears

    def _hear_all(self) -> None:
        connection = self._connection
        while connection is not None:
            error = self._hear(connection)
            if self._ended.is_set():
                return
            connection.abort()
            connection.close()
            connection = self._repair(error)

    def _hear(self, connection: "Connection") -> LinkError:
        held_up_s = looked_s = time.monotonic()
        try:
            while True:
                frame = connection.receive(_BEAT_S)
                if frame is not None:
                    self._heed(frame)
                now_s = time.monotonic()
                if now_s - looked_s >= _BEAT_S:
                    if now_s - looked_s > 4 * _BEAT_S:
                        held_up_s = now_s  # by a receiver: it was not the hub
                    looked_s = now_s
                    self._require_answers(connection, held_up_s, now_s)
        except LinkError as error:
            return error

    def _require_answers(
        self, connection: "Connection", held_up_s: float, now_s: float
    ) -> None:
        asked = (self._window.oldest_s(), connection.unanswered_since_s())
        oldest_s = min((one for one in asked if one is not None), default=now_s)
        if now_s - max(oldest_s, held_up_s) > SILENCE_S:
            raise connection.error(
                None, f"does not answer any more, for {SILENCE_S:g} s."
            )

    def _heed(self, frame: FromHub) -> None:
        match frame:
            case Answers():
                self._window.answer(frame)
                self._signal.set()
            case Deliver(messages) if self._receiver is not None:
                for tag, message in messages:
                    self._receiver.receive(self, message, self._agenda.tag_of(tag))
            case Count():
                self._agenda.note(frame)

    def _repair(self, error: LinkError) -> "Connection | None":
        """Another connection; None: the link was closed meanwhile."""
        with self._lock:
            self._connection = None
            self.is_up = False
        self._agenda.end()
        self._window.end()
        self._watcher.lost(self, error)
        pause_s = _FIRST_PAUSE_S
        while not self._ended.wait(pause_s):
            try:
                connection = self._connect(_DIAL_S)
            except LinkError as failure:
                if str(failure) != str(error) and not self._ended.is_set():
                    self._watcher.said(self, str(failure))
                error = failure
                pause_s = min(2 * pause_s, _LAST_PAUSE_S)
                continue
            if self._go_on_with(connection):
                self._watcher.recovered(self)
                return connection
        return None


def _size_of(message: Message) -> int:
    return len(message.body)


def _thread(name: str, target: Callable[[], None]) -> threading.Thread:
    return threading.Thread(target=target, name=name, daemon=True)


def _join(thread: threading.Thread, timeout_s: float) -> None:
    # Watchers and receivers may close the link whose thread calls them.
    if thread.is_alive() and thread is not threading.current_thread():
        thread.join(timeout_s)


def _shut(dialling: socket.socket) -> None:
    with suppress(OSError):
        dialling.shutdown(socket.SHUT_RDWR)
