"""
A JSON text with comments, and where each of its parts stands.

The standard library's parser decides what JSON is. Comments are blanked out before it
sees the text, so that every offset stays; its parts are found again afterwards, in a
text that is known to be JSON.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import shown
from config_admin.core.errors import FormatError
from config_admin.formats.lines import BOM, Positions

MAX_DEPTH: Final = 64

# Comments begin nowhere but between strings; one that does not end runs to the end.
_COMMENT_OR_STRING = re.compile(
    r"""(?P<string>"(?:[^"\\\r\n]++|\\.)*+"?+)
      | (?P<comment>//[^\r\n]*+ | /\*(?:[^*]++|\*(?!/))*+(?:\*/|\Z))""",
    re.VERBOSE,
)
_VISIBLE = re.compile(r"[^\r\n]")
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?+|[][{},:]|[^][{},:"\s]++')
_CLOSING: Final = frozenset("]}")
_SHOWN: Final = frozenset("{}[],:\"'")
_SHORTEST_COMMENT: Final = len("/**/")

# What the parser's messages begin with, what to expect instead, and the cure.
_EXPECTED: Final = (
    ("Expecting property", "a key in double quotes", 'Write "key": value.'),
    ("Expecting ':'", "a : behind the key", 'Write "key": value.'),
    ("Expecting ','", "a comma, or the closing bracket", "Write a comma before it."),
    ("Expecting value", "a value", "Text stands in double quotes."),
    ("Extra data", "the end of the text", "A file holds one object; remove the rest."),
    ("Unterminated", 'a " at the end of the text', "Close the quotes."),
    ("Invalid control", "printable text", "Write a line end as \\n, a tab as \\t."),
    ("Invalid \\", "an escape of JSON", "Write \\\\ for a backslash."),
    ("Illegal trailing", "no comma before the closing bracket", "Remove the comma."),
)


class Node(NamedTuple):
    """
    One value.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        raw: All of a scalar as written; the opening bracket of anything else.
        items: Those of an array.
        members: Those of an object.
    """

    start: int
    end: int
    raw: str
    items: tuple["Node", ...] = ()
    members: tuple["Member", ...] = ()


class Member(NamedTuple):
    """
    A key and its value.

    Attributes:
        key: Without quotes and escapes.
        start: Where the key begins.
        end: Where the key ends.
        value: What belongs to it.
    """

    key: str
    start: int
    end: int
    value: Node


@dataclass(frozen=True, slots=True)
class Tree:
    """
    A text that is JSON.

    Attributes:
        text: As written.
        plain: The same, with blanks for comments and a BOM.
        root: Its object.
    """

    text: str
    plain: str
    root: Node


def tree(text: str) -> Tree:
    """
    The object that *text* is.

    Raises:
        FormatError: If it is none. A text that is no JSON has one fault, its first:
            what comes behind it nobody can tell.
    """
    plain = _without_comments(text)
    _require_shallow(text, plain)
    try:
        # Syntax only: numbers are looked at later, each at its place.
        json.loads(plain, parse_int=str, parse_float=str, parse_constant=str)
    except json.JSONDecodeError as error:
        raise _refused(text, error.pos, *_syntax_fault(plain, error)) from None
    tokens = _TOKEN.finditer(plain)
    root = _node(next(tokens), tokens)
    if root.raw != "{":
        found = "a text that is no object"
        cure = 'Write { "key": value } with all properties in it.'
        raise _refused(text, root.start, found, "an object of properties", cure)
    return Tree(text, plain, root)


def _without_comments(text: str) -> str:
    if "/" not in text:
        return f" {text[1:]}" if text.startswith(BOM) else text
    plain = _COMMENT_OR_STRING.sub(_blank, text)
    for match in _COMMENT_OR_STRING.finditer(text):
        if not _ends(match["comment"]):
            raise _refused(
                text,
                match.start(),
                "a comment that does not end",
                "*/ at its end",
                "Write */ where the comment ends.",
            )
    return f" {plain[1:]}" if plain.startswith(BOM) else plain


def _ends(comment: str | None) -> bool:
    if comment is None or comment[1] == "/":
        return True
    return len(comment) >= _SHORTEST_COMMENT and comment.endswith("*/")


def _blank(match: re.Match[str]) -> str:
    return match[0] if match["string"] else _VISIBLE.sub(" ", match[0])


def _require_shallow(text: str, plain: str) -> None:
    depth = 0
    for match in _TOKEN.finditer(plain):
        if match[0] in {"{", "["}:
            depth += 1
            if depth > MAX_DEPTH:
                raise _refused(
                    text,
                    match.start(),
                    f"more than {MAX_DEPTH} brackets inside each other",
                    "properties with values that are no objects",
                    "Write a list as one array.",
                )
        elif match[0] in _CLOSING:
            depth -= 1


def _syntax_fault(plain: str, error: json.JSONDecodeError) -> tuple[str, str, str]:
    character = plain[error.pos : error.pos + 1]
    # Of anything else nothing is shown: it may be a secret that lacks its quotes.
    found = shown(character) if character in _SHOWN else "something else"
    if not character:
        found = "the end of the text"
    elif not character.isprintable():
        found = "a control character"
    if character in _CLOSING and plain[: error.pos].rstrip()[-1:] == ",":
        return f"a comma before {character}", "none there", "Remove the comma."
    for beginning, expected, cure in _EXPECTED:
        if error.msg.startswith(beginning):
            return found, expected, cure
    return found, "JSON", "Put it right there."


def _refused(
    text: str, offset: int, found: str, expected: str, cure: str
) -> FormatError:
    line, column = Positions(text).at(offset)
    return FormatError(
        [
            Diagnostic(
                found=found,
                expected=expected,
                cure=cure,
                rule="json",
                line=line,
                column=column,
            )
        ]
    )


def _node(token: re.Match[str], tokens: Iterator[re.Match[str]]) -> Node:
    """The value that begins with *token*; it nests no deeper than `MAX_DEPTH`."""
    if token[0] == "[":
        items = []
        while (token_ := next(tokens))[0] != "]":
            if token_[0] != ",":
                items.append(_node(token_, tokens))
        return Node(token.start(), token_.end(), "[", items=tuple(items))
    if token[0] == "{":
        members = []
        while (token_ := next(tokens))[0] != "}":
            if token_[0] != ",":
                members.append(_member(token_, tokens))
        return Node(token.start(), token_.end(), "{", members=tuple(members))
    return Node(token.start(), token.end(), token[0])


def _member(token: re.Match[str], tokens: Iterator[re.Match[str]]) -> Member:
    next(tokens)  # the colon
    key: str = json.loads(token[0])
    return Member(key, token.start(), token.end(), _node(next(tokens), tokens))
