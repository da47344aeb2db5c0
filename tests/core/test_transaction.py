"""Several changes: checked together, made together or not at all."""

import threading
from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config_admin.core.configuration import Origin
from config_admin.core.errors import (
    ConfigurationError,
    InvalidConfigurationError,
    InvalidPidError,
    NoSuchConfigurationError,
    NotRunningError,
    ReadOnlyConfigurationError,
    RevisionConflictError,
    StoreError,
    UsageError,
)
from config_admin.core.events import (
    CM_DELETED,
    CM_REFUSED,
    CM_UPDATED,
    EventType,
)
from config_admin.core.faults import FaultKind
from config_admin.stores.memory import MemoryStore

LIMIT_S = 10.0
FILE = Origin.file("etc/a.cfg")


def facts(events):
    return [(event.type, event.pid, event.revision) for event in events]


def make(world, *changes, **options):
    """Make *changes* in one transaction: each a PID with properties or None."""
    with world.admin.transaction(**options) as transaction:
        for pid, properties in changes:
            if properties is None:
                transaction.delete(pid)
            else:
                transaction.update(pid, properties)
    return transaction.configurations


def state(world):
    return {one.pid: dict(one.properties) for one in world.admin.list_configurations()}


# All of it


def test_several_changes_are_made_together(world):
    """CM-14."""
    world.admin.update("a", {"x": 1})
    world.admin.update("b", {"x": 1})

    done = make(world, ("a", {"x": 2}), ("b", None), ("c", {"x": 3}))

    assert state(world) == {"a": {"x": 2}, "c": {"x": 3}}
    assert [(one.pid, one.revision, one.deleted) for one in done] == [
        ("a", 2, False),
        ("b", 2, True),
        ("c", 1, False),
    ]
    assert [one.pid for one in world.store.all()] == ["a", "b", "c"]


def test_nothing_is_changed_before_the_end_of_the_block(world):
    """CM-14."""
    service, listener = world.service("a")[0], world.listener()
    world.flush()

    with world.admin.transaction() as transaction:
        transaction.update("a", {"x": 1})
        world.flush()
        assert world.admin.find("a") is None
        assert world.validator.checks == 0
        assert transaction.configurations == ()
    world.flush()

    assert [call and call["x"] for call in service.calls] == [None, 1]
    assert facts(listener.events) == [(CM_UPDATED, "a", 1)]


def test_everybody_is_told_in_the_order_of_the_changes(world):
    """CM-14: and only when all of them are made."""
    order = []

    class Listener:
        def configuration_event(self, event):
            seen = sorted(state(world))
            order.append((event.type, event.pid, event.revision, seen))

    world.admin.update("b", {})
    world.admin.audience.add_listener(Listener())
    for pid in "abc":
        world.follow(pid, lambda p, pid=pid: order.append((pid, p and dict(p))))
    world.flush()
    order.clear()

    make(world, ("c", {"x": 1}), ("b", None), ("a", {"x": 2}))
    world.flush()

    events = [told for told in order if isinstance(told[0], EventType)]
    assert events == [
        (CM_UPDATED, "c", 1, ["a", "c"]),
        (CM_DELETED, "b", 2, ["a", "c"]),
        (CM_UPDATED, "a", 1, ["a", "c"]),
    ]
    assert [told for told in order if told not in events] == [
        ("c", {"x": 1, "service.pid": "c"}),
        ("b", None),
        ("a", {"x": 2, "service.pid": "a"}),
    ]


def test_the_store_gets_all_of_it_at_once(make_world):
    """CM-14."""
    puts = []

    class Noting(MemoryStore):
        def put(self, *configurations):
            puts.append([(one.pid, one.revision) for one in configurations])
            super().put(*configurations)

    world = make_world(store=Noting())

    make(world, ("b", {"x": 1}), ("a", {"x": 1}), ("b", {"x": 2}))

    assert puts == [[("b", 1), ("a", 1), ("b", 2)]]


def test_an_empty_transaction_changes_nothing(world):
    """CM-14."""
    listener = world.listener()

    assert make(world) == ()
    world.flush()

    assert listener.events == []


def test_what_is_there_already_is_no_news(world):
    """CM-08, CM-14."""
    world.admin.update("a", {"port": "80"})
    listener = world.listener()

    same, new = make(world, ("a", {"port": 80}), ("b", {}))
    world.flush()

    assert (same.revision, new.revision) == (1, 1)
    assert facts(listener.events) == [(CM_UPDATED, "b", 1)]


def test_each_change_carries_its_reason_and_all_the_origin(world):
    """CM-14."""
    with world.admin.transaction(origin=FILE) as transaction:
        transaction.update("a", {}, reason="because")
        transaction.update("b", {})
        transaction.delete("a", reason="no more")
        transaction.delete("b")

    made = transaction.configurations
    assert [one.reason for one in made] == ["because", None, "no more", None]
    assert {one.origin for one in made} == {FILE}


def test_one_call_of_a_service_is_enough_for_several_of_its_pid(world):
    """CM-14, CM-19."""
    service, _ = world.service("a")
    world.flush()

    make(world, ("a", {"x": 1}), ("a", {"x": 2}))
    world.flush()

    assert [call and call["x"] for call in service.calls] == [None, 2]


# The same PID several times


def test_the_same_pid_may_be_changed_several_times(world):
    """CM-14: each change follows those before it."""
    listener = world.listener()

    done = make(world, ("a", {"x": 1}), ("a", {"x": 2}), ("a", {"x": 2}), ("a", None))
    world.flush()

    assert [one.revision for one in done] == [1, 2, 2, 3]
    assert facts(listener.events) == [
        (CM_UPDATED, "a", 1),
        (CM_UPDATED, "a", 2),
        (CM_DELETED, "a", 3),
    ]
    assert world.admin.find("a") is None
    assert world.admin.written("a").revision == 3


def test_delete_and_re_creation_is_another_instance(world):
    """CM-14, CM-26: a factory has the old one deleted first."""
    calls = []

    class Factory:
        def updated(self, pid, properties):
            calls.append((pid, properties["x"]))

        def deleted(self, pid):
            calls.append((pid, None))

    world.admin.audience.add_managed_service_factory("f", Factory())
    world.admin.update("f~1", {"x": 1})
    world.flush()

    _, again = make(world, ("f~1", None), ("f~1", {"x": 1}))
    world.flush()

    assert again.revision == 3
    assert calls == [("f~1", 1), ("f~1", None), ("f~1", 1)]


def test_created_and_deleted_in_one_is_told_to_no_service(world):
    """CM-14, CM-16."""
    service, _ = world.service("a")
    world.flush()

    make(world, ("a", {"x": 1}), ("a", None))
    world.flush()

    assert service.calls == [None]


def test_what_is_deleted_twice_is_not_there_the_second_time(world):
    """CM-11, CM-14."""
    world.admin.update("a", {"x": 1})

    with pytest.raises(NoSuchConfigurationError):
        make(world, ("b", {}), ("a", None), ("a", None))

    assert state(world) == {"a": {"x": 1}}


def test_a_value_is_kept_as_it_was_written_by_the_change_before(world):
    """CM-60: within one transaction, too."""
    make(world, ("a", {"port": "0080"}), ("a", {"port": 80, "x": 1}))

    assert world.admin.written("a").properties == {"port": "0080", "x": 1}


# Only this revision


def changed(world, *revisions):
    """Whether two updates of "a", which is at 3, with *revisions* are made."""
    try:
        with world.admin.transaction() as transaction:
            for number, revision in enumerate(revisions):
                transaction.update("a", {"new": number}, revision=revision)
    except RevisionConflictError as conflict:
        return (conflict.expected, conflict.actual)
    return True


@pytest.mark.parametrize(
    ("revisions", "expected"),
    [
        ((3,), True),
        ((2,), (2, 3)),
        ((3, 3), True),
        ((3, 4), True),
        ((None, 3), True),
        ((None, 4), True),
        ((None, 2), (2, 3)),
        ((None, 5), (5, 3)),
        ((2, 3), (2, 3)),
        ((4, 3), (4, 3)),
        ((0, 3), (0, 3)),
    ],
)
def test_a_revision_is_the_one_before_the_block_or_made_by_it(
    world, revisions, expected
):
    """CM-10, CM-14: nobody else changed it is what it says."""
    for number in range(3):
        world.admin.update("a", {"x": number})

    assert changed(world, *revisions) == expected
    assert ("new" in world.admin.get("a").properties) is (expected is True)


@pytest.mark.parametrize("revision", [0, 1, 3])
def test_only_the_revision_that_is_meant_is_deleted(world, revision):
    """CM-10, CM-14."""
    for number in range(2):
        world.admin.update("a", {"x": number})

    with (
        pytest.raises(RevisionConflictError) as caught,
        world.admin.transaction() as transaction,
    ):
        transaction.delete("a", revision=revision)

    assert (caught.value.expected, caught.value.actual) == (revision, 2)
    assert state(world) == {"a": {"x": 1}}


def test_only_if_absent_holds_for_what_the_block_deleted(world):
    """CM-14, CM-63."""
    world.admin.update("a", {"x": 1})

    with world.admin.transaction() as transaction:
        transaction.delete("a", revision=1)
        transaction.update("a", {"x": 2}, revision=0)

    assert world.admin.get("a").revision == 3


def test_who_lost_a_race_checks_all_of_it_again(world):
    """CM-10, CM-14."""

    def win_the_race():
        world.validator.during_check = lambda: None
        world.admin.update("a", {"by": "winner"})

    def wait_for_the_second():
        world.validator.during_check = win_the_race

    world.validator.during_check = wait_for_the_second

    make(world, ("a", {"by": "loser"}), ("b", {"by": "loser"}))

    assert state(world) == {"a": {"by": "loser"}, "b": {"by": "loser"}}
    assert world.admin.get("a").revision == 2
    assert world.validator.checks == 5


def test_a_revision_that_was_overtaken_is_told(world):
    """CM-10, CM-14."""
    world.admin.update("b", {})

    def win_the_race():
        world.validator.during_check = lambda: None
        world.admin.update("b", {"by": "winner"})

    world.validator.during_check = win_the_race

    transaction = world.admin.transaction().__enter__()
    transaction.update("a", {"by": "loser"})
    transaction.update("b", {"by": "loser"}, revision=1)
    with pytest.raises(RevisionConflictError) as caught:
        transaction.__exit__(None, None, None)

    assert (caught.value.pid, caught.value.actual) == ("b", 2)
    assert state(world) == {"b": {"by": "winner"}}


# Not at all


def test_if_one_is_refused_none_is_made(world):
    """CM-14."""
    service, listener = world.service("a")[0], world.listener()
    world.flush()

    with pytest.raises(InvalidConfigurationError) as caught:
        make(world, ("a", {"x": 1}), ("b", {"bad": 1}), ("c", {}))
    world.flush()

    assert caught.value.pid == "b"
    assert state(world) == {}
    assert tuple(world.store.all()) == ()
    assert service.calls == [None]
    assert facts(listener.events) == [(CM_REFUSED, "b", 0)]


def test_of_several_refused_the_others_are_notes(world):
    """CM-14, CM-30: each is an event, in the order of the changes."""

    class Vetoing:
        def check(self, _):
            raise ConfigurationError("x", "not with me")

        def updated(self, properties):
            """Never called."""

    world.admin.update("c", {})
    world.follow("a", Vetoing())
    listener = world.listener()

    with pytest.raises(InvalidConfigurationError) as caught:
        make(world, ("a", {"x": 1}), ("b", {"bad": 1}), ("c", {"bad": 1}), ("d", {}))
    world.flush()

    assert caught.value.pid == "a"
    notes = caught.value.__notes__
    assert [note.split()[0] for note in notes] == ["b", "c"]
    assert facts(listener.events) == [
        (CM_REFUSED, "a", 0),
        (CM_REFUSED, "b", 0),
        (CM_REFUSED, "c", 1),
    ]
    assert all(event.violations for event in listener.events)


def test_what_comes_before_a_refused_change_of_a_pid_asks_nobody(world):
    """CM-14, CM-22: none of it will be made."""
    asked = []

    class Asked:
        def check(self, properties):
            asked.append(dict(properties))

        def updated(self, properties):
            """Never called."""

    world.follow("a", Asked())

    with pytest.raises(InvalidConfigurationError) as caught:
        make(world, ("a", {"x": 1}), ("a", {"bad": 1}))

    assert caught.value.violations[0].key == "bad"
    assert asked == []


@pytest.mark.parametrize("then", [None, {"x": 1}, {"bad": 2}])
def test_what_follows_a_refused_change_of_a_pid_hides_nothing(world, then):
    """CM-14: what it would have met is not there; the refusal is what is wrong."""
    listener = world.listener()

    with pytest.raises(InvalidConfigurationError) as caught:
        make(world, ("a", {"bad": 1}), ("a", then), ("b", {"bad": 1}))
    world.flush()

    assert caught.value.pid == "a"
    assert [event.pid for event in listener.events] == ["a", "b"]


def test_what_cannot_be_stored_is_refused_where_it_stands(world):
    """CM-04, CM-14, CM-30: and is an event, too."""
    listener = world.listener()

    with pytest.raises(InvalidConfigurationError) as caught:
        make(world, ("a", {"x": 1}), ("b", {"x": None}))
    world.flush()

    assert caught.value.pid == "b"
    assert facts(listener.events) == [(CM_REFUSED, "b", 0)]
    assert state(world) == {}


def test_who_catches_a_refusal_in_the_block_may_go_on(world):
    """CM-14."""
    with world.admin.transaction() as transaction:
        transaction.update("a", {"x": 1})
        with pytest.raises(InvalidConfigurationError):
            transaction.update("b", {"x": None})

    assert state(world) == {"a": {"x": 1}}


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), SystemExit()])
def test_an_exception_in_the_block_changes_nothing(world, error):
    """CM-14."""
    transaction = world.admin.transaction()

    def use():
        with transaction:
            transaction.update("a", {"x": 1})
            raise error

    with pytest.raises(type(error)) as caught:
        use()

    assert caught.value is error
    assert state(world) == {}
    assert world.validator.checks == 0
    assert transaction.configurations == ()


class BrittleStore(MemoryStore):
    """A store that fails in the middle of several, and then takes all of them back."""

    is_broken = True

    def put(self, *configurations):
        if self.is_broken and len(configurations) > 1:
            before = deepcopy(self._kept)
            super().put(configurations[0])
            self._kept = before
            raise StoreError("The disk is full.")
        super().put(*configurations)


def test_if_the_store_fails_in_the_middle_none_is_made(make_world):
    """CM-14: nobody is told anything, and a later try works."""
    world = make_world(store=BrittleStore())
    service, listener = world.service("a")[0], world.listener()
    world.flush()

    with pytest.raises(StoreError):
        make(world, ("a", {"x": 1}), ("b", {"x": 1}))
    world.flush()
    assert state(world) == {}
    assert (service.calls, listener.events) == ([None], [])

    world.store.is_broken = False
    a, b = make(world, ("a", {"x": 1}), ("b", {"x": 1}))
    world.flush()
    assert (a.revision, b.revision) == (1, 1)
    assert len(listener.events) == 2


def test_a_closed_gate_before_one_keeps_out_all(world):
    """CM-13, CM-14."""

    class Gate:
        noted = ()

        def require_open(self, pid, *, force):
            if pid == "b" and not force:
                raise ReadOnlyConfigurationError(pid, "etc/b.cfg", "Open it.")

        def require_writable(self, pid, properties):
            """Everything can be written."""

        def note_change(self, pid, *, force):
            self.noted += ((pid, force),)

    gate = Gate()
    world.admin.guard(gate)

    with pytest.raises(ReadOnlyConfigurationError):
        make(world, ("a", {}), ("b", {}))
    assert state(world) == {}

    with world.admin.transaction() as transaction:
        transaction.update("a", {})
        transaction.update("b", {}, force=True)
    assert gate.noted == (("a", False), ("b", True))


def test_a_change_that_is_no_news_is_noted_if_it_is_forced(world):
    """A file that stands refused is written over, though nothing else changes."""
    noted = []

    class Gate:
        def require_open(self, pid, *, force):
            """Open."""

        def require_writable(self, pid, properties):
            """Everything can be written."""

        def note_change(self, pid, *, force):
            noted.append((pid, force))

    world.admin.update("a", {"x": 1}, origin=FILE)
    world.admin.guard(Gate())

    world.admin.update("a", {"x": 1})
    assert noted == []
    world.admin.update("a", {"x": 1}, force=True)
    assert noted == [("a", True)]
    assert world.admin.get("a").revision == 1


# How it is used


def test_a_transaction_is_used_once(world):
    """CM-14."""
    transaction = world.admin.transaction()
    with transaction:
        transaction.update("a", {"x": 1})

    again = "A transaction is used once: call transaction() again."
    within = "Use it as 'with admin.transaction() as transaction:'."
    for use, words in (
        (transaction.__enter__, again),
        (lambda: transaction.update("a", {}), within),
        (lambda: transaction.delete("a"), within),
    ):
        with pytest.raises(UsageError) as caught:
            use()
        assert str(caught.value) == words
    assert state(world) == {"a": {"x": 1}}


def test_a_transaction_that_has_not_begun_takes_nothing(world):
    """CM-14."""
    transaction = world.admin.transaction()

    with pytest.raises(UsageError, match="Use it as 'with"):
        transaction.update("a", {})
    with pytest.raises(UsageError):
        transaction.delete("a")

    with transaction:
        transaction.update("a", {"x": 1})
    assert state(world) == {"a": {"x": 1}}


def test_a_transaction_within_itself_is_a_mistake_that_changes_nothing(world):
    """CM-14."""
    transaction = world.admin.transaction()

    def use():
        with transaction:
            transaction.update("a", {"x": 1})
            transaction.__enter__()

    with pytest.raises(UsageError, match="used once"):
        use()

    assert state(world) == {}


def test_after_a_failure_it_takes_nothing_either(world):
    """CM-14."""
    transaction = world.admin.transaction()
    with pytest.raises(ZeroDivisionError), transaction:
        transaction.update("a", {"x": 1 / 0})

    with pytest.raises(UsageError):
        transaction.update("a", {})
    with pytest.raises(UsageError), transaction:
        pass


def test_two_that_are_nested_are_two(world):
    """CM-14: the inner one is made at its own end, whatever becomes of the outer."""

    def use():
        with world.admin.transaction() as outer:
            outer.update("a", {"by": "outer"})
            make(world, ("a", {"by": "inner"}), ("b", {"by": "inner"}))
            assert state(world) == {"a": {"by": "inner"}, "b": {"by": "inner"}}
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use()

    assert state(world) == {"a": {"by": "inner"}, "b": {"by": "inner"}}


def test_the_outer_of_two_follows_the_inner(world):
    """CM-14."""
    with world.admin.transaction() as outer:
        outer.update("a", {"by": "outer"})
        make(world, ("a", {"by": "inner"}))

    assert state(world) == {"a": {"by": "outer"}}
    assert world.admin.get("a").revision == 2


@pytest.mark.parametrize("pid", ["", "../x", None])
def test_what_is_no_pid_is_refused_where_it_stands(world, pid):
    """CM-01, CM-14."""
    with world.admin.transaction() as transaction:
        with pytest.raises(InvalidPidError):
            transaction.update(pid, {})
        with pytest.raises(InvalidPidError):
            transaction.delete(pid)


def test_the_properties_are_those_of_the_call(world):
    """CM-06, CM-14: what the caller does with its own afterwards does not count."""
    mine = {"x": 1}
    with world.admin.transaction() as transaction:
        transaction.update("a", mine)
        mine["x"] = 2

    assert state(world) == {"a": {"x": 1}}


def test_automatic_properties_are_dropped(world):
    """CM-05, CM-14."""
    (done,) = make(world, ("f~1", {"service.pid": "b", "SERVICE.FACTORYPID": "g"}))

    assert done.properties == {}


def test_a_closed_admin_makes_none_of_it(world):
    """CM-14, CM-58."""
    transaction = world.admin.transaction().__enter__()
    transaction.update("a", {})
    world.admin.close()

    with pytest.raises(NotRunningError):
        transaction.__exit__(None, None, None)

    assert state(world) == {}


def test_a_transaction_in_a_callback_is_made_at_once(world):
    """CM-14, CM-18."""
    made = []

    def updated(properties):
        if properties is None:
            made.extend(make(world, ("a", {"x": 1}), ("b", {"x": 1})))

    world.follow("a", updated)
    world.flush()

    assert [one.pid for one in made] == ["a", "b"]
    assert world.faults.all() == ()


def test_the_faults_of_what_is_mended_go(world):
    """CM-14."""
    world.admin.update("a", {"x": 1})
    world.admin.update("b", {"x": 1})
    world.validator.schema, world.validator.refused = "second", {"x"}
    world.admin.recheck_all()
    assert {fault.pid for fault in world.faults.all()} == {"a", "b"}

    make(world, ("a", {}), ("b", None))

    assert [f for f in world.faults.all() if f.kind is FaultKind.CONFIGURATION] == []


# Many at once

_CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "f~1"]),
        st.one_of(st.none(), st.dictionaries(st.sampled_from("xy"), st.integers(0, 1))),
    ),
    max_size=6,
)


@settings(max_examples=60)
@given(before=_CHANGES, changes=_CHANGES)
def test_together_they_lead_where_one_by_one_leads(make_world, before, changes):
    """CM-14: a law; and where one of them fails, all of them do."""
    together, apart = make_world(), make_world()
    for world in (together, apart):
        for pid, properties in before:
            if properties is not None:
                world.admin.update(pid, properties)
    untouched = tuple(together.store.all())
    listener = together.listener()
    expected, fails = [], False
    for pid, properties in changes:
        if properties is None and apart.admin.find(pid) is None:
            fails = True
            break
        one = (
            apart.admin.delete(pid)
            if properties is None
            else apart.admin.update(pid, properties)
        )
        expected.append(one)

    if fails:
        with pytest.raises(NoSuchConfigurationError):
            make(together, *changes)
        assert tuple(together.store.all()) == untouched
        assert listener.events == []
        return

    assert list(make(together, *changes)) == expected
    assert tuple(together.store.all()) == tuple(apart.store.all())
    assert state(together) == state(apart)
    together.flush()
    news = {(one.pid, one.revision) for one in expected}
    told = {(event.pid, event.revision) for event in listener.events}
    assert told <= news


def test_transactions_of_many_threads_are_each_whole(busy_world, together):
    """CM-14: readers see none in part, and the revisions of two PIDs go together."""
    admin = busy_world.admin
    make(busy_world, ("a", {"n": -1}), ("b", {"n": -1}))
    ended = threading.Event()

    def write(writer):
        for number in range(60):
            n = writer * 1000 + number
            pids = ("a", "b") if writer % 2 else ("b", "a")
            make(busy_world, *((pid, {"n": n}) for pid in pids))
        return True

    def writers():
        try:
            return together(*(lambda w=w: write(w) for w in range(3)))
        finally:
            ended.set()

    def read():
        while not ended.is_set():
            a, b = admin.list_configurations()
            assert a.properties == b.properties
            assert a.revision == b.revision
        return True

    assert together(writers, read) == [[True] * 3, True]
    assert admin.get("a").revision == admin.get("b").revision == 181
