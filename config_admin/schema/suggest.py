"""Did you mean: the name that is spelled most like another."""

import difflib
import re
from collections.abc import Iterable
from typing import Final

_SEPARATORS: Final = re.compile(r"[-._\s/]+")
_LIKENESS: Final = 0.75  # below it, a suggestion misleads more often than it helps


def closest(name: str, names: Iterable[str]) -> str | None:
    """
    The one of *names* that *name* was probably meant to be; None: none is close.

    Case and the separators ``-``, ``.`` and ``_`` make no difference.
    """
    by_letters: dict[str, str] = {}
    for candidate in names:
        by_letters.setdefault(_letters(candidate), candidate)
    close = difflib.get_close_matches(_letters(name), by_letters, 1, _LIKENESS)
    return by_letters[close[0]] if close else None


def _letters(name: str) -> str:
    return _SEPARATORS.sub("", name).lower()
