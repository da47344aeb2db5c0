"""What an admin keeps beyond its files: the store, and what others do with it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from os import PathLike
from pathlib import Path
from typing import Final

from config_admin.core.admin import ConfigurationAdmin
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import escaped
from config_admin.core.errors import StoreError
from config_admin.core.faults import Fault, FaultBook, FaultKind
from config_admin.core.status import RunningAdmin
from config_admin.core.storage import Ledger, RememberingStore, Retention
from config_admin.fileinstall.attachment import Attachment
from config_admin.fileinstall.follower import NameFollower
from config_admin.fileinstall.install import FileInstall
from config_admin.fileinstall.presence import Presence
from config_admin.settings import Settings, StorePlace
from config_admin.stores.embedded import EmbeddedStore
from config_admin.stores.memory import TransientStore
from config_admin.stores.running import running_admins as _running_admins

# Receipts and faults are told to other processes at most so often.
_TELL_AFTER_S: Final = 0.5
_LOOK_AGAIN_S: Final = 30.0


class Keeping:
    """
    The store of one admin.

    Args:
        settings: What to make it from.
        faults: Takes what is wrong with it.

    Attributes:
        store: The configurations and their history.
    """

    def __init__(self, settings: Settings, faults: FaultBook) -> None:
        self._faults = faults
        self._directories = [str(one.path) for one in settings.directories()]
        self._polling_s = settings.polling_s
        self._attachment: Attachment | None = None
        self._is_default = isinstance(settings.store, StorePlace)
        self._storage = _storage(settings)
        self._tell_soon: Callable[[], None] | None = None
        self._refresh: Callable[[], None] | None = None

    @property
    def store(self) -> RememberingStore:
        """The configurations and their history."""
        return self._storage.store

    def ledger(self, directory: Path) -> Ledger:
        """What is remembered of the files of *directory*."""
        return self._storage.ledger(directory)

    def open(self) -> None:
        """
        Open it.

        Raises:
            StoreError: If it cannot be used; what to do about it, too.
        """
        self._report("damage", self._storage.open())
        if self._is_default:
            self._storage.require_own()

    def follow(self, admin: ConfigurationAdmin, files: FileInstall) -> None:
        """From now on other processes' changes come in force, and ours are told."""
        storage, self._refresh = self._storage, admin.refresh
        if not isinstance(storage, EmbeddedStore):
            return

        def look() -> float:
            again_s = attachment.renew()
            storage.meet()
            self.look()
            self._report("absence", None if storage.is_there() else _absence(storage))
            return again_s

        def tell() -> float:
            receipts, wrong = admin.audience.receipts(), self._faults.all()
            said = self._directories
            self._try("tell", lambda: storage.running.tell(said, receipts, wrong))
            return _LOOK_AGAIN_S

        look_soon = files.add_chore(look, about=str(storage.path))
        self._tell_soon = files.add_chore(
            tell, about=str(storage.path), after_s=_TELL_AFTER_S
        )
        listener = NameFollower(storage.is_bell, look_soon)
        directory = storage.path.parent
        presence = Presence(directory, directory, self._faults, "store")
        attachment = self._attachment = Attachment(
            directory, presence, listener, polling_s=self._polling_s
        )

    def look(self) -> None:
        """Put in force what others have stored."""
        if self._refresh is not None:
            self._try("read", self._refresh)

    def note_news(self) -> None:
        """Receipts or faults are not what they were."""
        if self._tell_soon is not None:
            self._tell_soon()

    def close(self) -> None:
        """Let go of it: nothing is stored any more."""
        self._tell_soon = None
        if self._attachment is not None:
            self._attachment.close()
        self._storage.close()

    def before_fork(self) -> None:
        """Nobody uses it while this process forks."""
        self._storage.before_fork()

    def after_fork(self) -> None:
        """This process has forked: it may be used again."""
        self._storage.after_fork()

    def note_fork(self) -> None:
        """This is a child of the process that uses it."""
        self._storage.note_fork()

    def _try(self, about: str, call: Callable[[], None]) -> None:
        try:
            call()
        except StoreError as error:
            self._report(about, _failure(error))
        else:
            self._report(about, None)

    def _report(self, about: str, found: Diagnostic | None) -> None:
        faults = [] if found is None else [Fault.of(FaultKind.STORE, None, found)]
        self._faults.report(FaultKind.STORE, about, faults)


def running_admins(
    store: str | PathLike[str] | StorePlace = StorePlace.BESIDE_ETC,
    *,
    etc: str | PathLike[str] = "etc",
) -> tuple[RunningAdmin, ...]:
    """
    The admins that run on a store, in whatever process; it is only read.

    Args:
        store: The database; by default that beside *etc*.
        etc: The directory of the configuration files.

    Raises:
        StoreError: If it cannot be read.
    """
    path = store_path(store, [Path(etc)])
    return _running_admins(path) if path is not None else ()


def store_path(
    store: str | PathLike[str] | StorePlace | None, directories: Sequence[Path]
) -> Path | None:
    """The database: by default ``var/config_admin.db`` beside *directories*."""
    if store is None:
        return None
    if isinstance(store, StorePlace):
        return directories[0].absolute().parent / "var" / "config_admin.db"
    return Path(store).absolute()


def _storage(settings: Settings) -> EmbeddedStore | TransientStore:
    days = settings.history_days
    retention = Retention(
        settings.history_limit,
        None if days is None else timedelta(days=min(days, timedelta.max.days)),
    )
    named = [Path(one.path) for one in settings.directories()]
    path = store_path(settings.store, named)
    if path is None:
        return TransientStore(retention)
    return EmbeddedStore(
        path,
        timeout_s=settings.store_timeout_s,
        synchronous=settings.store_synchronous,
        retention=retention,
        now=lambda: datetime.now(UTC),
    )


def _absence(storage: EmbeddedStore) -> Diagnostic:
    return Diagnostic(
        file=escaped(str(storage.path)),
        found="no database, or another one",
        expected="the one that was there when the admin was started",
        cure="Put it back and restart: what is stored now is lost with this process.",
        rule="store",
    )


def _failure(error: StoreError) -> Diagnostic:
    return Diagnostic(
        found=f"a store that failed ({error})",
        expected="a store that answers",
        cure="It is tried again.",
        rule="store",
    )
