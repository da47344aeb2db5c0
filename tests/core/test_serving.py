"""What serves a PID: its configuration, or what holds where there is none."""

import pytest

from config_admin.core.diagnostics import Diagnostic
from config_admin.core.errors import (
    ConfigurationError,
    InvalidConfigurationError,
    NoSuchConfigurationError,
)
from config_admin.core.faults import FaultKind
from config_admin.core.ports import Checked
from config_admin.core.properties import Properties


def outside(schema="first", secrets=(), **items):
    """What comes from outside, and holds without a configuration."""
    return Checked(
        Properties(), schema=schema, secrets=secrets, overridden=Properties(items)
    )


def misfit(pid, key):
    violation = Diagnostic(
        key=key, found="it", expected="another", cure="Set it.", rule="type"
    )
    return InvalidConfigurationError(pid, [violation])


def values(calls):
    return [call and call["x"] for call in calls]


def test_without_a_configuration_what_comes_from_outside_is_delivered(world):
    """CM-50, CM-05: with the automatic properties, though there is no configuration."""
    world.validator.instead["a"] = outside(x="1")
    service, _ = world.service("a")

    world.flush()

    assert service.calls == [{"x": "1", "service.pid": "a"}]
    assert world.admin.find("a") is None
    assert world.admin.processed_properties("a") == service.calls[0]


def test_defaults_may_hold_without_a_configuration(world):
    """CM-36."""
    defaults = Properties({"x": 1})
    world.validator.instead["a"] = Checked(Properties(), defaults)
    service, _ = world.service("a")

    world.flush()

    assert service.calls == [{"x": 1, "service.pid": "a"}]


def test_where_nothing_holds_there_is_none(world):
    """CM-15."""
    service, _ = world.service("a")

    world.flush()

    assert service.calls == [None]
    with pytest.raises(NoSuchConfigurationError):
        world.admin.processed_properties("a")


def test_a_configuration_takes_its_place_and_leaves_it_again(world):
    """CM-16, CM-17: each of the three is another state."""
    world.validator.instead["a"] = outside(x="outside")
    service, _ = world.service("a")
    world.flush()
    world.admin.update("a", {"x": "stored"})
    world.flush()

    world.admin.delete("a")
    world.flush()

    assert values(service.calls) == ["outside", "stored", "outside"]
    (receipt,) = world.admin.audience.receipts("a")
    assert receipt.applied == 2  # that of the deletion


def test_what_holds_is_not_delivered_twice(world):
    """CM-16: but under another schema it is."""
    world.validator.instead["a"] = outside(x="1")
    service, _ = world.service("a")
    world.flush()

    world.admin.recheck_all()
    world.flush()
    assert values(service.calls) == ["1"]

    world.validator.instead["a"] = outside(x="2", schema="second")
    world.admin.recheck_all()
    world.flush()
    assert values(service.calls) == ["1", "2"]


def test_what_does_not_fit_is_a_fault_and_not_delivered(world):
    """CM-50, CM-35: until it does."""
    world.admin.update("a", {})
    world.admin.delete("a")
    world.validator.instead["a"] = misfit("a", "x")
    service, _ = world.service("a")
    world.flush()
    (receipt,) = world.admin.audience.receipts("a")
    assert receipt.applied == 2  # that there is none, since then
    (fault,) = world.faults.all()
    assert (fault.kind, fault.pid, fault.key) == (FaultKind.CONFIGURATION, "a", "x")
    assert service.calls == [None]

    world.validator.instead["a"] = outside(x="1")
    world.admin.recheck("a")
    world.flush()

    assert values(service.calls) == [None, "1"]
    assert world.faults.all() == ()


def test_the_fault_of_what_does_not_fit_goes_with_a_configuration(world):
    """CM-50."""
    world.validator.instead["a"] = misfit("a", "x")
    service, _ = world.service("a")
    world.flush()

    world.admin.update("a", {"x": 1})
    world.flush()

    assert values(service.calls) == [None, 1]
    assert world.faults.all() == ()


class Particular:
    """A service with a check; notes its calls."""

    def __init__(self):
        self.calls = []

    def check(self, properties):
        raise ConfigurationError("x", f"cannot be {properties['x']}")

    def updated(self, properties):
        self.calls.append(properties)


def test_the_service_is_asked_before_it_gets_it(world):
    """CM-22: nobody asked it when the environment was made."""
    world.validator.instead["a"] = outside(x="1")
    service = Particular()
    world.follow("a", service)

    world.flush()

    assert service.calls == []
    (fault,) = world.faults.all()
    assert (fault.pid, fault.key) == ("a", "x")
    assert fault.found == "cannot be 1"
    assert fault.expected.endswith("to take what holds while a has no configuration")


# Who gets it


def test_any_configuration_that_is_meant_for_it_is_better(world):
    """CM-34, CM-50."""
    world.validator.instead["a"] = outside(x="outside")
    service, calls = world.service("a")[0], []
    world.follow("a", calls.append, target="app|1")
    world.admin.update("a|app", {"x": "targeted"})
    world.flush()
    world.admin.delete("a|app")
    world.flush()

    assert values(calls) == ["targeted", "outside"]
    assert values(service.calls) == ["outside"]


def test_a_targeted_pid_has_what_holds_for_it(world):
    """CM-55, CM-50: and not what holds for its base."""
    world.validator.instead["a"] = outside(x="base")
    world.validator.instead["a|app"] = outside(x="targeted")
    calls = []

    world.follow("a|app", calls.append)
    world.flush()

    assert calls == [{"x": "targeted", "service.pid": "a|app"}]


def test_a_factory_has_no_instance_that_nobody_configured(world):
    """CM-26, CM-50."""
    world.validator.instead["f~x"] = outside(x="1")
    factory, _ = world.factory("f")
    world.admin.update("f~x", {"x": 2})
    world.flush()

    world.admin.delete("f~x")
    world.flush()

    assert [properties and properties["x"] for _, properties in factory.calls] == [
        2,
        None,
    ]


# CM-37: secrets that nobody stored


@pytest.mark.parametrize(
    "held",
    [
        {"password": "hunter2"},
        {"dsn": "amqp://me:hunter2@host", "secrets": ("hunter2",)},
    ],
    ids=["a secret key", "a part of a value"],
)
def test_a_secret_from_outside_is_in_no_fault(world, held):
    """CM-37, CM-50: neither that of what it gets, nor that of what it had."""
    world.validator.instead["a"] = outside(**held)
    service, _ = world.service("a")
    service.error = ValueError("cannot log in with hunter2")
    world.flush()
    assert "hunter2" not in repr(world.faults.all())
    service.error = None
    world.validator.instead["a"] = outside("second", **held)
    world.admin.recheck("a")
    world.flush()
    assert world.faults.all() == ()

    service.error = ValueError("cannot log out with hunter2")
    world.validator.instead.clear()
    world.admin.recheck("a")
    world.flush()

    assert service.calls[-1] is None
    assert "hunter2" not in repr(world.faults.all())
    assert "cannot log out" in repr(world.faults.all())
