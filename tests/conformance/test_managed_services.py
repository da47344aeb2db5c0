"""Managed services: when they are called, with what, and when no more."""

import threading

import pytest

from config_admin import ConfigurationError, FaultKind, Settings, UsageError

A1, A2 = {"a": "1"}, {"a": "2"}


# The first call


def test_who_comes_before_the_configuration_is_told_that_there_is_none(
    admin, follow, settle, service
):
    """
    CM-15, CM-16, CM-17. Felix
    ConfigurationBaseTest.test_basic_configuration_start_then_configure, OSGi
    CMControl.testManagedServiceRegistration2, case A.
    """
    follow("p", service)
    assert service.calls == [None]

    admin.update("p", A1)
    settle()
    assert service.calls == [None, A1]

    admin.delete("p")
    settle()
    assert service.calls == [None, A1, None]


def test_who_comes_after_the_configuration_gets_it(admin, follow, settle, service):
    """
    CM-15, CM-17. Felix
    ConfigurationBaseTest.test_basic_configuration_configure_then_start, OSGi
    CMControl.testManagedServiceRegistration, iPOPO ManagedServiceTest.testEarlyConfig.
    """
    admin.update("p", A1)

    follow("p", service)
    assert service.calls == [A1]

    admin.delete("p")
    settle()
    assert service.calls == [A1, None]


def test_a_service_that_is_called_late_is_called_with_none_first(
    admin, follow, settle, service
):
    """
    CM-15. iPOPO ManagedServiceTest.testLateConfig and testNoConfigDelete: there a
    service hears nothing before its first configuration; here it is told None.
    """
    follow("p", service)
    admin.update("p", {"config.value": 42})
    settle()
    admin.delete("p")
    settle()

    assert service.calls == [None, {"config.value": 42}, None]


def test_the_first_call_comes_when_the_admin_starts(make_live, service, new_service):
    """
    CM-15, CM-46. OSGi CMControl.testManagedServiceStartCM_12_3_1 to _12_3_3, iPOPO
    ConfigAdminDeadlockTest.test_configadmin_started_after_managed_service.
    """
    with make_live() as first:
        first.update("p", A1)
    unconfigured = new_service()
    admin = make_live()
    admin.add_managed_service("p", service)
    admin.add_managed_service("q", unconfigured)
    assert (service.calls, unconfigured.calls) == ([], [])

    admin.start()

    assert (service.calls, unconfigured.calls) == ([A1], [None])


def test_a_service_that_was_there_before_is_called_once_after_a_restart(
    make_live, service
):
    """CM-15. iPOPO ConfigAdminDeadlockTest.test_configadmin_restarted."""
    for _ in range(2):
        admin = make_live()
        admin.add_managed_service("p", service)
        with admin:
            admin.update("p", A1)
            assert admin.flush(10)
        service.inbox.all[:-1] = []

    assert service.calls == [A1]


def test_waiting_for_the_first_call(admin, settle, service):
    """CM-15. OSGi CMControl.testManagedServiceRegistration (waits for the callback)."""
    admin.update("p", A1)

    registration = admin.add_managed_service("p", service)
    settle()

    assert registration.wait(10)
    assert service.calls == [A1]


def test_a_deletion_of_what_is_absent_calls_nobody(admin, follow, settle, service):
    """CM-16. iPOPO ManagedServiceTest.testNoConfigDelete."""
    follow("p", service)

    with pytest.raises(LookupError):
        admin.delete("p")
    settle()

    assert service.calls == [None]


# The calls after it


def test_every_change_is_delivered_once_and_in_order(admin, follow, settle, service):
    """CM-16. iPOPO ManagedServiceTest.testUpdateConfig."""
    follow("p", service)
    for number in range(20):
        admin.update("p", {"n": number})
        settle()

    assert service.calls == [None, *({"n": number} for number in range(20))]


def test_a_busy_service_ends_on_the_newest(admin, settle, service):
    """CM-16, CM-19. OSGi CMControl.testUpdateIfDifferent, without the waits."""
    admin.add_managed_service("p", service)
    for number in range(50):
        admin.update("p", {"n": number})
    settle()

    seen = [call["n"] for call in service.calls if call is not None]
    assert seen == sorted(set(seen))
    assert seen[-1] == 49


def test_changes_of_another_pid_call_nobody(admin, follow, settle, service):
    """CM-16. OSGi CMControl.testManagedServiceRegistrationMultipleTargets_10_2_1."""
    follow("p", service)

    admin.update("p2", A1)
    admin.update("p~x", A1)
    admin.update("P", A1)
    settle()

    assert service.calls == [None]


def test_what_is_made_again_is_delivered_again(admin, follow, settle, service):
    """CM-17. iPOPO ConfigurationAdminTest.testGetConfiguration, Felix FELIX4385."""
    follow("p", service)
    admin.update("p", A1)
    settle()

    admin.delete("p")
    admin.update("p", A1)
    settle()

    assert service.calls in ([None, A1, None, A1], [None, A1, A1])


def test_deleted_and_made_again_with_a_pause_is_none_in_between(
    admin, follow, settle, service
):
    """CM-17. Felix TargetedPidTest.test_targetet_pid_no_replace, its first PID."""
    follow("p", service)
    for _ in range(3):
        admin.update("p", A1)
        settle()
        admin.delete("p")
        settle()

    assert service.calls == [None, *[A1, None] * 3]


# Several services


def test_two_services_of_one_pid_are_both_called(admin, follow, settle, new_service):
    """
    CM-20. Felix MultiServicePIDTest, all four, OSGi
    CMControl.testManagedServiceRegistrationDuplicatedTargets. There a configuration
    belongs to one bundle, and the service of the other gets null; here both get it.
    """
    early, late = new_service(), new_service()
    follow("p", early)
    admin.update("p", A1)
    settle()
    follow("p", late)
    admin.update("p", A2)
    settle()
    admin.delete("p")
    settle()

    assert early.calls == [None, A1, A2, None]
    assert late.calls == [A1, A2, None]


def test_one_object_that_is_registered_twice_is_called_twice(
    admin, follow, settle, service
):
    """
    CM-20. Equinox ManagedServiceTest.testSamePidManagedService, OSGi
    CMControl.testManagedServiceRegistrationDuplicatedTargets, case A.
    """
    admin.update("p", A1)
    first = follow("p", service)
    assert service.calls == [A1]

    follow("p", service)
    assert service.calls == [A1, A1]

    first.close()
    admin.update("p", A2)
    settle()
    assert service.calls == [A1, A1, A2]


def test_services_of_one_pid_are_called_in_their_ranking(make_live):
    """
    CM-20. Felix RankingComparatorTest.test_service_ranking_sort: highest first, then
    who came first.
    """
    admin = make_live(settings=Settings(max_callback_threads=1))
    admin.start()
    called = []
    for name, ranking in (("c", 0), ("a", 100), ("e", -100), ("d", 0), ("b", 100)):

        def note(properties, name=name):
            called.append((name, properties and properties["a"]))

        admin.add_managed_service("p", note, ranking=ranking)
    assert admin.flush(10)
    called.clear()

    admin.update("p", A1)
    assert admin.flush(10)

    assert called == [(name, "1") for name in "abcde"]


def test_the_next_service_is_not_disturbed_by_one_that_went(
    admin, follow, settle, new_service
):
    """CM-20, CM-23. Felix MultiServicePIDTest (one of two bundles is uninstalled)."""
    gone, staying = new_service(), new_service()
    registration = follow("p", gone)
    follow("p", staying)

    registration.close()
    admin.update("p", A1)
    settle()

    assert (gone.calls, staying.calls) == ([None], [None, A1])


# Several PIDs


@pytest.mark.parametrize("kind", [list, tuple, iter, dict.fromkeys])
def test_a_service_of_several_pids_is_told_which(admin, follow, pid_service, kind):
    """
    CM-20. Felix MultiValuePIDTest.test_multi_value_pid_array and _collection, OSGi
    CMControl.testManagedServiceRegistrationWithMultiplPIDs (array, list, set).
    """
    admin.update("p", A1)
    admin.update("q", A2)

    follow(kind(["p", "q"]), pid_service)

    assert sorted(pid_service.calls) == [("p", A1), ("q", A2)]
    assert {one["service.pid"] for one in pid_service.raw} == {"p", "q"}


def test_a_service_of_several_pids_is_told_of_the_absent_ones(
    admin, follow, settle, pid_service
):
    """
    CM-20. OSGi CMControl.testManagedServiceRegistrationWithMultiplPIDs and
    testManagedServiceRegistrationMultipleTargets_10_2_4.
    """
    admin.update("p", A1)
    follow(["p", "q"], pid_service)
    assert sorted(pid_service.calls, key=str) == [("p", A1), ("q", None)]
    del pid_service.calls[:]

    for change in (
        lambda: admin.update("q", A2),
        lambda: admin.delete("p"),
        lambda: admin.delete("q"),
    ):
        change()
        settle()

    assert pid_service.calls == [("q", A2), ("p", None), ("q", None)]


def test_a_pid_that_is_named_twice_is_followed_once(admin, follow, settle, pid_service):
    """CM-20. OSGi CMControl.testManagedServiceRegistrationWithMultiplPIDs (set)."""
    follow(["p", "q", "p"], pid_service)
    admin.update("p", A1)
    settle()

    assert sorted(pid_service.calls, key=str) == [
        ("p", None),
        ("p", A1),
        ("q", None),
    ]


def test_several_pids_need_a_service_that_takes_them(admin, service):
    """CM-20. ``updated(properties)`` could not tell them apart."""
    with pytest.raises(UsageError):
        admin.add_managed_service(["p", "q"], service)
    with pytest.raises(UsageError):
        admin.add_managed_service([], service)


# Another PID


def test_a_service_that_changes_its_pid_gets_the_other_configuration(
    admin, follow, settle, service
):
    """
    CM-15, CM-23. Felix ConfigurationBaseTest.test_ManagedService_change_pid, OSGi
    CMControl.testManagedServiceModifyPid_12_4_1. A registration keeps its PIDs; who
    wants others registers anew.
    """
    admin.update("p0", A1)
    admin.update("p1", A2)
    follow("p0", service).close()
    follow("p1", service)
    assert service.calls == [A1, A2]
    assert [one["service.pid"] for one in service.raw] == ["p0", "p1"]

    admin.delete("p0")
    admin.delete("p1")
    settle()
    assert service.calls == [A1, A2, None]


def test_a_service_whose_new_pid_has_nothing_is_told_so(admin, follow, settle, service):
    """CM-15, CM-23. OSGi CMControl.testManagedServiceModifyPid_12_4_1."""
    admin.update("p0", A1)
    follow("p0", service).close()
    follow("p1", service)
    admin.update("p0", A2)
    settle()

    assert service.calls == [A1, None]


def test_pids_that_overlap_are_followed_by_each_registration(
    admin, follow, settle, pid_service
):
    """
    CM-20, CM-23. Felix ConfigurationBaseTest.test_ManagedService_change_pid_overlap:
    there the PID in common is not delivered again; a new registration begins anew.
    """
    for pid in ("p0", "p1", "p2"):
        admin.update(pid, {"of": pid})
    follow(["p0", "p1"], pid_service).close()
    del pid_service.calls[:]

    follow(["p1", "p2"], pid_service)
    assert sorted(pid_service.calls) == [("p1", {"of": "p1"}), ("p2", {"of": "p2"})]
    del pid_service.calls[:]

    for pid in ("p0", "p1", "p2"):
        admin.delete(pid)
    settle()
    assert pid_service.calls == [("p1", None), ("p2", None)]


# The end of a registration


def test_nothing_is_called_after_the_end_of_a_registration(
    admin, follow, settle, service
):
    """CM-23. Equinox ManagedServiceTest.testGeneralManagedService."""
    registration = follow("p", service)

    registration.close()
    admin.update("p", A1)
    admin.delete("p")
    settle()

    assert service.calls == [None]


def test_a_registration_can_be_closed_twice(follow, service):
    """CM-23. A second ``unregister`` raises in OSGi; closing twice is Python's way."""
    registration = follow("p", service)

    registration.close()
    registration.close(timeout_s=1)

    assert service.calls == [None]


def test_who_comes_back_gets_what_is_there_now(admin, follow, settle, new_service):
    """
    CM-15, CM-23. Felix
    ConfigurationBaseTest.test_start_bundle_configure_stop_start_bundle and
    test_configure_start_bundle_stop_start_bundle.
    """
    first, second = new_service(), new_service()
    registration = follow("p", first)
    admin.update("p", A1)
    settle()
    registration.close()
    admin.update("p", A2)

    follow("p", second)

    assert first.calls == [None, A1]
    assert second.calls == [A2]


def test_registering_and_closing_at_once_leaves_no_fault(
    admin, settle, new_service, caplog
):
    """CM-23. Equinox ManagedServiceTest.testBug374637."""
    registrations = [admin.add_managed_service("p", new_service()) for _ in range(20)]
    for registration in registrations:
        registration.close()
    settle()

    assert admin.faults() == ()
    assert caplog.records == []


# A service that raises


@pytest.mark.parametrize(
    "error",
    [
        ConfigurationError("port", "it does not work"),
        ConfigurationError(None, "it does not work"),
        ValueError("it does not work"),
        SystemExit("it does not work"),
    ],
    ids=repr,
)
def test_what_a_service_raises_becomes_a_fault(admin, settle, service, error):
    """
    CM-21. OSGi Compendium 104.5.3: the exception is logged with the property; the
    configuration stays.
    """
    service.error = error
    stored = admin.update("p", {"port": "1"})
    admin.add_managed_service("p", service)
    settle()

    (fault,) = admin.faults()
    assert (fault.kind, fault.pid) == (FaultKind.CALLBACK, "p")
    assert fault.key == getattr(error, "key", None)
    assert "it does not work" in str(fault)
    assert admin.get("p") == stored


def test_what_a_service_raises_is_logged(admin, settle, service, caplog):
    """CM-21. Felix logs PID and property of a ConfigurationException."""
    service.error = ConfigurationError("port", "it is taken")
    admin.update("p", {"port": "1"})
    admin.add_managed_service("p", service)
    settle()

    assert "port" in caplog.text
    assert "it is taken" in caplog.text
    assert "revision 1" in caplog.text


def test_a_service_that_raises_harms_no_other(admin, follow, settle, new_service):
    """CM-21. OSGi Compendium 104.5.3."""
    failing, other = new_service(), new_service()
    failing.error = ValueError("never")
    follow("p", failing, ranking=1)
    follow("p", other)

    admin.update("p", A1)
    settle()

    assert failing.calls == other.calls == [None, A1]


def test_a_fault_goes_with_the_next_success(admin, follow, settle, service):
    """CM-21."""
    service.error = ValueError("not yet")
    follow("p", service)
    assert len(admin.faults()) == 1

    service.error = None
    admin.update("p", A1)
    settle()

    assert admin.faults() == ()


def test_going_back_after_a_bad_change_is_delivered(admin, follow, settle, service):
    """CM-21. The values are those it took last, the revision is not."""
    admin.update("p", A1)
    follow("p", service)
    service.error = ValueError("bad")
    admin.update("p", A2)
    settle()
    service.error = None

    admin.update("p", A1)
    settle()

    assert service.calls == [A1, A2, A1]
    assert admin.faults() == ()


def test_a_fault_ends_with_its_registration(admin, follow, service):
    """CM-21, CM-23."""
    service.error = ValueError("never")
    registration = follow("p", service)
    assert len(admin.faults()) == 1

    registration.close()

    assert admin.faults() == ()


# What can be a service


def test_a_function_can_be_a_service(admin, settle):
    """CM-15. OSGi's ManagedService is one method; in Python that is a callable."""
    called = []

    @admin.managed_service("p")
    def updated(properties):
        called.append(None if properties is None else dict(properties))

    settle()
    admin.update("p", A1)
    settle()

    assert called == [None, {**A1, "service.pid": "p"}]
    updated.close()
    admin.update("p", A2)
    settle()
    assert len(called) == 2


@pytest.mark.parametrize("wrong", [None, 1, "p", object(), threading.Event])
def test_what_cannot_be_called_with_properties_is_refused(admin, wrong):
    """CM-15. OSGi refuses a service object that does not implement its interface."""
    with pytest.raises(UsageError):
        admin.add_managed_service("p", wrong)
