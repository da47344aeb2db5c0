"""The link to a RabbitMQ broker: publishes, consumes, and repairs itself."""

import queue
import threading
from collections.abc import Iterable
from typing import Final

from config_admin.core.daemon import start_daemon
from config_admin.core.display import escaped
from config_admin.messaging.context import Context
from config_admin.messaging.errors import LinkError
from config_admin.messaging.link import Receiver, Watcher
from config_admin.messaging.message import Message
from config_admin.messaging.outbox import Outbox
from config_admin.messaging.rabbitmq import address
from config_admin.messaging.rabbitmq.connection import THREAD_NAME, quieten
from config_admin.messaging.rabbitmq.failures import link_error
from config_admin.messaging.rabbitmq.intake import Intake
from config_admin.messaging.rabbitmq.pauses import Pauses
from config_admin.messaging.rabbitmq.session import Session
from config_admin.messaging.rabbitmq.settings import RabbitMQSettings

_JOIN_LIMIT_S = 2.0

# AMQP has 255 bytes for a name; the number of a message comes behind this one.
_MOST_QUEUE_CHARACTERS: Final = 220


class RabbitMQLink:
    """
    See `config_admin.messaging.link.Link`.

    Args:
        settings: Where it leads.
        owner: Whose queue it consumes from.
        watcher: Told on the threads of the link.
    """

    def __init__(
        self, settings: RabbitMQSettings, owner: Context, watcher: Watcher
    ) -> None:
        where = address.written(settings.host, settings.port)
        host = settings.virtual_host
        self.source = f"rabbitmq {where}/{host}"
        self.name = escaped(
            f"RabbitMQ at {where}" + (f", virtual host {host}" if host != "/" else "")
        )
        self.is_up = False
        self._settings = settings
        self._queue = owner.queue
        self._watcher = watcher
        self._intake = Intake()
        self._pauses = Pauses()
        self._lock = threading.Lock()
        self._contexts: dict[Context, bool] = {}  # whether they are wanted
        self._session: Session | None = None
        self._opening: Session | None = None
        self._receiver: Receiver | None = None
        self._last_tag = 0
        self._losses: queue.SimpleQueue[tuple[Session, Exception] | None] = (
            queue.SimpleQueue()
        )
        self._is_closed = threading.Event()
        self._has_said_foreign = False
        self._keeper: int | None = None
        self._kept = threading.Event()
        self._kept.set()

    def open(self, contexts: Iterable[Context]) -> None:  # noqa: D102 - as in Link
        quieten()
        if len(self._queue) > _MOST_QUEUE_CHARACTERS:
            raise LinkError(
                None,
                f"The queue {escaped(self._queue)} has a name of {len(self._queue)} "
                f"characters, and {_MOST_QUEUE_CHARACTERS} are possible. Shorten the "
                "names of the domain, the application or the instance.",
            )
        with self._lock:
            self._contexts.update(dict.fromkeys(contexts, True))
        session = self._connect()
        self._kept.clear()
        try:
            start_daemon(THREAD_NAME, self._keep)
        except RuntimeError as error:
            self._kept.set()
            session.abort(error)
            raise self._failure(error) from error
        try:
            self._adopt(session)
        except LinkError:
            self._losses.put(None)
            raise

    def publish_from(self, outbox: Outbox) -> None:  # noqa: D102 - as in Link
        self._intake.open(outbox)
        self.wake()

    def wake(self) -> None:  # noqa: D102 - as in Link
        session = self._session
        if session is not None:
            session.publisher.wake()

    def pause(self) -> None:  # noqa: D102 - as in Link
        self._intake.close()

    def consume_into(self, receiver: Receiver) -> None:  # noqa: D102 - as in Link
        with self._lock:
            self._receiver = receiver
            if self._session is not None:
                self._session.consume(self._deliver)

    def acknowledge(self, tag: int) -> None:  # noqa: D102 - as in Link
        session = self._session
        if session is not None:
            session.consumer.acknowledge(tag)

    def subscribe(self, context: Context) -> None:  # noqa: D102 - as in Link
        self._want(context, is_wanted=True)

    def unsubscribe(self, context: Context) -> None:  # noqa: D102 - as in Link
        self._want(context, is_wanted=False)

    def is_drained(self) -> bool:  # noqa: D102 - as in Link
        session = self._session
        return session is not None and session.is_drained()

    def close(self) -> None:  # noqa: D102 - as in Link
        with self._lock:
            if self._is_closed.is_set():
                return
            self._is_closed.set()
            session, self._session = self._session, None
            opening = self._opening
            self.is_up = False
        self._intake.close()
        self._losses.put(None)
        if opening is not None:
            opening.abort(self._closed())
        if session is not None:
            session.close()
        if self._keeper != threading.get_ident():
            self._kept.wait(_JOIN_LIMIT_S)

    def _want(self, context: Context, *, is_wanted: bool) -> None:
        with self._lock:
            self._contexts[context] = is_wanted
            session = self._session
            # Under the lock: the last one who wants it is the last one who says so.
            wait = session.bind(context, is_wanted=is_wanted) if session else _nothing
        wait()

    def _deliver(self, message: Message, tag: int) -> None:
        if self._receiver is not None:
            self._receiver.receive(self, message, tag)

    def _connect(self) -> Session:
        """A session that works, for what is wanted now."""
        session = None
        try:
            session = self._new_session()
            session.open(self._begin_opening(session))
        except Exception as error:  # whatever it is, it becomes one of ours
            if session is not None:
                session.abort(error)
            raise self._failure(error) from error
        finally:
            with self._lock:
                self._opening = None
        return session

    def _new_session(self) -> Session:
        return Session(
            self._settings,
            self._queue,
            self._intake,
            base=self._last_tag,
            name=self.name,
            lost=self._lost,
            said=lambda what: self._watcher.said(self, what),
            foreign=self._came_foreign,
        )

    def _begin_opening(self, session: Session) -> dict[Context, bool]:
        with self._lock:
            if self._is_closed.is_set():
                raise self._closed()
            self._opening = session
            return dict(self._contexts)

    def _adopt(self, session: Session) -> None:
        """From now on everything goes over *session*, unless it is lost already."""
        with self._lock:
            if self._is_closed.is_set():
                error: Exception | None = self._closed()
            else:
                error = session.error
            if error is None:
                self._session, self.is_up = session, True
                # What was wanted meanwhile; doing it twice does no harm.
                for context, is_wanted in self._contexts.items():
                    session.bind(context, is_wanted=is_wanted)
                if self._receiver is not None:
                    session.consume(self._deliver)
                self._intake.give_to(session.publisher)
        if error is not None:
            session.abort(error)
            raise self._failure(error)
        session.publisher.wake()

    def _lost(self, session: Session, error: Exception) -> None:
        with self._lock:
            if session is not self._session:
                return
            self._session, self.is_up = None, False
        self._losses.put((session, error))

    # On the keeper's thread

    def _keep(self) -> None:
        self._keeper = threading.get_ident()
        try:
            while (loss := self._losses.get()) is not None:
                self._repair_after(*loss)
        finally:
            self._kept.set()

    def _repair_after(self, session: Session, error: Exception) -> None:
        session.abort(error)
        self._intake.give_to(None)
        self._last_tag = session.consumer.last_tag
        self._watcher.lost(self, self._failure(error))
        while not self._is_closed.wait(self._pauses.next_s()):
            try:
                self._adopt(self._connect())
            except LinkError:
                continue
            self._pauses.worked()
            self._watcher.recovered(self)
            return

    def _came_foreign(self, why: str) -> None:
        if not self._has_said_foreign:
            self._has_said_foreign = True
            self._watcher.said(
                self,
                f"{self.name}: something came to the queue {self._queue} that no "
                f"client has sent, and was dropped: {why}. Find out who publishes it. "
                "More of them are not told.",
            )

    def _failure(self, error: Exception) -> LinkError:
        return link_error(error, self._settings)

    def _closed(self) -> LinkError:
        return LinkError(None, f"The link to {self.name} was closed.")


def _nothing() -> None:
    """What there is to wait for while it is down."""
