"""The hubs of this process: one for each address, for as long as links use it."""

import threading
from typing import TYPE_CHECKING

from config_admin.messaging.errors import LinkError
from config_admin.messaging.exchanges import Exchanges
from config_admin.messaging.http.frames import MOST_BODY_BYTES
from config_admin.messaging.http.settings import PORT, HttpSettings
from config_admin.messaging.link import Link
from config_admin.messaging.memory import left_behind

if TYPE_CHECKING:
    from config_admin.messaging.http.hub import Hub, Pass

_lock = threading.Lock()
_hubs: dict[str, "_Shared"] = {}


class _Shared:
    """A hub, and how many links use it."""

    def __init__(self, hub: "Hub", settings: HttpSettings) -> None:
        self.hub = hub
        self.name, self.port = settings.name, settings.port
        self.links = 0


class HubPlace:
    """
    The hub of a DM in this process.

    While a configuration changes, the old link and the new one may both use it: so it
    begins with the first link at its address and ends with the last.

    Args:
        settings: Where it listens, and the token.
        domain: Whose peers the token lets in.
    """

    def __init__(self, settings: HttpSettings, domain: str) -> None:
        self.name, self.source = settings.name, settings.source
        self.most_bytes: int | None = MOST_BODY_BYTES
        self._settings = settings
        self._domain = domain
        self._pass: Pass | None = None

    def enter(self, link: Link) -> Exchanges:  # noqa: ARG002 - a Place
        """
        Begin to use the hub.

        Raises:
            LinkError: If there is no token, or it cannot listen there.
        """
        self._settings.require_token()
        try:
            from config_admin.messaging.http.hub import (  # noqa: PLC0415 - an extra
                Hub,
                Pass,
            )
        except ImportError as error:
            raise not_installed(self._settings) from error
        with _lock:
            shared = _hubs.get(self.source)
            if shared is None:
                self._require_no_other()
                hub = Hub(self._settings)
                hub.start()
                shared = _hubs[self.source] = _Shared(hub, self._settings)
            shared.links += 1
            self._pass = Pass(self._settings.token, self._domain)
            shared.hub.admit(self._pass)
            return shared.hub.exchanges

    def leave(self, link: Link) -> list[str]:  # noqa: ARG002 - a Place
        """End to use the hub; what is lost with it, if this was the last link."""
        with _lock:
            shared = _hubs[self.source]
            shared.links -= 1
            if shared.links and self._pass is not None:
                shared.hub.dismiss(self._pass)
                return []
            del _hubs[self.source]
            shared.hub.stop()
        return [
            f"{left_behind(count, queue)}: lost, as {self.name} has ended."
            for queue, count in shared.hub.exchanges.left().items()
        ]

    def _require_no_other(self) -> None:
        for other in _hubs.values():
            if other.port == self._settings.port:
                raise LinkError(
                    PORT,
                    f"{PORT}: {self.name} cannot begin while {other.name} of this "
                    "process has the same port. Write another port here and for the "
                    "agents, or the address as before.",
                )


def not_installed(settings: HttpSettings) -> LinkError:
    """There are no WebSockets here."""
    return LinkError(
        None,
        f"{settings.name} cannot be used: the package websockets is not installed. "
        "Install it: pip install config-admin[http]",
    )
