"""Listeners: told in commit order; synchronous ones before the change returns."""

import threading

import pytest

from config_admin.core.configuration import Origin
from config_admin.core.errors import InvalidConfigurationError
from config_admin.core.events import CM_DELETED, CM_REFUSED, CM_UPDATED
from config_admin.core.parts import Limits

LIMIT_S = 10.0
FILE = Origin.file("etc/a.cfg")


class Listener:
    """Notes the events it is told, and does more."""

    def __init__(self, also=lambda _event: None):
        self.events = []
        self.also = also

    def configuration_event(self, event):
        self.events.append(event)
        self.also(event)


def facts(events):
    return [(event.type, event.pid, event.revision) for event in events]


@pytest.fixture
def synchronous():
    """Register a synchronous listener: `synchronous(world, also)`."""

    def register(world, also=lambda _event: None):
        listener = Listener(also)
        world.admin.audience.add_listener(listener, synchronous=True)
        return listener

    return register


# Synchronous ones


def test_a_synchronous_listener_is_told_before_the_change_returns(world, synchronous):
    """CM-29: and only that: other callbacks wait for their turn."""
    listener, other = synchronous(world), world.listener()
    service, _ = world.service("a")

    world.admin.update("a", {"x": 1})
    assert facts(listener.events) == [(CM_UPDATED, "a", 1)]
    world.admin.delete("a")
    assert facts(listener.events)[1:] == [(CM_DELETED, "a", 2)]
    with world.admin.transaction() as transaction:
        transaction.update("b", {})
        transaction.update("c", {})
    assert facts(listener.events)[2:] == [(CM_UPDATED, "b", 1), (CM_UPDATED, "c", 1)]

    assert (other.events, service.calls) == ([], [])


def test_a_synchronous_listener_sees_what_was_committed(world, synchronous):
    """CM-29."""
    seen = []
    synchronous(world, lambda event: seen.append(world.admin.get(event.pid).properties))

    world.admin.update("a", {"x": 1})

    assert seen == [{"x": 1}]


def test_a_synchronous_listener_is_told_a_refusal_before_it_is_raised(
    world, synchronous
):
    """CM-29, CM-30."""
    listener = synchronous(world)

    for properties in ({"bad": 1}, {"x": None}):
        with pytest.raises(InvalidConfigurationError) as caught:
            world.admin.update("a", properties)
        assert listener.events[-1].type is CM_REFUSED
        assert listener.events[-1].violations == caught.value.violations


def test_storing_what_is_there_tells_no_synchronous_listener(world, synchronous):
    """CM-08, CM-29."""
    world.admin.update("a", {"x": 1})
    listener = synchronous(world)

    world.admin.update("a", {"x": 1})

    assert listener.events == []


def test_for_a_file_nobody_waits(world, synchronous):
    """CM-29: there is no caller; it is told as others are."""
    listener = synchronous(world)

    world.admin.update("a", {"x": 1}, origin=FILE)
    world.admin.note_refusal("a", FILE, ())
    assert listener.events == []
    world.flush()

    assert facts(listener.events) == [(CM_UPDATED, "a", 1), (CM_REFUSED, "a", 1)]


def test_a_synchronous_listener_that_raises_harms_nobody(world, synchronous):
    """CM-29."""

    def fail(_):
        raise OSError("disk full")

    failing, other = synchronous(world, fail), synchronous(world)

    assert world.admin.update("a", {"x": 1}).revision == 1

    assert len(failing.events) == len(other.events) == 1
    (fault,) = world.faults.all()
    assert fault.found.startswith("OSError: disk full")
    assert fault.expected.endswith("Listener to take CM_UPDATED of a")


def test_of_an_update_in_a_synchronous_listener_it_hears_after_that(world, synchronous):
    """CM-29: it commits at once, and its event waits behind this one."""
    order = []

    def follow(event):
        order.append(f"begin {event.pid}")
        if event.pid == "a":
            after = world.admin.update("b", {"from": "a"})
            assert world.admin.get("b") == after
        order.append(f"end {event.pid}")

    synchronous(world, follow)

    world.admin.update("a", {})
    world.flush()

    assert order == ["begin a", "end a", "begin b", "end b"]
    assert world.faults.all() == ()


def test_an_update_in_a_callback_waits_for_no_synchronous_listener(world, synchronous):
    """CM-29: it hears of it when that callback has returned."""
    listener, heard = synchronous(world), []

    def updated(_):
        world.admin.update("b", {})
        heard.append(list(listener.events))

    world.follow("a", updated)
    world.flush()

    assert heard == [[]]
    assert facts(listener.events) == [(CM_UPDATED, "b", 1)]


def test_a_closed_listener_is_told_nothing_more(world, synchronous):
    """CM-23, CM-29."""
    listener = Listener()
    registration = world.admin.audience.add_listener(listener, synchronous=True)
    assert registration.wait(0)
    registration.close()

    world.admin.update("a", {})

    assert listener.events == []


def test_synchronous_listeners_are_told_on_other_threads_in_commit_order(
    busy_world, together, synchronous
):
    """CM-29: and each change has been told when it returns."""
    listener = synchronous(busy_world)

    def write(writer):
        for number in range(50):
            one = busy_world.admin.update("a", {"by": f"{writer} {number}"})
            told = facts(listener.events)
            assert (CM_UPDATED, "a", one.revision) in told
        return True

    assert all(together(*(lambda w=w: write(w) for w in range(4))))

    assert facts(listener.events) == [(CM_UPDATED, "a", n) for n in range(1, 201)]


def test_a_synchronous_listener_runs_off_the_callers_thread(busy_world, synchronous):
    """CM-18, CM-29."""
    threads = []
    synchronous(busy_world, lambda _: threads.append(threading.current_thread()))

    busy_world.admin.update("a", {})

    assert len(threads) == 1
    assert threading.current_thread() not in threads


def test_a_stuck_synchronous_listener_delays_a_change_no_longer_than_told(
    make_world, lanes, released, synchronous
):
    """CM-29: then the change returns without it."""
    world = make_world(lanes, limits=Limits(listener_timeout_s=0.05))
    listener = synchronous(world, lambda _: released.wait(LIMIT_S))

    assert world.admin.update("a", {"x": 1}).revision == 1
    assert world.admin.update("a", {"x": 2}).revision == 2
    assert len(listener.events) == 1
    released.set()
    world.flush()

    assert [event.revision for event in listener.events] == [1, 2]


def test_a_synchronous_listener_may_change_things_from_another_thread(
    busy_world, synchronous
):
    """CM-29: what it waits for does not wait for it."""
    done = []

    def follow(event):
        if event.pid != "a":
            return

        def change():
            done.append(busy_world.admin.update("b", {}, origin=FILE))

        thread = threading.Thread(target=change)
        thread.start()
        thread.join(LIMIT_S)

    synchronous(busy_world, follow)

    busy_world.admin.update("a", {})

    assert len(done) == 1


# Refusals


def test_a_refusal_says_what_stays_and_why(world):
    """CM-30."""
    listener = world.listener()
    world.admin.update("a", {"x": 1})

    with pytest.raises(InvalidConfigurationError) as caught:
        world.admin.update("a", {"bad": 1}, origin=Origin.API)
    world.flush()

    event = listener.events[-1]
    assert (event.type, event.pid, event.revision) == (CM_REFUSED, "a", 1)
    assert event.violations == caught.value.violations != ()
    assert event.origin == Origin.API


def test_refusals_keep_their_place_among_the_changes(world):
    """CM-29, CM-30."""
    listener = world.listener()
    for properties in ({"x": 1}, {"bad": 1}, {"x": 2}):
        try:
            world.admin.update("a", properties)
        except InvalidConfigurationError:
            continue
    world.admin.delete("a")
    with pytest.raises(InvalidConfigurationError):
        world.admin.update("a", {"bad": 2})
    world.flush()

    assert facts(listener.events) == [
        (CM_UPDATED, "a", 1),
        (CM_REFUSED, "a", 1),
        (CM_UPDATED, "a", 2),
        (CM_DELETED, "a", 3),
        (CM_REFUSED, "a", 0),
    ]


def test_an_event_of_an_instance_names_its_factory(world):
    """CM-29."""
    listener = world.listener()
    world.admin.update("f~1", {})
    world.flush()

    assert listener.events[0].factory_pid == "f"
