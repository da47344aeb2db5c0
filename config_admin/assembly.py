"""
The rooms, put together: the only file that knows every one of them.

`config_admin.service.ConfigAdmin` is what users see of it.
"""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from config_admin import extensions
from config_admin.core.admin import ConfigurationAdmin
from config_admin.core.diagnostics import Severity
from config_admin.core.dispatch import LaneDispatcher
from config_admin.core.faults import Fault, FaultBook, FaultKind
from config_admin.core.lane import Lane
from config_admin.fileinstall.attachment import Attachment
from config_admin.fileinstall.context import Context
from config_admin.fileinstall.directory import ConfigDirectory
from config_admin.fileinstall.encoding import require_encoding
from config_admin.fileinstall.follower import Follower
from config_admin.fileinstall.install import FileInstall
from config_admin.fileinstall.pace import Timing
from config_admin.fileinstall.presence import Presence
from config_admin.plugins.interpolation import Interpolator
from config_admin.plugins.resolving import ResolvingValidator
from config_admin.plugins.sources import DirectorySource, EnvironmentSource
from config_admin.schema.catalog import SchemaCatalog
from config_admin.schema.validator import SchemaValidator
from config_admin.settings import Settings
from config_admin.stores.memory import MemoryLedger, MemoryStore

_LOG = logging.getLogger("config_admin")

# `stop` returns within a second: callbacks and files have two shares each.
_STOP_SHARE_S = 0.15


class Assembly:
    """
    The rooms of one admin.

    Args:
        settings: What to make them from.

    Attributes:
        admin: The door.
        dispatcher: Runs the callbacks.
        faults: What is wrong now.
    """

    def __init__(self, settings: Settings) -> None:
        self._start_timeout_s = settings.start_timeout_s
        self.faults = FaultBook(_log_faults)
        self.dispatcher = LaneDispatcher(max_threads=settings.max_callback_threads)
        self._catalog = SchemaCatalog(settings.schemas, self.faults)
        self._attachments: list[Attachment] = []
        self.admin = ConfigurationAdmin(
            store=MemoryStore(),
            validator=ResolvingValidator(
                _interpolator(settings), SchemaValidator(self._catalog)
            ),
            dispatcher=self.dispatcher,
            faults=self.faults,
        )
        self._directory = ConfigDirectory(self._context(settings))
        self._files = FileInstall(self._directory)
        self.admin.guard(self._files)
        for path, holds in (
            (settings.schemas, "JSON Schemas"),
            (settings.secrets, "secrets"),
            (settings.files, "files for placeholders"),
        ):
            if path is not None:
                self._follow(path, holds)

    def start(self) -> None:
        """Read every file, then let every service be called, then follow."""
        deadline_s = monotonic() + self._start_timeout_s
        self._files.start()
        self.dispatcher.start()
        for registration in self.admin.services():
            registration.wait(max(0.0, deadline_s - monotonic()))

    def stop(self) -> None:
        """Give callbacks and files a moment to finish, then leave them behind."""
        self.admin.close()
        self.dispatcher.flush(_STOP_SHARE_S)
        self._files.flush(_STOP_SHARE_S)
        self._files.stop(_STOP_SHARE_S)
        for attachment in self._attachments:
            attachment.close()
        for lane in self.dispatcher.stop(_STOP_SHARE_S):
            self._report_stuck(lane)

    def flush(self, timeout_s: float | None) -> bool:
        """Wait for every callback and every write; whether that was in time."""
        deadline_s = None if timeout_s is None else monotonic() + timeout_s

        def left_s() -> float | None:
            return None if deadline_s is None else max(0.0, deadline_s - monotonic())

        # Callbacks mark what is to be written, and a merged edit is delivered again.
        return (
            self.dispatcher.flush(left_s())
            and self._files.flush(left_s())
            and self.dispatcher.flush(left_s())
        )

    def _context(self, settings: Settings) -> Context:
        return Context(
            path=settings.etc.absolute(),
            named=settings.etc,
            admin=self.admin,
            formats=extensions.formats(),
            ledger=MemoryLedger(),
            faults=self.faults,
            encoding=require_encoding(settings.encoding),
            write_back=settings.write_back,
            timing=Timing(
                delete_grace_s=settings.delete_grace_s, settle_s=settings.settle_s
            ),
        )

    def _follow(self, path: Path, holds: str) -> None:
        """Have what depends on a file of *path* looked at again when it changes."""

        def check_again() -> float:
            again_s = attachment.renew()
            if not attachment.is_there:
                return again_s  # what was read from it holds meanwhile
            self._catalog.report_pending()
            self._files.look_at(self._directory.forget_refusals())
            for pid in self.admin.present_pids():
                self.admin.recheck(pid)
            pending_s = self._catalog.pending_s()
            return again_s if pending_s is None else min(again_s, pending_s)

        def lost() -> None:
            attachment.lose()
            check_soon()

        check_soon = self._files.add_chore(check_again)
        presence = Presence(path.absolute(), path, self.faults, holds)
        follower = Follower(check_soon, lost)
        attachment = Attachment(path.absolute(), presence, follower)
        self._attachments.append(attachment)

    def _report_stuck(self, lane: Lane) -> None:
        fault = Fault(
            kind=FaultKind.CALLBACK,
            found=f"a callback that has not returned: {lane.stack()}",
            expected=f"{lane.name} to return",
            cure="It was left behind; see what it waits for.",
            rule="callback",
        )
        self.faults.report(FaultKind.CALLBACK, lane.name, [fault])


def _interpolator(settings: Settings) -> Interpolator:
    secrets = settings.secrets.absolute() if settings.secrets else None
    files = settings.files.absolute() if settings.files else None
    return Interpolator(
        {
            "env": EnvironmentSource(os.environ),
            "secret": DirectorySource(secrets, "secrets"),
            "file": DirectorySource(files, "files"),
        },
        settings.variables,
    )


def _log_faults(came: Sequence[Fault], went: Sequence[Fault]) -> None:
    for fault in came:
        is_error = fault.severity is Severity.ERROR
        level = logging.ERROR if is_error else logging.WARNING
        _LOG.log(level, "%s", fault, extra={"fault": fault})
    for fault in went:
        _LOG.info("mended: %s", fault.brief, extra={"fault": fault})
