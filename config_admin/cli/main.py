"""The ``config-admin`` command: what was typed is handed to its verb."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

from config_admin import ConfigAdminError, UsageError
from config_admin.cli import check, init, run
from config_admin.cli.terminal import Terminal, complain

_DONE: Final = 0
_FAILED: Final = 1
_MISUSED: Final = 2
_INTERRUPTED: Final = 130

_VERBS: Final = (run, check, init)
_EPILOG: Final = """\
a first look:
  config-admin init     write a sample etc/ and schemas/ here
  config-admin run      follow them; then edit a file of etc/
"""


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run the command.

    Args:
        argv: What was typed behind ``config-admin``; None: what this process was given.

    Returns:
        The exit code: 0 all is well, 1 something is wrong with the files, 2 something
        is wrong with the command line.
    """
    try:
        arguments = _parser().parse_args(argv)
    except SystemExit as done:  # argparse has said everything
        return done.code if isinstance(done.code, int) else _MISUSED
    if sys.stdout is None:  # it was closed before we began
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - no path; open to the end
    terminal = Terminal(sys.stdout)
    try:
        code: int = arguments.verb(arguments, terminal)
    except UsageError as error:
        complain(f"config-admin {arguments.command}: error: {error}")
        return _MISUSED
    except (ConfigAdminError, OSError) as error:
        complain(f"config-admin {arguments.command}: {error}")
        return _FAILED
    except KeyboardInterrupt:
        return _INTERRUPTED
    if terminal.broken_by is not None:
        complain(f"config-admin: cannot write the output: {terminal.broken_by}")
        return _FAILED
    return code


class _Parser(argparse.ArgumentParser):
    """Says the cure with every usage error."""

    def error(self, message: str) -> NoReturn:
        complain(f"{self.prog}: error: {message}", f"Try '{self.prog} --help'.")
        self.exit(_MISUSED)


class _Version(argparse.Action):
    """Looks the version up only if it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import (  # noqa: PLC0415 - 20 ms, only for this option
            version,
        )

        Terminal(sys.stdout).line(f"config-admin {version('config-admin')}")
        parser.exit(_DONE)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="config-admin",
        description="Follow the configuration files of a directory, or check them.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action=_Version, nargs=0, help="show the version and exit"
    )
    verbs = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, title="commands"
    )
    for verb in _VERBS:
        verb.add_to(verbs)
    return parser
