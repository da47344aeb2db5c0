"""What the hub lets in, and what one peer can do to the others."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from config_admin.messaging.context import Context
from config_admin.messaging.http.door import Door
from config_admin.messaging.http.frames import MOST_FRAME_BYTES
from config_admin.messaging.http.settings import HttpSettings
from config_admin.messaging.publication import Outcome
from config_admin.messaging.queues import Consumer

LIMIT_S = 10.0

DM = Context.dm()
SHOP = Context.dm(application="shop")
VM = Context.agent(application="shop", instance="vm")
RAW = Context.agent(application="shop", instance="raw")
ADDRESS_OF_RAW = [RAW.exchange, RAW.topic]


@pytest.fixture
def vm(dm, settings, clients):
    """A peer that does nothing wrong."""
    return clients(settings, VM)


def published(sender, exchange, topic):
    message = ["1", sender, exchange, topic, "", False]
    return {"op": "publish", "messages": [message]}


# The door


def test_who_says_all_that_is_needed_is_let_in(dm, status_of):
    assert status_of() == (101, None)


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"path": "/"}, (404, "path")),
        ({"path": "/roboconf-messaging-http/"}, (404, "path")),
        ({"Host": "evil.example.org"}, (403, "host")),
        ({"Host": "127.0.0.1"}, (403, "host")),
        ({"Host": "127.0.0.1:1"}, (403, "host")),
        ({"Host": None}, (403, "host")),
        ({"Origin": "http://127.0.0.1"}, (403, "origin")),
        ({"Origin": "null"}, (403, "origin")),
        ({"Authorization": None}, (401, "token")),
        ({"Authorization": "Basic Y29ycmVjdA=="}, (401, "token")),
        ({"Authorization": "Bearer "}, (401, "token")),
        ({"Authorization": "Bearer correct-horse-batterz"}, (403, "token")),
        ({"Authorization": "Bearer correct-horse-battery-"}, (403, "token")),
    ],
)
def test_who_does_not_is_refused(dm, status_of, changes, answer):
    assert status_of(**changes) == answer


@pytest.mark.parametrize(
    ("ip", "port", "host", "is_let_in"),
    [
        ("127.0.0.1", 8181, "localhost:8181", True),
        ("127.0.0.1", 8181, "LOCALHOST:8181", True),
        ("127.0.0.1", 8181, "127.0.0.2:8181", False),
        ("127.0.0.1", 80, "127.0.0.1", True),
        ("10.0.0.7", 8181, "localhost:8181", False),
        ("10.0.0.7", 8181, "10.0.0.7:8181", True),
        ("::1", 8181, "[::1]:8181", True),
        ("::1", 80, "[::1]", True),
        ("::1", 8181, "[0:0::1]:8181", True),
        ("dm.example.org", 8181, "dm.example.org:8181", True),
        ("dm.example.org", 8181, "other.example.org:8181", False),
        ("0.0.0.0", 8181, "10.0.0.7:8181", True),  # noqa: S104 - it is one of the cases
        ("0.0.0.0", 8181, "rebound.example.org:8181", False),  # noqa: S104 - the same
    ],
)
def test_the_host_has_to_be_where_it_listens(ip, port, host, is_let_in):
    headers = {"Host": [host], "Authorization": ["Bearer x"]}
    door = Door(HttpSettings(ip, port), lambda token: token == "x")

    refusal = door.refusal_of(
        "/roboconf-messaging-http", lambda name: headers.get(name, [])
    )

    assert (refusal is None) == is_let_in


# Frames


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ({"op": "drop"}, "op: found 'drop'"),
        ({"op": "hello"}, "version: expected 1"),
        ({"op": "acknowledge", "tag": 1}, "this tag was not delivered yet"),
        ({"op": "consume", "tag": 1}, "consume: expected the keys nothing else"),
        (published("default.shop.vm", *ADDRESS_OF_RAW), "the sender"),
        (
            published("default.shop.raw", "other.shop.agents", "x"),
            "'other.shop.agents/x' is not of the domain 'default'",
        ),
        (
            {"op": "subscribe", "context": ["other.roboconf.dm", "shop"]},
            "is not of the domain 'default'",
        ),
    ],
)
def test_a_bad_frame_closes_its_connection_alone(vm, raw, frame, reason):
    peer = raw()
    peer.greet()

    peer.say(**frame)

    refused = peer.hear()
    assert refused["op"] == "refused"
    assert reason in refused["reason"]
    with pytest.raises(ConnectionClosed) as caught:
        peer.hear()
    assert caught.value.rcvd.code == 1008
    vm.send_all(SHOP, [b"1"])
    assert vm.watcher.all == []


@pytest.mark.parametrize("text", ["", "{", "[1]", "\x00", b"\xff", "[" * 10_000])
def test_what_is_no_json_closes_its_connection_alone(vm, raw, text):
    peer = raw()

    peer.websocket.send(text)

    assert peer.hear()["op"] == "refused"
    vm.send_all(SHOP, [b"1"])
    assert vm.watcher.all == []


def test_before_hello_nothing_else_is_said(dm, raw):
    peer = raw()
    peer.say(op="consume")
    assert peer.hear()["reason"] == "op: expected 'hello' first"


def test_a_frame_that_is_too_long_closes_its_connection_alone(vm, raw):
    peer = raw()
    peer.greet()

    with suppress(ConnectionClosed):
        peer.websocket.send("x" * (MOST_FRAME_BYTES + 1))
    with pytest.raises(ConnectionClosed) as caught:
        peer.hear()

    assert caught.value.rcvd.code == 1009
    vm.send_all(SHOP, [b"1"])
    assert vm.watcher.all == []


# Slow and dead peers


def test_a_slow_peer_keeps_nobody_waiting(dm, settings, clients):
    slow = clients(settings, RAW, is_diligent=False)
    vm = clients(settings, VM)

    dm.send_all(RAW, [b"x"] * 1000)
    dm.send_all(VM, [b"1"])
    vm.send_all(RAW, [b"x"] * 1000)

    vm.receiver.wait_for_count(1)
    slow.receiver.wait_for_count(256)
    assert not slow.link.is_drained()
    assert len(slow.receiver.all) == 256


def test_a_peer_that_reads_nothing_keeps_nobody_waiting_and_its_queue_is_kept(
    dm, settings, clients, raw, wait_until
):
    """It does not even answer pings, and its socket is full; others see nothing."""
    vm = clients(settings, VM)
    peer = raw(max_queue=1)
    peer.greet(contexts=[ADDRESS_OF_RAW])
    peer.say(op="consume")

    dm.send_all(RAW, [bytes(500_000) for _ in range(40)])
    started_s = time.monotonic()
    vm.send_all(SHOP, [b"1"])
    assert time.monotonic() - started_s < 2

    # Its return takes over: the hub has noticed that it was gone.
    later = clients(settings, RAW)
    later.receiver.wait_for_count(40)
    assert time.monotonic() - started_s < 9
    assert vm.watcher.all == []


def test_what_finds_a_full_queue_waits_for_room(dm, settings, clients):
    vm = clients(settings, VM)
    exchanges = dm.link._exchanges
    exchanges.bind(RAW.queue, RAW)
    dm.send_all(RAW, [bytes(1024 * 1024)] * 64)
    sent = vm.send(RAW, b"1")
    assert not sent.wait(0.1)
    assert sent.outcome is Outcome.PENDING

    def take(message, tag):
        exchanges.acknowledge(consumer, tag)

    consumer = Consumer(RAW.queue, take)
    exchanges.attach(consumer)

    assert sent.wait(LIMIT_S)
    assert exchanges.waiting(RAW.queue) == 0


# Hubs of other kinds


@pytest.fixture
def odd_hub(settings):
    """A hub that welcomes everybody and then does as it is told."""
    servers = []

    def start(answer):
        def handle(websocket):
            websocket.recv()
            websocket.send(json.dumps({"op": "welcome"}))
            for text in websocket:
                answer(websocket, json.loads(text))

        server = serve(handle, "127.0.0.1", settings.port, close_timeout=0.2)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        servers.append((server, thread))

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join(LIMIT_S)


def test_a_hub_that_confirms_nothing_is_lost_after_five_seconds(
    odd_hub, settings, clients
):
    seen = []
    odd_hub(lambda _, frame: seen.append(frame))
    vm = clients(settings, VM)
    started_s = time.monotonic()

    vm.send(SHOP, b"1")
    vm.watcher.wait_until("recovered")

    assert 4.9 < time.monotonic() - started_s < 7
    [(_, why)] = [one for one in vm.watcher.all if one[0] == "lost"]
    assert "does not answer any more" in why


def test_a_hub_that_makes_no_sense_is_lost(odd_hub, settings, clients):
    odd_hub(lambda websocket, _: websocket.send("{}"))

    vm = clients(settings, VM)

    vm.watcher.wait_until("lost")
    assert "does not make sense" in vm.watcher.all[0][1]


HUB = """
import sys
from config_admin.messaging.context import Context
from config_admin.messaging.http.settings import HttpSettings
link = HttpSettings(port=int(sys.argv[1]), token=sys.argv[2]).link(Context.dm(), None)
link.open([Context.dm(application="shop")])
print("open", flush=True)
sys.stdin.read()
"""


def test_a_frozen_hub_is_lost_and_holds_up_no_end(settings, clients, start, threads):
    """Its kernel still takes connections, and a little data."""
    hub = start(
        *(sys.executable, "-c", HUB, settings.port, settings.token),
        stdin=subprocess.PIPE,
    )
    hub.line_with("open")
    vm = clients(settings, VM)
    vm.send_all(SHOP, [b"1"])
    hub.process.send_signal(signal.SIGSTOP)
    started_s = time.monotonic()

    vm.watcher.wait_until("lost")
    assert time.monotonic() - started_s < 7
    closing_s = time.monotonic()
    vm.close()

    assert time.monotonic() - closing_s < 1.5
    assert threads() == []
    hub.process.stdin.close()


def test_a_peer_closes_soon_though_it_is_just_dialling(dm, settings, clients, threads):
    vm = clients(settings, VM)
    dm.close()
    vm.watcher.wait_until("lost")

    with socket.create_server(("127.0.0.1", settings.port)) as frozen:
        connection, _ = frozen.accept()
        started_s = time.monotonic()
        vm.close()

    connection.close()
    assert time.monotonic() - started_s < 1.5
    assert threads() == []
