"""Who is registered, for what, in which rank."""

import pytest

from config_admin.core.adapting import adapted_factory, adapted_service
from config_admin.core.coroutines import Home
from config_admin.core.dispatch import InlineDispatcher
from config_admin.core.receipts import Receipt, Record
from config_admin.core.registration import (
    ListenerRegistration,
    ServiceRegistration,
)
from config_admin.core.registry import Registry
from config_admin.core.targets import Target


class Follower:
    def updated(self, properties):
        return ("object", properties)


class Factory:
    def updated(self, pid, properties):
        """Takes an instance."""

    def deleted(self, pid):
        """Lets go of it."""


def function(properties):
    return ("function", properties)


def function_with_options(properties, *, changed=()):
    return (properties, changed)


def function_of_both(pid, properties):
    return (pid, properties)


def registration(pids=("a",), service=function, ranking=0, target=None):
    lane = InlineDispatcher().lane("lane")
    takes_pid = len(pids) > 1
    adapted = adapted_service(
        service, takes_pid=takes_pid, into=None, lane=lane, home=Home()
    )
    return ServiceRegistration(lane, pids, adapted, target, ranking)


def factory(factory_pid, ranking=0, target=None):
    lane = InlineDispatcher().lane("lane")
    adapted = adapted_factory(Factory(), into=None, lane=lane, home=Home())
    return ServiceRegistration(lane, (factory_pid,), adapted, target, ranking)


def listener():
    lane = InlineDispatcher().lane("listener")
    return ListenerRegistration(lane, lambda _event: None, synchronous=False)


def registry_of(*registrations):
    registry = Registry()
    for one in registrations:
        registry.add(one)
    return registry


def followers(registry, pid):
    return [one for one, _ in registry.followers_of(pid)]


def test_a_decorated_function_still_is_one():
    assert registration(service=function)("p") == ("function", "p")
    assert registration(("a", "b"), function_of_both)("a", "p") == ("a", "p")
    assert registration(service=Follower())("p") == ("object", "p")
    decorated = registration(service=function_with_options)
    assert decorated("p", changed={"x"}) == ("p", {"x"})


# Who is served


def test_services_are_in_ranking_order_then_the_oldest_first():
    """CM-20."""
    ranked = [registration(ranking=ranking) for ranking in (0, 5, -1, 5, 0)]
    registry = registry_of(*ranked)

    old, high, low, high_later, old_later = ranked
    assert followers(registry, "a") == [high, high_later, old, old_later, low]
    assert followers(registry, "b") == []


def test_a_service_of_several_pids_is_listed_once():
    """CM-20."""
    several, one = registration(("a", "b"), function_of_both), registration(("b",))
    registry = registry_of(several, one)

    assert registry.all() == (several, one)
    assert followers(registry, "a") == [several]
    assert followers(registry, "b") == [several, one]


def test_a_closed_service_is_served_no_more():
    """CM-23."""
    several, one = registration(("a", "b"), function_of_both), registration(("b",))
    registry = registry_of(several, one)

    several.close()
    several.close()

    assert registry.all() == (one,)
    assert followers(registry, "a") == []
    assert set(registry._services._by_pid) == {"b"}  # nothing is kept of it


def test_ten_thousand_services_of_one_pid_keep_their_order():
    """CM-20, CM-23: as they come, and as they go again."""
    one = registration()
    every = [
        ServiceRegistration(one.lane, one.pids, one.adapted, None, number % 7)
        for number in range(10_000)
    ]
    registry = registry_of(*every)
    wanted = sorted(every, key=lambda one: -one.ranking)
    assert followers(registry, "a") == wanted

    for one in every[::2]:
        one.close()

    assert followers(registry, "a") == [one for one in wanted if not one.is_closed]
    assert len(registry.all()) == 5_000


def test_no_two_registrations_have_one_number():
    """CM-22: it tells them apart when one of them is gone."""
    numbers = [make().number for make in (registration, listener) for _ in range(10)]

    assert len(set(numbers)) == 20


def test_a_closed_listener_is_told_no_more():
    """CM-29, CM-23."""
    registry = Registry()
    first, second = listener(), listener()
    registry.add_listener(first)
    registry.add_listener(second)

    first.close()

    assert registry.listeners == (second,)


def test_who_iterates_sees_one_state():
    """CM-20."""
    registry = registry_of(registration(), registration())
    seen = registry.followers_of("a")
    next(seen)

    registry.add(registration())

    assert len(list(seen)) == 1


def test_a_targeted_pid_concerns_those_it_is_meant_for_too():
    """CM-34: in ranking order, whichever PID they registered for."""
    meant = registration(target=Target("app", "1"), ranking=-1)
    other = registration(target=Target("other"))
    nobody = registration()
    exact = registration(("a|app|1",))
    registry = registry_of(meant, other, nobody, exact)

    assert list(registry.followers_of("a|app|1")) == [(exact, "a|app|1"), (meant, "a")]
    assert list(registry.followers_of("a|app|1|there")) == []
    assert followers(registry, "a") == [other, nobody, meant]


def test_instances_concern_factories_by_their_targeted_factory_pid():
    """CM-56."""
    meant = factory("f", target=Target("app"), ranking=-1)
    plain = factory("f")
    exact = factory("f|app")
    registry = registry_of(meant, plain, exact)

    assert list(registry.followers_of("f|app~x")) == [
        (exact, "f|app~x"),
        (meant, "f|app~x"),
    ]
    assert followers(registry, "f~x") == [plain, meant]
    assert followers(registry, "f") == []


def test_an_instance_concerns_whoever_registered_for_its_pid_too():
    """CM-27: services come before factories."""
    instances, service = factory("f", ranking=9), registration(("f~x",))
    registry = registry_of(instances, service)

    assert followers(registry, "f~x") == [service, instances]


# Receipts


def test_a_service_is_waited_for_until_each_pid_was_tried():
    """CM-46, CM-20."""
    receipt = registration(("a", "b"), function_of_both)

    receipt.keep("a", Record(Receipt("lane", "a"), "state"))
    receipt.keep("a", Record(Receipt("lane", "a"), "newer state"))
    assert not receipt.wait(0)
    receipt.keep("b", Record(Receipt("lane", "b"), "state"))

    assert receipt.wait(0)
    assert receipt.record("a").state == "newer state"
    assert receipt.record("c") == Record(Receipt("lane", "c"))


def test_nobody_waits_for_what_was_closed():
    """CM-46, CM-23."""
    receipt = registration()

    receipt.close()

    assert receipt.wait()


def test_a_listener_has_no_first_call_to_wait_for():
    """CM-46."""
    assert listener().wait(0)


@pytest.mark.parametrize("make", [registration, listener])
def test_closing_tells_whoever_asked_for_it(make):
    """CM-23."""
    told = []
    receipt = make()
    receipt.on_close(lambda: told.append((receipt.is_closed, receipt.lane.is_closed)))

    receipt.close()

    assert told == [(True, True)]
