"""``config-admin run``: follow a directory and tell what happens in it."""

import argparse
import sys
from typing import TYPE_CHECKING

from config_admin import ConfigAdmin, Settings
from config_admin.cli.arguments import (
    add_directories,
    add_sources,
    add_store,
    schemas_of,
)
from config_admin.cli.ending import Ending
from config_admin.cli.narration import Changes, Faults
from config_admin.cli.terminal import Terminal
from config_admin.core.display import escaped

if TYPE_CHECKING:
    from pathlib import Path

    from config_admin.cli.arguments import Verbs


def add_to(verbs: "Verbs") -> None:
    """Add this verb to the command."""
    parser = verbs.add_parser(
        "run",
        help="follow a directory and tell what happens in it",
        description="Follow the configuration files of a directory: what was loaded, "
        "each change, each fault and when it is mended. Ctrl-C or SIGTERM ends it.",
    )
    add_directories(parser)
    add_sources(parser)
    add_store(parser)
    parser.set_defaults(verb=run)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Follow until somebody ends it; always 0."""
    etc: Path = arguments.etc
    sources = Settings(
        secrets=arguments.secrets, files=arguments.files, store=arguments.store
    )
    admin = ConfigAdmin(etc, schemas=schemas_of(arguments), settings=sources)
    with Ending(sys.stdout) as ending, Faults(terminal):
        terminal.when_lost(ending.end)
        with admin:
            changes = Changes(admin, terminal)
            admin.add_listener(changes)
            for loaded in admin.list_configurations():
                changes.look_at(loaded.pid)
            if not etc.is_dir():
                terminal.tell("note", "'config-admin init' writes a sample to follow")
            terminal.tell("following", f"{escaped(str(etc))}; Ctrl-C ends it")
            ending.wait()
        terminal.tell("ended", f"{escaped(str(etc))} is no longer followed")
    return 0
