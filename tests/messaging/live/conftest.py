"""Clients that follow the files of a real etc/, and what they receive."""

import collections
import itertools
import secrets
import socket
import threading

import pytest

from config_admin.messaging import Context, Outcome, ReconfigurableClient

LIMIT_S = 20.0
IN_FLIGHT = 64
DM = Context.dm()
SHOP = Context.dm(application="shop")


def pytest_collection_modifyitems(items):
    here = __file__.removesuffix("conftest.py")
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.integration)


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


class Inbox:
    """Keeps what comes, and lets it be waited for."""

    def __init__(self):
        self.messages = []
        self._changed = threading.Condition()

    def __call__(self, message):
        with self._changed:
            self.messages.append(message)
            self._changed.notify_all()

    @property
    def bodies(self):
        return [message.body.decode(errors="replace") for message in self.messages]

    def wait_for(self, count):
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.messages) >= count, LIMIT_S)
        assert came, f"{len(self.messages)} of {count} came: {self.bodies[-5:]}"
        return self.bodies


class Place:
    """Where messages are exchanged: a file in etc/ that leads there."""

    def __init__(self, messaging_type, etc, admin, text):
        self.messaging_type = messaging_type
        self.file = etc / f"net.roboconf.messaging.{messaging_type}.cfg"
        self.admin = admin
        self.clients = []
        if text:
            self.file.write_text(text)

    def client(self, owner, *, is_up=True):
        """A client, and what it receives."""
        client = ReconfigurableClient(
            self.admin, messaging_type=self.messaging_type, owner=owner
        )
        self.clients.append(client)
        inbox = Inbox()
        client.on_message(inbox)
        if is_up:
            assert self.admin.flush(LIMIT_S)
            assert client.status().is_up, [str(one) for one in self.admin.faults()]
        return client, inbox

    def close(self):
        for client in reversed(self.clients):
            client.close()


@pytest.fixture(params=["in-memory", "http", "rabbitmq"])
def kind(request):
    return request.param


@pytest.fixture
def etc(tmp_path):
    (tmp_path / "etc").mkdir()
    return tmp_path / "etc"


@pytest.fixture
def admin(etc, project, make_admin):
    admin = make_admin(etc, schemas=project / "schemas", store=None)
    admin.start()
    return admin


@pytest.fixture
def text_for(request):
    """What leads to a place of that kind."""

    def text(kind):
        if kind == "http":
            prefix = "net.roboconf.messaging.http"
            token = secrets.token_urlsafe(24)
            return f"{prefix}.server.port = {_free_port()}\n{prefix}.token = {token}\n"
        if kind == "rabbitmq":
            properties = request.getfixturevalue("virtual_host").properties()
            return "".join(f"{key} = {each}\n" for key, each in properties.items())
        return ""

    return text


@pytest.fixture
def place(kind, etc, admin, text_for, wait_until):
    place = Place(kind, etc, admin, text_for(kind))
    if place.file.exists():
        pid = place.file.name.removesuffix(".cfg")
        wait_until(lambda: admin.find(pid))
    yield place
    place.close()


@pytest.fixture
def dm(place):
    """The DM, and what it receives of the application "shop"."""
    client, inbox = place.client(DM)
    client.subscribe(SHOP)
    return client, inbox


@pytest.fixture
def new_inbox():
    """Make something that keeps what comes."""
    return Inbox


class Publishing:
    """A client that publishes its own count until it is told to end; 64 in flight."""

    def __init__(self, client):
        self.client = client
        self.count = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        in_flight = collections.deque()
        while not self._is_over.is_set():
            in_flight.append(self.client.publish(SHOP, str(self.count)))
            self.count += 1
            while len(in_flight) > IN_FLIGHT and not self._is_over.is_set():
                in_flight[0].wait(0.1)
                while in_flight and in_flight[0].outcome is Outcome.CONFIRMED:
                    in_flight.popleft()

    def end(self):
        self._is_over.set()
        self._thread.join(LIMIT_S)


@pytest.fixture
def publishing_of():
    """Let clients publish as fast as they can; it ends with the test."""
    all_of_them = []

    def begin(clients):
        all_of_them.extend(Publishing(client) for client in clients)
        return all_of_them

    yield begin
    for one in all_of_them:
        one.end()


def require_order(messages):
    """*messages* of one sender came in the order of publishing."""
    for before, after in itertools.pairwise(messages):
        if int(before.body) > int(after.body):
            at = messages.index(after)
            near = [(int(m.body), m.is_repeated) for m in messages[at - 5 : at + 40]]
            pytest.fail(f"{after!r} by {after.way} came late: {near}")


@pytest.fixture
def require_all():
    """End the publishing; everything has come to *inbox* once, and in order."""

    def require(publishing, inbox):
        for one in publishing:
            one.end()
            assert one.client.flush(LIMIT_S)
        inbox.wait_for(sum(one.count for one in publishing))
        for one in publishing:
            sender = one.client.owner.queue
            came = [m for m in inbox.messages if m.sender == sender]
            assert sorted(int(m.body) for m in came) == list(range(one.count))
            assert one.client.status().undeliverable == 0
            for way in {message.way for message in came}:
                require_order([m for m in came if m.way == way])

    return require
