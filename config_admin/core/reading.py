"""What others have stored, read as the schemas of this process read it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from config_admin.core.changes import Change, Step
from config_admin.core.configuration import Configuration
from config_admin.core.entry import Entry, place_of, present
from config_admin.core.errors import InvalidConfigurationError
from config_admin.core.faults import FaultKind, faults_of
from config_admin.core.parts import World
from config_admin.core.ports import Checked
from config_admin.core.properties import Properties

# No schema: so whatever schema there is, it is another one, and is tried.
_MISFIT: Final = "misfit"


@dataclass(frozen=True, slots=True)
class Reading:
    """
    Turns stored revisions into entries.

    What does not fit its schema here is *held*: it is there, no service is called with
    it, and a fault says why, until the configuration or the schema is mended.

    Attributes:
        newest: What is known of a PID.
        world: What the admin stands in.
    """

    newest: Callable[[str], Entry | None]
    world: World

    def entry_of(self, stored: Configuration) -> Entry:
        """*stored*, as its schema reads it."""
        pid, before = stored.pid, present(self.newest(stored.pid))
        incarnation = stored.revision if before is None else before.incarnation
        if stored.deleted:
            return Entry(stored, Checked(Properties()), stored.revision)
        try:
            checked = self.world.validator.check(pid, stored.properties)
        except InvalidConfigurationError as error:
            misread = Checked(stored.properties, schema=_MISFIT)
            return Entry(stored, misread, incarnation, misfits=error.violations)
        marked = stored.properties.with_secrets(checked.properties.secret_keys)
        return Entry(replace(stored, properties=marked), checked, incarnation)

    def step_to(self, stored: Configuration) -> Step:
        """The step that leads to *stored*, from what is known of its PID."""
        wanted = None if stored.deleted else stored.properties
        before = self.newest(stored.pid)
        return Step(Change(stored.pid, wanted), before, self.entry_of(stored))

    def tell(self, entry: Entry) -> None:
        """
        Report what is wrong with *entry*, which is in force; no lock is held.

        Nothing is told of what is past: whoever puts in force what is newer tells that.
        """
        pid = entry.configuration.pid
        if self.newest(pid) is not entry:
            return
        if entry.misfits:
            place = place_of(entry.configuration)
            found = faults_of(FaultKind.CONFIGURATION, pid, entry.misfits, place)
            self.world.faults.report(FaultKind.CONFIGURATION, pid, found)
        else:
            self.world.faults.clear(FaultKind.CONFIGURATION, pid)
        newest = self.newest(pid)
        if newest is not None and newest is not entry:
            self.tell(newest)  # that may have been told before this was
