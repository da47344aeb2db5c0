"""An admin, its plugins and its directory, put together; no thread, no clock."""

import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from config_admin.core.admin import ConfigurationAdmin
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.dispatch import InlineDispatcher
from config_admin.core.errors import InvalidConfigurationError
from config_admin.core.faults import FaultBook
from config_admin.core.parts import World as CoreWorld
from config_admin.core.ports import Checked
from config_admin.core.properties import Properties
from config_admin.fileinstall.context import Context
from config_admin.fileinstall.directories import Directories
from config_admin.formats import cfg
from config_admin.stores.memory import MemoryLedger, MemoryStore

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class LevelValidator:
    """
    A validator with one schema for all, which the test replaces by another.

    Attributes:
        level: Names the schema.
        refused: The keys that no configuration may have, by level.
        during_check: Called once, when something has been found to fit.
    """

    def __init__(self, refused):
        self.level = 0
        self.refused = refused
        self.during_check = None

    def check(self, pid, properties):
        level = self.level
        bad = [key for key in properties if key in self.refused(level)]
        if bad:
            raise InvalidConfigurationError(pid, list(map(_unwanted, bad)))
        numbers = {"port": int(properties["port"])} if "port" in properties else {}
        call, self.during_check = self.during_check, None
        if call is not None:
            call()
        default = Properties({"level": f"level {level}"})
        return Checked(properties.with_items(numbers), default, level)

    def without(self, _pid):
        return None

    def schema_of(self, _pid):
        return self.level

    def is_secret(self, _pid, _key):
        return False

    def as_text(self, _pid, key, value):
        return str(value) if key == "port" and type(value) is int else None


def _unwanted(key):
    return Diagnostic(
        key=key,
        found="an unwanted key",
        expected="none",
        cure="Remove it.",
        rule="not",
    )


class World:
    """
    Everything there is, and nothing that moves by itself.

    Args:
        refused: As of `LevelValidator`.
        required: The names of required plugins.

    Attributes:
        now_s: The clock of the directory; the test alone moves it.
        during_merge: Called when a file is about to be rewritten.
        told: The faults that came and did not go, as they were told.
    """

    def __init__(self, refused, required):
        self._folder = tempfile.TemporaryDirectory()
        self.path = Path(self._folder.name)
        self.now_s = 0.0
        self.during_merge = None
        self.told = []
        self.store = MemoryStore()
        self.validator = LevelValidator(refused)
        self.dispatcher = InlineDispatcher()
        self.faults = FaultBook(self._tell)
        self.admin = ConfigurationAdmin(
            self.store,
            CoreWorld(
                validator=self.validator,
                dispatcher=self.dispatcher,
                faults=self.faults,
                now=lambda: NOW,
                required_plugins=required,
            ),
        )
        self.directories = Directories(
            [
                Context(
                    path=self.path,
                    named=self.path,
                    admin=self.admin,
                    formats={".cfg": self._format()},
                    ledger=MemoryLedger(),
                    faults=self.faults,
                    clock=lambda: self.now_s,
                )
            ]
        )
        (self.directory,) = self.directories
        self.admin.guard(self.directories)

    def close(self):
        self._folder.cleanup()

    # The files

    def text(self, pid):
        """What the file of *pid* says; None if there is none."""
        path = self._file(pid)
        return path.read_text() if path.exists() else None

    def save(self, pid, text):
        """Save by a rename, as careful editors do."""
        draft = self.path / "editor"
        draft.write_text(text)
        draft.replace(self._file(pid))

    def remove(self, pid):
        self._file(pid).unlink(missing_ok=True)

    @contextmanager
    def while_merging(self, call):
        """Have *call* made once, should a file be about to be rewritten."""
        self.during_merge = call
        try:
            yield
        finally:
            self.during_merge = None

    @contextmanager
    def while_checking(self, call):
        """Have *call* made once, should properties be checked."""
        self.validator.during_check = call
        try:
            yield
        finally:
            self.validator.during_check = None

    def _file(self, pid):
        return self.path / f"{pid}.cfg"

    def _format(self):
        def merge(text, properties):
            call, self.during_merge = self.during_merge, None
            if call is not None:
                call()
            return cfg.merge(text, properties)

        return SimpleNamespace(suffix=".cfg", read=cfg.read, merge=merge)

    # The callbacks

    def run(self, lane):
        """Run the callbacks of one lane, and of no other."""
        while lane.done < lane.submitted:
            assert self.dispatcher.finish(lane, 0)

    def flush(self):
        """Run every callback."""
        assert self.dispatcher.flush()

    def _tell(self, came, went):
        self.told += came
        for fault in went:
            self.told.remove(fault)


@pytest.fixture(scope="session")
def make_world():
    """A new world."""
    return World
