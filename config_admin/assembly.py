"""
The rooms, put together: the only file that knows every one of them.

`config_admin.service.ConfigAdmin` is what users see of it.
"""

import logging
import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from config_admin import extensions
from config_admin.core.admin import ConfigurationAdmin
from config_admin.core.diagnostics import Severity
from config_admin.core.errors import UsageError
from config_admin.core.faults import Fault, FaultBook
from config_admin.core.parts import Limits, World
from config_admin.core.ports import Validator
from config_admin.core.threads import LaneDispatcher
from config_admin.fileinstall.attachment import Attachment
from config_admin.fileinstall.context import Context
from config_admin.fileinstall.directories import Directories
from config_admin.fileinstall.encoding import require_encoding
from config_admin.fileinstall.follower import Follower
from config_admin.fileinstall.install import FileInstall
from config_admin.fileinstall.pace import Timing
from config_admin.fileinstall.presence import Presence
from config_admin.keeping import Keeping
from config_admin.plugins.environment import OverridingValidator
from config_admin.plugins.interpolation import Interpolator
from config_admin.plugins.resolving import ResolvingValidator
from config_admin.plugins.sources import DirectorySource, EnvironmentSource
from config_admin.schema.catalog import SchemaCatalog
from config_admin.schema.packaged import SchemaDirectory
from config_admin.schema.validator import SchemaValidator
from config_admin.settings import Directory, Settings

_LOG = logging.getLogger("config_admin")

# `stop` returns within a second: callbacks have two shares of it, files four.
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
        self._polling_s = settings.polling_s
        self.faults = FaultBook(self._tell_faults)
        self._keeping = Keeping(settings, self.faults)
        self.dispatcher = LaneDispatcher(
            clock=monotonic,
            report=self.faults.report,
            max_threads=settings.max_callback_threads,
            busy_after_s=settings.callback_busy_after_s,
        )
        self._schemas = SchemaDirectory(settings.schemas)
        self._catalog = SchemaCatalog(
            self._schemas.path, self.faults, named=self._schemas.named
        )
        self._attachments: list[Attachment] = []
        self.admin = ConfigurationAdmin(self._keeping.store, self._world(settings))
        self._directories = Directories(self._contexts(settings))
        self._files = FileInstall(self._directories)
        self.admin.guard(self._files)
        for path, holds in (
            (self._schemas.path, "JSON Schemas"),
            (settings.secrets, "secrets"),
            (settings.files, "files for placeholders"),
        ):
            if path is not None:
                self._follow(Path(path), holds)
        self._keeping.follow(self.admin, self._files)

    def start(self) -> None:
        """Read the store and every file, let every service be called, then follow."""
        deadline_s = monotonic() + self._start_timeout_s
        self._keeping.open()
        self.admin.load()
        self._files.start()
        self._keeping.look()  # what others have stored from files we both read
        self.dispatcher.start()
        for registration in self.admin.audience.registrations():
            registration.wait(max(0.0, deadline_s - monotonic()))

    def stop(self) -> None:
        """Give callbacks and files a moment to finish, then leave them behind."""
        self.admin.close()
        self.dispatcher.flush(_STOP_SHARE_S)
        self._files.flush(3 * _STOP_SHARE_S)
        self._files.stop(_STOP_SHARE_S)
        for attachment in self._attachments:
            attachment.close()
        self._schemas.close()
        self.dispatcher.stop(_STOP_SHARE_S)
        self._keeping.close()

    def before_fork(self) -> None:
        """Nothing of it is in the middle of something while this process forks."""
        self._keeping.before_fork()

    def after_fork(self) -> None:
        """This process has forked."""
        self._keeping.after_fork()

    def note_fork(self) -> None:
        """This is a child of the process that it runs in."""
        self._keeping.note_fork()

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

    def _world(self, settings: Settings) -> World:
        return World(
            validator=self._validator(settings),
            dispatcher=self.dispatcher,
            faults=self.faults,
            now=lambda: datetime.now(UTC),
            when_settled=self._keeping.note_news,
            required_plugins=settings.required_plugins,
            limits=Limits(
                check_timeout_s=settings.check_timeout_s,
                listener_timeout_s=settings.listener_timeout_s,
            ),
        )

    def _validator(self, settings: Settings) -> Validator:
        schemas = SchemaValidator(self._catalog)
        resolving = ResolvingValidator(_interpolator(settings), schemas)
        if not settings.environment_overrides:
            return resolving
        return OverridingValidator(
            os.environ, resolving, declared=schemas.declared, faults=self.faults
        )

    def _contexts(self, settings: Settings) -> list[Context]:
        encoding = require_encoding(settings.encoding)
        formats = extensions.formats()
        timing = Timing(
            delete_grace_s=settings.delete_grace_s, settle_s=settings.settle_s
        )
        return [
            Context(
                path=Path(one.path).absolute(),
                named=Path(one.path),
                admin=self.admin,
                formats=formats,
                ledger=self._keeping.ledger(Path(one.path).absolute()),
                faults=self.faults,
                encoding=encoding,
                suffixes=_suffixes(one, formats),
                write_back=one.write_back,
                polling_s=self._polling_s,
                timing=timing,
            )
            for one in settings.directories()
        ]

    def _tell_faults(self, came: Sequence[Fault], went: Sequence[Fault]) -> None:
        self._keeping.note_news()
        _log_faults(came, went)

    def _follow(self, path: Path, holds: str) -> None:
        """Have what depends on a file of *path* looked at again when it changes."""

        def check_again() -> float:
            again_s = attachment.renew()
            if not attachment.is_there:
                return again_s  # what was read from it holds meanwhile
            self._catalog.report_pending()
            self._files.look_at(self._directories.forget_refusals())
            self.admin.recheck_all()
            pending_s = self._catalog.pending_s()
            return again_s if pending_s is None else min(again_s, pending_s)

        check_soon = self._files.add_chore(check_again, about=str(path))
        presence = Presence(path.absolute(), path, self.faults, holds)
        attachment = Attachment(
            path.absolute(), presence, Follower(check_soon), polling_s=self._polling_s
        )
        self._attachments.append(attachment)


def _suffixes(directory: Directory, formats: Iterable[str]) -> tuple[str, ...]:
    """
    The suffixes of the files of *directory*; empty: all there are.

    Raises:
        UsageError: If there is no such format.
    """
    if directory.formats is None:
        return ()
    unknown = [one for one in directory.formats if one not in formats]
    if unknown or not directory.formats:
        found = f"knows no format {unknown[0]!r}" if unknown else "takes no format"
        raise UsageError(
            f"The directory {str(directory.path)!r} {found}: name some of "
            f"{', '.join(formats)}, or leave formats out."
        )
    return tuple(directory.formats)


def _interpolator(settings: Settings) -> Interpolator:
    secrets = Path(settings.secrets).absolute() if settings.secrets else None
    files = Path(settings.files).absolute() if settings.files else None
    return Interpolator(
        {
            "env": EnvironmentSource(os.environ),
            "secret": DirectorySource(secrets, "secrets"),
            "file": DirectorySource(files, "files"),
        },
        settings.variables,
        settings.placeholder_access,
    )


def _log_faults(came: Sequence[Fault], went: Sequence[Fault]) -> None:
    for fault in came:
        is_error = fault.severity is Severity.ERROR
        level = logging.ERROR if is_error else logging.WARNING
        _LOG.log(level, "%s", fault, extra={"fault": fault})
    for fault in went:
        _LOG.info("mended: %s", fault.brief, extra={"fault": fault})
