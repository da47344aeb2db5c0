"""``config-admin init``: write a sample ``etc/`` and ``schemas/``."""

import argparse
import os
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Final

from config_admin.cli.terminal import Terminal, complain
from config_admin.core.display import escaped

if TYPE_CHECKING:
    from config_admin.cli.arguments import Verbs

_SAMPLES: Final = {"etc": ".cfg", "schemas": ".schema.json"}


def add_to(verbs: "Verbs") -> None:
    """Add this verb to the command."""
    parser = verbs.add_parser(
        "init",
        help="write a sample etc/ and schemas/",
        description="Write a commented sample etc/ and schemas/. A file that is there "
        "is never changed.",
    )
    parser.add_argument(
        "directory",
        metavar="DIR",
        type=Path,
        nargs="?",
        default=Path(),
        help="where to (default: .)",
    )
    parser.set_defaults(verb=init)


def init(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Write what is missing; 1 if that cannot be done."""
    directory: Path = arguments.directory
    first: Path | None = None
    for folder, sample in _samples():
        target = directory / folder / sample.name
        try:
            was_written = _write_new(target, sample.read_bytes())
        except OSError as error:
            complain(f"{escaped(str(target))} cannot be written: {error.strerror}.")
            complain("Name a directory that you may write to: config-admin init DIR")
            return 1
        word = "wrote" if was_written else "kept "
        note = "" if was_written else " (it was there)"
        terminal.line(f"{word} {escaped(str(target))}{note}")
        first = first or target
    if first is not None:
        terminal.line(_next_steps(directory, first))
    return 0


def _samples() -> Iterator[tuple[str, Traversable]]:
    """Each sample with its folder; a source tree has them beside the package."""
    package = files("config_admin")
    packed = package / "samples"
    root = packed if packed.is_dir() else Path(str(package)).parent
    for folder, suffix in _SAMPLES.items():
        found = [one for one in (root / folder).iterdir() if one.name.endswith(suffix)]
        for sample in sorted(found, key=lambda one: one.name):
            yield folder, sample


def _write_new(target: Path, content: bytes) -> bool:
    """Write *target* unless there is something of that name, a broken link included."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(target):
        return False
    with target.open("xb") as file:
        file.write(content)
    return True


def _next_steps(directory: Path, first: Path) -> str:
    options = (
        f" --etc {quote(str(directory / 'etc'))}"
        f" --schemas {quote(str(directory / 'schemas'))}"
        if directory != Path()
        else ""
    )
    return (
        "\nNow follow them:\n\n"
        f"    config-admin run{options}\n\n"
        f"and edit {escaped(str(first))} in another window.\n"
        "The change, or the mistake in it, is told as soon as you save the file."
    )
