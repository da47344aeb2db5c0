"""Every setting of the product, with its unit in its name."""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from enum import Enum
from math import inf
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict

from config_admin.core.arguments import (
    found,
    require_flag,
    require_mapping,
    require_number,
    require_path,
    require_seconds,
    require_table,
    require_text,
    require_texts,
    require_whole,
)
from config_admin.core.display import shown
from config_admin.core.errors import UsageError
from config_admin.fileinstall.encoding import require_encoding
from config_admin.plugins.access import require_rules

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


class StorePlace(Enum):
    """Where the store is, if nobody names a file."""

    BESIDE_ETC = "var/config_admin.db beside etc"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Directory:
    """
    One of several directories of configuration files.

    Attributes:
        path: The directory; it may appear later.
        formats: The suffixes of the files that count, like ``(".cfg", ".json")``; new
            files get the first. None: all that are known; new files are ``.cfg``.
        write_back: Whether changes made in code are written to its files; if not,
            nothing in it is ever touched.
        ranking: Of the files of one PID that in the directory with the highest one
            holds; where two are equal, in the one that was named first.

    Raises:
        UsageError: If one of them is not what it should be.
    """

    path: str | PathLike[str]
    _: KW_ONLY
    formats: Sequence[str] | None = None
    write_back: bool = True
    ranking: int = 0

    def __post_init__(self) -> None:
        require_path("The path of a Directory", self.path)
        if self.formats is not None:
            require_texts("formats", self.formats, "such as ['.cfg', '.json']")
        require_flag("write_back", self.write_back)
        require_whole("ranking", self.ranking)


AnyDirectory: TypeAlias = str | PathLike[str] | Directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """
    What a `ConfigAdmin` is made from.

    Attributes:
        etc: The directory of the configuration files, or several of them.
        schemas: The directory of the JSON Schemas, ``<pid>.schema.json``; one among the
            resources of a package, too. None: nothing is validated.
        encoding: Of every file in *etc*: ``utf-8`` or ``iso-8859-1``.
        store: The database of the configurations and their history, made with its
            directory: by default ``var/config_admin.db`` beside *etc*. None: all is in
            memory, and what is in no file ends with the process.
        store_timeout_s: How long to wait for another process that writes to it.
        store_synchronous: ``FULL``: a change lasts when `update` returns, even if the
            power fails. ``NORMAL``: many times as fast; a loss of power, not of the
            process, may take the last changes back.
        history_limit: So many revisions of each configuration are kept; None: all.
        history_days: Older ones are forgotten at the next change; None: however old.
        secrets: The directory of ``$[secret:name]``, one file for each name.
        files: The directory of ``$[file:path]``.
        variables: What ``${name}`` stands for where the configuration does not say.
        placeholder_access: Which PIDs may use which placeholders, both as patterns;
            empty: all may use all.
        environment_overrides: Whether variables of the environment override keys.
        write_back: Whether changes made in code are written to the files; if not,
            nothing in *etc* is ever touched, whatever a `Directory` says.
        start_timeout_s: `start` returns after this at the latest, even if a callback
            has not returned from its first call.
        delete_grace_s: A file is gone only if it still is after this.
        polling_s: Look through every directory so often, and watch none: for file
            systems that do not tell what changes. None: watch.
        settle_s: A file that lost most of its keys is read again after this.
        max_callback_threads: So many callbacks can block at the same time.
        required_plugins: The names of plugins without which nothing is delivered.
        check_timeout_s: A service's own check of a change that takes longer vetoes it.
        listener_timeout_s: A change waits for a synchronous listener so long at most.
        callback_busy_after_s: A callback that runs longer is a fault, with its stack.

    Raises:
        UsageError: If one of them is not what it should be.
    """

    etc: AnyDirectory | Sequence[AnyDirectory] = Path("etc")
    schemas: "str | PathLike[str] | Traversable | None" = None
    encoding: str = "utf-8"
    store: str | PathLike[str] | StorePlace | None = StorePlace.BESIDE_ETC
    store_timeout_s: float = 5.0
    store_synchronous: Literal["FULL", "NORMAL"] = "FULL"
    history_limit: int | None = 1000
    history_days: float | None = None
    secrets: str | PathLike[str] | None = None
    files: str | PathLike[str] | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    placeholder_access: Mapping[str, Sequence[str]] = field(default_factory=dict)
    environment_overrides: bool = False
    write_back: bool = True
    start_timeout_s: float = 10.0
    delete_grace_s: float = 0.25
    polling_s: float | None = None
    settle_s: float = 1.0
    max_callback_threads: int = 512
    required_plugins: Sequence[str] = ()
    check_timeout_s: float = 5.0
    listener_timeout_s: float = 5.0
    callback_busy_after_s: float = 5.0

    def __post_init__(self) -> None:
        self._require_places()
        self._require_texts()
        for name in ("environment_overrides", "write_back"):
            require_flag(name, getattr(self, name))
        require_whole("max_callback_threads", self.max_callback_threads, least=1)
        for name in ("start_timeout_s", "delete_grace_s", "settle_s"):
            require_seconds(name, getattr(self, name))
        require_seconds("listener_timeout_s", self.listener_timeout_s)
        require_seconds("callback_busy_after_s", self.callback_busy_after_s, most=inf)
        # In no time no check has an answer, and looking without a pause is no polling.
        require_seconds(
            "check_timeout_s", self.check_timeout_s, above_zero=True, most=inf
        )
        if self.polling_s is not None:
            require_seconds("polling_s", self.polling_s, above_zero=True)
        self._require_keeping()

    def _require_places(self) -> None:
        for one in self._named():
            if not isinstance(one, Directory):
                require_path("etc", one)
        if self.schemas is not None and not hasattr(self.schemas, "iterdir"):
            require_path("schemas", self.schemas)  # and no resource of a package
        for name in ("secrets", "files"):
            if getattr(self, name) is not None:
                require_path(name, getattr(self, name))
        if self.store is not None and not isinstance(self.store, StorePlace):
            require_path("store", self.store, "of the file")
            if str(self.store).startswith((":memory:", "file:")):
                raise UsageError(
                    f"store is {found(self.store)}: write the path of the file, or "
                    "None to keep all in memory."
                )

    def _require_keeping(self) -> None:
        require_seconds("store_timeout_s", self.store_timeout_s)
        if self.store_synchronous not in ("FULL", "NORMAL"):
            given = found(self.store_synchronous)
            raise UsageError(f"store_synchronous is {given}: write 'FULL' or 'NORMAL'.")
        if self.history_limit is not None:
            require_whole("history_limit", self.history_limit, least=1)
        if self.history_days is not None:
            require_number("history_days", self.history_days, "days", above_zero=True)

    def _require_texts(self) -> None:
        require_text("encoding", self.encoding, "write 'utf-8' or 'iso-8859-1'.")
        require_encoding(self.encoding)
        require_table("variables", self.variables, "such as {'host': 'localhost'}")
        require_texts("required_plugins", self.required_plugins, "such as ['decrypt']")
        access, example = self.placeholder_access, "such as ['env:APP_*']"
        rules = "write which PIDs may use what, such as {'*': ['env:APP_*']}."
        require_mapping("placeholder_access", access, rules)
        for pids, names in access.items():
            require_texts(f"placeholder_access[{shown(pids)}]", names, example)
        require_rules(access)

    def directories(self) -> tuple[Directory, ...]:
        """
        The directories of the configuration files, the highest ranking first.

        Raises:
            UsageError: If one of them is named twice.
        """
        every = [self._directory(one) for one in self._named()]
        seen: set[Path] = set()
        for one in every:
            path = Path(one.path).resolve()
            if path in seen:
                raise UsageError(f"The directory {str(one.path)!r} is named twice.")
            seen.add(path)
        return tuple(sorted(every, key=lambda one: -one.ranking))

    def _named(self) -> Sequence[AnyDirectory]:
        named = self.etc
        if isinstance(named, str | PathLike | Directory):
            return (named,)
        if not isinstance(named, Sequence) or isinstance(named, bytes):
            require_path("etc", named)
        if not named:
            raise UsageError("Name at least one directory of configuration files.")
        return named

    def _directory(self, named: AnyDirectory) -> Directory:
        one = named if isinstance(named, Directory) else Directory(named)
        return replace(one, write_back=one.write_back and self.write_back)


class Options(TypedDict, total=False):
    """The fields of `Settings` that `ConfigAdmin` takes as arguments, too."""

    encoding: str
    store: str | PathLike[str] | StorePlace | None
    store_timeout_s: float
    store_synchronous: Literal["FULL", "NORMAL"]
    history_limit: int | None
    history_days: float | None
    secrets: str | PathLike[str] | None
    files: str | PathLike[str] | None
    variables: Mapping[str, str]
    placeholder_access: Mapping[str, Sequence[str]]
    environment_overrides: bool
    write_back: bool
    start_timeout_s: float
    delete_grace_s: float
    polling_s: float | None
    settle_s: float
    max_callback_threads: int
    required_plugins: Sequence[str]
    check_timeout_s: float
    listener_timeout_s: float
    callback_busy_after_s: float
