"""What happens to the configurations, told to a person."""

import logging
from collections.abc import Iterator
from threading import Lock
from typing import Self

from config_admin import (
    CM_REFUSED,
    ConfigAdmin,
    Configuration,
    ConfigurationEvent,
    Fault,
    Properties,
    Severity,
)
from config_admin.cli.terminal import Terminal
from config_admin.core.display import escaped, shown


class Changes:
    """
    Tells what changed in each configuration since it was last looked at.

    Args:
        admin: Where they are read; an event only says which one to look at.
        terminal: Whom to tell.
    """

    def __init__(self, admin: ConfigAdmin, terminal: Terminal) -> None:
        self._admin = admin
        self._terminal = terminal
        self._lock = Lock()
        self._known: dict[str, Configuration] = {}

    def know(self) -> None:
        """Tell nothing of what is there now: only what changes in it."""
        with self._lock:
            self._known = {one.pid: one for one in self._admin.list_configurations()}

    def configuration_event(self, event: ConfigurationEvent) -> None:
        """Look at what *event* is about; a refusal is told by its faults."""
        if event.type is not CM_REFUSED:
            self.look_at(event.pid)

    def look_at(self, pid: str) -> None:
        """Tell what is new with *pid*, if anything is."""
        with self._lock:
            before, now = self._known.pop(pid, None), self._admin.find(pid)
            if now is not None:
                self._known[pid] = now
            if before is None and now is not None:
                self._tell_loaded(now)
            elif before is not None and now is None:
                self._terminal.tell("deleted", escaped(pid))
            elif before is not None and now is not None and before != now:
                self._tell_changed(before, now)

    def _tell_loaded(self, now: Configuration) -> None:
        count = len(now.properties)
        keys = "1 key" if count == 1 else f"{count} keys"
        source = now.origin.detail or str(now.origin)
        self._terminal.tell("loaded", f"{escaped(now.pid)}: {keys} from {source}")

    def _tell_changed(self, before: Configuration, now: Configuration) -> None:
        differences = differences_of(
            before.properties, now.properties, self._terminal.arrow
        )
        nothing = "only in how it is written; every value is the same"
        self._terminal.tell("changed", escaped(now.pid), list(differences) or [nothing])


def differences_of(before: Properties, now: Properties, arrow: str) -> Iterator[str]:
    """A line for each key that was changed, added or removed; secrets are masked."""
    secret_keys = before.secret_keys | now.secret_keys
    before, now = before.with_secrets(secret_keys), now.with_secrets(secret_keys)
    for key in now:
        name = escaped(key)
        if key not in before:
            yield f"{name}: added, {_value(now, key)}"
        elif now.is_secret(key) and not _is_same(key, before, now):
            yield f"{name}: changed, ******"
        elif not _is_same(key, before, now):
            was, becomes = _value(before, key), _value(now, key)
            yield f"{name}: {was} {arrow} {becomes}"
    for key in before:
        if key not in now:
            yield f"{escaped(key)}: removed, was {_value(before, key)}"


class Faults(logging.Handler):
    """
    Tells what the admin logs: each fault when it comes, and when it is mended.

    As a context manager it takes the place of the logger's own handlers.

    Args:
        terminal: Whom to tell.
    """

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(logging.INFO)
        self._terminal = terminal
        self._logger = logging.getLogger("config_admin")

    def __enter__(self) -> Self:
        self._before = (self._logger.level, self._logger.propagate)
        self._logger.setLevel(logging.INFO)
        self._logger.propagate = False
        self._logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)
        self._logger.setLevel(self._before[0])
        self._logger.propagate = self._before[1]

    def emit(self, record: logging.LogRecord) -> None:
        """Tell what *record* says; a fault is told in our own form."""
        told = getattr(record, "fault", None)
        if not isinstance(told, Fault):
            word = "note" if record.levelno == logging.INFO else "warning"
            self._terminal.tell(word, escaped(record.getMessage()))
        elif record.levelno == logging.INFO:
            self._terminal.tell("mended", _place(told), [_what_it_was(told)])
        else:
            is_error = told.severity is Severity.ERROR
            word = "error" if is_error else "warning"
            self._terminal.tell(word, _place(told), [told.message])


def _place(fault: Fault) -> str:
    return fault.place or escaped(fault.pid or "")


def _what_it_was(fault: Fault) -> str:
    key = f"{escaped(fault.key)}: " if fault.key is not None else ""
    return f"{key}was {fault.found}"


def _value(properties: Properties, key: str) -> str:
    return "******" if properties.is_secret(key) else shown(properties[key])


def _is_same(key: str, before: Properties, now: Properties) -> bool:
    """Whether value and type are; 1 and True are two values."""
    return Properties({key: before[key]}) == Properties({key: now[key]})
