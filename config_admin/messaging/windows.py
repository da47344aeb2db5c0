"""
Which messages were there already: at least once becomes once.

A message comes twice when its sender, or its broker, could not know whether it had
arrived. Its id tells. There is a window of ids for each source, as an order holds
within one only; and one for messages that may have been sent by another way before,
which the first copy may follow.
"""

from collections import OrderedDict
from typing import Final

from config_admin.messaging.message import Message

MOST_IDS: Final = 50_000
_MOST_SOURCES = 4


class Windows:
    """
    The ids of what was received last, by source.

    Args:
        most_ids: How many each window remembers.
    """

    def __init__(self, most_ids: int = MOST_IDS) -> None:
        self._most_ids = most_ids
        self._windows: OrderedDict[str, dict[str, None]] = OrderedDict()
        self._repeated: dict[str, None] = {}

    def is_new(self, source: str, message: Message) -> bool:
        """Whether *message* was not received yet; it is remembered now."""
        window = self._window(source)
        if message.id in window or message.id in self._repeated:
            return False
        if message.is_repeated:
            if any(message.id in other for other in self._windows.values()):
                return False
            self._remember(self._repeated, message.id)
        self._remember(window, message.id)
        return True

    def _window(self, source: str) -> dict[str, None]:
        window = self._windows.get(source)
        if window is None:
            window = self._windows[source] = {}
            while len(self._windows) > _MOST_SOURCES:
                self._windows.popitem(last=False)
        return window

    def _remember(self, window: dict[str, None], message_id: str) -> None:
        window[message_id] = None
        if len(window) > self._most_ids:
            del window[next(iter(window))]
