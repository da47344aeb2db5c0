"""A real `ConfigAdmin` on real files, and services that can be waited for."""

import queue
import shutil

import pytest

LIMIT_S = 15.0
RABBITMQ = "net.roboconf.messaging.rabbitmq"


def pytest_collection_modifyitems(items):
    here = __file__.removesuffix("conftest.py")
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.integration)


class Service:
    """
    Keeps what it was called with, without automatic properties.

    Attributes:
        calls: Everything, in order; None for "there is no configuration".
    """

    def __init__(self):
        self.calls = []
        self._came = queue.SimpleQueue()

    def updated(self, properties):
        if properties is not None:
            properties = dict(properties.without(["service.pid", "service.factoryPid"]))
        self.calls.append(properties)
        self._came.put(properties)

    def next(self):
        """The next call, when it comes."""
        try:
            return self._came.get(timeout=LIMIT_S)
        except queue.Empty:
            pytest.fail(f"no call within {LIMIT_S:g} s after {self.calls}")

    def wait_for(self, properties):
        """Skip the calls before the one with *properties*."""
        while self.next() != properties:
            pass


@pytest.fixture
def new_service():
    """Make a service that can be waited for."""
    return Service


@pytest.fixture
def etc(tmp_path):
    (tmp_path / "etc").mkdir()
    return tmp_path / "etc"


@pytest.fixture
def schemas(tmp_path, project):
    """A copy of the schemas that are shipped."""
    return shutil.copytree(project / "schemas", tmp_path / "schemas")


@pytest.fixture
def shipped_etc(tmp_path, project):
    """A copy of the configurations that are shipped."""
    return shutil.copytree(project / "etc", tmp_path / "shipped")


@pytest.fixture
def admin(etc, make_admin):
    """A running admin on an empty directory, without schemas."""
    admin = make_admin(etc)
    admin.start()
    return admin


@pytest.fixture
def service(admin):
    """The service of the PID "p"; it knows already that there is no configuration."""
    service = Service()
    admin.add_managed_service("p", service)
    assert service.next() is None
    service.calls.clear()
    return service


@pytest.fixture
def sentinel(admin, etc):
    """Let a change of another PID go all the way: whatever was on its way has come."""
    service = Service()
    admin.add_managed_service("sentinel", service)
    service.next()

    def send():
        value = str(len(service.calls))
        draft = etc / "sentinel.draft"
        draft.write_text(f"n = {value}\n")
        draft.replace(etc / "sentinel.cfg")
        service.wait_for({"n": value})

    return send
