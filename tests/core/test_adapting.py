"""Whatever can be called is brought to one shape; what cannot be is refused at once."""

import functools
from dataclasses import dataclass
from unittest.mock import AsyncMock, MagicMock, Mock, create_autospec

import pytest

from config_admin.core.adapting import name_of
from config_admin.core.configuration import Origin
from config_admin.core.errors import (
    ConfigurationError,
    InvalidConfigurationError,
    UsageError,
)


class Method:
    """A service, and methods of every kind that can be one."""

    def __init__(self):
        self.seen = []

    def updated(self, properties):
        self.seen.append(properties)

    def by_another_name(self, properties):
        self.seen.append(properties)

    @staticmethod
    def static(seen, properties):
        seen.append(properties)


class Callable:
    def __init__(self):
        self.seen = []

    def __call__(self, properties):
        self.seen.append(properties)


class Both(Callable):
    """Can be called, and has a method for it: that one is meant."""

    def __call__(self):
        raise AssertionError("its method is meant")

    def updated(self, properties):
        self.seen.append(properties)


def remembering():
    seen = []

    def remember(properties, *, times=1):
        seen.extend([properties] * times)

    return seen, remember


def plain():
    seen, remember = remembering()
    return seen, remember


def with_a_default():
    seen = []
    return seen, lambda properties, seen=seen: seen.append(properties)


def wrapped():
    seen, remember = remembering()

    @functools.wraps(remember)
    def wrapper(*arguments, **options):
        return remember(*arguments, **options)

    return seen, wrapper


def of_an_object(make):
    def with_its_seen():
        one = make()
        return one.seen, one

    return with_its_seen


def bound():
    one = Method()
    return one.seen, one.by_another_name


def partial():
    seen = []
    return seen, functools.partial(Method.static, seen)


def partial_with_options():
    seen, remember = remembering()
    return seen, functools.partial(remember, times=1)


def builtin():
    seen = []
    return seen, seen.append


def builtin_that_tells_no_signature():
    seen = {}
    return seen, seen.update


CALLABLES = [
    plain,
    with_a_default,
    wrapped,
    of_an_object(Method),
    of_an_object(Callable),
    of_an_object(Both),
    bound,
    partial,
    partial_with_options,
    builtin,
]


@pytest.mark.parametrize("make", CALLABLES)
def test_whatever_takes_properties_is_a_service(world, make):
    """CM-15, CM-16: once for what is there, once for each change."""
    seen, service = make()
    world.follow("a", service)
    world.flush()

    world.admin.update("a", {"x": 1})
    world.flush()

    assert seen == [None, {"x": 1, "service.pid": "a"}]
    assert world.faults.all() == ()


def test_a_builtin_that_does_not_tell_what_it_takes_is_believed(world):
    """CM-16."""
    seen, service = builtin_that_tells_no_signature()
    world.admin.update("a", {"x": 1})

    world.follow("a", service)
    world.flush()

    assert seen == {"x": 1, "service.pid": "a"}


# What is refused when it is registered


class NotCallable:
    updated = "yesterday"


class Deaf:
    def updated(self):
        """Takes no properties."""


class OnlyUpdated:
    def updated(self, pid, properties):
        """Takes an instance."""


class OnlyDeleted:
    def deleted(self, pid):
        """Lets go of an instance."""


class DeafToDeletions(OnlyUpdated):
    def deleted(self):
        """Is not told which one."""


class DeafToUpdates(OnlyDeleted):
    def updated(self, properties):
        """Is not told which one."""


class Factory(OnlyUpdated, OnlyDeleted):
    """Can be one."""


class NotCallableFactory(OnlyDeleted):
    updated = None


class Checked:
    def __init__(self, check):
        self.check = check

    def updated(self, properties):
        """Takes them."""


class CheckedFactory(Factory):
    def __init__(self, check):
        self.check = check


async def coroutine_check(properties):
    """Would have to be waited for."""


async def coroutine_check_of_an_instance(pid, properties):
    """Would have to be waited for."""


def generator(properties):
    yield properties


async def asynchronous_generator(properties):
    yield properties


def with_changed_by_place_only(properties, changed, /):
    """Wants the keys where none are given."""


REFUSED = [
    (object(), "builtins.object has no 'updated' and cannot be called"),
    (42, "builtins.int has no 'updated' and cannot be called"),
    (None, "cannot be called"),
    (NotCallable(), "NotCallable has no 'updated' and cannot be called"),
    (Method, "Method is a class: register an instance of it."),
    (dict, "builtins.dict is a class"),
    (Deaf(), "Deaf has to take (properties): too many positional arguments."),
    (lambda: None, "has to take (properties)"),
    (lambda _, __: None, "missing a required argument: '__'"),
    (lambda _, *, __: None, "missing a required argument: '__'"),
    (with_changed_by_place_only, "missing a required argument: 'changed'"),
    (
        generator,
        (
            "generator is a generator function: nothing of it would run. Register one "
            "without 'yield'."
        ),
    ),
    (asynchronous_generator, "is a generator function"),
    (functools.partial(generator), "is a generator function"),
    (Checked(coroutine_check), "'check' of "),
    (Checked(AsyncMock()), "is a coroutine function: it has to be a plain one."),
    (Checked(lambda: None), "Checked has to take (properties)"),
    (Checked("strictly"), "Checked has no 'check' and cannot be called."),
]


@pytest.mark.parametrize(("service", "words"), REFUSED)
def test_what_cannot_be_called_as_it_will_be_is_no_service(world, service, words):
    """CM-25: a coroutine function cannot be a check."""
    with pytest.raises(UsageError) as caught:
        world.follow("a", service)

    assert words in str(caught.value)
    assert world.admin.audience.registrations() == ()


@pytest.mark.parametrize(
    ("service", "words"),
    [
        (lambda _: None, "has to take (pid, properties)"),
        (Method(), "has to take (pid, properties)"),
        (Checked(lambda _: None), "has to take (pid, properties)"),
    ],
)
def test_a_service_of_several_pids_has_to_take_the_pid(world, service, words):
    """CM-20."""
    with pytest.raises(UsageError) as caught:
        world.admin.audience.add_managed_service(("a", "b"), service)

    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("factory", "words"),
    [
        (object(), "builtins.object has no 'updated'."),
        (lambda _, __: None, "has no 'updated'."),
        (OnlyDeleted(), "OnlyDeleted has no 'updated'."),
        (OnlyUpdated(), "OnlyUpdated has no 'deleted'."),
        (DeafToDeletions(), "DeafToDeletions has to take (pid)"),
        (DeafToUpdates(), "DeafToUpdates has to take (pid, properties)"),
        (NotCallableFactory(), "has no 'updated' and cannot be called."),
        (Factory, "Factory is a class: register an instance of it."),
        (CheckedFactory(coroutine_check_of_an_instance), "is a coroutine function"),
        (CheckedFactory(lambda _: None), "has to take (pid, properties)"),
    ],
)
def test_what_cannot_be_called_as_it_will_be_is_no_factory(world, factory, words):
    """CM-25, CM-26."""
    with pytest.raises(UsageError) as caught:
        world.follow_instances("f", factory)

    assert words in str(caught.value)
    assert world.admin.audience.registrations() == ()


def test_a_check_of_none_is_no_check(world):
    """CM-22."""
    service = Method()
    service.check = None

    world.follow("a", service)
    world.admin.update("a", {"x": 1})
    world.flush()

    assert service.seen == [{"x": 1, "service.pid": "a"}]


# A plain function that gives a coroutine


def gives_a_coroutine(*_):
    async def later():
        """Nobody waits for it."""

    return later()


class GivesCoroutines:
    updated = staticmethod(gives_a_coroutine)
    deleted = staticmethod(gives_a_coroutine)
    configuration_event = staticmethod(gives_a_coroutine)


def test_a_coroutine_that_nobody_waits_for_is_a_fault(world):
    """CM-25: it would look like a success, and nothing would have been done."""
    world.follow("a", gives_a_coroutine)

    world.flush()

    (fault,) = world.faults.all()
    assert fault.found == (
        "UsageError: It gave a coroutine, but is no coroutine function: nobody waits "
        "for it. Register an 'async def' instead."
    )
    (receipt,) = world.admin.audience.receipts("a")
    assert (receipt.applied, receipt.refused) == (None, 0)


@pytest.mark.parametrize("synchronous", [False, True])
def test_a_coroutine_that_a_listener_gives_is_a_fault(world, synchronous):
    """CM-25."""
    world.admin.audience.add_listener(GivesCoroutines(), synchronous=synchronous)

    world.admin.update("a", {})
    world.flush()

    (fault,) = world.faults.all()
    assert fault.found.startswith("UsageError: It gave a coroutine")


def test_a_coroutine_that_a_factory_gives_is_a_fault(world):
    """CM-25, CM-26."""
    world.follow_instances("f", GivesCoroutines())
    world.admin.update("f~x", {})
    world.flush()
    assert len(world.faults.all()) == 1

    world.admin.delete("f~x")
    world.flush()

    (fault,) = world.faults.all()
    assert fault.expected.endswith("to take that f~x has no configuration")


def test_a_check_that_gives_a_coroutine_is_a_veto(world):
    """CM-22, CM-25."""
    world.follow("a", Checked(gives_a_coroutine))

    with pytest.raises(InvalidConfigurationError) as caught:
        world.admin.update("a", {})

    (violation,) = caught.value.violations
    assert violation.found.startswith("UsageError: It gave a coroutine")


# What the properties are turned into


@dataclass(frozen=True)
class Address:
    host: str
    port: int = 80


class Taker:
    """Follows an address, or several; notes its calls and its checks."""

    def __init__(self):
        self.calls = []
        self.checks = []

    def check(self, *arguments):
        self.checks.append(arguments)

    def updated(self, *arguments):
        self.calls.append(arguments)

    def deleted(self, pid):
        self.calls.append((pid,))


def test_a_service_gets_what_it_asked_for(world):
    """CM-24: and None where there is no configuration."""
    taker = Taker()
    world.follow("a", taker, into=Address)
    world.admin.update("a", {"host": "h", "port": "81"})
    world.flush()
    world.admin.delete("a")
    world.flush()

    assert taker.checks == [(Address("h", 81),)]
    assert taker.calls == [(Address("h", 81),), (None,)]


def test_a_service_of_several_pids_gets_what_it_asked_for(world):
    """CM-24, CM-20."""
    taker = Taker()
    terms = world.terms(into=Address)
    world.admin.audience.add_managed_service(("a", "b"), taker, terms)
    world.admin.update("a", {"host": "h"})

    world.flush()

    assert taker.checks == [("a", Address("h"))]
    assert taker.calls == [("a", Address("h")), ("b", None)]


def test_a_factory_gets_what_it_asked_for(world):
    """CM-24, CM-26."""
    taker = Taker()
    world.follow_instances("f", taker, into=Address)
    world.admin.update("f~x", {"host": "h"})
    world.flush()
    world.admin.delete("f~x")
    world.flush()

    assert taker.checks == [("f~x", Address("h"))]
    assert taker.calls == [("f~x", Address("h")), ("f~x",)]


def test_what_cannot_be_made_of_properties_is_a_veto(world):
    """CM-24, CM-22: though the service has no check of its own."""
    seen = []
    world.follow("a", seen.append, into=Address)

    with pytest.raises(InvalidConfigurationError) as caught:
        world.admin.update("a", {"port": "81"})
    world.flush()

    assert [violation.key for violation in caught.value.violations] == ["host"]
    world.admin.update("a", {"host": "h"})
    world.flush()
    assert seen == [None, Address("h")]


def test_what_could_not_be_made_of_what_was_there_is_a_fault(world):
    """CM-24, CM-21: with the file, and without secrets."""

    def login(properties):
        raise ValueError(f"no login with {properties['password']}")

    world.admin.update("a", {"password": "hunter2"}, origin=Origin.file("etc/a.cfg"))
    world.follow("a", print, into=login)
    world.flush()

    (fault,) = world.faults.all()
    assert (fault.pid, fault.file) == ("a", "etc/a.cfg")
    assert "no login with ******" in fault.found
    assert "hunter2" not in repr(fault)


# Objects that have every attribute


def test_a_mock_is_a_service(world):
    """CM-16, CM-22: its `updated` is called, and its `check` has nothing against it."""
    service = Mock()
    world.follow("a", service)
    world.flush()

    world.admin.update("a", {"x": 1})
    world.flush()

    delivered = {"x": 1, "service.pid": "a"}
    assert [call.args for call in service.updated.call_args_list] == [
        (None,),
        (delivered,),
    ]
    service.check.assert_called_once_with(delivered)
    service.assert_not_called()
    assert world.faults.all() == ()


def test_a_mock_may_refuse(world):
    """CM-21, CM-22."""
    service = Mock()
    service.check.side_effect = ConfigurationError("x", "is taken")
    service.updated.side_effect = ConfigurationError(None, "no")
    world.follow("a", service)
    world.flush()

    with pytest.raises(InvalidConfigurationError):
        world.admin.update("a", {"x": 1})

    assert len(world.faults.all()) == 1


def test_a_mock_of_a_function_is_a_service(world):
    """CM-16, CM-49: it takes what the function takes."""

    def function(properties, *, changed):
        """What is imitated."""

    service = create_autospec(function)
    world.follow("a", service)

    world.flush()

    service.assert_called_once_with(None, changed=frozenset())


@pytest.mark.parametrize("make", [Mock, MagicMock])
def test_a_mock_is_a_factory(world, make):
    """CM-26."""
    factory = make()
    world.follow_instances("f", factory)
    world.admin.update("f~x", {})
    world.flush()

    world.admin.delete("f~x")
    world.flush()

    delivered = {"service.pid": "f~x", "service.factoryPid": "f"}
    factory.updated.assert_called_once_with("f~x", delivered)
    factory.check.assert_called_once_with("f~x", delivered)
    factory.deleted.assert_called_once_with("f~x")
    assert world.faults.all() == ()


def test_a_mock_is_a_listener(world):
    """CM-29."""
    listener = Mock()
    world.admin.audience.add_listener(listener)

    world.admin.update("a", {})
    world.flush()

    listener.configuration_event.assert_called_once()


class Proxy:
    """Stands for something far away: whatever it is asked for, it has."""

    def __init__(self, calls, path=""):
        self._calls = calls
        self._path = path

    def __getattr__(self, name):
        return Proxy(self._calls, f"{self._path}.{name}")

    def __call__(self, *arguments):
        self._calls.append((self._path, *arguments))


def test_a_proxy_is_a_service(world):
    """CM-16: though it gives a proxy where its signature is asked for, or its name."""
    calls = []
    registration = world.follow("a", Proxy(calls))

    world.flush()

    assert calls == [(".updated", None)]
    assert registration.name.endswith("test_adapting.Proxy")


class Reluctant:
    """Computes its attributes, and has none that it was not made for."""

    def __init__(self, **known):
        self._known = known

    def __getattr__(self, name):
        try:
            return self._known[name]
        except KeyError:
            raise AttributeError(name) from None


def test_an_object_that_computes_its_attributes_is_a_service(world):
    """CM-16."""
    seen = []

    world.follow("a", Reluctant(updated=seen.append))
    world.flush()

    assert seen == [None]


# More than one registration


def test_the_same_object_may_be_registered_twice(world):
    """CM-20, CM-23: each registration has a life of its own."""
    service = Method()
    first, second = world.follow("a", service), world.follow("a", service)
    world.flush()
    assert service.seen == [None, None]

    first.close()
    world.admin.update("a", {})
    world.flush()
    assert len(service.seen) == 3
    assert world.admin.audience.registrations() == (second,)


def test_a_function_may_be_decorated_for_several_pids(world):
    """CM-16, CM-49: each decorator sees the function, not what the other one made."""
    seen = []

    def service(properties, changed):
        seen.append((properties["service.pid"], changed))

    world.admin.update("a", {"x": 1})
    world.admin.update("b", {"y": 1})
    inner = world.follow("a", service)
    outer = world.follow("b", inner)
    world.flush()

    assert seen == [("a", {"x"}), ("b", {"y"})]
    assert outer.name == inner.name
    assert outer({"service.pid": "c"}, None) is None
    assert seen[-1] == ("c", None)


# How faults call it


def a_function():
    """Has a name."""


def renamed():
    """Is called what would move the cursor."""


renamed.__qualname__ = "x\x1b[2J"


@pytest.mark.parametrize(
    ("service", "name"),
    [
        (a_function, f"{__name__}.a_function"),
        (functools.partial(functools.partial(a_function)), f"{__name__}.a_function"),
        (Method(), f"{__name__}.Method"),
        (Method().updated, f"{__name__}.Method.updated"),
        (functools.partial(Callable()), f"{__name__}.Callable"),
        (Mock(), "unittest.mock.Mock"),
        (print, "builtins.print"),
        ([].append, "list.append"),
        (list.append, "list.append"),
        (Proxy([]), f"{__name__}.Proxy"),
        (renamed, f"{__name__}.x\\x1b[2J"),
    ],
)
def test_a_service_is_called_by_the_name_that_its_author_gave_it(service, name):
    """CM-21: that is how its faults name it; CM-51: fit to be shown."""
    assert name_of(service) == name
