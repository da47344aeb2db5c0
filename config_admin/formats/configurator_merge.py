"""Writing properties back into a JSON text, changing no more than it takes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from config_admin.core.diagnostics import Diagnostic
from config_admin.core.errors import FormatError, InvalidConfigurationError
from config_admin.core.properties import Properties, Value
from config_admin.core.properties import typed as with_type
from config_admin.formats import lines
from config_admin.formats.configurator_kinds import NATURAL, kind_for
from config_admin.formats.configurator_parse import (
    CONFIGURATOR_PREFIX,
    Property,
    parse,
)
from config_admin.formats.configurator_values import written, written_key
from config_admin.formats.json_tree import Member, Tree

# From where to where, and what comes there instead.
_Edit: TypeAlias = tuple[int, int, str]

_INDENT: Final = "  "
_BLANKS: Final = " \t"
_TO_LINE_END = re.compile(
    r"(?:[ \t]++|,|//[^\r\n]*+|/\*(?:[^*]++|\*(?!/))*+\*/)*+(?=[\r\n])"
)
_NEWLINE = re.compile(r"\r\n?|\n")


def merge(text: str, properties: Mapping[str, object], /) -> str:
    """
    *text* with no more changed than it takes to read as *properties*.

    A key is looked up without regard to case and keeps the spelling of the text; its
    type stays while it holds the value. An empty text becomes an object.

    Raises:
        FormatError: If *text* cannot be read, or if a value that has to change has a
            comment inside, which would be lost.
        InvalidConfigurationError: If *properties* cannot be stored.
    """
    wanted = Properties(properties)
    _require_writable(wanted)
    if not text.strip().removeprefix(lines.BOM):
        text = f"{text}{{}}\n"
    parsed = parse(text)
    members = parsed.tree.root.members
    gone = {one.member.start for one in parsed.properties if one.key not in wanted}
    stays = [member.start not in gone for member in members]
    edits = [*_removals(parsed.tree, members, stays)]
    for one in parsed.properties:
        if one.key in wanted:
            edits += _changes(parsed.tree, one, wanted[one.key])
    known = {one.key.lower() for one in parsed.properties}
    added = [
        f"{written_key(key, kind_for(key, value, NATURAL))}: {written(value)}"
        for key, value in wanted.items()
        if key.lower() not in known
    ]
    if added:
        last = [member for member, kept in zip(members, stays, strict=True) if kept]
        edits += _additions(parsed.tree, last[-1] if last else None, added)
    return _edited(text, edits)


def _require_writable(wanted: Properties) -> None:
    violations = [
        Diagnostic(
            found=f"a key that begins with {CONFIGURATOR_PREFIX}",
            expected="a name that JSON files keep for no other use",
            cure="Rename it, or keep this configuration in a .cfg file.",
            rule="value",
            key=key,
        )
        for key in wanted
        if key.startswith(CONFIGURATOR_PREFIX)
    ]
    if violations:
        raise InvalidConfigurationError("", violations)


def _changes(whole: Tree, one: Property, value: Value) -> Iterator[_Edit]:
    """The edits that give a property another value, and another type if it needs it."""
    own: Value = tuple(one.value) if isinstance(one.value, list) else one.value
    if with_type(own) == with_type(value):
        return
    member = one.member
    _require_no_comment(whole, member.value.start, member.value.end, one.key)
    kind = kind_for(one.key, value, one.kind)
    if kind != one.kind:
        yield member.start, member.end, written_key(one.key, kind)
    yield member.value.start, member.value.end, written(value)


def _require_no_comment(whole: Tree, start: int, end: int, key: str) -> None:
    if whole.text[start:end] == whole.plain[start:end]:
        return
    at = next(i for i in range(start, end) if whole.text[i] != whole.plain[i])
    line, column = lines.Positions(whole.text).at(at)
    raise FormatError(
        [
            Diagnostic(
                found="a comment inside a property that is to change",
                expected="comments beside properties",
                cure="Move it above the key; then the change can be written.",
                rule="comment",
                key=key,
                line=line,
                column=column,
            )
        ]
    )


def _removals(
    whole: Tree, members: Sequence[Member], stays: Sequence[bool]
) -> Iterator[_Edit]:
    """The edits that remove what does not stay, and the commas that are too many."""
    last_kept = max((i for i, kept in enumerate(stays) if kept), default=-1)
    for index, member in enumerate(members):
        following = members[index + 1] if index + 1 < len(members) else None
        comma = None
        if following is not None:
            comma = whole.plain.index(",", member.value.end, following.start)
        if not stays[index]:
            yield from _removal(whole, member, comma)
        elif index == last_kept and comma is not None:
            yield comma, comma + 1, ""


def _removal(whole: Tree, member: Member, comma: int | None) -> Iterator[_Edit]:
    text, start, end = whole.text, member.start, member.value.end
    _require_no_comment(whole, start, end, member.key)
    if comma is not None:
        if text[end:comma].strip():  # a comment
            yield comma, comma + 1, ""
        else:
            end = comma + 1
    line_start, line_end = _skip_back(text, start), _skip(text, end)
    begins_line = line_start == 0 or text[line_start - 1] in "\r\n"
    newline = _NEWLINE.match(text, line_end)
    if begins_line and newline:
        yield line_start, newline.end(), ""
    elif comma is not None:
        yield start, line_end, ""
    else:
        yield line_start, end, ""


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in _BLANKS:
        position += 1
    return position


def _skip_back(text: str, position: int) -> int:
    while position > 0 and text[position - 1] in _BLANKS:
        position -= 1
    return position


def _additions(whole: Tree, last: Member | None, added: Sequence[str]) -> list[_Edit]:
    """The edits that put *added* behind *last*, or into an object without members."""
    text, newline = whole.text, lines.last_newline(whole.text)
    if last is None:
        return [_first_members(whole, added, newline)]
    end = last.value.end
    rest = _TO_LINE_END.match(text, end)
    if rest is None:
        return [(end, end, "".join(f", {one}" for one in added))]
    line_start = _skip_back(text, last.start)
    begins_line = line_start == 0 or text[line_start - 1] in "\r\n"
    indent = (
        text[line_start : last.start]
        if begins_line
        else _indent_at(text, last.start) + _INDENT
    )
    new_lines = f",{newline}{indent}".join(added)
    return [
        (end, end, ","),
        (rest.end(), rest.end(), f"{newline}{indent}{new_lines}"),
    ]


def _first_members(whole: Tree, added: Sequence[str], newline: str) -> _Edit:
    text, brace = whole.text, whole.root.end - 1
    line_start = _skip_back(text, brace)
    indent = _indent_at(text, brace)
    new_lines = f",{newline}".join(f"{indent}{_INDENT}{one}" for one in added)
    if line_start > 0 and text[line_start - 1] in "\r\n":
        return line_start, line_start, f"{new_lines}{newline}"
    return brace, brace, f"{newline}{new_lines}{newline}{indent}"


def _indent_at(text: str, position: int) -> str:
    """The indentation of the line that holds *position*."""
    start = max(text.rfind("\n", 0, position), text.rfind("\r", 0, position)) + 1
    return text[start : _skip(text, start)]


def _edited(text: str, edits: Sequence[_Edit]) -> str:
    pieces, done = [], 0
    for start, end, new in sorted(edits, key=lambda edit: edit[:2]):
        pieces += [text[done:start], new]
        done = max(done, end)
    return "".join(pieces) + text[done:]
