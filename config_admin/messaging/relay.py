"""
Which links are read: the old ones until they are drained, then the new one.

A link that was left is drained first, so that what was sent before comes before. Then
the next one is read, while the old one lingers: senders may be slower to change. One
that gives nothing for a while, or never ends, holds nobody up for good.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from config_admin.core.display import escaped
from config_admin.messaging.inbox import Inbox
from config_admin.messaging.link import Link

_LOG = logging.getLogger(__name__)

STUCK_AFTER_S = 3.0
NOT_LATER_THAN_S = 30.0
LINGER_S = 10.0
KEEP_S = 600.0
_SOON_S = 0.01
_LATER_S = 0.25


@dataclass(slots=True, eq=False)
class _Leg:
    """
    A link, and how far it is read.

    Attributes:
        left_s: When it was left; None: it is in use.
        is_read: Whether the inbox reads it.
        drained: How often running it was found drained.
        fetched: How many messages had come from there when somebody looked.
        moved_s: When that was another number, or it was left.
    """

    link: Link
    left_s: float | None = None
    is_read: bool = False
    drained: int = 0
    fetched: int = 0
    moved_s: float = 0.0


class Relay:
    """
    The links of one client, the oldest first; at most the last one is in use.

    Args:
        name: Of the client.
        inbox: Reads them.
        clock: Seconds that only grow.
    """

    def __init__(self, name: str, inbox: Inbox, clock: Callable[[], float]) -> None:
        self._name = name
        self._inbox = inbox
        self._clock = clock
        self._looking = threading.Lock()
        self._lock = threading.Lock()
        self._legs: tuple[_Leg, ...] = ()

    def change(self, old: Link | None, new: Link | None) -> None:
        """*old* was left, *new* is used from now on."""
        now_s = self._clock()
        with self._lock:
            for leg in self._legs:
                if leg.link is old:
                    leg.left_s = leg.moved_s = now_s
            if new is not None:
                self._legs = (*self._legs, _Leg(new))

    def links(self) -> tuple[Link, ...]:
        """All of them that are open."""
        return tuple(leg.link for leg in self._legs)

    def look(self) -> float | None:
        """Read what may be read, let go of what is done with; when to look again."""
        with self._looking:
            now_s = self._clock()
            legs = self._legs
            for leg in legs:
                if leg.left_s is not None and leg.is_read:
                    self._note(leg, now_s)
            for number, leg in enumerate(legs):
                if not leg.is_read and self._may_be_read(leg, legs[:number], now_s):
                    self._read(leg, legs[:number])
            for leg in self._legs:
                left_for_s = now_s - (leg.left_s or now_s)
                if left_for_s >= (LINGER_S if leg.drained > 1 else KEEP_S):
                    self._warn_of(leg)
                    self._let_go(leg)
            return self._again_s()

    def close(self) -> None:
        """Read nothing any more, and let go of all of them."""
        with self._looking:
            for leg in self._legs:
                self._warn_of(leg)
                self._let_go(leg)

    def _note(self, leg: _Leg, now_s: float) -> None:
        """How far *leg*, which was left, is now."""
        fetched = self._inbox.fetched_from(leg.link.source)
        if fetched != leg.fetched:
            leg.fetched, leg.moved_s = fetched, now_s
        leg.drained = leg.drained + 1 if leg.link.is_drained() else 0

    def _may_be_read(self, leg: _Leg, before: tuple[_Leg, ...], now_s: float) -> bool:
        others = [one for one in before if one.link.source != leg.link.source]
        return all(_is_passed(one, now_s) for one in others)

    def _read(self, leg: _Leg, before: tuple[_Leg, ...]) -> None:
        leg.is_read = True
        leg.link.consume_into(self._inbox)
        for one in before:
            if one.link.source == leg.link.source:  # it takes its place in the queue
                self._let_go(one)
            elif one.drained <= 1:
                _LOG.warning(
                    "%s: %s is read, though not everything was fetched from %s, which "
                    "is read beside it",
                    escaped(self._name),
                    leg.link.name,
                    one.link.name,
                )

    def _warn_of(self, leg: _Leg) -> None:
        """Say so if *leg* was left, and is not drained."""
        if leg.left_s is not None and leg.drained <= 1:
            _LOG.warning(
                "%s: %s is let go before everything was fetched from it. What it keeps "
                "comes when a configuration leads there again.",
                escaped(self._name),
                leg.link.name,
            )

    def _let_go(self, leg: _Leg) -> None:
        with self._lock:
            self._legs = tuple(one for one in self._legs if one is not leg)
        leg.link.close()

    def _again_s(self) -> float | None:
        if any(not leg.is_read for leg in self._legs):
            return _SOON_S
        is_left = any(leg.left_s is not None for leg in self._legs)
        return _LATER_S if is_left else None


def _is_passed(leg: _Leg, now_s: float) -> bool:
    """Whether what comes after *leg* may be read."""
    if leg.left_s is None:
        return False
    return (
        leg.drained > 1
        or now_s - leg.moved_s >= STUCK_AFTER_S
        or now_s - leg.left_s >= NOT_LATER_THAN_S
    )
