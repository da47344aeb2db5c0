"""A service is called with what is there now, and harms nobody else."""

import gc
import json
from dataclasses import replace

import pydantic
import pytest

from config_admin.core.configuration import Origin
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import MASK
from config_admin.core.errors import (
    ConfigurationError,
    InvalidConfigurationError,
    UsageError,
)
from config_admin.core.faults import FaultKind
from config_admin.core.foreign import scrubbed


class CoroutineListener:
    async def configuration_event(self, event):
        """Would have to run on a loop."""


class DeafListener:
    def configuration_event(self):
        """Takes no event."""


def only(faults):
    (fault,) = faults.all()
    return fault


# CM-21: what a service raises


def test_a_service_that_raises_is_a_fault_with_pid_revision_and_key(world):
    """CM-21."""
    service, _ = world.service("a")
    service.error = ConfigurationError("port", "is taken")
    world.admin.update("a", {"port": "80"}, origin=Origin.file("etc/a.cfg"))

    world.flush()

    fault = only(world.faults)
    assert (fault.kind, fault.pid, fault.key) == (FaultKind.CALLBACK, "a", "port")
    assert fault.file == "etc/a.cfg"
    assert fault.found == "is taken"
    assert fault.expected.endswith("Service to take revision 1 of a")
    assert fault.cure == (
        "Mend the configuration or the service; the next change is delivered."
    )
    assert fault.rule == "callback"


def test_what_a_service_did_not_mean_to_raise_is_told_with_its_place(world):
    """CM-21, CM-51."""
    service, _ = world.service("a")
    service.error = ZeroDivisionError("no \x1b[31mbroker")

    world.flush()

    fault = only(world.faults)
    assert fault.found.startswith("ZeroDivisionError: no \\x1b[31mbroker (raised at ")
    assert "conftest.py" in fault.found
    assert fault.expected.endswith("Service to take that a has no configuration")
    assert (fault.key, fault.file) == (None, None)


@pytest.mark.parametrize("error", [SystemExit(1), GeneratorExit(), MemoryError()])
def test_even_what_ends_programs_is_only_a_fault(world, error):
    """CM-21."""
    failing, _ = world.service("a")
    failing.error = error
    other, _ = world.service("a")

    world.flush()

    assert only(world.faults).found.startswith(type(error).__name__)
    assert other.calls == [None]


def test_an_interrupt_of_the_program_is_not_swallowed(world):
    """CM-21."""
    service, _ = world.service("a")
    service.error = KeyboardInterrupt()

    with pytest.raises(KeyboardInterrupt):
        world.dispatcher.flush()


def test_an_interrupt_on_another_thread_is_only_a_fault(busy_world):
    """CM-21."""
    service, _ = busy_world.service("a")
    service.error = KeyboardInterrupt()

    busy_world.flush()

    assert only(busy_world.faults).found.startswith("KeyboardInterrupt")


class MuteError(Exception):
    def __str__(self):
        raise RuntimeError("no words")


class DeadlyError(Exception):
    def __str__(self):
        raise SystemExit("no words")


class BareError(ConfigurationError):
    """Does not make what it is derived from."""

    def __init__(self, port):
        self.port = port


class SpeakingError(BareError):
    def __str__(self):
        return f"{self.port} is taken"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConfigurationError(None, ValueError("no port")), "no port"),
        (ConfigurationError(80, None), "None"),
        (MuteError(), "(it cannot say what is wrong)"),
        (DeadlyError(), "(it cannot say what is wrong)"),
        (BareError(80), "BareError: (it cannot say what is wrong)"),
        (SpeakingError(80), "SpeakingError: 80 is taken"),
        (InvalidConfigurationError("", []), "InvalidConfigurationError: These prop"),
        (OSError(), "OSError (raised at "),
    ],
)
def test_what_is_no_text_harms_nobody(world, error, words):
    """CM-21, CM-48: whatever it is, the call is over."""
    service, registration = world.service("a")
    service.error = error

    world.flush()

    assert words in only(world.faults).found
    assert only(world.faults).key is None
    assert registration.wait(0)
    (receipt,) = world.admin.audience.receipts("a")
    assert (receipt.refused, receipt.busy_since) == (0, None)


def test_what_a_service_could_not_do_to_another_pid_is_told_as_that(world):
    """CM-21: not as if its own configuration held what was refused."""

    def pass_on(properties):
        if properties:
            world.admin.update("b", {"bad": properties["x"]})

    world.follow("a", pass_on)
    world.admin.update("a", {"x": 1}, origin=Origin.file("etc/a.cfg"))
    world.flush()

    fault = only(world.faults)
    assert (fault.pid, fault.key, fault.rule) == ("a", None, "callback")
    assert fault.found.startswith("InvalidConfigurationError: b cannot be accepted")


def test_each_error_of_a_group_is_told(world):
    """CM-21: with the keys that they name; of very many the first."""
    service, _ = world.service("a")
    within = [ConfigurationError("host", "is unknown"), OSError("no route")]
    service.error = ExceptionGroup(
        "all", [ConfigurationError("port", "is taken"), ExceptionGroup("two", within)]
    )
    world.flush()
    told = sorted((fault.key or "", fault.found) for fault in world.faults.all())
    assert told[0][1].startswith("OSError: no route")
    assert told[1:] == [
        ("host", "is unknown"),
        ("port", "is taken"),
    ]

    service.error = ExceptionGroup("many", [OSError(str(n)) for n in range(10_000)])
    world.admin.update("a", {})
    world.flush()
    assert len(world.faults.all()) == 100


def test_the_place_of_an_error_is_fit_to_be_shown(world):
    """CM-51: code may come from a template, under any name."""
    names = {}
    code = "def updated(_):\n    raise OSError('no')\n"
    exec(compile(code, "x\x1b[2J", "exec"), names)  # noqa: S102 - as templates do
    world.follow("a", names["updated"])

    world.flush()

    assert only(world.faults).found == "OSError: no (raised at x\\x1b[2J:2)"


def test_the_fault_goes_away_with_the_next_success(world):
    """CM-21."""
    service, _ = world.service("a")
    service.error = ConfigurationError(None, "no")
    world.flush()
    service.error = None

    world.admin.update("a", {"port": "1"})
    world.flush()

    assert world.faults.all() == ()
    assert [what for what, _ in world.told] == ["came", "went"]


def test_after_a_failure_going_back_to_the_old_values_is_delivered(world):
    """CM-21."""
    service, _ = world.service("a")
    good = world.admin.update("a", {"host": "good"}).properties
    world.flush()
    service.error = ConfigurationError("host", "unknown")
    world.admin.update("a", {"host": "gone"})
    world.flush()
    service.error = None

    world.admin.update("a", good)
    world.flush()

    assert [call["host"] for call in service.calls] == ["good", "gone", "good"]
    assert world.faults.all() == ()


def test_a_failed_revision_is_not_delivered_twice(world):
    """CM-16, CM-21."""
    service, _ = world.service("a")
    service.error = ConfigurationError(None, "no")
    world.admin.update("a", {"port": "1"})
    world.flush()

    world.admin.recheck("a")
    world.flush()

    assert len(service.calls) == 1
    assert len(world.faults.all()) == 1


def test_each_failing_service_has_a_fault_of_its_own(world):
    """CM-21, CM-20."""
    first, _ = world.service("a")
    second, _ = world.service("a")
    first.error = second.error = ConfigurationError(None, "no")
    world.flush()
    assert len(world.faults.all()) == 2
    first.error = None

    world.admin.update("a", {})
    world.flush()

    assert len(world.faults.all()) == 1


def test_the_faults_of_a_closed_service_go_with_it(world):
    """CM-21, CM-23."""
    service, registration = world.service("a")
    service.error = ConfigurationError(None, "no")
    world.flush()
    assert world.faults.all()

    registration.close()

    assert world.faults.all() == ()


def test_nothing_is_remembered_of_faults_that_went(world):
    """CM-21."""
    service, registration = world.service("a")
    service.error = ConfigurationError(None, "no")
    world.flush()
    assert registration.faulty == {"a"}
    service.error = None

    world.admin.update("a", {})
    world.flush()

    assert registration.faulty == set()


def test_what_a_service_raises_while_it_closes_itself_is_no_fault(world):
    """CM-21, CM-23."""

    def close_and_fail(properties):
        registration.close()
        raise ConfigurationError(None, "going down")

    registration = world.admin.audience.add_managed_service(("a",), close_and_fail)
    world.flush()

    assert world.faults.all() == ()


# Listeners


def test_a_listener_that_raises_is_a_fault_and_harms_nobody(world):
    """CM-29."""
    failing, other = world.listener(), world.listener()
    failing.error = OSError("disk full")
    world.admin.update("a", {})
    world.flush()

    fault = only(world.faults)
    assert (fault.kind, fault.pid) == (FaultKind.CALLBACK, "a")
    assert fault.found.startswith("OSError: disk full")
    assert fault.expected.endswith("Listener to take CM_UPDATED of a")
    assert len(other.events) == 1
    failing.error = None

    world.admin.delete("a")
    world.flush()

    assert world.faults.all() == ()
    assert len(failing.events) == 2


def test_the_faults_of_a_closed_listener_go_with_it(world):
    """CM-29, CM-23."""

    class Failing:
        def configuration_event(self, _):
            raise OSError("disk full")

    registration = world.admin.audience.add_listener(Failing())
    world.admin.update("a", {})
    world.flush()
    assert len(world.faults.all()) == 1

    registration.close()

    assert world.faults.all() == ()


@pytest.mark.parametrize(
    ("listener", "synchronous", "words"),
    [
        (object(), False, "has no 'configuration_event'"),
        (object(), True, "has no 'configuration_event'"),
        (CoroutineListener(), True, "is a coroutine function"),
        (DeafListener(), False, "DeafListener has to take (event): too many"),
        (DeafListener(), True, "DeafListener has to take (event): too many"),
        (CoroutineListener, False, "is a class"),
    ],
)
def test_what_cannot_be_told_is_refused_at_once(world, listener, synchronous, words):
    """CM-29, CM-25."""
    with pytest.raises(UsageError) as caught:
        world.admin.audience.add_listener(listener, synchronous=synchronous)

    assert words in str(caught.value)


# CM-49: what changed


def by_place(told):
    def updated(properties, changed):
        told.append(changed)

    return updated


def by_name(told):
    def updated(properties, *, changed):
        told.append(changed)

    return updated


def with_a_default(told):
    return lambda _, __=1, changed=None, **___: told.append(changed)


def by_method(told):
    class Follower:
        def updated(self, _, changed):
            told.append(changed)

    return Follower()


SIGNATURES = [by_place, by_name, with_a_default, by_method]


@pytest.mark.parametrize("make", SIGNATURES)
def test_whoever_asks_is_told_what_changed(world, make):
    """CM-49: all keys at first, and all at the end."""
    told = []
    world.admin.update("a", {"x": 1, "y": 1})
    world.follow("a", make(told))
    for properties in ({"x": 2, "y": 1}, {"x": 2}, {"x": 2, "z": 1}):
        world.flush()
        world.admin.update("a", properties)
    world.flush()
    world.admin.delete("a")
    world.flush()

    assert told == [{"x", "y"}, {"x"}, {"y"}, {"z"}, {"x", "z"}]
    assert {type(changed) for changed in told} == {frozenset}


@pytest.mark.parametrize(
    "service",
    [
        lambda changed: changed,
        lambda _, *changed: changed,
        lambda _, **changed: changed,
        lambda changed, /, _=None: changed,
    ],
)
def test_what_only_looks_like_that_parameter_is_none(world, service):
    """CM-49."""
    registration = world.follow("a", service)

    world.flush()

    assert not registration.adapted.takes_changed
    assert world.faults.all() == ()


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ({"x": 1}, {"X": 1}, set()),
        ({"x": 1}, {"X": 2}, {"X"}),
        ({"x": 1}, {"x": True}, {"x"}),
        ({"x": [1]}, {"x": [1.0]}, {"x"}),
        ({"x": [1]}, {"x": [1], "y": []}, {"y"}),
        ({"X": 1}, {}, {"X"}),
    ],
)
def test_a_key_has_changed_if_its_value_is_another_one(world, before, after, changed):
    """CM-49, CM-03, CM-04: as it is written now; nobody asks for its case."""
    told = []
    world.admin.update("a", before)
    world.follow("a", by_place(told))
    world.flush()

    world.admin.update("a", {**after, "other": 1})
    world.flush()

    assert told[-1] == {*changed, "other"}


def test_a_service_of_several_pids_is_told_what_changed_of_each(world):
    """CM-49, CM-20."""
    told = []
    world.admin.audience.add_managed_service(
        ("a", "b"), lambda pid, _, changed: told.append((pid, changed))
    )
    world.admin.update("a", {"x": 1})
    world.flush()

    world.admin.update("b", {"y": 1})
    world.admin.update("a", {"x": 1, "z": 1})
    world.flush()

    assert told == [("a", {"x"}), ("b", set()), ("b", {"y"}), ("a", {"z"})]


def test_a_factory_is_told_what_changed_of_each_instance(world):
    """CM-49, CM-26: all of one that was made again."""
    told = []

    class Factory:
        def updated(self, pid, _, *, changed):
            told.append((pid, changed))

        def deleted(self, pid):
            """Is told no keys."""

    world.follow_instances("f", Factory())
    world.admin.update("f~x", {"x": 1, "y": 1})
    world.flush()
    world.admin.update("f~x", {"x": 2, "y": 1})
    world.flush()
    world.admin.delete("f~x")
    world.admin.update("f~x", {"x": 2, "y": 1})
    world.flush()

    assert told == [("f~x", {"x", "y"}), ("f~x", {"x"}), ("f~x", {"x", "y"})]


def test_what_changed_is_counted_from_what_was_applied_last(world):
    """CM-49, CM-21: what was refused was not applied."""
    told = []
    refused = []

    def updated(properties, changed):
        told.append(changed)
        if properties["x"] in refused:
            raise ConfigurationError("x", "no")

    world.admin.update("a", {"x": 1, "y": 1})
    world.follow("a", updated)
    world.flush()
    refused.append(2)
    world.admin.update("a", {"x": 2, "y": 1})
    world.flush()

    world.admin.update("a", {"x": 2, "y": 2})
    world.flush()
    world.admin.update("a", {"x": 1, "y": 1})
    world.flush()
    world.admin.update("a", {"x": 3, "y": 1})
    world.flush()

    assert told == [{"x", "y"}, {"x"}, {"x", "y"}, set(), {"x"}]


def test_what_changed_is_counted_over_what_was_skipped(world):
    """CM-49, CM-19: a busy service is told all of it at once."""
    told = []
    world.admin.update("a", {"x": 1})
    world.follow("a", by_place(told))
    world.flush()

    world.admin.update("a", {"x": 1, "y": 1})
    world.admin.update("a", {"x": 1, "z": 1})
    world.admin.update("a", {"x": 2, "z": 1})
    world.flush()

    assert told[-1] == {"x", "z"}


def test_what_changed_is_told_of_what_is_delivered(world):
    """CM-49: also what a default or a plugin changed; never the automatic keys."""

    class Plugin:
        def modify_configuration(self, _, properties):
            return {**properties, "by plugin": properties["x"]}

    told = []
    world.admin.processing.add(Plugin())
    world.admin.update("f~x", {"x": 1})
    world.follow("f~x", by_place(told))
    world.flush()
    world.validator.defaults = {"mode": "fast"}

    world.admin.update("f~x", {"x": 2})
    world.flush()

    assert told == [{"x", "by plugin"}, {"x", "by plugin", "mode"}]


# CM-23: no call starts once it was closed


class Watched:
    """Notes its calls; what is due happens in its check."""

    def __init__(self):
        self.calls = []
        self.in_check = lambda: None

    def check(self, _):
        self.calls.append("check")
        self.in_check()

    def updated(self, _):
        self.calls.append("updated")


class ClosingPlugin:
    """Closes registrations on the way to a service."""

    def __init__(self):
        self.registrations = []

    def modify_configuration(self, _, __):
        for registration in self.registrations:
            registration.close()


def test_nothing_is_called_that_a_plugin_closed_on_the_way(world):
    """CM-23: neither its callback nor its check."""
    service, plugin = Watched(), ClosingPlugin()
    world.admin.update("a", {})
    plugin.registrations.append(world.follow("a", service))
    world.admin.processing.add(plugin)

    world.flush()

    assert service.calls == []
    assert plugin.registrations[0].record("a").receipt.applied is None


@pytest.mark.parametrize("error", [None, ConfigurationError(None, "going down")])
def test_a_service_that_closes_itself_in_its_check_is_not_called(world, error):
    """CM-23, CM-22."""
    service = Watched()
    world.admin.update("a", {})
    registration = world.follow("a", service)

    def close():
        registration.close(10)
        if error is not None:
            raise error

    service.in_check = close
    world.flush()

    assert service.calls == ["check"]
    assert world.faults.all() == ()


def test_who_was_closed_by_another_check_is_not_asked(world):
    """CM-23, CM-22: the change goes on without it."""
    first, second = Watched(), Watched()
    world.follow("a", first, ranking=1)
    registration = world.follow("a", second)
    world.flush()
    second.calls.clear()
    first.in_check = registration.close

    assert world.admin.update("a", {}).revision == 1
    world.flush()

    assert second.calls == []
    assert first.calls[-1] == "updated"


def test_a_service_that_closes_itself_is_not_called_for_its_other_pids(world):
    """CM-23, CM-20."""
    called = []

    def updated(pid, _):
        called.append(pid)
        registration.close()

    registration = world.admin.audience.add_managed_service(("a", "b"), updated)
    world.flush()

    assert called == ["a"]
    assert registration.wait(0)


def test_a_factory_that_closes_itself_at_an_end_is_called_no_more(world):
    """CM-23, CM-26: not even with what was made again."""
    calls = []

    class Factory:
        def updated(self, pid, _):
            calls.append(pid)

        def deleted(self, _):
            calls.append(None)
            registration.close()

    registration = world.follow_instances("f", Factory())
    world.admin.update("f~x", {})
    world.flush()
    world.admin.delete("f~x")
    world.admin.update("f~x", {})
    world.flush()

    assert calls == ["f~x", None]


@pytest.mark.parametrize("make", ["service", "factory"])
@pytest.mark.parametrize("change", ["updated", "deleted"])
def test_what_is_found_for_one_that_was_closed_meanwhile_is_not_its(
    world, make, change
):
    """CM-23: neither an instance nor the end of one; nor is a plugin run for it."""
    follower, registration = getattr(world, make)("f")
    processed = []

    class Plugin:
        def modify_configuration(self, pid, _):
            processed.append(pid)

    for pid in ("f", "f~x"):
        world.admin.update(pid, {})
    world.flush()
    world.admin.processing.add(Plugin())
    follower.calls.clear()
    delivery = world.admin.audience._delivery

    def found(one, pid):
        one.close()
        return delivery.serving(one, pid)

    for pid in ("f", "f~x"):
        if change == "deleted":
            world.admin.delete(pid)
        else:
            world.admin.update(pid, {"x": 1})
        replace(delivery, serving=found).look(registration, pid)

    assert follower.calls == processed == []
    assert world.faults.all() == ()


def test_new_services_are_asked_though_closed_ones_were_asked_before(world):
    """CM-22: whatever places in memory they get."""
    for _ in range(200):
        world.follow("a", Watched())
    world.admin.update("a", {})
    for registration in world.admin.audience.registrations():
        registration.close()
    del registration
    gc.collect()

    services = [Watched() for _ in range(200)]
    for service in services:
        world.follow("a", service)
    world.flush()

    assert [service.calls for service in services] == [["check", "updated"]] * 200


# CM-37: secrets in what foreign code says


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cannot log in with hunter2", f"cannot log in with {MASK}"),
        ("hunter2:hunter2@host", f"{MASK}:{MASK}@host"),
        ("nothing of it", "nothing of it"),
        ("pin 4711", f"pin {MASK}"),
        ("a longer one: hunter22", f"a longer one: {MASK}"),
        (repr("it's\"\\\n"), f"'{MASK}'"),
        (json.dumps("größe"), f'"{MASK}"'),
        ("amqp://gr%C3%B6%C3%9Fe@host", f"amqp://{MASK}@host"),
        ("amqp://a%2Fb@host", f"amqp://{MASK}@host"),
        (repr("größe".encode()), f"b'{MASK}'"),
        (json.dumps('"größe"', ensure_ascii=False), f'"\\"{MASK}\\""'),
        ("?password=a+b%2Bc&x", f"?password={MASK}&x"),
        ("-BEGIN-\n  MIIEvQ\n-END-", f"{MASK}\\n  {MASK}\\n{MASK}"),
        ("no key in MIIEvQ", f"no key in {MASK}"),
        ("raw: it's\"\\\n.", f"raw: {MASK}."),
        (repr("ö'\"\\"), f"'{MASK}'"),
        (json.dumps("ö'\"\\", ensure_ascii=False), f'"{MASK}"'),
        ("%C3%A4/%20b, %C3%A4%2F%20b, %C3%A4%2F+b", f"{MASK}, {MASK}, {MASK}"),
        ("half \udc80", "half \\udc80"),
        ("half \udc80x.", f"half {MASK}."),
        ("a-zebra", MASK),
        ("HUNTER2, Hunter22.", f"{MASK}, {MASK}."),
        ("GRÖSSE größe GrÖße.", f"{MASK} {MASK} {MASK}."),
        ("amqp://gr%c3%b6%c3%9fe@host", f"amqp://{MASK}@host"),
        ("ﬁn and FIN", f"{MASK} and {MASK}"),
        ("ﬂy", MASK),
        ("x is too short to be one", "x is too short to be one"),
        ("\x1b[31m", "\\x1b[31m"),
        ("", ""),
        ("y" * 500, "y" * 500),
        ("y" * 501, "y" * 500 + "…"),
    ],
)
def test_secret_values_are_taken_out_of_foreign_texts(text, expected):
    """CM-37, CM-51."""
    secrets = ["hunter2", "hunter22", "4711", "", "x", "it's\"\\\n", "größe", "a/b"]
    secrets += ["a b+c", "-BEGIN-\nMIIEvQ\n-END-\n", "ö'\"\\", "ä/ b", "\udc80x"]
    secrets += ["zebra", "a-zebra", "fin", "ly"]

    assert scrubbed(text, secrets) == expected


def test_no_line_of_a_secret_is_shown_whatever_others_there_are():
    """CM-37: those that are too short to be one do not hide the others."""
    lines = [f"line-{number:02}" for number in range(20)]
    secret = "\n".join(["-", "=", "+", *lines])

    assert [scrubbed(line, [secret]) for line in lines] == [MASK] * len(lines)


def test_a_secret_behind_the_end_is_not_shown_in_half():
    """CM-37."""
    assert (
        scrubbed("y" * 495 + "hunter2", ["hunter2"]) == "y" * 495 + f"{MASK}"[:5] + "…"
    )


def test_a_fault_does_not_show_the_secret_that_a_service_blurts_out(world):
    """CM-37."""
    world.validator.secrets = {"DSN"}
    service, _ = world.service("a")
    service.error = ValueError("cannot connect to amqp://me:hunter2@host")
    world.admin.update("a", {"dsn": "amqp://me:hunter2@host"})

    world.flush()

    assert "hunter2" not in str(only(world.faults))


def test_a_fault_of_a_listener_does_not_show_a_secret(world):
    """CM-37, CM-29."""
    listener = world.listener()
    listener.error = ValueError("hunter2")
    world.admin.update("a", {"password": "hunter2"})

    world.flush()

    assert "hunter2" not in str(only(world.faults))


LAST = ValueError("cannot log out of amqp://me:hunter2@host")


def test_a_fault_does_not_show_a_secret_that_a_service_took_before(world):
    """CM-37: it logs out of the old broker, and fails."""
    service, _ = world.service("a")
    world.admin.update("a", {"password": "hunter2"})
    world.flush()
    service.error = LAST

    for change in (
        lambda: world.admin.update("a", {"password": "other"}),
        lambda: world.admin.delete("a"),
    ):
        change()
        world.flush()
        assert "cannot log out of amqp" in str(only(world.faults))
        assert "hunter2" not in repr(world.faults.all())


def test_a_fault_does_not_show_a_secret_that_a_service_refused_before(world):
    """CM-37: it may have begun with it."""
    service, registration = world.service("a")
    service.error = LAST
    world.admin.update("a", {"password": "hunter2"})
    world.flush()

    world.admin.update("a", {"password": "other"})
    world.flush()
    world.admin.delete("a")
    world.flush()
    assert "hunter2" not in repr(world.faults.all())
    assert "hunter2" not in repr(registration.records)

    service.error = None
    world.admin.update("a", {"x": 1})
    world.flush()
    assert registration.record("a").secrets == ()


def test_a_fault_does_not_show_the_secret_of_another_pid_that_it_took(world):
    """CM-37, CM-20: though that configuration is gone."""
    errors = []

    def updated(pid, _):
        if pid == "b" and errors:
            raise errors[0]

    world.admin.audience.add_managed_service(("a", "b"), updated)
    world.admin.update("a", {"password": "hunter2"})
    world.flush()
    errors.append(LAST)

    world.admin.update("b", {})
    world.admin.delete("a")
    world.flush()

    assert "hunter2" not in repr(world.faults.all())
    assert only(world.faults).pid == "b"


def test_a_fault_does_not_show_the_secret_of_an_instance_that_is_gone(world):
    """CM-37, CM-26: whether the factory took it or refused it."""
    factory, _ = world.factory("f")
    factory.errors["f~x"] = LAST
    world.admin.update("f~x", {"password": "hunter2"})
    world.flush()

    world.admin.delete("f~x")
    world.flush()

    assert factory.calls[-1] == ("f~x", None)
    assert only(world.faults).expected.endswith("that f~x has no configuration")
    assert "hunter2" not in repr(world.faults.all())


def test_a_fault_does_not_show_a_secret_where_a_key_should_be(world):
    """CM-37: but a key is shown, though a secret may be a part of it."""
    service, _ = world.service("a")
    service.error = ExceptionGroup(
        "both",
        [
            ConfigurationError("amqp://me:PORT@host", "is no address"),
            ConfigurationError("PORT", "is taken"),
        ],
    )
    world.admin.update("a", {"password": "PORT", "port": "80"})

    world.flush()

    keys = {fault.key for fault in world.faults.all()}
    assert keys == {f"amqp://me:{MASK}@host", "PORT"}


def test_a_fault_does_not_show_a_secret_of_another_pid_in_any_of_its_texts(world):
    """CM-37, CM-24: also where a model says what it wants instead."""
    text = "hunter2"
    violation = Diagnostic(found=text, expected=text, cure=text, rule="model")
    service, _ = world.service("a")
    service.error = InvalidConfigurationError("", [violation])
    world.admin.update("b", {"password": "hunter2"})

    world.flush()

    assert only(world.faults).message == f"found {MASK}, expected {MASK}. {MASK}"


def test_a_veto_shows_a_key_as_it_is(world):
    """CM-22, CM-37: it is a key of the properties, and no secret."""

    class Particular(Watched):
        def check(self, _):
            raise ConfigurationError("port", "is taken")

    world.follow("a", Particular())

    with pytest.raises(InvalidConfigurationError) as caught:
        world.admin.update("a", {"password": "port", "port": "80"})

    assert [violation.key for violation in caught.value.violations] == ["port"]


def test_a_fault_does_not_show_the_ends_of_a_secret(world):
    """CM-37: pydantic quotes the beginning and the end of a long value."""

    class Login(pydantic.BaseModel):
        password: int
        host: str

    def updated(properties):
        if properties:
            Login(**properties)

    secret = "begin-" + "x" * 100 + "-end"
    world.follow("a", updated)
    world.admin.update("a", {"password": secret})
    world.flush()

    told = {fault.key: fault.found for fault in world.faults.all()}
    assert set(told) == {"password", "host"}
    assert told["host"].startswith("ValidationError: Field required")
    assert "begin-" not in repr(world.faults.all())


def test_another_error_of_pydantic_is_told_as_any_other(world):
    """CM-21."""
    service, _ = world.service("a")
    service.error = pydantic.PydanticUserError("no such field", code=None)

    world.flush()

    found = only(world.faults).found
    assert found.startswith("PydanticUserError: no such field (raised at ")
    assert found.count("raised at") == 1


def test_where_a_service_is_does_not_show_the_way_to_it(busy_world):
    """CM-19: the stack begins with what the operator can look at."""
    stacks = []

    def updated(_properties):
        (one,) = busy_world.admin.audience.registrations()
        stacks.append(one.lane.stack())

    busy_world.follow("a", updated)
    busy_world.flush()

    (stack,) = stacks
    first = stack.split(" > ")[0]
    assert first.endswith(" updated")
    assert "test_delivery.py" in first
