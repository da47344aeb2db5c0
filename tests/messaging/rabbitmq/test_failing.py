"""What keeps a link from being opened is said with its cure, within five seconds."""

import socket
import threading
import time

import pika
import pytest

from config_admin.messaging.context import Context
from config_admin.messaging.errors import LinkError

PREFIX = "net.roboconf.messaging.rabbitmq."
AGENT = Context.agent(application="shop", instance="/one")
LIMIT_S = 6.0


@pytest.fixture
def failure_of(new_client, threads_of_links, wait_until_true, caplog):
    """Why a client with these properties cannot be opened; it is said only there."""

    def fail(owner=AGENT, **properties):
        client = new_client(owner, **properties)
        began_s = time.monotonic()
        with pytest.raises(LinkError) as caught:
            client.open(owner)
        assert time.monotonic() - began_s < LIMIT_S
        assert "not-guessed" not in str(caught.value)
        assert not client.link.is_up
        wait_until_true(lambda: not threads_of_links(), "a thread stayed", LIMIT_S)
        client.link.close()
        logged = [record.getMessage() for record in caplog.records]
        # pika looks for addresses on threads that we do not know.
        assert [one for one in logged if "Address resolution" not in one] == []
        return caught.value

    return fail


@pytest.fixture
def listener():
    """A server that accepts, and does what it is told with a connection."""
    servers = []

    def listen(serve):
        server = socket.create_server(("127.0.0.1", 0))
        kept = []

        def accept():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                kept.append(connection)
                serve(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        servers.append((server, thread, kept))
        return f"127.0.0.1:{server.getsockname()[1]}"

    yield listen
    for server, thread, kept in servers:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(LIMIT_S)
        for connection in kept:
            connection.close()


def test_a_port_where_nobody_listens(failure_of):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    error = failure_of(**{"message-server-ip": f"127.0.0.1:{port}"})

    assert error.key == "message-server-ip"
    assert f"Nobody listens at 127.0.0.1:{port}. Start RabbitMQ" in str(error)


def test_a_host_that_is_not_there(failure_of):
    error = failure_of(**{"message-server-ip": "broker.invalid"})

    assert error.key == "message-server-ip"
    assert "'broker.invalid'" in str(error)
    assert "Correct the name" in str(error)


def test_a_server_that_never_answers(failure_of, listener):
    error = failure_of(**{"message-server-ip": listener(lambda _: None)})

    assert error.key == "message-server-ip"
    assert "does not answer" in str(error)


def test_a_server_that_speaks_something_else(failure_of, listener):
    def say_http(connection):
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        connection.close()

    error = failure_of(**{"message-server-ip": listener(say_http)})

    assert error.key == "message-server-ip"
    assert "Correct the port" in str(error)


def test_a_wrong_password(failure_of, virtual_host):
    error = failure_of(**{"message-server-password": "hidden"})

    assert error.key == "message-server-password"
    assert f"does not let '{virtual_host.name}' in" in str(error)
    assert "hidden" not in str(error)


def test_a_wrong_password_under_its_later_name(failure_of):
    error = failure_of(
        **{"message-server-password": "", f"{PREFIX}server.password": "hidden"}
    )

    assert error.key == f"{PREFIX}server.password"


def test_a_virtual_host_that_is_not_there(failure_of):
    error = failure_of(**{f"{PREFIX}server.virtual-host": "none"})

    assert error.key == f"{PREFIX}server.virtual-host"
    assert "no virtual host 'none'" in str(error)
    assert "rabbitmqctl add_vhost" in str(error)


def test_a_user_without_rights_in_the_virtual_host(failure_of, virtual_host):
    virtual_host.broker.api(
        "DELETE", f"permissions/{virtual_host.name}/{virtual_host.name}"
    )

    error = failure_of()

    assert error.key == f"{PREFIX}server.virtual-host"
    assert "rabbitmqctl set_permissions" in str(error)


def test_a_user_who_may_not_declare(failure_of, virtual_host):
    virtual_host.broker.api(
        "PUT",
        f"permissions/{virtual_host.name}/{virtual_host.name}",
        {"configure": "", "write": ".*", "read": ".*"},
    )

    error = failure_of()

    assert "ACCESS_REFUSED" in str(error)
    assert "rabbitmqctl set_permissions" in str(error)


@pytest.mark.parametrize("what", ["queue", "exchange"])
def test_what_was_declared_in_another_way_is_named(failure_of, virtual_host, what):
    """The queue of the original is deleted with its consumer; its exchange is short."""
    host = virtual_host
    with pika.BlockingConnection(
        pika.ConnectionParameters(
            "127.0.0.1",
            host.broker.port,
            host.name,
            pika.PlainCredentials(host.name, host.password),
        )
    ) as connection:
        channel = connection.channel()
        if what == "queue":
            channel.queue_declare("default.shop.one", durable=True, auto_delete=True)
        else:
            channel.exchange_declare("default.shop.agents", "topic")

        error = failure_of()

    name = {"queue": "default.shop.one", "exchange": "default.shop.agents"}[what]
    assert f"The {what} '{name}' is at " in str(error)
    assert "Delete it" in str(error)


def test_a_frozen_broker(failure_of, virtual_host):
    virtual_host.broker.freeze()
    try:
        error = failure_of()
    finally:
        virtual_host.broker.thaw()

    assert error.key == "message-server-ip"
    assert "does not answer" in str(error)


def test_names_that_are_too_long_together(failure_of):
    owner = Context.agent(
        domain="d" * 64, application="a" * 64, instance="/" + "i" * 60 + "/" + "j" * 60
    )

    assert "Shorten the names" in str(failure_of(owner))


def test_closing_while_it_is_opened_ends_that(new_client, listener, wait_until_true):
    accepted = threading.Event()
    where = listener(lambda _: accepted.set())
    client = new_client(AGENT, **{"message-server-ip": where})
    errors = []

    def open_it():
        try:
            client.open()
        except LinkError as error:
            errors.append(error)

    thread = threading.Thread(target=open_it)
    thread.start()
    assert accepted.wait(LIMIT_S)
    client.link.close()
    thread.join(2)

    assert not thread.is_alive()
    assert "was closed" in str(errors[0])


def test_what_was_never_opened_can_be_closed(new_client):
    link = new_client(AGENT).link

    link.wake()
    link.pause()
    link.acknowledge(1)
    link.close()

    assert not link.is_drained()
    with pytest.raises(LinkError, match="was closed"):
        link.open([])
