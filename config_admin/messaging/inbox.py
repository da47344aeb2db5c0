"""The inbox: what links receive, called back once and in order, on its own thread."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from config_admin.core.display import escaped
from config_admin.core.foreign import raised_by
from config_admin.messaging.link import Link
from config_admin.messaging.message import Message
from config_admin.messaging.windows import Windows

_LOG = logging.getLogger(__name__)

MessageCallback = Callable[[Message], object]


class Inbox:
    """
    Takes messages from links until it is closed.

    Args:
        name: Of its client.

    Attributes:
        received: How many were called back.
        duplicates: How many were dropped, as they had been called back before.
        failed: How many callbacks raised; the message counts as received.
    """

    def __init__(self, name: str) -> None:
        self.received = self.duplicates = self.failed = 0
        self._name = name
        self._windows = Windows()
        self._fetched: dict[str, int] = {}
        self._callbacks: tuple[MessageCallback, ...] = ()
        self._lock = threading.Lock()
        self._came: deque[tuple[Link, Message, int]] = deque()
        self._changed = threading.Condition()
        self._is_closed = False
        self._thread: threading.Thread | None = None

    def add(self, callback: MessageCallback) -> None:
        """Call *callback* with what comes; before the first one, nothing is taken."""
        with self._lock:
            self._callbacks = (*self._callbacks, callback)
            if self._thread is None and not self._is_closed:
                self._thread = threading.Thread(
                    target=self._run, name=f"config-admin inbox {self._name}"
                )
                self._thread.daemon = True
                self._thread.start()

    def receive(self, link: Link, message: Message, tag: int) -> None:
        """Take *message* from *link*."""
        with self._changed:
            self._came.append((link, message, tag))
            self._changed.notify()

    def forget(self, link: Link) -> None:
        """*link* was lost: what waits here comes again when it is back."""
        with self._changed:
            self._came = deque(one for one in self._came if one[0] is not link)

    def fetched_from(self, source: str) -> int:
        """How many came from there up to now, duplicates too."""
        return self._fetched.get(source, 0)

    def close(self, timeout_s: float) -> None:
        """Call nobody any more; wait *timeout_s* for the call that runs."""
        with self._lock:
            self._is_closed = True
            thread = self._thread
        with self._changed:
            self._changed.notify()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)

    def _run(self) -> None:
        while (came := self._next()) is not None:
            link, message, tag = came
            self._fetched[link.source] = self._fetched.get(link.source, 0) + 1
            if self._windows.is_new(link.source, message):
                self._call_back(replace(message, way=link.name))
            else:
                self.duplicates += 1
            link.acknowledge(tag)

    def _next(self) -> tuple[Link, Message, int] | None:
        """What came first; None: it was closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._came or self._is_closed)
            return None if self._is_closed else self._came.popleft()

    def _call_back(self, message: Message) -> None:
        self.received += 1
        for callback in self._callbacks:
            error = raised_by(partial(callback, message))
            if error is not None:
                self.failed += 1
                _LOG.error(  # not its words: they may quote the message
                    "%s: %s of a callback with %r, which counts as received. Its trace "
                    "is logged as DEBUG.",
                    escaped(self._name),
                    escaped(type(error).__name__),
                    message,
                )
                _LOG.debug("%s: the trace", escaped(self._name), exc_info=error)
