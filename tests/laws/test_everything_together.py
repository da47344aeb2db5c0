"""
Everything at once, in any order, beside a small model of it.

Changes in code and in files, schemas, services, factories, targets, listeners, plugins,
checks and failures. A callback runs when the test lets it, one by one or all of them,
so each service is slow now and then. Every call is held against the model when it
comes: it has to be due, and to bring what the model says. When everything has come to
rest nothing is due any more, and nothing moves by itself.
"""

import re
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import wraps
from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from config_admin.core.audience import Terms
from config_admin.core.errors import (
    ConfigurationError,
    InvalidConfigurationError,
    NoSuchConfigurationError,
    RefusedFileError,
    RevisionConflictError,
)
from config_admin.core.events import CM_DELETED, CM_REFUSED, CM_UPDATED
from config_admin.formats import cfg

PIDS = ("a", "a|app", "b", "f~x", "f|app~x")
REQUIRED = "needed"
VETOED = "2"  # by services that check: no x may be this
ABSENT = "absent"
BROKEN = "x = \\u12\n"
FORGOTTEN = "forgotten"  # what the file said when it was read last

pids = st.sampled_from(PIDS)
written = st.fixed_dictionaries(
    {},
    optional={
        "x": st.sampled_from(["1", VETOED, "3"]),
        "y": st.sampled_from(["1", "2"]),
        "port": st.sampled_from(["1", "2"]),
    },
)
given = st.one_of(
    written,
    written,
    written.map(lambda items: items | {"port": 1}),
    written.map(lambda items: items | {"bad": "1"}),
)
texts = st.one_of(
    *[written.map(lambda items: "".join(f"{k} = {v}\n" for k, v in items.items()))] * 4,
    written.map(
        lambda items: "".join(f"{k} = {v}\n" for k, v in items.items()) + "bad = 1\n"
    ),
    st.just(BROKEN),
)
targets = st.sampled_from([None, "app"])


def refused_keys(level):
    """The keys that the schema of *level* does not allow."""
    return {"bad", "y"} if level % 2 else {"bad"}


def candidates(pid, target):
    """The PIDs that serve who registers for *pid* with *target*, the best first."""
    return (pid,) if target is None or "|" in pid else (f"{pid}|{target}", pid)


def root(pid):
    """*pid* without target and name of an instance."""
    return re.split(r"[|~]", pid)[0]


def _revision(there):
    return there.revision if there else 0


def _is_outdone(best, pid, present):
    return any(better in present for better in best[: best.index(pid)])


# The model


@dataclass(frozen=True)
class Stored:
    """
    A configuration that is there.

    Attributes:
        level: Of the schema that it was checked with last.
        born: The revision at which it was created.
        vetted: The followers that were asked beforehand.
    """

    pid: str
    written: dict
    revision: int
    level: int
    born: int
    vetted: frozenset

    @property
    def state(self):
        return (self.pid, self.revision, self.level)

    def delivered(self):
        """What is delivered, before the plugins."""
        numbers = {"port": int(self.written["port"])} if "port" in self.written else {}
        instance = (
            {"service.factoryPid": self.pid.partition("~")[0]}
            if "~" in self.pid
            else {}
        )
        return {
            "level": f"level {self.level}",
            **self.written,
            **numbers,
            **instance,
            "service.pid": self.pid,
        }


@dataclass
class File:
    """
    A file beside what is remembered of it.

    Attributes:
        text: What it says now; None: there is none.
        known: What it said when it was read or written last; None: it was not there.
        base: What that meant, when it was in step with the admin.
        revision: The revision that it was in step with.
        refused: The level of the schema that refused it; None: it was not refused.
        is_faulty: Whether that is still a fault.
    """

    text: str | None = None
    known: str | None = None
    base: dict = field(default_factory=dict)
    revision: int = 0
    refused: int | None = None
    is_faulty: bool = False


@dataclass
class Plan:
    """
    What has to come of some changes.

    Attributes:
        error: What is raised; None: nothing.
        refused: The PIDs that are refused.
        news: What is there then, by PID and in order; None: nothing.
    """

    error: type | None = None
    refused: list = field(default_factory=list)
    news: list = field(default_factory=list)


class Model:
    """
    What the laws demand.

    Attributes:
        present: The configurations that are there, by PID.
        revisions: The newest revision of each that ever was.
        events: What a listener that was there from the start was told.
        misfits: Those that do not fit the schema of now.
        is_told: Whether it is a fault that a required plugin is missing.
    """

    def __init__(self):
        self.present = {}
        self.revisions = Counter()
        self.files = {pid: File() for pid in PIDS}
        self.level = 0
        self.events = []
        self.misfits = set()
        self.followers = []
        self.listeners = []
        self.plugins = []
        self.is_told = False

    # Changes

    def plan(self, changes):
        """What has to come of *changes*: PID, properties or None, revision or None."""
        drafts, refused, planned = [], set(), dict(self.present)
        newest = self.revisions.copy()
        for pid, given, revision in changes:
            if pid in refused:
                continue
            there = planned.get(pid)
            if revision not in (
                None,
                _revision(there),
                _revision(self.present.get(pid)),
            ):
                return Plan(RevisionConflictError)
            if given is None and there is None:
                return Plan(NoSuchConfigurationError)
            after = None
            if given is not None:
                after = self._after(pid, given, there, newest[pid] + 1)
            if given is not None and after is None:
                refused.add(pid)
            elif after is not there:
                planned[pid] = after
                newest[pid] += 1
                drafts.append((pid, after))
        present = {pid for pid, after in planned.items() if after}
        return self._agreed(changes, drafts, refused, present)

    def _agreed(self, changes, drafts, refused, present):
        """What comes of *drafts* once services were asked as if all were made."""
        news = []
        for pid, draft in drafts:
            after = draft and self._vetted(draft, present)
            if draft and after is None:
                refused.add(pid)
            news.append((pid, after))
        if not refused:
            return Plan(news=news)
        pids = dict.fromkeys(pid for pid, _, _ in changes)
        return Plan(InvalidConfigurationError, [pid for pid in pids if pid in refused])

    def plan_in_code(self, changes):
        """The same, unless an edit that was refused is in the way."""
        if any(self.files[pid].refused is not None for pid, _, _ in changes):
            return Plan(RefusedFileError)
        return self.plan(changes)

    def take(self, plan, origin="api"):
        """What was planned has happened."""
        if plan.error is not None:
            for pid in plan.refused:
                self.refuse(pid, origin)
            return
        for pid, after in plan.news:
            self.revisions[pid] += 1
            kind = CM_UPDATED if after else CM_DELETED
            self.events.append((kind, pid, self.revisions[pid], origin))
            self.misfits.discard(pid)
            self.present[pid] = after
            if after is None:
                del self.present[pid]
                for plugin in self.plugins:
                    plugin.faulty.discard(pid)

    def refuse(self, pid, origin):
        there = self.present.get(pid)
        revision = there.revision if there else 0
        self.events.append((CM_REFUSED, pid, revision, origin))

    def recheck(self, pid):
        """Another schema is in force: whether *pid* fits it, and by whose word."""
        there = self.present.get(pid)
        self.misfits.discard(pid)
        if there is None or there.level == self.level:
            return
        renewed = replace(there, level=self.level)
        if refused_keys(self.level).isdisjoint(there.written):
            renewed = self._vetted(renewed, self.present)
        else:
            renewed = None
        if renewed is None:
            self.misfits.add(pid)
        else:
            self.present[pid] = renewed

    def _after(self, pid, given, there, revision):
        """What is there after an update; None if its schema refuses it."""
        words = {key: str(value) for key, value in given.items()}
        born = there.born if there else revision
        if not refused_keys(self.level).isdisjoint(words):
            return None
        if there is not None and there.written == words:
            return there
        return Stored(pid, words, revision, self.level, born, frozenset())

    def _vetted(self, after, present):
        """*after*, with those who were asked; None if one of them refuses it."""
        judges = self._judges(after.pid, present)
        if any(one.is_failing and one.sees(after.pid) for one in self.required):
            judges = frozenset()
        processed = self.processed(after)
        if any(judge.vetoes(processed) for judge in judges):
            return None
        return replace(after, vetted=judges)

    def _judges(self, pid, present):
        if self.is_held:
            return frozenset()
        return frozenset(
            one
            for one in self.followers
            if one.checks
            and (known_as := one.knows(pid))
            and not _is_outdone(one.candidates(known_as), pid, present)
        )

    # What is delivered

    @property
    def required(self):
        return [plugin for plugin in self.plugins if plugin.name == REQUIRED]

    @property
    def is_held(self):
        """Whether a required plugin is missing."""
        return not self.required

    def holds(self, stored):
        """Whether *stored* waits for a required plugin: it raised when called last."""
        is_failed = stored and any(stored.pid in one.faulty for one in self.required)
        return self.is_held or bool(is_failed)

    def processed(self, stored):
        """What a service gets of *stored*; None of nothing."""
        if stored is None:
            return None
        properties = stored.delivered()
        for plugin in sorted(self.plugins, key=lambda one: one.ranking):
            properties = plugin.expected(stored.pid, properties)
        return properties

    # Files

    def look_at_file(self, pid, text):
        """The file of *pid* was looked at, and says *text* now."""
        file = self.files[pid]
        if file.text is not None and file.text != file.known:
            self._install(pid, file)
        elif file.text is None and file.known is not None:
            self.take(Plan(news=[(pid, None)] * (pid in self.present)), "file")
            self.files[pid] = File(revision=self.revisions[pid])
        elif file.refused is None and self.revisions[pid] > file.revision:
            self._write(pid, file, text)

    def _write(self, pid, file, text):
        there = self.present.get(pid)
        if there is not None:
            assert cfg.loads(text) == there.written
            file.text = file.known = text
            file.base, file.revision = there.written, there.revision
        elif file.text is not None:
            self.files[pid] = File(revision=self.revisions[pid])

    def _install(self, pid, file):
        file.known, file.refused = file.text, None
        if BROKEN in file.text:
            self._refuse_file(pid, file)
            return
        says = cfg.loads(file.text)
        merged = self._merged(pid, file, says)
        for wanted in (merged, says):
            plan = self.plan([(pid, wanted, None)])
            if plan.error is None:
                break
        else:
            self._refuse_file(pid, file)
            return
        self.take(plan, "file")
        revision = self.present[pid].revision
        file.base = says
        file.revision = revision if wanted == says else revision - 1
        file.is_faulty = False

    def _merged(self, pid, file, says):
        """Both sides' changes; where both changed one key, its author wins."""
        there = self.present.get(pid)
        if there is None or there.revision <= file.revision:
            return says
        keys = {*file.base, *says}
        edited = {key for key in keys if file.base.get(key) != says.get(key)}
        kept = {k: v for k, v in there.written.items() if k not in edited}
        return kept | {key: says[key] for key in edited if key in says}

    def _refuse_file(self, pid, file):
        file.refused, file.is_faulty = self.level, True
        self.refuse(pid, "file")

    # Faults

    def faults(self):
        """What is wrong now: kinds and PIDs."""
        found = Counter(("file", p) for p, file in self.files.items() if file.is_faulty)
        found.update(("configuration", pid) for pid in self.misfits)
        found.update(
            ("callback", pid)
            for one in (*self.followers, *self.listeners)
            for pid in one.faulty
        )
        found.update(("plugin", pid) for one in self.plugins for pid in one.faulty)
        found.update([("plugin", None)] * self.is_told)
        return found


# Those who register


def held_against_the_model(callback):
    """What a callback asserts is raised by the test: the admin would only note it."""

    @wraps(callback)
    def guarded(self, *arguments, **options):
        try:
            return callback(self, *arguments, **options)
        except AssertionError as error:
            self.machine.broken.append(error)
            raise

    return guarded


class Party:
    """
    Somebody who registers.

    Attributes:
        is_failing: Whether it raises.
        faulty: The PIDs with which it raised last.
        registration: What it got; None: it is not registered.
    """

    def __init__(self, machine, name):
        self.machine = machine
        self.model = machine.model
        self.__qualname__ = f"{name} {next(machine.numbers)}"
        self.is_failing = False
        self.is_closed = False
        self.faulty = set()
        self.registration = None

    def end(self, pid):
        """How a call ends."""
        if self.is_failing:
            self.faulty.add(pid)
            raise ConfigurationError("x", "not now")
        self.faulty.discard(pid)


class Follower(Party):
    """
    Whoever follows configurations, with what it was called with last, by PID.

    Attributes:
        state: Names that.
        applied: What it took last, with its revision.
        refused: The revision that it refused since.
        seen: When each instance that it has seen was born.
        passed: What its own check has let pass at delivery.
        held: The PIDs whose delivery has been held back.
    """

    checks = False

    def __init__(self, machine, name, followed, target):
        super().__init__(machine, name)
        self.followed = followed
        self.target = target
        self.state = {}
        self.applied = {}
        self.refused = {}
        self.seen = {}
        self.passed = {}
        self.held = set()

    def vetoes(self, properties):
        return self.checks and properties.get("x") == VETOED

    def is_due(self, pid):
        return self.state.get(pid) != self._current(pid)

    def _current(self, pid):
        stored = self.serving(pid)
        return stored.state if stored else ABSENT

    def serving(self, pid):
        """What serves it for *pid*; None: nothing does."""
        present = self.model.present
        return next((present[p] for p in self.candidates(pid) if p in present), None)

    @held_against_the_model
    def asked(self, pid, properties):
        """It is asked beforehand, or when nobody asked it before."""
        if not self.machine.is_changing:
            stored = self.serving(pid)
            assert self.is_due(pid)
            assert self not in stored.vetted
            assert properties == self.model.processed(stored)
            self.passed[pid] = stored.state
        if not self.vetoes(properties):
            return
        if not self.machine.is_changing:
            self.state[pid] = stored.state
            self.refused[pid] = stored.revision
            self.faulty.add(pid)
        raise ConfigurationError("x", "never")

    @held_against_the_model
    def called(self, pid, properties, changed):
        stored = self.serving(pid)
        assert not self.is_closed
        assert not self.model.holds(stored)
        assert self.is_due(pid), "once too often"
        assert properties == self.model.processed(stored)
        revision = stored.revision if stored else self.model.revisions[pid]
        _, before = self.applied.get(pid, (None, {}))
        assert changed == differing(before, properties or {})
        if self.checks and stored and self not in stored.vetted:
            assert self.passed.pop(pid, None) == stored.state, "it was not asked"
        self.state[pid] = self._current(pid)
        self.see(pid, stored)
        self.refused[pid] = revision
        self.end(pid)
        del self.refused[pid]
        self.applied[pid] = (revision, properties or {})

    def see(self, pid, stored):
        """An instance of a factory."""

    def come_to_rest(self):
        """Its lane has run."""
        assert self.registration.wait(0)
        due = self.held = set(filter(self.is_due, self.known()))
        if self.model.is_held:
            self.model.is_told = self.model.is_told or bool(due)
        assert all(self.model.holds(self.serving(pid)) for pid in due)
        told = {
            one.pid: one
            for one in self.machine.admin.audience.receipts()
            if one.service == self.registration.name
        }
        for pid in self.known():
            receipt = told[pid]
            assert receipt.applied == self.applied.get(pid, (None,))[0]
            assert receipt.refused == self.refused.get(pid)
            assert receipt.busy_with is receipt.busy_since is None
            is_held = receipt.held is not None
            assert is_held == (pid in self.held)
            assert (receipt.reason is None) == (pid not in self.refused)


class Service(Follower):
    """A service of one PID, or of several."""

    def register(self, audience):
        self.registration = audience.add_managed_service(
            self.followed, self, Terms(target=self.target)
        )

    def updated(self, *arguments, changed):
        *pid, properties = arguments
        self.called(*(pid or self.followed), properties, changed)

    def candidates(self, pid):
        return candidates(pid, self.target)

    def known(self):
        return self.followed

    def knows(self, pid):
        """By which PID it knows the configuration *pid*; None: it does not."""
        return next((p for p in self.followed if pid in self.candidates(p)), None)


class Echo(Service):
    """A service that changes "b" whenever it has been called with something else."""

    @held_against_the_model
    def called(self, pid, properties, changed):
        super().called(pid, properties, changed)
        if pid != "b" and properties is not None:
            self.machine.change([("b", {"x": properties.get("x", "1")}, None)])


class CheckedService(Service):
    checks = True

    def check(self, *arguments):
        *pid, properties = arguments
        self.asked(*(pid or self.followed), properties)


class Factory(Follower):
    """A factory; *followed* is its factory PID."""

    def register(self, audience):
        self.registration = audience.add_managed_service_factory(
            self.followed, self, Terms(target=self.target)
        )

    def updated(self, pid, properties, changed):
        self.called(pid, properties, changed)

    @held_against_the_model
    def deleted(self, pid):
        assert not self.is_closed
        stored = self.serving(pid)
        assert pid in self.seen
        assert stored is None or stored.born != self.seen[pid]
        self._forget(pid)
        self.end(pid)

    def candidates(self, pid):
        return (pid,)

    def known(self):
        return tuple(filter(self.knows, self.model.present))

    def knows(self, pid):
        factory, is_instance, _ = pid.partition("~")
        mine = candidates(self.followed, self.target)
        return pid if is_instance and factory in mine else None

    def see(self, pid, stored):
        assert self.seen.get(pid, stored.born) == stored.born, "the other never went"
        self.seen[pid] = stored.born

    def come_to_rest(self):
        there = {pid: one.born for pid, one in self.model.present.items()}
        assert self.seen.items() <= there.items(), "it was not told"
        for pid in {*self.state, *self.held}.difference(self.model.present):
            self._forget(pid)
            self.faulty.discard(pid)  # it never saw what it refused
        super().come_to_rest()
        assert set(self.registration.records) == set(self.known())

    def _forget(self, pid):
        for one in (self.state, self.applied, self.refused, self.seen, self.passed):
            one.pop(pid, None)
        self.held.discard(pid)


class CheckedFactory(Factory):
    checks = True

    def check(self, pid, properties):
        self.asked(pid, properties)


class Listener(Party):
    """Whoever is told every event since it registered."""

    def __init__(self, machine, *, synchronous):
        super().__init__(machine, "listener")
        self.synchronous = synchronous
        self.begun = len(self.model.events)
        self.events = []

    def configuration_event(self, event):
        assert not self.is_closed
        self.events.append(
            (event.type, event.pid, event.revision, event.origin.kind.value)
        )
        self.end(event.pid)

    def come_to_rest(self):
        assert self.events == self.model.events[self.begun :]


class Plugin(Party):
    """Whoever changes what is delivered, or only looks."""

    def __init__(self, machine, name, ranking, seen):
        super().__init__(machine, "plugin")
        self.name = name
        self.ranking = ranking
        self.targets = seen

    @held_against_the_model
    def modify_configuration(self, pid, properties):
        assert not self.is_closed
        assert properties["service.pid"] == pid
        if not self.machine.is_changing:
            self.end(pid)
        elif self.is_failing:
            raise ConfigurationError("x", "not in force, so no fault")
        return self._changed(properties)

    def sees(self, pid):
        return self.targets is None or root(pid) in self.targets

    def expected(self, pid, properties):
        """What it makes of *properties*."""
        may_change = 0 <= self.ranking <= 1000
        if self.is_failing or not self.sees(pid) or not may_change:
            return properties
        return {**(self._changed(properties) or properties), "service.pid": pid}

    def _changed(self, properties):
        if self.name == REQUIRED:
            return None
        passed = f"{properties.get('passed', '')} {self.ranking}"
        return {**properties, "x": VETOED, "passed": passed, "service.pid": "other"}


def differing(before, after):
    """The keys whose values differ, but for automatic ones."""
    keys = {*before, *after} - {"service.pid", "service.factoryPid"}
    return {key for key in keys if before.get(key) != after.get(key)}


SERVICES = st.sampled_from(
    [("a",), ("a",), ("a", "b"), ("a|app",), ("b",), ("f~x",), ("f|app~x",)]
)
FACTORIES = st.sampled_from(["f", "f", "f|app"])


class EverythingBesideModel(RuleBasedStateMachine):
    """
    An admin with all its rooms beside the model.

    Attributes:
        is_changing: Whether somebody changes something just now.
        broken: What callbacks found to be wrong.
    """

    def __init__(self, make_world):
        super().__init__()
        self.world = make_world(refused_keys, [REQUIRED])
        self.admin = self.world.admin
        self.model = Model()
        self.numbers = count(1)
        self.is_changing = False
        self.broken = []

    def teardown(self):
        try:
            self.rest()
        finally:
            self.world.close()

    @initialize(is_there=st.sampled_from([True, True, False]))
    def begin(self, is_there):
        self.listen(synchronous=False)
        self.listen(synchronous=True)
        self._follow(Service(self, "service", ("a",), "app"))
        self._follow(CheckedService(self, "service", ("a", "b"), None))
        self._follow(Factory(self, "factory", "f", "app"))
        self.add_plugin("other", 5, ("f",))
        if is_there:
            self.add_plugin(REQUIRED, 0, None)

    # Changes in code

    @rule(pid=pids, properties=given, is_quick=st.booleans())
    def update(self, pid, properties, is_quick):
        self.change([(pid, properties, None)])
        self._run_all_if(is_quick)

    @rule(pid=pids, properties=written, off=st.sampled_from([0, 0, 0, -1, 1]))
    def update_one_revision(self, pid, properties, off):
        there = self.model.present.get(pid)
        self.change([(pid, properties, off + (there.revision if there else 0))])

    @precondition(lambda self: self.model.present)
    @rule(data=st.data(), value=st.sampled_from(["1", VETOED, "3"]))
    def change_one_key(self, data, value):
        pid = self._draw_present(data)
        found = self.admin.get(pid)
        changed = {**found.properties, "x": value}
        self.change([(pid, changed, found.revision)])

    @precondition(lambda self: self.model.present)
    @rule(data=st.data(), is_quick=st.booleans())
    def delete(self, data, is_quick):
        self.change([(self._draw_present(data), None, None)])
        self._run_all_if(is_quick)

    @precondition(lambda self: self.model.present)
    @rule(data=st.data(), properties=written, is_quick=st.booleans())
    def delete_and_make_again(self, data, properties, is_quick):
        pid = self._draw_present(data)
        self.change([(pid, None, None)])
        self.change([(pid, properties, None)])
        self._run_all_if(is_quick)

    @rule(
        changes=st.lists(
            st.tuples(
                pids,
                st.one_of(written, written, written, given, st.none()),
                st.sampled_from([*[None] * 7, 0, 1]),
            ),
            max_size=4,
        )
    )
    def change_together(self, changes):
        self.change(changes, self._in_one_transaction)

    @rule(pid=pids, properties=given, other=pids, meanwhile=st.none() | written)
    def update_while_another_is_changed(self, pid, properties, other, meanwhile):
        """It comes after what was changed between its check and its commit."""
        with self.world.while_checking(lambda: self.change([(other, meanwhile, None)])):
            self.change([(pid, properties, None)])

    @rule(changes=st.lists(st.tuples(pids, st.none() | written), max_size=2))
    def give_up_a_transaction(self, changes):
        def change():
            with self.admin.transaction() as transaction:
                for pid, properties in changes:
                    self._collect(transaction, pid, properties, None)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            change()

    def change(self, changes, make=None):
        """Make *changes*; what comes of it is what the model says."""
        raised = None
        with self.changing():
            try:
                (make or self._at_once)(changes)
            except (
                InvalidConfigurationError,
                NoSuchConfigurationError,
                RefusedFileError,
                RevisionConflictError,
            ) as error:
                raised = type(error)
        plan = self.model.plan_in_code(changes)
        assert raised is plan.error
        self.model.take(plan)
        is_told = raised in (None, InvalidConfigurationError)
        if is_told and not self.world.dispatcher.is_inside():
            for one in self.model.listeners:
                if one.synchronous:
                    one.come_to_rest()

    @contextmanager
    def changing(self):
        before, self.is_changing = self.is_changing, True
        try:
            yield
        finally:
            self.is_changing = before

    def _draw_present(self, data):
        return data.draw(st.sampled_from(sorted(self.model.present)))

    def _run_all_if(self, is_quick):
        if is_quick:
            self.run_all()

    def _at_once(self, changes):
        ((pid, properties, revision),) = changes
        if properties is None:
            after = self.admin.delete(pid, revision=revision)
        else:
            after = self.admin.update(pid, properties, revision=revision)
        assert after == (self.admin.find(pid) or self.admin.written(pid))

    def _in_one_transaction(self, changes):
        with self.admin.transaction() as transaction:
            for change in changes:
                self._collect(transaction, *change)
        assert len(transaction.configurations) == len(changes)

    def _collect(self, transaction, pid, properties, revision):
        if properties is None:
            transaction.delete(pid, revision=revision)
        else:
            transaction.update(pid, properties, revision=revision)

    # Files

    @rule(pid=pids, text=texts)
    def save_file(self, pid, text):
        self._save(pid, text)

    @rule(pid=pids)
    def remove_file(self, pid):
        self.world.remove(pid)
        self.model.files[pid].text = None

    @rule(pid=pids, after_s=st.sampled_from([0, 0, 0.06, 0.3, 1.1]))
    def look(self, pid, after_s):
        """The thread of the files comes round, perhaps too early."""
        self.world.now_s += after_s
        self._look(pid)

    @rule(pid=pids, text=texts)
    def save_file_during_a_write(self, pid, text):
        """An editor saves between the admin's read and its rename."""
        text = f"# not what is about to be written\n{text}"
        with self.world.while_merging(lambda: self._save(pid, text)):
            self.look(pid, 0.06)

    @rule(pid=pids, port=st.sampled_from(["1", "2"]))
    def look_while_it_is_changed(self, pid, port):
        """The edit meets another revision than the one that it was merged with."""
        there = self.model.present.get(pid)
        changed = {**(there.written if there else {}), "port": port}
        with self.world.while_checking(lambda: self.change([(pid, changed, None)])):
            self.look(pid, 1.1)

    def _save(self, pid, text):
        self.world.save(pid, text)
        self.model.files[pid].text = text

    def _look(self, pid):
        again_s = 0.0
        while again_s == 0.0:
            before, revision = self.model.files[pid].text, self.model.revisions[pid]
            with self.changing():
                again_s = self.world.directories.reconcile(pid)
            text = self.world.text(pid)
            if self.model.files[pid].text != before:
                again_s = 0.0  # it was saved meanwhile
            elif again_s == 0.0 and self.model.revisions[pid] != revision:
                pass  # it was changed meanwhile
            elif not again_s:
                self.model.look_at_file(pid, text)
            assert text == self.model.files[pid].text

    # Schemas

    @rule()
    def replace_schema(self):
        self.model.level = self.world.validator.level = self.model.level + 1

    @rule()
    def notice_schema(self):
        forgotten = []
        for pid, file in self.model.files.items():
            if file.refused not in (None, self.model.level):
                forgotten.append(pid)
                file.known, file.refused = FORGOTTEN, None

        assert sorted(self.world.directories.forget_refusals()) == sorted(forgotten)
        with self.changing():
            self.admin.recheck_all()

        for pid in PIDS:
            self.model.recheck(pid)

    # Those who register

    @rule(followed=SERVICES, by=targets, kind=st.sampled_from([0, 1, 2]))
    def register_service(self, followed, by, kind):
        kinds = (Service, CheckedService, Echo)
        self._follow(kinds[kind](self, "service", followed, by))

    @rule(followed=FACTORIES, by=targets, checks=st.booleans())
    def register_factory(self, followed, by, checks):
        kind = CheckedFactory if checks else Factory
        self._follow(kind(self, "factory", followed, by))

    @rule(synchronous=st.booleans())
    def listen(self, synchronous):
        listener = Listener(self, synchronous=synchronous)
        listener.registration = self.admin.audience.add_listener(
            listener, synchronous=synchronous
        )
        self.model.listeners.append(listener)

    @rule(
        name=st.sampled_from([REQUIRED, "other"]),
        ranking=st.sampled_from([-1, 0, 5, 5, 1001]),
        seen=st.sampled_from([None, ("a",), ("f",)]),
    )
    def add_plugin(self, name, ranking, seen):
        plugin = Plugin(self, name, ranking, seen)
        plugin.registration = self.admin.processing.add(
            plugin, ranking=ranking, targets=seen, name=name
        )
        self.model.plugins.append(plugin)
        self.model.is_told = self.model.is_told and self.model.is_held

    @precondition(lambda self: self.model.plugins)
    @rule(data=st.data())
    def remove_plugin(self, data):
        plugin = data.draw(st.sampled_from(self.model.plugins))
        self.model.plugins.remove(plugin)
        plugin.is_closed = True
        plugin.registration.close()
        if plugin.name == REQUIRED and self.model.is_held:
            self.model.is_told = True

    @precondition(lambda self: self.parties)
    @rule(data=st.data())
    def close(self, data):
        party = data.draw(st.sampled_from(self.parties))
        for those in (self.model.followers, self.model.listeners):
            if party in those:
                those.remove(party)
        party.is_closed = True
        party.registration.close()

    @precondition(lambda self: self.parties or self.model.plugins)
    @rule(data=st.data())
    def fail_or_mend(self, data):
        party = data.draw(st.sampled_from([*self.parties, *self.model.plugins]))
        party.is_failing = not party.is_failing

    @property
    def parties(self):
        """Whoever has a lane."""
        return [*self.model.followers, *self.model.listeners]

    def _follow(self, follower):
        follower.register(self.admin.audience)
        self.model.followers.append(follower)

    # Callbacks run

    @precondition(lambda self: self.parties)
    @rule(data=st.data())
    def run_one(self, data):
        """All others are slow."""
        party = data.draw(st.sampled_from(self.parties))
        self.world.run(party.registration.lane)
        self._raise_what_is_broken()
        party.come_to_rest()

    @rule()
    def run_all(self):
        self.world.flush()
        self._raise_what_is_broken()
        for party in self.parties:
            party.come_to_rest()
        for pid in PIDS:
            assert self.admin.audience.wait_settled(pid, 0)

    @rule(pid=pids)
    def process(self, pid):
        stored = self.model.present.get(pid)
        if stored is None:
            with pytest.raises(NoSuchConfigurationError):
                self.admin.processed_properties(pid)
        else:
            found = self.admin.processed_properties(pid)
            assert found == self.model.processed(stored)

    # Rest

    @rule()
    def rest(self):
        """Then admin, files and services agree, and nothing moves by itself."""
        for _ in range(4):
            self._look_at_all(self.world.directories.scan(self.world.directory))
        before = self._everything()
        self._look_at_all(PIDS)
        assert self._everything() == before
        assert not self.world.directories.unwritten
        for pid, file in self.model.files.items():
            if file.refused is None:
                says = None if file.text is None else cfg.loads(file.text)
                there = self.model.present.get(pid)
                assert says == (there.written if there else None)

    def _look_at_all(self, found):
        for pid in found:
            self._look(pid)
        self.world.now_s += 1.1
        self.run_all()

    def _everything(self):
        texts = [self.world.text(pid) for pid in PIDS]
        calls = [dict(one.state) for one in self.model.followers]
        return texts, calls, list(self.model.events), tuple(self.world.store.all())

    @invariant()
    def no_callback_found_anything_wrong(self):
        self._raise_what_is_broken()

    @invariant()
    def the_admin_has_what_the_model_has(self):
        model = self.model
        listed = {one.pid: one for one in self.admin.list_configurations()}
        assert listed.keys() == model.present.keys()
        for pid, stored in model.present.items():
            assert listed[pid].revision == model.revisions[pid] == stored.revision
            assert self.admin.written(pid).properties == stored.written
        newest = {one.pid: one.revision for one in self.world.store.all()}
        assert newest == {pid: n for pid, n in model.revisions.items() if n}

    @invariant()
    def nobody_is_told_more_than_there_was(self):
        for one in self.model.listeners:
            events = self.model.events[one.begun :]
            assert one.events == events[: len(one.events)]

    @invariant()
    def what_is_wrong_is_what_the_model_says(self):
        book = self.world.faults.all()
        found = Counter((fault.kind.value, fault.pid) for fault in book)
        for several in ("file", "configuration"):  # one for each key and each veto
            found.update(
                {each: 1 - found[each] for each in found if each[0] == several}
            )
        assert found == self.model.faults()
        assert Counter(self.world.told) == Counter(book)

    def _raise_what_is_broken(self):
        if self.broken:
            raise self.broken[0]


def test_everything_together_does_what_the_model_does(make_world):
    """CM-08…CM-11, CM-14…CM-23, CM-26…CM-34, CM-41, CM-42, CM-48, CM-49, CM-55…57."""
    run_state_machine_as_test(
        lambda: EverythingBesideModel(make_world),
        settings=settings(
            max_examples=max(300, settings().max_examples), stateful_step_count=50
        ),
    )
