"""The one door: check, compare, commit, publish, deliver."""

import dataclasses
from enum import IntEnum

import pytest

from config_admin.core.configuration import Configuration, Origin, OriginKind
from config_admin.core.errors import (
    InvalidConfigurationError,
    InvalidPidError,
    NoSuchConfigurationError,
    NotRunningError,
    ReadOnlyConfigurationError,
    RevisionConflictError,
    StoreError,
    UsageError,
)
from config_admin.core.events import CM_DELETED, CM_REFUSED, CM_UPDATED
from config_admin.core.faults import FaultKind
from config_admin.core.ports import Checked
from config_admin.core.properties import Properties, typed
from config_admin.stores.memory import MemoryStore

FILE = Origin.file("etc/a.cfg")


class FailingStore(MemoryStore):
    """A store that can be unreachable."""

    is_reachable = True

    def put(self, configuration):
        if not self.is_reachable:
            raise StoreError("The store is not reachable.")
        super().put(configuration)


class FileGate:
    """A gate that notes what passed, and may be closed."""

    def __init__(self):
        self.is_closed = False
        self.changed = []

    def require_open(self, pid, **_):
        if self.is_closed:
            raise ReadOnlyConfigurationError(pid, f"etc/{pid}.cfg", "Open the gate.")

    def require_writable(self, pid, properties):
        pass

    def note_change(self, pid, **_):
        self.changed.append(pid)


def facts(events):
    return [(event.type, event.pid, event.revision) for event in events]


# Reading and changing


def test_an_update_creates_what_is_absent(world):
    """CM-07, CM-09, CM-11."""
    created = world.admin.update("a", {"Host": "x", "port": "80"})

    assert created == Configuration(
        "a", Properties({"Host": "x", "port": 80}), 1, Origin.API
    )
    assert world.admin.get("a") == created
    assert world.admin.find("a") == created


def test_an_update_replaces_all_properties(world):
    """CM-07."""
    world.admin.update("a", {"x": 1, "y": 2})

    world.admin.update("a", {"y": 3})

    assert dict(world.admin.get("a").properties) == {"y": 3}


def test_what_is_deleted_is_not_there(world):
    """CM-11."""
    world.admin.update("a", {"x": 1})

    tombstone = world.admin.delete("a")

    assert world.admin.find("a") is None
    assert world.admin.list_configurations() == ()
    assert world.admin.present_pids() == ()
    assert (tombstone.deleted, tombstone.revision) == (True, 2)
    assert world.admin.written("a") == tombstone
    with pytest.raises(NoSuchConfigurationError):
        world.admin.get("a")
    with pytest.raises(NoSuchConfigurationError):
        world.admin.delete("a")


def test_what_never_was_is_not_there(world):
    """CM-11."""
    assert world.admin.find("a") is None
    assert world.admin.written("a") is None
    with pytest.raises(NoSuchConfigurationError):
        world.admin.delete("a")


def test_who_misspells_a_pid_is_told_a_similar_one(world):
    """CM-11."""
    world.admin.update("net.roboconf.web", {})
    world.admin.update("gone.robocong.web", {})
    world.admin.delete("gone.robocong.web")

    with pytest.raises(NoSuchConfigurationError) as caught:
        world.admin.get("net.robocnf.web")

    assert caught.value.similar == ("net.roboconf.web",)
    assert str(caught.value) == (
        "There is no configuration 'net.robocnf.web'. Did you mean 'net.roboconf.web'?"
    )


def test_configurations_are_listed_by_pid(world):
    """CM-12."""
    for pid in ("b", "a~2", "c", "a~1", "B"):
        world.admin.update(pid, {"of": pid})
    world.admin.delete("c")

    listed = world.admin.list_configurations()

    assert [one.pid for one in listed] == ["B", "a~1", "a~2", "b"]
    assert sorted(world.admin.present_pids()) == ["B", "a~1", "a~2", "b"]


@pytest.mark.parametrize(
    ("wanted", "pids"),
    [
        ("(port=80)", ["b"]),
        ("(port>=80)", ["b", "f~1"]),
        ("(service.pid=b)", ["b"]),
        ("(service.factoryPid=f)", ["f~1", "f~2"]),
        ("(!(service.factoryPid=*))", ["b"]),
        ("(mode=*)", []),
    ],
)
def test_a_filter_says_which_configurations_are_listed(world, wanted, pids):
    """CM-12, CM-36: as their schema reads them, without its defaults; in PID order."""
    world.validator.defaults = {"mode": "fast"}
    for pid, port in (("f~2", "8"), ("f~1", "443"), ("b", "80"), ("gone", "80")):
        world.admin.update(pid, {"port": port})
    world.admin.delete("gone")

    listed = world.admin.list_configurations(wanted)

    assert [one.pid for one in listed] == pids
    assert listed == tuple(map(world.admin.get, pids))


def test_a_change_says_why(world):
    """CM-11: whoever reads the history; what says nothing has no reason."""
    assert world.admin.update("a", {"x": 1}, reason="because").reason == "because"
    assert world.admin.get("a").reason == "because"
    assert world.admin.update("a", {"x": 2}).reason is None
    assert world.admin.delete("a", reason="no more").reason == "no more"
    world.admin.update("a", {})
    assert world.admin.delete("a").reason is None


# Every entrance


@pytest.mark.parametrize("pid", ["", "../x", ".hidden", "a ", "a\x1b", None, 1])
def test_what_is_no_pid_is_refused_at_every_entrance(world, pid):
    """CM-01, CM-62."""
    for entrance in (
        world.admin.find,
        world.admin.get,
        world.admin.delete,
        lambda pid: world.admin.update(pid, {}),
        lambda pid: world.admin.audience.add_managed_service(
            ("a", pid), lambda *_: None
        ),
    ):
        with pytest.raises(InvalidPidError):
            entrance(pid)

    assert world.admin.audience.registrations() == ()
    assert tuple(world.store.all()) == ()


# Values


def test_what_cannot_be_stored_is_refused_with_pid_and_key(world):
    """CM-04."""
    with pytest.raises(InvalidConfigurationError) as caught:
        world.admin.update("a", {"x": None, "y": [[]]})

    assert caught.value.pid == "a"
    assert [violation.key for violation in caught.value.violations] == ["x", "y"]
    assert world.admin.find("a") is None


def test_values_are_kept_with_their_base_types(world):
    """CM-04, CM-64, CM-65."""

    class Level(IntEnum):
        HIGH = 3

    world.admin.update("a", {"level": Level.HIGH, "none": [], "ratio": 1.0})

    kept = world.admin.get("a").properties
    assert {key: typed(value) for key, value in kept.items()} == {
        "level": (int, 3),
        "none": (tuple,),
        "ratio": (float, 1.0),
    }


# Automatic properties


def test_automatic_properties_are_delivered_and_never_kept(world):
    """CM-05, CM-66."""
    singleton, _ = world.service("a")
    instance, _ = world.service("f~x")

    world.admin.update("a", {"service.pid": "b", "SERVICE.factoryPid": "g", "x": 1})
    world.admin.update("f~x", {"Service.Pid": "b"})
    world.flush()

    assert dict(world.admin.get("a").properties) == {"x": 1}
    assert dict(world.admin.written("a").properties) == {"x": 1}
    assert dict(singleton.calls[-1]) == {"x": 1, "service.pid": "a"}
    assert dict(instance.calls[-1]) == {
        "service.pid": "f~x",
        "service.factoryPid": "f",
    }


def test_storing_what_was_delivered_changes_nothing(world):
    """CM-05, CM-08."""
    service, _ = world.service("f~x")
    world.admin.update("f~x", {"host": "h"})
    world.flush()

    same = world.admin.update("f~x", service.calls[-1])

    assert same.revision == 1


# What was handed out does not change


def test_a_later_update_does_not_change_what_was_handed_out(world):
    """CM-06."""
    service, _ = world.service("a")
    first = world.admin.update("a", {"x": 1})
    world.flush()

    world.admin.update("a", {"x": 2})
    world.flush()

    assert first.properties["x"] == 1
    assert [call["x"] for call in service.calls] == [1, 2]
    with pytest.raises(dataclasses.FrozenInstanceError):
        first.revision = 7


# Nothing new


@pytest.mark.parametrize("same", [{"Port": "80"}, {"port": "80"}, {"port": 80}])
def test_storing_what_is_there_tells_no_one(world, same):
    """CM-03, CM-08."""
    before = world.admin.update("a", {"Port": "80"})
    service, listener = world.service("a")[0], world.listener()
    world.flush()

    after = world.admin.update("a", same)
    world.flush()

    assert after == before
    assert len(service.calls) == 1
    assert listener.events == []


@pytest.mark.parametrize(
    ("before", "after"), [("1", 1), (1, 1.0), (1, True), ([1], [1.0]), ([], "")]
)
def test_another_type_is_another_value(world, before, after):
    """CM-04, CM-08."""
    world.admin.update("a", {"x": before})

    assert world.admin.update("a", {"x": after}).revision == 2


# Revisions


def test_a_revision_never_falls_not_even_over_a_delete(world):
    """CM-09."""
    assert world.admin.update("a", {"x": 1}).revision == 1
    assert world.admin.update("a", {"x": 2}).revision == 2
    assert world.admin.delete("a").revision == 3
    assert world.admin.update("a", {"x": 2}).revision == 4
    assert world.admin.update("b", {}).revision == 1


# Only this revision


def test_a_change_of_another_revision_is_refused_with_both_numbers(world):
    """CM-10."""
    world.admin.update("a", {"x": 1})
    world.admin.update("a", {"x": 2})

    for change in (
        lambda: world.admin.update("a", {"x": 3}, revision=1),
        lambda: world.admin.update("a", {"x": 2}, revision=1),
        lambda: world.admin.delete("a", revision=1),
    ):
        with pytest.raises(RevisionConflictError) as caught:
            change()
        assert (caught.value.expected, caught.value.actual) == (1, 2)

    assert world.admin.get("a").properties == {"x": 2}
    assert world.admin.update("a", {"x": 3}, revision=2).revision == 3
    assert world.admin.delete("a", revision=3).revision == 4


def test_revision_zero_means_only_if_absent(world):
    """CM-10, CM-63."""
    world.admin.update("a", {"x": 1}, revision=0)

    with pytest.raises(RevisionConflictError):
        world.admin.update("a", {"x": 2}, revision=0)
    world.admin.delete("a")

    assert world.admin.update("a", {"x": 2}, revision=0).revision == 3


def test_an_absent_configuration_has_no_other_revision(world):
    """CM-10."""
    with pytest.raises(RevisionConflictError) as caught:
        world.admin.update("a", {}, revision=1)

    assert caught.value.actual == 0


def test_an_update_that_lost_a_race_checks_again(world):
    """CM-10."""

    def win_the_race():
        world.validator.during_check = lambda: None
        world.admin.update("a", {"by": "winner"})

    world.validator.during_check = win_the_race

    assert world.admin.update("a", {"by": "loser"}).revision == 2
    assert world.validator.checks == 3


def test_an_update_of_one_revision_that_lost_a_race_is_told(world):
    """CM-10."""
    world.admin.update("a", {})

    def win_the_race():
        world.validator.during_check = lambda: None
        world.admin.update("a", {"by": "winner"})

    world.validator.during_check = win_the_race

    with pytest.raises(RevisionConflictError):
        world.admin.update("a", {"by": "loser"}, revision=1)

    assert world.admin.get("a").properties == {"by": "winner"}


# The check


def test_what_the_schema_refuses_changes_nothing(world):
    """CM-16, CM-30."""
    world.admin.update("a", {"x": 1})
    service, listener = world.service("a")[0], world.listener()
    world.flush()

    with pytest.raises(InvalidConfigurationError) as caught:
        world.admin.update("a", {"bad": 1})
    world.flush()

    assert world.admin.get("a").properties == {"x": 1}
    assert len(service.calls) == 1
    (event,) = listener.events
    assert facts([event]) == [(CM_REFUSED, "a", 1)]
    assert event.violations == caught.value.violations
    assert event.origin == Origin.API


def test_a_refused_creation_has_no_revision(world):
    """CM-09, CM-30."""
    listener = world.listener()

    with pytest.raises(InvalidConfigurationError):
        world.admin.update("a", {"bad": 1})
    world.flush()

    assert facts(listener.events) == [(CM_REFUSED, "a", 0)]
    assert tuple(world.store.all()) == ()


def test_a_refused_file_is_told_by_its_directory(world):
    """CM-30."""
    listener = world.listener()

    with pytest.raises(InvalidConfigurationError):
        world.admin.update("a", {"bad": 1}, origin=FILE)
    world.flush()
    assert listener.events == []

    world.admin.note_refusal("a", FILE, ())
    world.flush()
    assert facts(listener.events) == [(CM_REFUSED, "a", 0)]


def test_a_schema_that_moves_during_the_check_has_it_run_again(world):
    """CM-35."""
    service, _ = world.service("a")

    def move():
        world.validator.during_check = lambda: None
        world.validator.schema = "second"
        world.validator.defaults = {"mode": "new"}

    world.validator.during_check = move
    world.admin.update("a", {"port": "80"})
    world.flush()

    assert world.validator.checks == 2
    assert dict(service.calls[-1]) == {
        "port": 80,
        "mode": "new",
        "service.pid": "a",
    }


def test_a_schema_that_becomes_stricter_during_the_check_refuses(world):
    """CM-35."""

    def move():
        world.validator.during_check = lambda: None
        world.validator.schema = "second"
        world.validator.refused = {"port"}

    world.validator.during_check = move

    with pytest.raises(InvalidConfigurationError):
        world.admin.update("a", {"port": "80"})

    assert world.admin.find("a") is None


def test_callers_see_what_the_schema_reads_without_its_defaults(world):
    """CM-36."""
    world.validator.defaults = {"mode": "fast"}
    service, _ = world.service("a")

    world.admin.update("a", {"port": "80"})
    world.flush()

    assert dict(world.admin.get("a").properties) == {"port": 80}
    assert dict(world.admin.written("a").properties) == {"port": "80"}
    assert service.calls[-1]["mode"] == "fast"


def test_what_is_write_only_is_masked_wherever_it_is_seen(world):
    """CM-37."""
    world.validator.secrets = {"dsn"}
    service, _ = world.service("a")

    world.admin.update("a", {"dsn": "hunter2"})
    world.flush()

    seen = [world.admin.get("a"), *world.admin.list_configurations(), *service.calls]
    assert "hunter2" not in repr(seen)
    assert service.calls[-1]["dsn"] == "hunter2"


# As written


def test_a_number_becomes_text_where_the_schema_reads_it_back(world):
    world.admin.update("a", {"port": 80, "other": 80})

    assert dict(world.admin.written("a").properties) == {"port": "80", "other": 80}


def test_a_text_stays_as_it_is_while_its_value_does(world):
    """CM-60."""
    world.admin.update("a", {"port": "0080"}, origin=FILE)

    world.admin.update("a", {"port": 80, "new": "x"})
    assert world.admin.written("a").properties["port"] == "0080"
    world.admin.update("a", {"port": 81})
    assert world.admin.written("a").properties["port"] == "81"


def test_a_typed_value_stays_typed_in_a_typed_file(world):
    world.admin.update("a", {"port": 80}, origin=FILE)
    assert world.admin.written("a").properties == {"port": 80}

    world.admin.update("a", {"port": 81})
    assert world.admin.written("a").properties == {"port": 81}
    world.admin.update("a", {"port": 1.5})
    assert world.admin.written("a").properties == {"port": 1.5}


# The gate


def test_a_closed_gate_keeps_out_all_but_files(world):
    """CM-13."""
    world.admin.update("a", {"x": 1})
    gate = FileGate()
    gate.is_closed = True
    world.admin.guard(gate)

    with pytest.raises(ReadOnlyConfigurationError):
        world.admin.update("a", {"x": 2})
    with pytest.raises(ReadOnlyConfigurationError):
        world.admin.delete("a")
    assert world.admin.get("a").revision == 1

    assert world.admin.update("a", {"x": 2}, origin=FILE).revision == 2
    assert world.admin.delete("a", origin=FILE).revision == 3
    assert gate.changed == []


def test_the_gate_is_told_what_did_not_come_from_a_file(world):
    """CM-42."""
    gate = FileGate()
    world.admin.guard(gate)

    world.admin.update("b", {"x": 1})
    world.admin.update("a", {"x": 1})
    world.admin.update("a", {"x": 1})
    world.admin.update("a", {"x": 2}, origin=FILE)
    with pytest.raises(InvalidConfigurationError):
        world.admin.update("a", {"bad": 2})
    world.admin.delete("b")

    assert gate.changed == ["b", "a", "b"]


# The end


def test_a_closed_admin_takes_no_update_and_can_still_be_read(world):
    """CM-58."""
    world.admin.update("a", {"x": 1})

    world.admin.close()

    for pid, properties in (("a", {"x": 1}), ("a", {"x": 2}), ("new", {})):
        with pytest.raises(NotRunningError) as caught:
            world.admin.update(pid, properties)
        assert str(caught.value) == "The admin has been stopped."
    assert [one.pid for one in world.admin.list_configurations()] == ["a"]
    assert world.admin.get("a").properties == {"x": 1}


# The store


def test_what_the_store_did_not_take_changed_nothing(make_world):
    world = make_world(store=FailingStore())
    world.admin.update("a", {"x": 1})
    service, listener = world.service("a")[0], world.listener()
    world.flush()
    world.store.is_reachable = False

    with pytest.raises(StoreError):
        world.admin.update("a", {"x": 2})
    with pytest.raises(StoreError):
        world.admin.delete("a")
    world.flush()
    assert world.admin.get("a").properties == {"x": 1}
    assert (len(service.calls), listener.events) == (1, [])

    world.store.is_reachable = True
    assert world.admin.update("a", {"x": 2}).revision == 2


def test_the_store_keeps_what_was_written_tombstones_included(world):
    """CM-09."""
    world.admin.update("b", {"port": "080"})
    world.admin.update("a", {})
    world.admin.delete("a", origin=FILE)

    assert tuple(world.store.all()) == (
        Configuration("a", Properties(), 2, FILE, deleted=True),
        Configuration("b", Properties({"port": "080"}), 1, Origin.API),
    )


# Managed services


def test_a_service_is_called_once_with_what_is_there(world):
    """CM-15, CM-46."""
    world.admin.update("a", {"x": 1})
    service, registration = world.service("a")
    assert not registration.wait(0)

    world.flush()
    world.flush()

    assert registration.wait(0)
    assert [dict(call) for call in service.calls] == [{"x": 1, "service.pid": "a"}]


def test_a_service_is_called_with_none_if_there_is_nothing(world):
    """CM-15, CM-46."""
    service, registration = world.service("a")

    world.flush()

    assert service.calls == [None]
    assert registration.wait(0)


def test_a_service_follows_changes_and_deletion(world):
    """CM-16, CM-17."""
    service, _ = world.service("a")
    world.flush()
    for number in (1, 2):
        world.admin.update("a", {"x": number})
        world.flush()
    world.admin.delete("a")
    world.flush()
    world.admin.update("a", {"x": 2})
    world.flush()

    assert [call and call["x"] for call in service.calls] == [None, 1, 2, None, 2]


def test_a_busy_service_meets_only_the_newest(world):
    """CM-16, CM-19."""
    service, _ = world.service("a")
    for number in range(10):
        world.admin.update("a", {"x": number})

    world.flush()

    assert [call["x"] for call in service.calls] == [9]


def test_deleted_and_created_again_while_busy_is_the_new_one_alone(world):
    """CM-17."""
    world.admin.update("a", {"x": 1})
    service, _ = world.service("a")
    world.flush()

    world.admin.delete("a")
    world.admin.update("a", {"x": 1})
    world.flush()

    assert [call["x"] for call in service.calls] == [1, 1]


def test_created_and_deleted_while_busy_is_not_told_twice(world):
    """CM-16, CM-17."""
    service, _ = world.service("a")
    world.flush()

    world.admin.update("a", {"x": 1})
    world.admin.delete("a")
    world.flush()

    assert service.calls == [None]


# Callbacks that call back


def test_a_callback_may_change_its_own_configuration(world):
    """CM-18."""
    seen = []

    def count_up(properties):
        number = properties["n"] if properties else 0
        seen.append(number)
        if number < 3:
            world.admin.update("a", {"n": number + 1})

    world.admin.audience.add_managed_service(("a",), count_up)
    world.flush()

    assert seen == [0, 1, 2, 3]
    assert world.admin.get("a").revision == 3


def test_a_callback_may_use_every_entrance(world):
    """CM-18, CM-23."""
    other, _ = world.service("b")

    def use_the_admin(properties):
        world.admin.update("b", {"x": 1})
        assert world.admin.get("b").revision == 1
        world.admin.delete("b")
        world.admin.update("b", {"x": 2})
        world.admin.audience.add_managed_service(("b",), other)
        registration.close(timeout_s=10)

    registration = world.admin.audience.add_managed_service(("a",), use_the_admin)
    world.flush()

    assert world.faults.all() == ()
    assert [call and call["x"] for call in other.calls] == [None, 2, 2]


# Several services, several PIDs


def test_services_are_called_in_ranking_order(world):
    """CM-20."""
    called = []
    for ranking in (0, 7, -7, 7):
        name = f"{ranking} {len(world.admin.audience.registrations())}"
        world.follow("a", lambda _, name=name: called.append(name), ranking=ranking)
    world.flush()
    called.clear()

    world.admin.update("a", {})
    world.flush()

    assert called == ["7 1", "7 3", "0 0", "-7 2"]


def test_a_service_of_several_pids_is_told_which(world):
    """CM-20."""
    called = []
    registration = world.admin.audience.add_managed_service(
        ("a", "b", "a"), lambda pid, properties: called.append((pid, properties))
    )
    world.admin.update("b", {"x": 1})
    world.flush()
    world.admin.delete("b")
    world.flush()

    assert registration.pids == ("a", "b")
    assert called == [
        ("a", None),
        ("b", {"x": 1, "service.pid": "b"}),
        ("b", None),
    ]


def test_what_cannot_be_called_is_not_registered(world):
    """CM-15, CM-20."""
    with pytest.raises(UsageError):
        world.admin.audience.add_managed_service(("a",), object())

    assert world.admin.audience.registrations() == ()


# Unregistering


def test_a_closed_service_is_called_no_more(world):
    """CM-23."""
    service, registration = world.service("a")
    world.flush()
    world.admin.update("a", {"x": 1})

    registration.close()
    world.flush()
    world.admin.update("a", {"x": 2})
    world.flush()

    assert service.calls == [None]
    assert world.admin.audience.registrations() == ()


def test_a_service_may_register_again(world):
    """CM-15, CM-23."""
    service, registration = world.service("a")
    world.flush()
    registration.close()

    world.admin.audience.add_managed_service(("a",), service)
    world.flush()

    assert service.calls == [None, None]


# Listeners


def test_listeners_are_told_everything_in_commit_order(world):
    """CM-29."""
    listener = world.listener()
    world.admin.update("f~a", {"x": 1})
    world.admin.update("b", {"x": 1}, origin=FILE)
    world.admin.update("f~a", {"x": 2})
    world.admin.delete("b")
    assert listener.events == []

    world.flush()

    assert facts(listener.events) == [
        (CM_UPDATED, "f~a", 1),
        (CM_UPDATED, "b", 1),
        (CM_UPDATED, "f~a", 2),
        (CM_DELETED, "b", 2),
    ]
    assert [event.factory_pid for event in listener.events[:2]] == ["f", None]
    assert [event.origin.kind for event in listener.events[:2]] == [
        OriginKind.API,
        OriginKind.FILE,
    ]


def test_a_synchronous_listener_is_told_before_the_change_returns(world):
    """CM-29: of changes and of refusals; others are told later."""
    listener, told = world.listener(), []

    class Synchronous:
        def configuration_event(self, event):
            told.append(event)

    world.admin.audience.add_listener(Synchronous(), synchronous=True)

    world.admin.update("a", {})
    assert facts(told) == [(CM_UPDATED, "a", 1)]
    with pytest.raises(InvalidConfigurationError):
        world.admin.update("a", {"bad": 1})
    assert facts(told[1:]) == [(CM_REFUSED, "a", 1)]
    world.admin.delete("a")
    assert facts(told[2:]) == [(CM_DELETED, "a", 2)]

    assert listener.events == []


def test_a_listener_is_told_nothing_of_the_past(world):
    """CM-29."""
    world.admin.update("a", {})

    listener = world.listener()
    world.flush()

    assert listener.events == []


# Another schema


def test_what_still_fits_is_delivered_again_with_new_defaults(world):
    """CM-16, CM-36."""
    service, listener = world.service("a")[0], world.listener()
    world.admin.update("a", {"port": "1"})
    world.flush()
    world.validator.schema = "second"
    world.validator.defaults = {"mode": "fast"}

    world.admin.recheck("a")
    world.flush()

    assert [call.get("mode") for call in service.calls] == [None, "fast"]
    assert world.admin.get("a").revision == 1
    assert len(listener.events) == 1


def test_a_recheck_under_the_same_schema_is_no_news(world):
    """CM-16."""
    service, _ = world.service("a")
    world.admin.update("a", {})
    world.flush()

    world.admin.recheck("a")
    world.flush()

    assert len(service.calls) == 1


@pytest.mark.parametrize(
    ("origin", "file"), [(FILE, "etc/a.cfg"), (Origin(OriginKind.API, "me"), "a")]
)
def test_what_no_longer_fits_stays_and_is_a_fault(world, origin, file):
    """CM-35."""
    service, _ = world.service("a")
    world.admin.update("a", {"port": "1"}, origin=origin)
    world.flush()
    world.validator.schema = "stricter"
    world.validator.refused = {"port"}

    world.admin.recheck("a")
    world.flush()

    (fault,) = world.faults.all()
    assert (fault.kind, fault.pid) == (FaultKind.CONFIGURATION, "a")
    assert (fault.key, fault.file) == ("port", file)
    assert world.admin.get("a").properties == {"port": 1}
    assert len(service.calls) == 1


@pytest.mark.parametrize(
    "cure", ["an update", "a deletion", "another schema", "the old schema"]
)
def test_the_fault_goes_when_it_is_mended(world, cure):
    """CM-35."""
    world.admin.update("a", {"port": "1"})
    world.validator.schema = "stricter"
    world.validator.refused = {"port"}
    world.admin.recheck("a")
    assert world.faults.all()

    if cure == "an update":
        world.admin.update("a", {})
    elif cure == "a deletion":
        world.admin.delete("a")
    else:
        world.validator.schema = "looser" if cure == "another schema" else "first"
        world.validator.refused = set()
        world.admin.recheck("a")

    assert world.faults.all() == ()


@pytest.mark.parametrize("prepare", ["nothing", "deleted"])
def test_what_is_absent_is_not_rechecked(world, prepare):
    if prepare == "deleted":
        world.admin.update("a", {})
        world.admin.delete("a")
    checks = world.validator.checks

    world.admin.recheck("a")

    assert world.validator.checks == checks


def test_a_recheck_that_lost_a_race_checks_what_is_there_now(world):
    """CM-16, CM-35."""
    service, _ = world.service("a")
    world.admin.update("a", {"x": 1})
    world.validator.schema = "second"

    def win_the_race():
        world.validator.during_check = lambda: None
        world.admin.update("a", {"x": 2})

    world.validator.during_check = win_the_race
    world.admin.recheck("a")
    world.flush()

    assert world.admin.get("a").properties == {"x": 2}
    assert [call["x"] for call in service.calls] == [2]


def test_a_recheck_that_lost_a_race_may_have_to_check_again(world):
    """CM-16, CM-35: the winner was checked by a schema that is not that of now."""
    world.admin.update("a", {"x": 1})
    world.validator.schema = "second"

    def win_the_race():
        world.validator.during_check = lambda: None
        world.admin.update("a", {"x": 2})
        world.validator.schema = "third"
        world.validator.defaults = {"mode": "fast"}

    world.validator.during_check = win_the_race
    world.admin.recheck("a")

    assert delivered_of(world, "a")["mode"] == "fast"


def test_what_was_mended_during_a_recheck_is_no_fault(world):
    """CM-35."""
    world.admin.update("a", {"port": "1"})
    world.validator.schema = "stricter"
    world.validator.refused = {"port"}

    def mend():
        world.validator.during_check = lambda: None
        world.admin.update("a", {"x": 1})

    world.validator.during_check = mend
    world.admin.recheck("a")

    assert world.faults.all() == ()
    assert world.admin.get("a").properties == {"x": 1}


def test_who_is_told_of_a_misfit_may_mend_it_at_once(world):
    """CM-35."""
    world.admin.update("a", {"port": "1"})
    world.validator.schema = "stricter"
    world.validator.refused = {"port"}

    def mend():
        world.when_told = lambda: None
        world.admin.update("a", {"x": 1})

    world.when_told = mend
    world.admin.recheck("a")

    assert [what for what, _ in world.told] == ["came", "went"]
    assert world.faults.all() == ()


def test_who_is_told_that_a_misfit_went_may_change_more(world):
    """CM-35."""
    world.admin.update("a", {"port": "1"})
    world.validator.schema = "stricter"
    world.validator.refused = {"port"}
    world.admin.recheck("a")

    def change_more():
        world.when_told = lambda: None
        world.admin.update("a", {"x": 2})

    world.when_told = change_more
    world.admin.update("a", {"x": 1})

    assert world.admin.get("a").properties == {"x": 2}


def test_a_recheck_under_the_schema_of_the_last_check_asks_nobody(world):
    world.admin.update("a", {"x": 1})
    checks = world.validator.checks

    world.admin.recheck("a")

    assert world.validator.checks == checks


def test_the_schema_says_what_is_secret(world):
    """CM-37."""
    world.validator.secrets = {"dsn"}

    assert world.admin.is_secret("a", "dsn")
    assert not world.admin.is_secret("a", "port")
    assert world.admin.schema_of("a") == world.validator.schema


def test_every_secret_value_is_known(world):
    """CM-37."""
    world.validator.secrets = {"dsn"}
    world.admin.update("a", {"dsn": "amqp://x", "password": 4711, "port": "80"})
    world.admin.update("b", {"tokens": ["one", "other"]})
    world.admin.update("c", {"password": "gone"})
    world.admin.delete("c")

    assert sorted(world.admin.secrets()) == ["4711", "amqp://x", "one", "other"]


def test_checked_properties_say_nothing_of_a_schema_unless_there_is_one():
    assert Checked(Properties()) == Checked(Properties(), Properties(), None)


# CM-60: what was only passed through


def delivered_of(world, pid):
    return world.admin.processed_properties(pid)


def overridden(written, environment, defaults=()):
    """What a check gives where the environment overrides keys."""
    view = Properties(written)
    defaults = Properties(defaults).without([*view, *environment])
    merged = view.with_items(defaults).with_items(environment)
    return Checked(view, defaults, "first", overridden=merged)


class OverridingSmallValidator:
    """Lets an environment override keys; otherwise as `SmallValidator`."""

    def __init__(self, validator, environment, secrets=(), defaults=()):
        self.validator = validator
        self.environment = environment
        self.secrets = secrets
        self.defaults = defaults

    def __getattr__(self, name):
        return getattr(self.validator, name)

    def check(self, pid, properties):  # noqa: ARG002 - one schema for all
        checked = overridden(properties, self.environment, self.defaults)
        return dataclasses.replace(checked, secrets=tuple(self.secrets))

    def without(self, pid):
        return self.check(pid, Properties())


@pytest.fixture
def overridden_world(make_world, small_validator):
    validator = small_validator()
    validator.numbers = set()
    return make_world(
        validator=OverridingSmallValidator(
            validator,
            environment={"from-outside": "pw", "both": "outside"},
            secrets=["s3cret"],
            defaults={"url": "amqp://s3cret@a", "plain": "d"},
        )
    )


def test_an_override_is_not_written_to_what_is_stored(overridden_world):
    """CM-60, CM-50: neither where there is no configuration yet, nor where there is."""
    world = overridden_world
    for port in ("1", "2"):
        world.admin.update("a", {**delivered_of(world, "a"), "port": port})

        assert dict(world.admin.written("a").properties) == {
            "plain": "d",
            "port": port,
        }


def test_what_an_override_hides_stays_as_it_was_written(overridden_world):
    """CM-60, CM-50."""
    world = overridden_world
    world.admin.update("a", {"both": "file"})

    world.admin.update("a", {**delivered_of(world, "a"), "port": "1"})

    assert world.admin.written("a").properties["both"] == "file"


@pytest.mark.parametrize("revision", ["1", 1.0, True])
def test_a_revision_is_a_whole_number(world, revision):
    """CM-10."""
    world.admin.update("a", {})

    with pytest.raises(UsageError, match=r"revision is .*: write a whole number"):
        world.admin.update("a", {"x": 1}, revision=revision)
