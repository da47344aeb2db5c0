"""The order laws hold when many threads write at once."""

import itertools
import threading
from time import monotonic

import pytest

from config_admin.core.errors import (
    ConfigurationError,
    NoSuchConfigurationError,
    RevisionConflictError,
)
from config_admin.core.events import CM_DELETED, CM_UPDATED
from config_admin.core.threads import LaneDispatcher

LIMIT_S = 10.0
SOON_S = 0.05  # long enough to notice what should not happen

WRITERS = 8
UPDATES = 200


class Blocking:
    """A service whose first call runs until it is let go."""

    def __init__(self, released):
        self.released = released
        self.started = threading.Event()
        self.calls = []

    def updated(self, properties):
        self.calls.append(properties)
        if len(self.calls) == 1:
            self.started.set()
            self.released.wait(LIMIT_S)


def revisions(events):
    return [event.revision for event in events]


# Revisions


def test_revisions_are_counted_without_a_gap(busy_world, together):
    """CM-09, CM-16."""
    service, listener = busy_world.service("a")[0], busy_world.listener()

    def write(writer):
        return [
            busy_world.admin.update("a", {"writer": writer, "number": number}).revision
            for number in range(UPDATES)
        ]

    written = together(*(lambda w=w: write(w) for w in range(WRITERS)))
    busy_world.flush()

    newest = WRITERS * UPDATES
    assert sorted(itertools.chain(*written)) == list(range(1, newest + 1))
    assert all(one == sorted(one) for one in written)
    assert revisions(listener.events) == list(range(1, newest + 1))
    current = busy_world.admin.get("a")
    assert current.revision == newest
    assert service.calls[-1] == {**current.properties, "service.pid": "a"}


def test_one_of_many_wins_a_revision(busy_world, together):
    """CM-10."""
    busy_world.admin.update("a", {})
    listener = busy_world.listener()

    def write(writer, revision):
        try:
            busy_world.admin.update(
                "a", {"writer": writer, "to": revision + 1}, revision=revision
            )
        except RevisionConflictError as conflict:
            return conflict.expected
        return None

    for revision in range(1, 31):
        results = together(*(lambda w=w, r=revision: write(w, r) for w in range(4)))
        assert sorted(results, key=str) == sorted([revision] * 3 + [None], key=str)
    busy_world.flush()

    assert revisions(listener.events) == list(range(2, 32))


def test_updates_and_deletes_of_many_keep_one_order(busy_world, together):
    """CM-09, CM-16, CM-17, CM-29."""
    service, listener = busy_world.service("a")[0], busy_world.listener()

    def write(writer):
        for number in range(100):
            busy_world.admin.update("a", {"writer": writer, "number": number})

    def delete():
        done = 0
        for _ in range(100):
            try:
                busy_world.admin.delete("a")
            except NoSuchConfigurationError:
                continue
            done += 1
        return done

    writes = [lambda w=w: write(w) for w in range(4)]
    *_, deleted, deleted_too = together(*writes, delete, delete)
    busy_world.admin.update("a", {"writer": "last"})
    busy_world.admin.delete("a")
    busy_world.flush()

    kinds = [event.type for event in listener.events]
    assert revisions(listener.events) == list(range(1, len(kinds) + 1))
    assert kinds.count(CM_UPDATED) == 401
    assert kinds.count(CM_DELETED) == deleted + deleted_too + 1
    assert service.calls[-1] is None
    assert (CM_DELETED, CM_DELETED) not in itertools.pairwise(kinds)


def test_readers_see_only_whole_configurations(busy_world, together):
    """CM-06, CM-12."""
    busy_world.admin.update("a", {"one": 0, "other": 0})
    ended = threading.Event()

    def write():
        for number in range(300):
            busy_world.admin.update("a", {"one": number, "other": number})
            busy_world.admin.update(f"b~{number}", {})
        ended.set()

    def read():
        newest = 0
        while not ended.is_set():
            seen = busy_world.admin.get("a")
            assert seen.properties["one"] == seen.properties["other"]
            assert seen.revision >= newest
            newest = seen.revision
            pids = [one.pid for one in busy_world.admin.list_configurations()]
            assert pids == sorted(pids)
            assert "a" in busy_world.admin.present_pids()
        return newest

    together(write, read, read)

    assert len(busy_world.admin.list_configurations()) == 301


def test_services_come_and_go_while_others_write(busy_world, together):
    """CM-15, CM-16, CM-23."""
    steady, _ = busy_world.service("a")

    def write():
        for number in range(200):
            busy_world.admin.update("a", {"n": number})

    def come_and_go():
        for _ in range(100):
            _, registration = busy_world.service("a")
            assert registration.wait(LIMIT_S)
            registration.close(LIMIT_S)

    together(write, come_and_go, come_and_go)
    busy_world.flush()

    assert steady.calls[-1]["n"] == 199
    assert len(busy_world.admin.audience.registrations()) == 1


# Slow services


def test_a_blocked_service_delays_no_other_and_ends_on_the_newest(busy_world):
    """CM-19."""
    released = threading.Event()
    slow = Blocking(released)
    busy_world.admin.audience.add_managed_service(("a",), slow)
    assert slow.started.wait(LIMIT_S)
    quick, registration = busy_world.service("a")
    assert registration.wait(LIMIT_S)

    for number in range(50):
        busy_world.admin.update("a", {"n": number})
    reached = threading.Event()
    busy_world.admin.audience.add_managed_service(("a",), lambda _: reached.set())
    assert reached.wait(LIMIT_S)
    assert len(slow.calls) == 1
    released.set()
    busy_world.flush()

    assert [call and call["n"] for call in slow.calls] == [None, 49]
    assert quick.calls[-1]["n"] == 49


def test_a_deletion_is_seen_as_none_or_as_the_new_one_alone(busy_world):
    """CM-17."""
    released = threading.Event()
    slow = Blocking(released)
    busy_world.admin.update("a", {"n": 1})
    busy_world.admin.audience.add_managed_service(("a",), slow)
    assert slow.started.wait(LIMIT_S)

    busy_world.admin.delete("a")
    busy_world.admin.update("a", {"n": 2})
    released.set()
    busy_world.flush()
    busy_world.admin.delete("a")
    busy_world.flush()

    assert [call and call["n"] for call in slow.calls] == [1, 2, None]


# Callbacks that call back


def test_callbacks_may_call_back_without_a_deadlock(busy_world):
    """CM-18, CM-23."""
    admin = busy_world.admin
    closed = threading.Event()
    seen = []

    class EventListener:
        def configuration_event(self, event):
            if event.pid == "a" and event.type is CM_UPDATED:
                admin.update("log", {"revision": event.revision})

    def follow(properties):
        number = properties["n"] if properties else 0
        if number < 20:
            admin.update("a", {"n": number + 1})
            admin.update("b", {"n": number})
            assert admin.get("b")
            return
        admin.audience.add_managed_service(("b",), seen.append)
        registration.close(LIMIT_S)  # from inside itself: does not wait
        closed.set()

    admin.audience.add_listener(EventListener())
    registration = admin.audience.add_managed_service(("a",), follow)
    busy_world.flush()

    assert closed.is_set()
    assert busy_world.faults.all() == ()
    assert admin.get("a").revision == 20
    assert admin.get("log").properties == {"revision": 20}
    assert seen[-1]["n"] == 19


def test_two_services_may_change_what_the_other_follows(busy_world):
    """CM-18."""
    admin = busy_world.admin

    def pass_on(to):
        def updated(properties):
            number = properties["n"] if properties else 0
            if number < 50:
                admin.update(to, {"n": number + 1})

        return updated

    admin.audience.add_managed_service(("a",), pass_on("b"))
    admin.audience.add_managed_service(("b",), pass_on("a"))
    busy_world.flush()

    reached = [admin.get(pid).properties["n"] for pid in ("a", "b")]
    assert max(reached) == 50


def test_nobody_asks_a_service_that_is_being_closed(busy_world, released):
    """CM-23, CM-22: while its running call is waited for, its check is no veto."""

    class Particular(Blocking):
        def check(self, _):
            raise ConfigurationError(None, "never")

    slow = Particular(released)
    registration = busy_world.follow("a", slow)
    assert slow.started.wait(LIMIT_S)
    closing = threading.Thread(target=registration.close, args=[LIMIT_S])
    closing.start()
    closing.join(SOON_S)
    assert closing.is_alive()

    assert busy_world.admin.audience.registrations() == ()
    assert busy_world.admin.update("a", {}).revision == 1

    released.set()
    closing.join(LIMIT_S)
    assert slow.calls == [None]


def test_what_is_registered_before_the_start_is_called_once_it_begins(make_world):
    """CM-15, CM-46: with what is there then, and with None only if there is nothing."""
    lanes = LaneDispatcher(clock=monotonic)
    world = make_world(lanes)
    there, _ = world.service("a")
    absent, _ = world.service("b")
    factory, registration = world.factory("f")
    for pid in ("a", "f~x"):
        world.admin.update(pid, {})
    assert not registration.wait(SOON_S)

    with lanes:
        world.flush()
        assert registration.wait(0)

    assert there.calls == [{"service.pid": "a"}]
    assert absent.calls == [None]
    assert [pid for pid, _ in factory.calls] == ["f~x"]


@pytest.mark.parametrize("writes", [0, 1])
def test_closing_waits_for_the_call_that_runs_and_none_follows(busy_world, writes):
    """CM-23."""
    released = threading.Event()
    slow = Blocking(released)
    registration = busy_world.admin.audience.add_managed_service(("a",), slow)
    assert slow.started.wait(LIMIT_S)
    for number in range(writes):
        busy_world.admin.update("a", {"n": number})

    closing = threading.Thread(target=registration.close, args=[LIMIT_S])
    closing.start()
    closing.join(SOON_S)
    assert closing.is_alive()
    released.set()
    closing.join(LIMIT_S)
    assert not closing.is_alive()
    busy_world.admin.update("a", {"n": "later"})
    busy_world.flush()

    assert slow.calls == [None]


def test_a_callback_that_ends_its_thread_ends_only_its_call(busy_world):
    """CM-21."""
    failing, _ = busy_world.service("a")
    failing.error = SystemExit(1)
    other, _ = busy_world.service("a")

    for number in range(5):
        busy_world.admin.update("a", {"n": number})
        busy_world.flush()

    assert failing.calls[-1]["n"] == other.calls[-1]["n"] == 4
    assert len(busy_world.faults.all()) == 1
