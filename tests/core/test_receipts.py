"""Published is not applied: what each service made of what it was told."""

import threading

import pytest

from config_admin.core.errors import ConfigurationError, UsageError
from config_admin.core.faults import FaultKind
from config_admin.core.receipts import Receipt

LIMIT_S = 10.0
SOON_S = 0.05  # long enough to notice what should not happen


class Plugin:
    def modify_configuration(self, pid, properties):
        """Only looks."""


class Blocking:
    """A service that waits in each call until it is let go."""

    def __init__(self, released):
        self.released = released
        self.started = threading.Event()

    def updated(self, _):
        self.started.set()
        assert self.released.wait(LIMIT_S)


def receipt(world, pid):
    (one,) = world.admin.audience.receipts(pid)
    return one


def name_of(world):
    return f"{type(world).__module__}.Service"


# CM-48: applied


def test_before_its_first_call_a_service_has_applied_nothing(world):
    """CM-48."""
    world.service("a")
    world.admin.update("a", {})

    assert receipt(world, "a") == Receipt(name_of(world), "a")


def test_what_its_callback_returned_from_is_applied(world):
    """CM-48: the revision of what is there; of what is not, that of its end."""
    world.service("a")
    world.flush()
    assert receipt(world, "a") == Receipt(name_of(world), "a", applied=0)

    for revision in (1, 2):
        world.admin.update("a", {"x": revision})
        assert receipt(world, "a").applied == revision - 1  # published, not applied
        world.flush()
        assert receipt(world, "a") == Receipt(name_of(world), "a", applied=revision)
    world.admin.delete("a")
    world.flush()

    assert receipt(world, "a") == Receipt(name_of(world), "a", applied=3)


# CM-48: busy


def test_a_service_is_busy_with_a_revision_since_its_call_began(
    busy_world, now, released
):
    """CM-48: what it applied before is still told."""
    blocking = Blocking(released)
    released.set()
    registration = busy_world.follow("a", blocking)
    assert registration.wait(LIMIT_S)
    released.clear()
    blocking.started.clear()
    busy_world.admin.update("a", {})
    assert blocking.started.wait(LIMIT_S)

    (busy,) = busy_world.admin.audience.receipts("a")
    assert (busy.applied, busy.busy_with, busy.busy_since) == (0, 1, now)

    released.set()
    assert busy_world.admin.audience.wait_settled("a", LIMIT_S)
    (done,) = busy_world.admin.audience.receipts("a")
    assert (done.applied, done.busy_with, done.busy_since) == (1, None, None)


def test_a_service_sees_itself_busy(world, now):
    """CM-48."""
    seen = []
    world.follow("a", lambda _: seen.append(receipt(world, "a")))

    world.flush()

    assert [(one.applied, one.busy_with, one.busy_since) for one in seen] == [
        (None, 0, now)
    ]


def test_a_factory_is_busy_with_an_end_too(world, now):
    """CM-48, CM-26: and then nothing is kept of the instance."""
    seen = []

    class Factory:
        def updated(self, pid, properties):
            """Takes it."""

        def deleted(self, pid):
            seen.append(receipt(world, pid))

    world.follow_instances("f", Factory())
    world.admin.update("f~x", {})
    world.flush()
    world.admin.delete("f~x")
    world.flush()

    assert [(one.applied, one.busy_with, one.busy_since) for one in seen] == [
        (1, 2, now)
    ]
    assert world.admin.audience.receipts("f~x") == ()


# CM-48: refused


def test_what_a_service_refuses_is_told_with_its_reason(world):
    """CM-48: until something is applied."""
    service, _ = world.service("a")
    world.admin.update("a", {"x": 1})
    world.flush()
    service.error = ConfigurationError("x", "is taken")
    world.admin.update("a", {"x": 2})
    world.flush()

    refused = receipt(world, "a")
    assert (refused.applied, refused.refused) == (1, 2)
    assert refused.reason.startswith("x: found is taken, expected")

    service.error = None
    world.admin.update("a", {"x": 3})
    world.flush()
    assert receipt(world, "a") == Receipt(name_of(world), "a", applied=3)


def test_a_check_on_the_way_refuses_too(world):
    """CM-48, CM-22: what was there before it registered."""

    class Checked:
        def check(self, _):
            raise ConfigurationError("x", "is taken")

        def updated(self, _):
            raise AssertionError("it was refused")

    world.admin.update("a", {"x": 1})
    world.follow("a", Checked())
    world.flush()

    refused = receipt(world, "a")
    assert (refused.applied, refused.refused) == (None, 1)
    assert "is taken" in refused.reason


def test_several_reasons_are_one_text(world):
    """CM-48."""
    service, _ = world.service("a")
    service.error = ExceptionGroup(
        "two",
        [ConfigurationError("x", "is taken"), ConfigurationError("y", "is closed")],
    )

    world.flush()

    assert "x: found " in receipt(world, "a").reason
    assert "; y: found " in receipt(world, "a").reason


def test_a_reason_shows_no_secret(world):
    """CM-48, CM-37."""
    service, _ = world.service("a")
    service.error = ValueError("cannot log in with hunter2")
    world.admin.update("a", {"password": "hunter2"})

    world.flush()

    assert "hunter2" not in repr(world.admin.audience.receipts())


def test_what_an_interrupt_cut_off_is_refused(world):
    """CM-48, CM-21: it is neither applied nor busy for ever."""
    service, _ = world.service("a")
    service.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        world.dispatcher.flush()

    cut_off = receipt(world, "a")
    assert (cut_off.applied, cut_off.busy_with, cut_off.busy_since) == (None,) * 3
    assert cut_off.refused == 0
    assert cut_off.reason.startswith("found KeyboardInterrupt")


# CM-48, CM-32: held


@pytest.fixture
def held_world(make_world):
    """A world that delivers nothing without a plugin."""
    return make_world(required_plugins=["vault", "masker"])


def add_plugin(world, name):
    return world.admin.processing.add(Plugin(), name=name)


def test_what_waits_for_a_plugin_is_held(held_world):
    """CM-48, CM-32: the receipt says for which; then it is applied."""
    service, registration = held_world.service("a")
    held_world.admin.update("a", {"x": 1})
    held_world.flush()
    held = receipt(held_world, "a")
    assert (held.applied, held.refused, held.reason) == (None, None, None)
    assert held.held == "until there is a plugin vault, masker"
    assert {fault.kind for fault in held_world.faults.all()} == {FaultKind.PLUGIN}
    assert registration.wait(0)  # CM-46: one attempt was made

    add_plugin(held_world, "vault")
    held_world.flush()
    assert receipt(held_world, "a").held == "until there is a plugin masker"

    add_plugin(held_world, "masker")
    held_world.flush()
    assert receipt(held_world, "a") == Receipt(name_of(held_world), "a", applied=1)
    assert len(service.calls) == 1


def test_a_factory_waits_for_a_plugin_with_each_instance(held_world):
    """CM-48, CM-32, CM-26: but for no end."""
    factory, registration = held_world.factory("f")
    for pid in ("f~x", "f~y"):
        held_world.admin.update(pid, {})
    held_world.flush()
    held_world.admin.delete("f~y")
    held_world.flush()
    assert [one.pid for one in held_world.admin.audience.receipts()] == ["f~x"]
    assert receipt(held_world, "f~x").held is not None
    assert registration.wait(0)

    for name in ("vault", "masker"):
        add_plugin(held_world, name)
    held_world.flush()

    assert [pid for pid, _ in factory.calls] == ["f~x"]


def test_what_was_refused_before_is_still_told_while_held(held_world):
    """CM-48: a reason is that of a refusal, and nothing else."""
    plugins = [add_plugin(held_world, name) for name in ("vault", "masker")]
    service, _ = held_world.service("a")
    service.error = ConfigurationError("x", "is taken")
    held_world.flush()
    plugins[0].close()
    held_world.admin.update("a", {"x": 1})
    held_world.flush()

    held = receipt(held_world, "a")
    assert held.refused == 0
    assert "is taken" in held.reason
    assert held.held == "until there is a plugin vault"


def test_the_same_revision_is_not_delivered_again_after_another_was_held(held_world):
    """CM-16, CM-48: a better one came and went while the plugin was missing."""
    plugins = [add_plugin(held_world, name) for name in ("vault", "masker")]
    calls = []
    held_world.follow("a", calls.append, target="app")
    held_world.admin.update("a", {})
    held_world.flush()
    plugins[0].close()
    held_world.admin.update("a|app", {})
    held_world.flush()
    assert receipt(held_world, "a").held is not None

    held_world.admin.delete("a|app")
    held_world.flush()
    assert receipt(held_world, "a").held is None
    add_plugin(held_world, "vault")
    held_world.flush()

    assert [call["service.pid"] for call in calls] == ["a"]


def test_what_was_held_once_is_not_settled_for_ever(held_world):
    """CM-48, CM-34: it was applied, then outdone, and now it is the best again."""
    held_world.follow("a", lambda _: None, target="app|1")
    held_world.admin.update("a|app", {})
    held_world.flush()
    for name in ("vault", "masker"):
        add_plugin(held_world, name)
    held_world.admin.update("a|app|1", {})
    held_world.flush()

    held_world.admin.delete("a|app|1")

    assert not held_world.admin.audience.wait_settled("a|app", 0)
    held_world.flush()
    assert held_world.admin.audience.wait_settled("a|app", 0)


# Which receipts there are


def test_receipts_are_in_the_order_of_pid_and_ranking(world):
    """CM-48, CM-20."""
    several = world.admin.audience.add_managed_service(("a", "b"), lambda _, __: None)
    high = world.follow("b", lambda _: None, ranking=5)
    low = world.follow("a", lambda _: None, ranking=-5)
    for one, name in ((several, "several"), (high, "high"), (low, "low")):
        one.lane.name = name

    told = [(one.pid, one.service) for one in world.admin.audience.receipts()]

    assert told == [("a", "several"), ("a", "low"), ("b", "high"), ("b", "several")]
    assert [one.service for one in world.admin.audience.receipts("b")] == [
        "high",
        "several",
    ]
    assert world.admin.audience.receipts("c") == ()


def test_a_factory_has_a_receipt_for_each_instance(world):
    """CM-48: or one that says that it is there."""
    factory, _ = world.factory("f")
    world.flush()
    assert [one.pid for one in world.admin.audience.receipts()] == ["f"]
    factory.errors["f~b"] = ConfigurationError(None, "no")
    for pid in ("f~b", "f~a"):
        world.admin.update(pid, {})
    world.flush()

    told = world.admin.audience.receipts()

    assert [(one.pid, one.applied, one.refused) for one in told] == [
        ("f~a", 1, None),
        ("f~b", None, 1),
    ]


def test_a_targeted_pid_has_the_receipts_of_whoever_it_concerns(world):
    """CM-48, CM-34: by the PID that they registered for."""
    world.follow("a", lambda _: None, target="app")
    world.admin.update("a|app", {})
    world.flush()

    told = receipt(world, "a|app")

    assert (told.pid, told.applied) == ("a", 1)


def test_a_closed_service_has_no_receipt(world):
    """CM-48, CM-23."""
    _, registration = world.service("a")
    world.flush()

    registration.close()

    assert world.admin.audience.receipts() == ()


# CM-48: waiting until it is settled


def wait_aside(world, pid):
    """A thread that waits for *pid*, and what came of it."""
    results = []
    wait_settled = world.admin.audience.wait_settled
    # Without a limit: in the end it would look once more, and not need to be told.
    thread = threading.Thread(
        target=lambda: results.append(wait_settled(pid, None)), daemon=True
    )
    thread.start()
    return thread, results


def test_it_is_settled_when_everybody_has_applied_it(busy_world, released):
    """CM-48: not before the last one has."""
    busy_world.service("a", ranking=5)
    blocking = Blocking(released)
    busy_world.follow("a", blocking)
    busy_world.service("a", ranking=-5)
    busy_world.factory("f")
    assert blocking.started.wait(LIMIT_S)
    assert not busy_world.admin.audience.wait_settled("a", SOON_S)

    waiting, results = wait_aside(busy_world, "a")
    waiting.join(SOON_S)
    assert waiting.is_alive()
    released.set()
    waiting.join(LIMIT_S)

    assert results == [True]


def test_who_waits_is_told_though_another_one_gave_up(busy_world, released):
    """CM-48."""
    blocking = Blocking(released)
    busy_world.follow("a", blocking)
    assert blocking.started.wait(LIMIT_S)
    waiting, results = wait_aside(busy_world, "a")

    assert not busy_world.admin.audience.wait_settled("a", SOON_S)
    released.set()
    waiting.join(LIMIT_S)

    assert results == [True]


def test_at_the_end_nobody_waits_any_more(busy_world, released):
    """CM-48, CM-47: neither who waits already, nor who comes later."""
    blocking = Blocking(released)
    busy_world.follow("a", blocking)
    assert blocking.started.wait(LIMIT_S)
    waiting, results = wait_aside(busy_world, "a")
    waiting.join(SOON_S)
    assert waiting.is_alive()

    busy_world.admin.audience.end_waiting()
    waiting.join(LIMIT_S / 2)  # the call itself gives up after the whole of it

    assert results == [True]
    assert busy_world.admin.audience.wait_settled("a", 0)


@pytest.mark.parametrize("pid", ["a", "f~x", "unknown"])
def test_it_is_settled_at_once_if_nobody_has_anything_to_do(world, pid):
    """CM-48."""
    world.service("a")
    world.factory("f")
    world.flush()

    assert world.admin.audience.wait_settled(pid, 0)


def test_what_was_published_is_not_settled(world):
    """CM-48: changes and ends, of services and of factories."""
    service, _ = world.service("a")
    factory, _ = world.factory("f")
    settled = world.admin.audience.wait_settled
    assert not settled("a", 0)
    world.flush()
    for pid in ("a", "f~x"):
        for change in (
            lambda pid=pid: world.admin.update(pid, {}),
            lambda pid=pid: world.admin.delete(pid),
        ):
            change()
            assert not settled(pid, 0)
            world.flush()
            assert settled(pid, 0)

    assert len(service.calls) == 3
    assert len(factory.calls) == 2


def test_what_was_refused_or_is_held_is_settled(held_world):
    """CM-48: nothing more will come of it by itself."""
    service, _ = held_world.service("a")
    held_world.flush()
    assert held_world.admin.audience.wait_settled("a", 0)
    service.error = ConfigurationError(None, "no")
    for name in ("vault", "masker"):
        add_plugin(held_world, name)

    held_world.flush()

    assert len(service.calls) == 1
    assert held_world.admin.audience.wait_settled("a", 0)


def test_closing_settles_what_somebody_waits_for(busy_world, released):
    """CM-48, CM-23: who is gone takes nothing any more."""
    blocking = Blocking(released)
    registration = busy_world.follow("a", blocking)
    assert blocking.started.wait(LIMIT_S)
    waiting, results = wait_aside(busy_world, "a")

    registration.close()
    waiting.join(LIMIT_S)

    assert results == [True]


def test_nobody_waits_for_what_will_not_come_any_more(busy_world, released):
    """CM-48, CM-18: at the end, whatever runs yet."""
    blocking = Blocking(released)
    busy_world.follow("a", blocking)
    assert blocking.started.wait(LIMIT_S)
    waiting, results = wait_aside(busy_world, "a")

    busy_world.admin.audience.end_waiting()
    waiting.join(LIMIT_S)

    assert results == [True]
    assert busy_world.admin.audience.wait_settled("a", 0), "nor begins to wait"
    assert receipt(busy_world, "a").busy_with == 0


def test_a_deletion_is_settled_when_the_factory_let_go(busy_world, released):
    """CM-48, CM-26."""
    started = threading.Event()

    class Factory:
        def updated(self, pid, properties):
            """Takes it."""

        def deleted(self, _):
            started.set()
            assert released.wait(LIMIT_S)

    busy_world.follow_instances("f", Factory())
    busy_world.admin.update("f~x", {})
    busy_world.flush()
    busy_world.admin.delete("f~x")
    assert started.wait(LIMIT_S)
    waiting, results = wait_aside(busy_world, "f~x")
    waiting.join(SOON_S)
    assert waiting.is_alive()

    released.set()
    waiting.join(LIMIT_S)

    assert results == [True]


def test_a_deletion_is_not_settled_while_the_instance_is_being_checked(
    busy_world, released
):
    """CM-48, CM-22."""
    started = threading.Event()

    class Factory:
        def check(self, _, __):
            started.set()
            assert released.wait(LIMIT_S)

        def updated(self, pid, properties):
            """Takes it."""

        def deleted(self, pid):
            """Lets go of it."""

    busy_world.admin.update("f~x", {})
    busy_world.follow_instances("f", Factory())
    assert started.wait(LIMIT_S)
    busy_world.admin.delete("f~x")
    assert not busy_world.admin.audience.wait_settled("f~x", SOON_S)

    released.set()

    assert busy_world.admin.audience.wait_settled("f~x", LIMIT_S)


# CM-46: first attempts


def test_first_calls_are_over_when_each_pid_was_tried(world):
    """CM-46: whatever came of them."""
    called = []

    def service(pid, properties):
        called.append((pid, properties))
        told = world.admin.audience.receipts()
        assert [one.pid for one in told] == ["a", "b"]
        raise ConfigurationError(None, "no")

    registration = world.admin.audience.add_managed_service(("a", "b"), service)
    assert not registration.wait(0)

    world.flush()

    assert registration.wait(0)
    assert called == [("a", None), ("b", None)]
    assert {fault.found for fault in world.faults.all()} == {"no"}


def test_a_callback_that_waits_for_its_own_first_call_is_told(world):
    """CM-46, CM-18: it would wait for ever; later it may ask."""
    waited = []

    def service(_):
        waited.append(registration.wait(0))
        waited.append(registration.wait())

    registration = world.follow("a", service)
    world.flush()
    assert waited.pop() is False
    (fault,) = world.faults.all()
    assert fault.found.startswith(
        "UsageError: A callback cannot call wait() without a time limit: it may wait "
        "for itself. (raised at "
    )

    world.admin.update("a", {})
    world.flush()

    assert waited == [True, True]
    assert world.faults.all() == ()


def test_who_waits_for_the_first_call_sees_it_made(busy_world, released):
    """CM-46: on threads."""
    blocking = Blocking(released)
    registration = busy_world.follow("a", blocking)
    assert blocking.started.wait(LIMIT_S)
    assert not registration.wait(SOON_S)
    results = []
    waiting = threading.Thread(
        target=lambda: results.append(registration.wait()), daemon=True
    )
    waiting.start()
    waiting.join(SOON_S)

    released.set()
    waiting.join(LIMIT_S)

    assert results == [True]


# CM-48: a factory


def test_a_factory_pid_stands_for_its_instances(world):
    """CM-48: also for those with a target, and for whoever follows one of them."""
    factory, _ = world.factory("f", target="app")
    one, _ = world.service("f~x")
    for pid in ("f~x", "f|app~y", "f|other~z", "g~x"):
        world.admin.update(pid, {})
    assert not world.admin.audience.wait_settled("f", 0)
    world.flush()

    assert world.admin.audience.wait_settled("f", 0)
    receipts = world.admin.audience.receipts("f")
    assert [(each.pid, each.applied) for each in receipts] == [
        ("f|app~y", 1),
        ("f~x", 1),
        ("f~x", 1),
    ]
    assert len(factory.calls) == 2
    assert len(one.calls) == 1
    (targeted,) = world.admin.audience.receipts("f|app")
    assert targeted.pid == "f|app~y"


def test_of_what_nobody_follows_there_is_no_receipt(world):
    """CM-48: nobody is waited for."""
    world.factory("f")
    world.admin.update("a", {})

    for pid in ("a", "f", "g"):
        assert world.admin.audience.wait_settled(pid, 0)
        assert world.admin.audience.receipts(pid) == ()


def test_an_instance_has_a_receipt_until_the_factory_let_it_go(world):
    """CM-48, CM-26."""
    factory, _ = world.factory("f")
    world.admin.update("f~x", {})
    world.admin.update("f~y", {})
    world.flush()
    factory.errors["f~x"] = ValueError("no")

    world.admin.delete("f~x")
    assert not world.admin.audience.wait_settled("f", 0)
    assert [one.pid for one in world.admin.audience.receipts("f")] == ["f~x", "f~y"]
    world.flush()

    assert world.admin.audience.wait_settled("f", 0)
    assert world.admin.audience.receipts("f~x") == ()
    assert [one.pid for one in world.admin.audience.receipts("f")] == ["f~y"]
    assert [one.pid for one in world.admin.audience.receipts()] == ["f~y"]


# What a service says later


def test_what_fails_after_the_call_is_a_fault_until_it_works_again(world):
    """CM-48: as if the callback had raised, or returned, now."""
    service, registration = world.service("a")
    world.admin.update("a", {"x": 1})
    world.flush()

    registration.report(ConfigurationError("x", "the connection was lost"))
    world.flush()

    (fault,) = world.faults.all()
    assert (fault.kind, fault.pid, fault.key) == (FaultKind.CALLBACK, "a", "x")
    assert "the connection was lost" in fault.found
    assert (receipt(world, "a").applied, receipt(world, "a").refused) == (1, 1)
    assert len(service.calls) == 1

    registration.report(None)
    world.flush()

    assert world.faults.all() == ()
    assert receipt(world, "a") == Receipt(name_of(world), "a", applied=1)


def test_what_was_refused_is_applied_when_the_service_says_so_later(world):
    """CM-48: a service that tries again by itself."""
    service, registration = world.service("a")
    service.error = ConfigurationError("x", "nobody answers")
    world.admin.update("a", {"x": 1})
    world.flush()

    registration.report(None)
    world.flush()

    assert world.faults.all() == ()
    assert receipt(world, "a") == Receipt(name_of(world), "a", applied=1)


def test_of_two_reports_that_wait_the_last_one_counts(world):
    _, registration = world.service("a")
    world.admin.update("a", {"x": 1})
    world.flush()

    registration.report(ConfigurationError("x", "lost"))
    registration.report(None)
    world.flush()

    assert world.told == []


def test_the_next_success_ends_what_was_reported(world):
    _, registration = world.service("a")
    world.admin.update("a", {"x": 1})
    world.flush()
    registration.report(ConfigurationError("x", "lost"))
    world.flush()

    world.admin.update("a", {"x": 2})
    world.flush()

    assert world.faults.all() == ()


def test_a_report_of_whoever_was_closed_says_nothing(world):
    _, registration = world.service("a")
    world.flush()
    registration.close()

    registration.report(ConfigurationError("x", "lost"))
    world.flush()

    assert world.told == []


def test_a_report_of_one_of_several_names_it(world):
    """What it was never called with is none of its business."""
    _, registration = world.factory("f")
    world.admin.update("f~1", {"x": 1})
    world.flush()

    for name in ("f~1", "f~2"):
        registration.report(ConfigurationError("x", "lost"), pid=name)
    world.flush()

    assert [fault.pid for fault in world.faults.all()] == ["f~1"]
    with pytest.raises(UsageError, match="pid="):
        registration.report(None)


def test_a_report_shows_no_secret(world):
    world.validator.secrets = {"password"}
    _, registration = world.service("a")
    world.admin.update("a", {"password": "s3cret-word"})
    world.flush()

    registration.report(ConfigurationError("password", "s3cret-word is wrong"))
    world.flush()

    (fault,) = world.faults.all()
    assert "s3cret-word" not in str(fault)
