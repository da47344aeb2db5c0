"""Who is registered, for what, in which rank."""

import functools

import pytest

from config_admin.core.dispatch import InlineDispatcher
from config_admin.core.errors import UsageError
from config_admin.core.registry import (
    Registration,
    Registry,
    ServiceRegistration,
    adapt_service,
    service_name,
)


class Follower:
    def updated(self, properties):
        return ("object", properties)


class ManyFollower:
    def updated(self, pid, properties):
        return (pid, properties)


class Callable:
    def __call__(self, properties):
        return ("callable", properties)


class Coroutine:
    async def updated(self, properties):
        """Would have to run on a loop."""


class CoroutineCallable:
    async def __call__(self, properties):
        """Would have to run on a loop."""


class Unready:
    updated = "soon"


def function(properties):
    return ("function", properties)


def function_of_both(pid, properties):
    return (pid, properties)


async def coroutine(properties):
    """Would have to run on a loop."""


def registration(pids=("a",), service=function, ranking=0):
    lane = InlineDispatcher().lane("lane")
    return ServiceRegistration(lane, pids, service, ranking)


# What may be registered


@pytest.mark.parametrize(
    ("service", "result"),
    [
        (Follower(), ("object", "p")),
        (Follower().updated, ("object", "p")),
        (Callable(), ("callable", "p")),
        (function, ("function", "p")),
        (functools.partial(function_of_both, "x"), ("x", "p")),
        (lambda properties, extra="e": (properties, extra), ("p", "e")),
        (lambda *properties: properties, ("p",)),
    ],
)
def test_a_service_of_one_pid_is_called_with_properties(service, result):
    assert adapt_service(("a",), service)("a", "p") == result


@pytest.mark.parametrize("service", [ManyFollower(), function_of_both])
def test_a_service_of_several_pids_is_called_with_pid_and_properties(service):
    assert adapt_service(("a", "b"), service)("b", "p") == ("b", "p")


def test_a_builtin_without_a_signature_is_taken_on_trust():
    kept = {}

    adapt_service(("a",), kept.update)("a", {"port": 1})

    assert kept == {"port": 1}


@pytest.mark.parametrize(
    ("pids", "service", "words"),
    [
        (("a",), Follower, "is a class: register an instance of it."),
        (("a",), object(), "cannot be called."),
        (("a",), Unready(), "cannot be called."),
        (("a",), None, "cannot be called."),
        (("a",), Coroutine(), "is a coroutine function: register a plain one."),
        (("a",), CoroutineCallable(), "is a coroutine function"),
        (("a",), coroutine, "is a coroutine function: register a plain one."),
        (("a",), lambda: None, "has to take (properties): too many positional"),
        (("a",), function_of_both, "has to take (properties): missing a required"),
        (("a", "b"), Follower(), "has to take (pid, properties): too many"),
    ],
)
def test_what_cannot_be_called_is_refused_at_once(pids, service, words):
    with pytest.raises(UsageError) as caught:
        adapt_service(pids, service)

    assert words in str(caught.value)
    assert service_name(service) in str(caught.value)


@pytest.mark.parametrize(
    ("service", "name"),
    [
        (function, "function"),
        (Follower(), "Follower"),
        (Follower, "Follower"),
        (Follower().updated, "Follower.updated"),
    ],
)
def test_a_service_is_called_by_its_qualified_name(service, name):
    assert service_name(service) == f"{__name__}.{name}"


def test_a_decorated_function_still_is_one():
    assert registration(service=function)("p") == ("function", "p")
    assert registration(("a", "b"), function_of_both)("a", "p") == ("a", "p")
    assert registration(service=Follower())("p") == ("object", "p")


# Who is served


def test_services_are_in_ranking_order_then_the_oldest_first():
    registry = Registry()
    ranked = [registration(ranking=ranking) for ranking in (0, 5, -1, 5, 0)]
    for one in ranked:
        registry.add_service(one)

    old, high, low, high_later, old_later = ranked
    assert registry.services_of("a") == (high, high_later, old, old_later, low)
    assert registry.services_of("b") == ()


def test_a_service_of_several_pids_is_listed_once():
    registry = Registry()
    several, one = registration(("a", "b"), function_of_both), registration(("b",))
    registry.add_service(several)
    registry.add_service(one)

    assert registry.services() == (several, one)
    assert registry.services_of("a") == (several,)
    assert registry.services_of("b") == (several, one)


def test_a_closed_service_is_served_no_more():
    registry = Registry()
    several, one = registration(("a", "b"), function_of_both), registration(("b",))
    registry.add_service(several)
    registry.add_service(one)

    several.close()
    several.close()

    assert registry.services() == (one,)
    assert registry.services_of("a") == ()


def test_a_closed_listener_is_told_no_more():
    registry = Registry()
    first, second = (
        Registration(InlineDispatcher().lane("listener"), ()) for _ in range(2)
    )
    registry.add_listener(first, "first")
    registry.add_listener(second, "second")

    first.close()

    assert registry.listeners == ((second, "second"),)


def test_who_iterates_sees_one_state():
    registry = Registry()
    registry.add_service(registration())
    seen = registry.services_of("a")

    registry.add_service(registration())

    assert len(seen) == 1


# Receipts


def test_a_service_is_waited_for_until_each_pid_was_tried():
    receipt = registration(("a", "b"), function_of_both)

    receipt.note_attempt("a", "state")
    assert not receipt.wait(0)
    receipt.note_attempt("a", "newer state")
    assert not receipt.wait(0)
    receipt.note_attempt("b", "state")

    assert receipt.wait(0)
    assert receipt.delivered == {"a": "newer state", "b": "state"}


def test_nobody_waits_for_what_was_closed():
    receipt = registration()

    receipt.close()

    assert receipt.wait()


def test_a_listener_has_no_first_call_to_wait_for():
    assert Registration(InlineDispatcher().lane("listener"), ()).wait(0)


def test_closing_tells_whoever_asked_for_it():
    told = []
    receipt = registration()
    receipt.on_close(lambda: told.append(receipt.lane.is_closed))

    receipt.close()

    assert told == [True]
