"""One connection to the broker, with one channel, on an I/O thread of its own."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from time import monotonic
from typing import Any, Final, TypeAlias

import pika
from pika.adapters.select_connection import IOLoop

from config_admin.core.daemon import start_daemon
from config_admin.messaging.errors import LinkError

THREAD_NAME: Final = "config-admin RabbitMQ"
_ABORT_LIMIT_S = 1.0

# Sends a request over a channel; its answer is given to what comes second.
Ask: TypeAlias = Callable[[Any, Callable[[Any], None]], object]


class Connection:
    """
    Everything that is said to the broker is said on its thread: enter with `run`.

    Args:
        parameters: Of pika.
        ended: Called once, when it does not work any more.

    Attributes:
        channel: The channel, once it is open; for its thread only.
        pika: The connection beneath; the same.
        error: Why it ended; None: it has not.
    """

    def __init__(
        self, parameters: pika.ConnectionParameters, ended: Callable[[Exception], None]
    ) -> None:
        self.channel: Any = None
        self.pika: Any = None
        self.error: Exception | None = None
        self._parameters = parameters
        self._told = ended
        self._lock = threading.Lock()
        self._waiting: set[Future[Any]] = set()
        self._opened: Future[Any] = Future()
        self._waiting.add(self._opened)
        self._finished = threading.Event()
        self._thread: int | None = None
        self._is_closing = False
        self._loop: Any = None

    # From any thread

    def start(self) -> None:
        """
        Begin to connect; never wait.

        Raises:
            RuntimeError: If the system has no thread left.
        """
        with self._lock:
            if self.error is not None:
                raise self.error
            self._loop = IOLoop()
        try:
            start_daemon(THREAD_NAME, self._run)
        except RuntimeError:
            self._loop.close()
            self._loop = None
            raise

    def await_open(self, deadline_s: float) -> None:
        """Wait until it is open; what is raised says why it is not."""
        self.answer_to(self._opened, deadline_s)

    def run(self, function: Callable[[], None]) -> None:
        """Let its thread call *function* soon, if it has not ended before."""
        self._loop.add_callback_threadsafe(function)

    def request(self, request: Ask) -> "Future[Any]":
        """Send a request soon, after those before; its answer comes."""
        answer: Future[Any] = Future()
        with self._lock:
            if self.error is not None:
                answer.set_exception(self.error)
                return answer
            self._waiting.add(answer)
        self.run(lambda: self._send(request, answer))
        return answer

    def answer_to(self, answer: "Future[Any]", deadline_s: float) -> Any:  # noqa: ANN401 - as pika gives it
        """Wait for the answer to a request; what is raised says why there is none."""
        try:
            return answer.result(max(0.0, deadline_s - monotonic()))
        finally:
            with self._lock:
                self._waiting.discard(answer)

    def ask(self, request: Ask, deadline_s: float) -> Any:  # noqa: ANN401 - as pika gives it
        """Send a request and wait for its answer."""
        return self.answer_to(self.request(request), deadline_s)

    def is_own_thread(self) -> bool:
        """Whether this is its thread, on which nothing may wait for an answer."""
        return threading.get_ident() == self._thread

    def abort(self, error: Exception) -> None:
        """End it at once, with its socket, because of *error*."""
        if not self._end(error):
            return
        if self._loop is None:
            self._finished.set()
        else:
            self.run(self._cut)

    def farewell(self) -> None:
        """Say goodbye soon; it ends when that is answered."""
        self.run(self._say_goodbye)

    def await_end(self, deadline_s: float) -> None:
        """Wait until it has ended, and do not let it live longer."""
        if self.is_own_thread():
            return
        self._finished.wait(max(0.0, deadline_s - monotonic()))
        self.abort(LinkError(None, "It was closed."))
        self._finished.wait(_ABORT_LIMIT_S)

    # On its thread

    def is_usable(self) -> bool:
        """Whether something can be sent over its channel."""
        return self.error is None and self.channel is not None and self.channel.is_open

    def later(self, delay_s: float, function: Callable[[], None]) -> None:
        """Call *function* after so long; with 0.0: after what has arrived."""
        self._loop.call_later(delay_s, function)

    def _run(self) -> None:
        self._thread = threading.get_ident()
        try:
            self.pika = pika.SelectConnection(
                self._parameters,
                on_open_callback=self._connected,
                on_open_error_callback=self._gone,
                on_close_callback=self._gone,
                custom_ioloop=self._loop,
            )
            self._loop.start()
        except Exception as error:  # noqa: BLE001 - whatever it is, the link repairs it
            self._end(error)
            self._cut_off()
        finally:
            self._loop.close()
            self._thread = None
            self._finished.set()

    def _connected(self, connection: Any) -> None:  # noqa: ANN401 - of pika
        connection.channel(on_open_callback=self._open)

    def _open(self, channel: Any) -> None:  # noqa: ANN401 - of pika
        self.channel = channel
        channel.add_on_close_callback(self._channel_gone)
        self._settle(self._opened, None)

    def _channel_gone(self, _: object, reason: Exception) -> None:
        if not self._is_closing:
            self.abort(reason)

    def _gone(self, _: object, reason: Exception) -> None:
        self._end(reason)
        self._loop.stop()

    def _send(self, request: Ask, answer: "Future[Any]") -> None:
        try:
            request(self.channel, lambda frame: self._settle(answer, frame))
        except Exception as error:  # noqa: BLE001 - who asked is told
            if not answer.done():
                answer.set_exception(error)

    def _say_goodbye(self) -> None:
        if self.error is None and self.pika is not None and self.pika.is_open:
            self._is_closing = True
            # pika would cancel a consumer first: the next one would be given what is
            # new before what this one hands back. There is no public way around it.
            if self.channel is not None:
                self.channel._cancelled.update(self.channel.consumer_tags)  # noqa: SLF001 - see above
            self.pika.close()

    def _cut(self) -> None:
        # There is no public way: to stop the loop would leave the socket open.
        if self.pika is not None and not self.pika.is_closed:
            self.pika._terminate_stream(self.error)  # noqa: SLF001 - see above
        else:
            self._loop.stop()

    def _cut_off(self) -> None:
        with suppress(Exception):
            if self.pika is not None and not self.pika.is_closed:
                self._cut()
                self.later(_ABORT_LIMIT_S, self._loop.stop)
                self._loop.start()

    # Both

    def _end(self, error: Exception) -> bool:
        """Whether this was the end of it."""
        with self._lock:
            if self.error is not None:
                return False
            self.error = error
            waiting, self._waiting = self._waiting, set()
            for answer in waiting:
                if not answer.done():
                    answer.set_exception(error)
        self._told(error)
        return True

    def _settle(self, answer: "Future[Any]", value: object) -> None:
        with self._lock:
            if not answer.done():
                answer.set_result(value)


class OurThreadsFilter(logging.Filter):
    """Drops what pika logs of our connections: we say it, once and with its cure."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether *record* is not of a thread of ours."""
        return not (record.threadName or "").startswith(THREAD_NAME)


def quieten() -> None:
    """Let pika say nothing on our threads."""
    for name in tuple(logging.Logger.manager.loggerDict):
        if name.partition(".")[0] == "pika":
            logger = logging.getLogger(name)
            if not any(isinstance(one, OurThreadsFilter) for one in logger.filters):
                logger.addFilter(OurThreadsFilter())
