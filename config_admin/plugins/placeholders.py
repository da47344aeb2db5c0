"""
The syntax of placeholders, read once into a tree; nothing is looked up here.

``${name}`` and ``$[kind:name]``, with ``:-text`` (instead, when missing or empty) or
``:+text`` (only when present) before the end; each part may hold placeholders again.
A backslash before ``${`` or ``$[`` makes it plain text; two are one backslash before a
placeholder. What is not closed, and a ``$[…]`` without a kind, is plain text too.

Source: Felix ``InterpolationHelper`` and the Felix interpolation plugin. There the text
in a default is expanded although it is not needed, and what was expanded is searched
for delimiters again; here a value never becomes syntax.
"""

import re
from dataclasses import dataclass, field
from typing import Final, TypeAlias

_TOKEN = re.compile(r"\\*\$[{\[]|[}\]]|:[-+]")
MAX_DEPTH: Final = 32

_CLOSERS = {"${": "}", "$[": "]"}

Parts: TypeAlias = "tuple[str | Placeholder, ...]"


class TooDeepError(Exception):
    """More placeholders stand inside each other than anybody could follow."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """
    One placeholder.

    Attributes:
        opener: ``${`` or ``$[``.
        name: What is looked up.
        operator: ``:-``, ``:+`` or "".
        text: What stands behind the operator.
    """

    opener: str
    name: Parts
    operator: str
    text: Parts


@dataclass(slots=True)
class _Open:
    """A placeholder whose end was not found yet; the outermost one is the value."""

    opener: str
    parts: list[str | Placeholder] = field(default_factory=list)
    name: Parts = ()
    operator: str = ""

    def close(self) -> Placeholder:
        parts = tuple(self.parts)
        name, text = (self.name, parts) if self.operator else (parts, ())
        return Placeholder(self.opener, name, self.operator, text)

    def literal(self) -> list[str | Placeholder]:
        return [self.opener, *self.name, self.operator, *self.parts]


def has_placeholder(text: str) -> bool:
    """Whether *text* may hold something to expand; if not it is never touched."""
    return "${" in text or "$[" in text


def parse(text: str) -> Parts:
    """
    The plain texts and placeholders of *text*, in linear time.

    Raises:
        TooDeepError: If more than `MAX_DEPTH` stand inside each other.
    """
    stack = [_Open("")]
    position = 0
    for token in _TOKEN.finditer(text):
        stack[-1].parts.append(text[position : token.start()])
        position = token.end()
        _take(stack, token.group())
    stack[-1].parts.append(text[position:])
    # What was not closed is plain text: each of these stands at the end of the one
    # before it.
    return tuple(part for one in stack for part in one.literal() if part != "")


def _take(stack: list[_Open], token: str) -> None:
    top = stack[-1]
    opener = token.lstrip("\\")
    if opener in _CLOSERS:
        backslashes = len(token) - len(opener)
        top.parts.append("\\" * (backslashes // 2))
        if backslashes % 2:
            top.parts.append(opener)
            return
        if len(stack) > MAX_DEPTH:
            raise TooDeepError
        stack.append(_Open(opener))
    elif token == _CLOSERS.get(top.opener):
        stack.pop()
        _close(stack[-1], top)
    elif token[0] == ":" and top.opener and not top.operator and _has_name(top):
        top.name, top.parts = tuple(top.parts), []
        top.operator = token
    else:
        top.parts.append(token)


def _close(outer: _Open, inner: _Open) -> None:
    placeholder = inner.close()
    if inner.opener == "$[" and not _has_kind(placeholder.name):
        outer.parts += [*inner.literal(), "]"]
        return
    outer.parts.append(placeholder)


def _has_name(opened: _Open) -> bool:
    return any(part != "" for part in opened.parts)


def _has_kind(name: Parts) -> bool:
    return any(isinstance(part, str) and ":" in part for part in name)
