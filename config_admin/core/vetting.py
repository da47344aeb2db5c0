"""
Services' own checks: they may veto a change before it is committed.

A check is foreign code. It runs on a thread of its own with a time limit and while no
lock is held; what it raises, and a limit that is over, is a veto.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from config_admin.core.diagnostics import Diagnostic
from config_admin.core.entry import Entry
from config_admin.core.errors import UsageError
from config_admin.core.foreign import Expectation, Secrets, complaints, raised_by
from config_admin.core.processing import Processing
from config_admin.core.properties import Properties
from config_admin.core.registry import Followed, Registry

_CURE = "Set what it can work with."
_CURE_OF_MISUSE = "Mend its check."
_CURE_OF_LATE = "Let its check return sooner, or raise the setting check_timeout_s."

T = TypeVar("T")


class RunWithin(Protocol):
    """Runs foreign code with a time limit."""

    def __call__(self, call: Callable[[], T], timeout_s: float) -> T:
        """
        Run *call* elsewhere.

        Raises:
            TimeoutError: If it has not ended in time; it is left behind.
            NotRunningError: If nothing runs any more.
        """
        ...


@dataclass(frozen=True, slots=True)
class Vetting:
    """
    Asks the services that a configuration would be delivered to.

    Attributes:
        registry: Who is registered.
        processing: The plugins.
        secrets: The values that must not be shown.
        run_within: Runs a check.
        timeout_s: For each check.
    """

    registry: Registry
    processing: Processing
    secrets: Secrets
    run_within: RunWithin
    timeout_s: float

    def judges(
        self, pid: str, is_present: Callable[[str], bool]
    ) -> tuple[Followed, ...]:
        """
        Who has a say in what *pid* becomes, and by which PID it knows it.

        Nobody as long as a required plugin is missing: then what would be delivered is
        not known, and is checked when it is.

        Args:
            pid: The configuration.
            is_present: Whether a PID is going to have one.
        """
        if self.processing.missing():
            return ()
        return tuple(
            (one, known_as)
            for one, known_as in self.registry.followers_of(pid)
            if one.adapted.check is not None
            and not _is_outdone(pid, one.candidates(known_as), is_present)
        )

    def violations(
        self, pid: str, entry: Entry, judges: tuple[Followed, ...]
    ) -> list[Diagnostic] | None:
        """
        What *judges* have against *entry* as the configuration of *pid*.

        And if they have anything, what plugins raised: it may be why. None if they were
        not asked, since a required plugin raised: they are when it is delivered.

        Raises:
            NotRunningError: If they cannot be asked any more.
        """
        delivered = entry.delivered()
        if not judges or delivered is None:
            return []
        secrets = entry.checked.secrets
        processed, complained = self.processing.attempt(pid, delivered, secrets)
        if processed is None:
            return None
        hidden = [*secrets, *delivered.secret_values(), *processed.secret_values()]
        checks = [
            (one, partial(check, known_as, processed))
            for one, known_as in judges
            if (check := one.adapted.check) is not None
        ]
        found = []
        for one, check_it in checks:
            if not one.is_closed:
                found += self._objections(one.name, check_it, processed, hidden)
        return found + complained if found else []

    def _objections(
        self,
        name: str,
        check_it: Callable[[], object],
        properties: Properties,
        secrets: Iterable[str],
    ) -> list[Diagnostic]:
        cure = _CURE
        try:
            error = self.run_within(partial(raised_by, check_it), self.timeout_s)
        except TimeoutError as late:
            error = late.with_traceback(None)  # it says itself where the check is
            cure = _CURE_OF_LATE
        if error is None:
            return []
        if type(error) is UsageError:  # and none of its subclasses: it is of our own
            cure = _CURE_OF_MISUSE
        return complaints(
            error,
            Expectation(f"{name} to accept it", cure, "check", keys=properties),
            [*self.secrets(), *secrets],
        )


def _is_outdone(
    pid: str, candidates: tuple[str, ...], is_present: Callable[[str], bool]
) -> bool:
    """Whether a more specific configuration is delivered instead of *pid*."""
    return any(map(is_present, candidates[: candidates.index(pid)]))
