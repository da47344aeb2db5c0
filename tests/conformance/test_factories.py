"""Managed service factories: instances that come, change and go."""

import pytest

from config_admin import FaultKind, UsageError

A1, A2 = {"a": "1"}, {"a": "2"}


# The first calls


def test_a_factory_without_instances_is_not_called(follow_factory, factory):
    """
    CM-26. Equinox ManagedServiceFactoryTest.testGeneralManagedServiceFactory, Felix
    MultiServiceFactoryPIDTest (configure after registration).
    """
    follow_factory("f", factory)

    assert factory.calls == []


def test_a_factory_is_called_for_each_instance_there_is(admin, follow_factory, factory):
    """CM-26. OSGi CMControl.testManagedServiceFactory."""
    for number in range(3):
        admin.create_factory_configuration("f", {"test.field": str(number)})
    for number in range(3, 6):
        properties = {"test.field": str(number)}
        admin.create_factory_configuration("f", properties, name=str(number))

    follow_factory("f", factory)

    pids = [one.pid for one in admin.list_configurations("(service.factoryPid=f)")]
    assert sorted(pid for pid, _ in factory.calls) == pids
    assert sorted(one["test.field"] for _, one in factory.calls) == list("012345")


def test_an_instance_names_its_pid_and_its_factory(admin, follow_factory, factory):
    """
    CM-05, CM-26. OSGi CMControl.testManagedServiceFactoryRegistration13_1_1, Felix
    ConfigurationBaseTest.test_basic_configuration_factory_configure_then_start.
    """
    created = admin.create_factory_configuration("f", {"StringKey": "stringvalue"})

    follow_factory("f", factory)

    (delivered,) = factory.raw
    assert dict(delivered) == {
        "StringKey": "stringvalue",
        "service.pid": created.pid,
        "service.factoryPid": "f",
    }
    assert delivered["stringkey"] == "stringvalue"


def test_a_factory_that_comes_late_gets_what_was_changed_meanwhile(
    admin, follow_factory, factory
):
    """CM-26. OSGi CMControl.testManagedServiceFactoryRegistration13_1_2."""
    created = admin.create_factory_configuration("f", A1)
    follow_factory("f", factory).close()
    admin.update(created.pid, A2)

    follow_factory("f", factory)

    assert factory.calls == [(created.pid, A1), (created.pid, A2)]


def test_a_factory_is_called_when_the_admin_starts(make_live, factory):
    """
    CM-26, CM-46. OSGi CMControl.testManagedServiceFactoryCmRestart18_3_2, iPOPO
    ConfigAdminDeadlockTest.test_managed_factory_started_before_configadmin.
    """
    with make_live() as first:
        first.update("f~stored", {"value": "42"})
    admin = make_live()
    admin.add_managed_service_factory("f", factory)
    assert factory.calls == []

    admin.start()
    assert admin.flush(10)

    assert factory.calls == [("f~stored", {"value": "42"})]


# Changes


def test_an_instance_comes_changes_and_goes(admin, follow_factory, settle, factory):
    """
    CM-26. Felix
    ConfigurationBaseTest.test_basic_configuration_factory_start_then_configure,
    Equinox ManagedServiceFactoryTest.testGeneralManagedServiceFactory, iPOPO
    ConfigAdminDeadlockTest.test_managed_factory_started_after_configadmin.
    """
    follow_factory("f", factory)
    pid = admin.create_factory_configuration("f", A1).pid
    settle()
    admin.update(pid, A2)
    settle()
    admin.delete(pid)
    settle()

    assert factory.calls == [(pid, A1), (pid, A2), (pid, None)]


def test_changes_of_one_instance_do_not_call_for_another(
    admin, follow_factory, settle, factory
):
    """CM-26. OSGi CMControl.testManagedServiceFactoryRegistrationMultipleCF_16_1_2."""
    for name in "xyz":
        admin.create_factory_configuration("f", A1, name=name)
    follow_factory("f", factory)
    del factory.calls[:]

    admin.update("f~y", A2)
    settle()
    admin.delete("f~z")
    settle()

    assert factory.calls == [("f~y", A2), ("f~z", None)]
    assert factory.instances == {"f~x": A1, "f~y": A2}


def test_storing_what_an_instance_has_calls_nobody(
    admin, follow_factory, settle, factory
):
    """CM-08, CM-26. OSGi CMControl.testUpdateIfDifferent, for an instance."""
    created = admin.create_factory_configuration("f", A1)
    follow_factory("f", factory)

    assert admin.update(created.pid, A1) == created
    settle()

    assert factory.calls == [(created.pid, A1)]


def test_instances_of_another_factory_are_none_of_its_business(
    admin, follow_factory, settle, factory
):
    """CM-26. OSGi CMControl.testManagedServiceFactoryRegistration13_1_1 (F1-2)."""
    follow_factory("f", factory)

    for pid in ("f2~x", "f.g~x", "F~x", "g~f"):
        admin.update(pid, A1)
    settle()

    assert factory.calls == []


@pytest.mark.parametrize("made_again", [A1, A2])
def test_an_instance_that_is_made_again_was_deleted_first(
    admin, follow_factory, settle, factory, made_again
):
    """
    CM-26. OSGi CMControl.testManagedServiceFactoryDeletion18_5_2. Equal values make no
    difference.
    """
    admin.update("f~x", A1)
    follow_factory("f", factory)

    admin.delete("f~x")
    admin.update("f~x", made_again)
    settle()

    assert factory.calls == [("f~x", A1), ("f~x", None), ("f~x", made_again)]


def test_deleted_is_told_once_however_often_it_happened(
    admin, follow_factory, settle, factory
):
    """CM-26. Felix ConfigurationAdminUpdateStressTest.testCMUpdateNamedStress."""
    admin.update("f~x", A1)
    follow_factory("f", factory)

    for number in range(10):
        admin.delete("f~x")
        admin.update("f~x", {"n": number})
    settle()

    told = [properties for _, properties in factory.calls]
    assert told[0] == A1
    assert told[-1] == {"n": 9}
    # What it has seen goes before it comes again, and never twice.
    assert told[1::2] == [None] * (len(told) // 2)
    assert None not in told[::2]


def test_an_instance_that_the_factory_never_saw_is_not_deleted_for_it(
    admin, follow_factory, settle, factory
):
    """CM-26. OSGi CMControl.testDeleteConfigFactoryEvent, seen by a factory."""
    follow_factory("f", factory)

    with admin.transaction() as changes:
        changes.update("f~x", A1)
        changes.delete("f~x")
    settle()

    assert factory.calls == []


# Registrations


def test_one_factory_that_is_registered_twice_is_called_twice(
    admin, follow_factory, factory
):
    """CM-26. Equinox ManagedServiceFactoryTest.testSamePidManagedServiceFactory."""
    admin.update("f~x", A1)

    follow_factory("f", factory)
    follow_factory("f", factory)

    assert factory.calls == [("f~x", A1)] * 2


def test_two_factories_of_one_pid_both_get_every_instance(
    admin, follow_factory, settle, new_factory
):
    """
    CM-20, CM-26. Felix MultiServiceFactoryPIDTest, all four. There an instance belongs
    to one bundle; here both factories get it.
    """
    early, late = new_factory(), new_factory()
    follow_factory("f", early)
    admin.update("f~x", A1)
    settle()
    follow_factory("f", late)
    admin.delete("f~x")
    settle()

    assert early.calls == late.calls == [("f~x", A1), ("f~x", None)]


def test_a_factory_that_changes_its_pid_gets_the_other_instances(
    admin, follow_factory, settle, factory
):
    """
    CM-26, CM-28. Felix ConfigurationBaseTest.test_ManagedServiceFactory_change_pid and
    _overlap, OSGi CMControl.testManagedServiceFactoryModifyPid18_4_2. What it had
    before is not deleted for it.
    """
    admin.update("f0~x", A1)
    admin.update("f1~x", A2)
    follow_factory("f0", factory).close()
    follow_factory("f1", factory)
    assert factory.instances == {"f0~x": A1, "f1~x": A2}

    admin.delete("f0~x")
    admin.delete("f1~x")
    settle()

    assert factory.instances == {"f0~x": A1}
    assert factory.calls == [("f0~x", A1), ("f1~x", A2), ("f1~x", None)]


def test_nothing_is_called_after_the_end_of_a_registration(
    admin, follow_factory, settle, factory
):
    """
    CM-23, CM-26. Equinox ManagedServiceFactoryTest.testGeneralManagedServiceFactory
    (no PID any more).
    """
    admin.update("f~x", A1)
    registration = follow_factory("f", factory)

    registration.close()
    admin.update("f~x", A2)
    admin.delete("f~x")
    admin.update("f~y", A1)
    settle()

    assert factory.calls == [("f~x", A1)]


def test_what_was_deleted_meanwhile_is_simply_not_there(
    admin, follow_factory, settle, new_factory
):
    """CM-28. OSGi CMControl.testManagedServiceFactoryRegistration13_1_2, deleted."""
    first, second = new_factory(), new_factory()
    admin.update("f~x", A1)
    admin.update("f~y", A1)
    registration = follow_factory("f", first)
    registration.close()
    admin.delete("f~x")

    follow_factory("f", second)
    settle()

    assert second.calls == [("f~y", A1)]


def test_a_service_and_a_factory_of_one_pid_each_get_their_own(
    admin, follow_factory, settle, service, factory
):
    """
    CM-27. OSGi Compendium 104.3: a PID and a factory PID are two names; Felix
    ConfigurationBaseTest.test_factory_configuration_collision.
    """
    admin.add_managed_service("f", service)
    follow_factory("f", factory)

    admin.update("f", A1)
    admin.update("f~x", A2)
    settle()

    assert service.calls == [None, A1]
    assert factory.calls == [("f~x", A2)]


def test_one_instance_can_be_followed_by_a_service_too(
    admin, follow_factory, settle, service, factory
):
    """CM-02, CM-27. OSGi CMControl.testFactoryConfigurationCollision (its own PID)."""
    admin.add_managed_service("f~x", service)
    follow_factory("f", factory)

    admin.update("f~x", A1)
    settle()

    assert service.calls == [None, A1]
    assert factory.calls == [("f~x", A1)]


# A factory that raises


def test_an_instance_that_raises_does_not_stop_the_others(
    admin, follow_factory, settle, factory
):
    """CM-21, CM-26. OSGi Compendium 104.6.3."""
    for name in "xyz":
        admin.update(f"f~{name}", A1)
    factory.refused = {"f~y"}

    follow_factory("f", factory)

    assert sorted(factory.instances) == ["f~x", "f~y", "f~z"]
    (fault,) = admin.faults()
    assert (fault.kind, fault.pid) == (FaultKind.CALLBACK, "f~y")

    factory.refused = set()
    admin.update("f~y", A2)
    settle()
    assert admin.faults() == ()


def test_an_instance_that_raised_is_deleted_like_any_other(
    admin, follow_factory, settle, factory
):
    """CM-21, CM-26. It has seen it, so it is told."""
    factory.refused = {"f~x"}
    admin.update("f~x", A1)
    follow_factory("f", factory)

    admin.delete("f~x")
    settle()

    assert factory.calls == [("f~x", A1), ("f~x", None)]
    assert admin.faults() == ()


def test_instances_are_served_in_order(admin, follow_factory, settle, factory):
    """CM-16, CM-26. Felix ConfigurationAdminUpdateStressTest.testCMUpdateStress."""
    follow_factory("f", factory)

    with admin.transaction() as changes:
        for number in range(20):
            changes.update(f"f~{number}", A1)
    settle()

    assert [pid for pid, _ in factory.calls] == [f"f~{n}" for n in range(20)]


@pytest.mark.parametrize("missing", ["updated", "deleted"])
def test_what_is_no_factory_is_refused(admin, missing):
    """CM-26. OSGi's ManagedServiceFactory has both methods."""
    methods = {"updated": lambda *_: None, "deleted": lambda *_: None}
    del methods[missing]
    half = type("Half", (), methods)()

    with pytest.raises(UsageError):
        admin.add_managed_service_factory("f", half)


def test_a_factory_may_look_before_anything_is_stored(admin, follow_factory, settle):
    """CM-22, CM-26."""
    looked = []

    class Careful:
        def check(self, pid, properties):
            looked.append((pid, properties["a"]))

        def updated(self, pid, properties):
            looked.append((pid, properties))

        def deleted(self, pid):
            looked.append((pid, None))

    follow_factory("f", Careful())
    admin.update("f~x", A1)

    assert looked[0] == ("f~x", "1")
    settle()
    assert len(looked) == 2
