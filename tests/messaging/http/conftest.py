"""A hub on a free port, and what talks to it without a link."""

import http.client
import json
import socket
import threading
from contextlib import ExitStack, suppress

import pytest
from websockets.sync.client import connect

from config_admin.messaging.context import Context
from config_admin.messaging.http.settings import PATH, HttpSettings

LIMIT_S = 10.0
TOKEN = "correct-horse-battery"
PAUSE = threading.Event()


def pytest_collection_modifyitems(items):
    here = __file__.removesuffix("conftest.py")
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.integration)


@pytest.fixture
def settings(free_port):
    return HttpSettings(port=free_port, token=TOKEN)


@pytest.fixture
def dm(clients, settings):
    """The client of the DM, whose link is the hub."""
    return clients(settings, Context.dm(), [Context.dm(application="shop")])


class Raw:
    """A peer that says what it likes."""

    def __init__(self, settings, stack, **options):
        self.websocket = stack.enter_context(
            connect(
                f"ws://{settings.authority}{PATH}",
                additional_headers={"Authorization": f"Bearer {settings.token}"},
                compression=None,
                ping_interval=None,
                close_timeout=0.5,
                proxy=None,
                **options,
            )
        )

    def say(self, **frame):
        self.websocket.send(json.dumps(frame))

    def hear(self):
        return json.loads(self.websocket.recv(LIMIT_S))

    def greet(self, queue="default.shop.raw", contexts=()):
        """Say hello, and be welcomed."""
        self.say(
            op="hello", version=1, queue=queue, contexts=list(contexts), without=[]
        )
        assert self.hear() == {"op": "welcome"}


@pytest.fixture
def raw(settings):
    """Connect without a link."""
    with ExitStack() as stack:
        yield lambda **options: Raw(settings, stack, **options)


@pytest.fixture
def status_of(settings):
    """The HTTP status of a request with these headers, and what was wrong."""

    def ask(path=PATH, **changes):
        headers = {
            "Host": settings.authority,
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version": "13",
            "Authorization": f"Bearer {TOKEN}",
            **changes,
        }
        connection = http.client.HTTPConnection("127.0.0.1", settings.port, LIMIT_S)
        try:
            connection.putrequest("GET", path, skip_host=True)
            for name, value in headers.items():
                if value is not None:
                    connection.putheader(name, value)
            connection.endheaders()
            response = connection.getresponse()
            return response.status, response.headers["Hub-Refused"]
        finally:
            connection.close()

    return ask


@pytest.fixture
def threads():
    """The threads of links, and of their sockets."""

    def running():
        names = ("config-admin", "recv_events")
        return [
            thread
            for thread in threading.enumerate()
            if any(name in thread.name for name in names)
        ]

    return running


@pytest.fixture
def wait_until():
    """Wait for a condition to hold."""

    def wait(condition, limit_s=LIMIT_S):
        for _ in range(int(limit_s / 0.01)):
            if condition():
                return
            PAUSE.wait(0.01)
        pytest.fail(f"it did not come about within {limit_s:g} s")

    return wait


@pytest.fixture
def taken():
    """A port where another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def serve():
    """Listen, answer everybody the same (None: nothing, and hold on); the port."""
    with ExitStack() as stack:

        def listen(answer):
            server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

            def answer_all():
                with suppress(OSError):
                    while True:
                        connection, _ = server.accept()
                        stack.enter_context(connection)
                        connection.recv(65536)
                        if answer is not None:
                            connection.sendall(answer)
                            connection.shutdown(socket.SHUT_RDWR)

            thread = threading.Thread(target=answer_all, daemon=True)
            thread.start()
            stack.callback(thread.join, LIMIT_S)
            stack.callback(server.shutdown, socket.SHUT_RDWR)
            return server.getsockname()[1]

        yield listen
