"""What is stored comes in force: own changes, what was there, and those of others."""

import threading

import pytest

from config_admin.core.configuration import Configuration, Origin
from config_admin.core.errors import RevisionConflictError, StoreError
from config_admin.core.events import CM_DELETED, CM_UPDATED
from config_admin.core.faults import FaultKind
from config_admin.core.properties import Properties
from config_admin.stores.memory import MemoryStore

DOWN = StoreError("The store is not reachable.")
LIMIT_S = 10.0


class SharedStore(MemoryStore):
    """
    A store where somebody else stores, too.

    Attributes:
        errors: What the next calls of `news` raise, before it works again.
        is_silent: Whether it keeps to itself what others have stored.
        during_news: Called in the middle of each call of `news`.
    """

    def __init__(self):
        super().__init__()
        self.errors = []
        self.is_silent = False
        self.during_news = lambda: None
        self._untold = []

    def by_another(self, *configurations):
        """Somebody else stores *configurations*."""
        self.put(*configurations)
        self._untold += configurations

    def news(self):
        self.during_news()
        if self.errors:
            raise self.errors.pop(0)
        if self.is_silent:
            return ()
        told, self._untold = self._untold, []
        return tuple(told)


@pytest.fixture
def store():
    return SharedStore()


@pytest.fixture
def shared(make_world, store):
    """A world on a store where somebody else stores, too."""
    return make_world(store=store)


def theirs(revision, pid="a", *, deleted=False, origin=Origin.API, **properties):
    kept = Properties(properties)
    return Configuration(pid, kept, revision, origin, deleted=deleted)


def facts(listener):
    return [(event.type, event.pid, event.revision) for event in listener.events]


def keys_of(calls):
    """What a service was called with, without automatic properties."""
    return [
        call and dict(call.without(["service.pid", "service.factoryPid"]))
        for call in calls
    ]


def receipt_of(world):
    (receipt,) = world.admin.audience.receipts()
    return receipt


# What is there when it begins


def test_what_is_stored_is_there_once_it_is_loaded(shared, store):
    """CM-09: also the revision of what was deleted."""
    store.put(theirs(1, port="80"), theirs(1, "b"), theirs(2, "b", deleted=True))
    service, _ = shared.service("a")
    heard = shared.listener()

    shared.admin.load()
    shared.flush()

    assert shared.admin.get("a").properties == {"port": 80}
    assert shared.admin.find("b") is None
    assert keys_of(service.calls)[-1] == {"port": 80}
    assert heard.events == []  # nothing has changed
    assert shared.admin.update("b", {"x": 1}).revision == 3


def test_what_does_not_fit_its_schema_is_held(shared, store):
    store.put(theirs(1, bad="1", port="80"))

    shared.admin.load()
    service, _ = shared.service("a")
    shared.flush()

    assert service.calls == []
    assert shared.admin.written("a").properties == {"bad": "1", "port": "80"}
    (fault,) = shared.faults.all()
    assert (fault.kind, fault.pid, fault.key) == (FaultKind.CONFIGURATION, "a", "bad")
    receipt = receipt_of(shared)
    assert receipt.held == "until it fits its schema"
    assert receipt.applied is None


def test_what_is_held_is_delivered_once_its_schema_takes_it(shared, store):
    store.put(theirs(1, bad="1"))
    shared.admin.load()
    service, _ = shared.service("a")
    shared.flush()

    shared.validator.refused, shared.validator.schema = set(), "second"
    shared.admin.recheck("a")
    shared.flush()

    assert keys_of(service.calls) == [{"bad": "1"}]
    assert shared.faults.all() == ()
    assert (receipt_of(shared).held, receipt_of(shared).applied) == (None, 1)


def test_what_is_held_stays_held_while_its_schema_refuses_it(shared, store):
    store.put(theirs(1, bad="1"))
    shared.admin.load()
    service, _ = shared.service("a")

    shared.validator.schema = "second"
    shared.admin.recheck("a")
    shared.flush()

    assert service.calls == []
    assert len(shared.faults.all()) == 1
    assert receipt_of(shared).held == "until it fits its schema"


def test_a_change_mends_what_is_held(shared, store):
    store.put(theirs(1, bad="1"))
    shared.admin.load()
    service, _ = shared.service("a")
    shared.flush()

    shared.admin.update("a", {"good": "1"})
    shared.flush()

    assert keys_of(service.calls) == [{"good": "1"}]
    assert shared.faults.all() == ()
    assert receipt_of(shared).held is None


def test_a_deletion_mends_what_is_held(shared, store):
    store.put(theirs(1, bad="1"))
    shared.admin.load()

    shared.admin.delete("a")

    assert shared.faults.all() == ()


# What others store


def test_what_others_have_stored_comes_in_force_once(shared, store):
    service, _ = shared.service("a")
    heard = shared.listener()
    shared.flush()
    store.by_another(theirs(1, x=1))

    shared.admin.refresh()
    shared.admin.refresh()
    shared.flush()

    assert shared.admin.get("a").properties == {"x": 1}
    assert facts(heard) == [(CM_UPDATED, "a", 1)]
    assert keys_of(service.calls) == [None, {"x": 1}]


def test_what_came_in_force_is_not_read_again(shared, store):
    store.by_another(theirs(1, x=1))
    shared.admin.refresh()
    checks = shared.validator.checks

    shared.admin.refresh()

    assert shared.validator.checks == checks


def test_one_thread_at_a_time_reads_what_others_have_stored(shared, store):
    """Else the later news could come in force first, and the earlier never."""
    held = []
    shared.validator.during_check = lambda: held.append(
        shared.admin._refresh_lock.locked()
    )
    store.by_another(theirs(1, x=1))

    shared.admin.refresh()

    assert held == [True]


def test_it_comes_in_force_in_its_order(shared, store):
    heard = shared.listener()
    store.by_another(theirs(1, x=1), theirs(1, "b"), theirs(2, deleted=True))
    store.by_another(theirs(3, x=3, origin=Origin.file("a.cfg")))

    shared.admin.refresh()
    shared.flush()

    assert facts(heard) == [
        (CM_UPDATED, "a", 1),
        (CM_UPDATED, "b", 1),
        (CM_DELETED, "a", 2),
        (CM_UPDATED, "a", 3),
    ]
    assert heard.events[-1].origin == Origin.file("a.cfg")
    assert shared.admin.get("a").revision == 3


def test_what_is_known_already_is_no_news(shared, store):
    shared.admin.update("a", {"x": 1})
    shared.admin.update("a", {"x": 2})
    heard = shared.listener()
    store._untold = [theirs(1, x=1), theirs(2, x=2)]

    shared.admin.refresh()
    shared.flush()

    assert heard.events == []
    assert shared.admin.get("a").properties == {"x": 2}


def test_what_others_deleted_is_gone(shared, store):
    shared.admin.update("a", {"x": 1})
    service, _ = shared.service("a")
    shared.flush()
    store.by_another(theirs(2, deleted=True))

    shared.admin.refresh()
    shared.flush()

    assert shared.admin.find("a") is None
    assert service.calls[-1] is None


def test_what_others_stored_and_does_not_fit_is_held(shared, store):
    """The service keeps what it has."""
    shared.admin.update("a", {"x": 1})
    service, _ = shared.service("a")
    shared.flush()
    store.by_another(theirs(2, bad="1"))

    shared.admin.refresh()
    shared.flush()

    assert keys_of(service.calls) == [{"x": 1}]
    assert shared.admin.written("a").revision == 2
    receipt = receipt_of(shared)
    assert (receipt.applied, receipt.held) == (1, "until it fits its schema")
    assert [fault.pid for fault in shared.faults.all()] == ["a"]

    store.by_another(theirs(3, x=3))
    shared.admin.refresh()
    shared.flush()

    assert keys_of(service.calls) == [{"x": 1}, {"x": 3}]
    assert shared.faults.all() == ()


def test_a_store_that_fails_loses_nothing(shared, store):
    heard = shared.listener()
    store.by_another(theirs(1, x=1))
    store.errors = [DOWN]

    with pytest.raises(StoreError):
        shared.admin.refresh()
    assert shared.admin.find("a") is None

    shared.admin.refresh()
    shared.flush()
    assert facts(heard) == [(CM_UPDATED, "a", 1)]


def test_what_the_store_has_told_is_not_lost_when_it_cannot_be_read(shared, store):
    """It is kept for the next time."""
    heard = shared.listener()
    store.by_another(theirs(1, x=1))

    def fail():
        raise DOWN

    shared.validator.during_check = fail
    with pytest.raises(StoreError):
        shared.admin.refresh()
    shared.validator.during_check = lambda: None
    store.by_another(theirs(2, x=2), theirs(1, "b"))

    shared.admin.refresh()
    shared.flush()

    assert facts(heard) == [
        (CM_UPDATED, "a", 1),
        (CM_UPDATED, "a", 2),
        (CM_UPDATED, "b", 1),
    ]


def test_many_who_refresh_at_once_tell_everything_once(shared, store, together):
    heard = shared.listener()
    numbers = range(1, 31)

    def change():
        for number in numbers:
            store.by_another(theirs(number, x=number))

    def look():
        while shared.admin.written("a") is None or (
            shared.admin.written("a").revision < numbers[-1]
        ):
            shared.admin.refresh()

    change()
    together(look, look, look, look)
    shared.flush()

    assert facts(heard) == [(CM_UPDATED, "a", number) for number in numbers]


def test_who_refreshes_meets_own_changes_in_between(shared, store):
    """CM-10: what was committed meanwhile is newer."""
    store.by_another(theirs(1, "b"))
    heard = shared.listener()

    def change():
        shared.validator.during_check = lambda: None
        shared.admin.update("a", {"x": 1})

    shared.validator.during_check = change

    shared.admin.refresh()
    shared.flush()

    assert sorted(facts(heard)) == [(CM_UPDATED, "a", 1), (CM_UPDATED, "b", 1)]


# Who is told what is wrong with it


class BadPlugin:
    def modify_configuration(self, _pid, _properties):
        raise ValueError("no")


def a_misfit_comes(_, store):
    store.by_another(theirs(1, bad="1"))


def a_misfit_is_mended(world, store):
    store.by_another(theirs(1, bad="1"))
    world.admin.refresh()
    store.by_another(theirs(2, good="1"))


def a_misfit_is_deleted(world, store):
    store.by_another(theirs(1, bad="1"))
    world.admin.refresh()
    store.by_another(theirs(2, deleted=True))


def what_a_plugin_refused_is_deleted(world, store):
    world.admin.processing.add(BadPlugin())
    world.admin.update("a", {"x": 1})
    world.admin.processed_properties("a")
    store.by_another(theirs(2, deleted=True))


def ends(call, limit_s=LIMIT_S):
    """Whether *call* ends in time, on a thread of its own."""
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(limit_s)
    return not thread.is_alive()


def on_this_thread(call):
    call()
    return True


def on_another_thread(call):
    return ends(call, LIMIT_S / 2)


@pytest.mark.parametrize("where", [on_this_thread, on_another_thread])
@pytest.mark.parametrize(
    "prepare",
    [
        a_misfit_comes,
        a_misfit_is_mended,
        a_misfit_is_deleted,
        what_a_plugin_refused_is_deleted,
    ],
)
def test_who_is_told_what_is_wrong_may_look_at_the_store_again(
    shared, store, prepare, where
):
    """CM-18: a log handler is foreign code, and its change meets a conflict."""
    prepare(shared, store)
    changed = []

    def change():
        shared.when_told = lambda: None
        store.by_another(theirs(1, "b"))
        shared.admin.update("b", {"x": 1})

    shared.when_told = lambda: changed.append(where(change))

    assert ends(shared.admin.refresh)
    assert changed == [True]
    assert shared.admin.get("b").revision == 2


@pytest.mark.parametrize("begin", ["load", "refresh"])
def test_what_is_wrong_with_it_is_told_once_it_is_in_force(shared, store, begin):
    store.by_another(theirs(1, bad="1"))
    there = []
    shared.when_told = lambda: there.append(shared.admin.written("a"))

    getattr(shared.admin, begin)()

    assert there == [theirs(1, bad="1")]


def test_what_is_wrong_with_what_is_past_is_not_told(shared, store):
    """Neither in the middle of what came, nor when a change has come in between."""
    store.by_another(theirs(1, bad="1"), theirs(2, good="1"), theirs(1, "b", bad="1"))
    shared.when_told = lambda: shared.admin.update("b", {"x": 1})

    assert ends(shared.admin.refresh)
    assert [(how, fault.pid) for how, fault in shared.told] == [
        ("came", "b"),
        ("went", "b"),
    ]
    assert shared.faults.all() == ()


# Who was slower


def test_a_change_follows_what_another_one_has_stored(shared, store):
    """CM-09: it needs no revision, so there is no conflict."""
    heard = shared.listener()
    store.by_another(theirs(1, x=1))

    after = shared.admin.update("a", {"x": 2})
    shared.flush()

    assert after.revision == 2
    assert facts(heard) == [(CM_UPDATED, "a", 1), (CM_UPDATED, "a", 2)]


@pytest.mark.parametrize("revision", [0, 1])
def test_a_change_of_what_is_past_is_refused(shared, store, revision):
    if revision:
        shared.admin.update("a", {"x": 1})
    store.by_another(theirs(revision + 1, x=2))

    with pytest.raises(RevisionConflictError) as caught:
        shared.admin.update("a", {"x": 3}, revision=revision)

    assert caught.value.args == ("a", revision, revision + 1)
    assert shared.admin.get("a").properties == {"x": 2}


def test_a_conflict_that_the_store_does_not_explain_is_told(shared, store):
    """Else it would be tried for ever."""
    store.by_another(theirs(1, x=1))
    store.is_silent = True

    with pytest.raises(RevisionConflictError):
        shared.admin.update("a", {"x": 2})

    store.is_silent = False
    assert shared.admin.update("a", {"x": 2}).revision == 2


def test_a_store_that_cannot_explain_a_conflict_says_so(shared, store):
    store.by_another(theirs(1, x=1))
    store.errors = [DOWN]

    with pytest.raises(StoreError):
        shared.admin.update("a", {"x": 2})

    assert shared.admin.find("a") is None
    assert shared.admin.update("a", {"x": 2}).revision == 2
