"""One directory, its admin and its clock; every step is taken by the test."""

import resource
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from config_admin.core.admin import ConfigurationAdmin
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.dispatch import InlineDispatcher
from config_admin.core.errors import InvalidConfigurationError
from config_admin.core.faults import FaultBook
from config_admin.core.ports import Checked
from config_admin.fileinstall.context import Context
from config_admin.fileinstall.directory import ConfigDirectory
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
    A directory and its admin.

    Attributes:
        now: The directory's clock; the test alone moves it.
        delivered: What the service of "p" was called with.
        came: Every fault that ever came.
    """

    def __init__(self, path):
        self.path = path
        self.now = 0.0
        self.came = []
        self.went = []
        self.delivered = []
        self.events = []
        self.dispatcher = InlineDispatcher()
        self.book = FaultBook(self._note)
        self.validator = OnlyKnownKeys()
        self.admin = InterruptedAdmin(
            store=MemoryStore(),
            validator=self.validator,
            dispatcher=self.dispatcher,
            faults=self.book,
        )
        self.ledger = MemoryLedger()
        self.format = SimpleNamespace(suffix=".cfg", read=cfg.read, merge=cfg.merge)
        self.directory = self.open_directory()
        self.admin.guard(self.directory.gate)
        self.admin.add_listener(self)
        self.admin.add_managed_service(("p",), self.delivered.append)
        self.dispatcher.flush()
        self.delivered.clear()  # there was no configuration yet

    def open_directory(self):
        """The directory, as a program that has just started sees it."""
        return ConfigDirectory(
            Context(
                named=self.path,
                path=self.path,
                admin=self.admin,
                formats={".cfg": self.format},
                ledger=self.ledger,
                faults=self.book,
                clock=lambda: self.now,
            )
        )

    def _note(self, came, went):
        self.came += came
        self.went += went

    def configuration_event(self, event):
        self.events.append(event)
        if not event.violations and event.origin.kind.value != "file":
            self.directory.unwritten.add(event.pid)

    # The files

    def file(self, name="p.cfg"):
        return self.path / name

    def save(self, text, name="p.cfg"):
        """Save by a rename, as careful editors do; the watcher tells the name."""
        data = text if isinstance(text, bytes) else text.encode()
        draft = self.path / "editor"
        draft.write_bytes(data)
        draft.replace(self.file(name))
        self.directory.pid_for(name)

    def text(self, name="p.cfg"):
        return self.file(name).read_text()

    # The steps

    def look(self, pid="p"):
        """Reconcile until there is nothing to be done now; then the pause, or None."""
        again_s = 0.0
        while again_s == 0.0:
            self.dispatcher.flush()
            again_s = self.directory.reconcile(pid)
        self.dispatcher.flush()
        return again_s

    def rest(self):
        """Everything comes to rest."""
        for _ in range(4):
            for pid in (*self.directory.scan(), "p"):
                self.look(pid)
            self.now += 6.0

    def pass_time(self, seconds):
        self.now += seconds

    def update(self, **properties):
        found = self.admin.update("p", properties)
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
def full_disk():
    """A disk that has no room for more than some bytes of a file, for a while."""

    @contextmanager
    def limited(max_bytes):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (max_bytes, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited
