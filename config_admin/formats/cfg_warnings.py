"""What in a ``.cfg`` text deserves a look, though nothing is refused for it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeAlias

from config_admin.core.diagnostics import Diagnostic, Severity
from config_admin.formats import lines, typed
from config_admin.formats.cfg_parse import Parsed
from config_admin.formats.lines import Positions

# The index of an entry and what is to be said of it, but for key and place.
_Finding: TypeAlias = tuple[int, Diagnostic]


def warnings(parsed: Parsed) -> tuple[Diagnostic, ...]:
    """The warnings in the order of their lines."""
    positions = Positions(parsed.text)
    found = [*_repeated(parsed, positions), *_sections(parsed), *_half_typed(parsed)]
    return tuple(
        _placed(parsed, positions, index, finding)
        for index, finding in sorted(found, key=lambda finding: finding[0])
    )


def _placed(
    parsed: Parsed, positions: Positions, index: int, finding: Diagnostic
) -> Diagnostic:
    line, column = positions.at(lines.key_offset(parsed.entries[index]))
    return replace(
        finding,
        key=parsed.keys[index],
        line=line,
        column=column,
        severity=Severity.WARNING,
    )


def _repeated(parsed: Parsed, positions: Positions) -> Iterator[_Finding]:
    last_line: dict[str, int] = {}
    for index, (key, entry) in enumerate(zip(parsed.keys, parsed.entries, strict=True)):
        line, _ = positions.at(lines.key_offset(entry))
        before = last_line.get(key)
        last_line[key] = line
        if before is not None:
            yield (
                index,
                Diagnostic(
                    found=f"the key on line {line} as on line {before} before",
                    expected="each key once",
                    cure="The last one counts; remove the others.",
                    rule="repeated-key",
                ),
            )


def _sections(parsed: Parsed) -> Iterator[_Finding]:
    for index, entry in enumerate(parsed.entries):
        if entry["key"][:1] != "[" or entry["separator"].strip(lines.WHITE_SPACE):
            continue
        if (entry["key"] + entry["value"]).rstrip(lines.WHITE_SPACE)[-1:] == "]":
            yield (
                index,
                Diagnostic(
                    found="a line that looks like a section",
                    expected="key = value",
                    cure="A .cfg has no sections: this is a property. Remove it, or "
                    "write # before it.",
                    rule="section",
                ),
            )


def _half_typed(parsed: Parsed) -> Iterator[_Finding]:
    """One warning, at the first value of the kind that is rarer in the file."""
    if parsed.typed:
        return
    raw_values = (lines.unfolded(entry["value"]) for entry in parsed.entries)
    looks_typed = [typed.well_formed(raw) is not None for raw in raw_values]
    typed_count, plain_count = looks_typed.count(True), looks_typed.count(False)
    if typed_count == 0:
        return
    is_odd = typed_count <= plain_count
    kind, others = ("typed", "plain") if is_odd else ("plain", "typed")
    count = plain_count if is_odd else typed_count
    yield (
        looks_typed.index(is_odd),
        Diagnostic(
            found=f"a value that looks {kind} in a file with {count} {others}",
            expected="a type for every value, or for none",
            cure="All are read as plain text, quotes included. Type every value if "
            "types are meant.",
            rule="half-typed",
        ),
    )
