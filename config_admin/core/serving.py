"""What serves a PID now: its configuration, or what holds without one."""

from collections.abc import Callable
from dataclasses import dataclass

from config_admin.core.configuration import Configuration, Origin
from config_admin.core.entry import Entry, present, revision_of
from config_admin.core.errors import InvalidConfigurationError
from config_admin.core.faults import FaultBook, FaultKind, faults_of
from config_admin.core.ports import Validator
from config_admin.core.properties import Properties
from config_admin.core.registration import ServiceRegistration


@dataclass(frozen=True, slots=True)
class Serving:
    """
    Finds what is delivered.

    Attributes:
        stored: The newest entry of a PID, a tombstone too; None: there never was one.
        validator: Knows what holds without a configuration.
        faults: Takes what is wrong with that.
    """

    stored: Callable[[str], Entry | None]
    validator: Validator
    faults: FaultBook

    def newest(self, pid: str) -> Entry | None:
        """The entry of *pid*; where there is none, what holds without."""
        entry = self.stored(pid)
        if present(entry) is not None:
            return entry
        try:
            checked = self.validator.without(pid)
        except InvalidConfigurationError as error:
            faults = faults_of(FaultKind.CONFIGURATION, pid, error.violations)
            self.faults.report(FaultKind.CONFIGURATION, pid, faults)
            return entry
        if checked is None:
            return entry
        origin = Origin.ENVIRONMENT
        stand_in = Configuration(pid, Properties(), revision_of(entry), origin)
        return Entry(stand_in, checked)

    def entry_for(self, one: ServiceRegistration, pid: str) -> Entry | None:
        """
        What *one* gets for *pid*: the most specific of what is meant for it.

        If nothing is there, the newest of *pid* itself: a tombstone, or None.
        """
        if one.is_factory:
            return self.stored(pid)
        *better, last = one.candidates(pid)
        for candidate in better:
            entry = self.stored(candidate)
            if present(entry) is not None:
                return entry
        return self.newest(last)
