"""One directory, its admin and its clock; every step is taken by the test."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from config_admin.core.admin import ConfigurationAdmin
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.dispatch import InlineDispatcher
from config_admin.core.errors import InvalidConfigurationError
from config_admin.core.faults import FaultBook
from config_admin.core.parts import World
from config_admin.core.ports import Checked
from config_admin.fileinstall.context import Context
from config_admin.fileinstall.directories import Directories
from config_admin.formats import cfg
from config_admin.stores.memory import MemoryLedger, MemoryStore


class OnlyKnownKeys:
    """A validator that refuses the keys "wrong" and "worse"."""

    schema = None

    def check(self, pid, properties):
        refused = [
            Diagnostic(
                key=key,
                found="a wrong key",
                expected="a right one",
                cure="Mend it.",
                rule="additionalProperties",
            )
            for key in ("worse", "wrong")
            if key in properties
        ]
        if refused:
            raise InvalidConfigurationError(pid, refused)
        return Checked(properties, schema=self.schema)

    def without(self, _pid):
        return None

    def schema_of(self, _pid):
        return self.schema

    def is_secret(self, _pid, _key):
        return False

    def as_text(self, _pid, _key, _value):
        return None


class InterruptedAdmin(ConfigurationAdmin):
    """An admin behind whose changes another one can be put, at once."""

    then = None

    def update(self, pid, properties, **options):
        try:
            return super().update(pid, properties, **options)
        finally:
            self._interrupt()

    def delete(self, pid, **options):
        try:
            return super().delete(pid, **options)
        finally:
            self._interrupt()

    def _interrupt(self):
        call, self.then = self.then, None
        if call is not None:
            call()


class House:
    """
    A directory, or several, and their admin.

    Args:
        paths: The directories, the highest ranking first.
        options: Of each, by its name.

    Attributes:
        path: The first directory.
        now: The directory's clock; the test alone moves it.
        delivered: What the service of "p" was called with.
        came: Every fault that ever came.
    """

    def __init__(self, *paths, **options):
        self.paths = paths
        self.path = paths[0]
        self.options = options
        self.now = 0.0
        self.came = []
        self.went = []
        self.delivered = []
        self.events = []
        self.dispatcher = InlineDispatcher()
        self.book = FaultBook(self._note)
        self.validator = OnlyKnownKeys()
        self.admin = InterruptedAdmin(
            MemoryStore(),
            World(
                validator=self.validator,
                dispatcher=self.dispatcher,
                faults=self.book,
                now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
            ),
        )
        self.ledgers = [MemoryLedger() for _ in paths]
        self.ledger = self.ledgers[0]
        self.format = SimpleNamespace(suffix=".cfg", read=cfg.read, merge=cfg.merge)
        self.files = self.open()
        self.admin.guard(self.files)
        self.admin.audience.add_listener(self)
        self.admin.audience.add_managed_service(("p",), self.delivered.append)
        self.dispatcher.flush()
        self.delivered.clear()  # there was no configuration yet

    def open(self):
        """The directories, as a program that has just started sees them."""
        return Directories([*map(self._context, self.paths, self.ledgers)])

    def _context(self, path, ledger):
        return Context(
            named=path,
            path=path,
            admin=self.admin,
            formats={".cfg": self.format, ".json": self.format},
            ledger=ledger,
            faults=self.book,
            clock=lambda: self.now,
            **self.options.get(path.name, {}),
        )

    @property
    def directory(self):
        """The first of them."""
        return next(iter(self.files))

    def scan(self):
        """The PIDs that a look through the directories finds worth another one."""
        found = [pid for one in self.files for pid in self.files.scan(one)]
        return tuple(dict.fromkeys(found))

    def _note(self, came, went):
        self.came += came
        self.went += went

    def configuration_event(self, event):
        self.events.append(event)
        if not event.violations and event.origin.kind.value != "file":
            self.files.unwritten.add(event.pid)

    # The files

    def file(self, name="p.cfg", at=0):
        return self.paths[at] / name

    def save(self, text, name="p.cfg", at=0):
        """Save by a rename, as careful editors do; the watcher tells the name."""
        data = text if isinstance(text, bytes) else text.encode()
        draft = self.paths[at] / "editor"
        draft.write_bytes(data)
        draft.replace(self.file(name, at))
        list(self.files)[at].pid_for(name)

    def text(self, name="p.cfg", at=0):
        return self.file(name, at).read_text()

    # The steps

    def look(self, pid="p"):
        """Reconcile until there is nothing to be done now; then the pause, or None."""
        again_s = 0.0
        while again_s == 0.0:
            self.dispatcher.flush()
            again_s = self.files.reconcile(pid)
        self.dispatcher.flush()
        return again_s

    def rest(self):
        """Everything comes to rest."""
        for _ in range(4):
            for pid in (*self.scan(), "p"):
                self.look(pid)
            self.now += 6.0

    def pass_time(self, seconds):
        self.now += seconds

    def update(self, **properties):
        found = self.admin.update("p", properties)
        self.dispatcher.flush()
        return found

    def force(self, **properties):
        """Update although the file stands refused."""
        found = self.admin.update("p", properties, force=True)
        self.dispatcher.flush()
        return found

    # What has come of it

    def properties(self, pid="p"):
        found = self.admin.find(pid)
        return None if found is None else dict(found.properties)

    def revision(self, pid="p"):
        return self.admin.get(pid).revision

    def faults(self, kind=None):
        return [
            fault
            for fault in self.book.all()
            if kind is None or fault.kind.value == kind
        ]


@pytest.fixture
def house(tmp_path):
    """A house whose directory is there and empty."""
    path = tmp_path / "etc"
    path.mkdir()
    return House(path)


@pytest.fixture
def make_house(tmp_path):
    """A house with several directories, which are there and empty."""

    def make(*names, **options):
        paths = [tmp_path / name for name in names]
        for path in paths:
            path.mkdir()
        return House(*paths, **options)

    return make
