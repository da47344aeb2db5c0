"""``python -m config_admin.messaging demo``: a DM and two agents to reconfigure."""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from secrets import token_urlsafe
from typing import Final

from config_admin import ConfigAdmin, ConfigAdminError, UsageError
from config_admin.cli.demo import Demo
from config_admin.cli.ending import Ending
from config_admin.cli.narration import Changes, Faults
from config_admin.cli.terminal import Terminal, complain
from config_admin.core.display import escaped

_DM_PID: Final = "net.roboconf.dm.configuration"
_HTTP_PID: Final = "net.roboconf.messaging.http"
_TOKEN: Final = "net.roboconf.messaging.http.token"  # noqa: S105 - the key of it
_LEAST_S, _MOST_S = 0.01, 3600.0
_TYPES: Final = ("in-memory", "rabbitmq", "http", "idle")

_INVITATION: Final = """
A DM and two agents exchange messages. Edit, while they do:

  {etc}/{dm}.cfg
      messaging-type = {types}
  {etc}/net.roboconf.messaging.rabbitmq.cfg
      where the broker is, and who we are there
  {etc}/net.roboconf.messaging.http.cfg
      where the DM listens

What you save is followed at once; a mistake changes nothing. Ctrl-C ends it.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run the command.

    Args:
        argv: What was typed; None: what this process was given.

    Returns:
        The exit code: 0 all is well, 1 something is wrong, 2 the command line is.
    """
    arguments = _parser().parse_args(argv)
    terminal = Terminal(sys.stdout)
    try:
        _demo(arguments, terminal)
    except ConfigAdminError as error:
        complain(f"config_admin.messaging: {error}")
        return 1
    return 0


def _demo(arguments: argparse.Namespace, terminal: Terminal) -> None:
    etc: Path = arguments.etc
    if not etc.is_dir():
        found = escaped(str(etc))
        raise UsageError(
            f"There is no directory {found}: 'config-admin init' writes a sample, or "
            "name another one by --etc."
        )
    admin = ConfigAdmin(etc, schemas=arguments.schemas)
    logging.getLogger("config_admin.messaging").setLevel(logging.WARNING)
    with Ending(sys.stdout) as ending, Faults(terminal):
        terminal.when_lost(ending.end)
        with admin:
            if arguments.type is not None:
                _choose(admin, arguments.type, terminal)
            changes = Changes(admin, terminal)
            changes.know()
            admin.add_listener(changes)
            types = " | ".join(_TYPES)
            terminal.line(_INVITATION.format(etc=etc, dm=_DM_PID, types=types))
            with Demo(admin, terminal, every_s=arguments.every_s):
                ending.wait()
        terminal.tell("ended", "nobody exchanges messages any more")


def _choose(admin: ConfigAdmin, messaging_type: str, terminal: Terminal) -> None:
    """Write *messaging_type* where the DM looks, and what that cannot do without."""
    found = admin.find(_HTTP_PID)
    properties = found.properties if found is not None else {}
    if messaging_type == "http" and not properties.get(_TOKEN):
        admin.update(_HTTP_PID, {**properties, _TOKEN: token_urlsafe(24)})
        terminal.tell("note", f"a fresh token was written to {_HTTP_PID}.cfg")
    found = admin.find(_DM_PID)
    properties = found.properties if found is not None else {}
    admin.update(_DM_PID, {**properties, "messaging-type": messaging_type})
    terminal.tell(
        "note", f"messaging-type = {escaped(messaging_type)} in {_DM_PID}.cfg"
    )


def _seconds(text: str) -> float:
    seconds = float(text)
    if not _LEAST_S <= seconds <= _MOST_S:
        raise ValueError(text)
    return seconds


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m config_admin.messaging",
        description="Messaging that follows its configuration.",
    )
    verbs = parser.add_subparsers(metavar="COMMAND", required=True, title="commands")
    demo = verbs.add_parser(
        "demo",
        help="a DM and two agents that exchange messages while you reconfigure them",
        description="A DM and two agents in one process exchange messages while you "
        "edit their configuration. Ctrl-C or SIGTERM ends it.",
    )
    demo.add_argument(
        "--type",
        choices=_TYPES,
        help="write this messaging-type to the configuration of the DM first",
    )
    demo.add_argument(
        "--etc", type=Path, default=Path("etc"), help="the directory of the files"
    )
    demo.add_argument(
        "--schemas", type=Path, default=Path("schemas"), help="that of the schemas"
    )
    demo.add_argument(
        "--every-s", type=_seconds, default=2.0, help="seconds between two orders"
    )
    return parser
