"""Why a ``.cfg`` text is refused: every fault, with its place and its cure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from config_admin.core.diagnostics import Diagnostic
from config_admin.formats import lines, typed
from config_admin.formats.escapes import escape_faults, unescaped
from config_admin.formats.lines import Entry, Folds, Positions
from config_admin.formats.sentences import clash, refused
from config_admin.formats.typed import TypedText
from config_admin.formats.unreadable import UnreadableError


def every_fault(
    text: str, entries: Sequence[Entry], forms: Sequence[TypedText]
) -> list[Diagnostic]:
    """
    The faults of *text* in the order of their places; none if it can be read.

    Args:
        text: All of it.
        entries: Its properties.
        forms: The typed form of each value if the file is typed; empty if it is not.
    """
    positions = Positions(text)
    found = [*_key_faults(entries, positions)]
    for index, entry in enumerate(entries):
        found += _text_faults(entry, forms[index] if forms else None, positions)
    return sorted(found, key=lambda fault: (fault.line or 0, fault.column or 0))


def readable_key(entry: Entry) -> str | None:
    """The key of *entry*; None if it holds an escape that means nothing."""
    try:
        return unescaped(lines.unfolded(entry["key"]))
    except UnreadableError:
        return None


def _key_faults(entries: Sequence[Entry], positions: Positions) -> Iterator[Diagnostic]:
    firsts: dict[str, tuple[str, tuple[int, int]]] = {}
    for entry in entries:
        key = readable_key(entry)
        place = positions.at(lines.key_offset(entry))
        if key == "":
            yield _empty_key(*place)
        elif key is not None:
            first, first_place = firsts.setdefault(key.lower(), (key, place))
            if first != key:
                yield clash(key, place, first, first_place)


def _empty_key(line: int, column: int) -> Diagnostic:
    return Diagnostic(
        found="a line without a key",
        expected="key = value",
        cure="Write a key before the separator, or # to make the line a comment.",
        rule="key",
        line=line,
        column=column,
    )


def _text_faults(
    entry: Entry, form: TypedText | None, positions: Positions
) -> Iterator[Diagnostic]:
    """The faults inside the key and the value of *entry*."""
    key = readable_key(entry)
    for fault, place in _placed(entry, "key", None, positions):
        yield replace(refused(fault, key, place), found=fault.found)
    for fault, place in _placed(entry, "value", form, positions):
        yield refused(fault, key, place)


def _placed(
    entry: Entry, group: str, form: TypedText | None, positions: Positions
) -> Iterator[tuple[UnreadableError, tuple[int, int]]]:
    """Every fault in *group* of *entry*, with its line and column."""
    faults = typed.faults(form) if form else escape_faults(lines.unfolded(entry[group]))
    folds = Folds(entry[group])
    for index, fault in faults:
        yield fault, positions.at(entry.start(group) + folds.offset(index))
