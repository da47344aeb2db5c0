"""A link that was open repairs itself, and nothing that was confirmed is lost."""

import pytest

from config_admin.messaging.context import Context
from config_admin.messaging.publication import Outcome

LIMIT_S = 30.0
ONE = Context.agent(application="shop", instance="/one")
TIMEOUT = "net.roboconf.messaging.rabbitmq.confirm-timeout-s"


@pytest.fixture
def thawed(broker):
    """The broker; whatever became of it, it runs when the test ends."""
    yield broker
    broker.thaw()


def test_what_was_not_acknowledged_comes_again_with_another_tag(new_client):
    one = new_client(ONE)
    one.seen.acknowledges = False
    one.start(ONE)
    one.send(ONE, b"1", b"2", b"3")
    one.seen.bodies(3)
    one.link.acknowledge(one.seen.taken[0][1])
    assert not one.link.is_drained()

    one.link._session._consuming.abort(ConnectionResetError("cut"))

    assert one.seen.next_event() == "lost"
    assert one.seen.next_event() == "recovered"
    assert one.seen.bodies(2) == [b"2", b"3"]
    old, new = [tag for _, tag in one.seen.taken[:3]], one.seen.taken[3][1]
    assert new > old[2]
    one.link.acknowledge(old[2])  # means what another connection has delivered
    assert not one.link.is_drained()
    assert len(one.seen.losses) == 1


def test_a_killed_broker_that_comes_back_has_everything(new_client, broker):
    one = new_client(ONE).open(ONE)
    one.link.publish_from(one.outbox)
    kept = one.send(ONE, *(b"%d" % number for number in range(100)))

    broker.kill()
    assert one.seen.next_event() == "lost"
    assert not one.link.is_up
    assert not one.link.is_drained()
    waiting = one.put(ONE, b"while it was down")
    broker.start()
    assert one.seen.next_event() == "recovered"

    assert one.outbox.flush(LIMIT_S)
    assert one.link.is_up
    one.link.consume_into(one.seen)
    assert one.seen.bodies(101) == [one.message.body for one in kept + waiting]
    assert len(one.seen.losses) == 1


def test_a_broker_that_freezes_is_given_up_and_nothing_is_lost(new_client, thawed):
    one = new_client(ONE, **{TIMEOUT: "0.5"}).start(ONE)
    one.send(ONE, b"before")
    thawed.freeze()
    sent = one.put(ONE, b"1", b"2")

    assert one.seen.next_event() == "lost"
    assert "confirmed nothing for" in str(one.seen.losses[0])
    assert not one.link.is_up
    thawed.thaw()
    assert one.seen.next_event() == "recovered"

    assert one.outbox.flush(LIMIT_S)
    assert {one.outcome for one in sent} == {Outcome.CONFIRMED}
    came = one.seen.bodies(3)
    while came[-1] != b"2":
        came.append(one.seen.next().body)
    marked = [message.body for message, _ in one.seen.taken if message.is_repeated]
    assert came[0] == b"before"
    assert b"1" in marked
    assert b"2" in marked


def test_closing_while_it_is_down_does_not_wait_for_it(
    new_client, thawed, threads_of_links, wait_until_true
):
    one = new_client(ONE, **{TIMEOUT: "0.5"}).start(ONE)
    thawed.freeze()
    one.put(ONE, b"1")
    assert one.seen.next_event() == "lost"

    one.link.close()

    wait_until_true(lambda: not threads_of_links(), "a thread stayed", 2.0)


def test_a_memory_alarm_lets_publishing_wait_and_loses_nothing(new_client, broker):
    one = new_client(ONE, **{TIMEOUT: "0.5"}).start(ONE)
    broker.set_memory_alarm(is_on=True)
    try:
        sent = one.put(ONE, b"1")  # only now does the broker tell
        assert one.seen.next_event() == "said"
        assert "low on memory" in one.seen.sayings[0]
        sent += one.put(ONE, b"2")
        assert not sent[-1].wait(1.0)
        assert one.link.is_up
    finally:
        broker.set_memory_alarm(is_on=False)

    assert one.outbox.flush(LIMIT_S)
    assert one.seen.next_event() == "said"
    assert one.seen.bodies(2) == [b"1", b"2"]
    assert one.seen.losses == []


def test_a_queue_that_is_deleted_is_made_again(new_client, virtual_host):
    one = new_client(ONE).start(ONE)
    one.send(ONE, b"1")

    virtual_host.broker.api("DELETE", f"queues/{virtual_host.name}/default.shop.one")

    assert one.seen.next_event() == "lost"
    assert "'default.shop.one'" in str(one.seen.losses[0])
    assert one.seen.next_event() == "recovered"
    one.send(ONE, b"2")
    assert one.seen.bodies(2) == [b"1", b"2"]


def test_an_exchange_that_is_deleted_is_made_again(new_client, virtual_host):
    one = new_client(ONE).start(ONE)
    one.send(ONE, b"1")
    virtual_host.broker.api(
        "DELETE", f"exchanges/{virtual_host.name}/default.shop.agents"
    )

    one.send(ONE, b"2")

    assert one.seen.next_event() == "lost"
    assert "NOT_FOUND" in str(one.seen.losses[0])
    assert one.seen.next_event() == "recovered"
    assert one.seen.bodies(2) == [b"1", b"2"]


def test_a_receiver_that_raises_ends_the_connection_and_gets_it_again(new_client):
    one = new_client(ONE)
    seen, faults = one.seen, iter([ValueError("a fault"), None])

    class Faulty:
        def receive(self, link, message, tag):
            fault = next(faults)
            if fault is not None:
                raise fault
            seen.receive(link, message, tag)

    one.open(ONE)
    one.link.publish_from(one.outbox)
    one.link.consume_into(Faulty())
    one.put(ONE, b"1")

    assert seen.next_event() == "lost"
    assert seen.next().body == b"1"
    assert seen.next_event() == "recovered"


def test_what_is_paused_is_not_repeated_by_a_repair(new_client, thawed):
    """Another link may have taken it over."""
    one = new_client(ONE, **{TIMEOUT: "0.5"}).start(ONE)
    thawed.freeze()
    sent = one.put(ONE, b"1")[0]
    one.link.wake()
    while not one.outbox.in_flight:
        assert one.link.is_up
    one.link.pause()
    assert one.seen.next_event() == "lost"
    thawed.thaw()
    assert one.seen.next_event() == "recovered"

    assert one.outbox.in_flight == 1
    assert not sent.message.is_repeated
    one.link.publish_from(one.outbox)
    assert one.outbox.flush(LIMIT_S)
    assert sent.message.is_repeated


def test_connections_that_are_cut_again_and_again_lose_and_reorder_nothing(new_client):
    one = new_client(ONE).start(ONE)
    bodies = [b"%d" % number for number in range(6_000)]

    for number, which in enumerate(("_publishing", "_consuming", "_publishing")):
        part = bodies[2_000 * number : 2_000 * (number + 1)]
        one.put(ONE, *part)
        getattr(one.link._session, which).abort(ConnectionResetError("cut"))
        assert one.seen.next_event() == "lost"
        assert one.seen.next_event() == "recovered"

    assert one.outbox.flush(LIMIT_S)
    came = {}
    while len(came) < len(bodies):
        message = one.seen.next()
        came.setdefault(message.id, message.body)
    assert list(came.values()) == bodies


def test_a_receiver_may_subscribe_on_the_thread_that_calls_it(new_client):
    one = new_client(ONE)
    many = Context.exporters("x", application="shop")

    class Curious:
        def receive(self, link, message, tag):
            link.subscribe(many)
            one.seen.receive(link, message, tag)

    one.open(ONE)
    one.link.publish_from(one.outbox)
    one.link.consume_into(Curious())

    one.send(ONE, b"1")
    one.seen.next()
    one.link.subscribe(many)
    one.send(many, b"2")

    assert one.seen.next().body == b"2"
