"""What refuses no schema but deserves a look, and is told as a warning."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from config_admin.core.display import shown
from config_admin.schema.formats import OF_VALUES
from config_admin.schema.repetition import has_nested_repetition

_FORMATS: Final = OF_VALUES.checkers


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
            "a repetition that matches the same text in several ways",
            "a pattern that takes linear time",
            "Some values may take very long to check: write it so that each text can "
            "be matched in one way, as a+ instead of (a+)+ or (a|aa)+.",
        )
    if isinstance(form, str) and form not in _FORMATS:
        yield Caution(
            "format",
            form,
            f"the format {shown(form)}, which is not checked",
            f"one of {', '.join(sorted(_FORMATS))}",
            "Add a pattern, if values are to be checked.",
        )
