"""Managed service factories: every instance, in order, to its end."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_admin.core.errors import (
    ConfigurationError,
    InvalidConfigurationError,
    InvalidPidError,
)

LIMIT_S = 10.0


def facts(factory):
    """Its calls: the PID with the value of x, or None when it is gone."""
    return [
        (pid, None if properties is None else properties["x"])
        for pid, properties in factory.calls
    ]


def put(world, *pids, x=1):
    for pid in pids:
        world.admin.update(pid, {"x": x})


# CM-26


def test_on_registration_every_instance_comes_once_in_pid_order(world):
    """CM-26, CM-15."""
    put(world, "f~b", "f~a", "g~a", "f", "f~c")
    world.admin.delete("f~c")

    factory, _ = world.factory("f")
    world.flush()
    world.flush()

    assert facts(factory) == [("f~a", 1), ("f~b", 1)]
    assert factory.calls[0][1] == {
        "x": 1,
        "service.pid": "f~a",
        "service.factoryPid": "f",
    }


def test_factories_are_called_in_ranking_order(world):
    """CM-20, CM-26: of one rank, the oldest first."""
    calls = []

    class Ranked:
        def __init__(self, name):
            self.name = name

        def updated(self, pid, _):
            calls.append((self.name, pid))

        def deleted(self, pid):
            calls.append((self.name, f"no {pid}"))

    for name, ranking in (("zero", 0), ("high", 5), ("low", -5), ("other zero", 0)):
        world.follow_instances("f", Ranked(name), ranking=ranking)
    world.flush()

    put(world, "f~x")
    world.flush()
    world.admin.delete("f~x")
    world.flush()

    in_order = ["high", "zero", "other zero", "low"]
    assert calls == [(name, pid) for pid in ("f~x", "no f~x") for name in in_order]


def test_an_instance_comes_changes_and_goes(world):
    """CM-26."""
    factory, _ = world.factory("f")
    for number in (1, 2):
        put(world, "f~x", x=number)
        world.flush()
    world.admin.delete("f~x")
    world.flush()

    assert facts(factory) == [("f~x", 1), ("f~x", 2), ("f~x", None)]


def test_what_never_was_seen_is_not_deleted(world):
    """CM-26."""
    factory, _ = world.factory("f")
    put(world, "f~x")
    world.admin.delete("f~x")

    world.flush()

    assert factory.calls == []


def test_a_busy_factory_meets_only_the_newest(world):
    """CM-26, CM-19."""
    factory, _ = world.factory("f")
    for number in range(10):
        put(world, "f~x", x=number)

    world.flush()

    assert facts(factory) == [("f~x", 9)]


def test_a_deletion_is_told_even_before_a_re_creation(world):
    """CM-26: though the two came while the factory was busy."""
    factory, _ = world.factory("f")
    put(world, "f~x", x=1)
    world.flush()

    world.admin.delete("f~x")
    put(world, "f~x", x=1)
    world.flush()

    assert facts(factory) == [("f~x", 1), ("f~x", None), ("f~x", 1)]


def test_several_re_creations_while_busy_are_one(world):
    """CM-26: it is told that what it has seen is gone, once."""
    factory, _ = world.factory("f")
    put(world, "f~x", x=0)
    world.flush()
    for number in (1, 2, 3):
        world.admin.delete("f~x")
        put(world, "f~x", x=number)

    world.flush()

    assert facts(factory) == [("f~x", 0), ("f~x", None), ("f~x", 3)]


def test_an_instance_that_is_deleted_during_its_own_call_is_told_so(busy_world):
    """CM-26: on threads, the deletion and a re-creation come while it runs."""
    started, released = threading.Event(), threading.Event()
    calls = []

    class Factory:
        def updated(self, pid, properties):
            calls.append((pid, properties["x"]))
            started.set()
            assert released.wait(LIMIT_S)

        def deleted(self, pid):
            calls.append((pid, None))

    busy_world.follow_instances("f", Factory())
    put(busy_world, "f~x", x=1)
    assert started.wait(LIMIT_S)
    busy_world.admin.delete("f~x")
    put(busy_world, "f~x", x=2)
    put(busy_world, "f~x", x=3)
    released.set()
    busy_world.flush()

    assert calls == [("f~x", 1), ("f~x", None), ("f~x", 3)]


def test_instances_are_served_in_the_order_of_their_changes(world):
    """CM-26."""
    factory, _ = world.factory("f")
    world.flush()

    put(world, "f~c", "f~a", "f~b")
    world.admin.delete("f~c")
    put(world, "f~c", "f~a", x=2)
    world.flush()

    assert facts(factory) == [("f~c", 2), ("f~a", 2), ("f~b", 1)]


def test_one_instance_that_raises_does_not_stop_the_others(world):
    """CM-26, CM-21."""
    factory, _ = world.factory("f")
    factory.errors["f~b"] = ConfigurationError("x", "is taken")
    put(world, "f~a", "f~b", "f~c")

    world.flush()

    assert facts(factory) == [("f~a", 1), ("f~b", 1), ("f~c", 1)]
    (fault,) = world.faults.all()
    assert (fault.pid, fault.key) == ("f~b", "x")


def test_an_instance_that_was_refused_is_deleted_all_the_same(world):
    """CM-26: the factory has seen it, and may have begun with it. The fault goes."""
    factory, _ = world.factory("f")
    factory.errors["f~x"] = ConfigurationError("x", "is taken")
    put(world, "f~x")
    world.flush()
    factory.errors.clear()

    world.admin.delete("f~x")
    world.flush()

    assert facts(factory) == [("f~x", 1), ("f~x", None)]
    assert world.faults.all() == ()


def test_a_deletion_that_raises_is_a_fault_and_harms_nobody(world):
    """CM-26, CM-21: a re-creation that succeeds makes up for it."""
    factory, _ = world.factory("f")
    put(world, "f~x", "f~y")
    world.flush()
    factory.errors["f~x"] = OSError("is in use")

    world.admin.delete("f~x")
    world.admin.delete("f~y")
    world.flush()

    (fault,) = world.faults.all()
    assert fault.pid == "f~x"
    assert fault.found.startswith("OSError: is in use")
    assert fault.expected.endswith("Factory to take that f~x has no configuration")
    assert facts(factory)[2:] == [("f~x", None), ("f~y", None)]
    factory.errors.clear()

    put(world, "f~x")
    world.flush()

    assert facts(factory)[4:] == [("f~x", 1)]
    assert world.faults.all() == ()


def test_a_factory_may_change_its_own_instances(world):
    """CM-26, CM-18: also delete the one that it is called with, and make it again."""
    calls = []

    class Factory:
        def updated(self, pid, properties):
            calls.append((pid, properties["x"]))
            if properties["x"] == 1:
                world.admin.delete(pid)
                world.admin.update(pid, {"x": 2})
                world.admin.update("f~other", {"x": 3})

        def deleted(self, pid):
            calls.append((pid, None))

    world.follow_instances("f", Factory())
    put(world, "f~x")
    world.flush()

    assert calls == [("f~x", 1), ("f~x", None), ("f~x", 2), ("f~other", 3)]
    assert world.faults.all() == ()


def test_a_factory_that_is_interrupted_is_told_no_deletion_twice(world):
    """CM-26, CM-21: an interrupt of the program goes through."""
    factory, _ = world.factory("f")
    put(world, "f~x")
    world.flush()
    factory.errors["f~x"] = KeyboardInterrupt()
    world.admin.delete("f~x")

    with pytest.raises(KeyboardInterrupt):
        world.dispatcher.flush()
    factory.errors.clear()
    world.flush()
    put(world, "f~x", x=2)
    world.flush()

    assert facts(factory) == [("f~x", 1), ("f~x", None), ("f~x", 2)]


# Its own check


class Particular:
    """A factory with a check; notes its calls."""

    def __init__(self):
        self.calls = []
        self.refused = {2}

    def check(self, pid, properties):
        if properties["x"] in self.refused:
            raise ConfigurationError("x", f"{pid} cannot have it")

    def updated(self, pid, properties):
        self.calls.append((pid, properties))

    def deleted(self, pid):
        self.calls.append((pid, None))


def test_a_factory_may_veto_an_instance(world):
    """CM-22, CM-26: with the PID; nothing has changed then."""
    factory = Particular()
    world.follow_instances("f", factory)
    put(world, "f~x")

    with pytest.raises(InvalidConfigurationError) as caught:
        put(world, "f~x", x=2)
    world.flush()

    (violation,) = caught.value.violations
    assert (violation.key, violation.rule) == ("x", "check")
    assert "f~x cannot have it" in violation.found
    assert facts(factory) == [("f~x", 1)]


def test_what_was_there_before_is_checked_before_it_is_delivered(world):
    """CM-22, CM-26: the factory never sees it, so it is told of no end either."""
    put(world, "f~x", x=2)
    factory = Particular()
    world.follow_instances("f", factory)
    world.flush()
    (fault,) = world.faults.all()
    assert (fault.pid, fault.key) == ("f~x", "x")
    assert fault.found == "f~x cannot have it"

    world.admin.delete("f~x")
    world.flush()

    assert factory.calls == []
    assert world.faults.all() == ()  # of an instance that is gone


def test_an_instance_that_is_seen_at_last_is_deleted_at_last(world):
    """CM-22, CM-26: refused, then mended."""
    put(world, "f~x", x=2)
    factory = Particular()
    world.follow_instances("f", factory)
    world.flush()

    put(world, "f~x", x=3)
    world.flush()
    world.admin.delete("f~x")
    world.flush()

    assert facts(factory) == [("f~x", 3), ("f~x", None)]
    assert world.faults.all() == ()


# CM-26, as a law

PIDS = ["f~x", "f~y"]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("update"), st.sampled_from(PIDS), st.integers(0, 2)),
        st.tuples(st.just("delete"), st.sampled_from(PIDS)),
        st.tuples(st.just("fail"), st.sampled_from(PIDS)),
        st.tuples(st.just("succeed")),
        st.tuples(st.just("flush")),
    ),
    max_size=30,
)


@given(steps=STEPS)
def test_whatever_happens_a_factory_knows_each_instance_to_its_end(make_world, steps):
    """CM-26, CM-21: each life has one end, and what is known last is what is there."""
    world = make_world()
    factory, registration = world.factory("f")
    lives = dict.fromkeys(PIDS, 0)
    for kind, *of in steps:
        if kind == "update":
            lives[of[0]] += world.admin.find(of[0]) is None
            put(world, of[0], x=(lives[of[0]], of[1]))
        elif kind == "delete" and world.admin.find(of[0]):
            world.admin.delete(of[0])
        elif kind == "fail":
            factory.errors[of[0]] = ConfigurationError(None, "no")
        elif kind == "succeed":
            factory.errors.clear()
        elif kind == "flush":
            world.flush()
    factory.errors.clear()
    world.flush()

    for pid in PIDS:
        known = None  # the life that the factory knows
        calls = [x for called, x in facts(factory) if called == pid]
        for x in calls:
            if x is None:
                assert known is not None
            else:
                assert known in (None, x[0])
            known = x and x[0]
        there = world.admin.find(pid)
        assert (calls[-1] if known else None) == (there and there.properties["x"])
    there = {one.pid for one in world.admin.list_configurations()}
    assert set(registration.records) == there


# CM-27: a factory and a service


def test_a_factory_and_a_service_of_one_pid_get_what_is_their_own(world):
    """CM-27: registrations of the factory PID itself."""
    factory, _ = world.factory("f")
    service, _ = world.service("f")
    put(world, "f", "f~x")

    world.flush()

    assert [call["service.pid"] for call in service.calls] == ["f"]
    assert facts(factory) == [("f~x", 1)]


def test_a_service_may_follow_an_instance_beside_its_factory(world):
    """CM-27: the end of it is None for one and `deleted` for the other."""
    factory, _ = world.factory("f")
    service, _ = world.service("f~x")
    put(world, "f~x", "f~y")
    world.flush()

    world.admin.delete("f~x")
    world.flush()

    assert [call and call["service.pid"] for call in service.calls] == ["f~x", None]
    assert facts(factory) == [("f~x", 1), ("f~y", 1), ("f~x", None)]


# CM-28: unregistered


def test_what_was_deleted_meanwhile_is_simply_not_there(world):
    """CM-28: the same factory comes back, and is not told of what it has missed."""
    factory, registration = world.factory("f")
    put(world, "f~x", "f~y")
    world.flush()
    registration.close()
    factory.calls.clear()

    world.admin.delete("f~x")
    world.flush()
    world.follow_instances("f", factory)
    world.flush()

    assert facts(factory) == [("f~y", 1)]


def test_a_closed_factory_is_told_of_no_deletion(world):
    """CM-23, CM-28: not even of one that waited for it."""
    factory, registration = world.factory("f")
    put(world, "f~x")
    world.flush()
    factory.calls.clear()
    world.admin.delete("f~x")

    registration.close()
    world.flush()

    assert factory.calls == []


def test_a_factory_may_close_itself(world):
    """CM-23, CM-18: no other instance follows."""
    calls = []

    class Factory:
        def updated(self, pid, _):
            calls.append(pid)
            registration.close(LIMIT_S)

        def deleted(self, pid):
            calls.append(pid)

    registration = world.follow_instances("f", Factory())
    put(world, "f~a", "f~b")
    world.flush()

    assert calls == ["f~a"]


# CM-46: first attempts


def test_a_factory_is_waited_for_until_each_instance_was_tried(world):
    """CM-46: also the one that it refused."""
    put(world, "f~a", "f~b")
    factory, registration = world.factory("f")
    factory.errors["f~a"] = ConfigurationError(None, "no")
    assert not registration.wait(0)

    world.flush()

    assert registration.wait(0)
    assert len(factory.calls) == 2


def test_a_factory_without_instances_is_not_waited_for(world):
    """CM-46."""
    _, registration = world.factory("f")

    world.flush()

    assert registration.wait(0)


def test_a_factory_is_waited_for_while_an_instance_takes_long(busy_world, released):
    """CM-46: on threads."""
    started = threading.Event()

    class Factory:
        def updated(self, pid, _):
            if pid == "f~b":
                started.set()
                assert released.wait(LIMIT_S)

        def deleted(self, pid):
            """Lets go of it."""

    put(busy_world, "f~a", "f~b", "f~c")
    registration = busy_world.follow_instances("f", Factory())
    assert started.wait(LIMIT_S)
    assert not registration.wait(0)

    released.set()

    assert registration.wait(LIMIT_S)


# What is kept of instances


def test_nothing_is_kept_of_instances_that_are_gone(world):
    """CM-26: not of those that succeeded, were refused or were never seen."""
    factory, registration = world.factory("f")
    for number in range(20):
        pid = f"f~{number}"
        if number % 2:
            factory.errors[pid] = ConfigurationError(None, "no")
        put(world, pid)
        world.flush()
        factory.errors.clear()
        world.admin.delete(pid)
        world.flush()

    assert registration.records == {}
    assert registration.faulty == set()
    assert world.faults.all() == ()


# What a factory PID is


@pytest.mark.parametrize("pid", ["f~x", "f|app~x", "f~x~y"])
def test_an_instance_is_no_factory(world, pid):
    """CM-02: nothing could ever be an instance of it."""
    with pytest.raises(InvalidPidError) as caught:
        world.factory(pid)

    assert str(caught.value) == (
        f"'{pid}' cannot be a PID: it is an instance, not a factory."
    )
    assert world.admin.audience.registrations() == ()


@pytest.mark.parametrize("pid", ["", "../f", None])
def test_what_is_no_pid_is_no_factory(world, pid):
    """CM-01."""
    with pytest.raises(InvalidPidError):
        world.factory(pid)


def test_an_instance_may_have_a_name_with_signs_of_its_own(world):
    """CM-02, CM-26: the first ``~`` splits."""
    factory, _ = world.factory("f")
    put(world, "f~x~y", "f~x|y")

    world.flush()

    assert [pid for pid, _ in factory.calls] == ["f~x~y", "f~x|y"]
    assert {properties["service.factoryPid"] for _, properties in factory.calls} == {
        "f"
    }


def test_what_came_and_went_unseen_mends_no_end_that_failed(world):
    """CM-26, CM-21: a success does."""
    factory, _ = world.factory("f")
    factory.errors["f~x"] = ValueError("cannot end")
    world.admin.update("f~x", {})
    world.flush()
    world.admin.delete("f~x")
    world.flush()
    failed = world.faults.all()
    assert len(failed) == 1

    world.admin.update("f~x", {})
    world.admin.delete("f~x")
    world.flush()
    assert world.faults.all() == failed

    factory.errors.clear()
    world.admin.update("f~x", {})
    world.flush()
    assert world.faults.all() == ()
