"""
The frames that the hub and its peers exchange, one JSON object each.

Each is a class here; its name in small letters is its ``op``.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

from config_admin.messaging.context import Context
from config_admin.messaging.message import Message

VERSION: Final = 1
MOST_BODY_BYTES: Final = 1024 * 1024
# In base64, with all that is around it.
MOST_FRAME_BYTES: Final = 2 * MOST_BODY_BYTES
MOST_MESSAGES: Final = 256

_PORTION_BYTES = 256 * 1024

_Item = TypeVar("_Item")

# From a peer


@dataclass(frozen=True, slots=True)
class Hello:
    """Who a peer is, what it wants to hear, and what not any more."""

    queue: str
    contexts: tuple[Context, ...]
    without: tuple[Context, ...] = ()


@dataclass(frozen=True, slots=True)
class Publish:
    """What it sends."""

    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Consume:
    """It takes what is in its queue from now on."""


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """It is done with everything up to a tag."""

    tag: int


@dataclass(frozen=True, slots=True)
class Subscribe:
    """It wants to hear this, too."""

    context: Context


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """It does not want to hear this any more."""

    context: Context


@dataclass(frozen=True, slots=True)
class Ask:
    """How many messages are in its queue?"""

    question: int


# From the hub


@dataclass(frozen=True, slots=True)
class Welcome:
    """The answer to `Hello`."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why the hub closes the connection now."""

    reason: str


@dataclass(frozen=True, slots=True)
class Answers:
    """What became of messages, by their ids."""

    confirmed: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    full: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deliver:
    """Messages with their tags."""

    messages: tuple[tuple[int, Message], ...]


@dataclass(frozen=True, slots=True)
class Count:
    """The answer to `Ask`."""

    question: int
    messages: int


FromPeer: TypeAlias = (
    Hello | Publish | Consume | Acknowledge | Subscribe | Unsubscribe | Ask
)
FromHub: TypeAlias = Welcome | Refused | Answers | Deliver | Count
Frame: TypeAlias = FromPeer | FromHub


def text_of(frame: Frame) -> str:
    """*frame* as it is sent."""
    values: dict[str, object] = {"op": type(frame).__name__.lower()}
    for name in frame.__slots__:
        values[name] = _plain(getattr(frame, name))
    if isinstance(frame, Hello):
        values["version"] = VERSION
    return json.dumps(values, separators=(",", ":"))


def portions(
    items: Iterable[_Item], size_of: Callable[[_Item], int]
) -> Iterable[tuple[_Item, ...]]:
    """*items* in portions that fit into a frame; none is too long by itself."""
    portion: list[_Item] = []
    total = 0
    for item in items:
        size = size_of(item)
        if portion and (total + size > _PORTION_BYTES or len(portion) >= MOST_MESSAGES):
            yield tuple(portion)
            portion, total = [], 0
        portion.append(item)
        total += size
    if portion:
        yield tuple(portion)


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Context):
        return [value.exchange, value.topic]
    if isinstance(value, Message):
        body = b64encode(value.body).decode("ascii")
        context = value.context
        address = [context.exchange, context.topic]
        return [value.id, value.sender, *address, body, value.is_repeated]
    return value
