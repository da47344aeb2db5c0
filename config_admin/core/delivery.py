"""
The last step: a service is called with what is there now.

A lane is handed a PID, never a value. What is delivered is read when the call starts,
so a busy service ends on the newest revision, and a late notice does no harm.
"""

import traceback
from collections.abc import Callable

from config_admin.core.configuration import OriginKind
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import MASK, escaped
from config_admin.core.entry import ABSENT, Entry, present, revision_of
from config_admin.core.errors import ConfigurationError
from config_admin.core.events import ConfigurationEvent
from config_admin.core.faults import Fault, FaultBook, FaultKind
from config_admin.core.ports import ConfigurationListener
from config_admin.core.properties import Properties
from config_admin.core.registry import Registration, ServiceRegistration


def deliver(
    registration: ServiceRegistration, pid: str, entry: Entry | None, faults: FaultBook
) -> None:
    """
    Call the service with *entry*, unless that is what it was called with last.

    What it raises becomes a fault and harms nobody else; the next success clears it.
    """
    state = entry.state if entry is not None else ABSENT
    if registration.delivered.get(pid) == state:
        return
    properties = entry.delivered() if entry is not None else None
    subject = fault_subject(registration, pid)
    error = _raised_by(lambda: registration.call(pid, properties))
    if error is None or registration.lane.is_closed:
        faults.clear(FaultKind.CALLBACK, subject)
    else:
        expected = f"{registration.lane.name} to take {_described(pid, entry)}"
        fault = _callback_fault(pid, entry, error, expected)
        faults.report(FaultKind.CALLBACK, subject, [fault])
    registration.note_attempt(pid, state)


def tell(
    registration: Registration,
    listener: ConfigurationListener,
    event: ConfigurationEvent,
    faults: FaultBook,
) -> None:
    """Queue *event* for *listener*; what it raises becomes a fault."""
    subject = fault_subject(registration, event.pid)

    def call() -> None:
        error = _raised_by(lambda: listener.configuration_event(event))
        if error is None:
            faults.clear(FaultKind.CALLBACK, subject)
            return
        expected = f"{registration.lane.name} to take {event.type.name} of {event.pid}"
        fault = _callback_fault(event.pid, None, error, expected)
        faults.report(FaultKind.CALLBACK, subject, [fault])

    registration.lane.submit(object(), call)


def _raised_by(call: Callable[[], object]) -> BaseException | None:
    """What foreign code raised: it runs here and nowhere else."""
    try:
        call()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever it raises, SystemExit included, must not end a thread of ours
        return error
    return None


def fault_subject(registration: Registration, pid: str) -> str:
    """What the faults of one registration with one PID are filed under."""
    return f"{registration.lane.name} {id(registration):x} {pid}"


def scrubbed(text: str, properties: Properties | None) -> str:
    """*text* of a foreign exception, without the values of secret properties."""
    for key, value in (properties or {}).items():
        if properties is not None and properties.is_secret(key) and value != "":
            text = text.replace(str(value), MASK)
    return escaped(text)


def _callback_fault(
    pid: str, entry: Entry | None, error: BaseException, expected: str
) -> Fault:
    origin = entry.configuration.origin if entry is not None else None
    text = error.reason if isinstance(error, ConfigurationError) else str(error)
    reason = scrubbed(text, entry.delivered() if entry is not None else None)
    diagnostic = Diagnostic(
        key=error.key if isinstance(error, ConfigurationError) else None,
        file=origin.detail if origin and origin.kind is OriginKind.FILE else None,
        found=f"{type(error).__name__}: {reason}{_raised_at(error)}",
        expected=expected,
        cure="Mend the configuration or the service; the next change is delivered.",
        rule="callback",
    )
    return Fault.of(FaultKind.CALLBACK, pid, diagnostic)


def _described(pid: str, entry: Entry | None) -> str:
    if present(entry) is None:
        return f"that {pid} has no configuration"
    return f"revision {revision_of(entry)} of {pid}"


def _raised_at(error: BaseException) -> str:
    if isinstance(error, ConfigurationError):
        return ""
    frames = traceback.extract_tb(error.__traceback__)
    return f" (raised at {frames[-1].filename}:{frames[-1].lineno})" if frames else ""
