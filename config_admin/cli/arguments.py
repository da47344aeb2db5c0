"""The arguments that several verbs take."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from config_admin import Settings, UsageError

if TYPE_CHECKING:
    Verbs: TypeAlias = argparse._SubParsersAction[  # noqa: SLF001 - argparse has no public name for it
        argparse.ArgumentParser
    ]

_ETC: Final = Path("etc")
_SCHEMAS: Final = Path("schemas")


def add_directories(parser: argparse.ArgumentParser) -> None:
    """Give *parser* the options ``--etc`` and ``--schemas``."""
    parser.add_argument(
        "--etc",
        metavar="DIR",
        type=Path,
        default=_ETC,
        help="the directory of the configuration files (default: ./etc)",
    )
    parser.add_argument(
        "--schemas",
        metavar="DIR",
        type=Path,
        default=None,
        help="the directory of the JSON Schemas (default: ./schemas)",
    )


def add_sources(parser: argparse.ArgumentParser) -> None:
    """Give *parser* the options ``--secrets`` and ``--files``."""
    for option, placeholder in (("--secrets", "$[secret:…]"), ("--files", "$[file:…]")):
        parser.add_argument(
            option,
            metavar="DIR",
            type=Path,
            default=None,
            help=f"the directory of {placeholder} (default: none)",
        )


def add_store(parser: argparse.ArgumentParser) -> None:
    """Give *parser* the options ``--store`` and ``--no-store``."""
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument(
        "--store",
        metavar="FILE",
        type=Path,
        default=Settings().store,
        help=f"the database of the history (default: {Settings().store})",
    )
    chosen.add_argument(
        "--no-store",
        dest="store",
        action="store_const",
        const=None,
        help="keep all in memory",
    )


def schemas_of(arguments: argparse.Namespace) -> Path:
    """
    The directory of the schemas; the default one need not be there.

    Raises:
        UsageError: If a directory was named that is not there.
    """
    named: Path | None = arguments.schemas
    if named is None:
        return _SCHEMAS
    if not named.is_dir():
        raise UsageError(
            f"--schemas {str(named)!r}: there is no such directory. Create it, name "
            "another one, or leave the option out."
        )
    return named
