"""A client's configuration, followed: what is wanted, what came of it, another try."""

import logging
import threading
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from config_admin.core.display import escaped
from config_admin.core.errors import ConfigurationError
from config_admin.core.foreign import raised_by
from config_admin.core.properties import Properties
from config_admin.messaging.chore import Chore
from config_admin.messaging.errors import LinkError
from config_admin.messaging.identity import IDLE
from config_admin.messaging.inbox import Inbox
from config_admin.messaging.link import Link, LinkSettings, ReadSettings
from config_admin.messaging.outbox import Outbox
from config_admin.messaging.switching import Switch, Switchboard
from config_admin.messaging.types import pid_of, reader_of

if TYPE_CHECKING:
    from config_admin.core.registration import ServiceRegistration
    from config_admin.messaging.client import Admin

_LOG = logging.getLogger(__name__)

_FIRST_RETRY_S: Final = 0.5
_LAST_RETRY_S: Final = 4.0
_JOIN_S = 1.0


class Following:
    """
    Brings a switchboard to what the configuration says; a watcher of its links.

    Args:
        admin: Tells of the configuration.
        name: Of its client.

    Attributes:
        messaging_type: Which one.
        is_idle: Whether nothing is wanted: there is no configuration, or it says so.
            As long as nobody has looked, it is not.
    """

    def __init__(self, admin: "Admin", name: str) -> None:
        self.messaging_type = ""
        self.is_idle = False
        self._admin = admin
        self._name = name
        self._lock = threading.Lock()
        self._telling = threading.RLock()
        self._service: MessagingService | None = None
        self._registration: ServiceRegistration | None = None
        self._failure: LinkError | None = None
        self._losses: WeakKeyDictionary[Link, LinkError] = WeakKeyDictionary()
        self._callbacks: tuple[Callable[[Switch], object], ...] = ()
        self._chore = Chore("messaging retries", self._retry)
        self._retry_s = _FIRST_RETRY_S
        self._due_s = 0.0
        self._wanted: LinkSettings | None = None

    def follow(
        self, board: Switchboard, outbox: Outbox, inbox: Inbox, messaging_type: str
    ) -> None:
        """Begin: *board* is what follows, between *outbox* and *inbox*."""
        self._board = board
        self._outbox = outbox
        self._inbox = inbox
        self.is_idle = messaging_type == IDLE
        self.change_type(messaging_type)

    def change_type(self, messaging_type: str) -> None:
        """Follow the configuration of *messaging_type*."""
        if messaging_type == self.messaging_type:
            return
        service = MessagingService(reader_of(messaging_type), self, self._name)
        with self._lock:
            before, self._service = self._registration, service
            self.messaging_type = messaging_type
            self._registration = None
            self._failure = None
        if before is not None:
            before.close()
        registration = self._admin.add_managed_service(pid_of(messaging_type), service)
        with self._lock:
            self._registration = registration
            is_known = self._failure is not None or self._loss() is not None
        if is_known:  # else it may be being found out: that nothing is wrong is no news
            self._tell()

    def on_switch(self, callback: Callable[[Switch], object]) -> None:
        """Call *callback* after each change."""
        with self._lock:
            self._callbacks = (*self._callbacks, callback)

    def apply(self, service: "MessagingService", settings: LinkSettings | None) -> None:
        """
        Be where *settings* lead, as *service* wants it.

        Raises:
            ConfigurationError: If that cannot be reached now; it is tried again.
        """
        with self._lock:
            if service is not self._service:
                return  # another type is wanted by now
            self._wanted = settings
            self.is_idle = settings is None
            self._retry_s = _FIRST_RETRY_S
        failure = self._change(settings, service)
        self._tell()  # after whatever was told while it was being changed
        if failure is not None:
            raise self._as_fault(failure)

    def close(self) -> None:
        """Follow nothing any more."""
        with self._lock:
            self._service = None
            registration, self._registration = self._registration, None
            self.is_idle = True
        if registration is not None:
            registration.close()
        self._chore.close(_JOIN_S)

    # What links tell

    def lost(self, link: Link, error: LinkError) -> None:
        """It does not work any more."""
        self._outbox.recheck()
        _LOG.debug("%s: %s", link.name, escaped(error.reason))
        self._inbox.forget(link)
        self._losses[link] = error
        if link is self._board.current:  # else it was left, and the others may be gone
            self._tell()

    def recovered(self, link: Link) -> None:
        """It works again."""
        self._losses.pop(link, None)
        if link is self._board.current:
            _LOG.info("%s: it works again", link.name)
            self._tell()

    def said(self, link: Link, what: str) -> None:
        """Something that people should know."""
        _LOG.warning("%s: %s", link.name, escaped(what))

    def _change(
        self, settings: LinkSettings | None, service: "MessagingService | None"
    ) -> LinkError | None:
        """Change to *settings*; why that was not possible, and is tried again."""

        def is_wanted() -> bool:
            return service is self._service and settings is self._wanted

        try:
            switch = self._board.change_to(settings, is_wanted)
        except LinkError as error:
            self._note_failure(error, is_wanted)
            return error
        with self._lock:
            if is_wanted():
                self._failure = None
        if switch is not None:
            self._tell_switch(switch)
        return None

    def _note_failure(self, error: LinkError, is_wanted: Callable[[], bool]) -> None:
        with self._lock:
            if not is_wanted():
                return
            self._failure = error
            self._due_s = monotonic() + self._retry_s
            self._retry_s = min(2 * self._retry_s, _LAST_RETRY_S)
        self._chore.soon()

    def _tell_switch(self, switch: Switch) -> None:
        for callback in self._callbacks:
            error = raised_by(partial(callback, switch))
            if error is not None:
                name = escaped(type(error).__name__)
                _LOG.error("a callback of a switch raised %s", name, exc_info=error)

    def _retry(self) -> float | None:
        with self._lock:
            if self._failure is None or self._service is None:
                return None
            left_s = self._due_s - monotonic()
            wanted, service = self._wanted, self._service
        if left_s > 0:
            return left_s
        self._change(wanted, service)
        self._tell()  # what is in the way now may be something else
        return 0.0

    def _loss(self) -> LinkError | None:
        """Why the link that is used does not work; None: it does."""
        current = self._board.current
        return None if current is None else self._losses.get(current)

    def _tell(self) -> None:
        """Let the admin know what is wrong now, if anything is."""
        with self._telling:  # so that the last word is what was found last
            with self._lock:
                error = self._failure or self._loss()
                registration = self._registration
            if registration is not None:
                registration.report(None if error is None else self._as_fault(error))

    def _as_fault(self, error: LinkError) -> ConfigurationError:
        """*error*, with its key said once, and what becomes of it."""
        reason = error.reason.removeprefix(f"{error.key}: ").rstrip(".")
        current = self._board.current
        meanwhile = "It is tried again by itself"
        if error is self._failure and current is not None:
            meanwhile += f", and meanwhile messages go by {current.name}"
        return ConfigurationError(error.key, f"{reason}. {meanwhile}")


class MessagingService:
    """
    The managed service of one messaging type.

    Args:
        read: Reads its configuration.
        following: What is to follow it.
        name: Of its client.
    """

    def __init__(self, read: ReadSettings, following: Following, name: str) -> None:
        # Faults and receipts call it so: there may be many clients in a process.
        self.__qualname__ = f"client {name}"
        self.__module__ = "messaging"
        self._read = read
        self._following = following

    def check(self, properties: Properties) -> None:
        """Refuse what contradicts itself."""
        self._read(properties)

    def updated(self, properties: Properties | None) -> None:
        """Go where *properties* lead."""
        self._following.apply(self, self._read(properties))
