"""
What the test suites of the peers state, said of this package from outside.

Each test names the case that it is taken from: the OSGi compatibility tests
(`CMControl`, `CMCoordinationTestCase`, `ConfigurationPluginTests`,
`AbstractFilterTests`), those of Apache Felix, Equinox, Karaf and iPOPO. Cases about
bundles, their locations and permissions have no counterpart. Where the behaviours of
`docs/configuration-admin.md` differ from a peer on purpose, a comment says so.
"""

import queue
import sys
import threading
import time

import pytest

from config_admin import ConfigAdmin

LIMIT_S = 10.0
_PAUSE = threading.Event()
_AUTOMATIC = ("service.pid", "service.factorypid")

# Whatever uses one of these works on real files and threads.
_REAL = {"make_live", "etc", "filled"}


def pytest_collection_modifyitems(items):
    here = __file__.removesuffix("conftest.py")
    for item in items:
        if str(item.path).startswith(here) and _REAL & set(item.fixturenames):
            item.add_marker(pytest.mark.integration)


def plain(properties):
    """*properties* as a dictionary without the automatic ones; None stays None."""
    if properties is None:
        return None
    return {k: v for k, v in properties.items() if k.lower() not in _AUTOMATIC}


def wait_for(condition):
    """Wait for *condition* to hold; what it gives then."""
    deadline_s = time.monotonic() + LIMIT_S
    while not (found := condition()):
        if time.monotonic() > deadline_s:
            pytest.fail(f"it did not come about within {LIMIT_S:g} s")
        _PAUSE.wait(0.005)
    return found


class Inbox:
    """Keeps what came, and lets a test wait for the next."""

    def __init__(self):
        self.all = []
        self._new = queue.SimpleQueue()

    def put(self, item):
        self.all.append(item)
        self._new.put(item)

    def next(self):
        """What comes next, when it comes."""
        try:
            return self._new.get(timeout=LIMIT_S)
        except queue.Empty:
            pytest.fail(f"nothing within {LIMIT_S:g} s after {self.all}")

    def skip_to(self, item):
        """Skip what comes before *item*."""
        while self.next() != item:
            pass


class Service:
    """
    A managed service of one PID.

    Attributes:
        raw: What it was called with.
        calls: The same as dictionaries without automatic properties.
        inbox: The same, to wait for.
        error: What it raises; None: nothing.
    """

    def __init__(self):
        self.raw = []
        self.inbox = Inbox()
        self.error = None

    @property
    def calls(self):
        return self.inbox.all

    def updated(self, properties):
        self.raw.append(properties)
        self.inbox.put(plain(properties))
        if self.error is not None:
            raise self.error


class PidService:
    """A managed service of several PIDs; its calls are pairs."""

    def __init__(self):
        self.raw = []
        self.inbox = Inbox()

    @property
    def calls(self):
        return self.inbox.all

    def updated(self, pid, properties):
        self.raw.append(properties)
        self.inbox.put((pid, plain(properties)))


class Factory:
    """
    A managed service factory; its calls are ``(pid, properties)``, None for deleted.

    Attributes:
        instances: What there is, by PID, as it has been told.
        refused: PIDs for which it raises.
    """

    def __init__(self):
        self.raw = []
        self.inbox = Inbox()
        self.instances = {}
        self.refused = set()

    @property
    def calls(self):
        return self.inbox.all

    def updated(self, pid, properties):
        self.raw.append(properties)
        self.instances[pid] = plain(properties)
        self.inbox.put((pid, plain(properties)))
        if pid in self.refused:
            raise ValueError(f"not {pid}")

    def deleted(self, pid):
        self.instances.pop(pid, None)
        self.inbox.put((pid, None))


class Listener:
    """Notes the events that it is told."""

    def __init__(self):
        self.inbox = Inbox()
        self.error = None

    @property
    def events(self):
        return self.inbox.all

    @property
    def facts(self):
        """Type, PID and revision of each event."""
        return [(event.type, event.pid, event.revision) for event in self.events]

    def configuration_event(self, event):
        self.inbox.put(event)
        if self.error is not None:
            raise self.error


@pytest.fixture(scope="session")
def limit_s():
    """So long a test waits for what is to come."""
    return LIMIT_S


@pytest.fixture(name="plain", scope="session")
def plain_fixture():
    """Properties as a dictionary, without the automatic ones."""
    return plain


@pytest.fixture(name="wait_for", scope="session")
def wait_for_fixture():
    """Wait for a condition."""
    return wait_for


@pytest.fixture(scope="session")
def new_service():
    return Service


@pytest.fixture(scope="session")
def new_factory():
    return Factory


@pytest.fixture(scope="session")
def new_listener():
    return Listener


@pytest.fixture(scope="session")
def new_inbox():
    return Inbox


@pytest.fixture
def service():
    """A managed service that is not registered yet."""
    return Service()


@pytest.fixture
def pid_service():
    """A managed service of several PIDs that is not registered yet."""
    return PidService()


@pytest.fixture
def factory():
    """A managed service factory that is not registered yet."""
    return Factory()


@pytest.fixture
def listener():
    """A listener that is not registered yet."""
    return Listener()


@pytest.fixture
def etc(tmp_path):
    (tmp_path / "etc").mkdir()
    return tmp_path / "etc"


@pytest.fixture
def make_live(etc):
    """Make an admin on real files; the test's end is its end."""
    admins = []

    def make(path=etc, **options):
        admins.append(ConfigAdmin(path, **options))
        return admins[-1]

    yield make
    for admin in admins:
        admin.stop()


@pytest.fixture
def live(make_live):
    """A running admin on real files, with real threads."""
    admin = make_live()
    admin.start()
    return admin


@pytest.fixture
def admin(live):
    """A running admin; a test that asks for this needs neither files nor threads."""
    return live


@pytest.fixture
def settle(admin):
    """Let every callback run."""

    def settle_now():
        assert admin.flush(LIMIT_S)

    return settle_now


@pytest.fixture
def follow(admin, settle):
    """Register a service, and let it be called: `follow(pids, service, **options)`."""

    def register(pids, service, **options):
        registration = admin.add_managed_service(pids, service, **options)
        settle()
        return registration

    return register


@pytest.fixture
def follow_factory(admin, settle):
    """The same for a managed service factory."""

    def register(factory_pid, factory, **options):
        registration = admin.add_managed_service_factory(
            factory_pid, factory, **options
        )
        settle()
        return registration

    return register


@pytest.fixture
def released():
    """What blocked callbacks wait for; set when the test is over."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def together():
    """Call functions at the same time, and wait until they have returned."""
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(0.00001)  # races show when threads take turns often

    def run(*functions):
        begin = threading.Barrier(len(functions))
        failed = []

        def call(function):
            begin.wait(LIMIT_S)
            try:
                function()
            except Exception as error:  # noqa: BLE001 - shown by the test's own thread
                failed.append(error)

        threads = [
            threading.Thread(target=call, args=[function], daemon=True)
            for function in functions
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIMIT_S)
        assert not [thread for thread in threads if thread.is_alive()], "a deadlock"
        if failed:
            raise failed[0]

    yield run
    sys.setswitchinterval(interval_s)
