"""Why a placeholder cannot be replaced."""

from collections.abc import Iterable

from config_admin.core.display import shown
from config_admin.plugins.placeholders import MAX_DEPTH


class UnusableError(Exception):
    """
    A placeholder cannot be replaced.

    Attributes:
        found: What is there.
        expected: What should be.
        cure: What to do about it.
    """

    def __init__(self, found: str, expected: str, cure: str) -> None:
        super().__init__(found, expected, cure)
        self.found = found
        self.expected = expected
        self.cure = cure


def unknown(opener: str, name: str) -> UnusableError:
    """Nobody knows *name*."""
    placeholder = f"{opener}{name}{'}' if opener == '${' else ']'}"
    return UnusableError(
        f"{shown(placeholder)}, which nobody knows",
        "a property of this configuration, a variable, or something there",
        f"Define it, give it a default (${{name:-default}}), or write \\{opener} if it "
        "is meant as it stands.",
    )


def unknown_kind(kind: str, kinds: Iterable[str]) -> UnusableError:
    """There is no source of that *kind*."""
    known = ", ".join(f"$[{one}:…]" for one in sorted(kinds))
    return UnusableError(
        f"a placeholder of the kind {shown(kind)}",
        f"one of {known}" if known else "no placeholder of a kind",
        "Correct the kind, or write \\$[ if it is meant as it stands.",
    )


def too_deep() -> UnusableError:
    """Nobody could follow that."""
    return UnusableError(
        f"placeholders more than {MAX_DEPTH} levels deep",
        "fewer levels",
        "Write some of them out.",
    )
