"""Two admins on one database, as of two processes."""

import threading
from datetime import UTC, datetime

import pytest

from config_admin.core.admin import ConfigurationAdmin
from config_admin.core.audience import Terms
from config_admin.core.configuration import Origin
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.dispatch import InlineDispatcher
from config_admin.core.errors import InvalidConfigurationError, RevisionConflictError
from config_admin.core.faults import FaultBook, FaultKind
from config_admin.core.parts import World
from config_admin.core.ports import Checked

LIMIT_S = 5.0
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Validator:
    """
    Implements `config_admin.core.ports.Validator` with one schema for all.

    Attributes:
        refused: Keys that no configuration may have.
        checks: How often it was asked.
    """

    def __init__(self):
        self.refused = set()
        self.checks = 0

    def check(self, pid, properties):
        self.checks += 1
        found = [
            Diagnostic(key=key, found="it", expected="none", cure="Go.", rule="not")
            for key in properties
            if key in self.refused
        ]
        if found:
            raise InvalidConfigurationError(pid, found)
        return Checked(properties)

    def without(self, pid):  # noqa: ARG002 - one schema for all
        return None

    def schema_of(self, pid):  # noqa: ARG002 - one schema for all
        return None

    def is_secret(self, pid, key):  # noqa: ARG002 - one schema for all
        return False

    def as_text(self, pid, key, value):  # noqa: ARG002 - one schema for all
        return None


class Calls:
    """A managed service and a listener that note what they are told."""

    def __init__(self):
        self.events = []
        self.calls = []

    def updated(self, properties):
        self.calls.append(properties)

    def configuration_event(self, event):
        self.events.append(event)


class Process:
    """An admin as of a process of its own; its callbacks run inside `flush`."""

    def __init__(self, store):
        self.validator = Validator()
        self.dispatcher = InlineDispatcher()
        self.when_told = lambda: None
        self.faults = FaultBook(lambda *_: self.when_told())
        self.admin = ConfigurationAdmin(
            store,
            World(
                validator=self.validator,
                dispatcher=self.dispatcher,
                faults=self.faults,
                now=lambda: NOW,
            ),
        )
        self.admin.load()

    def service(self, pid):
        service = Calls()
        self.admin.audience.add_managed_service((pid,), service, Terms())
        return service

    def listener(self):
        listener = Calls()
        self.admin.audience.add_listener(listener)
        return listener

    def flush(self):
        assert self.dispatcher.flush(10)


@pytest.fixture
def make_admin(path, open_embedded):
    """A process that begins with what is stored."""
    return lambda: Process(open_embedded(path).store)


@pytest.fixture
def ours(make_admin):
    return make_admin()


@pytest.fixture
def theirs(make_admin):
    return make_admin()


def facts(listener):
    return [(event.pid, event.revision) for event in listener.events]


def test_what_one_has_stored_the_other_one_has_after_it_looked(ours, theirs):
    service = theirs.service("a")
    ours.admin.update("a", {"x": 1})
    assert theirs.admin.find("a") is None

    theirs.admin.refresh()
    theirs.flush()

    assert theirs.admin.get("a").properties == {"x": 1}
    assert service.calls[-1]["x"] == 1


def test_a_change_without_a_revision_meets_no_conflict(ours, theirs):
    """CM-09: it follows what the other one has stored."""
    heard = theirs.listener()
    ours.admin.update("a", {"x": 1})

    after = theirs.admin.update("a", {"x": 2})
    theirs.flush()

    assert after.revision == 2
    assert facts(heard) == [("a", 1), ("a", 2)]
    ours.admin.refresh()
    assert ours.admin.get("a").properties == {"x": 2}


def test_what_the_other_one_has_stored_already_is_no_change(ours, theirs):
    ours.admin.update("a", {"x": 1})

    assert theirs.admin.update("a", {"x": 1}).revision == 1


@pytest.mark.parametrize("revision", [0, 1])
def test_a_change_of_a_revision_that_is_past_is_refused(ours, theirs, revision):
    for number in range(revision):
        ours.admin.update("a", {"x": number})
    theirs.admin.refresh()
    ours.admin.update("a", {"x": 7})
    heard = theirs.listener()

    with pytest.raises(RevisionConflictError) as caught:
        theirs.admin.update("a", {"x": 8}, revision=revision)
    theirs.flush()

    assert caught.value.args == ("a", revision, revision + 1)
    assert theirs.admin.get("a").properties == {"x": 7}
    assert facts(heard) == [("a", revision + 1)]


def test_one_cannot_delete_what_the_other_one_has_deleted(ours, theirs):
    ours.admin.update("a", {"x": 1})
    theirs.admin.refresh()
    ours.admin.delete("a")

    with pytest.raises(LookupError):
        theirs.admin.delete("a")

    assert theirs.admin.find("a") is None


def test_who_hears_of_a_fault_may_look_at_what_others_have_stored(ours, theirs):
    """No lock is held while foreign code runs: a log handler that waits for another."""
    ours.admin.update("a", {"bad": 1})
    theirs.validator.refused = {"bad"}
    ended = []

    def look():
        thread = threading.Thread(target=theirs.admin.refresh, daemon=True)
        thread.start()
        thread.join(LIMIT_S)
        ended.append(not thread.is_alive())

    theirs.when_told = look

    theirs.admin.refresh()

    assert ended == [True]


def test_a_check_sees_what_the_other_one_has_stored(ours, theirs):
    """What a change was checked against has moved, so it is checked again."""
    ours.admin.update("a", {"x": 1})
    checks = theirs.validator.checks

    theirs.admin.update("a", {"x": 2})

    assert theirs.validator.checks > checks + 1


def test_several_changes_are_made_together_or_not_at_all(ours, theirs):
    ours.admin.update("b", {"x": 1})

    def change():
        with theirs.admin.transaction() as changes:
            changes.update("a", {"x": 2})
            changes.update("b", {"x": 2}, revision=0)

    with pytest.raises(RevisionConflictError):
        change()

    assert theirs.admin.find("a") is None
    ours.admin.refresh()
    assert ours.admin.find("a") is None


def test_each_reads_it_by_its_own_schemas(ours, theirs):
    """What does not fit is held: it is there, and its service is not called."""
    theirs.validator.refused = {"x"}
    service = theirs.service("a")
    ours.admin.update("a", {"x": 1})

    theirs.admin.refresh()
    theirs.flush()

    assert theirs.admin.written("a").properties == {"x": 1}
    assert service.calls in ([], [None])
    (fault,) = theirs.faults.all()
    assert (fault.kind, fault.pid) == (FaultKind.CONFIGURATION, "a")

    ours.admin.update("a", {"y": 1})
    theirs.admin.refresh()
    theirs.flush()

    assert theirs.faults.all() == ()
    assert service.calls[-1]["y"] == 1


def test_the_history_is_that_of_both(ours, theirs):
    ours.admin.update("a", {"x": 1}, reason="ours")
    theirs.admin.update("a", {"x": 2}, reason="theirs", origin=Origin.file("a.cfg"))

    told = [one.configuration for one in ours.admin.recall.history("a")]

    assert [(one.revision, one.reason) for one in told] == [(2, "theirs"), (1, "ours")]
    assert told[0].origin == Origin.file("a.cfg")


def test_both_can_change_by_turns(ours, theirs):
    for number in range(10):
        ours.admin.update("a", {"x": number})
        theirs.admin.update("a", {"x": -number - 1})

    ours.admin.refresh()
    assert ours.admin.get("a").revision == theirs.admin.get("a").revision == 20
    assert ours.admin.get("a").properties == {"x": -10}


def test_who_starts_finds_what_there_is(ours, make_admin):
    """CM-09: revisions rise also over a start and a deletion."""
    ours.admin.update("a", {"x": 1})
    ours.admin.update("b", {"x": 1})
    ours.admin.delete("b")

    late = make_admin()

    assert late.admin.get("a").properties == {"x": 1}
    assert late.admin.find("b") is None
    assert late.admin.update("b", {"x": 2}).revision == 3
