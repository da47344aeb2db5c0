"""Callbacks that call back, and many threads at once; on real threads."""

import itertools
import threading

import pytest

from config_admin import RevisionConflictError

A1, A2 = {"a": "1"}, {"a": "2"}


@pytest.fixture
def settle(live, limit_s):
    """Let every callback run."""

    def settle_now():
        assert live.flush(limit_s)

    return settle_now


# Callbacks that call back


def test_a_service_may_update_its_own_configuration(live, settle):
    """CM-18. iPOPO ConfigAdminDeadlockTest.test_update_from_validate."""
    seen = []

    def updated(properties):
        seen.append(properties and properties["n"])
        if properties and properties["n"] < 5:
            live.update("p", {"n": properties["n"] + 1})

    live.add_managed_service("p", updated)
    settle()
    live.update("p", {"n": 0})
    settle()

    assert seen == [None, 0, 1, 2, 3, 4, 5]
    assert live.get("p").revision == 6


def test_a_service_may_update_another_configuration(live, settle, new_service):
    """CM-18. iPOPO ConfigAdminDeadlockTest.test_update_from_validate (other PID)."""
    other = new_service()

    def updated(properties):
        if properties:
            live.update("other", {"name": "from p"})

    live.add_managed_service("other", other)
    live.add_managed_service("p", updated)
    settle()

    live.update("p", A1)
    settle()

    assert other.calls == [None, {"name": "from p"}]


def test_two_services_may_update_each_other(live, settle):
    """CM-18. iPOPO issue 114: no lock is held while foreign code runs."""
    seen = []

    def passing(own, other):
        def updated(properties):
            if properties:
                seen.append(properties["n"])
                if properties["n"] < 20:
                    live.update(other, {"n": properties["n"] + 1})

        live.add_managed_service(own, updated)

    passing("p", "q")
    passing("q", "p")
    live.update("p", {"n": 0})
    settle()

    assert seen == list(range(21))


def test_a_service_may_delete_its_own_configuration(live, settle):
    """CM-17, CM-18. OSGi CMControl.testManagedServiceRegistration, from inside."""
    seen = []

    def updated(properties):
        seen.append(properties and dict(properties))
        if properties:
            live.delete("p")

    live.add_managed_service("p", updated)
    settle()
    live.update("p", A1)
    settle()

    assert seen == [None, {**A1, "service.pid": "p"}, None]
    assert live.find("p") is None


def test_a_service_may_read_and_list(live, settle):
    """CM-18. OSGi CMControl.testUpdateConfigEvent, from a service."""
    read = []

    def updated(properties):
        if properties:
            read.append((live.get("p").revision, len(live.list_configurations())))

    live.add_managed_service("p", updated)
    settle()
    live.update("p", A1)
    settle()

    assert read == [(1, 1)]


@pytest.mark.parametrize("timeout_s", [None, 10])
def test_a_service_may_unregister_itself(live, settle, new_service, timeout_s):
    """CM-18, CM-23. Equinox ManagedServiceTest.testGeneralManagedService, inside."""
    seen, other = [], new_service()

    def updated(properties):
        seen.append(properties and properties["a"])
        if properties:
            registration.close(timeout_s)

    registration = live.add_managed_service("p", updated)
    live.add_managed_service("p", other)
    settle()
    for value in (A1, A2):
        live.update("p", value)
        settle()

    assert seen == [None, "1"]
    assert other.calls == [None, A1, A2]


def test_a_service_may_unregister_another(live, settle, new_service):
    """CM-18, CM-23. Felix MultiServicePIDTest (one of two goes)."""
    other = new_service()
    registration = live.add_managed_service("q", other)
    live.add_managed_service("p", lambda _: registration.close(10))
    settle()
    del other.calls[:]

    live.update("q", A1)
    settle()

    assert other.calls == []


def test_a_service_may_register_another(live, settle, new_service):
    """CM-15, CM-18. iPOPO ConfigAdminDeadlockTest (a component instantiates others)."""
    child = new_service()

    def updated(properties):
        if properties:
            live.add_managed_service("child", child)

    live.update("child", A2)
    live.add_managed_service("p", updated)
    live.update("p", A1)
    settle()

    assert child.calls == [A2]


def test_a_factory_may_make_a_service_of_each_instance(live, settle, new_service):
    """
    CM-18, CM-26. iPOPO
    ConfigAdminDeadlockTest.test_managed_factory_started_after_configadmin.
    """
    children, registrations = {}, {}

    class Components:
        def updated(self, pid, properties):
            assert properties["service.pid"] == pid
            if pid not in children:
                children[pid] = new_service()
                registrations[pid] = live.add_managed_service(pid, children[pid])

        def deleted(self, pid):
            registrations.pop(pid).close()

    live.add_managed_service_factory("f", Components())
    for name in "xyz":
        live.update(f"f~{name}", {"value": 1})
    settle()
    live.update("f~x", {"value": 2})
    settle()
    live.delete("f~y")
    settle()
    live.update("f~y2", {"value": 3})
    settle()

    assert sorted(registrations) == ["f~x", "f~y2", "f~z"]
    assert children["f~x"].calls == [{"value": 1}, {"value": 2}]
    assert children["f~y2"].calls == [{"value": 3}]
    assert live.faults() == ()


def test_a_factory_may_delete_its_own_instance(live, settle, factory):
    """CM-18, CM-26. OSGi CMControl.testManagedServiceFactoryDeletion18_5_2, inside."""

    class Picky:
        def updated(self, pid, properties):
            factory.updated(pid, properties)
            live.delete(pid)

        def deleted(self, pid):
            factory.deleted(pid)

    live.add_managed_service_factory("f", Picky())
    live.update("f~x", A1)
    settle()

    assert factory.calls == [("f~x", A1), ("f~x", None)]


@pytest.mark.parametrize("kind", [{}, {"synchronous": True}], ids=["plain", "sync"])
def test_a_listener_may_update(live, settle, new_listener, kind):
    """
    CM-18, CM-29. Felix FELIX2813_ConfigurationAdminStartupTest (an update inside a
    service event).
    """
    noted = new_listener()

    class Follower:
        def configuration_event(self, event):
            noted.configuration_event(event)
            if event.pid == "p":
                live.update("q", {"revision": event.revision})

    live.add_listener(Follower(), **kind)
    live.update("p", A1)
    live.update("p", A2)
    settle()

    assert [e.revision for e in noted.events if e.pid == "p"] == [1, 2]
    assert [e.revision for e in noted.events if e.pid == "q"] == [1, 2]
    assert live.get("q").properties["revision"] == 2


@pytest.mark.parametrize("kind", [{}, {"synchronous": True}], ids=["plain", "sync"])
def test_a_listener_may_unregister_itself(live, settle, kind):
    """CM-23, CM-29. Felix ConfigurationListenerTest (unregister), from inside."""
    told = []

    class Once:
        def configuration_event(self, event):
            told.append(event.revision)
            self.registration.close(10)

    once = Once()
    once.registration = live.add_listener(once, **kind)
    for number in range(3):
        live.update("p", {"n": number})
    settle()

    assert told == [1]


def test_a_check_may_read_the_admin(live, settle):
    """CM-18, CM-22. A check runs before the commit and holds no lock."""
    read = []

    class Careful:
        def check(self, properties):
            read.append((properties["a"], live.find("p")))

        def updated(self, properties):
            """What was checked comes here."""

    live.add_managed_service("p", Careful())
    settle()
    live.update("p", A1)

    assert ("1", None) in read


# Slow ones


def test_a_slow_service_delays_no_other(live, released, new_service, limit_s):
    """CM-19. Felix has one thread for all (UpdateThreadTest); here nobody waits."""
    other = new_service()

    def slow(properties):
        if properties:
            released.wait(limit_s)

    live.add_managed_service("p", slow)
    live.add_managed_service("p", other)
    assert other.inbox.next() is None

    for value in (A1, A2):
        live.update("p", value)
        other.inbox.skip_to(value)

    assert not live.flush(0.01)
    released.set()
    assert live.flush(limit_s)


def test_a_busy_service_skips_what_was_superseded(live, released, new_inbox, limit_s):
    """CM-16, CM-19. Felix delivers every update; here it ends on the newest."""
    inbox = new_inbox()

    def slow(properties):
        inbox.put(properties and properties["n"])
        if properties and properties["n"] == 0:
            released.wait(limit_s)

    live.add_managed_service("p", slow)
    assert inbox.next() is None
    live.update("p", {"n": 0})
    assert inbox.next() == 0
    for number in range(1, 100):
        live.update("p", {"n": number})
    released.set()
    assert live.flush(limit_s)

    assert inbox.all == [None, 0, 99]


def test_a_busy_factory_is_told_of_every_deletion(live, released, new_inbox, limit_s):
    """CM-26. OSGi Compendium 104.6.3: ``deleted`` is called for what was updated."""
    inbox = new_inbox()

    class Slow:
        def updated(self, pid, properties):
            inbox.put((pid, properties["n"]))
            if properties["n"] == 0:
                released.wait(limit_s)

        def deleted(self, pid):
            inbox.put((pid, None))

    for name in "xy":
        live.update(f"f~{name}", {"n": 1})
    live.add_managed_service_factory("f", Slow())
    assert {inbox.next(), inbox.next()} == {("f~x", 1), ("f~y", 1)}
    live.update("f~z", {"n": 0})
    assert inbox.next() == ("f~z", 0)
    for name in "xy":
        live.delete(f"f~{name}")
        live.update(f"f~{name}", {"n": 2})
    released.set()
    assert live.flush(limit_s)

    for name in "xy":
        told = [n for pid, n in inbox.all if pid == f"f~{name}"]
        assert told == [1, None, 2]


def test_calls_of_one_registration_never_overlap(live, together, settle):
    """CM-19. Felix ConfigurationAdminUpdateStressTest (its factory is synchronized)."""
    running, overlaps = [], []

    def updated(pid, properties):
        running.append(pid)
        overlaps.extend(running[1:])
        running.remove(pid)

    live.add_managed_service([f"p{n}" for n in range(4)], updated)

    def change(pid):
        for number in range(50):
            live.update(pid, {"n": number})

    together(*(lambda pid=f"p{n}": change(pid) for n in range(4)))
    settle()

    assert overlaps == []


def test_no_call_starts_after_close_has_returned(live, released, new_inbox, limit_s):
    """CM-23. OSGi Compendium 5.9.2: after ``unregister`` the service is not used."""
    inbox, ended = new_inbox(), threading.Event()

    def slow(properties):
        inbox.put(properties and properties["n"])
        if properties:
            released.wait(limit_s)
            ended.set()

    registration = live.add_managed_service("p", slow)
    assert inbox.next() is None
    live.update("p", {"n": 0})
    assert inbox.next() == 0
    live.update("p", {"n": 1})

    registration.close()  # the call that runs goes on
    assert not ended.is_set()
    released.set()
    registration.close(timeout_s=limit_s)
    assert ended.is_set()
    assert live.flush(limit_s)

    assert inbox.all == [None, 0]


# Races


def test_a_registration_and_an_update_at_once_meet_exactly_once(
    live, together, settle, new_service
):
    """
    CM-15, CM-16. Felix ConfigUpdateStressTest
    .test_ManagedService_race_condition_test (FELIX-1545).
    """
    for number in range(30):
        pid, service = f"p{number}", new_service()
        together(
            lambda pid=pid: live.update(pid, A1),
            lambda pid=pid, service=service: live.add_managed_service(pid, service),
        )
        settle()

        assert service.calls in ([A1], [None, A1])


def test_a_factory_and_an_instance_at_once_meet_exactly_once(
    live, together, settle, new_factory
):
    """
    CM-26. Felix ConfigUpdateStressTest
    .test_ManagedServiceFactory_race_condition_test (FELIX-1545).
    """
    for number in range(30):
        factory_pid, factory = f"f{number}", new_factory()
        together(
            lambda pid=factory_pid: live.create_factory_configuration(pid, A1),
            lambda pid=factory_pid, factory=factory: live.add_managed_service_factory(
                pid, factory
            ),
        )
        settle()

        assert [properties for _, properties in factory.calls] == [A1]


def test_services_and_configurations_come_and_go_at_once(
    live, together, settle, new_service, caplog
):
    """
    CM-15, CM-23. Felix FELIX4385_StressTest
    .test_ConcurrentManagedServicesWithConcurrentConfigurations.
    """
    for loop in range(30):
        pids = [f"pid.{n}-{loop}" for n in range(3)]
        services = {pid: new_service() for pid in pids}
        registrations = {}

        def begin(pid, services=services, registrations=registrations):
            registrations[pid] = live.add_managed_service(pid, services[pid])
            live.update(pid, {"foo": "bar"})

        together(*(lambda pid=pid: begin(pid) for pid in pids))
        settle()
        for pid in pids:
            assert services[pid].calls[-1] == {"foo": "bar"}

        together(
            *(registrations[pid].close for pid in pids),
            *(lambda pid=pid: live.delete(pid) for pid in pids),
        )
        settle()
        for pid in pids:
            assert services[pid].calls[-1] in ({"foo": "bar"}, None)

    assert live.faults() == ()
    assert live.list_configurations() == ()
    assert caplog.records == []


@pytest.mark.parametrize("name", [None, "MyName"])
def test_no_update_of_an_instance_is_lost(live, settle, factory, name):
    """
    CM-09, CM-26. Felix ConfigurationAdminUpdateStressTest.testCMUpdateStress and
    testCMUpdateNamedStress. There each of the updates comes; here they may be skipped
    while it is busy, but never the order, the last one or a deletion.
    """
    live.add_managed_service_factory("MyPID", factory)
    for _ in range(10):
        created = live.create_factory_configuration("MyPID", {"number": -1}, name=name)
        settle()
        for number in range(100):
            live.update(created.pid, {"foo": f"bar{number}", "number": number})
        settle()
        live.delete(created.pid)
        settle()

        numbers = [one and one["number"] for pid, one in factory.calls]
        assert numbers[0] == -1
        assert numbers[-2:] == [99, None]
        assert numbers[:-1] == sorted(set(numbers[:-1]))
        del factory.calls[:]


def test_updates_at_once_are_all_counted(live, together, settle, service):
    """CM-09, CM-10. Without ``revision=`` a lost race is run again."""
    live.add_managed_service("p", service)

    def change(writer):
        for number in range(50):
            live.update("p", {"by": writer, "n": number})

    together(*(lambda writer=writer: change(writer) for writer in range(4)))
    settle()

    assert live.get("p").revision == 200
    assert service.calls[-1] == dict(live.get("p").properties)


def test_one_of_several_writers_of_one_revision_succeeds(live, together):
    """CM-10. OSGi Compendium 104.4: a lost update is noticed."""
    live.update("p", {"n": 0})
    values, won, lost = itertools.count(1), [], []

    def change():
        known, value = live.get("p").revision, next(values)
        try:
            live.update("p", {"n": value}, revision=known)
        except RevisionConflictError:
            lost.append(value)
        else:
            won.append(value)

    for _ in range(20):
        together(*[change] * 4)

    assert len(won) + len(lost) == 80
    assert live.get("p").revision == 1 + len(won)
    assert live.get("p").properties["n"] in won


def test_one_of_several_creations_of_one_name_succeeds(live, together):
    """CM-63. OSGi CMControl.testGetFactoryConfigurationWithAlias, at once."""
    for number in range(20):
        won, lost = [], []

        def create(writer, number=number, won=won, lost=lost):
            name = str(number)
            try:
                live.create_factory_configuration("f", {"by": writer}, name=name)
            except RevisionConflictError:
                lost.append(writer)
            else:
                won.append(writer)

        together(*(lambda writer=writer: create(writer) for writer in range(4)))

        assert (len(won), len(lost)) == (1, 3)
        assert live.get(f"f~{number}").properties["by"] == won[0]


def test_instances_made_at_once_have_names_of_their_own(live, together):
    """CM-02. OSGi CMControl.testCreateFactoryConfiguration (unique PIDs), at once."""
    created = []

    def create():
        made = [live.create_factory_configuration("f", {}).pid for _ in range(25)]
        created.extend(made)

    together(*[create] * 4)

    assert len(set(created)) == 100
    assert len(live.list_configurations("(service.factoryPid=f)")) == 100


def test_transactions_at_once_are_seen_whole(live, together, settle, pid_service):
    """CM-14. OSGi CMCoordinationTestCase, two at once."""
    live.add_managed_service(["p", "q"], pid_service)

    def change(writer):
        for number in range(20):
            with live.transaction() as changes:
                for pid in ("p", "q"):
                    changes.update(pid, {"by": writer, "n": number})

    def read():
        for _ in range(200):
            found = live.list_configurations()
            assert len({tuple(one.properties.items()) for one in found}) < 2

    together(lambda: change(1), lambda: change(2), read)
    settle()

    assert live.get("p").revision == live.get("q").revision == 40
    assert dict(pid_service.calls) == {
        pid: dict(live.get(pid).properties) for pid in ("p", "q")
    }


def test_a_deletion_and_an_update_at_once_leave_one_state(
    live, together, settle, service
):
    """CM-09, CM-10, CM-17. FELIX-4385, on one PID."""
    live.add_managed_service("p", service)
    for number in range(30):
        live.update("p", {"n": number})

        together(
            lambda: live.delete("p"),
            lambda n=number: live.update("p", {"n": n, "late": True}),
        )
        settle()

        found = live.find("p")
        assert service.calls[-1] == (None if found is None else dict(found.properties))
