"""
Which variable of the environment sets which key of which PID.

In the name of a variable, a PID and a key stand in upper case, with ``_`` for every
character that is no ASCII letter or digit, and ``__`` between the two. Such a name is
not taken apart, which would be a guess: the keys that are known are looked for.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from config_admin.core.properties import AUTOMATIC_KEYS

_NAME: Final = re.compile("[A-Z0-9_]+__[A-Z0-9_]+")
_NOT_PLAIN: Final = re.compile("[^A-Za-z0-9]")


def variable_of(pid: str, key: str) -> str:
    """The variable that sets *key* of *pid*."""
    return f"{_folded(pid)}__{_folded(key)}"


@dataclass(frozen=True, slots=True)
class Matches:
    """
    The variables of one PID, and what they set.

    Attributes:
        names: By key: the variable that sets it.
        texts: By key: its text.
        unknown: The variables that set no key, sorted.
        keys: Every key that is known.
    """

    names: Mapping[str, str]
    texts: Mapping[str, str]
    unknown: tuple[str, ...]
    keys: tuple[str, ...]


class Variables:
    """
    The variables of an environment that may set a key, as they are when this is made.

    Args:
        environment: By name.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._texts = {
            name: environment[name]
            for name in sorted(environment)
            if _NAME.fullmatch(name)
        }

    def of(self, pid: str) -> list[str]:
        """Those that may be meant for *pid*, sorted."""
        if not self._texts:
            return []
        prefix = variable_of(pid, "")
        return [name for name in self._texts if name.startswith(prefix)]

    def matches(
        self, pid: str, declared: Iterable[str], written: Iterable[str]
    ) -> Matches:
        """
        Which of them set which keys of *pid*; all that it names, if there are several.

        Args:
            pid: The PID.
            declared: The keys that its schema declares.
            written: Those of its file, which keep their spelling.
        """
        known = {key.lower(): key for keys in (declared, written) for key in keys}
        keys = tuple(key for low, key in known.items() if low not in AUTOMATIC_KEYS)
        mine = self.of(pid)
        names = {key: name for key in keys if (name := variable_of(pid, key)) in mine}
        return Matches(
            names,
            {key: self._texts[name] for key, name in names.items()},
            tuple(name for name in mine if name not in names.values()),
            keys,
        )


def _folded(text: str) -> str:
    return _NOT_PLAIN.sub("_", text).upper()
