"""Whatever fails between clients and broker: nothing is lost, doubled or reordered."""

import threading
import time

import pytest

from config_admin.messaging import (
    Context,
    OutboxFullError,
    Outcome,
    ReconfigurableClient,
)
from config_admin.messaging.outbox import MOST_MESSAGES

PID = "net.roboconf.messaging.rabbitmq"
VIRTUAL_HOST = f"{PID}.server.virtual-host"
PATIENCE = {f"{PID}.confirm-timeout-s": "1"}
WRONG = "guessed-wrongly"
AGENTS = 4
THREADS, SHARE = 16, 1_500
MOST_S = 2.0
LIMIT_S = 40.0
SHOP = Context.dm(application="shop")


def agent(number):
    return Context.agent(application="shop", instance=f"vm{number}")


class Systems:
    """
    A DM and its agents, which follow one file.

    Attributes:
        inbox: What the DM receives.
        switches: What every client told.
    """

    def __init__(self, fixture):
        self.admin = fixture("admin")
        self.file = fixture("etc") / f"{PID}.cfg"
        self._save = fixture("save")
        self._new_inbox = fixture("new_inbox")
        self._publishing_of = fixture("publishing_of")
        self._require_all = fixture("require_all")
        self.wait_until = fixture("wait_until")
        self.inbox = self._new_inbox()
        self.publishing = []
        self.switches = []
        self.clients = []

    def write(self, properties):
        lines = (f"{key} = {each}\n" for key, each in properties.items())
        self._save(self.file, "".join(lines))

    def client(self, owner, inbox=None):
        client = ReconfigurableClient(
            self.admin, messaging_type="rabbitmq", owner=owner
        )
        self.clients.append(client)
        client.on_switch(self.switches.append)
        client.on_message(inbox or self._new_inbox())
        return client

    def begin(self, properties):
        """Everybody is up at these *properties*; the agents."""
        self.write(properties)
        self.wait_until(lambda: self.admin.find(PID))
        dm = self.client(Context.dm(), self.inbox)
        dm.subscribe(SHOP)
        agents = [self.client(agent(number)) for number in range(AGENTS)]
        self.wait_until(lambda: all(one.status().is_up for one in self.clients))
        return agents

    def begin_under_load(self, properties):
        """The same, and the agents publish to the DM."""
        self.publishing = self._publishing_of(self.begin(properties))
        self.expect_more()

    def expect_more(self, count=300):
        seen = len(self.inbox.messages)
        self.wait_until(lambda: len(self.inbox.messages) > seen + count)

    def switch_to(self, properties):
        """Write them; everybody has changed."""
        seen = len(self.switches)
        self.write(properties)
        self.wait_until(lambda: len(self.switches) == seen + len(self.clients))

    def faults(self):
        return "\n".join(str(fault) for fault in self.admin.faults())

    def expect_fault(self, text, count=1):
        self.wait_until(lambda: self.faults().count(text) >= count)

    def require_all(self):
        """Nothing is wrong any more, and nothing was lost, twice or reordered."""
        self.wait_until(lambda: not self.faults())
        self.expect_more()
        self._require_all(self.publishing, self.inbox)

    def close(self):
        for client in self.clients:
            client.close(timeout_s=1.0)


@pytest.fixture
def systems(request):
    systems = Systems(request.getfixturevalue)
    yield systems
    systems.close()


@pytest.fixture(scope="session")
def own_broker(new_broker):
    """What is done to it harms no other test."""
    return new_broker("faults")


@pytest.fixture
def own_host(own_broker, new_virtual_host):
    return new_virtual_host(own_broker)


@pytest.fixture
def proxy(virtual_host, new_proxy):
    """A network before the broker; it does not listen yet."""
    return new_proxy(virtual_host.broker.port)


@pytest.fixture
def there(proxy):
    """The broker, as it is called beyond that network."""
    return {"message-server-ip": f"127.0.0.1:{proxy.port}"}


@pytest.fixture
def other_user(virtual_host):
    """Somebody else who may do everything there."""
    virtual_host.broker.add_virtual_host(virtual_host.name, "other", "o")
    return {"message-server-username": "other", "message-server-password": "o"}


# A configuration that cannot connect


@pytest.mark.parametrize(
    ("wrong", "cure"),
    [
        ({"message-server-password": WRONG}, "Correct the user or the password"),
        ({"message-server-ip": "127.0.0.1:1"}, "Start RabbitMQ there"),
        ({VIRTUAL_HOST: "nowhere"}, "rabbitmqctl add_vhost 'nowhere'"),
    ],
    ids=["password", "port", "virtual-host"],
)
def test_a_configuration_that_cannot_connect_changes_nothing(
    systems, virtual_host, other_user, wrong, cure
):
    systems.begin_under_load(virtual_host.properties())
    begun = len(systems.switches)

    systems.write(virtual_host.properties(**wrong))

    systems.expect_fault(cure, AGENTS + 1)
    for fault in systems.admin.faults():
        found = (fault.pid, fault.key, fault.file)
        assert found == (PID, next(iter(wrong)), str(systems.file))
    assert WRONG not in systems.faults()
    assert virtual_host.password not in systems.faults()
    systems.expect_more(2_000)
    assert len(systems.switches) == begun
    assert all(client.status().is_up for client in systems.clients)
    systems.switch_to(virtual_host.properties(**other_user))
    systems.require_all()


def test_a_broker_that_comes_later_takes_over_by_itself(
    systems, virtual_host, proxy, there
):
    systems.begin_under_load(virtual_host.properties())
    begun = len(systems.switches)

    systems.write(virtual_host.properties(**there))

    systems.expect_fault("Nobody listens at", AGENTS + 1)
    systems.expect_more()
    assert len(systems.switches) == begun
    proxy.listen()
    systems.wait_until(lambda: len(systems.switches) == begun + AGENTS + 1)
    systems.require_all()


def test_a_fault_says_what_is_in_the_way_now(systems, virtual_host, proxy, there):
    wrong = {"message-server-password": WRONG}
    systems.write(virtual_host.properties(**there, **wrong))
    systems.client(agent(0))
    systems.expect_fault("Nobody listens at")

    proxy.listen()

    systems.expect_fault("with this password")
    assert [fault.key for fault in systems.admin.faults()] == [*wrong]


def test_what_is_published_before_the_first_connection_is_kept(
    systems, virtual_host, proxy, there, new_inbox
):
    systems.write(virtual_host.properties(**there))
    systems.wait_until(lambda: systems.admin.find(PID))
    inbox, numbers = new_inbox(), [str(number) for number in range(100)]
    systems.client(agent(1), inbox)
    client = systems.client(agent(0))

    sent = [client.publish(agent(1), number) for number in numbers]

    systems.expect_fault("Nobody listens at", 2)
    assert {one.outcome for one in sent} == {Outcome.PENDING}
    proxy.listen()
    assert inbox.wait_for(100) == numbers
    systems.wait_until(lambda: not systems.faults())
    assert client.status().dropped == 0


# The same queues by another way


def test_a_change_of_the_user_keeps_the_order(systems, virtual_host, other_user):
    systems.begin_under_load(virtual_host.properties())

    for who in (other_user, {}) * 4:
        systems.switch_to(virtual_host.properties(**who))
        systems.expect_more()

    systems.require_all()


def test_a_broker_under_another_name_gives_nothing_twice(
    systems, virtual_host, proxy, there
):
    proxy.listen()
    systems.begin_under_load(virtual_host.properties(**there))
    systems.switch_to(virtual_host.properties())
    systems.expect_more()

    proxy.refuse()

    here = f"127.0.0.1:{virtual_host.broker.port}"
    systems.wait_until(lambda: here in systems.inbox.messages[-1].way)
    systems.require_all()


# A broker, or the way there, that fails


def test_a_killed_broker_costs_no_message(systems, own_host, own_broker):
    systems.begin_under_load(own_host.properties())

    own_broker.kill()
    try:
        systems.expect_fault(f"127.0.0.1:{own_broker.port}", AGENTS + 1)
    finally:
        own_broker.start()

    systems.require_all()


def test_a_frozen_broker_costs_no_message(systems, own_host, own_broker):
    systems.begin_under_load(own_host.properties(**PATIENCE))

    own_broker.freeze()
    try:
        systems.expect_fault("confirmed nothing for", AGENTS)
    finally:
        own_broker.thaw()

    systems.require_all()


def test_a_network_that_carries_nothing_for_a_while_costs_no_message(
    systems, virtual_host, proxy, there
):
    proxy.listen()
    systems.begin_under_load(virtual_host.properties(**there, **PATIENCE))

    proxy.hold()
    systems.expect_fault("confirmed nothing for", AGENTS)
    proxy.let_go()

    systems.require_all()


def test_connections_that_are_reset_cost_no_message(
    systems, virtual_host, proxy, there
):
    proxy.listen()
    systems.begin_under_load(virtual_host.properties(**there))

    for _ in range(3):
        proxy.refuse()
        systems.expect_fault("broke", AGENTS + 1)
        proxy.listen()
        systems.wait_until(lambda: not systems.faults())
        systems.expect_more()

    systems.require_all()


def test_agents_talk_while_the_dm_is_stopped(systems, virtual_host, new_inbox):
    one, other = systems.begin(virtual_host.properties())[:2]
    inboxes = of_one, of_other = new_inbox(), new_inbox()
    one.on_message(of_one)
    other.on_message(of_other)
    numbers = [str(number) for number in range(100)]

    systems.clients[0].close()
    for number in numbers:
        one.publish(other.owner, number)
        other.publish(one.owner, number)

    assert [inbox.wait_for(100) for inbox in inboxes] == [numbers, numbers]
    assert systems.inbox.messages == []


# A broker that takes nothing


@pytest.fixture
def set_alarm(own_broker):
    """Let the broker have too little memory; in the end it has enough."""
    yield own_broker.set_memory_alarm
    own_broker.set_memory_alarm(is_on=False)


def test_a_memory_alarm_fills_the_outbox_and_costs_no_message(
    systems, own_host, set_alarm
):
    may_go_on = threading.Event()
    client = systems.begin(own_host.properties(**PATIENCE))[0]
    systems.clients[0].on_message(lambda _: may_go_on.wait(LIMIT_S))
    early, every = 2_000, 2_000 + MOST_MESSAGES
    for number in range(early):
        client.publish(SHOP, str(number))
    assert client.flush(LIMIT_S)

    set_alarm(is_on=True)
    for number in range(early, every):
        client.publish(SHOP, str(number), timeout_s=0.2)
    with pytest.raises(OutboxFullError) as error:
        client.publish(SHOP, "too much", timeout_s=0.2)

    assert str(error.value) == (
        "The message was not accepted: 10,000 wait to be confirmed, and there was no "
        "room for 0.2 s. Look whether the messaging server answers (faults()), or "
        "publish less."
    )
    assert len(systems.inbox.messages) < early
    may_go_on.set()
    systems.inbox.wait_for(early)  # consumers go on receiving
    assert client.status().unconfirmed == MOST_MESSAGES
    assert all(one.status().is_up for one in systems.clients)
    set_alarm(is_on=False)
    assert client.flush(LIMIT_S)
    assert systems.inbox.wait_for(every) == [str(number) for number in range(every)]


def test_no_thread_of_many_waits_unfairly(systems, virtual_host):
    client = systems.begin(virtual_host.properties())[0]
    waits_s = [[] for _ in range(THREADS)]

    def publish(name):
        for number in range(SHARE):
            begun_s = time.monotonic()
            client.publish(SHOP, f"{name} {number}")
            waits_s[name].append(time.monotonic() - begun_s)

    threads = [threading.Thread(target=publish, args=[name]) for name in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)

    longest_s = [max(each) for each in waits_s]
    print(  # noqa: T201 - what was measured, with -s
        f"\n{THREADS} threads on one client: the longest wait of each for room was "
        f"{1000 * min(longest_s):.0f} to {1000 * max(longest_s):.0f} ms"
    )
    assert max(longest_s) < MOST_S
    bodies = systems.inbox.wait_for(THREADS * SHARE)
    for name in range(THREADS):
        own = [body for body in bodies if body.startswith(f"{name} ")]
        assert own == [f"{name} {number}" for number in range(SHARE)]
