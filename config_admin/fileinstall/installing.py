"""The file has news: they are read, checked, merged with the admin's and installed."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from config_admin.core.configuration import Configuration, Origin
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import MASK, escaped
from config_admin.core.errors import (
    InvalidConfigurationError,
    NotRunningError,
    RevisionConflictError,
)
from config_admin.core.faults import FaultKind, faults_of
from config_admin.core.properties import Properties
from config_admin.core.storage import FileRecord
from config_admin.fileinstall.context import Context
from config_admin.fileinstall.merging import loses_most, merge_by_key
from config_admin.fileinstall.pace import Settling
from config_admin.fileinstall.reading import Content
from config_admin.fileinstall.texts import InstalledText, RefusedTextError, read_text

_LOG = logging.getLogger(__name__)
_MAX_DIAGNOSTICS = 100


class Installer:
    """
    Brings the news of a file to the admin.

    Args:
        context: Of the directory.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._admin = context.admin
        self._faults = context.faults
        self._ledger = context.ledger
        self._timing = context.timing
        self._violations: list[Diagnostic] = []
        self._settling = Settling(context.timing, context.clock)

    def install(
        self, pid: str, name: str, content: Content, digest: str, record: FileRecord
    ) -> float | None:
        """
        Install *content*, the news of the file *name*.

        Returns:
            As `ConfigDirectory.reconcile`.
        """
        file = self._context.shown(name)
        seen = replace(
            record,
            file=name,
            known=digest,
            pending=None,
            refused=(),
            signature=content.signature,
        )
        try:
            text = self._read(pid, name, content)
            left_s = self._settling_left_s(pid, digest, content, text, record)
            return left_s or self._commit(pid, text, seen)
        except RefusedTextError as error:
            self._refuse(pid, seen, file, error.diagnostics)
            return None
        except RevisionConflictError:
            return 0.0  # the admin moved on meanwhile: look again
        except NotRunningError:
            return None

    def _commit(self, pid: str, text: InstalledText, seen: FileRecord) -> float | None:
        current = self._admin.written(pid)
        merged = self._merged(text, seen, current)
        revision = current.revision if current and not current.deleted else 0
        installed = self._update(pid, merged, revision, text)
        is_in_step = merged == text.properties
        if installed is None and not is_in_step:
            _LOG.warning(
                "%s: the edit does not fit together with revision %d and supersedes it",
                text.file,
                revision,
            )
            is_in_step = True
            installed = self._update(pid, text.properties, revision, text)
        if installed is None:
            raise RefusedTextError(self._violations)
        self._settling.end(pid)
        # What the admin had besides the file is news for the file.
        in_step = installed.revision if is_in_step else installed.revision - 1
        properties = text.properties.with_secrets(installed.properties.secret_keys)
        warnings = faults_of(FaultKind.FILE, pid, text.warnings)
        record = replace(
            seen,
            revision=in_step,
            properties=properties,
            has_warnings=bool(warnings),
        )
        self._ledger.put(pid, record)
        self._faults.report(FaultKind.FILE, pid, warnings)
        return None if is_in_step else 0.0

    def _update(
        self, pid: str, wanted: Properties, revision: int, text: InstalledText
    ) -> Configuration | None:
        """The configuration now; None if *wanted* is invalid: see `_violations`."""
        origin = Origin.file(text.file)
        try:
            return self._admin.update(pid, wanted, revision=revision, origin=origin)
        except InvalidConfigurationError as error:
            self._violations = [text.placed(found) for found in error.violations]
            return None

    def _merged(
        self,
        text: InstalledText,
        seen: FileRecord,
        current: Configuration | None,
    ) -> Properties:
        if current is None or current.revision <= seen.revision or current.deleted:
            return text.properties
        merged, superseded = merge_by_key(
            seen.properties, current.properties, text.properties
        )
        for key in superseded:
            _LOG.warning(
                "%s: the edit of %s supersedes revision %d, which changed it too",
                text.file,
                escaped(key),
                current.revision,
            )
        return merged

    def _read(self, pid: str, name: str, content: Content) -> InstalledText:
        """The text in *content*; what its faults quote is masked by the schema too."""
        file_format = self._context.format_of(name)
        try:
            return read_text(
                self._context.shown(name),
                content.data,
                file_format,
                self._context.encoding,
            )
        except RefusedTextError as error:
            masked = [
                replace(found, found=f"a value that is not shown ({MASK})")
                if found.key is not None and self._admin.is_secret(pid, found.key)
                else found
                for found in error.diagnostics
            ]
            raise RefusedTextError(masked) from None

    def _settling_left_s(
        self,
        pid: str,
        digest: str,
        content: Content,
        text: InstalledText,
        record: FileRecord,
    ) -> float:
        """How long to wait whether there is more to come: this may be a head."""
        just_emptied = not content.data and content.signature is None
        if not just_emptied and not loses_most(record.properties, text.properties):
            return 0.0
        return self._settling.left_s(pid, digest)

    def _refuse(
        self,
        pid: str,
        seen: FileRecord,
        file: str,
        diagnostics: Sequence[Diagnostic],
    ) -> None:
        self._settling.end(pid)
        schema = self._admin.schema_of(pid)
        diagnostics = _at_most(diagnostics, file)
        self._ledger.put(pid, replace(seen, refused=tuple(diagnostics), schema=schema))
        faults = faults_of(FaultKind.FILE, pid, diagnostics)
        self._faults.report(FaultKind.FILE, pid, faults)
        self._admin.note_refusal(pid, Origin.file(file), tuple(diagnostics))


def _at_most(diagnostics: Sequence[Diagnostic], file: str) -> Sequence[Diagnostic]:
    """The first of *diagnostics*: nobody reads thousands, and they cost time."""
    if len(diagnostics) <= _MAX_DIAGNOSTICS:
        return diagnostics
    rest = Diagnostic(
        file=file,
        found=f"{len(diagnostics) - _MAX_DIAGNOSTICS:,} more faults",
        expected="none",
        cure="Mend the first ones, then look again.",
        rule="limit",
    )
    return [*diagnostics[:_MAX_DIAGNOSTICS], rest]
