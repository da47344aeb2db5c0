"""Every setting of the product, with its unit in its name."""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypedDict

from config_admin.core.errors import UsageError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


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
    """

    path: str | PathLike[str]
    _: KW_ONLY
    formats: Sequence[str] | None = None
    write_back: bool = True
    ranking: int = 0


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
        store: Where configurations are kept besides their files. None: in memory; there
            is no other yet.
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
    """

    etc: AnyDirectory | Sequence[AnyDirectory] = Path("etc")
    schemas: "str | PathLike[str] | Traversable | None" = None
    encoding: str = "utf-8"
    store: None = None
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

    def directories(self) -> tuple[Directory, ...]:
        """
        The directories of the configuration files, the highest ranking first.

        Raises:
            UsageError: If there is none, or one of them is named twice.
        """
        named = self.etc
        if isinstance(named, str | PathLike | Directory):
            named = [named]
        found = [self._directory(one) for one in named]
        if not found:
            raise UsageError("Name at least one directory of configuration files.")
        seen: set[Path] = set()
        for one in found:
            path = Path(one.path).resolve()
            if path in seen:
                raise UsageError(f"The directory {str(one.path)!r} is named twice.")
            seen.add(path)
        return tuple(sorted(found, key=lambda one: -one.ranking))

    def _directory(self, named: AnyDirectory) -> Directory:
        one = named if isinstance(named, Directory) else Directory(named)
        if isinstance(one.formats, str):
            raise UsageError(f"Name several formats: formats=({one.formats!r},).")
        return replace(one, write_back=one.write_back and self.write_back)


class Options(TypedDict, total=False):
    """The fields of `Settings` that `ConfigAdmin` takes as arguments, too."""

    encoding: str
    store: None
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
