"""Listeners: told that something changed, in order, and not what."""

import pytest

import config_admin
from config_admin import (
    CM_DELETED,
    CM_REFUSED,
    CM_UPDATED,
    InvalidConfigurationError,
    UsageError,
)

# How a listener is registered.
KINDS = [
    pytest.param({}, id="asynchronous"),
    pytest.param({"synchronous": True}, id="synchronous"),
]


@pytest.fixture(params=KINDS)
def told(request, admin, listener):
    """A registered listener of either kind."""
    admin.add_listener(listener, **request.param)
    return listener


def test_an_update_and_a_deletion_are_told(admin, settle, told):
    """
    CM-29. OSGi CMControl.testUpdateConfigEvent, testDeleteConfigEvent and
    testSyncListener, Felix ConfigurationListenerTest.test_async_listener and
    test_sync_listener, Equinox ConfigurationEventAdapterTest.testConfigurationEvent.
    """
    admin.update("p", {"key": "value1"})
    settle()
    admin.update("p", {"key": "value2"})
    settle()
    admin.delete("p")
    settle()

    assert told.facts == [
        (CM_UPDATED, "p", 1),
        (CM_UPDATED, "p", 2),
        (CM_DELETED, "p", 3),
    ]
    assert {event.factory_pid for event in told.events} == {None}


def test_events_of_an_instance_name_its_factory(admin, settle, told):
    """
    CM-29. OSGi CMControl.testUpdateConfigFactoryEvent, testDeleteConfigFactoryEvent
    and testSyncListenerFactory, Equinox
    ConfigurationEventAdapterTest.testConfigurationFactoryEvent.
    """
    pid = admin.create_factory_configuration("f", {"key": "value1"}).pid
    admin.delete(pid)
    settle()

    assert told.facts == [(CM_UPDATED, pid, 1), (CM_DELETED, pid, 2)]
    assert {event.factory_pid for event in told.events} == {"f"}


def test_an_event_says_where_the_change_came_from(admin, settle, told):
    """CM-29. OSGi CMControl.testConfigEventFromDifferentBundle: whoever caused it."""
    updated = admin.update("p", {"a": "1"})
    settle()

    (event,) = told.events
    assert event.origin == updated.origin == config_admin.Origin.API


def test_an_event_holds_no_properties(admin, settle, told):
    """CM-29. OSGi CMControl.testUpdateConfigEvent: they are read from the admin."""
    admin.update("p", {"password": "sesame"})
    settle()

    (event,) = told.events
    assert not hasattr(event, "properties")
    assert "sesame" not in repr(event)
    assert admin.get(event.pid).properties["password"] == "sesame"


def test_what_was_deleted_is_gone_when_that_is_told(admin, settle):
    """CM-11, CM-29. OSGi CMControl.testDeleteConfigEvent (listConfigurations)."""
    found = []

    class Reader:
        def configuration_event(self, event):
            found.append(admin.list_configurations(f"(service.pid={event.pid})"))

    admin.update("p", {"a": "1"})
    admin.add_listener(Reader())
    admin.delete("p")
    settle()

    assert found == [()]


def test_a_synchronous_listener_is_told_before_the_update_returns(admin, listener):
    """
    CM-29. OSGi CMControl.testSyncListener and testSyncListenerFactory. On which thread
    is not said here; there it is the caller's.
    """
    admin.add_listener(listener, synchronous=True)

    admin.update("p", {"y": "y"})
    assert listener.facts == [(CM_UPDATED, "p", 1)]

    admin.delete("p")
    assert listener.facts == [(CM_UPDATED, "p", 1), (CM_DELETED, "p", 2)]


def test_a_synchronous_listener_finds_the_new_revision(admin):
    """CM-09, CM-29. OSGi CMControl.testChangeCount and testChangeCountFactory."""
    found = []

    class Reader:
        def configuration_event(self, event):
            found.append((event.revision, admin.get(event.pid).revision))

    admin.add_listener(Reader(), synchronous=True)
    admin.update("p", {"x": "x"})
    admin.update("f~x", {"x": "x"})
    admin.update("p", {"x": "y"})

    assert found == [(1, 1), (1, 1), (2, 2)]


def test_events_of_several_pids_come_in_commit_order(admin, settle, told):
    """CM-29. OSGi CMControl.testConfigEventFromDifferentBundle, four events."""
    expected = []
    for number in range(10):
        for pid in ("p", "q", f"f~{number}"):
            revision = admin.update(pid, {"n": number}).revision
            expected.append((CM_UPDATED, pid, revision))
    settle()

    assert told.facts == expected


def test_two_listeners_are_told_the_same(admin, settle, new_listener):
    """CM-29. Felix ConfigurationListenerTest.test_sync_listener (both kinds)."""
    plain, synchronous = new_listener(), new_listener()
    admin.add_listener(plain)
    admin.add_listener(synchronous, synchronous=True)

    admin.update("p", {"x": "x"})
    admin.delete("p")
    settle()

    assert (
        plain.facts
        == synchronous.facts
        == [
            (CM_UPDATED, "p", 1),
            (CM_DELETED, "p", 2),
        ]
    )


def test_nothing_new_is_not_told(admin, settle, told):
    """CM-08, CM-29. OSGi CMControl.testUpdateIfDifferent."""
    admin.update("p", {"x": "x"})
    admin.update("p", {"x": "x"})
    settle()

    assert told.facts == [(CM_UPDATED, "p", 1)]


def test_what_came_before_the_listener_is_not_told(admin, settle, listener):
    """CM-29. Felix ConfigurationListenerTest.test_async_listener (assertNoEvent)."""
    admin.update("p", {"x": "1"})
    settle()

    admin.add_listener(listener)
    settle()
    assert listener.events == []

    admin.update("p", {"x": "2"})
    settle()
    assert listener.facts == [(CM_UPDATED, "p", 2)]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_told_after_the_end_of_a_registration(admin, settle, listener, kind):
    """CM-23, CM-29. Felix ConfigurationManagerTest.testEventsStartingBundle."""
    registration = admin.add_listener(listener, **kind)
    admin.update("p", {"x": "1"})
    settle()

    registration.close()
    admin.update("p", {"x": "2"})
    settle()

    assert listener.facts == [(CM_UPDATED, "p", 1)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_listener_that_comes_before_the_start_is_told(make_live, listener, kind):
    """
    CM-29. Felix FELIX2813_ConfigurationAdminStartupTest
    .testAddConfigurationWhenConfigurationAdminStarts.
    """
    admin = make_live()
    admin.add_listener(listener, **kind)
    admin.start()

    admin.update("test", {"abc": "123"})
    assert admin.flush(10)

    assert listener.facts == [(CM_UPDATED, "test", 1)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_listener_that_raises_harms_nobody(
    admin, settle, service, new_listener, kind
):
    """CM-29. OSGi Compendium 104.8: an exception of a listener is logged."""
    failing, other = new_listener(), new_listener()
    failing.error = ValueError("never")
    admin.add_listener(failing, **kind)
    admin.add_listener(other, **kind)
    admin.add_managed_service("p", service)
    settle()

    admin.update("p", {"x": "1"})
    admin.update("p", {"x": "2"})
    settle()

    assert failing.facts == other.facts == [(CM_UPDATED, "p", 1), (CM_UPDATED, "p", 2)]
    assert service.calls[-1] == {"x": "2"}


def test_a_refused_update_is_told_with_its_reasons(admin, settle, told):
    """CM-30. The peers have no such event."""
    admin.update("p", {"x": "1"})
    with pytest.raises(InvalidConfigurationError) as caught:
        admin.update("p", {"x": None, "y": [[]]})
    settle()

    assert told.facts == [(CM_UPDATED, "p", 1), (CM_REFUSED, "p", 1)]
    assert told.events[-1].violations == caught.value.violations
    assert [violation.key for violation in told.events[-1].violations] == ["x", "y"]


def test_a_refused_creation_has_revision_0(admin, settle, told):
    """CM-30."""
    with pytest.raises(InvalidConfigurationError):
        admin.update("f~x", {"x": None})
    settle()

    assert told.facts == [(CM_REFUSED, "f~x", 0)]
    assert told.events[0].factory_pid == "f"


@pytest.mark.parametrize("wrong", [None, object(), lambda event: event])
def test_what_cannot_be_told_is_refused(admin, wrong):
    """CM-29. OSGi refuses a service object that does not implement its interface."""
    with pytest.raises(UsageError):
        admin.add_listener(wrong)


def test_a_synchronous_listener_cannot_be_a_coroutine(admin):
    """CM-25."""

    class Coroutine:
        async def configuration_event(self, event):
            """Never called."""

    with pytest.raises(UsageError):
        admin.add_listener(Coroutine(), synchronous=True)
