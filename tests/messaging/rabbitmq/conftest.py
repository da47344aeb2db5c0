"""Clients made of a link, an outbox and an inbox that can be waited for."""

import queue
import threading
import time

import pytest

from config_admin.core.properties import Properties
from config_admin.messaging.outbox import Outbox
from config_admin.messaging.rabbitmq.settings import read

LIMIT_S = 15.0


class Recorder:
    """
    Watches a link, and takes what it delivers.

    Attributes:
        losses: The errors that were told.
        sayings: The other sentences.
        undeliverable: What nobody had a queue for.
        taken: The messages with their tags.
        acknowledges: Whether everything is acknowledged at once.
    """

    def __init__(self):
        self.losses = []
        self.sayings = []
        self.undeliverable = []
        self.taken = []
        self.acknowledges = True
        self._events = queue.SimpleQueue()
        self._messages = queue.SimpleQueue()

    def lost(self, _link, error):
        self.losses.append(error)
        self._events.put("lost")

    def recovered(self, _link):
        self._events.put("recovered")

    def said(self, _link, what):
        self.sayings.append(what)
        self._events.put("said")

    def receive(self, link, message, tag):
        self.taken.append((message, tag))
        if self.acknowledges:
            link.acknowledge(tag)
        self._messages.put(message)

    def next_event(self):
        return self._events.get(timeout=LIMIT_S)

    def has_no_event(self):
        return self._events.empty()

    def next(self):
        return self._messages.get(timeout=LIMIT_S)

    def bodies(self, count):
        return [self.next().body for _ in range(count)]

    def is_empty(self):
        return self._messages.empty()


class Client:
    """
    What a real client is made of, without changing links.

    Attributes:
        seen: What came of it.
    """

    def __init__(self, settings, owner):
        self.seen = Recorder()
        self.owner = owner
        self.link = settings.link(owner, self.seen)
        self.outbox = Outbox(
            owner.queue,
            time.monotonic,
            undeliverable=self.seen.undeliverable.append,
            retry_later=self._retry_later,
        )
        self.outbox.wake = self.link.wake

    def open(self, *contexts):
        self.link.open(contexts)
        return self

    def start(self, *contexts):
        self.open(*contexts)
        self.link.publish_from(self.outbox)
        self.link.consume_into(self.seen)
        return self

    def put(self, context, *bodies):
        return [self.outbox.put(context, body, LIMIT_S) for body in bodies]

    def send(self, context, *bodies):
        publications = self.put(context, *bodies)
        assert self.outbox.flush(LIMIT_S)
        return publications

    def _retry_later(self):
        retry_s = self.outbox.retry_s()
        if retry_s is not None:
            timer = threading.Timer(retry_s - time.monotonic(), self.link.wake)
            timer.daemon = True
            timer.start()


@pytest.fixture
def settings_of():
    """The settings of these properties."""
    return lambda properties: read(Properties(properties))


@pytest.fixture
def new_client(settings_of, virtual_host, wait_until_true):
    """Make a client; the test's end closes it, and none of its threads stays."""
    clients = []

    def make(owner, host=virtual_host, **others):
        clients.append(Client(settings_of(host.properties(**others)), owner))
        return clients[-1]

    yield make
    for client in clients:
        client.link.close()
    wait_until_true(lambda: not threads_of_links(), "no link has ended", LIMIT_S)


def threads_of_links():
    return [
        thread
        for thread in threading.enumerate()
        if thread.name.startswith("config-admin")
    ]


@pytest.fixture(name="threads_of_links")
def threads_of_links_fixture():
    return threads_of_links
