"""What configurations were: revisions, what differs between them, and the way back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from config_admin.core.arguments import require_whole
from config_admin.core.configuration import Configuration
from config_admin.core.display import escaped, shown
from config_admin.core.errors import NoSuchRevisionError, UsageError
from config_admin.core.pid import require_pid
from config_admin.core.ports import Validator
from config_admin.core.properties import Properties, typed
from config_admin.core.storage import History


@dataclass(frozen=True, slots=True)
class Difference:
    """
    What makes one revision another; as written. Shown, its secrets are masked.

    Attributes:
        added: What is there only afterwards.
        removed: What was there only before.
        before: What has another value afterwards: the value before.
        after: The same keys, with the value afterwards.
    """

    added: Properties
    removed: Properties
    before: Properties
    after: Properties

    @classmethod
    def between(cls, old: Properties, new: Properties) -> "Difference":
        """What makes *old* become *new*."""
        secret_keys = old.secret_keys | new.secret_keys
        old, new = old.with_secrets(secret_keys), new.with_secrets(secret_keys)
        kept = [key for key in new if key in old]
        same = [key for key in kept if typed(old[key]) == typed(new[key])]
        return cls(
            added=new.without(old),
            removed=old.without(new),
            before=old.without(same).without(key for key in old if key not in new),
            after=new.without(same).without(key for key in new if key not in old),
        )

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.after)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        before, after = self.before.masked(), self.after.masked()
        for key, value in self.removed.masked().items():
            yield f"- {escaped(key)} = {shown(value)}"
        for key, value in after.items():
            old = {name.lower(): found for name, found in before.items()}[key.lower()]
            other = " (another value)" if old == value else ""
            yield f"- {escaped(key)} = {shown(old)}"
            yield f"+ {escaped(key)} = {shown(value)}{other}"
        for key, value in self.added.masked().items():
            yield f"+ {escaped(key)} = {shown(value)}"


@dataclass(frozen=True, slots=True)
class Revision:
    """
    One revision of a configuration, as its history tells it.

    Attributes:
        configuration: What was stored, as written; with its origin, reason and time.
        difference: From the revision before it; None: that is not kept any more.
    """

    configuration: Configuration
    difference: Difference | None

    def __str__(self) -> str:
        one = self.configuration
        when = f"{one.changed_at:%Y-%m-%d %H:%M:%S} UTC  " if one.changed_at else ""
        what = "  deleted" if one.deleted else ""
        why = f"  {escaped(one.reason)}" if one.reason else ""
        return f"{one.revision:>4}  {when}{one.origin}{what}{why}"


class Recall:
    """
    Reads the history.

    Args:
        history: Where it is kept.
        validator: Knows which keys are secret.
    """

    def __init__(self, history: History, validator: Validator) -> None:
        self._history = history
        self._validator = validator

    def history(self, pid: str, limit: int | None = None) -> tuple[Revision, ...]:
        """
        The *limit* newest revisions of *pid* that are kept, the newest first.

        Raises:
            UsageError: If *limit* is no number above 0.
        """
        pid = require_pid(pid)
        if limit is not None and (type(limit) is not int or limit < 1):
            raise UsageError(f"limit is {limit!r}: name a number above 0, or None.")
        more = None if limit is None else limit + 1
        found = [self._marked(one) for one in self._history.revisions(pid, more)]
        before = [*found[1:], None][: len(found)]
        revisions = (
            Revision(one, _difference(old, one))
            for one, old in zip(found, before, strict=True)
        )
        return tuple(revisions)[:limit]

    def revision(self, pid: str, revision: int) -> Configuration:
        """
        *revision* of *pid*, as written.

        Raises:
            NoSuchRevisionError: If it is not kept, or never was.
        """
        pid = require_pid(pid)
        require_whole("revision", revision)
        found = self._history.revision(pid, revision)
        if found is None:
            kept = self._history.revisions(pid)
            raise NoSuchRevisionError(pid, _kept_instead(revision, kept))
        return self._marked(found)

    def diff(self, pid: str, a: int, b: int) -> Difference:
        """
        What makes revision *a* of *pid* become revision *b*.

        Raises: as `revision`.
        """
        old, new = self.revision(pid, a), self.revision(pid, b)
        return Difference.between(old.properties, new.properties)

    def at(self, time: datetime) -> tuple[Configuration, ...]:
        """
        The configurations that there were at *time*, as written, in PID order.

        Raises:
            NoSuchRevisionError: If what one of them was is not kept any more.
            UsageError: If *time* has no time zone.
        """
        if not isinstance(time, datetime) or time.tzinfo is None:
            raise UsageError(
                f"{shown(time)} is no time with a time zone: write "
                "datetime(2026, 1, 31, 12, 0, tzinfo=UTC)."
            )
        found = self._history.at(time)
        for one in found:
            if one.changed_at is not None and one.changed_at > time:
                when = f"{one.changed_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
                told = f"its history begins with revision {one.revision} of {when}."
                raise NoSuchRevisionError(one.pid, told)
        return tuple(self._marked(one) for one in found if not one.deleted)

    def purge(self, pid: str | None = None) -> int:
        """Forget all revisions of *pid* but the newest; None: of all. How many."""
        return self._history.purge(None if pid is None else require_pid(pid))

    def _marked(self, one: Configuration) -> Configuration:
        """*one*, also masking what the schema of now calls a secret."""
        secret = (
            key for key in one.properties if self._validator.is_secret(one.pid, key)
        )
        return replace(one, properties=one.properties.with_secrets(secret))


def _difference(old: Configuration | None, new: Configuration) -> Difference | None:
    if old is None and new.revision > 1:
        return None
    before = old.properties if old is not None else Properties()
    return Difference.between(before, new.properties)


def _kept_instead(revision: int, kept: Sequence[Configuration]) -> str:
    if not kept:
        return f"it has no revision {shown(revision)}, for it never was configured."
    oldest, newest = kept[-1].revision, kept[0].revision
    if revision > newest:
        return f"there is no revision {revision} yet. The newest is {newest}."
    there = f"are {oldest} to {newest}" if oldest < newest else f"is only {newest}"
    return f"revision {shown(revision)} is not kept. There {there}."
