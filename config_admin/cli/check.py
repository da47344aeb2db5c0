"""``config-admin check``: read everything once and print what is wrong."""

import argparse
import logging
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from config_admin import ConfigAdmin, Fault, FaultKind, Settings, Severity
from config_admin.cli.arguments import add_directories, add_sources, schemas_of
from config_admin.cli.terminal import Terminal, complain
from config_admin.core.display import escaped

if TYPE_CHECKING:
    from config_admin.cli.arguments import Verbs

# Of `config_admin.extensions.formats`; a test holds them equal.
_SUFFIXES: Final = (".cfg", ".config", ".json", ".cfg.json")

# A file that somebody is writing to is given this much time, in so many looks.
_LOOKS: Final = 10
_LOOK_S: Final = 0.1


def add_to(verbs: "Verbs") -> None:
    """Add this verb to the command."""
    parser = verbs.add_parser(
        "check",
        help="read everything once and print what is wrong",
        description="Read every configuration file once and print each fault as "
        "file:line:column: message. The exit code is 1 if there is an error, else 0. "
        "Nothing is changed.",
    )
    add_directories(parser)
    add_sources(parser)
    parser.set_defaults(verb=check)


def check(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Print every fault; 1 if one of them is an error."""
    etc: Path = arguments.etc
    schemas: Path | None = schemas_of(arguments)
    if schemas is not None and not schemas.is_dir():
        schemas = None
    # Nothing is waited for: what is there now is what is checked.
    settings = Settings(
        etc=etc,
        schemas=schemas,
        secrets=arguments.secrets,
        files=arguments.files,
        store=None,
        write_back=False,
        settle_s=0.0,
    )
    logging.getLogger("config_admin").setLevel(logging.CRITICAL + 1)
    with ConfigAdmin(settings=settings) as admin:
        files = _files_of(etc)
        unread = _unread(admin, files)
        found = [fault for fault in admin.faults() if not _is_about_watching(fault)]
    faults = [_as_here(fault) for fault in found]
    for line in dict.fromkeys(_line(fault, etc) for fault in faults):
        terminal.line(line)
    for file in sorted(unread):
        terminal.line(f"{file}:1:1: somebody is writing to it. Check it again later.")
    remark = "" if schemas else " (there are no schemas: no value was checked)"
    complain(_summary(len(files), len(faults) + len(unread)) + remark)
    errors = [fault for fault in faults if fault.severity is Severity.ERROR]
    return 1 if errors or unread else 0


def _as_here(fault: Fault) -> Fault:
    """*fault*; what is missing in this environment may be there in the service's."""
    if fault.rule != "placeholder":
        return fault
    return replace(fault, severity=Severity.WARNING)


def _files_of(etc: Path) -> frozenset[str]:
    """The configuration files of *etc*, as faults name them."""
    try:
        found = [entry.name for entry in os.scandir(etc) if not entry.is_dir()]
    except OSError:
        return frozenset()
    ours = [name for name in found if name.endswith(_SUFFIXES) and name[0] != "."]
    return frozenset(escaped(str(etc / name)) for name in ours)


def _unread(admin: ConfigAdmin, files: Iterable[str]) -> set[str]:
    """Those of *files* that say nothing yet."""
    unread: set[str] = set()
    for _ in range(_LOOKS):
        read = {one.origin.detail for one in admin.list_configurations()}
        told = {fault.file for fault in admin.faults()}
        unread = {file for file in files if file not in read and file not in told}
        if not unread:
            break
        admin.wait(_LOOK_S)
    return unread


def _is_about_watching(fault: Fault) -> bool:
    """Whether it only says that changes would not be noticed at once."""
    if fault.kind is not FaultKind.DIRECTORY or fault.file is None:
        return False
    return Path(fault.file).is_dir() and os.access(fault.file, os.R_OK | os.X_OK)


def _line(fault: Fault, etc: Path) -> str:
    file = fault.file or escaped(str(etc))
    is_warning = fault.severity is Severity.WARNING
    word = "warning: " if is_warning else ""
    return f"{file}:{fault.line or 1}:{fault.column or 1}: {word}{fault.message}"


def _summary(files: int, faults: int) -> str:
    files_text = "1 file" if files == 1 else f"{files} files"
    faults_text = {0: "no faults", 1: "1 fault"}.get(faults, f"{faults} faults")
    return f"{files_text}, {faults_text}"
