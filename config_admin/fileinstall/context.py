"""What a directory is made of, handed to each part of this room."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from config_admin.core.admin import ConfigurationAdmin
from config_admin.core.display import escaped
from config_admin.core.faults import FaultBook
from config_admin.core.ports import Format
from config_admin.core.storage import Ledger
from config_admin.fileinstall.names import suffix_of
from config_admin.fileinstall.pace import Clock, Timing
from config_admin.fileinstall.watcher import Watch, watch_directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """
    What a directory is made of.

    Attributes:
        path: The directory; absolute, because the working directory may change.
        named: The directory as the user named it, for people.
        admin: The door.
        formats: All there are, by suffix.
        ledger: Remembers the files of this directory.
        faults: Takes what is wrong with files.
        encoding: Of every file, one of `config_admin.fileinstall.encoding.ENCODINGS`.
        suffixes: Those of this directory; the first is that of new files. Empty: all.
        write_back: Whether files are written; if not, nothing in the directory is
            touched.
        polling_s: Look so often, watch nothing; None: watch.
        watch: Makes the watcher.
        timing: The pauses.
        clock: Seconds that only grow.
    """

    path: Path
    named: Path
    admin: ConfigurationAdmin
    formats: Mapping[str, Format]
    ledger: Ledger
    faults: FaultBook
    encoding: str = "utf-8"
    suffixes: tuple[str, ...] = ()
    write_back: bool = True
    polling_s: float | None = None
    watch: Watch = watch_directory
    timing: Timing = field(default_factory=Timing)
    clock: Clock = monotonic

    def shown(self, name: str) -> str:
        """The file *name* as people are told of it."""
        return escaped(str(self.named / name))

    def format_of(self, name: str) -> Format:
        """The format of the file *name*, which is one of ours."""
        return self.formats[suffix_of(name, self.formats) or self.new_suffix]

    @property
    def new_suffix(self) -> str:
        """The suffix of new files."""
        return next(iter(self.suffixes or self.formats))
