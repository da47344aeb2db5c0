"""
The last step: whoever registered is called with what is there now.

A lane is handed a PID, never a value. What is delivered is read when the call starts,
so a busy service ends on the newest revision, and a late notice does no harm.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from config_admin.core.attempt import Attempt
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import escaped
from config_admin.core.entry import Entry, present, revision_of, state_of
from config_admin.core.events import ConfigurationEvent
from config_admin.core.faults import Fault, FaultBook, FaultKind
from config_admin.core.foreign import Expectation, Secrets, complaints, raised_by
from config_admin.core.processing import Processing
from config_admin.core.properties import Properties
from config_admin.core.receipts import Receipt, Record
from config_admin.core.registration import (
    ListenerRegistration,
    Registration,
    ServiceRegistration,
)

Now = Callable[[], datetime]

_CURE = "Mend the configuration or the service; the next change is delivered."


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """
    Calls whoever registered, on the lane of the registration.

    Attributes:
        serving: The entry that serves a registration for a PID now; None: none does.
        processing: The plugins.
        faults: Takes what callbacks raise.
        secrets: The values that must not be shown.
        now: The time, in UTC.
        when_settled: Called after each attempt.
    """

    serving: Callable[[ServiceRegistration, str], Entry | None]
    processing: Processing
    faults: FaultBook
    secrets: Secrets
    now: Now
    when_settled: Callable[[], None]

    def look(self, one: ServiceRegistration, pid: str) -> None:
        """
        Bring *one* to what serves it for *pid* now, unless it was called with that.

        What it raises becomes a fault and harms nobody else; the next success clears
        it.
        """
        entry = self.serving(one, pid)
        if one.is_factory:
            self._let_go_of_another(one, pid, entry)
        if not (one.is_factory and present(entry) is None):
            self._bring(one, pid, entry)
        self.when_settled()

    def is_gone(self, one: ServiceRegistration, pid: str) -> bool:
        """Whether *pid* is an instance that a factory has let go of, or never saw."""
        is_known = not one.is_factory or pid in one.records
        return not is_known and present(self.serving(one, pid)) is None

    def is_settled(self, one: ServiceRegistration, pid: str) -> bool:
        """Whether *one* took, refused or holds back what serves it for *pid* now."""
        entry = self.serving(one, pid)
        record = one.record(pid)
        is_idle = record.receipt.busy_since is None
        if one.is_factory and present(entry) is None:
            return is_idle and record.incarnation is None
        return is_idle and state_of(entry) in (record.state, record.held)

    def tell(self, one: ListenerRegistration, event: ConfigurationEvent) -> None:
        """Tell *one* of *event*; what it raises becomes a fault."""
        error = raised_by(lambda: one.tell(event))
        found: list[Diagnostic] = []
        if error is not None:
            about = f"{event.type.name} of {escaped(event.pid)}"
            expectation = _expectation(one.lane.name, about)
            found = complaints(error, expectation, self.secrets())
        self._report(one, one.lane.name, event.pid, found)

    def note(
        self, one: ServiceRegistration, pid: str, error: BaseException | None
    ) -> None:
        """Take what *one* says of *pid* after its call; on its lane."""
        record = one.record(pid)
        receipt, entry = record.receipt, self.serving(one, pid)
        tried = receipt.applied if receipt.refused is None else receipt.refused
        if one.lane.is_closed or tried is None:
            return
        call = Attempt(one, pid, entry, record.properties, record.properties)
        found = [] if error is None else self._complaints(call, error)
        self._report(one, one.name, pid, found)
        one.keep(pid, replace(record, receipt=_noted(receipt, tried, found)))
        self.when_settled()

    def forget(self, one: Registration, name: str) -> None:
        """*one* has ended, and what it raised is of no interest any more."""
        for pid in one.faulty.copy():
            self.faults.clear(FaultKind.CALLBACK, _subject(one, name, pid))

    def _bring(self, one: ServiceRegistration, pid: str, entry: Entry | None) -> None:
        if one.lane.is_closed:
            return  # asked when its turn has come: what was committed later is not its
        record = one.record(pid)
        if record.state != state_of(entry):
            processed = self.processing.prepared(entry, lambda: one.lane.is_closed)
            if one.lane.is_closed:
                return
            if processed.held is not None:
                self._hold(one, pid, entry, processed.held)
            else:
                self._attempt(
                    Attempt(one, pid, entry, processed.properties, record.properties),
                    record,
                )
        elif record.held is not None:  # another one came and went meanwhile
            one.keep(pid, _released(record))

    def _attempt(self, call: Attempt, record: Record) -> None:
        self._begin(call, record)
        error: BaseException | None = None
        try:
            error = call.run()
        except KeyboardInterrupt as interrupt:  # meant for the program
            error = interrupt
            raise
        finally:
            found = [] if error is None else self._complaints(call, error)
            self._report(call.one, call.one.name, call.pid, found)
            self._end(call, found)

    def _hold(
        self, one: ServiceRegistration, pid: str, entry: Entry | None, held: str
    ) -> None:
        record = one.record(pid)
        receipt = replace(record.receipt, held=held)
        one.keep(pid, replace(record, held=state_of(entry), receipt=receipt))

    def _begin(self, call: Attempt, record: Record) -> None:
        record = _released(record)
        receipt = self._busy(record, call.entry)
        secrets = tuple({*record.secrets, *call.secrets()})
        call.one.records[call.pid] = replace(
            record, state=state_of(call.entry), receipt=receipt, secrets=secrets
        )

    def _busy(self, record: Record, entry: Entry | None) -> Receipt:
        revision, now = revision_of(entry), self.now()
        return replace(record.receipt, busy_with=revision, busy_since=now)

    def _end(self, call: Attempt, found: Sequence[Diagnostic]) -> None:
        if call.one.lane.is_closed:
            return  # perhaps before it was called; nobody asks any more
        record = call.one.record(call.pid)
        revision = record.receipt.busy_with
        receipt = replace(record.receipt, busy_with=None, busy_since=None)
        receipt = _noted(receipt, revision, found)
        if found:
            call.one.keep(call.pid, replace(record, receipt=receipt))
            return
        taken = replace(
            record,
            receipt=receipt,
            properties=call.properties or Properties(),
            secrets=tuple(call.secrets()),
        )
        call.one.keep(call.pid, taken)

    def _let_go_of_another(
        self, one: ServiceRegistration, pid: str, entry: Entry | None
    ) -> None:
        """Tell a factory that the instance it has seen is gone, if it is."""
        record, there = one.record(pid), present(entry)
        if pid not in one.records:
            return  # also if it let go of one before, and failed: that is a fault yet
        if there is not None and record.incarnation in (None, there.incarnation):
            return
        try:
            found = self._deletion(one, pid, entry, record)
            self._report(one, one.name, pid, found)
        finally:
            one.records.pop(pid, None)

    def _deletion(
        self, one: ServiceRegistration, pid: str, entry: Entry | None, record: Record
    ) -> Sequence[Diagnostic]:
        deleted = one.adapted.deleted
        if deleted is None or record.incarnation is None or one.lane.is_closed:
            return ()
        one.records[pid] = replace(record, receipt=self._busy(record, entry))
        error = raised_by(lambda: deleted(pid))
        call = Attempt(one, pid, None, None, record.properties)
        return () if error is None else self._complaints(call, error)

    def _complaints(self, call: Attempt, error: BaseException) -> list[Diagnostic]:
        origin = call.entry.configuration.origin if call.entry is not None else None
        file = origin.file_shown if origin is not None else None
        expectation = _expectation(call.one.name, call.about, file, call.properties)
        return complaints(error, expectation, [*self.secrets(), *call.one.secrets()])

    def _report(
        self, one: Registration, name: str, pid: str, found: Sequence[Diagnostic]
    ) -> None:
        """Report what is wrong, or that all is well again."""
        if not found and pid not in one.faulty:
            return
        if found:
            one.faulty.add(pid)
        else:
            one.faulty.discard(pid)
        subject = _subject(one, name, pid)
        faults = [Fault.of(FaultKind.CALLBACK, pid, each) for each in found]
        self.faults.report(FaultKind.CALLBACK, subject, faults)
        if one.is_closed:  # asked last: it may close meanwhile
            self.faults.clear(FaultKind.CALLBACK, subject)


def _noted(
    receipt: Receipt, revision: int | None, found: Sequence[Diagnostic]
) -> Receipt:
    """*receipt*, of a service that has taken *revision*, or found something wrong."""
    if found:
        reason = "; ".join(each.message for each in found)
        return replace(receipt, refused=revision, reason=reason)
    return replace(receipt, applied=revision, refused=None, reason=None)


def _released(record: Record) -> Record:
    """*record*, of what does not wait for a plugin."""
    return replace(record, held=None, receipt=replace(record.receipt, held=None))


def _expectation(
    name: str,
    about: str,
    file: str | None = None,
    properties: Properties | None = None,
) -> Expectation:
    keys = properties or Properties()
    return Expectation(f"{name} to take {about}", _CURE, "callback", file, keys)


def _subject(one: Registration, name: str, pid: str) -> str:
    return f"{name} {one.number} {pid}"
