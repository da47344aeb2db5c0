"""
The last step: a service is called with what is there now.

A lane is handed a PID, never a value. What is delivered is read when the call starts,
so a busy service ends on the newest revision, and a late notice does no harm.
"""

import traceback
from collections.abc import Callable, Iterable
from json import dumps
from threading import current_thread, main_thread
from urllib.parse import quote

from config_admin.core.configuration import Origin
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import MASK, escaped
from config_admin.core.entry import ABSENT, Entry, present, revision_of
from config_admin.core.errors import ConfigurationError
from config_admin.core.events import ConfigurationEvent
from config_admin.core.faults import Fault, FaultBook, FaultKind
from config_admin.core.ports import ConfigurationListener
from config_admin.core.properties import Properties
from config_admin.core.registry import Registration, ServiceRegistration

Secrets = Callable[[], Iterable[str]]

_MAX_FOREIGN_CHARACTERS = 500
_SHORTEST_SECRET = 2


def deliver(
    registration: ServiceRegistration,
    pid: str,
    entry: Entry | None,
    faults: FaultBook,
    secrets: Secrets,
) -> None:
    """
    Call the service with *entry*, unless that is what it was called with last.

    What it raises becomes a fault and harms nobody else; the next success clears it.
    """
    state = entry.state if entry is not None else ABSENT
    # Asked when its turn has come: what was committed after it was closed is not its.
    if registration.delivered.get(pid) == state or registration.lane.is_closed:
        return
    properties = entry.delivered() if entry is not None else None
    error = _raised_by(lambda: registration.call(pid, properties))
    fault = None
    if error is not None:
        expected = f"{registration.lane.name} to take {_described(pid, entry)}"
        origin = entry.configuration.origin if entry is not None else None
        last = registration.properties.get(pid, Properties())
        known = [*secrets(), *last.secret_values()]
        fault = _callback_fault(pid, error, expected, origin, known)
    _settle_fault(registration, pid, fault, faults)
    if properties is not None:
        registration.properties[pid] = properties
    registration.note_attempt(pid, state)


def tell(
    registration: Registration,
    listener: ConfigurationListener,
    event: ConfigurationEvent,
    faults: FaultBook,
    secrets: Secrets,
) -> None:
    """Queue *event* for *listener*; what it raises becomes a fault."""

    def call() -> None:
        error = _raised_by(lambda: listener.configuration_event(event))
        fault = None
        if error is not None:
            about = f"{event.type.name} of {event.pid}"
            expected = f"{registration.lane.name} to take {about}"
            fault = _callback_fault(event.pid, error, expected, None, secrets())
        _settle_fault(registration, event.pid, fault, faults)

    registration.lane.submit(object(), call)


def forget_faults(registration: Registration, faults: FaultBook) -> None:
    """*registration* has ended, and what it raised is of no interest any more."""
    for pid in registration.faulty.copy():
        faults.clear(FaultKind.CALLBACK, _fault_subject(registration, pid))


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    """
    *text* of foreign code, fit to be shown: escaped, shortened, without *secrets*.

    A secret is also found as Python, JSON or an address would write it.
    """
    forms = {form for secret in secrets for form in _forms_of(secret)}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, MASK)
    if len(text) > _MAX_FOREIGN_CHARACTERS:
        text = f"{text[:_MAX_FOREIGN_CHARACTERS]}…"
    return escaped(text)


def _forms_of(secret: str) -> set[str]:
    if len(secret) < _SHORTEST_SECRET:
        return set()
    python, json = repr(secret)[1:-1], dumps(secret)[1:-1]
    return {secret, python, json, quote(secret), quote(secret, safe="")}


def _raised_by(call: Callable[[], object]) -> BaseException | None:
    """What foreign code raised: it runs here and nowhere else."""
    try:
        call()
    except BaseException as error:  # SystemExit too must not end a thread of ours
        if isinstance(error, KeyboardInterrupt) and current_thread() is main_thread():
            raise
        return error
    return None


def _settle_fault(
    registration: Registration, pid: str, fault: Fault | None, faults: FaultBook
) -> None:
    subject = _fault_subject(registration, pid)
    if fault is not None:
        registration.faulty.add(pid)
    faults.report(FaultKind.CALLBACK, subject, [fault] if fault else [])
    if registration.lane.is_closed:  # asked last: it may close meanwhile
        faults.clear(FaultKind.CALLBACK, subject)


def _fault_subject(registration: Registration, pid: str) -> str:
    return f"{registration.lane.name} {id(registration):x} {pid}"


def _callback_fault(
    pid: str,
    error: BaseException,
    expected: str,
    origin: Origin | None,
    secrets: Iterable[str],
) -> Fault:
    ours = isinstance(error, ConfigurationError)
    name = escaped(type(error).__name__)
    text = scrubbed(_text_of(error), secrets)
    diagnostic = Diagnostic(
        key=_key_of(error),
        file=origin.file_shown if origin is not None else None,
        found=f"{name}: {text}{'' if ours else _raised_at(error)}",
        expected=expected,
        cure="Mend the configuration or the service; the next change is delivered.",
        rule="callback",
    )
    return Fault.of(FaultKind.CALLBACK, pid, diagnostic)


def _text_of(error: BaseException) -> str:
    try:
        return str(error.reason if isinstance(error, ConfigurationError) else error)
    except Exception:  # noqa: BLE001 - foreign code too: its own __str__
        return "(it cannot say what is wrong)"


def _key_of(error: BaseException) -> str | None:
    key: object = error.key if isinstance(error, ConfigurationError) else None
    return key if isinstance(key, str) else None


def _described(pid: str, entry: Entry | None) -> str:
    if present(entry) is None:
        return f"that {pid} has no configuration"
    return f"revision {revision_of(entry)} of {pid}"


def _raised_at(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f" (raised at {frames[-1].filename}:{frames[-1].lineno})" if frames else ""
