"""
The DM and the agents: clients whose own address comes from a configuration, too.

A node follows the configuration that says who it is. It changes the type of messaging
when that says so, and makes another client when the node is somebody else.
"""

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, Self

from config_admin.core.display import escaped
from config_admin.core.properties import Properties
from config_admin.messaging.client import Admin, ReconfigurableClient
from config_admin.messaging.context import Context
from config_admin.messaging.identity import DM_PID, read_dm
from config_admin.messaging.inbox import MessageCallback

if TYPE_CHECKING:
    from config_admin.core.registration import ServiceRegistration

_LOG = logging.getLogger(__name__)


class Identity(Protocol):
    """Who a node is, and how it is reached."""

    @property
    def messaging_type(self) -> str:
        """Which messaging: rabbitmq, http, in-memory or idle."""
        ...

    @property
    def owner(self) -> Context:
        """Its address."""
        ...


ClientCallback = Callable[[ReconfigurableClient], object]


class Node:
    """
    Keeps a client that is what a configuration says.

    Args:
        admin: Tells of the configurations.
        pid: Which one says who it is.
        read: Reads it; raises ConfigurationError.

    Attributes:
        client: The client; None as long as nobody knows who it is.
    """

    def __init__(
        self, admin: Admin, pid: str, read: Callable[[Properties], Identity]
    ) -> None:
        self.client: ReconfigurableClient | None = None
        self._admin = admin
        self._read = read
        self._callbacks: tuple[MessageCallback, ...] = ()
        self._on_client: tuple[ClientCallback, ...] = ()
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._registration: ServiceRegistration | None = None
        self._is_closed = False
        self._pid = pid

    def start(self) -> Self:
        """Follow the configuration, from now on."""
        self._is_closed = False
        self._registration = self._admin.add_managed_service(self._pid, self)
        return self

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def on_message(self, callback: MessageCallback) -> MessageCallback:
        """Call *callback* with each message, whichever client it comes to."""
        with self._lock:
            self._callbacks = (*self._callbacks, callback)
            if self.client is not None:
                self.client.on_message(callback)
        return callback

    def on_client(self, callback: ClientCallback) -> ClientCallback:
        """Call *callback* with the client, and with each that takes its place."""
        with self._lock:
            self._on_client = (*self._on_client, callback)
            client = self.client
        if client is not None:
            callback(client)
        return callback

    def wait(self, timeout_s: float | None = None) -> ReconfigurableClient | None:
        """Wait until it is known who it is; the client, None if it is not in time."""
        with self._changed:
            self._changed.wait_for(lambda: self.client is not None, timeout_s)
            return self.client

    def check(self, properties: Properties) -> None:
        """Refuse what names nobody."""
        self._read(properties)

    def updated(self, properties: Properties | None) -> None:
        """Be what *properties* say; without a configuration, nobody."""
        self._become(None if properties is None else self._read(properties))

    def close(self) -> None:
        """Follow nothing any more, and end the client."""
        with self._lock:
            self._is_closed = True
        if self._registration is not None:
            self._registration.close()
        self._replace(self.client, None)

    def _become(self, identity: Identity | None) -> None:
        """Be *identity*; None: nobody."""
        before = self.client
        if identity is None or before is None or before.owner != identity.owner:
            self._replace(before, identity)
        else:
            before.change_type(identity.messaging_type)

    def _replace(
        self, before: ReconfigurableClient | None, identity: Identity | None
    ) -> None:
        if before is not None:
            before.close()
        with self._lock:
            self.client = None
        if identity is None:
            return
        client = ReconfigurableClient(
            self._admin, messaging_type=identity.messaging_type, owner=identity.owner
        )
        with self._lock:
            is_late = self._is_closed  # meanwhile
            self.client = None if is_late else client
            self._changed.notify_all()
            callbacks, on_client = self._callbacks, self._on_client
        if is_late:
            client.close()
            return
        for callback in callbacks:
            client.on_message(callback)
        for told in on_client:
            told(client)
        _LOG.info(
            "%s: there, by %s", escaped(client.owner.queue), identity.messaging_type
        )


class Dm(Node):
    """
    A deployment manager that follows ``net.roboconf.dm.configuration``.

    Args:
        admin: Tells of the configurations.
    """

    def __init__(self, admin: Admin) -> None:
        super().__init__(admin, DM_PID, read_dm)
