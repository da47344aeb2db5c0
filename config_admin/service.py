"""
What users import: `ConfigAdmin`.

What it does is done in the rooms; `config_admin.assembly` puts them together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Never, Unpack

from config_admin.assembly import Assembly
from config_admin.core.arguments import found
from config_admin.core.errors import UsageError
from config_admin.facade import Admin
from config_admin.settings import AnyDirectory, Options, Settings

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from os import PathLike


class ConfigAdmin(Admin):
    """
    Follows the files of a directory and calls the services registered for them.

    Use it as a context manager, plain or ``async``, or call `start` and `stop`.

    Args:
        etc: The directory of the configuration files, which may appear later; or
            several, as paths or as `config_admin.settings.Directory`.
        schemas: The directory of the JSON Schemas; None: nothing is validated.
        settings: What holds where an argument is left out.
        options: Any other field of `config_admin.settings.Settings`.
        misplaced: Nothing; everything but *etc* has a name.

    Raises:
        UsageError: If one of them is not what it should be.
    """

    def __init__(
        self,
        etc: AnyDirectory | Sequence[AnyDirectory] | None = None,
        *misplaced: Never,
        schemas: "str | PathLike[str] | Traversable | None" = None,
        settings: Settings | None = None,
        **options: Unpack[Options],
    ) -> None:
        _require_named(misplaced)
        _require_known(options)
        _require_settings(etc, settings)
        chosen = replace(settings or Settings(), **options)
        if etc is not None:
            chosen = replace(chosen, etc=etc)
        if schemas is not None:
            chosen = replace(chosen, schemas=schemas)
        super().__init__(Assembly(chosen))


def _require_named(misplaced: Sequence[object]) -> None:
    if misplaced:
        raise UsageError(
            f"The second argument of ConfigAdmin() is {found(misplaced[0])}: name it, "
            "schemas=… for the directory of the schemas; several directories of "
            "configurations are one list."
        )


def _require_settings(etc: object, settings: object) -> None:
    if isinstance(etc, Settings):
        raise UsageError(
            "The first argument of ConfigAdmin() is the directory of the "
            "configurations: write ConfigAdmin(settings=…)."
        )
    if not isinstance(settings, Settings | None):
        raise UsageError(
            f"settings is {found(settings)}: write settings=Settings(…), or each "
            "setting as an argument of its own."
        )


def _require_known(options: Iterable[str]) -> None:
    known = [field.name for field in fields(Settings)]
    for name in options:
        if name not in known:
            similar = get_close_matches(name, known, n=1)
            hint = f" Did you mean '{similar[0]}'?" if similar else ""
            raise TypeError(f"ConfigAdmin() has no argument '{name}'.{hint}")
