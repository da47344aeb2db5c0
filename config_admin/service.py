"""
What users import: `ConfigAdmin`.

What it does is done in the rooms; `config_admin.assembly` puts them together.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from enum import Enum
from os import PathLike
from pathlib import Path
from threading import Event, Lock
from typing import Self

from config_admin.assembly import Assembly
from config_admin.core.configuration import Configuration
from config_admin.core.errors import NotRunningError, UsageError
from config_admin.core.faults import Fault
from config_admin.core.ports import ConfigurationListener
from config_admin.core.registry import AnyService, Registration
from config_admin.settings import Settings


class _State(Enum):
    NEW = "has not been started: call start(), or use it as a context manager"
    RUNNING = "is running"
    STOPPED = "has been stopped"


class ConfigAdmin:
    """
    Follows the files of a directory and calls the services registered for them.

    Use it as a context manager, or call `start` and `stop`.

    Args:
        etc: The directory of the configuration files; it may appear later.
        schemas: The directory of the JSON Schemas; None: nothing is validated.
        settings: Everything else; its *etc* and *schemas* count only if those
            arguments are left out.
    """

    def __init__(
        self,
        etc: str | PathLike[str] | None = None,
        *,
        schemas: str | PathLike[str] | None = None,
        settings: Settings | None = None,
    ) -> None:
        chosen = settings or Settings()
        if etc is not None:
            chosen = replace(chosen, etc=Path(etc))
        if schemas is not None:
            chosen = replace(chosen, schemas=Path(schemas))
        self._assembly = Assembly(chosen)
        self._admin = self._assembly.admin
        self._state = _State.NEW
        self._state_lock = Lock()
        self._stopped = Event()

    # Living

    def start(self) -> None:
        """
        Read every file once, then follow them.

        Returns after one delivery attempt for each registration, or after
        ``start_timeout_s``. No service is told that it has no configuration before
        every file was read.

        Raises:
            UsageError: If it has been started before.
        """
        with self._state_lock:
            if self._state is not _State.NEW:
                raise UsageError(f"The admin {self._state.value}; make a new one.")
            self._state = _State.RUNNING
        try:
            self._assembly.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """
        End within a second: changes are written to their files, then nothing is called.

        A callback that does not return is left behind on its daemon thread; a fault
        says where it hangs.

        Raises:
            UsageError: If a callback calls this.
        """
        self._require_outside("stop")
        with self._state_lock:
            was_running = self._state is _State.RUNNING
            self._state = _State.STOPPED
        try:
            if was_running:
                self._assembly.stop()
        finally:
            self._stopped.set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """
        Sleep until `stop` is called; whether it was in time.

        Raises:
            UsageError: If a callback calls this.
        """
        self._require_outside("wait")
        return self._stopped.wait(timeout_s)

    def flush(self, timeout_s: float | None = None) -> bool:
        """
        Wait until every queued callback has run and every change is in its file.

        Returns:
            Whether it was so within *timeout_s*.

        Raises:
            UsageError: If a callback calls this.
        """
        self._require_outside("flush")
        self._require_started()
        return self._assembly.flush(timeout_s)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # Registering

    def managed_service(
        self, *pids: str, ranking: int = 0
    ) -> Callable[[AnyService], Registration]:
        """
        Decorate the function that follows *pids*; its name becomes the registration.

        Raises: as `add_managed_service`.
        """
        if not pids or not all(isinstance(pid, str) for pid in pids):
            raise UsageError("Name the PIDs: @admin.managed_service('my.pid').")

        def register(service: AnyService) -> Registration:
            return self.add_managed_service(pids, service, ranking=ranking)

        return register

    def add_managed_service(
        self, pids: str | Iterable[str], service: AnyService, *, ranking: int = 0
    ) -> Registration:
        """
        Call *service* with its configuration soon, then after every accepted change.

        Args:
            pids: What it follows. For one PID it is called ``updated(properties)``, for
                several ``updated(pid, properties)``; *properties* is None when there is
                no configuration.
            service: An object with `updated`, or a plain callable.
            ranking: Services of one PID are called highest first.

        Raises:
            InvalidPidError: If one of *pids* cannot be a PID.
            UsageError: If *service* cannot be called like that, or *pids* is empty.
            NotRunningError: If the admin has been stopped.
        """
        self._require_not_stopped()
        wanted = (pids,) if isinstance(pids, str) else tuple(pids)
        if not wanted:
            raise UsageError("Name at least one PID that the service follows.")
        return self._admin.add_managed_service(wanted, service, ranking=ranking)

    def add_listener(self, listener: ConfigurationListener) -> Registration:
        """
        Tell *listener* of every change and every refusal from now on.

        Raises:
            NotRunningError: If the admin has been stopped.
        """
        self._require_not_stopped()
        return self._admin.add_listener(listener)

    # Configurations

    def get(self, pid: str) -> Configuration:
        """
        The configuration of *pid*, read as its schema says.

        Raises:
            NoSuchConfigurationError: If there is none.
            InvalidPidError: If *pid* cannot be a PID.
        """
        self._require_started()
        return self._admin.get(pid)

    def find(self, pid: str) -> Configuration | None:
        """The configuration of *pid*, or None; otherwise as `get`."""
        self._require_started()
        return self._admin.find(pid)

    def list_configurations(self) -> tuple[Configuration, ...]:
        """Every configuration, in PID order."""
        self._require_started()
        return self._admin.list_configurations()

    def update(
        self, pid: str, properties: Mapping[str, object], *, revision: int | None = None
    ) -> Configuration:
        """
        Replace the properties of *pid*; its file follows, with its comments.

        Args, returns and raises: as
        `config_admin.core.admin.ConfigurationAdmin.update`; besides:

        Raises:
            NotRunningError: If the admin is not running.
        """
        self._require_running()
        return self._admin.update(pid, properties, revision=revision)

    def delete(self, pid: str, *, revision: int | None = None) -> None:
        """
        Remove the configuration of *pid* and its file.

        Args and raises: as `config_admin.core.admin.ConfigurationAdmin.delete`;
        besides:

        Raises:
            NotRunningError: If the admin is not running.
        """
        self._require_running()
        self._admin.delete(pid, revision=revision)

    def faults(self) -> tuple[Fault, ...]:
        """What is wrong now, by file, line and PID."""
        return self._assembly.faults.all()

    def _require_running(self) -> None:
        if self._state is not _State.RUNNING:
            raise NotRunningError(f"The admin {self._state.value}.")

    def _require_started(self) -> None:
        if self._state is _State.NEW:
            raise NotRunningError(f"The admin {self._state.value}.")

    def _require_not_stopped(self) -> None:
        if self._state is _State.STOPPED:
            raise NotRunningError(f"The admin {self._state.value}.")

    def _require_outside(self, name: str) -> None:
        if self._assembly.dispatcher.is_inside():
            raise UsageError(
                f"A callback cannot call {name}(): it would wait for itself."
            )
