"""Plugins: what they see and may change on the way to a service."""

import pytest

import config_admin


class Plugin:
    """
    Adds its name to a list, and a property ``plugin.<name>``.

    Attributes:
        order: The names of those that were called, shared with others.
        seen: What it was called with.
        error: What it raises; None: nothing.
    """

    def __init__(self, name, order):
        self.name = name
        self.order = order
        self.seen = []
        self.error = None

    def modify_configuration(self, pid, properties):
        self.order.append(self.name)
        self.seen.append((pid, properties))
        if self.error is not None:
            raise self.error
        return {
            **properties,
            f"plugin.{self.name}": self.name,
            "service.pid": "a",
            "service.factoryPid": "a",
        }


@pytest.fixture
def order():
    """The names of the plugins that were called."""
    return []


@pytest.fixture
def plug(admin, order):
    """Register a plugin: `plug(name, **options)`."""

    def add(name, **options):
        plugin = Plugin(name, order)
        plugin.registration = admin.add_plugin(plugin, **options)
        return plugin

    return add


@pytest.fixture
def ranked(plug):
    """Plugins of the rankings that matter; the names say in which order they are."""
    return [
        plug(name, **({} if ranking is None else {"ranking": ranking}))
        for name, ranking in (
            ("4", 1000),
            ("1", -1),
            ("5", 1001),
            ("3", 5),
            ("2", None),
        )
    ]


def added(properties):
    """Which plugins have left their property."""
    return {key[-1] for key in properties if key.startswith("plugin.")}


def test_a_plugin_changes_what_is_delivered(admin, follow, plug, service):
    """
    CM-31. Equinox ConfigurationPluginTest.testPlugin, Karaf
    KarafConfigurationPluginTest.testSystemProperty.
    """
    plug("x")
    admin.update("test", {"testkey": "testvalue"})

    follow("test", service)

    assert service.calls == [{"testkey": "testvalue", "plugin.x": "x"}]


def test_what_is_stored_is_not_what_a_plugin_makes_of_it(
    admin, follow, plug, service, settle
):
    """CM-31, CM-66. OSGi Compendium 104.9: plugins change a copy."""
    plug("x")
    stored = admin.update("test", {"testkey": "testvalue"})
    follow("test", service)
    settle()

    assert admin.get("test") == stored
    assert dict(stored.properties) == {"testkey": "testvalue"}


def test_plugins_are_called_by_ranking_and_the_outer_ones_only_look(
    admin, follow, service, ranked, order
):
    """
    CM-31. OSGi ConfigurationPluginTests.testRankingForManagedService, Felix
    RankingComparatorTest.test_service_cm_ranking_sort, Equinox
    ConfigurationPluginTest.testRankedPlugin.
    """
    admin.update("p", {"host": "val"})

    follow("p", service)

    assert order == list("12345")
    assert added(service.raw[0]) == set("234")
    assert [pid for one in ranked for pid, _ in one.seen] == ["p"] * 5


def test_plugins_are_called_for_every_delivery_and_not_for_none(
    admin, follow, settle, service, plug
):
    """CM-31. OSGi ConfigurationPluginTests.testRankingForManagedService."""
    plugin = plug("x")
    follow("p", service)
    assert plugin.seen == []

    admin.update("p", {"host": "val"})
    settle()
    admin.update("p", {"key1": "val1"})
    settle()
    admin.delete("p")
    settle()

    assert len(plugin.seen) == 2
    assert service.calls == [
        None,
        {"host": "val", "plugin.x": "x"},
        {"key1": "val1", "plugin.x": "x"},
        None,
    ]


def test_plugins_serve_factories_alike(admin, follow_factory, factory, ranked, order):
    """CM-31. OSGi ConfigurationPluginTests.testRankingForManagedServiceFactory."""
    admin.update("f~x", {"host": "val"})

    follow_factory("f", factory)

    assert order == list("12345")
    assert added(factory.raw[0]) == set("234")
    assert [pid for one in ranked for pid, _ in one.seen] == ["f~x"] * 5


def test_a_deleted_instance_is_no_business_of_plugins(
    admin, follow_factory, settle, factory, plug
):
    """CM-31. OSGi ConfigurationPluginTests.testRankingForManagedServiceFactory."""
    plugin = plug("x")
    admin.update("f~x", {"host": "val"})
    follow_factory("f", factory)

    admin.delete("f~x")
    settle()

    assert len(plugin.seen) == 1
    assert factory.instances == {}


@pytest.mark.parametrize("pid", ["p", "f~x"])
def test_a_plugin_cannot_change_whose_properties_they_are(
    admin, follow, plug, service, pid
):
    """CM-05. OSGi ConfigurationPluginTests.Plugin (modify auto props)."""
    plug("x")
    admin.update(pid, {"host": "val"})

    follow(pid, service)

    (delivered,) = service.raw
    assert delivered["service.pid"] == pid
    assert delivered.get("service.factoryPid") == (None if pid == "p" else "f")


@pytest.mark.parametrize("pid", ["p", "f~x"])
def test_plugins_are_not_called_when_nobody_listens(admin, settle, listener, plug, pid):
    """
    CM-31. OSGi ConfigurationPluginTests.testConfigurationPluginService and
    testConfigurationPluginServiceFactory.
    """
    plugin = plug("x")
    admin.add_listener(listener)

    admin.update(pid, {"key": "value1"})
    settle()

    assert len(listener.events) == 1
    assert plugin.seen == []


def test_a_plugin_with_targets_serves_only_those(admin, follow, service, plug, order):
    """
    CM-31. OSGi ConfigurationPluginTests.testTargettingManagedService, Equinox
    ConfigurationPluginTest.testPidSpecificPlugin and testPidSpecificMissPlugin.
    """
    plug("1", ranking=1)
    plug("2", ranking=2, targets=("p", "other"))
    plug("3", ranking=3, targets=("foo",))
    admin.update("p", {"host": "val"})

    follow("p", service)

    assert order == ["1", "2"]
    assert added(service.raw[0]) == {"1", "2"}


def test_a_factory_can_be_the_target_of_a_plugin(
    admin, follow_factory, factory, plug, order
):
    """CM-57. OSGi ConfigurationPluginTests.testTargettingManagedServiceFactory."""
    plug("1", ranking=1)
    plug("2", ranking=2, targets=("f",))
    plug("3", ranking=3, targets=("f~x",))
    plug("4", ranking=4, targets=("foo", "f~y"))
    admin.update("f~x", {"host": "val"})

    follow_factory("f", factory)

    assert order == ["1", "2", "3"]


def test_plugins_of_equal_ranking_keep_the_order_of_registration(
    admin, follow, service, plug, order
):
    """
    CM-57. Equinox ConfigurationPluginTest.testSameRankedPlugin, Felix
    RankingComparatorTest.test_service_ranking_no_property. There the ranking of the
    service decides before the order does; plugins here have one ranking.
    """
    for name, ranking in (("b", 1), ("d", 2), ("c", 1), ("a", 0)):
        plug(name, ranking=ranking)
    admin.update("test", {"testkey": "testvalue"})

    follow("test", service)

    assert order == ["a", "b", "c", "d"]


def test_a_later_plugin_sees_what_an_earlier_one_did(admin, follow, service, plug):
    """CM-31. Equinox ConfigurationPluginTest.testRankedPlugin (the last one wins)."""
    plug("1", ranking=1)
    second = plug("2", ranking=2)
    admin.update("p", {"a": "1"})

    follow("p", service)

    (_, seen) = second.seen[0]
    assert seen["plugin.1"] == "1"
    assert "plugin.2" not in seen


def test_what_a_plugin_gets_cannot_be_changed_in_place(admin, follow, service, plug):
    """CM-06, CM-31. OSGi's plugins change the dictionary; here they return another."""
    plugin = plug("1")
    admin.update("p", {"a": "1"})

    follow("p", service)

    (_, seen) = plugin.seen[0]
    assert not hasattr(seen, "__setitem__")


def test_a_plugin_that_returns_nothing_changes_nothing(admin, follow, service):
    """CM-31. Felix ActivationTest.test_activation (an empty plugin)."""

    class Looker:
        def modify_configuration(self, pid, properties):
            """Only looks."""

    admin.add_plugin(Looker())
    admin.update("p", {"a": "1"})

    follow("p", service)

    assert service.calls == [{"a": "1"}]


def test_a_plugin_may_remove_properties(admin, follow, service):
    """CM-31. OSGi Compendium 104.9.2."""

    class Remover:
        def modify_configuration(self, pid, properties):  # noqa: ARG002 - the protocol's
            return {key: value for key, value in properties.items() if key != "a"}

    admin.add_plugin(Remover())
    admin.update("p", {"a": "1", "b": "2"})

    follow("p", service)

    assert service.calls == [{"b": "2"}]
    assert service.raw[0]["service.pid"] == "p"


def test_a_plugin_that_raises_is_skipped_and_logged(
    admin, follow, service, plug, caplog
):
    """CM-31. OSGi Compendium 104.9: an exception is logged, and the next is called."""
    plug("1", ranking=1)
    failing = plug("2", ranking=2)
    failing.error = ValueError("out of luck")
    plug("3", ranking=3)
    admin.update("p", {"a": "1"})

    follow("p", service)

    assert added(service.raw[0]) == {"1", "3"}
    assert "out of luck" in caplog.text


@pytest.mark.parametrize("answer", [7, "text", {"x": None}, {"x": [[]]}, {1: "x"}])
def test_what_a_plugin_cannot_return_is_skipped_too(admin, follow, service, answer):
    """CM-04, CM-31. OSGi Compendium 104.9: what plugins put in is of the same types."""

    class Wrong:
        def modify_configuration(self, pid, properties):  # noqa: ARG002 - the protocol's
            return answer

    admin.add_plugin(Wrong())
    admin.update("p", {"a": "1"})

    follow("p", service)

    assert service.calls == [{"a": "1"}]


def test_a_plugin_that_went_is_called_no_more(admin, follow, settle, service, plug):
    """CM-23, CM-31. Equinox ConfigurationPluginTest (unregister)."""
    plugin = plug("x")
    follow("p", service)
    admin.update("p", {"a": "1"})
    settle()

    plugin.registration.close()
    admin.update("p", {"a": "2"})
    settle()

    assert service.calls[1:] == [{"a": "1", "plugin.x": "x"}, {"a": "2"}]


def test_a_plugin_that_comes_does_not_call_a_service_again(
    admin, follow, settle, service, plug
):
    """CM-16, CM-31. OSGi Compendium 104.9.3: the next update calls it."""
    admin.update("p", {"a": "1"})
    follow("p", service)

    plug("x")
    settle()
    assert service.calls == [{"a": "1"}]

    admin.update("p", {"a": "2"})
    settle()
    assert service.calls[1:] == [{"a": "2", "plugin.x": "x"}]


# What a service would get


def test_processed_properties_are_what_a_service_would_get(
    admin, follow, service, ranked, order
):
    """
    CM-33. OSGi ConfigurationPluginTests.testGetProcessedProperties, Karaf
    EditCommandTest.testExecuteOnExistingPid.
    """
    admin.update("p", {"host": "val"})
    processed = admin.processed_properties("p")
    assert order == list("12345")
    assert added(processed) == set("234")
    assert (processed["host"], processed["service.pid"]) == ("val", "p")

    follow("p", service)
    assert dict(service.raw[0]) == dict(processed)


def test_processed_properties_of_an_instance_name_its_factory(admin):
    """CM-05, CM-33. OSGi ConfigurationPluginTests.testGetProcessedProperties."""
    admin.update("f~x", {"host": "val"})

    assert dict(admin.processed_properties("f~x")) == {
        "host": "val",
        "service.pid": "f~x",
        "service.factoryPid": "f",
    }


# Required plugins


@pytest.fixture
def held(make_live):
    """An admin that delivers nothing without the plugins "masker" and "vault"."""
    admin = make_live(required_plugins=("masker", "vault"))
    admin.start()
    return admin


def add_named(admin, name):
    return admin.add_plugin(Plugin(name, []), name=name)


def test_nothing_is_delivered_without_the_required_plugins(held, service):
    """
    CM-32. Felix ActivationTest.test_no_activation and
    RequiredConfigurationPluginTrackerTest. There the whole service is missing; here
    only the delivery waits, and the fault says for whom.
    """
    held.update("p", {"a": "1"})
    held.add_managed_service("p", service)
    add_named(held, "masker")
    add_named(held, "other")
    assert held.flush(10)

    assert service.calls == []
    assert dict(held.get("p").properties) == {"a": "1"}
    assert any("vault" in str(fault) for fault in held.faults())


def test_the_last_required_plugin_lets_the_delivery_go(held, service):
    """CM-32. Felix ActivationTest.test_activation."""
    held.update("p", {"a": "1"})
    held.add_managed_service("p", service)
    add_named(held, "masker")
    add_named(held, "vault")
    assert held.flush(10)

    assert service.calls == [
        {"a": "1", "plugin.masker": "masker", "plugin.vault": "vault"}
    ]
    assert held.faults() == ()


def test_a_required_plugin_that_goes_holds_the_delivery_again(held, service):
    """
    CM-32. Felix ActivationTest.test_activation and
    RequiredConfigurationPluginTrackerTest (one is removed).
    """
    first, _ = add_named(held, "masker"), add_named(held, "vault")
    add_named(held, "other").close()
    held.update("p", {"a": "1"})
    held.add_managed_service("p", service)
    assert held.flush(10)
    assert len(service.calls) == 1

    first.close()
    held.update("p", {"a": "2"})
    assert held.flush(10)
    assert len(service.calls) == 1

    add_named(held, "masker")
    assert held.flush(10)
    assert [call["a"] for call in service.calls] == ["1", "2"]


def test_listeners_do_not_wait_for_required_plugins(held, listener):
    """CM-29, CM-32."""
    held.add_listener(listener)

    held.update("p", {"a": "1"})
    assert held.flush(10)

    assert listener.facts == [(config_admin.CM_UPDATED, "p", 1)]
