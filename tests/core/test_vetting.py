"""Services' own checks: who is asked, when, with what; and what a veto is."""

import gc
import re
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest

from config_admin.core.configuration import Origin
from config_admin.core.display import MASK
from config_admin.core.errors import (
    ConfigurationError,
    InvalidConfigurationError,
    NotRunningError,
    UsageError,
)
from config_admin.core.events import CM_REFUSED
from config_admin.core.parts import Limits
from config_admin.core.ports import Checked
from config_admin.core.properties import Properties

LIMIT_S = 10.0


class Checker:
    """
    A service with an opinion: no property may be called like one of *refused*.

    Attributes:
        asked: What its check was asked.
        calls: What it was called with.
        during_check: Called in the middle of each check.
    """

    def __init__(self, *refused):
        self.refused = set(refused)
        self.asked = []
        self.calls = []
        self.during_check = lambda: None

    def check(self, properties):
        self.asked.append(dict(properties))
        self.during_check()
        for key in properties:
            if key in self.refused:
                raise ConfigurationError(key, "not with me")

    def updated(self, properties):
        self.calls.append(properties and dict(properties))


class CheckingFactory(Checker):
    def check(self, pid, properties):
        self.asked.append((pid, dict(properties)))
        if self.refused.intersection(properties):
            raise ConfigurationError("x", f"not with {pid}")

    def updated(self, pid, properties):
        self.calls.append((pid, dict(properties)))

    def deleted(self, pid):
        self.calls.append((pid, None))


class CheckerOfSeveral(CheckingFactory):
    def updated(self, pid, properties):
        self.calls.append((pid, properties and dict(properties)))


@pytest.fixture
def checker(world):
    """Register a checker: `checker("bad key", pid="a")`."""

    def register(*refused, pid="a", **terms):
        one = Checker(*refused)
        return one, world.follow(pid, one, **terms)

    return register


def refusal(call):
    """What *call* is refused for."""
    with pytest.raises(InvalidConfigurationError) as caught:
        call()
    return caught.value


def only(faults):
    (fault,) = faults.all()
    return fault


# A veto


def test_a_veto_refuses_the_change_for_all(world, checker):
    """CM-22: before anything is committed."""
    vetoer, _ = checker("x")
    other, _ = world.service("a")
    listener = world.listener()
    world.admin.update("a", {"y": 1})
    world.flush()

    error = refusal(lambda: world.admin.update("a", {"x": 1}))
    world.flush()

    assert error.pid == "a"
    (violation,) = error.violations
    assert (violation.key, violation.rule) == ("x", "check")
    assert violation.found == "not with me"
    assert violation.expected.endswith("Checker to accept it")
    assert violation.cure == "Set what it can work with."
    assert world.admin.get("a").properties == {"y": 1}
    assert len(vetoer.calls) == len(other.calls) == 1
    assert listener.events[-1].type is CM_REFUSED
    assert listener.events[-1].violations == error.violations
    assert world.faults.all() == ()


def test_a_veto_refuses_a_file_as_well(world, checker):
    """CM-22."""
    checker("x")

    refusal(lambda: world.admin.update("a", {"x": 1}, origin=Origin.file("etc/a.cfg")))

    assert world.admin.find("a") is None


def test_everybody_is_asked_and_every_veto_is_told(world, checker):
    """CM-22."""
    checker("x")
    agreeing, _ = checker("z")
    checker("x", "y", ranking=7)

    error = refusal(lambda: world.admin.update("a", {"y": 1, "x": 2}))

    assert [one.key for one in error.violations] == ["y", "x"], "highest rank first"
    assert len(agreeing.asked) == 1


def test_a_check_is_asked_what_would_be_delivered(world, checker):
    """CM-22: coerced, with defaults, automatic properties and plugins."""
    world.validator.defaults = {"mode": "fast"}

    class Plugin:
        def modify_configuration(self, _, properties):
            return {**properties, "by": "plugin"}

    world.admin.processing.add(Plugin())
    one, _ = checker()

    world.admin.update("a", {"port": "80"})

    assert one.asked == [
        {"port": 80, "mode": "fast", "by": "plugin", "service.pid": "a"}
    ]


def test_what_was_checked_is_not_checked_again_at_its_delivery(world, checker):
    """CM-22."""
    one, _ = checker()
    world.admin.update("a", {"x": 1})

    world.flush()

    assert len(one.asked) == 1
    assert one.calls == [{"x": 1, "service.pid": "a"}]


def test_a_deletion_is_not_asked_about(world, checker):
    """CM-22."""
    one, _ = checker("x")
    world.admin.update("a", {"y": 1})
    world.flush()

    world.admin.delete("a")
    world.flush()

    assert len(one.asked) == 1
    assert one.calls[-1] is None


def test_storing_what_is_there_asks_nobody(world, checker):
    """CM-08, CM-22."""
    one, _ = checker()
    world.admin.update("a", {"x": 1})

    world.admin.update("a", {"x": 1})

    assert len(one.asked) == 1


def test_what_the_schema_refuses_nobody_is_asked_about(world, checker):
    """CM-22."""
    one, _ = checker()

    refusal(lambda: world.admin.update("a", {"bad": 1}))

    assert one.asked == []


def test_a_service_that_has_ended_is_not_asked(world, checker):
    """CM-22."""
    one, registration = checker("x")
    registration.close()

    world.admin.update("a", {"x": 1})

    assert one.asked == []


@pytest.mark.parametrize(
    "error", [ValueError("no"), SystemExit(1), GeneratorExit(), KeyboardInterrupt()]
)
def test_whatever_a_check_raises_is_a_veto(busy_world, error):
    """CM-22."""

    class Raising(Checker):
        def check(self, _):
            raise error

    busy_world.follow("a", Raising())

    found = refusal(lambda: busy_world.admin.update("a", {})).violations[0].found
    assert found.startswith(type(error).__name__)
    assert re.search(r"\(raised at .*test_vetting.py:\d+\)", found) is not None


def test_an_interrupt_of_the_program_is_no_veto(world):
    """CM-22: nothing was changed."""

    class Interrupted(Checker):
        def check(self, _):
            raise KeyboardInterrupt

    world.follow("a", Interrupted())

    with pytest.raises(KeyboardInterrupt):
        world.admin.update("a", {"x": 1})

    assert world.admin.find("a") is None


# Where and for how long


def test_a_check_runs_elsewhere(busy_world):
    """CM-22: on a thread of the pool, which counts as inside."""
    one = Checker()
    threads = []

    def note():
        inside = busy_world.dispatcher.is_inside()
        threads.append((threading.current_thread().name, inside))

    one.during_check = note
    busy_world.follow("a", one)

    busy_world.admin.update("a", {})

    assert threads == [("config-admin check", True)]
    assert not busy_world.dispatcher.is_inside()


def test_a_check_that_does_not_return_in_time_is_a_veto(make_world, lanes, released):
    """CM-22."""
    world = make_world(lanes, limits=Limits(check_timeout_s=0.05))
    stuck = Checker()
    stuck.during_check = lambda: released.wait(LIMIT_S)
    world.follow("a", stuck)
    other = Checker()
    world.follow("a", other)

    (violation,) = refusal(lambda: world.admin.update("a", {"x": 1})).violations

    assert violation.found.startswith(
        "TimeoutError: It does not return within 0.05 s: at "
    )
    assert "test_vetting.py" in violation.found
    assert "raised at" not in violation.found
    assert violation.expected.endswith("Checker to accept it")
    assert "raise the setting check_timeout_s" in violation.cure
    assert other.asked, "the others are asked"
    assert world.admin.find("a") is None


def test_a_stopped_dispatcher_is_no_veto(busy_world):
    """CM-58: the change fails because the admin has been stopped."""
    listener = busy_world.listener()
    busy_world.follow("a", Checker())
    busy_world.flush()
    busy_world.dispatcher.stop(0)

    with pytest.raises(NotRunningError):
        busy_world.admin.update("a", {"x": 1})

    assert listener.events == []
    assert busy_world.admin.find("a") is None


def test_a_stopped_dispatcher_rechecks_nothing(busy_world):
    """CM-58: what is in force stays, and no fault says otherwise."""
    busy_world.admin.update("a", {"x": 1})
    busy_world.follow("a", Checker("x"))
    busy_world.flush()
    before = busy_world.faults.all()
    busy_world.dispatcher.stop(0)
    busy_world.validator.schema = "second"

    busy_world.admin.recheck_all()

    assert busy_world.faults.all() == before
    assert busy_world.admin.entry("a").checked.schema == "first"


def test_a_check_that_raises_that_nothing_runs_is_a_veto(world):
    """CM-22: it is what the check said, and not what we say."""

    class Confused(Checker):
        def check(self, _):
            raise NotRunningError("My own broker has been stopped.")

    world.follow("a", Confused())

    (violation,) = refusal(lambda: world.admin.update("a", {})).violations
    assert "My own broker" in violation.found


def test_a_check_may_read_what_is_there(busy_world):
    """CM-18, CM-22."""
    one, seen = Checker(), []
    busy_world.admin.update("b", {"n": 1})
    one.during_check = lambda: seen.append(busy_world.admin.get("b").revision)
    busy_world.follow("a", one)

    busy_world.admin.update("a", {"x": 1})

    assert seen == [1]


def transact(admin):
    with admin.transaction():
        """Never begun."""


def delete_elsewhere(admin):
    with ThreadPoolExecutor(1) as pool:
        pool.submit(copy_context().run, admin.delete, "a").result(LIMIT_S)


CHANGES = {
    "its own": lambda admin: admin.update("a", {"x": 2}),
    "another": lambda admin: admin.update("b", {}),
    "a deletion": lambda admin: admin.delete("a"),
    "a transaction": transact,
    "on another thread": delete_elsewhere,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_check_must_not_change_configurations(busy_world, change):
    """CM-22: what would wait for its own check is refused at once."""
    busy_world.admin.update("a", {"x": 0})
    one = Checker()
    busy_world.follow("a", one)
    busy_world.flush()
    one.during_check = lambda: change(busy_world.admin)

    (violation,) = refusal(lambda: busy_world.admin.update("a", {"x": 1})).violations

    assert violation.found.startswith(
        "UsageError: A check must not change configurations: what it checks is not"
    )
    assert re.search(r"\(raised at .*(test_vetting|thread)\.py:", violation.found)
    assert violation.cure == "Mend its check."
    assert [one.pid for one in busy_world.admin.list_configurations()] == ["a"]
    assert busy_world.admin.get("a").properties == {"x": 0}


def test_a_model_must_not_change_configurations(world):
    """CM-22, CM-24: it is made for a check."""

    def model(properties):
        world.admin.update("b", {})
        return properties

    world.follow("a", lambda _: None, into=model)

    (violation,) = refusal(lambda: world.admin.update("a", {})).violations

    assert "A check must not change configurations" in violation.found
    assert world.admin.find("b") is None


def test_a_check_before_the_first_call_must_not_change_configurations(world):
    """CM-22: that is a fault then."""
    world.admin.update("a", {})
    one = Checker()
    one.during_check = lambda: world.admin.update("b", {})
    world.follow("a", one)

    world.flush()

    assert "A check must not change configurations" in only(world.faults).found
    assert world.admin.find("b") is None


def test_what_a_check_has_begun_may_change_configurations_once_it_is_over(world):
    """CM-22: as a coroutine that it hands to an event loop."""
    one, contexts = Checker(), []
    one.during_check = lambda: contexts.append(copy_context())
    world.follow("a", one)
    world.admin.update("a", {})

    contexts[0].run(world.admin.update, "b", {"x": 1})

    assert world.admin.get("b").properties == {"x": 1}


class Answering(Checker):
    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def check(self, _):
        return self.answer


def test_a_check_that_gives_false_is_a_veto(world):
    """CM-22: it says how a check vetoes."""
    world.follow("a", Answering(answer=False))

    (violation,) = refusal(lambda: world.admin.update("a", {})).violations

    assert violation.found == (
        "UsageError: A check vetoes by raising ConfigurationError(key, reason), and it "
        "gave False."
    )
    assert violation.expected.endswith("Answering to accept it")
    assert violation.cure == "Mend its check."
    assert world.admin.find("a") is None


@pytest.mark.parametrize("answer", [None, True, 0, "", (), "no"])
def test_whatever_else_a_check_gives_says_nothing(world, answer):
    """CM-22."""
    world.follow("a", Answering(answer))

    world.admin.update("a", {})

    assert world.admin.get("a").revision == 1


@pytest.mark.parametrize("method", ["check"])
def test_a_coroutine_check_is_refused_at_registration(world, method):
    """CM-25."""

    class Coroutine(Checker):
        async def check(self, properties):
            """Nobody could wait for it."""

    with pytest.raises(UsageError, match=method):
        world.follow("a", Coroutine())


# Who is asked


def test_a_factory_is_asked_with_the_pid(world):
    """CM-22."""
    factory = CheckingFactory("x")
    world.admin.audience.add_managed_service_factory("f", factory)

    world.admin.update("f~1", {"y": 1})
    error = refusal(lambda: world.admin.update("f~2", {"x": 1}))
    world.flush()

    assert [pid for pid, _ in factory.asked] == ["f~1", "f~2"]
    assert factory.asked[0][1]["service.factoryPid"] == "f"
    assert "not with f~2" in error.violations[0].found
    assert [pid for pid, _ in factory.calls] == ["f~1"]


def test_a_service_of_several_pids_is_asked_with_the_pid(world):
    """CM-20, CM-22."""
    one = CheckerOfSeveral("x")
    world.admin.audience.add_managed_service(("a", "b"), one)

    world.admin.update("b", {"y": 1})
    refusal(lambda: world.admin.update("a", {"x": 1}))

    assert [pid for pid, _ in one.asked] == ["b", "a"]


def test_a_model_is_a_check(world):
    """CM-22, CM-24: what it raises is a veto."""

    def port(properties):
        if properties["port"] > 65535:
            raise ValueError("no such port")
        return properties["port"]

    taken = []
    world.follow("a", taken.append, into=port)

    error = refusal(lambda: world.admin.update("a", {"port": "70000"}))
    world.admin.update("a", {"port": "80"})
    world.flush()

    assert "no such port" in error.violations[0].found
    assert taken == [80]


def test_a_model_is_what_the_check_is_asked_with(world):
    """CM-22, CM-24."""

    class Modelled:
        def __init__(self):
            self.asked = []

        def check(self, model):
            self.asked.append(model)

        def updated(self, model):
            """Takes it."""

    one = Modelled()
    world.follow("a", one, into=lambda properties: properties["port"])

    world.admin.update("a", {"port": "80"})

    assert one.asked == [80]


@pytest.mark.parametrize(
    ("pid", "asked"),
    [("a", False), ("a|app", False), ("a|app|1", True), ("a|x", False)],
)
def test_who_is_served_by_a_more_specific_one_is_not_asked(world, checker, pid, asked):
    """CM-22, CM-34: only what would be delivered to it is its concern."""
    one, _ = checker("x", target="app|1")
    world.admin.update("a|app|1", {"y": 1})
    world.flush()
    one.asked.clear()

    if asked:
        refusal(lambda: world.admin.update(pid, {"x": 1}))
    else:
        world.admin.update(pid, {"x": 1})
    world.flush()

    assert bool(one.asked) is asked
    assert one.calls == [{"y": 1, "service.pid": "a|app|1"}]


def test_what_comes_into_force_unasked_is_checked_at_its_delivery(world, checker):
    """CM-22, CM-34: the veto holds it back, and the service keeps what it has."""
    one, _ = checker("x", target="app")
    world.admin.update("a|app", {"y": 1})
    world.admin.update("a", {"x": 1})
    world.flush()

    world.admin.delete("a|app")
    world.flush()

    assert one.calls == [{"y": 1, "service.pid": "a|app"}]
    assert "not with me" in only(world.faults).found

    world.admin.update("a", {"z": 1})
    world.flush()
    assert one.calls[-1] == {"z": 1, "service.pid": "a"}
    assert world.faults.all() == ()


def test_what_is_read_anew_unasked_is_checked_at_its_delivery(world, checker):
    """CM-22, CM-34, CM-35: it has a say in what it gets, as it is read then."""
    one, _ = checker("mode", target="app")
    world.admin.update("a", {"y": 1})
    world.flush()
    world.admin.update("a|app", {"z": 1})
    world.flush()
    world.validator.schema, world.validator.defaults = "second", {"mode": "fast"}
    world.admin.recheck("a")
    one.asked.clear()

    world.admin.delete("a|app")
    world.flush()

    assert one.asked == [{"y": 1, "mode": "fast", "service.pid": "a"}]
    assert one.calls[-1] == {"z": 1, "service.pid": "a|app"}
    assert only(world.faults).key == "mode"


def test_in_a_transaction_what_it_puts_into_force_counts(world, checker):
    """CM-14, CM-22: checked together is checked as it will be."""
    one, _ = checker("x", target="app")

    with world.admin.transaction() as transaction:
        transaction.update("a", {"x": 1})
        transaction.update("a|app", {"y": 1})
    assert [asked["service.pid"] for asked in one.asked] == ["a|app"]

    def expose():
        with world.admin.transaction() as transaction:
            transaction.update("a", {"x": 2})
            transaction.delete("a|app")

    assert refusal(expose).pid == "a"
    world.flush()
    assert one.calls == [{"y": 1, "service.pid": "a|app"}]
    assert world.faults.all() == ()


# When they are asked


def test_what_was_there_first_is_checked_before_its_first_delivery(world, checker):
    """CM-22: and a veto holds it."""
    world.admin.update("a", {"x": 1})
    one, registration = checker("x")

    world.flush()

    assert one.calls == []
    assert one.asked == [{"x": 1, "service.pid": "a"}]
    assert (only(world.faults).pid, only(world.faults).key) == ("a", "x")
    assert registration.wait(0)
    (receipt,) = world.admin.audience.receipts("a")
    assert (receipt.applied, receipt.refused) == (None, 1)

    world.admin.update("a", {"y": 1})
    world.flush()
    assert one.calls == [{"y": 1, "service.pid": "a"}]
    assert world.faults.all() == ()


def test_nothing_is_delivered_without_being_asked_for(world, checker):
    """CM-22: there is nothing to check where there is no configuration."""
    one, _ = checker("x")

    world.flush()

    assert (one.asked, one.calls) == ([], [None])


def test_who_registers_between_check_and_commit_is_asked(world, checker):
    """CM-22."""
    late = []

    def register():
        world.validator.during_check = lambda: None
        late.append(checker("x")[0])

    early, _ = checker()
    early.during_check = register

    error = refusal(lambda: world.admin.update("a", {"x": 1}))

    assert "not with me" in error.violations[0].found
    assert len(late[0].asked) == 1
    assert world.admin.find("a") is None


def test_who_ends_between_check_and_commit_vetoes_nothing(world, checker):
    """CM-22: the others are asked again, for nobody knows what it changed."""
    early, _ = checker()
    _, ending = checker()

    def end():
        ending.close()

    early.during_check = end
    world.admin.update("a", {"x": 1})

    assert len(early.asked) == 2
    assert world.admin.get("a").revision == 1


def test_another_schema_asks_again(world, checker):
    """CM-22: with what it reads; and what it does not fit stays in force."""
    one, _ = checker("mode")
    world.admin.update("a", {"port": "80"})
    world.flush()
    world.validator.schema, world.validator.defaults = "second", {"mode": "fast"}

    world.admin.recheck("a")
    world.flush()

    assert one.asked[-1] == {"port": 80, "mode": "fast", "service.pid": "a"}
    assert len(one.calls) == 1
    assert "not with me" in only(world.faults).found

    world.validator.schema, world.validator.defaults = "third", {"more": "slow"}
    world.admin.recheck("a")
    world.flush()
    assert one.calls[-1]["more"] == "slow"
    assert len(one.asked) == 3, "not again at its delivery"
    assert world.faults.all() == ()


def test_without_a_required_plugin_nobody_is_asked_before_it_is_there(make_world):
    """CM-22, CM-32: what would be delivered is not known."""
    world = make_world(required_plugins=["decrypt"])
    one = Checker("x")
    world.follow("a", one)

    world.admin.update("a", {"x": "ENC"})
    world.flush()
    assert (one.asked, one.calls) == ([], [])

    class Decrypt:
        def modify_configuration(self, _, properties):
            return {**properties, "decrypted": True}

    world.admin.processing.add(Decrypt(), name="decrypt")
    world.flush()
    assert one.asked == [{"x": "ENC", "decrypted": True, "service.pid": "a"}]
    assert one.calls == []
    assert "not with me" in only(world.faults).found


def test_a_plugin_that_comes_between_check_and_commit_has_them_asked(make_world):
    """CM-22, CM-32."""
    world = make_world(required_plugins=["decrypt"])
    one = Checker("x")
    world.follow("a", one)

    class Decrypt:
        def modify_configuration(self, *_):
            return None

    def come():
        world.validator.during_check = lambda: None
        world.admin.processing.add(Decrypt(), name="decrypt")

    world.validator.during_check = come

    # Its judges are looked up after the schema's check: let it come after both.
    world.admin.update("b", {})
    refusal(lambda: world.admin.update("a", {"x": 1}))

    assert len(one.asked) == 1


def test_the_say_of_one_is_not_that_of_another(world, checker):
    """CM-22: not even if it stands where the other stood in memory."""
    first, registration = checker()
    world.admin.update("a", {"x": 1})
    world.flush()
    gone = weakref.ref(registration)
    registration.close()
    del first, registration
    gc.collect()

    newcomers = [checker("x") for _ in range(200)]
    world.flush()

    assert gone() is None, "a configuration keeps nobody alive who has ended"
    assert [one.calls for one, _ in newcomers] == [[]] * 200


# Plugins and secrets


class FailingPlugin:
    def __init__(self, text="no"):
        self.text = text

    def modify_configuration(self, _, properties):
        raise ValueError(self.text.format(**properties))


def test_a_plugin_that_fails_on_what_is_refused_leaves_no_fault(world, checker):
    """CM-31: but the refusal tells it, for it may be why."""
    checker("x")
    for text in ("no", "nor I"):
        world.admin.processing.add(FailingPlugin(text))

    error = refusal(lambda: world.admin.update("a", {"x": 1}))

    assert [one.rule for one in error.violations] == ["check", "plugin", "plugin"]
    found = [one.found.partition(" (raised at ")[0] for one in error.violations]
    assert found[1:] == ["ValueError: no", "ValueError: nor I"]
    assert world.faults.all() == ()


def test_a_check_is_asked_what_the_plugins_of_its_pid_make_of_it(world, checker):
    """CM-22, CM-57: with the PID, and those of another one see nothing."""
    seen = []

    class Noting:
        def __init__(self, name):
            self.name = name

        def modify_configuration(self, pid, properties):
            seen.append((self.name, pid))
            return {**properties, self.name: True}

    for name in "ab":
        world.admin.processing.add(Noting(name), targets=[name])
    one, _ = checker()

    world.admin.update("a", {"x": 1})

    assert one.asked == [{"x": 1, "a": True, "service.pid": "a"}]
    assert seen == [("a", "a")]


def test_a_plugin_that_fails_refuses_nothing(world, checker):
    """CM-31: it is skipped."""
    one, _ = checker("x")
    world.admin.processing.add(FailingPlugin())

    world.admin.update("a", {"y": 1})
    world.flush()

    assert one.calls == [{"y": 1, "service.pid": "a"}]
    assert only(world.faults).found.startswith("ValueError: no")


class Leaking(Checker):
    def check(self, properties):
        raise ValueError(f"cannot log in: {properties['dsn']} {self.text}")


@pytest.mark.parametrize("is_known", [False, True])
def test_a_veto_shows_no_secret(world, is_known):
    """CM-37: not even one that is not in force yet."""
    world.validator.secrets = {"dsn"}
    if is_known:
        world.admin.update("a", {"dsn": "hunter2", "x": 1})
    leaking = Leaking()
    leaking.text = ""
    world.follow("a", leaking)

    error = refusal(lambda: world.admin.update("a", {"dsn": "hunter2"}))

    assert MASK in str(error)
    assert "hunter2" not in str(error)


class ResolvingValidator:
    """Knows the secret that stands behind "$[secret]", a part of some values."""

    def __init__(self, validator):
        self.validator = validator

    def __getattr__(self, name):
        return getattr(self.validator, name)

    def check(self, _, properties):
        seen = {
            k: str(v).replace("$[secret]", "hunter2") for k, v in properties.items()
        }
        return Checked(Properties(seen), secrets=("hunter2",))

    def schema_of(self, _):
        return None


@pytest.mark.parametrize("by", ["check", "plugin"])
def test_a_secret_that_is_only_a_part_of_a_value_is_not_shown_either(world, by):
    """CM-37: of a change that is not in force yet."""
    world.admin._planner._validator = ResolvingValidator(world.validator)
    leaking = Leaking()
    leaking.text = "hunter2" if by == "check" else ""
    world.follow("a", leaking)
    if by == "plugin":
        world.admin.processing.add(FailingPlugin("{dsn}"))

    error = refusal(lambda: world.admin.update("a", {"dsn": "host=h pw=$[secret]"}))

    assert MASK in str(error)
    assert "hunter2" not in str(error)
