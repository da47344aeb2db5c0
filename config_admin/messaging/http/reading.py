"""
Reads the frames that come from the other side, which may be anybody.

Whatever comes is held to its form before anything is done with it: its keys, their
types, and how long texts and lists are.
"""

import json
from base64 import b64decode
from collections.abc import Callable
from typing import Final, TypeAlias, TypeVar

from config_admin.core.display import shown
from config_admin.messaging.context import Context, context_of
from config_admin.messaging.http.frames import (
    MOST_BODY_BYTES,
    MOST_MESSAGES,
    VERSION,
    Acknowledge,
    Answers,
    Ask,
    Consume,
    Count,
    Deliver,
    FromHub,
    FromPeer,
    Hello,
    Publish,
    Refused,
    Subscribe,
    Unsubscribe,
    Welcome,
)
from config_admin.messaging.message import Message

_MOST_CONTEXTS = 10_000
_MOST_CHARACTERS = 600

_Frame = TypeVar("_Frame")
_Fields: TypeAlias = dict[str, Callable[[object], object]]
_Table: TypeAlias = dict[str, tuple[Callable[..., _Frame], _Fields]]


class FrameError(Exception):
    """A frame is not what it should be; its text is for the other side."""


def from_peer(text: str | bytes) -> FromPeer:
    """
    What a peer has sent.

    Raises:
        FrameError: If it is no frame of a peer.
    """
    return _read(text, _OF_PEER)


def from_hub(text: str | bytes) -> FromHub:
    """
    What a hub has sent.

    Raises:
        FrameError: If it is no frame of a hub.
    """
    return _read(text, _OF_HUB)


def _read(text: str | bytes, table: _Table[_Frame]) -> _Frame:
    value = _object(text)
    op = value.pop("op", None)
    if not isinstance(op, str) or op not in table:
        known = ", ".join(table)
        raise FrameError(f"op: found {shown(op)}, expected one of {known}")
    if op == "hello" and value.pop("version", None) != VERSION:
        raise FrameError(f"version: expected {VERSION}: use the same release here")
    make, fields = table[op]
    if value.keys() != fields.keys():
        expected = ", ".join(fields) or "nothing else"
        raise FrameError(f"{op}: expected the keys {expected}")
    values = {}
    for name, read in fields.items():
        try:
            values[name] = read(value[name])
        except ValueError as error:
            raise FrameError(f"{op}: {name}: {error}") from None
    return make(**values)


def _object(text: str | bytes) -> dict[str, object]:
    if not isinstance(text, str):
        raise FrameError("found binary data, expected a text frame with JSON")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise FrameError("found no JSON, expected one object") from None
    if not isinstance(value, dict):
        raise FrameError("expected a JSON object")
    return value


def _whole(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**63:
        raise ValueError("expected a whole number, 0 at least")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _MOST_CHARACTERS:
        raise ValueError(f"expected a text of {_MOST_CHARACTERS} characters at most")
    if not value.isprintable():
        raise ValueError("expected only characters that can be printed")
    return value


def _reason(value: object) -> str:
    return value[:_MOST_CHARACTERS] if isinstance(value, str) else ""


def _list(value: object, most: int) -> list[object]:
    if not isinstance(value, list) or len(value) > most:
        raise ValueError(f"expected a list of {most:,} at most")
    return value


def _context(value: object) -> Context:
    match value:
        case [exchange, ""]:
            return context_of(_text(exchange), "")
        case [exchange, topic]:
            return context_of(_text(exchange), _text(topic))
    raise ValueError("expected an exchange and a topic")


def _contexts(value: object) -> tuple[Context, ...]:
    return tuple(_context(one) for one in _list(value, _MOST_CONTEXTS))


def _message(value: object) -> Message:
    match value:
        case [id_, sender, exchange, topic, str(body), bool(is_repeated)]:
            content = b64decode(body, validate=True)
            if len(content) > MOST_BODY_BYTES:
                raise ValueError(
                    f"expected a body of {MOST_BODY_BYTES:,} bytes at most"
                )
            context = _context([exchange, topic])
            return Message(_text(id_), _text(sender), context, content, is_repeated)
    raise ValueError("expected id, sender, exchange, topic, body, is_repeated")


def _messages(value: object) -> tuple[Message, ...]:
    return tuple(_message(one) for one in _list(value, MOST_MESSAGES))


def _delivery(value: object) -> tuple[int, Message]:
    match value:
        case [tag, message]:
            return _whole(tag), _message(message)
    raise ValueError("expected a tag and a message")


def _deliveries(value: object) -> tuple[tuple[int, Message], ...]:
    return tuple(_delivery(one) for one in _list(value, MOST_MESSAGES))


def _ids(value: object) -> tuple[str, ...]:
    return tuple(_text(one) for one in _list(value, MOST_MESSAGES))


_OF_PEER: Final[_Table[FromPeer]] = {
    "hello": (Hello, {"queue": _text, "contexts": _contexts, "without": _contexts}),
    "publish": (Publish, {"messages": _messages}),
    "consume": (Consume, {}),
    "acknowledge": (Acknowledge, {"tag": _whole}),
    "subscribe": (Subscribe, {"context": _context}),
    "unsubscribe": (Unsubscribe, {"context": _context}),
    "ask": (Ask, {"question": _whole}),
}
_OF_HUB: Final[_Table[FromHub]] = {
    "welcome": (Welcome, {}),
    "refused": (Refused, {"reason": _reason}),
    "answers": (Answers, {"confirmed": _ids, "returned": _ids, "full": _ids}),
    "deliver": (Deliver, {"messages": _deliveries}),
    "count": (Count, {"question": _whole, "messages": _whole}),
}
