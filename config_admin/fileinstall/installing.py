"""The file has news: they are read, checked, merged with the admin's and installed."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from config_admin.core.configuration import Configuration, Origin
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import escaped
from config_admin.core.errors import (
    InvalidConfigurationError,
    RevisionConflictError,
    StoreError,
)
from config_admin.core.faults import Fault, FaultKind
from config_admin.core.ports import FileRecord
from config_admin.core.properties import Properties
from config_admin.fileinstall.context import Context
from config_admin.fileinstall.merging import loses_most, merge_by_key
from config_admin.fileinstall.pace import Settling
from config_admin.fileinstall.reading import Content
from config_admin.fileinstall.texts import InstalledText, RefusedTextError, read_text

_LOG = logging.getLogger(__name__)


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
            text = read_text(file, content.data, self._context.format_of(name))
            left_s = self._settling_left_s(pid, digest, content, text, record)
            return left_s or self._commit(pid, text, seen)
        except RefusedTextError as error:
            self._refuse(pid, seen, file, error.diagnostics)
            return None
        except RevisionConflictError:
            return 0.0  # the admin moved on meanwhile: look again
        except StoreError:
            return self._timing.retry_s

    def _commit(self, pid: str, text: InstalledText, seen: FileRecord) -> float | None:
        current = self._admin.written(pid)
        wanted = self._merged(text, seen, current)
        expected = current.revision if current and not current.deleted else 0
        try:
            installed = self._admin.update(
                pid, wanted, revision=expected, origin=Origin.file(text.file)
            )
        except InvalidConfigurationError as error:
            raise RefusedTextError([text.placed(v) for v in error.violations]) from None
        self._settling.end(pid)
        # What the admin had besides the file is news for the file.
        is_in_step = wanted == text.properties
        self._ledger.put(
            pid,
            replace(
                seen,
                revision=installed.revision - (not is_in_step),
                properties=text.properties,
            ),
        )
        warnings = [Fault.of(FaultKind.FILE, pid, found) for found in text.warnings]
        self._faults.report(FaultKind.FILE, pid, warnings)
        return None if is_in_step else 0.0

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
        self._ledger.put(pid, replace(seen, refused=tuple(diagnostics)))
        faults = [Fault.of(FaultKind.FILE, pid, found) for found in diagnostics]
        self._faults.report(FaultKind.FILE, pid, faults)
        self._admin.note_refusal(pid, Origin.file(file), tuple(diagnostics))
