"""
Bytes of a schema file to a JSON document that knows the place of everything in it.

All that can be wrong with a file before it is a schema is found here.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import escaped, shown
from config_admin.core.errors import InputError

JsonObject: TypeAlias = dict[str, object]

MAX_BYTES: Final = 1024 * 1024

_MAX_DEPTH: Final = 64
_BOM: Final = b"\xef\xbb\xbf"
_SPACES: Final = " \t\n\r"


class BrokenSchemaError(InputError):
    """
    A schema file cannot be used.

    Attributes:
        diagnostics: Every fault, with its file; never empty.
    """

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__(diagnostics)
        self.diagnostics = tuple(diagnostics)

    def __str__(self) -> str:
        return "\n".join(str(diagnostic) for diagnostic in self.diagnostics)


@dataclass(frozen=True, slots=True)
class Document:
    """
    A schema file as it was read.

    Attributes:
        file: Its path, as its directory was named.
        text: What it holds.
        contents: The same as JSON.
    """

    file: str
    text: str
    contents: JsonObject

    def fault(
        self, where: Sequence[str | int] | int, found: str, expected: str, cure: str
    ) -> Diagnostic:
        """
        What is wrong at *where*: the way to a value, or an offset in the text.

        A way that leads nowhere stands for the beginning.
        """
        offset = where if isinstance(where, int) else _offset(self.text, where)
        place = _place(self.text, offset)
        return _fault(self.file, found, expected, cure, place)


def parsed(path: str, data: bytes) -> Document:
    """
    The JSON object that *data* is.

    Raises:
        BrokenSchemaError: If it is none, or over a limit; says where.
    """
    if len(data) > MAX_BYTES:
        expected = f"at most {MAX_BYTES:,} bytes"
        cure = "Move parts of it to files of their own, and refer to them with $ref."
        raise _broken(path, "a larger file", expected, cure)
    if data.startswith(_BOM):
        cure = "Save the file as UTF-8 without a byte order mark."
        raise _broken(path, "a byte order mark", "JSON in UTF-8", cure, (1, 1))
    text = _text(path, data)
    contents = _json(path, text)
    if not isinstance(contents, dict):
        found = f"JSON of the type {type(contents).__name__}"
        raise _broken(path, found, "an object", "Write the schema in { and }.", (1, 1))
    return Document(path, text, contents)


def unreadable(path: str, instead: str) -> BrokenSchemaError:
    """That *path* is *instead* of a file; for the caller to raise."""
    cure = "Put a readable file in its place, or remove it."
    return _broken(path, instead, "a schema file", cure)


def _text(path: str, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        place = _place(data[: error.start].decode(), None)
        found = f"the byte {data[error.start]:#04x}, which is not UTF-8"
        cure = "Save the file as UTF-8."
        raise _broken(path, found, "JSON in UTF-8", cure, place) from error


def _json(path: str, text: str) -> object:
    try:
        contents: object = json.loads(
            text, parse_constant=_no_constant, object_pairs_hook=_unique
        )
    except json.JSONDecodeError as error:
        found = f"no JSON at this place ({error.msg})"
        place = (error.lineno, error.colno)
        raise _broken(path, found, "JSON", "Mend it there.", place) from error
    except ValueError as error:
        raise _broken(path, str(error), "JSON", "Mend it there.") from error
    except RecursionError as error:
        raise _too_deep(path) from error
    if _depth(contents) > _MAX_DEPTH:
        raise _too_deep(path)
    return contents


def _no_constant(name: str) -> object:
    raise ValueError(f"the number {name}, which JSON does not have")


def _unique(pairs: list[tuple[str, object]]) -> JsonObject:
    whole = dict(pairs)
    if len(whole) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {shown(twice)} twice in one object")
    return whole


def _depth(contents: object) -> int:
    """How many objects and arrays are inside each other, level by level."""
    depth, level = 0, [contents]
    while level := [node for node in level if isinstance(node, (dict, list))]:
        depth += 1
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
        ]
    return depth


def _too_deep(path: str) -> BrokenSchemaError:
    expected = f"at most {_MAX_DEPTH} levels"
    cure = "Move the inner levels to $defs, and refer to them with $ref."
    return _broken(path, "JSON nested deeper", expected, cure)


def _broken(
    path: str,
    found: str,
    expected: str,
    cure: str,
    place: tuple[int | None, int | None] = (None, None),
) -> BrokenSchemaError:
    return BrokenSchemaError([_fault(path, found, expected, cure, place)])


def _fault(
    path: str,
    found: str,
    expected: str,
    cure: str,
    place: tuple[int | None, int | None],
) -> Diagnostic:
    return Diagnostic(found=found, expected=expected, cure=cure, rule="schema").at(
        escaped(path), *place
    )


def _place(text: str, offset: int | None) -> tuple[int, int]:
    """Line and column of *offset*, or of the end, both from 1."""
    end = len(text) if offset is None else offset
    return text.count("\n", 0, end) + 1, end - text.rfind("\n", 0, end)


def _offset(text: str, way: Iterable[str | int]) -> int:
    """Where the value at the end of *way* begins in the JSON *text*."""
    offset = _skip(text, 0)
    for step in way:
        offset = next((at for name, at in _members(text, offset) if name == step), -1)
        if offset < 0:
            return 0
    return offset


def _members(text: str, offset: int) -> Iterable[tuple[str | int, int]]:
    """What the value at *offset* holds: names or positions, and where each begins."""
    scan = json.JSONDecoder().raw_decode
    is_object = text[offset] == "{"
    if not is_object and text[offset] != "[":
        return
    position, offset = 0, _skip(text, offset + 1)
    while text[offset] not in "}]":
        name: str | int = position
        if is_object:
            name, offset = scan(text, offset)
            offset = _skip(text, _skip(text, offset) + len(":"))
        yield name, offset
        _, offset = scan(text, offset)
        offset = _skip(text, offset)
        if text[offset] == ",":
            offset = _skip(text, offset + len(","))
        position += 1


def _skip(text: str, offset: int) -> int:
    while text[offset] in _SPACES:
        offset += 1
    return offset
