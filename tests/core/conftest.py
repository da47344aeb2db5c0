"""A small world around the core: peers that implement its ports, and threads."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from time import monotonic

import pytest

from config_admin.core.admin import ConfigurationAdmin
from config_admin.core.audience import Terms
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.dispatch import InlineDispatcher
from config_admin.core.errors import InvalidConfigurationError
from config_admin.core.faults import FaultBook
from config_admin.core.parts import World as CoreWorld
from config_admin.core.ports import Checked
from config_admin.core.properties import Properties
from config_admin.core.threads import LaneDispatcher
from config_admin.stores.memory import MemoryStore

LIMIT_S = 10.0
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def nothing():
    """What happens unless a test says otherwise."""


class SmallValidator:
    """
    Implements `config_admin.core.ports.Validator` with one schema for all.

    Attributes:
        schema: Names the schema; a test that changes it has written another one.
        numbers: Keys whose text is a whole number.
        defaults: The value of each of these keys when it is absent.
        secrets: Keys that are write-only.
        refused: Keys that no configuration may have.
        during_check: Called in the middle of each check.
        checks: How often it was asked.
        instead: What holds where a PID has no configuration; or what is raised then.
    """

    def __init__(self):
        self.schema = "first"
        self.numbers = {"port"}
        self.defaults = {}
        self.secrets = set()
        self.refused = {"bad"}
        self.during_check = nothing
        self.checks = 0
        self.instead = {}

    def check(self, pid, properties):
        self.checks += 1
        schema, refused = self.schema, self.refused
        self.during_check()
        violations = [violation(key) for key in properties if key in refused]
        if violations:
            raise InvalidConfigurationError(pid, violations)
        seen = properties.with_items(
            {
                key: int(value)
                for key, value in properties.items()
                if key in self.numbers and isinstance(value, str)
            }
        )
        absent = {k: v for k, v in self.defaults.items() if k not in properties}
        return Checked(seen.with_secrets(self.secrets), Properties(absent), schema)

    def without(self, pid):
        found = self.instead.get(pid)
        if isinstance(found, Exception):
            raise found
        return found

    def schema_of(self, pid):  # noqa: ARG002 - one schema for all
        return self.schema

    def is_secret(self, pid, key):  # noqa: ARG002 - one schema for all
        return key in self.secrets

    def as_text(self, pid, key, value):  # noqa: ARG002 - one schema for all
        is_number = key in self.numbers and type(value) is int
        return str(value) if is_number else None


def violation(key):
    return Diagnostic(
        key=key,
        found="an unwanted key",
        expected="none",
        cure="Remove it.",
        rule="not",
    )


class Service:
    """
    A managed service that notes its calls.

    Attributes:
        calls: What it was called with; failed calls too.
        error: What it raises; None: nothing.
    """

    def __init__(self):
        self.calls = []
        self.error = None

    def updated(self, properties):
        self.calls.append(properties)
        if self.error is not None:
            raise self.error


class Factory:
    """
    A factory that notes its calls.

    Attributes:
        calls: The PID with its properties, or None when it is gone; failed calls too.
        errors: What it raises, by PID.
    """

    def __init__(self):
        self.calls = []
        self.errors = {}

    def updated(self, pid, properties):
        self._note(pid, properties)

    def deleted(self, pid):
        self._note(pid, None)

    def _note(self, pid, properties):
        self.calls.append((pid, properties))
        if pid in self.errors:
            raise self.errors[pid]


class Listener:
    """Notes the events that it is told."""

    def __init__(self):
        self.events = []
        self.error = None

    def configuration_event(self, event):
        self.events.append(event)
        if self.error is not None:
            raise self.error


class Blocked:
    """
    A call that runs until it is let go.

    Attributes:
        started: Set when it has begun.
        released: It runs until this is set.
        ended: Set at its end.
        thread: Where it runs.
    """

    def __init__(self, released):
        self.started = threading.Event()
        self.released = released
        self.ended = threading.Event()
        self.thread = None

    def __call__(self):
        self.thread = threading.current_thread()
        self.started.set()
        self.released.wait(LIMIT_S)
        self.ended.set()


class World:
    """
    An admin and everything around it.

    Attributes:
        told: Each fault with whether it came or went, in order.
        when_told: Called whenever a fault came or went.
    """

    def __init__(self, dispatcher=None, store=None, validator=None, **options):
        self.store = store or MemoryStore()
        self.validator = validator or SmallValidator()
        self.dispatcher = dispatcher or InlineDispatcher()
        self.told = []
        self.when_told = nothing
        self.faults = FaultBook(self.tell)
        self.admin = ConfigurationAdmin(
            self.store,
            CoreWorld(
                validator=self.validator,
                dispatcher=self.dispatcher,
                faults=self.faults,
                now=lambda: NOW,
                **options,
            ),
        )

    def tell(self, came, went):
        self.told += [("came", fault) for fault in came]
        self.told += [("went", fault) for fault in went]
        self.when_told()

    def service(self, pid, *, ranking=0):
        """A service that follows *pid*, and its registration."""
        service = Service()
        return service, self.follow(pid, service, ranking=ranking)

    def follow(self, pid, service, **terms):
        """The registration of *service* for *pid*."""
        audience = self.admin.audience
        return audience.add_managed_service((pid,), service, Terms(**terms))

    def terms(self, **terms):
        """On which terms somebody registers."""
        return Terms(**terms)

    def factory(self, factory_pid, **terms):
        """A factory that follows *factory_pid*, and its registration."""
        factory = Factory()
        return factory, self.follow_instances(factory_pid, factory, **terms)

    def follow_instances(self, factory_pid, factory, **terms):
        """The registration of *factory* for *factory_pid*."""
        audience = self.admin.audience
        return audience.add_managed_service_factory(
            factory_pid, factory, Terms(**terms)
        )

    def listener(self):
        """A listener that is told everything from now on."""
        listener = Listener()
        self.admin.audience.add_listener(listener)
        return listener

    def flush(self):
        """Let every callback run."""
        assert self.dispatcher.flush(LIMIT_S)


@pytest.fixture(scope="session")
def small_validator():
    """The validator of a small world, to build on."""
    return SmallValidator


@pytest.fixture(scope="session")
def make_world():
    """A new world: `make_world()`; its callbacks run inside `flush`."""
    return World


@pytest.fixture
def now():
    """What time it is in every world."""
    return NOW


@pytest.fixture
def world():
    """A world whose callbacks run inside `flush`."""
    return World()


@pytest.fixture
def make_lanes():
    """A dispatcher with threads: `make_lanes(**options)`; stopped when the test is."""
    with ExitStack() as stack:

        def make(**options):
            dispatcher = LaneDispatcher(**{"clock": monotonic, **options})
            stack.callback(dispatcher.stop, 0)
            return dispatcher

        yield make


@pytest.fixture
def lanes(make_lanes):
    """A running dispatcher with threads."""
    dispatcher = make_lanes()
    dispatcher.start()
    return dispatcher


@pytest.fixture
def busy_world(lanes):
    """A world whose callbacks run on threads."""
    return World(lanes)


@pytest.fixture
def released():
    """What blocked callbacks wait for; set when the test is over."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def blocked(released):
    """A call that runs until the test is over, or its own event is set."""
    return lambda own=None: Blocked(own or released)


@pytest.fixture
def block(blocked):
    """Block a lane; the call has begun when this returns."""

    def begin(lane, own=None):
        call = blocked(own)
        lane.submit("blocked", call)
        assert call.started.wait(LIMIT_S)
        return call

    return begin


@pytest.fixture
def together():
    """Call functions at the same time: `together(*functions)` gives their results."""

    def run(*functions):
        begin = threading.Barrier(len(functions))

        def call(function):
            begin.wait(LIMIT_S)
            return function()

        with ThreadPoolExecutor(len(functions)) as pool:
            futures = [pool.submit(call, function) for function in functions]
            return [future.result(LIMIT_S) for future in futures]

    return run
