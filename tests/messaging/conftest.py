"""
Brokers for tests of messaging, and what a link is used by.

Tests that use a broker are marked `integration`.
"""

import importlib.util
import itertools
import os
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from config_admin.messaging.outbox import Outbox

LIMIT_S = 10.0

_NEEDS_A_BROKER = {"broker", "virtual_host", "new_broker", "tls_broker"}
_NUMBERS = itertools.count(1)


def _module(name):
    """A file beside this one: tests are no package."""
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"messaging_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_broker = _module("broker")
_proxy = _module("proxy")


def pytest_collection_modifyitems(items):
    here = __file__.removesuffix("conftest.py")
    for item in items:
        is_ours = str(item.path).startswith(here)
        if is_ours and not _NEEDS_A_BROKER.isdisjoint(item.fixturenames):
            item.add_marker(pytest.mark.integration)


@dataclass
class VirtualHost:
    """
    A part of a broker that one test has for itself.

    Attributes:
        broker: Which has it.
        name: Of it, and of its user.
    """

    broker: object
    name: str
    password: str = "not-guessed"

    def properties(self, **others):
        """A configuration that leads here."""
        return {
            "message-server-ip": f"127.0.0.1:{self.broker.port}",
            "message-server-username": self.name,
            "message-server-password": self.password,
            "net.roboconf.messaging.rabbitmq.server.virtual-host": self.name,
            **others,
        }


def _new_virtual_host(broker):
    host = VirtualHost(broker, f"test-{os.getpid()}-{next(_NUMBERS)}")
    broker.add_virtual_host(host.name, host.name, host.password)
    return host


@pytest.fixture(scope="session")
def wait_until_true():
    """Wait for a condition, with a limit: `wait_until_true(condition, what)`."""
    return _broker.until


@pytest.fixture(scope="session")
def broker():
    """The broker of all tests; who kills or freezes it repairs it."""
    broker = _broker.Broker("first")
    try:
        broker.start()
        yield broker
    finally:
        broker.end()


@pytest.fixture
def virtual_host(broker):
    """A fresh virtual host with a user who may do everything there."""
    host = _new_virtual_host(broker)
    yield host
    broker.remove_virtual_host(host.name, host.name)


@pytest.fixture(scope="session")
def new_virtual_host():
    """Make a virtual host on a broker; it stays as long as that."""
    return _new_virtual_host


@pytest.fixture(scope="session")
def new_broker():
    """Start another broker: `new_broker("second", configuration)`."""
    brokers = []

    def start(name, configuration=""):
        broker = _broker.Broker(name, configuration)
        brokers.append(broker)
        broker.start()
        return broker

    yield start
    for broker in brokers:
        broker.end()


@pytest.fixture
def new_proxy():
    """A network of its own: `new_proxy(port)` forwards there, once it listens."""
    proxies = []

    def make(target):
        proxies.append(_proxy.Proxy(target))
        return proxies[-1]

    yield make
    for proxy in proxies:
        proxy.end()


class Record:
    """Things that happened, which can be waited for."""

    def __init__(self):
        self.all = []
        self._changed = threading.Condition()

    def add(self, one):
        with self._changed:
            self.all.append(one)
            self._changed.notify_all()

    def wait_for(self, condition, limit_s=LIMIT_S):
        """Wait until *condition* holds of everything that happened; that."""
        with self._changed:
            if not self._changed.wait_for(lambda: condition(self.all), limit_s):
                pytest.fail(f"it did not come about; there was {self.all[-5:]}")
            return [*self.all]

    def wait_for_count(self, count, limit_s=LIMIT_S):
        return self.wait_for(lambda found: len(found) >= count, limit_s)


class Watcher(Record):
    """
    Everything it was told, as (what, text).

    Attributes:
        links: Of which links.
    """

    def __init__(self):
        super().__init__()
        self.links = set()

    def lost(self, link, error):
        self._add(link, "lost", str(error))

    def recovered(self, link):
        self._add(link, "recovered", "")

    def said(self, link, what):
        self._add(link, "said", what)

    def _add(self, link, what, text):
        self.links.add(link)
        self.add((what, text))

    def wait_until(self, what):
        return self.wait_for(lambda all_: what in [one for one, _ in all_])

    def sayings(self):
        return [text for what, text in self.all if what == "said"]


class Receiver(Record):
    """
    The bodies that came.

    Attributes:
        is_diligent: Whether it acknowledges at once.
    """

    def __init__(self, *, is_diligent=True):
        super().__init__()
        self.is_diligent = is_diligent
        self.tags = []

    def receive(self, link, message, tag):
        self.tags.append(tag)
        self.add(message.body)
        if self.is_diligent:
            link.acknowledge(tag)


class Client:
    """A link with all that uses it, opened."""

    def __init__(self, settings, owner, contexts=(), *, is_diligent=True):
        self.owner = owner
        self.watcher = Watcher()
        self.receiver = Receiver(is_diligent=is_diligent)
        self.lost = Record()
        self.outbox = Outbox(
            owner.queue,
            time.monotonic,
            undeliverable=lambda publication: self.lost.add(publication.message.body),
            retry_later=self._retry_later,
        )
        self._is_closed = False
        self.link = settings.link(owner, self.watcher)
        self.link.open([owner, *contexts])
        self.outbox.wake = self.link.wake
        self.link.publish_from(self.outbox)
        self.link.consume_into(self.receiver)

    def _retry_later(self):
        if not self._is_closed:
            pause_s = (self.outbox.retry_s() or 0.0) - time.monotonic()
            timer = threading.Timer(max(0.0, pause_s), self.link.wake)
            timer.daemon = True
            timer.start()

    def send(self, context, body):
        return self.outbox.put(context, body, 5.0)

    def send_all(self, context, bodies):
        sent = [self.send(context, body) for body in bodies]
        assert all(one.wait(LIMIT_S) for one in sent)

    def close(self):
        self._is_closed = True
        self.link.close()


@pytest.fixture
def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture
def clients():
    """Make clients that end with the test, the last one first."""
    made = []

    def make(settings, owner, contexts=(), **options):
        made.append(Client(settings, owner, contexts, **options))
        return made[-1]

    yield make
    for client in reversed(made):
        client.close()


@pytest.fixture
def watcher():
    return Watcher()


@pytest.fixture
def new_receiver():
    """Make a receiver."""
    return Receiver
