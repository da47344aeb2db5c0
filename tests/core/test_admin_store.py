"""Stores that fail, or do not say whether they did: memory and store stay one."""

import threading

import pytest

from config_admin.core.configuration import Configuration, Origin
from config_admin.core.errors import (
    NotRunningError,
    RevisionConflictError,
    StoreError,
    StoreOutcomeUnknownError,
)
from config_admin.core.events import CM_DELETED, CM_UPDATED
from config_admin.core.properties import Properties
from config_admin.stores.memory import MemoryStore


class DoubtfulStore(MemoryStore):
    """
    A store that may not answer.

    Attributes:
        stores: Whether it stores, when it does not answer.
        puts: What the next calls of `put` do, before it works again.
        reads: What the next calls of `revision` do, before it works again.
    """

    def __init__(self):
        super().__init__()
        self.stores = True
        self.puts = []
        self.reads = []

    def put(self, *configurations):
        error = self.puts.pop(0) if self.puts else None
        if error is None or (isinstance(error, _UNKNOWN) and self.stores):
            super().put(*configurations)
        if error is not None:
            raise error

    def revision(self, pid, revision):
        if self.reads:
            raise self.reads.pop(0)
        return super().revision(pid, revision)


_UNKNOWN = (StoreOutcomeUnknownError, KeyboardInterrupt, OSError)
LATE = StoreOutcomeUnknownError("No answer within 2 s.")
DOWN = StoreError("The store is not reachable.")
LIMIT_S = 10.0


@pytest.fixture
def doubtful(make_world):
    world = make_world(store=DoubtfulStore())
    world.admin.update("a", {"x": 0})
    world.heard = world.listener()
    return world


def facts(events):
    return [(event.type, event.pid, event.revision) for event in events]


def assert_one(world):
    """Memory and store hold the same."""
    stored = {one.pid: one for one in MemoryStore.all(world.store)}
    assert stored == {pid: world.admin.written(pid) for pid in stored}
    assert set(world.admin.present_pids()) <= set(stored)


@pytest.mark.parametrize("error", [DOWN, RevisionConflictError("a", 1, 7)])
def test_what_the_store_refused_is_not_there(doubtful, error):
    """Nothing changed, and nobody is told."""
    doubtful.store.puts = [error]

    with pytest.raises(type(error)):
        doubtful.admin.update("a", {"x": 1})
    doubtful.flush()

    assert doubtful.admin.get("a").properties == {"x": 0}
    assert doubtful.heard.events == []
    assert_one(doubtful)
    doubtful.store.reads = [AssertionError("There is no doubt: it need not be asked.")]
    assert doubtful.admin.update("a", {"x": 1}).revision == 2


def test_what_was_stored_without_an_answer_is_found_at_once(doubtful):
    """The caller does not know; but memory follows the store, and all are told."""
    service, _ = doubtful.service("a")
    doubtful.flush()
    doubtful.store.puts = [LATE]

    with pytest.raises(StoreOutcomeUnknownError):
        doubtful.admin.update("a", {"x": 1})
    doubtful.flush()

    assert doubtful.admin.get("a").properties == {"x": 1}
    assert [call["x"] for call in service.calls] == [0, 1]
    assert facts(doubtful.heard.events) == [(CM_UPDATED, "a", 2)]
    assert_one(doubtful)
    assert doubtful.admin.update("a", {"x": 2}, revision=2).revision == 3


def test_what_was_not_stored_without_an_answer_is_not_there(doubtful):
    """The next change takes the place that it would have had."""
    doubtful.store.puts, doubtful.store.stores = [LATE], False

    with pytest.raises(StoreOutcomeUnknownError):
        doubtful.admin.update("a", {"x": 1})
    doubtful.flush()

    assert doubtful.admin.get("a").properties == {"x": 0}
    assert doubtful.heard.events == []
    assert_one(doubtful)
    assert doubtful.admin.update("a", {"x": 2}).revision == 2


@pytest.mark.parametrize("stores", [True, False])
def test_what_cannot_be_told_at_once_is_told_before_the_next_change(doubtful, stores):
    """CM-10: that follows what is there, and meets no conflict."""
    doubtful.store.stores = stores
    doubtful.store.puts, doubtful.store.reads = [LATE], [DOWN]
    with pytest.raises(StoreOutcomeUnknownError):
        doubtful.admin.update("a", {"x": 1})
    assert doubtful.admin.get("a").properties == {"x": 0}

    after = doubtful.admin.update("b", {"y": 1})
    doubtful.flush()

    assert after.revision == 1
    expected = [(CM_UPDATED, "a", 2)] if stores else []
    assert facts(doubtful.heard.events) == [*expected, (CM_UPDATED, "b", 1)]
    assert_one(doubtful)


def test_a_change_of_the_same_pid_follows_what_was_found(doubtful):
    """CM-09: also the revision of the change that met the doubt."""
    doubtful.store.puts, doubtful.store.reads = [LATE], [DOWN]
    with pytest.raises(StoreOutcomeUnknownError):
        doubtful.admin.update("a", {"x": 1})

    after = doubtful.admin.update("a", {"x": 2})
    doubtful.flush()

    assert after.revision == 3
    assert facts(doubtful.heard.events) == [(CM_UPDATED, "a", 2), (CM_UPDATED, "a", 3)]
    assert_one(doubtful)


def test_as_long_as_it_cannot_be_told_nothing_is_changed(doubtful):
    """A change on top of a doubt could undo what somebody was told."""
    doubtful.store.puts, doubtful.store.reads = [LATE], [DOWN, DOWN]
    with pytest.raises(StoreOutcomeUnknownError):
        doubtful.admin.update("a", {"x": 1})

    with pytest.raises(StoreError, match="not reachable"):
        doubtful.admin.update("b", {"y": 1})

    assert doubtful.admin.find("b") is None
    assert doubtful.admin.update("b", {"y": 1}).revision == 1
    assert_one(doubtful)


@pytest.mark.parametrize("stores", [True, False])
def test_a_transaction_in_doubt_is_found_whole_or_not_at_all(doubtful, stores):
    """CM-14."""
    doubtful.store.puts, doubtful.store.stores = [LATE], stores

    transaction = doubtful.admin.transaction().__enter__()
    transaction.update("b", {"y": 1})
    transaction.update("b", {"y": 2})
    transaction.delete("a")
    with pytest.raises(StoreOutcomeUnknownError):
        transaction.__exit__(None, None, None)
    doubtful.flush()

    found = [(CM_UPDATED, "b", 1), (CM_UPDATED, "b", 2), (CM_DELETED, "a", 2)]
    assert facts(doubtful.heard.events) == (found if stores else [])
    assert_one(doubtful)


def test_what_somebody_else_stored_meanwhile_is_not_taken_for_ours(doubtful):
    """It has our revision, and other values."""
    doubtful.store.stores = False
    doubtful.store.puts, doubtful.store.reads = [LATE], [DOWN]
    with pytest.raises(StoreOutcomeUnknownError):
        doubtful.admin.update("a", {"x": 1})
    theirs = doubtful.admin.written("a")
    theirs = type(theirs)("a", theirs.properties.with_items({"x": 9}), 2, Origin.API)
    MemoryStore.put(doubtful.store, theirs)

    doubtful.admin.update("b", {})
    doubtful.flush()

    assert facts(doubtful.heard.events) == [(CM_UPDATED, "b", 1)]
    assert doubtful.admin.get("a").properties == {"x": 0}


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError("a bug")])
@pytest.mark.parametrize("stores", [True, False])
def test_whatever_else_ends_a_put_leaves_a_doubt_too(doubtful, error, stores):
    """Ctrl-C may come when the store has it, or before."""
    doubtful.store.puts, doubtful.store.stores = [error], stores
    with pytest.raises(type(error)):
        doubtful.admin.update("a", {"x": 1})

    after = doubtful.admin.update("a", {"x": 2})

    assert after.revision == (3 if stores else 2)
    assert_one(doubtful)


def test_files_follow_what_was_found(doubtful):
    """CM-42: a change in doubt that was made is written to its file."""
    noted = []

    class Gate:
        def require_open(self, pid, *, force):
            """Open."""

        def require_writable(self, pid, properties):
            """Everything can be written."""

        def note_change(self, pid, *, force):
            noted.append((pid, force))

    doubtful.admin.guard(Gate())
    doubtful.store.puts = [LATE, LATE]
    with pytest.raises(StoreOutcomeUnknownError):
        doubtful.admin.update("a", {"x": 1}, force=True)
    with pytest.raises(StoreOutcomeUnknownError):
        doubtful.admin.update("b", {"x": 1}, origin=Origin.file("etc/b.cfg"))

    assert noted == [("a", True)]
    assert doubtful.admin.get("b").revision == 1


def test_a_closed_admin_asks_the_store_nothing(doubtful):
    """CM-58."""
    doubtful.store.puts, doubtful.store.reads = [LATE], [DOWN]
    with pytest.raises(StoreOutcomeUnknownError):
        doubtful.admin.update("a", {"x": 1})
    doubtful.admin.close()

    with pytest.raises(NotRunningError):
        doubtful.admin.update("a", {"x": 2})

    assert doubtful.admin.get("a").properties == {"x": 0}


def test_what_is_found_late_does_not_replace_what_is_newer(doubtful):
    """Another process went on from it meanwhile: memory never goes back."""
    service, _ = doubtful.service("a")
    doubtful.store.puts = [LATE]
    doubtful.store.reads = [DOWN]
    with pytest.raises(StoreOutcomeUnknownError):
        doubtful.admin.update("a", {"x": 1})
    newer = Configuration("a", Properties({"x": 2}), 3, Origin.API)
    MemoryStore.put(doubtful.store, newer)
    doubtful.store.news = lambda: (newer,)
    doubtful.admin.refresh()

    doubtful.admin.update("b", {"x": 1})
    doubtful.flush()

    assert doubtful.admin.get("a").revision == 3
    assert service.calls[-1]["x"] == 2


# Faults that end with what was found


class BadPlugin:
    def modify_configuration(self, _pid, _properties):
        raise ValueError("no")


def refused_by_a_plugin(world):
    world.admin.processing.add(BadPlugin())
    world.admin.processed_properties("a")
    return lambda: world.admin.delete("a")


def held_by_its_schema(world):
    misfit = Configuration("a", Properties({"bad": "1"}), 2, Origin.API)
    MemoryStore.put(world.store, misfit)
    world.store.news = lambda: (misfit,)
    world.admin.refresh()
    return lambda: world.admin.update("a", {"x": 1})


@pytest.mark.parametrize("reads", [[], [DOWN]], ids=["at once", "later"])
@pytest.mark.parametrize("faulty", [refused_by_a_plugin, held_by_its_schema])
def test_a_fault_ends_with_the_change_that_was_found(doubtful, faulty, reads):
    """CM-18: whoever is told of it can change something, too."""
    change = faulty(doubtful)
    assert len(doubtful.faults.all()) == 1
    doubtful.store.puts, doubtful.store.reads = [LATE], list(reads)
    doubtful.when_told = lambda: doubtful.admin.update("c", {"x": 1})

    def change_and_look():
        with pytest.raises(StoreOutcomeUnknownError):
            change()
        doubtful.admin.update("b", {"x": 1})

    changing = threading.Thread(target=change_and_look, daemon=True)
    changing.start()
    changing.join(LIMIT_S)

    assert not changing.is_alive()
    assert doubtful.faults.all() == ()
    assert doubtful.admin.get("b").revision == 1
    assert doubtful.admin.get("c").revision == 1
    assert_one(doubtful)
