"""What every format says in the same words."""

from config_admin.core.diagnostics import Diagnostic, Severity
from config_admin.core.display import is_secret_name, shown
from config_admin.formats.unreadable import UnreadableError


# Source: OSGi Compendium ch. 104.4.2, "case preserving, but case insensitive"
def clash(
    key: str, place: tuple[int, int], first: str, first_place: tuple[int, int]
) -> Diagnostic:
    """A *key* that equals *first* but for case."""
    return Diagnostic(
        found=f"it beside {shown(first)} on line {first_place[0]}, equal but for case",
        expected="each key once",
        cure="Remove one of the two, or rename it.",
        rule="unique-key",
        key=key,
        line=place[0],
        column=place[1],
    )


def repeated_key(key: str, place: tuple[int, int], before: int) -> Diagnostic:
    """The warning of a *key* that was on the line *before* already."""
    return Diagnostic(
        found=f"the key on line {place[0]} as on line {before} before",
        expected="each key once",
        cure="The last one counts; remove the others.",
        rule="repeated-key",
        key=key,
        line=place[0],
        column=place[1],
        severity=Severity.WARNING,
    )


def refused(
    fault: UnreadableError, key: str | None, place: tuple[int, int]
) -> Diagnostic:
    """
    What is wrong with a value, without any of it if it is a secret.

    Args:
        fault: Of a piece of the value.
        key: None if it cannot be read: then nobody knows that it is no secret.
        place: Line and column of that piece.
    """
    is_secret = not key or is_secret_name(key)
    return Diagnostic(
        found=fault.masked if is_secret else fault.found,
        expected=fault.expected,
        cure=fault.cure,
        rule=fault.rule,
        key=key or None,
        line=place[0],
        column=place[1],
    )
