"""The schemas of a directory: found by PID, kept up to date."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from config_admin.core.diagnostics import Diagnostic
from config_admin.core.faults import Fault, FaultBook, FaultKind
from config_admin.core.pid import schema_pids
from config_admin.schema.declared import Schema
from config_admin.schema.documents import BrokenSchemaError
from config_admin.schema.sources import SUFFIX, Sources, signature_of


@dataclass(frozen=True, slots=True)
class Entry:
    """
    What is known of one schema file.

    Attributes:
        pid: The PID that the file is named after.
        sources: The files it was last read from, as they looked.
        schema: The last good one; None: there never was one.
        faults: What is wrong with the file now.
    """

    pid: str
    sources: Sources
    schema: Schema | None
    faults: tuple[Diagnostic, ...] = ()


class SchemaCatalog:
    """
    The schemas in a directory, one file ``<pid>.schema.json`` for each PID.

    Level-triggered: every call looks at its files and reads a changed one first. A
    broken schema is reported, and the last good one holds until it is mended.

    Args:
        directory: Where the schemas are; None: there are none.
        faults: Where broken schemas are reported, each by its path.
    """

    def __init__(self, directory: Path | None, faults: FaultBook) -> None:
        # Absolute, because the working directory may change; people see it as named.
        self._directory = None if directory is None else str(directory.absolute())
        self._named = str(directory)
        self._faults = faults
        self._lock = threading.Lock()
        self._entries: dict[str, Entry] = {}

    def find(self, pid: str) -> Schema | None:
        """
        The schema that applies to *pid* now, the most specific; None: there is none.

        Raises:
            BrokenSchemaError: If its file is broken, and never was good.
        """
        entry = self._entry(pid)
        if entry is None or entry.schema is not None:
            return None if entry is None else entry.schema
        raise BrokenSchemaError(entry.faults)

    def generation(self, pid: str) -> str | None:
        """What changes with the schema of *pid*, and only then; None: there is none."""
        entry = self._entry(pid)
        if entry is None:
            return None
        if entry.schema is not None:
            return entry.schema.digest
        return f"broken {entry.sources.digest}"

    def _entry(self, pid: str) -> Entry | None:
        if self._directory is None:
            return None
        for candidate in schema_pids(pid):
            entry = self._look(f"{self._directory}/{candidate}{SUFFIX}", candidate)
            if entry is not None:
                return entry
        return None

    def _look(self, path: str, pid: str) -> Entry | None:
        """What *path* is now; None: there is no such file."""
        with self._lock:
            before = self._entries.get(path)
            if before is not None and before.sources.are_untouched():
                return before
            now = self._read(path, pid, before)
            if now is None:
                self._entries.pop(path, None)
            else:
                self._entries[path] = now
        if (before.faults if before else ()) != (now.faults if now else ()):
            self._report(path)
        return now

    def _read(self, path: str, pid: str, before: Entry | None) -> Entry | None:
        if signature_of(path) is None:
            return None
        if before is not None:
            sources = before.sources.again()
            if sources.digest == before.sources.digest:
                return Entry(pid, sources, before.schema, before.faults)
        from config_admin.schema.compiled import (  # noqa: PLC0415 - 100 ms, if needed
            compiled,
        )

        sources = Sources()
        try:
            schema = compiled(path, str(self._directory), sources)
            schema = replace(schema, file=self._as_named(schema.file))
            return Entry(pid, sources, schema, self._placed(schema.warnings))
        except BrokenSchemaError as error:
            last_good = before.schema if before is not None else None
            return Entry(pid, sources, last_good, self._placed(error.diagnostics))

    def _placed(self, found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
        return tuple(
            replace(one, file=self._as_named(one.file) if one.file else None)
            for one in found
        )

    def _as_named(self, file: str) -> str:
        return file.replace(str(self._directory), self._named, 1)

    def _report(self, path: str) -> None:
        """
        Put what is wrong with *path* into the book, outside the lock.

        Several threads may be here: whoever reports last must report the newest.
        """
        while True:
            now = self._entries.get(path)
            faults = (
                [Fault.of(FaultKind.SCHEMA, now.pid, fault) for fault in now.faults]
                if now is not None
                else []
            )
            self._faults.report(FaultKind.SCHEMA, path, faults)
            if self._entries.get(path) is now:
                return
