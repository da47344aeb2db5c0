"""
Messaging that follows its configuration: clients, and what carries their messages.

`ReconfigurableClient` publishes and receives; `Context` is an address. `Dm` takes its
own from a configuration, as does `config_admin.nodes.Agent`. ``docs/messaging.md``
shows how.
"""

from config_admin.messaging.client import ReconfigurableClient, Status
from config_admin.messaging.context import Context, Kind
from config_admin.messaging.errors import (
    ClosedError,
    LinkError,
    MessagingError,
    OutboxFullError,
)
from config_admin.messaging.message import Message
from config_admin.messaging.node import Dm
from config_admin.messaging.publication import Outcome, Publication
from config_admin.messaging.switching import Switch

__all__ = [
    "ClosedError",
    "Context",
    "Dm",
    "Kind",
    "LinkError",
    "Message",
    "MessagingError",
    "OutboxFullError",
    "Outcome",
    "Publication",
    "ReconfigurableClient",
    "Status",
    "Switch",
]
