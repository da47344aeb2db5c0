"""
File edits, API updates, deletions and late write-backs in any order.

The model beside it says in a few lines what the laws demand: a change that one side
made and the other has not seen is kept; where both changed one key the file's author
wins, because nobody told him; what nobody has read is never overwritten; and when
everything has come to rest nothing moves by itself.
"""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from config_admin.core.admin import ConfigurationAdmin
from config_admin.core.dispatch import InlineDispatcher
from config_admin.core.errors import NoSuchConfigurationError, RefusedFileError
from config_admin.core.faults import FaultBook
from config_admin.core.parts import World
from config_admin.core.ports import Checked
from config_admin.fileinstall.context import Context
from config_admin.fileinstall.directories import Directories
from config_admin.formats import cfg
from config_admin.stores.memory import MemoryLedger, MemoryStore

PID = "p"
KEYS = ["a", "b", "c", "d", "e"]
BROKEN = "a = \\u12\n"

keys = st.sampled_from(KEYS)


class AnythingGoes:
    """A validator without schemas."""

    def check(self, _pid, properties):
        return Checked(properties)

    def without(self, _pid):
        return None

    def schema_of(self, _pid):
        return None

    def is_secret(self, _pid, _key):
        return False

    def as_text(self, _pid, _key, _value):
        return None


class Model:
    """What has to come of it all; None stands for "there is none"."""

    def __init__(self):
        self.file = None
        self.admin = None
        self.base = None
        self.is_known = False
        self.is_refused = False

    def file_was_looked_at(self):
        """The admin takes the file's news."""
        if self.file == self.base and not self.is_refused:
            return
        if self.file == "broken":
            self.is_refused = self.is_known = True
            return
        if self.file is None:
            self.admin = None if self.is_known else self.admin
        elif self.admin is None:
            self.admin = self.file
        else:
            base = self.base or {}
            changed = {k for k in KEYS if self.file.get(k) != base.get(k)}
            kept = {k: v for k, v in self.admin.items() if k not in changed}
            self.admin = kept | {k: v for k, v in self.file.items() if k in changed}
        self.base = self.file
        self.is_known = self.file is not None
        self.is_refused = False

    def file_was_written(self):
        """The file takes the admin's news."""
        self.file = self.base = self.admin
        self.is_known = self.file is not None


class Interleavings(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "p.cfg"
        self.now = 0.0
        self.count = 0
        self.model = Model()
        self.meanwhile = None
        self.saved = None
        self.delivered = []
        self.dispatcher = InlineDispatcher()
        self.admin = ConfigurationAdmin(
            MemoryStore(),
            World(
                validator=AnythingGoes(),
                dispatcher=self.dispatcher,
                faults=FaultBook(lambda _came, _went: None),
                now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
            ),
        )
        context = Context(
            path=self.path.parent,
            named=self.path.parent,
            admin=self.admin,
            formats={".cfg": self._format()},
            ledger=MemoryLedger(),
            faults=FaultBook(lambda _came, _went: None),
            clock=lambda: self.now,
        )
        self.files = Directories([context])
        self.admin.guard(self.files)
        self.admin.audience.add_listener(
            SimpleNamespace(configuration_event=self._configuration_event)
        )
        self.admin.audience.add_managed_service((PID,), self.delivered.append)

    def teardown(self):
        try:
            self.rest()
        finally:
            self.folder.cleanup()

    # What may happen, in any order

    @rule(key=keys)
    def edit_file(self, key):
        """An editor that saves by rename."""
        text = self.path.read_text() if self.path.exists() else "# a comment\n"
        known = {} if self.model.file in (None, "broken") else self.model.file
        text = "" if self.model.file == "broken" else text
        edited = known | {key: self._value()}
        self._save(cfg.merge(text, edited))
        self.model.file = edited

    @rule(key=keys)
    def remove_key_from_file(self, key):
        if self.model.file in (None, "broken") or key not in self.model.file:
            return
        edited = {k: v for k, v in self.model.file.items() if k != key}
        self._save(cfg.merge(self.path.read_text(), edited))
        self.model.file = edited

    @rule()
    def break_file(self):
        self._save(BROKEN + f"# {self._value()}\n")
        self.model.file = "broken"

    @rule()
    def remove_file(self):
        self.path.unlink(missing_ok=True)
        self.saved = self.model.file = None

    @rule(key=keys)
    def update(self, key):
        current = self.admin.find(PID)
        changed = dict(current.properties) if current else {}
        changed[key] = self._value()
        self._change(lambda: self.admin.update(PID, changed), changed)

    @rule()
    def delete(self):
        self._change(lambda: self.admin.delete(PID), None)

    @rule()
    def look(self):
        """The thread of the files comes round, perhaps too early."""
        self.dispatcher.flush()
        self._reconcile()

    @rule(seconds=st.sampled_from([0.06, 0.3, 1.1]))
    def time_passes(self, seconds):
        self.now += seconds

    @rule(key=keys)
    def edit_during_a_write(self, key):
        """The next time the admin writes, an editor saves between read and rename."""
        self.meanwhile = key

    @rule()
    def rest(self):
        """Everything comes to rest; then file, admin and model agree."""
        self.meanwhile = None
        for _ in range(20):
            self.time_passes(1.1)
            self.look()
        self._require_agreement()
        before = self.admin.written(PID), self._text(), len(self.delivered)
        self.files.scan(next(iter(self.files)))
        self.look()
        assert (self.admin.written(PID), self._text(), len(self.delivered)) == before

    @invariant()
    def the_admin_is_as_the_model(self):
        found = self.admin.find(PID)
        assert (dict(found.properties) if found else None) == self.model.admin

    def _reconcile(self):
        for _ in range(10):
            again_s = self.files.reconcile(PID)
            self.dispatcher.flush()
            if not again_s:
                self.model.file_was_looked_at()
            if self._text() != self.saved:
                assert self.model.file == self.model.base, "nobody had read it"
                self.model.file_was_written()
                self.saved = self._text()
            if again_s != 0.0:
                break

    def _change(self, call, properties):
        refused = self.model.is_refused
        try:
            call()
        except RefusedFileError:
            assert refused
        except NoSuchConfigurationError:
            assert self.model.admin is None
        else:
            assert not refused
            self.model.admin = properties

    def _format(self):
        """The real format; while it merges, an editor may save."""

        def merge(text, properties):
            if self.meanwhile:
                key, self.meanwhile = self.meanwhile, None
                self.edit_file(key)
            return cfg.merge(text, properties)

        return SimpleNamespace(suffix=".cfg", read=cfg.read, merge=merge)

    def _configuration_event(self, event):
        if not event.violations and event.origin.kind.value != "file":
            self.files.unwritten.add(event.pid)

    def _require_agreement(self):
        found = self.admin.find(PID)
        if self.model.is_refused:
            assert self._text().startswith(BROKEN)
            return
        written = self._text()
        in_file = cfg.loads(written) if written is not None else None
        assert in_file == (dict(found.properties) if found else None)
        assert in_file == self.model.admin
        last = self.delivered[-1] if self.delivered else None
        seen = dict(last.without(["service.pid"])) if last is not None else None
        assert seen == in_file

    def _text(self):
        return self.path.read_text() if self.path.exists() else None

    def _save(self, text):
        draft = self.path.with_name("editor")
        draft.write_text(text)
        draft.replace(self.path)
        self.saved = text

    def _value(self):
        self.count += 1
        return f"v{self.count}"


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(
    max_examples=max(300, settings().max_examples),
    stateful_step_count=30,
    deadline=None,
)
TestInterleavings = pytest.mark.integration(TestInterleavings)
