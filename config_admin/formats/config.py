"""
The ``.config`` format of Apache Felix: every value in quotes, behind its type.

It is what Felix, Karaf and Sling read and write themselves. What Felix would drop
without a word is refused here, so nothing is lost that its author does not know of.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from config_admin.core.diagnostics import Diagnostic, Severity
from config_admin.core.ports import Place, Reading
from config_admin.formats.config_faults import EACH_STRING
from config_admin.formats.config_merge import merge
from config_admin.formats.config_parse import parse
from config_admin.formats.lines import Positions
from config_admin.formats.parsed import Parsed
from config_admin.formats.sentences import repeated_key

__all__ = ["dumps", "loads", "merge", "read", "suffix"]

suffix: Final = ".config"


def read(text: str, /) -> Reading:
    """What *text* says, with the places and the warnings."""
    parsed = parse(text)
    positions = Positions(text)
    places = {
        key: Place(
            *positions.at(entry.start("key")), *positions.at(entry.start("value"))
        )
        for key, entry in zip(parsed.keys, parsed.entries, strict=True)
    }
    warnings = [*_repeated(parsed, positions), *_long_strings(parsed, positions)]
    warnings.sort(key=lambda warning: warning.line or 0)
    return Reading(parsed.properties(), places, tuple(warnings))


def loads(text: str, /) -> dict[str, object]:
    """The properties of *text*; what Felix keeps for itself is none of them."""
    return parse(text).properties()


def dumps(properties: Mapping[str, object], /) -> str:
    """A text that reads as *properties*."""
    return merge("", properties)


def _repeated(parsed: Parsed, positions: Positions) -> Iterator[Diagnostic]:
    if len(set(parsed.keys)) == len(parsed.keys):
        return
    last_line: dict[str, int] = {}
    for key, entry in zip(parsed.keys, parsed.entries, strict=True):
        place = positions.at(entry.start("key"))
        if key in last_line:
            yield repeated_key(key, place, last_line[key])
        last_line[key] = place[0]


def _long_strings(parsed: Parsed, positions: Positions) -> Iterator[Diagnostic]:
    """A forgotten quote makes the lines below part of the value."""
    for key, entry in zip(parsed.keys, parsed.entries, strict=True):
        value = entry["value"]
        if "\n" not in value and "\r" not in value:
            continue
        for string in EACH_STRING.finditer(value):
            if "\n" in string[0] or "\r" in string[0]:
                line, column = positions.at(entry.start("value") + string.start())
                last, _ = positions.at(entry.start("value") + string.end() - 1)
                yield Diagnostic(
                    found=f"a quote that is closed only on line {last}",
                    expected="text that ends on its line",
                    cure="The lines between belong to the value. Close the quote, or "
                    "write \\n for a line end that is meant.",
                    rule="long-text",
                    key=key,
                    line=line,
                    column=column,
                    severity=Severity.WARNING,
                )
