"""A service is called with what is there now, and harms nobody else."""

import json

import pytest

from config_admin.core.configuration import Origin
from config_admin.core.delivery import scrubbed
from config_admin.core.display import MASK
from config_admin.core.errors import ConfigurationError, UsageError
from config_admin.core.faults import FaultKind


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
    service, _ = world.service("a")
    service.error = ConfigurationError("port", "is taken")
    world.admin.update("a", {"port": "80"}, origin=Origin.file("etc/a.cfg"))

    world.flush()

    fault = only(world.faults)
    assert (fault.kind, fault.pid, fault.key) == (FaultKind.CALLBACK, "a", "port")
    assert fault.file == "etc/a.cfg"
    assert fault.found == "ConfigurationError: is taken"
    assert fault.expected.endswith("Service to take revision 1 of a")


def test_what_a_service_did_not_mean_to_raise_is_told_with_its_place(world):
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
    failing, _ = world.service("a")
    failing.error = error
    other, _ = world.service("a")

    world.flush()

    assert only(world.faults).found.startswith(type(error).__name__)
    assert other.calls == [None]


def test_an_interrupt_of_the_program_is_not_swallowed(world):
    service, _ = world.service("a")
    service.error = KeyboardInterrupt()

    with pytest.raises(KeyboardInterrupt):
        world.dispatcher.flush()


def test_an_interrupt_on_another_thread_is_only_a_fault(busy_world):
    service, _ = busy_world.service("a")
    service.error = KeyboardInterrupt()

    busy_world.flush()

    assert only(busy_world.faults).found.startswith("KeyboardInterrupt")


class MuteError(Exception):
    def __str__(self):
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConfigurationError(None, ValueError("no port")), "no port"),
        (MuteError(), "(it cannot say what is wrong)"),
    ],
)
def test_what_is_no_text_harms_nobody(world, error, words):
    service, registration = world.service("a")
    service.error = error

    world.flush()

    assert words in only(world.faults).found
    assert registration.wait(0)


def test_the_fault_goes_away_with_the_next_success(world):
    service, _ = world.service("a")
    service.error = ConfigurationError(None, "no")
    world.flush()
    service.error = None

    world.admin.update("a", {"port": "1"})
    world.flush()

    assert world.faults.all() == ()
    assert [what for what, _ in world.told] == ["came", "went"]


def test_after_a_failure_going_back_to_the_old_values_is_delivered(world):
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
    service, _ = world.service("a")
    service.error = ConfigurationError(None, "no")
    world.admin.update("a", {"port": "1"})
    world.flush()

    world.admin.recheck("a")
    world.flush()

    assert len(service.calls) == 1
    assert len(world.faults.all()) == 1


def test_each_failing_service_has_a_fault_of_its_own(world):
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
    service, registration = world.service("a")
    service.error = ConfigurationError(None, "no")
    world.flush()
    assert world.faults.all()

    registration.close()

    assert world.faults.all() == ()


def test_what_a_service_raises_while_it_closes_itself_is_no_fault(world):
    def close_and_fail(properties):
        registration.close()
        raise ConfigurationError(None, "going down")

    registration = world.admin.add_managed_service(("a",), close_and_fail)
    world.flush()

    assert world.faults.all() == ()


# Listeners


def test_a_listener_that_raises_is_a_fault_and_harms_nobody(world):
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


@pytest.mark.parametrize(
    ("listener", "words"),
    [
        (object(), "cannot be called"),
        (CoroutineListener(), "is a coroutine function"),
        (DeafListener(), "has to take (event)"),
        (CoroutineListener, "is a class"),
    ],
)
def test_what_cannot_be_told_is_refused_at_once(world, listener, words):
    with pytest.raises(UsageError) as caught:
        world.admin.add_listener(listener)

    assert words in str(caught.value)


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
        ("x is too short to be one", "x is too short to be one"),
        ("\x1b[31m", "\\x1b[31m"),
        ("", ""),
        ("y" * 501, "y" * 500 + "…"),
    ],
)
def test_secret_values_are_taken_out_of_foreign_texts(text, expected):
    secrets = ["hunter2", "hunter22", "4711", "", "x", "it's\"\\\n", "größe", "a/b"]

    assert scrubbed(text, secrets) == expected


def test_a_secret_behind_the_end_is_not_shown_in_half():
    assert (
        scrubbed("y" * 495 + "hunter2", ["hunter2"]) == "y" * 495 + f"{MASK}"[:5] + "…"
    )


def test_a_fault_does_not_show_the_secret_that_a_service_blurts_out(world):
    world.validator.secrets = {"DSN"}
    service, _ = world.service("a")
    service.error = ValueError("cannot connect to amqp://me:hunter2@host")
    world.admin.update("a", {"dsn": "amqp://me:hunter2@host"})

    world.flush()

    assert "hunter2" not in str(only(world.faults))


def test_a_fault_of_a_listener_does_not_show_a_secret(world):
    listener = world.listener()
    listener.error = ValueError("hunter2")
    world.admin.update("a", {"password": "hunter2"})

    world.flush()

    assert "hunter2" not in str(only(world.faults))
