"""Several changes as one."""

import pytest

from config_admin import (
    CM_DELETED,
    CM_REFUSED,
    CM_UPDATED,
    ConfigurationError,
    InvalidConfigurationError,
    NoSuchConfigurationError,
)


def test_a_transaction_commits_everything_at_its_end(admin):
    """CM-14. OSGi CMCoordinationTestCase."""
    admin.update("old", {"a": "1"})

    with admin.transaction() as changes:
        changes.update("p", {"a": "1"})
        changes.update("q", {"a": "2"})
        changes.delete("old")
        assert [one.pid for one in admin.list_configurations()] == ["old"]

    assert [one.pid for one in admin.list_configurations()] == ["p", "q"]
    assert admin.get("q").properties["a"] == "2"


def test_nobody_is_told_before_the_end_of_a_transaction(
    admin, follow, settle, service, listener
):
    """
    CM-14, CM-16, CM-29. OSGi CMCoordinationTestCase.testManagedService and
    testListeners. There synchronous listeners are told at once; here nothing has
    happened before the end, so there is nothing to tell.
    """
    synchronous = type(listener)()
    follow("p", service)
    admin.add_listener(listener)
    admin.add_listener(synchronous, synchronous=True)

    with admin.transaction() as changes:
        changes.update("p", {"key": "value"})
        changes.update("q", {"key": "value"})
        settle()
        assert (service.calls, listener.events, synchronous.events) == ([None], [], [])

    assert synchronous.facts == [(CM_UPDATED, "p", 1), (CM_UPDATED, "q", 1)]
    settle()
    assert listener.facts == synchronous.facts
    assert service.calls == [None, {"key": "value"}]


def test_events_of_a_transaction_come_in_the_order_of_its_changes(
    admin, settle, listener
):
    """CM-14, CM-29. OSGi CMCoordinationTestCase.testListeners."""
    admin.update("b", {"a": "1"})
    admin.add_listener(listener)

    with admin.transaction() as changes:
        changes.update("c", {"a": "1"})
        changes.delete("b")
        changes.update("a", {"a": "1"})
    settle()

    assert listener.facts == [
        (CM_UPDATED, "c", 1),
        (CM_DELETED, "b", 2),
        (CM_UPDATED, "a", 1),
    ]


def test_a_service_that_comes_during_a_transaction_sees_what_is_committed(
    admin, follow, settle, service
):
    """
    CM-14, CM-15. Felix CoordinatorIntegrationTest
    .test_deliver_existing_Configuration_to_later_registered_ManagedService. There the
    first call waits for the end; here the service gets what is in force.
    """
    admin.update("p", {"key": "before"})

    with admin.transaction() as changes:
        changes.update("p", {"key": "value"})
        follow("p", service)
        assert service.calls == [{"key": "before"}]
    settle()

    assert service.calls == [{"key": "before"}, {"key": "value"}]


def test_the_last_of_several_changes_of_one_pid_counts(
    admin, follow, settle, service, listener
):
    """
    CM-14, CM-19. OSGi CMCoordinationTestCase.testManagedService calls the service for
    each of them at the end; here it may be called for the last alone.
    """
    follow("p", service)
    admin.add_listener(listener)

    with admin.transaction() as changes:
        changes.update("p", {"key": "value"})
        changes.update("p", {"key": "value", "key2": "value2"})
    settle()

    assert dict(admin.get("p").properties) == {"key": "value", "key2": "value2"}
    assert service.calls[-1] == {"key": "value", "key2": "value2"}
    assert listener.events[-1].revision == admin.get("p").revision


def test_created_and_deleted_in_one_transaction_is_absent(
    admin, follow, settle, service
):
    """
    CM-14, CM-16. OSGi CMCoordinationTestCase.testManagedService: there the service is
    called with the properties and with null; here it never hears of them.
    """
    follow("p", service)

    with admin.transaction() as changes:
        changes.update("p", {"key": "value"})
        changes.delete("p")
    settle()

    assert admin.find("p") is None
    assert service.calls == [None]


def test_one_change_that_is_refused_refuses_the_transaction(
    admin, follow, settle, service, listener
):
    """CM-14, CM-30. OSGi CMCoordinationTestCase, with a fault among the changes."""
    before = admin.update("p", {"a": "1"})
    follow("p", service)
    admin.add_listener(listener)

    def change():
        with admin.transaction() as changes:
            changes.update("p", {"a": "2"})
            changes.update("q", {"bad": None})

    with pytest.raises(InvalidConfigurationError):
        change()
    settle()

    assert admin.list_configurations() == (before,)
    assert service.calls == [{"a": "1"}]
    assert {event.type for event in listener.events} <= {CM_REFUSED}


def test_a_veto_of_one_service_refuses_the_whole_transaction(admin, follow, settle):
    """CM-14, CM-22."""

    class Choosy:
        calls = ()

        def check(self, properties):
            if properties["port"] == "0":
                raise ConfigurationError("port", "not that one")

        def updated(self, properties):
            self.calls = (*self.calls, properties)

    choosy = Choosy()
    follow("p", choosy)

    def change():
        with admin.transaction() as changes:
            changes.update("q", {"port": "0"})
            changes.update("p", {"port": "0"})

    with pytest.raises(InvalidConfigurationError) as caught:
        change()
    settle()

    assert "not that one" in str(caught.value)
    assert admin.list_configurations() == ()
    assert choosy.calls == (None,)


def test_an_exception_in_the_block_changes_nothing(admin, settle, listener):
    """CM-14. OSGi CMCoordinationTestCase: a coordination that fails."""
    before = admin.update("p", {"a": "1"})
    admin.add_listener(listener)

    def change():
        with admin.transaction() as changes:
            changes.update("p", {"a": "2"})
            changes.delete("p")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change()
    settle()

    assert admin.list_configurations() == (before,)
    assert listener.events == []


def test_a_transaction_that_deletes_what_is_not_there_changes_nothing(admin):
    """CM-11, CM-14."""

    def change():
        with admin.transaction() as changes:
            changes.update("p", {"a": "1"})
            changes.delete("absent")

    with pytest.raises(NoSuchConfigurationError):
        change()

    assert admin.list_configurations() == ()


def test_a_transaction_without_changes_tells_no_one(admin, settle, listener):
    """CM-08, CM-14."""
    admin.update("p", {"a": "1"})
    admin.add_listener(listener)

    with admin.transaction():
        pass
    with admin.transaction() as changes:
        changes.update("p", {"a": "1"})
    settle()

    assert listener.events == []
    assert admin.get("p").revision == 1
