"""
From one link to another: nothing is lost, nothing comes twice, the order is kept.

1. The new link is opened, and so proved, while the old one works on. If that fails
   nothing has changed.
2. The old one takes nothing more; what it has in flight is awaited for a moment.
3. What was not confirmed goes to the new one first, marked; then what follows.
4. The old one is drained before the new one is read: `config_admin.messaging.relay`.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from config_admin.core.display import escaped
from config_admin.messaging.chore import Chore
from config_admin.messaging.context import Context
from config_admin.messaging.identity import IDLE
from config_admin.messaging.inbox import Inbox
from config_admin.messaging.link import Link, LinkSettings, Watcher
from config_admin.messaging.outbox import Outbox
from config_admin.messaging.relay import Relay

_LOG = logging.getLogger(__name__)

_PATIENCE_S = 2.0
_JOIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Switch:
    """
    A change of links.

    Attributes:
        before: The name of the link that was left; ``idle``: there was none.
        after: That of the one that is used now.
        pause_s: For how long nothing was sent; `publish` waited for none of it.
        repeated: How many messages were sent again, as the old one had not confirmed
            them.
    """

    before: str
    after: str
    pause_s: float
    repeated: int

    def __str__(self) -> str:
        change = f"{self.before} -> {self.after}"
        if self.before == IDLE:
            return change
        again = f", {self.repeated} messages sent again" if self.repeated else ""
        return f"{change}: publishing paused for {1000 * self.pause_s:.1f} ms{again}"


class Switchboard:
    """
    Holds the link of a client, and changes it; one change at a time.

    Args:
        owner: The address of the client.
        outbox: What it sends.
        inbox: What takes what it receives.
        watcher: Wants to know how the links are.

    Attributes:
        current: The link that is used; None: idle.
        settings: Of that link.
    """

    def __init__(
        self, owner: Context, outbox: Outbox, inbox: Inbox, watcher: Watcher
    ) -> None:
        self.current: Link | None = None
        self.settings: LinkSettings | None = None
        self._owner = owner
        self._outbox = outbox
        self._watcher = watcher
        self._changing = threading.Lock()
        self._lock = threading.Lock()
        self._contexts: dict[Context, None] = {owner: None}
        self._relay = Relay(owner.queue, inbox, monotonic)
        self._chore = Chore(f"messaging links {owner.queue}", self._relay.look)
        self._is_closed = False

    def change_to(
        self, settings: LinkSettings | None, is_wanted: Callable[[], bool]
    ) -> Switch | None:
        """
        Use a link with *settings* from now on; None: none.

        Args:
            settings: Of the link.
            is_wanted: Whether they still are; asked when the change before is over.

        Returns:
            What was changed; None if nothing had to be.

        Raises:
            LinkError: If it cannot be opened; the link of before is used.
        """
        with self._changing:
            is_there = settings == self.settings or self._is_closed
            if is_there or not is_wanted():
                return None
            new, known = self._opened(settings) if settings is not None else (None, ())
            old, begun_s = self.current, monotonic()
            if old is not None:
                old.pause()
                self._outbox.settle(_PATIENCE_S, lambda: not old.is_up)
            repeated = self._outbox.repeat()
            self._use(new, settings, known)
            pause_s = monotonic() - begun_s if old is not None else 0.0
            self._relay.change(old, new)
            self._relay.look()
            self._chore.soon()
            switch = Switch(_name(old), _name(new), pause_s, repeated)
            _LOG.info("%s: %s", escaped(self._owner.queue), switch)
            return switch

    def subscribe(self, context: Context) -> None:
        """Let what is published to *context* come."""
        with self._lock:
            self._contexts[context] = None
            link = self.current
        if link is not None:
            link.subscribe(context)

    def unsubscribe(self, context: Context) -> None:
        """Let nothing more come that is published to *context*."""
        with self._lock:
            self._contexts.pop(context, None)
        for link in self._relay.links():
            link.unsubscribe(context)

    def close(self) -> None:
        """Use no link any more."""
        with self._changing:
            self._is_closed = True
            if self.current is not None:
                self.current.pause()
            self._chore.close(_JOIN_S)
            self._relay.close()
            self.current = None

    def _opened(self, settings: LinkSettings) -> tuple[Link, Sequence[Context]]:
        link = settings.link(self._owner, self._watcher)
        with self._lock:
            contexts = tuple(self._contexts)
        link.open(contexts)
        return link, contexts

    def _use(
        self,
        new: Link | None,
        settings: LinkSettings | None,
        known: Sequence[Context],
    ) -> None:
        with self._lock:
            self.current, self.settings = new, settings
            self._outbox.wake = new.wake if new is not None else _nothing
            wanted = set(self._contexts)
        if new is None:
            return
        for context in wanted - set(known):  # while it was being opened
            new.subscribe(context)
        for context in set(known) - wanted:
            new.unsubscribe(context)
        new.publish_from(self._outbox)


def _name(link: Link | None) -> str:
    return IDLE if link is None else link.name


def _nothing() -> None:
    """Who is woken while there is no link."""
