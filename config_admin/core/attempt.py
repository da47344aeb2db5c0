"""
One call of a service, or of a factory for one instance.

Its own check comes first, if nobody asked that when the change was made.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from config_admin.core.configuration import OriginKind
from config_admin.core.display import escaped
from config_admin.core.entry import Entry, present
from config_admin.core.foreign import raised_by
from config_admin.core.properties import AUTOMATIC_KEYS, Properties, typed
from config_admin.core.registration import ServiceRegistration


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    One call of a service.

    Attributes:
        one: The registration.
        pid: What it knows the configuration by.
        entry: What serves it; None: nothing ever did.
        properties: What it gets; None: there is no configuration.
        applied: What it took before.
    """

    one: ServiceRegistration
    pid: str
    entry: Entry | None
    properties: Properties | None
    applied: Properties

    def run(self) -> BaseException | None:
        """
        What it raised; its own check first, if nobody asked that before.

        Plugins and checks are others' code and take their time: whether it was closed,
        or the admin has ended, is asked last.
        """
        error = self._objection()
        if error is not None or self.one.lane.is_closed:
            return error
        if self.one.is_factory and self.entry is not None:
            seen = replace(
                self.one.record(self.pid), incarnation=self.entry.incarnation
            )
            self.one.records[self.pid] = seen
        updated = self.one.adapted.updated
        changed = frozenset[str]()
        if self.one.adapted.takes_changed:
            changed = _changed(self.applied, self.properties)
        return raised_by(lambda: updated(self.pid, self.properties, changed))

    @property
    def about(self) -> str:
        """What it was to take, for people."""
        entry = present(self.entry)
        if entry is None:
            return f"that {escaped(self.pid)} has no configuration"
        pid = escaped(entry.configuration.pid)
        if entry.configuration.origin.kind is OriginKind.ENVIRONMENT:
            return f"what holds while {pid} has no configuration"
        return f"revision {entry.configuration.revision} of {pid}"

    def secrets(self) -> Iterator[str]:
        """What must not be shown of what it gets."""
        if self.entry is not None and self.properties is not None:
            yield from self.entry.checked.secrets
            yield from self.properties.secret_values()

    def _objection(self) -> BaseException | None:
        check, properties = self.one.adapted.check, self.properties
        if check is None or properties is None or self.one.lane.is_closed:
            return None
        if self.entry is not None and self.one.number in self.entry.vetted_by:
            return None
        return raised_by(lambda: check(self.pid, properties))


def _changed(before: Properties, after: Properties | None) -> frozenset[str]:
    """The keys whose values differ, as written now, automatic ones aside."""
    now = Properties() if after is None else after
    new = {
        key
        for key, value in now.items()
        if key not in before or typed(before[key]) != typed(value)
    }
    gone = {key for key in before if key not in now}
    return frozenset(key for key in new | gone if key.lower() not in AUTOMATIC_KEYS)
