"""
Several directories and one admin: for each PID one directory holds.

That is the first one, in the order of their ranking, with a file of the PID; a file
that is gone only for a moment counts. The files of the others are nothing but reported.
What was changed in code is written where the PID has its file, or, if it has none, to
the first directory that writes back.
"""

from collections.abc import Iterator, Sequence

from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import escaped
from config_admin.core.errors import StoreError
from config_admin.core.faults import Fault, FaultKind
from config_admin.core.properties import Properties
from config_admin.core.storage import StaleRecordError
from config_admin.fileinstall.context import Context
from config_admin.fileinstall.directory import ConfigDirectory
from config_admin.fileinstall.gate import DirectoryGate
from config_admin.fileinstall.pace import UnwrittenChanges


class Directories:
    """
    Keeps directories and the admin equal; a `config_admin.core.ports.Gate`.

    Only one thread at a time may call it, but for the methods of the gate.

    Args:
        contexts: What each is made of, the highest ranking first; never empty.

    Attributes:
        unwritten: The changes that are not in their files yet.
    """

    def __init__(self, contexts: Sequence[Context]) -> None:
        first = contexts[0]
        self.unwritten = UnwrittenChanges(first.timing, first.clock)
        self._timing = first.timing
        self._faults = first.faults
        self._admin = first.admin
        self._all = [ConfigDirectory(one, self.unwritten) for one in contexts]
        writers = [one for one in self._all if one.writes_back]
        self._writer = (writers or self._all)[0]

    def __iter__(self) -> Iterator[ConfigDirectory]:
        return iter(self._all)

    # The gate

    def require_open(self, pid: str, *, force: bool = False) -> None:
        """Nothing, if *pid* may be changed by others than its file."""
        self._gate(pid).require_open(pid, force=force)

    def require_writable(self, pid: str, properties: Properties) -> None:
        """Nothing, if the file of *pid* can be made to say *properties*."""
        self._gate(pid).require_writable(pid, properties)

    def note_change(self, pid: str, *, force: bool = False) -> None:
        """*pid* was changed, and not by its file."""
        self._gate(pid).note_change(pid, force=force)

    # The directories

    def recover(self) -> None:
        """Bring the drafts that a crash left behind to their end."""
        for directory in self._all:
            directory.recover()

    def scan(self, directory: ConfigDirectory) -> tuple[str, ...]:
        """The PIDs of *directory* that have to be reconciled."""
        found = dict.fromkeys(directory.scan())
        for pid in self._admin.present_pids():
            keeper = self._keeper(pid)
            if keeper is directory and keeper.holding.has_news(pid):
                found[pid] = None
        return tuple(found)

    def forget_refusals(self) -> tuple[str, ...]:
        """The PIDs of the files that another schema refused: they are news again."""
        return tuple(pid for one in self._all for pid in one.forget_refusals())

    def report_unwritten(self) -> None:
        """Nothing will be written any more: say what is in no file."""
        for pid in self.unwritten.hurry():
            self._keeper(pid).report_lost(pid)

    @property
    def has_absences(self) -> bool:
        """Whether files are gone, though perhaps not for good."""
        return any(directory.has_absences for directory in self._all)

    def flush(self) -> None:
        """Let other processes know what is remembered of the files."""
        for directory in self._all:
            directory.flush()

    def reconcile(self, pid: str) -> float | None:
        """
        Make the file of *pid* and the admin equal.

        Returns:
            As `ConfigDirectory.reconcile`.
        """
        try:
            again_s = self._reconcile(pid)
        except StaleRecordError:
            return 0.0
        except StoreError as error:
            self._report(pid, error)
            self.unwritten.fail(pid)
            return self._timing.retry_s
        self._faults.clear(FaultKind.STORE, f"file of {pid}")
        return again_s

    def _report(self, pid: str, error: StoreError) -> None:
        """What the file of *pid* says is not in force: the store cannot take it."""
        found = Diagnostic(
            file=escaped(pid),
            found=f"a file that cannot be followed now ({error})",
            expected="a store that takes what it says",
            cure="It is tried again every few seconds.",
            rule="store",
        )
        fault = Fault.of(FaultKind.STORE, pid, found)
        self._faults.report(FaultKind.STORE, f"file of {pid}", [fault])

    def _reconcile(self, pid: str) -> float | None:
        if len(self._all) == 1:
            return self._writer.reconcile(pid)
        holder, heir = self._holders(pid)
        for other in self._all:
            if other is not holder:
                other.holding.stand_aside(pid, holder.holding)
        again_s = holder.reconcile(pid, heir.holding if heir else None)
        if again_s is None and self._holders(pid)[0] is not holder:
            return 0.0  # its file was removed, and another one is there
        return again_s

    def _holders(self, pid: str) -> tuple[ConfigDirectory, ConfigDirectory | None]:
        """The directory that holds *pid*, and the one that does when its file goes."""
        for directory in self._all:
            directory.look()  # nothing is at home any more where another one stands
        with_file = [one for one in self._all if one.holding.has_file(pid)]
        claims = [
            one for one in self._all if one in with_file or one.holding.is_home(pid)
        ]
        holder = claims[0] if claims else self._writer
        heirs = (one for one in with_file if one is not holder)
        return holder, next(heirs, None)

    def _gate(self, pid: str) -> DirectoryGate:
        return self._keeper(pid).gate

    def _keeper(self, pid: str) -> ConfigDirectory:
        """Where a change of *pid* in code is written to."""
        homes = (one for one in self._all if one.holding.is_home(pid))
        return next(homes, self._writer)
