"""The schemas of a directory: found by PID, kept up to date."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import escaped
from config_admin.core.faults import Fault, FaultBook, FaultKind
from config_admin.core.pid import schema_pids
from config_admin.schema.declared import Schema
from config_admin.schema.documents import BrokenSchemaError
from config_admin.schema.sources import SUFFIX, Sources, is_there


@dataclass(frozen=True, slots=True)
class Entry:
    """
    What is known of one schema file.

    Attributes:
        pid: The PID that the file is named after.
        sources: The files it was last read from, as they looked.
        schema: The last good one; None: there never was one.
        faults: What is wrong with the file now.
        absent_since: When it was first found to be away, by the catalog's clock; None:
            it is there, as far as can be told.
    """

    pid: str
    sources: Sources
    schema: Schema | None
    faults: tuple[Diagnostic, ...] = ()
    absent_since: float | None = None

    def is_current(self) -> bool:
        """Whether a look at the files says that nothing has changed."""
        return self.absent_since is None and self.sources.are_untouched()


class SchemaCatalog:
    """
    The schemas in a directory, one file ``<pid>.schema.json`` for each PID.

    Level-triggered: every call looks at its files and reads a changed one first. A
    broken schema is reported, and the last good one holds until it is mended.

    A schema that is away still holds for a grace, for editors and checkouts take it
    away for a moment. While the directory itself is away, no schema counts as absent.

    Args:
        directory: Where the schemas are; None: there are none.
        faults: Where broken schemas are reported, each by its path.
        named: The directory as people know it; None: just so.
        absence_grace_s: For how long a schema that is away still holds.
        clock: What the grace is measured with, in seconds.
    """

    def __init__(
        self,
        directory: Path | None,
        faults: FaultBook,
        *,
        named: Path | None = None,
        absence_grace_s: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        # Absolute, because the working directory may change; people see it as named.
        self._directory = None if directory is None else str(directory.absolute())
        self._named = str(named or directory)
        self._faults = faults
        self._absence_grace_s = absence_grace_s
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[str, Entry] = {}
        self._unreported: set[str] = set()

    def find(self, pid: str) -> Schema | None:
        """
        The schema that applies to *pid* now, the most specific; None: there is none.

        Raises:
            BrokenSchemaError: If its file is broken, and never was good.
        """
        try:
            return self.peek(pid)
        finally:
            self.report_pending()

    def peek(self, pid: str) -> Schema | None:
        """As `find`, but what it finds to be wrong is left for `report_pending`."""
        entry = self._entry(pid)
        if entry is None or entry.schema is not None:
            return None if entry is None else entry.schema
        raise BrokenSchemaError(entry.faults)

    def generation(self, pid: str) -> str | None:
        """
        What changes with the schema of *pid*, and only then; None: there is none.

        It may be asked for under a lock: what it finds to be wrong is left for
        `report_pending`.
        """
        entry = self._entry(pid)
        if entry is None:
            return None
        if entry.schema is not None:
            return entry.schema.digest
        return f"broken {entry.sources.digest}"

    def report_pending(self) -> None:
        """Report what was found but not yet reported; not under a lock."""
        while self._unreported:
            with self._lock:
                path = self._unreported.pop() if self._unreported else None
            if path is not None:
                self._report(path)

    def pending_s(self) -> float | None:
        """
        After how many seconds the soonest grace of an absent schema ends.

        Then its PIDs have to be looked at again. 0: one has ended, and it holds no
        more; it is not pending any longer. None: nothing is absent.
        """
        with self._lock:
            absent = [
                (self._left_s(entry.absent_since), path, entry.pid)
                for path, entry in self._entries.items()
                if entry.absent_since is not None
            ]
        for left_s, path, pid in absent:
            if left_s <= 0:  # perhaps nobody ever asks for its PID again
                self._look(path, pid)
        return max(0.0, min(absent)[0]) if absent else None

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
            if before is not None and before.is_current():
                return before
            now = self._now(path, pid, before)
            if now is None:
                self._entries.pop(path, None)
            else:
                self._entries[path] = now
            if (before.faults if before else ()) != (now.faults if now else ()):
                self._unreported.add(path)
            return now

    def _now(self, path: str, pid: str, before: Entry | None) -> Entry | None:
        there = is_there(path, str(self._directory))
        if there:
            now = self._read(path, pid, before)
            # It may have gone while it was read.
            there = not now.faults or is_there(path, str(self._directory))
            if there:
                return now
        if there is None or before is None:
            return before and replace(before, absent_since=None)
        since = before.absent_since
        since = self._clock() if since is None else since
        return replace(before, absent_since=since) if self._left_s(since) > 0 else None

    def _left_s(self, absent_since: float) -> float:
        return absent_since + self._absence_grace_s - self._clock()

    def _read(self, path: str, pid: str, before: Entry | None) -> Entry:
        sources = Sources()
        try:
            if before is not None:
                again = before.sources.again()
                if again.digest == before.sources.digest:
                    return Entry(pid, again, before.schema, before.faults)
            schema = self._compiled(path, sources)
            return Entry(pid, sources, schema, self._placed(schema.warnings))
        except BrokenSchemaError as error:
            faults = self._placed(error.diagnostics)
        except Exception as error:  # noqa: BLE001 - libraries raise anything of a bad schema
            faults = self._placed([_unusable(path, error)])
        return Entry(pid, sources, before.schema if before else None, faults)

    def _compiled(self, path: str, sources: Sources) -> Schema:
        from config_admin.schema.compiled import (  # noqa: PLC0415 - 100 ms, if needed
            compiled,
        )

        schema = compiled(path, str(self._directory), sources)
        return replace(schema, file=self._as_named(schema.file))

    def _placed(self, found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
        return tuple(
            replace(
                one,
                expected=self._as_named(one.expected),
                file=self._as_named(one.file) if one.file else None,
            )
            for one in found
        )

    def _as_named(self, text: str) -> str:
        return text.replace(str(self._directory), self._named, 1)

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


def _unusable(path: str, error: Exception) -> Diagnostic:
    return Diagnostic(
        found=f"a schema that ends in {escaped(type(error).__name__)} when it is read",
        expected="a JSON Schema (2020-12)",
        cure="Take out what was added last, or simplify it.",
        rule="schema",
        file=escaped(path),
    )
