"""Which configurations may use which placeholders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Protocol

from config_admin.core.display import shown
from config_admin.core.errors import UsageError
from config_admin.plugins.unusable import UnusableError

SETTING: Final = "placeholder_access"

# By pattern of PIDs, the patterns of what they may use: `env:APP_*`, `secret:db-*`.
AccessRules = Mapping[str, Sequence[str]]


class Source(Protocol):
    """Where the values of one kind of placeholder come from."""

    @property
    def is_secret(self) -> bool:
        """Whether what it gives must not be shown."""
        ...

    def find(self, name: str) -> str | None:
        """
        The value of *name*; None if there is none.

        Raises:
            UnusableError: If it may not or cannot be read.
        """
        ...


def require_rules(rules: AccessRules) -> None:
    """
    Nothing, if *rules* say what they seem to.

    Raises:
        UsageError: If a pattern has no kind, or stands where a list of them should.
    """
    for pids, names in rules.items():
        if isinstance(names, str) or not all(":" in name for name in names):
            raise UsageError(
                f"{SETTING}[{shown(pids)}] is {shown(names)}: write a list of patterns "
                "with their kind, such as ['secret:db-*', 'env:APP_*']."
            )


def guarded(
    sources: Mapping[str, Source], rules: AccessRules, pid: str
) -> dict[str, Source]:
    """*sources* as *pid* may see them under *rules*, of which there are some."""
    matching = (names for pids, names in rules.items() if fnmatchcase(pid, pids))
    allowed = tuple(name for names in matching for name in names)
    return {
        kind: _GuardedSource(source, kind, allowed) for kind, source in sources.items()
    }


@dataclass(frozen=True, slots=True)
class _GuardedSource:
    """
    What one configuration may see of a source.

    Attributes:
        source: All there is.
        kind: Of its placeholders.
        allowed: The patterns of what may be seen, with their kind.
    """

    source: Source
    kind: str
    allowed: tuple[str, ...]

    @property
    def is_secret(self) -> bool:
        return self.source.is_secret

    def find(self, name: str) -> str | None:
        if not self._allows(name):
            raise UnusableError(
                f"{shown(f'$[{self.kind}:{name}]')}, which this PID may not use",
                f"one of {', '.join(map(shown, self.allowed))}"
                if self.allowed
                else "no placeholder of any kind",
                f"Allow it in the setting {shown(SETTING)}, or take it out.",
            )
        return self.source.find(name)

    def _allows(self, name: str) -> bool:
        # `db-1/../other` fits `db-*` and is another name.
        return ".." not in name.split("/") and any(
            fnmatchcase(f"{self.kind}:{name}", pattern) for pattern in self.allowed
        )
