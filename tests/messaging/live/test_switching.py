"""
From broker to broker and back, by other credentials and other messaging, under load.

`HYPOTHESIS_PROFILE=nightly` sends twenty times as much.
"""

import os
import threading

import pytest

from config_admin.messaging import Context, ReconfigurableClient

SECOND = "net.roboconf.messaging.rabbitmq"
PUBLISHERS = 16
MESSAGES = 100_000 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 5_000
LIMIT_S = 60.0


def text_of(properties):
    return "".join(f"{key} = {each}\n" for key, each in properties.items())


@pytest.fixture(scope="session")
def second_broker(new_broker):
    return new_broker("switching")


@pytest.fixture
def hosts(broker, second_broker, new_virtual_host):
    """A virtual host on each of two brokers."""
    first, second = new_virtual_host(broker), new_virtual_host(second_broker)
    yield first, second
    for host in (first, second):
        host.broker.remove_virtual_host(host.name, host.name)


class Systems:
    """
    A DM and its agents, which follow files.

    Attributes:
        switches: What every client told.
    """

    def __init__(self, admin, etc, save, inbox):
        self.admin, self.etc, self.save, self.inbox = admin, etc, save, inbox
        self.switches = []
        self.clients = []
        self.waiting = threading.Event()

    def begin(self):
        owners = [Context.dm()] + [
            Context.agent(application="shop", instance=f"vm{number}")
            for number in range(PUBLISHERS)
        ]
        for owner in owners:
            client = ReconfigurableClient(
                self.admin, messaging_type="rabbitmq", owner=owner
            )
            client.on_switch(self.switches.append)
            self.clients.append(client)
        self.clients[0].on_message(self.inbox)
        self.clients[0].subscribe(Context.dm(application="shop"))

    def write(self, pid, properties):
        self.save(self.etc / f"{pid}.cfg", text_of(properties))

    def change_type(self, messaging_type):
        for client in self.clients:
            client.change_type(messaging_type)

    def are_at(self, name):
        return all(
            client.status().is_up and client.status().link.startswith(name)
            for client in self.clients
        )

    def close(self):
        for client in self.clients:
            client.close(timeout_s=1.0)


@pytest.fixture
def systems(hosts, admin, etc, save, new_inbox):
    systems = Systems(admin, etc, save, new_inbox())
    yield systems
    systems.close()


def test_no_change_loses_doubles_or_reorders_a_message(
    systems, hosts, text_for, publishing_of, require_all
):
    first, second = hosts
    here, there = (f"RabbitMQ at 127.0.0.1:{host.broker.port}" for host in hosts)
    other_user = {"message-server-username": "other", "message-server-password": "o"}
    first.broker.add_virtual_host(first.name, "other", "o")
    systems.etc.joinpath("net.roboconf.messaging.http.cfg").write_text(text_for("http"))
    systems.write(SECOND, first.properties())
    systems.begin()
    wait_for(systems, lambda: systems.are_at(here))
    publishing = publishing_of(systems.clients[1:])
    legs = [
        (there, lambda: systems.write(SECOND, second.properties())),
        (here, lambda: systems.write(SECOND, first.properties(**other_user))),
        ("the HTTP hub", lambda: systems.change_type("http")),
        (here, lambda: systems.change_type("rabbitmq")),
    ]

    for number, (name, change) in enumerate(legs, start=1):
        share = number * MESSAGES // (len(legs) + 1)
        wait_for(systems, lambda least=share: len(systems.inbox.messages) >= least)
        before = len(systems.switches)
        change()
        wait_for(systems, lambda at=name: systems.are_at(at))
        wait_for(
            systems,
            lambda least=before: len(systems.switches) >= least + PUBLISHERS + 1,
        )
    wait_for(systems, lambda: len(systems.inbox.messages) >= MESSAGES)

    require_all(publishing, systems.inbox)
    doubles = systems.clients[0].status().duplicates
    longest = max(switch.pause_s for switch in systems.switches)
    print(  # noqa: T201 - what was measured, with -s
        f"\n{len(systems.inbox.messages):,} messages by {PUBLISHERS} publishers over "
        f"{len(legs)} changes: 0 lost, 0 twice ({doubles} dropped), 0 reordered within "
        f"a way; longest pause {1000 * longest:.1f} ms"
    )


def wait_for(systems, condition):
    """Wait with a limit; what stands in the way is in the message."""
    event = systems.waiting
    for _ in range(int(LIMIT_S * 100)):
        if condition():
            return
        event.wait(0.01)
    told = [str(fault) for fault in systems.admin.faults()]
    pytest.fail(f"{[client.status() for client in systems.clients]} {told}")
