"""What refuses no schema but deserves a look, and is told as a warning."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from jsonschema import Draft202012Validator

from config_admin.core.display import shown

_FORMATS: Final = Draft202012Validator.FORMAT_CHECKER.checkers

# What matters in a regular expression here: escapes and classes are passed over whole.
_TOKENS: Final = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?(?:[:=!]|<[=!]|P?<\w+>))?|\)"
    r"|[*+]|\{[0-9]+,\}|.",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Caution:
    """
    A keyword that deserves a look.

    Attributes:
        keyword: Which one.
        value: What it says.
        found: As in a `Diagnostic`.
        expected: The same.
        cure: The same.
    """

    keyword: str
    value: str
    found: str
    expected: str
    cure: str


def cautions(schema: Mapping[str, object]) -> Iterator[Caution]:
    """What deserves a look in *schema* itself, not in the schemas inside it."""
    pattern, form = schema.get("pattern"), schema.get("format")
    if isinstance(pattern, str) and has_nested_repetition(pattern):
        yield Caution(
            "pattern",
            pattern,
            "a repetition inside a repetition",
            "a pattern that takes linear time",
            "Some values may take very long to check: bound the inner one, as {0,61}.",
        )
    if isinstance(form, str) and form not in _FORMATS:
        yield Caution(
            "format",
            form,
            f"the format {shown(form)}, which is not checked",
            f"one of {', '.join(sorted(_FORMATS))}",
            "Add a pattern, if values are to be checked.",
        )


def has_nested_repetition(pattern: str) -> bool:
    """
    Whether something unbounded is repeated without bound, as in ``(a+)*``.

    Such a pattern can take exponential time, and no thread runs meanwhile.
    """
    groups, closed = [False], False  # whether each open group repeats without bound
    for part in _TOKENS.findall(pattern):
        repeats = part in ("*", "+") or (part.startswith("{") and len(part) > 1)
        if repeats and closed:
            return True
        groups[-1] = groups[-1] or repeats
        closed = False
        if part.startswith("("):
            groups.append(False)
        elif part == ")" and len(groups) > 1:
            closed = groups.pop()
            groups[-1] = groups[-1] or closed
    return False
