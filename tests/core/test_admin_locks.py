"""No lock is held while foreign code runs: meanwhile others can do everything."""

import threading

import pytest

from config_admin.core.configuration import Origin
from config_admin.core.errors import ConfigurationError, InvalidConfigurationError
from config_admin.core.parts import Limits

LIMIT_S = 10.0
MOST = 2


class Watch:
    """
    Has another thread use every entrance of an admin, while foreign code runs.

    Attributes:
        done: Whether that was possible, the first times that it was asked.
    """

    def __init__(self, world):
        self.world = world
        self.done = []
        self._is_busy = threading.Lock()

    def __call__(self, *_):
        """Foreign code calls this; what that causes may call it too, without end."""
        if len(self.done) == MOST or not self._is_busy.acquire(blocking=False):
            return
        ended = threading.Event()
        thread = threading.Thread(target=self._use_all, args=[ended], daemon=True)
        thread.start()
        self.done.append(ended.wait(LIMIT_S / 2))
        self._is_busy.release()

    def _use_all(self, ended):
        admin = self.world.admin
        admin.update("other", {"n": len(self.done)})
        admin.update("other", {}, origin=Origin.file("etc/other.cfg"))
        with admin.transaction() as transaction:
            transaction.update("other~1", {})
            transaction.delete("other")
        assert admin.get("other~1")
        assert admin.list_configurations("(service.pid=other~1)")
        admin.processed_properties("other~1")
        registration = admin.audience.add_managed_service(("other",), lambda _: None)
        listener = admin.audience.add_listener(_Deaf())
        plugin = admin.processing.add(_Blind())
        for one in (registration, listener, plugin):
            one.close()
        with pytest.raises(InvalidConfigurationError):
            admin.update("other", {"bad": 1})
        admin.recheck("other~1")
        admin.audience.receipts()
        admin.audience.registrations()
        self.world.faults.all()
        tuple(admin.secrets())
        ended.set()


class _Deaf:
    def configuration_event(self, event):
        """Hears nothing."""


class _Blind:
    def modify_configuration(self, pid, properties):
        """Sees nothing."""


class Service:
    def __init__(self, **methods):
        self.updated = lambda *_: None
        vars(self).update(methods)


@pytest.fixture
def busy_world(make_world, lanes):
    """On threads; and a change waits no longer for a listener than this."""
    return make_world(lanes, limits=Limits(listener_timeout_s=0.02))


@pytest.fixture
def watch(busy_world):
    return Watch(busy_world)


def at_update(world):
    world.admin.update("a", {"x": 1})


def at_refusal(world):
    with pytest.raises(InvalidConfigurationError):
        world.admin.update("a", {"bad": 1})


def at_transaction(world):
    with world.admin.transaction() as transaction:
        transaction.update("a", {"x": 1})
        transaction.update("b", {"x": 1})


def at_deletion(world):
    world.admin.update("a", {"x": 1})
    world.flush()
    world.admin.delete("a")


def at_recheck(world):
    world.admin.update("a", {"x": 1})
    world.flush()
    world.validator.schema = "second"
    world.admin.recheck("a")


def at_registration(world):
    """Nothing changes: it is called because it registered."""


def in_a_service(world, watch):
    world.follow("a", watch)


def in_a_check(world, watch):
    world.follow("a", Service(check=watch))


def in_a_model(world, watch):
    world.follow("a", lambda _: None, into=lambda properties: watch() or properties)


def in_a_plugin(world, watch):
    plugin = _Blind()
    plugin.modify_configuration = watch
    world.admin.processing.add(plugin)
    world.follow("a", Service(check=lambda _: None))


def in_a_listener(world, watch):
    listener = _Deaf()
    listener.configuration_event = watch
    world.admin.audience.add_listener(listener)


def in_a_synchronous_listener(world, watch):
    listener = _Deaf()
    listener.configuration_event = watch
    world.admin.audience.add_listener(listener, synchronous=True)


def in_the_validator(world, watch):
    world.validator.during_check = watch


def in_a_factory(world, watch):
    factory = Service(updated=lambda *_: watch(), deleted=lambda _: None)
    world.admin.audience.add_managed_service_factory("a", factory)
    world.admin.update("a~1", {})


def in_the_deletion_of_a_factory(world, watch):
    factory = Service(deleted=watch)
    world.admin.audience.add_managed_service_factory("a", factory)
    world.admin.update("a~1", {})
    world.flush()
    world.admin.delete("a~1")


def where_faults_are_told(world, watch):
    def fail(_):
        raise ConfigurationError("x", "no")

    world.when_told = watch
    world.follow("a", fail)


CASES = [
    (in_a_service, at_registration),
    (in_a_service, at_update),
    (in_a_service, at_deletion),
    (in_a_service, at_recheck),
    (in_a_check, at_update),
    (in_a_check, at_transaction),
    (in_a_check, at_recheck),
    (in_a_model, at_update),
    (in_a_plugin, at_update),
    (in_a_plugin, at_recheck),
    (in_a_listener, at_update),
    (in_a_listener, at_refusal),
    (in_a_listener, at_deletion),
    (in_a_synchronous_listener, at_update),
    (in_a_synchronous_listener, at_refusal),
    (in_a_synchronous_listener, at_transaction),
    (in_a_synchronous_listener, at_deletion),
    (in_the_validator, at_update),
    (in_the_validator, at_transaction),
    (in_the_validator, at_recheck),
    (in_a_factory, at_registration),
    (in_the_deletion_of_a_factory, at_registration),
    (where_faults_are_told, at_update),
]


@pytest.mark.parametrize(
    ("where", "when"), CASES, ids=lambda case: case.__name__.replace("_", " ")
)
def test_meanwhile_another_thread_can_do_everything(busy_world, watch, where, when):
    """CM-18."""
    where(busy_world, watch)

    when(busy_world)
    busy_world.flush()

    assert watch.done
    assert all(watch.done)


def test_a_fault_that_goes_is_told_without_a_lock_too(busy_world, watch):
    """CM-18: log handlers are foreign code."""
    busy_world.admin.update("a", {"x": 1})
    busy_world.validator.schema, busy_world.validator.refused = "second", {"x", "bad"}
    busy_world.admin.recheck("a")
    assert busy_world.faults.all()

    busy_world.when_told = watch
    busy_world.admin.update("a", {"y": 1})

    assert watch.done
    assert all(watch.done)


def test_a_required_plugin_comes_and_goes_without_a_lock(make_world, lanes):
    """CM-18, CM-32."""
    world = make_world(lanes, required_plugins=["decrypt"])
    watch = Watch(world)
    world.when_told = watch
    world.service("a")
    world.flush()

    world.admin.processing.add(_Blind(), name="decrypt").close()
    world.flush()

    assert len(watch.done) >= 2
    assert all(watch.done)
