"""Plugins: who sees what, in which order, and what becomes of what they give."""

import threading
from collections.abc import Mapping
from dataclasses import replace

import pytest

from config_admin.core.configuration import Configuration, Origin
from config_admin.core.display import MASK
from config_admin.core.entry import Entry
from config_admin.core.errors import InvalidPidError, UsageError
from config_admin.core.faults import Fault, FaultBook, FaultKind
from config_admin.core.ports import Checked
from config_admin.core.processing import Processing
from config_admin.core.properties import Properties

LIMIT_S = 10.0
SOON_S = 0.05  # long enough to notice what should not happen


class Plugin:
    """
    Notes what it sees, and gives what *change* makes of it.

    Attributes:
        seen: PID and properties of each call.
        error: What it raises; None: nothing.
    """

    def __init__(self, change=lambda _pid, _properties: None):
        self.change = change
        self.seen = []
        self.error = None

    def modify_configuration(self, pid, properties):
        self.seen.append((pid, dict(properties)))
        if self.error is not None:
            raise self.error
        return self.change(pid, properties)


def setting(**items):
    return Plugin(lambda _, properties: {**properties, **items})


def giving(result):
    return Plugin(lambda *_: result)


def appending(text):
    def change(_, properties):
        return {**properties, "by": f"{properties.get('by', '')}{text}"}

    return Plugin(change)


@pytest.fixture
def add(world):
    """Register a plugin: `add(plugin, ranking=…)`."""
    return world.admin.processing.add


@pytest.fixture
def delivered(world):
    """What a service of *pid* gets of *properties*."""

    def deliver(properties, pid="a"):
        service, _ = world.service(pid)
        world.admin.update(pid, properties)
        world.flush()
        return service.calls[-1]

    return deliver


def only(faults):
    (fault,) = faults.all()
    return fault


# Order and rank


def test_plugins_run_lowest_ranking_first(add, delivered):
    """CM-31."""
    for ranking in (7, 0, 1000, 3):
        add(appending(f"<{ranking}>"), ranking=ranking)

    assert delivered({})["by"] == "<0><3><7><1000>"


def test_a_plugin_of_which_nobody_says_its_rank_has_rank_zero(add, delivered):
    """CM-31."""
    for ranking in (1, 0):
        add(appending(ranking), ranking=ranking)
    add(appending("!"))

    assert delivered({})["by"] == "0!1"


def test_plugins_of_one_ranking_run_in_the_order_of_their_registration(add, delivered):
    """CM-57."""
    for name in "abc":
        add(appending(name), ranking=5)
    add(appending("first"), ranking=4)

    assert delivered({})["by"] == "firstabc"


@pytest.mark.parametrize(
    ("ranking", "counts"), [(-1, False), (0, True), (1000, True), (1001, False)]
)
def test_plugins_outside_of_the_ranks_may_only_look(add, delivered, ranking, counts):
    """CM-31."""
    plugin = setting(mode="other")
    add(plugin, ranking=ranking)

    assert delivered({"mode": "own"})["mode"] == ("other" if counts else "own")
    assert plugin.seen[-1][1]["mode"] == "own"


def test_a_plugin_that_gives_nothing_changes_nothing(add, delivered):
    """CM-31."""
    add(giving(None))

    assert delivered({"x": 1}) == {"x": 1, "service.pid": "a"}


def test_a_plugin_that_gives_what_it_got_changes_nothing(add, delivered):
    """CM-31."""
    add(Plugin(lambda _, properties: properties))

    assert delivered({"x": 1}) == {"x": 1, "service.pid": "a"}


def test_each_plugin_sees_what_the_one_before_made_of_it(add, delivered):
    """CM-31."""
    second = setting(y=2)
    add(setting(x=1))
    add(second)

    assert delivered({}) == {"x": 1, "y": 2, "service.pid": "a"}
    assert second.seen == [("a", {"x": 1, "service.pid": "a"})]


@pytest.mark.parametrize(
    ("targets", "pid", "sees"),
    [
        (None, "a", True),
        (["a"], "a", True),
        ("a", "a", True),
        (["b", "a"], "a", True),
        (["b"], "a", False),
        ([], "a", False),
        (["f"], "f~x", True),
        (["f~x"], "f~x", True),
        (["f~y"], "f~x", False),
        (["a"], "a|app", True),
        (["a|app"], "a|app", True),
        (["a|app"], "a", False),
        (["f"], "f|app~x", True),
    ],
)
def test_targets_say_which_pids_a_plugin_sees(add, delivered, targets, pid, sees):
    """CM-31, CM-57: factory PIDs, too."""
    add(setting(seen=True), targets=targets)

    assert ("seen" in delivered({}, pid)) is sees


def test_what_a_plugin_made_is_neither_stored_nor_read(world, add, delivered):
    """CM-31: it works on a copy."""
    add(setting(mode="other"))
    delivered({"mode": "own"})

    assert world.admin.get("a").properties == {"mode": "own"}
    assert world.admin.written("a").properties == {"mode": "own"}


def test_a_plugin_that_comes_later_calls_nobody_again(world, add):
    """CM-31: it sees what is delivered from then on."""
    service, _ = world.service("a")
    world.admin.update("a", {"x": 1})
    world.flush()

    add(setting(mode="other"))
    world.flush()
    assert len(service.calls) == 1

    world.admin.update("a", {"x": 2})
    world.flush()
    assert service.calls[-1]["mode"] == "other"


def test_a_plugin_is_not_asked_where_there_is_nothing(world, add):
    """CM-31: no configuration has no properties."""
    plugin = setting(x=1)
    add(plugin)
    service, _ = world.service("a")

    world.flush()

    assert (service.calls, plugin.seen) == ([None], [])


# What they give


def test_a_plugin_cannot_change_the_automatic_properties(add, delivered):
    """CM-05."""
    add(giving({"x": 1, "Service.PID": "b", "service.factorypid": "g"}))

    assert dict(delivered({}, "f~x")) == {
        "x": 1,
        "service.pid": "f~x",
        "service.factoryPid": "f",
    }


def test_a_plugin_that_empties_everything_leaves_the_automatic_ones(add, delivered):
    """CM-05."""
    add(giving({}))

    assert dict(delivered({"x": 1})) == {"service.pid": "a"}


def test_what_a_plugin_gave_cannot_be_changed_by_it_later(add, delivered):
    """CM-06."""
    mine = {"list": [1, 2]}
    add(giving(mine))
    got = delivered({})

    mine["list"].append(3)
    mine["more"] = 1

    assert dict(got) == {"list": (1, 2), "service.pid": "a"}


def test_a_plugin_cannot_change_what_it_gets(world, add, delivered):
    """CM-06."""

    def mutate(_, properties):
        properties["x"] = 2

    add(Plugin(mutate))

    assert delivered({"x": 1})["x"] == 1
    assert "TypeError" in only(world.faults).found


class Liar(Mapping):
    """A mapping that does not hold what it says."""

    def __getitem__(self, key):
        raise KeyError(key)

    def __iter__(self):
        return iter(["x"])

    def __len__(self):
        return 1


GARBAGE = {
    "a number": (5, "a result of type int"),
    "a text": ("text", "a result of type str"),
    "pairs": ([("x", 2)], "a result of type list"),
    "a mapping that lies": (Liar(), "KeyError"),
    "None as a value": ({"x": None}, "x: found None"),
    "an object": ({"x": object()}, "x: found a value of type object"),
    "a mixed list": ({"x": [1, "a"]}, "x: found a list of different types"),
    "a key that is no text": ({1: 2}, "a key of type int"),
    "one key twice": ({"x": 1, "X": 2}, "equal but for case"),
    "an endless number": ({"x": float("nan")}, "x: found nan"),
}


@pytest.mark.parametrize(("result", "found"), GARBAGE.values(), ids=GARBAGE)
def test_a_plugin_that_gives_what_cannot_be_delivered_is_skipped(
    world, add, delivered, result, found
):
    """CM-31: it is a fault that names the plugin, and the others run."""
    add(giving(result))
    add(setting(other=True), ranking=1)

    assert delivered({"x": 1}) == {"x": 1, "other": True, "service.pid": "a"}
    fault = only(world.faults)
    assert (fault.kind, fault.pid) == (FaultKind.PLUGIN, "a")
    assert found in fault.found
    assert "Plugin to process a" in fault.expected
    assert fault.cure == "It was skipped. Mend the plugin."


@pytest.mark.parametrize("ranking", [-1, 1001])
def test_what_a_looking_plugin_gives_is_not_even_looked_at(
    world, add, delivered, ranking
):
    """CM-31."""
    add(giving(object()), ranking=ranking)

    assert delivered({"x": 1})["x"] == 1
    assert world.faults.all() == ()


# What they raise


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(1), MemoryError()])
def test_a_plugin_that_raises_is_skipped_and_a_fault_until_it_works(
    world, add, delivered, error
):
    """CM-31."""
    failing = setting(x=2)
    failing.error = error
    add(failing)
    add(setting(other=True))

    assert delivered({"x": 1}) == {"x": 1, "other": True, "service.pid": "a"}
    fault = only(world.faults)
    assert (fault.kind, fault.pid) == (FaultKind.PLUGIN, "a")
    assert fault.found.startswith(type(error).__name__)
    assert "test_plugins.py" in fault.found
    assert fault.expected.endswith("Plugin to process a")

    failing.error = None
    world.admin.update("a", {"x": 3})
    world.flush()
    assert world.faults.all() == ()


def test_an_interrupt_from_the_keyboard_is_not_taken_for_a_fault(world, add):
    """CM-31."""
    plugin = Plugin()
    plugin.error = KeyboardInterrupt()
    add(plugin)
    world.service("a")
    world.admin.update("a", {})

    with pytest.raises(KeyboardInterrupt):
        world.dispatcher.flush()


def test_two_plugins_of_one_kind_have_faults_of_their_own(world, add, delivered):
    """CM-31."""
    plugins = [Plugin(), Plugin()]
    for plugin in plugins:
        plugin.error = ValueError("no")
        add(plugin)
    delivered({"x": 1})
    assert len(world.faults.all()) == 2

    plugins[0].error = None
    delivered({"x": 2})

    assert len(world.faults.all()) == 1


# Secrets


def test_what_is_secret_stays_it_whatever_a_plugin_makes_of_it(world, add, delivered):
    """CM-33."""
    world.validator.secrets = {"dsn"}
    add(Plugin(lambda _, properties: {**properties, "dsn": "hunter3"}))

    got = delivered({"dsn": "hunter2"})

    assert got["dsn"] == "hunter3"
    assert "hunter" not in repr(got)


def test_a_plugin_can_say_what_is_secret(add, delivered):
    """CM-33."""

    def decrypt(_, properties):
        return Properties({**properties, "dsn": "hunter2"}, secret_keys=["dsn"])

    add(Plugin(decrypt))

    got = delivered({"dsn": "ENC(x)"})

    assert got["dsn"] == "hunter2"
    assert "hunter2" not in repr(got)
    assert got.masked()["dsn"] == MASK


def test_a_secret_of_a_plugin_is_not_shown_by_who_raises_it(world, add):
    """CM-37."""
    add(Plugin(lambda *_: Properties({"dsn": "hunter2"}, secret_keys=["dsn"])))
    service, _ = world.service("a")
    service.error = ValueError("hunter2")
    world.admin.update("a", {"x": 1})

    world.flush()

    assert MASK in only(world.faults).found
    assert "hunter2" not in str(only(world.faults))


@pytest.mark.parametrize("form", ["{}", "amqp://me:{}@host"])
def test_a_fault_of_a_plugin_shows_no_secret(world, add, delivered, form):
    """CM-37."""
    world.validator.secrets = {"dsn"}

    def blurt(_, properties):
        raise ValueError(form.format(properties["dsn"]))

    add(Plugin(blurt))
    delivered({"dsn": "hunter2"})

    assert "hunter2" not in str(only(world.faults))


def test_a_result_that_cannot_be_delivered_shows_no_secret(world, add, delivered):
    """CM-37."""
    add(Plugin(lambda _, p: {**p, "hunter2": None}))
    delivered({"password": "hunter2"})

    assert "hunter2" not in str(only(world.faults))


# The end of a plugin


def test_a_closed_plugin_sees_nothing_more(world, add, delivered):
    """CM-23."""
    plugin = setting(x=2)
    registration = add(plugin)
    assert registration.wait(0)

    registration.close()
    registration.close()

    assert delivered({"x": 1})["x"] == 1
    assert plugin.seen == []
    assert registration.is_closed
    assert world.faults.all() == ()


def test_the_faults_of_a_plugin_go_with_it(world, add, delivered):
    """CM-31."""
    plugin = Plugin()
    plugin.error = ValueError("no")
    registration = add(plugin)
    delivered({"x": 1})
    delivered({"x": 1}, "b")
    assert len(world.faults.all()) == 2

    registration.close()

    assert world.faults.all() == ()


def test_a_plugin_that_one_before_it_closed_is_not_called(world, add, delivered):
    """CM-23: no call starts after `close` has returned."""
    second = setting(x=2)

    def close_second(*_):
        registration.close()

    add(Plugin(close_second))
    registration = add(second, ranking=1)

    assert delivered({"x": 1})["x"] == 1
    assert second.seen == []
    assert world.faults.all() == ()


class Blocking:
    """A plugin whose call runs until it is let go, and then fails."""

    def __init__(self, released):
        self.released = released
        self.started = threading.Event()
        self.ended = threading.Event()

    def modify_configuration(self, *_):
        self.started.set()
        self.released.wait(LIMIT_S)
        self.ended.set()
        raise ValueError("too late")


def test_a_plugin_that_is_closed_while_it_runs_leaves_no_fault(busy_world, released):
    """CM-31."""
    plugin = Blocking(released)
    registration = busy_world.admin.processing.add(plugin)
    service, _ = busy_world.service("a")
    busy_world.admin.update("a", {"x": 1})
    assert plugin.started.wait(LIMIT_S)

    registration.close()
    assert not plugin.ended.is_set()
    released.set()
    busy_world.flush()

    assert busy_world.faults.all() == ()
    assert service.calls[-1]["x"] == 1


def test_closing_waits_for_the_call_that_runs(busy_world, released):
    """CM-23."""
    plugin = Blocking(released)
    registration = busy_world.admin.processing.add(plugin)
    busy_world.service("a")
    busy_world.admin.update("a", {"x": 1})
    assert plugin.started.wait(LIMIT_S)

    closing = threading.Thread(target=registration.close, args=[LIMIT_S])
    closing.start()
    closing.join(SOON_S)
    assert closing.is_alive()
    released.set()
    closing.join(LIMIT_S)

    assert not closing.is_alive()
    assert plugin.ended.is_set()


def test_closing_waits_no_longer_than_it_was_told(busy_world, released):
    """CM-23."""
    plugin = Blocking(released)
    registration = busy_world.admin.processing.add(plugin)
    busy_world.service("a")
    busy_world.admin.update("a", {"x": 1})
    assert plugin.started.wait(LIMIT_S)

    registration.close(SOON_S)

    assert not plugin.ended.is_set()


def test_a_plugin_that_closes_itself_does_not_wait_for_itself(busy_world):
    """CM-23."""
    closed = threading.Event()

    def close(*_):
        registration.close(LIMIT_S)
        closed.set()

    registration = busy_world.admin.processing.add(Plugin(close))
    busy_world.service("a")
    busy_world.admin.update("a", {"x": 1})

    assert closed.wait(LIMIT_S / 2)
    busy_world.flush()
    assert busy_world.faults.all() == ()


# Registering


class Coroutine:
    async def modify_configuration(self, pid, properties):
        """Would have to run on a loop."""


class TakesNothing:
    def modify_configuration(self):
        """Takes no configuration."""


@pytest.mark.parametrize(
    ("plugin", "words"),
    [
        (object(), "has no 'modify_configuration'"),
        (Coroutine(), "is a coroutine function"),
        (TakesNothing(), "has to take (pid, properties)"),
        (Plugin, "is a class"),
    ],
)
def test_what_is_no_plugin_is_refused_at_once(add, plugin, words):
    """CM-31."""
    with pytest.raises(UsageError) as caught:
        add(plugin)

    assert words in str(caught.value)


@pytest.mark.parametrize("targets", [["a", "../b"], "", [1]])
def test_targets_are_pids(add, delivered, targets):
    """CM-01."""
    plugin = setting(x=1)
    with pytest.raises(InvalidPidError):
        add(plugin, targets=targets)

    assert delivered({}) == {"service.pid": "a"}


# Required plugins


@pytest.fixture
def needy(make_world):
    """A world in which nothing is delivered without "decrypt" and "sign"."""
    return make_world(required_plugins=("decrypt", "sign", "decrypt"))


def test_what_needs_a_plugin_is_held_until_it_is_there(needy):
    """CM-32."""
    service, registration = needy.service("a")
    needy.admin.update("a", {"x": 1})
    needy.flush()
    assert service.calls == []
    assert [one.found for one in needy.faults.all()] == [
        "no plugin 'decrypt'",
        "no plugin 'sign'",
    ]
    assert needy.faults.all()[1] == Fault(
        kind=FaultKind.PLUGIN,
        found="no plugin 'sign'",
        expected="it, before anything is delivered",
        cure="Register it (add_plugin(…, name='sign')), or take it out of "
        "required_plugins.",
        rule="plugin",
    )
    (receipt,) = needy.admin.audience.receipts("a")
    assert receipt.held == "until there is a plugin decrypt, sign"
    assert registration.wait(0), "start does not wait for a plugin"

    needy.admin.processing.add(setting(y=2), name="sign")
    needy.flush()
    assert service.calls == []
    assert only(needy.faults).found == "no plugin 'decrypt'"

    needy.admin.processing.add(setting(z=3), name="decrypt")
    needy.flush()
    assert service.calls == [{"x": 1, "y": 2, "z": 3, "service.pid": "a"}]
    assert needy.faults.all() == ()
    (receipt,) = needy.admin.audience.receipts("a")
    assert (receipt.applied, receipt.reason) == (1, None)


def test_without_a_required_plugin_not_even_none_is_delivered(needy):
    """CM-32."""
    service, _ = needy.service("a")
    needy.flush()
    assert service.calls == []

    for name in ("decrypt", "sign"):
        needy.admin.processing.add(Plugin(), name=name)
    needy.flush()

    assert service.calls == [None]


def test_when_a_required_plugin_goes_what_follows_is_held_again(needy):
    """CM-32."""
    registrations = [
        needy.admin.processing.add(Plugin(), name=name) for name in ("decrypt", "sign")
    ]
    service, _ = needy.service("a")
    needy.admin.update("a", {"x": 1})
    needy.flush()

    registrations[0].close()
    assert only(needy.faults).found == "no plugin 'decrypt'"
    needy.flush()
    assert len(service.calls) == 1, "what it has it keeps"
    needy.admin.update("a", {"x": 2})
    needy.flush()
    assert len(service.calls) == 1

    needy.admin.processing.add(Plugin(), name="decrypt")
    needy.flush()
    assert [call["x"] for call in service.calls] == [1, 2]
    assert needy.faults.all() == ()


def test_of_two_plugins_of_a_required_name_one_is_enough(needy):
    """CM-32."""
    for name in ("decrypt", "decrypt", "sign"):
        last = needy.admin.processing.add(Plugin(), name=name)
    first_of_two = needy.admin.processing.add(Plugin(), name="sign")
    service, _ = needy.service("a")
    last.close()
    needy.flush()
    assert service.calls == [None]

    first_of_two.close()
    needy.admin.update("a", {})
    needy.flush()
    assert len(service.calls) == 1


def test_a_factory_is_held_as_well_and_deletions_are_not(needy):
    """CM-26, CM-32."""
    calls = []

    class Factory:
        def updated(self, pid, properties):
            calls.append((pid, properties["x"]))

        def deleted(self, pid):
            calls.append((pid, None))

    plugins = [
        needy.admin.processing.add(Plugin(), name=name) for name in ("decrypt", "sign")
    ]
    registration = needy.admin.audience.add_managed_service_factory("f", Factory())
    needy.admin.update("f~1", {"x": 1})
    needy.flush()
    plugins[0].close()

    needy.admin.update("f~2", {"x": 2})
    needy.admin.delete("f~1")
    needy.flush()
    assert registration.wait(0)
    assert calls == [("f~1", 1), ("f~1", None)]

    needy.admin.processing.add(Plugin(), name="decrypt")
    needy.flush()
    assert calls[2:] == [("f~2", 2)]


def test_another_plugin_lets_nothing_go(needy):
    """CM-32."""
    service, _ = needy.service("a")

    needy.admin.processing.add(Plugin(), name="other")
    needy.admin.processing.add(Plugin())
    needy.flush()

    assert service.calls == []


def test_one_required_plugin_may_be_given_as_a_text(make_world):
    """CM-32."""
    world = make_world(required_plugins="decrypt")
    world.service("a")
    world.flush()

    assert only(world.faults).found == "no plugin 'decrypt'"


# What a service would get


def test_processed_properties_are_what_a_service_gets(world, add, delivered):
    """CM-33."""
    world.validator.defaults = {"mode": "fast"}
    add(setting(more=1))
    got = delivered({"port": "80"})

    assert world.admin.processed_properties("a") == got
    assert dict(got) == {"port": 80, "mode": "fast", "more": 1, "service.pid": "a"}


def test_processed_properties_of_what_holds_without_a_configuration(world, add):
    """CM-33."""
    world.validator.instead = {"a": world.validator.check("a", Properties({"x": 1}))}
    add(setting(y=2))

    processed = world.admin.processed_properties("a")

    assert dict(processed) == {"x": 1, "y": 2, "service.pid": "a"}


def test_processed_properties_say_where_they_come_from(world):
    """CM-33, CM-50: also with their secrets masked."""
    world.validator.instead["a"] = Checked(
        Properties(),
        overridden=Properties({"host": "h", "password": "hunter2"}),
        sources={"host": "the environment", "password": "a file"},
    )

    processed = world.admin.processed_properties("a")

    masked = processed.without_secrets()
    assert processed["password"] == "hunter2"
    assert dict(masked) == {"host": "h", "password": MASK, "service.pid": "a"}
    assert processed.sources == masked.sources
    assert masked.sources == {"host": "the environment", "password": "a file"}


# Deletions


def test_the_fault_of_a_plugin_goes_with_the_configuration(world, add):
    """CM-31: that of another one stays."""
    plugin = Plugin()
    add(plugin)
    for pid in "ab":
        world.service(pid)
        world.admin.update(pid, {})
    plugin.error = ValueError("no")
    for pid in "ab":
        world.admin.update(pid, {"x": 1})
    world.flush()
    assert {fault.pid for fault in world.faults.all()} == {"a", "b"}

    world.admin.delete("a")

    assert only(world.faults).pid == "b"


def test_what_a_plugin_raises_during_the_deletion_is_no_fault(world, add):
    """CM-31: it was called with what is gone."""

    def delete(pid, _):
        if world.admin.find(pid):
            world.admin.delete(pid)
        raise ValueError

    add(Plugin(delete))
    world.service("a")
    world.admin.update("a", {})
    world.flush()

    assert world.faults.all() == ()


def test_the_fault_of_what_holds_without_a_configuration_stays(world, add):
    """CM-31: it is delivered after the deletion."""
    world.validator.instead = {"a": world.validator.check("a", Properties({"x": 1}))}
    plugin = Plugin()
    plugin.error = ValueError("no")
    add(plugin)
    world.service("a")
    world.admin.update("a", {})
    world.flush()

    world.admin.delete("a")
    world.flush()

    assert only(world.faults).pid == "a"


# The end of the admin


def test_once_the_admin_was_stopped_nothing_follows_a_plugin(busy_world, blocked):
    """CM-47: neither another plugin, nor the service."""
    first, second = blocked(), Plugin()
    busy_world.admin.processing.add(Plugin(lambda *_: first()), ranking=1)
    busy_world.admin.processing.add(second, ranking=2)
    busy_world.admin.update("a", {})
    service, _ = busy_world.service("a")
    assert first.started.wait(LIMIT_S)

    assert len(busy_world.dispatcher.stop(0)) == 1
    first.released.set()
    first.thread.join(LIMIT_S)

    assert not first.thread.is_alive()
    assert (second.seen, service.calls) == ([], [])


# Required plugins that raise


@pytest.fixture
def decrypting(make_world):
    """A world with a plugin that is required, and there; and that plugin."""
    world, plugin = make_world(required_plugins=("decrypt",)), setting(clear=1)
    world.admin.processing.add(plugin, name="decrypt")
    return world, plugin


def test_without_the_work_of_a_required_plugin_nothing_is_delivered(decrypting):
    """CM-32: the service keeps what it has; another PID is none of it."""
    world, plugin = decrypting
    services = {pid: world.service(pid)[0] for pid in "ab"}
    world.admin.update("a", {"x": 1})
    world.flush()

    plugin.error = ValueError("no key")
    world.admin.update("a", {"x": 2})
    world.flush()

    assert [call and call["x"] for call in services["a"].calls] == [1]
    fault = only(world.faults)
    assert (fault.kind, fault.pid) == (FaultKind.PLUGIN, "a")
    assert fault.expected == "decrypt to process a"
    assert fault.cure == "Nothing is delivered without it. Mend the plugin."
    (receipt,) = world.admin.audience.receipts("a")
    assert (receipt.applied, receipt.refused) == (1, None)
    assert receipt.held == "until the plugin decrypt has processed a"
    assert world.admin.audience.wait_settled("a", 0)
    assert services["b"].calls == [None], "there is nothing to be processed"


def test_as_soon_as_a_required_plugin_succeeds_everybody_gets_it(decrypting):
    """CM-32: whoever had it called."""
    world, plugin = decrypting
    plugin.error = ValueError("no key")
    world.admin.update("a", {"x": 1})
    services = [world.service("a")[0] for _ in range(2)]
    world.flush()
    plugin.error = None

    assert world.admin.processed_properties("a")["clear"] == 1
    world.flush()

    assert [[call["clear"] for call in one.calls] for one in services] == [[1], [1]]
    assert world.faults.all() == ()
    assert {one.held for one in world.admin.audience.receipts("a")} == {None}


class Interrupted(FaultBook):
    """
    Somebody else is always faster.

    Attributes:
        meanwhile: Called between the occurrence of a fault and its report.
    """

    def __init__(self):
        super().__init__(lambda *_: None)
        self.meanwhile = lambda: None

    def report(self, kind, subject, faults):
        if faults:
            self.meanwhile()
        super().report(kind, subject, faults)


def test_a_failure_that_is_overtaken_by_a_success_ends_with_its_plugin():
    """Two lanes deliver one PID: the one that fails is slow to say so."""
    faults, plugin = Interrupted(), Plugin()
    processing = Processing(faults, tuple, (), lambda _: None, lambda _: None)
    registration = processing.add(plugin)
    configuration = Configuration("a", Properties({"x": 1}), 1, Origin.API)
    entry = Entry(configuration, Checked(configuration.properties))

    def succeed():
        plugin.error = None
        processing.prepared(entry)

    faults.meanwhile, plugin.error = succeed, ValueError("in passing")
    processing.prepared(entry)
    assert only(faults).kind is FaultKind.PLUGIN
    registration.close()

    assert faults.all() == ()


def test_what_a_required_plugin_holds_back_goes_on_when_it_is_replaced(decrypting):
    """CM-32."""
    world, plugin = decrypting
    plugin.error = ValueError("no key")
    world.admin.update("a", {})
    service, _ = world.service("a")
    broken = world.admin.processing.add(plugin, name="decrypt", ranking=1)
    world.flush()
    plugin.error = None
    broken.close()

    world.flush()

    assert [call["clear"] for call in service.calls] == [1]
    assert world.faults.all() == ()


def test_of_two_required_ones_that_is_closed_on_the_way_holds_nothing_up(decrypting):
    """CM-32: the other one has worked."""
    world, _ = decrypting
    own = world.admin.processing.add(setting(more=1), name="decrypt", ranking=2)
    world.admin.processing.add(Plugin(lambda *_: own.close()), ranking=-1)
    world.admin.update("a", {})
    service, _ = world.service("a")

    world.flush()

    assert service.calls == [{"clear": 1, "service.pid": "a"}]
    assert world.told == []


def test_a_closed_required_plugin_lets_nothing_through(make_world):
    """CM-32: the last one of its name, closed by a plugin before it."""
    world = make_world(required_plugins=("decrypt",))
    own = world.admin.processing.add(setting(clear=1), name="decrypt", ranking=2)
    world.admin.processing.add(Plugin(lambda *_: own.close()), ranking=1)
    world.admin.update("a", {})
    service, _ = world.service("a")

    world.flush()

    assert service.calls == []
    assert only(world.faults).found == "no plugin 'decrypt'"


def test_what_a_required_plugin_has_not_seen_is_checked_when_it_has(decrypting):
    """CM-22, CM-32: a check of half of it would say nothing."""
    world, plugin = decrypting
    asked = []

    class Checking:
        def check(self, properties):
            asked.append(dict(properties))

        def updated(self, properties):
            """Takes it."""

    world.follow("a", Checking())
    world.flush()
    plugin.error = ValueError("no key")
    world.admin.update("a", {"x": 1})
    assert asked == []

    plugin.error = None
    world.flush()

    assert asked == [{"x": 1, "clear": 1, "service.pid": "a"}]


def test_what_a_new_schema_makes_of_it_is_checked_when_its_plugin_is_back(make_world):
    """CM-22, CM-32: the consent to what it was before is worth nothing then."""
    world, asked = make_world(required_plugins=("decrypt",)), []

    class Checking:
        def check(self, properties):
            asked.append(dict(properties))

        def updated(self, properties):
            """Takes it."""

    own = world.admin.processing.add(setting(clear=1), name="decrypt")
    world.follow("a", Checking())
    world.admin.update("a", {})
    world.flush()
    own.close()
    world.validator.schema = "second"
    world.validator.defaults = {"mode": "fast"}
    world.admin.recheck("a")
    world.flush()
    assert asked == [{"clear": 1, "service.pid": "a"}]

    world.admin.processing.add(setting(clear=2), name="decrypt")
    world.flush()

    assert asked[1:] == [{"mode": "fast", "clear": 2, "service.pid": "a"}]


def test_a_plugin_does_not_show_a_part_that_was_secret_when_it_was_called(world, add):
    """CM-37: the secret is another one by now."""

    class Rotating(type(world.validator)):
        secret = "old-secret"

        def check(self, pid, properties):
            return replace(super().check(pid, properties), secrets=(self.secret,))

    def fail(*_):
        if world.validator.secret != "new-secret":
            world.validator.secret = "new-secret"
            world.validator.schema = "another"
            world.admin.recheck("a")
            raise ValueError("old-secret is wrong, as is new-secret")

    world.validator.__class__ = Rotating
    add(Plugin(fail))
    world.admin.update("a", {})
    service, _ = world.service("a")
    world.flush()

    assert len(service.calls) == 2
    (_, fault), _ = world.told
    assert f"ValueError: {MASK} is wrong, as is {MASK}" in fault.found
