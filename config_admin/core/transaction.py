"""Several changes that are made together, or not at all."""

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

from config_admin.core.call import require_no_check
from config_admin.core.changes import Change
from config_admin.core.configuration import Configuration, Origin
from config_admin.core.errors import UsageError
from config_admin.core.pid import require_pid
from config_admin.core.properties import Properties


class Door(Protocol):
    """What makes the changes: `config_admin.core.admin.ConfigurationAdmin`."""

    def given(
        self, pid: str, properties: Mapping[str, object], origin: Origin
    ) -> Properties:
        """What is to be stored of *pid*, from what a caller hands over."""
        ...

    def change(
        self, changes: Sequence[Change], origin: Origin
    ) -> tuple[Configuration, ...]:
        """Make all of *changes*, or none; what is there then."""
        ...


class Transaction:
    """
    Collects changes; at the end of the ``with`` block they are checked and committed.

    An exception in the block, or one that the check raises, changes nothing. Only then
    is anybody told, in the order of the changes.

    Each change follows those before it. A ``revision=`` is the one that was there
    before the block, or the one that the block itself has made of it.

    Args:
        door: Gives what makes the changes; asked at each step, at once too, for it may
            be closed meanwhile.
        origin: What causes them.

    Attributes:
        configurations: What is there now, in the order of the changes; empty before
            the end of the block.
    """

    def __init__(self, door: Callable[[], Door], origin: Origin) -> None:
        door()
        self.configurations: tuple[Configuration, ...] = ()
        self._door = door
        self._origin = origin
        self._changes: list[Change] = []
        self._is_open = False
        self._is_over = False

    def __enter__(self) -> Self:
        require_no_check()
        if self._is_open or self._is_over:
            raise UsageError("A transaction is used once: call transaction() again.")
        self._is_open = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_open, self._is_over = False, True
        if error is None:
            self.configurations = self._door().change(self._changes, self._origin)

    def update(
        self,
        pid: str,
        properties: Mapping[str, object],
        *,
        revision: int | None = None,
        reason: str | None = None,
        force: bool = False,
    ) -> None:
        """
        Have the properties of *pid* replaced.

        Args: as `config_admin.core.admin.ConfigurationAdmin.update`.

        Raises:
            InvalidPidError: If *pid* cannot be a PID.
            InvalidConfigurationError: If *properties* cannot be stored.
            UsageError: If the block has not begun, or is over; or *properties* are no
                mapping.
        """
        self._require_open()
        pid = require_pid(pid)
        given = self._door().given(pid, properties, self._origin)
        self._changes.append(Change(pid, given, revision, reason, force))

    def delete(
        self, pid: str, *, revision: int | None = None, reason: str | None = None
    ) -> None:
        """
        Have the configuration of *pid* removed.

        Raises:
            InvalidPidError: If *pid* cannot be a PID.
            UsageError: If the block has not begun, or is over.
        """
        self._require_open()
        self._changes.append(Change(require_pid(pid), None, revision, reason))

    def _require_open(self) -> None:
        if not self._is_open:
            raise UsageError("Use it as 'with admin.transaction() as transaction:'.")
