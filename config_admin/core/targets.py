"""
Targets: who registers, and which targeted PIDs are meant for it.

``pid|name``, ``pid|name|version`` and ``pid|name|version|location`` are meant for the
one who registers with that name, version and location.

Source: OSGi Compendium ch. 104.3.2 (targeted PIDs). Bundles do not exist here; the
target takes the place of their symbolic name, version and location.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from config_admin.core.arguments import found
from config_admin.core.errors import InvalidPidError, UsageError
from config_admin.core.pid import require_pid

_MAX_PARTS = 3


@dataclass(frozen=True, slots=True)
class Target:
    """
    Who registers.

    Attributes:
        name: What the program, or its part, is called.
        version: Its version; None: only the name counts.
        location: Where it is; None: only name and version count.

    Raises:
        UsageError: If a part cannot be one of a targeted PID, or a location has no
            version.
    """

    name: str
    version: str | None = None
    location: str | None = None

    def __post_init__(self) -> None:
        if self.location is not None and self.version is None:
            raise UsageError("A target with a location has a version, too.")
        for part in self._parts():
            reason = _reason_against(part)
            if reason is not None:
                raise UsageError(
                    f"{found(part)} cannot be a part of a target: {reason}"
                )

    @classmethod
    def of(cls, given: "AnyTarget | None") -> "Target | None":
        """
        *given* as a target; text is split at each ``|``.

        Raises:
            UsageError: If it cannot be one.
        """
        if given is None or isinstance(given, Target):
            return given
        parts = given.split("|") if isinstance(given, str) else _listed(given)
        if not 1 <= len(parts) <= _MAX_PARTS:
            raise UsageError(
                f"A target is a name, a version and a location at most, and not "
                f"{len(parts)} parts: write 'name|version|location'."
            )
        return cls(*parts)

    def pids(self, pid: str) -> tuple[str, ...]:
        """*pid* and its targeted PIDs for this one, the most specific first."""
        pids = [pid]
        for part in self._parts():
            pids.append(f"{pids[-1]}|{str.__str__(part)}")
        return tuple(reversed(pids))

    def _parts(self) -> tuple[str, ...]:
        others = (self.version, self.location)
        return (self.name, *(part for part in others if part is not None))


AnyTarget: TypeAlias = Target | str | Iterable[str]


def _listed(given: Iterable[str]) -> list[str]:
    if isinstance(given, bytes) or not isinstance(given, Iterable):
        raise UsageError(
            f"target is {found(given)}: write a Target, or 'name|version|location'."
        )
    return list(given)


def _reason_against(part: object) -> str | None:
    """Why *part* cannot be one; None: it can."""
    if not isinstance(part, str) or not part:
        return "a part is text that is not empty."
    if "|" in part or "~" in part:
        return "a part holds no '|' and no '~'."
    try:
        require_pid(f"pid|{str.__str__(part)}")
    except InvalidPidError as error:
        return f"no PID can end with it, for {error.reason}"
    return None


def targeted(pid: str, target: Target | None) -> tuple[str, ...]:
    """
    The PIDs that serve who registers for *pid*, the most specific first.

    Who registers for a PID that is targeted already gets exactly that one.
    """
    if target is None or "|" in pid:
        return (pid,)
    return target.pids(pid)


def untargeted(pid: str) -> str:
    """*pid* without its target."""
    return pid.partition("|")[0]
