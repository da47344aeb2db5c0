"""
Two directories with files of one PID: edits, updates, deletions, restarts in any order.

The model beside it says what the laws demand: the first directory with a file holds;
what its file says is an edit of what the file said that held before; a file of the
other directory is never touched; what was refused is overwritten only by force, and
kept beside it.
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
from config_admin.core.faults import FaultBook, FaultKind
from config_admin.core.parts import World
from config_admin.core.ports import Checked
from config_admin.fileinstall.context import Context
from config_admin.fileinstall.directories import Directories
from config_admin.fileinstall.pace import Timing
from config_admin.formats import cfg
from config_admin.stores.memory import MemoryLedger, MemoryStore

PID = "p"
KEYS = ["a", "b", "c"]
BROKEN = "a = \\u12\n"
BOTH = ["high", "low"]

keys = st.sampled_from(KEYS)
directories = st.sampled_from(BOTH)


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
    """
    What has to come of it all; None stands for "there is none".

    Attributes:
        files: What the files say.
        home: The directory that held when it was last looked.
        known: What its file said then.
        base: What the admin had from it.
    """

    def __init__(self, writers):
        self.writers = writers
        self.files = dict.fromkeys(BOTH)
        self.admin = self.home = self.known = self.base = None
        self.is_refused = self.is_forced = False

    @property
    def holder(self):
        return next((one for one in BOTH if self.files[one] is not None), None)

    def files_were_looked_at(self):
        """The admin takes the news of the file that holds."""
        holder = self.holder
        if holder is None:
            if self.home is not None:
                self.admin = self.base = self.home = self.known = None
                self.is_refused = self.is_forced = False
            return
        text = self.files[holder]
        if (holder, text) == (self.home, self.known):
            return
        self.home, self.known, self.is_forced = holder, text, False
        self.is_refused = isinstance(text, str)
        if self.is_refused:
            return
        if self.admin is None:
            self.admin = text
        else:
            base = self.base or {}
            changed = {k for k in KEYS if text.get(k) != base.get(k)}
            kept = {k: v for k, v in self.admin.items() if k not in changed}
            self.admin = kept | {k: v for k, v in text.items() if k in changed}
        self.base = text

    def file_was_written(self, directory):
        """A file takes the admin's news."""
        assert directory in self.writers
        assert directory == (self.home or self.writers[0]), "it does not hold"
        was = self.known if self.home == directory else None
        assert self.files[directory] == was, "nobody had read it"
        assert not self.is_refused or self.is_forced
        self.files[directory] = self.known = self.base = self.admin
        self.home = directory if self.admin is not None else None
        self.is_refused = self.is_forced = False


class TwoDirectories(RuleBasedStateMachine):
    writers = BOTH

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        self.now = 0.0
        self.count = 0
        self.model = Model(self.writers)
        self.meanwhile = None
        self.saved = dict.fromkeys(BOTH)
        self.dispatcher = InlineDispatcher()
        self.faults = FaultBook(lambda _came, _went: None)
        self.admin = ConfigurationAdmin(
            MemoryStore(),
            World(
                validator=AnythingGoes(),
                dispatcher=self.dispatcher,
                faults=self.faults,
                now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
            ),
        )
        self.ledgers = {one: MemoryLedger() for one in BOTH}
        for one in BOTH:
            (self.root / one).mkdir()
        self.restart()

    def teardown(self):
        try:
            self.rest()
        finally:
            self.folder.cleanup()

    # What may happen, in any order

    @rule(directory=directories, key=keys)
    def edit_file(self, directory, key):
        """An editor that saves by rename."""
        known = self.model.files[directory]
        known = known if isinstance(known, dict) else {}
        self._save(directory, known | {key: self._value()})

    @rule(directory=directories, key=keys)
    def remove_key_from_file(self, directory, key):
        known = self.model.files[directory]
        if isinstance(known, dict) and key in known:
            self._save(directory, {k: v for k, v in known.items() if k != key})

    @rule(directory=directories)
    def break_file(self, directory):
        self._save(directory, f"{BROKEN}# {self._value()}\n")

    @rule(directory=directories)
    def remove_file(self, directory):
        self._path(directory).unlink(missing_ok=True)
        self.saved[directory] = self.model.files[directory] = None

    @rule(key=keys, force=st.booleans())
    def update(self, key, force):
        current = self.admin.find(PID)
        changed = dict(current.properties) if current else {}
        changed[key] = self._value()
        self._change(
            lambda: self.admin.update(PID, changed, force=force), changed, force=force
        )

    @rule()
    def delete(self):
        self._change(lambda: self.admin.delete(PID), None)

    @rule()
    def look(self):
        """The thread of the files comes round, perhaps too early."""
        self._reconcile()

    @rule(seconds=st.sampled_from([0.06, 0.3, 1.1]))
    def time_passes(self, seconds):
        self.now += seconds

    @rule(key=keys)
    def edit_during_a_write(self, key):
        """The next time the admin writes, an editor saves between read and rename."""
        self.meanwhile = key

    @rule()
    def restart(self):
        """The files are followed by somebody who knows only what is stored."""
        self.files = Directories([self._context(one) for one in BOTH])
        self.admin.guard(self.files)
        self.model.is_forced = False

    @rule()
    def rest(self):
        """Everything comes to rest; then file, admin and model agree."""
        self.meanwhile = None
        for _ in range(20):
            self.time_passes(1.1)
            if self._scan():
                self.look()
        self._require_agreement()
        before = self.admin.written(PID), dict(self.saved)
        self._scan()
        self.look()
        assert (self.admin.written(PID), self._texts()) == before

    @invariant()
    def the_admin_is_as_the_model(self):
        found = self.admin.find(PID)
        assert (dict(found.properties) if found else None) == self.model.admin

    def _scan(self):
        return [pid for one in self.files for pid in self.files.scan(one)]

    def _reconcile(self):
        again_s = 0.0
        for _ in range(20):
            again_s = self.files.reconcile(PID)
            self.dispatcher.flush()
            if not again_s:
                self.model.files_were_looked_at()
            self._note_writes()
            if again_s != 0.0:
                return
        raise AssertionError("it does not come to an end")

    def _note_writes(self):
        texts = self._texts()
        for directory in BOTH:
            if texts[directory] != self.saved[directory]:
                if self.model.is_refused:
                    assert self.saved[directory] in self._kept(directory)
                self.model.file_was_written(directory)
                self.saved[directory] = texts[directory]

    def _change(self, call, properties, *, force=False):
        writes = self.model.home in self.writers
        refused = self.model.is_refused and writes and not force
        try:
            call()
        except RefusedFileError:
            assert refused
        except NoSuchConfigurationError:
            assert self.model.admin is None
        else:
            assert not refused
            self.model.admin = properties
            if self.model.is_refused and writes:
                self.model.is_forced = True

    def _context(self, name):
        return Context(
            path=self.root / name,
            named=self.root / name,
            admin=self.admin,
            formats={".cfg": SimpleNamespace(read=cfg.read, merge=self._merge)},
            ledger=self.ledgers[name],
            faults=self.faults,
            write_back=name in self.writers,
            timing=Timing(settle_s=0.0),
            clock=lambda: self.now,
        )

    def _merge(self, text, properties):
        """The real format; while it merges, an editor may save."""
        if self.meanwhile:
            key, self.meanwhile = self.meanwhile, None
            directory = self.model.home or self.writers[0]
            self.edit_file(directory, key)
        return cfg.merge(text, properties)

    def _require_agreement(self):
        model, texts = self.model, self._texts()
        assert texts == self.saved
        seconds = [f.file for f in self.faults.all() if f.kind is FaultKind.NAME]
        has_second = all(texts[one] is not None for one in BOTH)
        assert seconds == [str(self._path("low"))] * has_second
        holder = model.holder
        if model.is_refused:
            assert holder == model.home
        elif holder is not None and holder in self.writers:
            assert cfg.loads(texts[holder]) == model.admin
        elif holder is None and self.writers:
            assert model.admin is None

    def _path(self, directory):
        return self.root / directory / "p.cfg"

    def _texts(self):
        paths = {one: self._path(one) for one in BOTH}
        return {one: p.read_text() if p.exists() else None for one, p in paths.items()}

    def _kept(self, directory):
        folder = self._path(directory).parent
        return [kept.read_text() for kept in folder.glob("p.cfg*.refused")]

    def _save(self, directory, says):
        path = self._path(directory)
        before = self.saved[directory] or "# a comment\n"
        before = "" if before.startswith(BROKEN) else before
        text = says if isinstance(says, str) else cfg.merge(before, says)
        draft = path.with_name("editor")
        draft.write_text(text)
        draft.replace(path)
        self.saved[directory] = text
        self.model.files[directory] = says

    def _value(self):
        self.count += 1
        return f"v{self.count}"


class OnlyTheLowWritesBack(TwoDirectories):
    writers = ["low"]  # noqa: RUF012 - never changed


class OnlyTheHighWritesBack(TwoDirectories):
    writers = ["high"]  # noqa: RUF012 - never changed


def case_of(machine, share=1):
    case = machine.TestCase
    case.settings = settings(
        max_examples=settings().max_examples // share,
        stateful_step_count=30,
        deadline=None,
    )
    return pytest.mark.integration(case)


TestBothWriteBack = case_of(TwoDirectories)
TestOnlyTheLowWritesBack = case_of(OnlyTheLowWritesBack, share=2)
TestOnlyTheHighWritesBack = case_of(OnlyTheHighWritesBack, share=2)
