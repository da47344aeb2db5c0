"""Publishing and consuming by way of a real broker."""

import time

import pika
import pytest

from config_admin.messaging.context import Context
from config_admin.messaging.publication import Outcome

LIMIT_S = 15.0
DM = Context.dm()
SHOP = Context.dm(application="shop")


def agent(instance, application="shop", domain="default"):
    return Context.agent(application=application, instance=instance, domain=domain)


def at_broker(virtual_host, queue):
    """What the management knows of a queue; its counts come late."""
    path = f"queues/{virtual_host.name}/{queue}"
    return virtual_host.broker.api("GET", path)


def test_the_dm_and_its_agents_talk(new_client):
    dm = new_client(DM).start(SHOP)
    one = new_client(agent("/one")).start(agent("/one"))
    two = new_client(agent("/two/server")).start(agent("/two/server"))

    sent = dm.send(agent("/one"), b"to one")
    dm.send(agent("/two/server"), b"to two")
    one.send(SHOP, b"from one")

    assert sent[0].outcome is Outcome.CONFIRMED
    message = one.seen.next()
    assert (message.body, message.context) == (b"to one", agent("/one"))
    assert (message.sender, message.is_repeated) == (DM.queue, False)
    assert message.id == sent[0].message.id
    assert two.seen.next().body == b"to two"
    assert dm.seen.next().body == b"from one"


def test_agents_talk_without_a_dm(new_client):
    exporters = Context.exporters("MySQL", application="shop")
    facet = Context.importers_anywhere("database")
    one = new_client(agent("/one")).start(agent("/one"), exporters)
    two = new_client(agent("/two")).start(agent("/two"), exporters, facet)
    other = new_client(agent("/three", "blog")).start(agent("/three", "blog"))

    one.send(exporters, b"who exports?")
    other.send(facet, b"from another application")

    assert one.seen.next().body == b"who exports?"
    assert two.seen.bodies(2) == [b"who exports?", b"from another application"]


@pytest.mark.parametrize(
    ("application", "domain"), [("shop", "other"), ("blog", "default")]
)
def test_domains_and_applications_do_not_hear_each_other(
    new_client, application, domain
):
    here = agent("/vm")
    there = agent("/vm", application, domain)
    hearer = new_client(here).start(here, Context.exporters("x", application="shop"))
    stranger = new_client(there).start(there)

    others = Context.exporters("x", application=application, domain=domain)
    stranger.send(others, b"not for here")
    stranger.send(there, b"to itself")
    hearer.send(here, b"for here")

    assert hearer.seen.next().body == b"for here"
    assert hearer.seen.is_empty()
    assert stranger.seen.next().body == b"to itself"


def test_what_has_no_queue_yet_waits_for_it_in_order(new_client, wait_until_true):
    dm = new_client(DM).start()
    sent = dm.put(agent("/late"), b"1", b"2", b"3")
    wait_until_true(lambda: dm.outbox.retry_s() is not None, "nothing came back")

    late = new_client(agent("/late")).start(agent("/late"))

    assert late.seen.bodies(3) == [b"1", b"2", b"3"]
    assert dm.outbox.flush(LIMIT_S)
    assert {one.outcome for one in sent} == {Outcome.CONFIRMED}


def test_what_never_has_a_queue_is_told_to_be_undeliverable(new_client):
    dm = new_client(DM).start()

    sent = dm.send(agent("/nobody"), b"1")

    assert dm.seen.undeliverable == sent
    assert sent[0].outcome is Outcome.UNDELIVERABLE


def test_what_is_for_many_is_confirmed_even_if_there_is_none(new_client):
    dm = new_client(DM).start()

    sent = dm.send(Context.exporters("x", application="shop"), b"1")

    assert sent[0].outcome is Outcome.CONFIRMED


def test_thousands_of_messages_keep_their_order(new_client):
    dm = new_client(DM).start()
    one = new_client(agent("/one")).start(agent("/one"))
    bodies = [b"%d" % number for number in range(3_000)]

    dm.send(agent("/one"), *bodies)

    assert one.seen.bodies(3_000) == bodies


def test_what_dms_tell_each_other_expires(new_client, wait_until_true):
    owner = new_client(DM).open(DM)
    owner.link.publish_from(owner.outbox)
    owner.send(DM, b"gone after half a second")

    # Only the head of a queue expires; then nothing waits any more.
    wait_until_true(owner.link.is_drained, "it did not expire", LIMIT_S)
    owner.link.consume_into(owner.seen)
    owner.send(SHOP)
    owner.link.subscribe(SHOP)
    owner.send(SHOP, b"comes")

    assert owner.seen.next().body == b"comes"


def test_messages_and_queues_are_made_to_last(new_client, virtual_host, settings_of):
    one = new_client(agent("/one")).open(agent("/one"))
    one.link.publish_from(one.outbox)
    one.send(agent("/one"), b"kept")
    publication = one.put(agent("/one"), b"marked")[0]
    one.outbox.flush(LIMIT_S)

    queue = at_broker(virtual_host, "default.shop.one")
    assert (queue["durable"], queue["auto_delete"], queue["exclusive"]) == (
        True, False, False,
    )  # fmt: skip
    assert queue["arguments"] == {"x-single-active-consumer": True}
    got = virtual_host.broker.api(
        "POST",
        f"queues/{virtual_host.name}/default.shop.one/get",
        {"count": 2, "ackmode": "ack_requeue_false", "encoding": "auto"},
    )
    properties = got[1]["properties"]
    assert properties["delivery_mode"] == 2
    assert properties["message_id"] == publication.message.id
    assert properties["app_id"] == "default.shop.one"
    assert got[1]["routing_key"] == "machine.one"
    exchange = virtual_host.broker.api(
        "GET", f"exchanges/{virtual_host.name}/default.shop.agents"
    )
    assert (exchange["type"], exchange["durable"]) == ("topic", True)


def test_unsubscribing_ends_what_subscribing_began(new_client):
    many = Context.exporters("x", application="shop")
    one = new_client(agent("/one")).start(agent("/one"))

    one.link.subscribe(many)
    one.send(many, b"heard")
    one.link.unsubscribe(many)
    one.send(many, b"not heard")
    one.send(agent("/one"), b"last")

    assert one.seen.bodies(2) == [b"heard", b"last"]


def test_a_subscription_that_ended_while_it_was_down_stays_ended(new_client):
    many = Context.exporters("x", application="shop")
    one = new_client(agent("/one")).start(agent("/one"), many)
    one.link._session._publishing.abort(ConnectionResetError("cut"))
    assert one.seen.next_event() == "lost"
    one.link.unsubscribe(many)
    one.link.subscribe(Context.importers("y", application="shop"))
    assert one.seen.next_event() == "recovered"

    one.send(many, b"not heard")
    one.send(Context.importers("y", application="shop"), b"heard")

    assert one.seen.next().body == b"heard"


def test_nothing_is_taken_after_a_pause_until_publishing_goes_on(new_client):
    one = new_client(agent("/one")).start(agent("/one"))
    one.send(agent("/one"), b"before")

    one.link.pause()
    one.put(agent("/one"), b"after")
    one.link.wake()

    assert one.outbox.in_flight == 0
    one.link.publish_from(one.outbox)
    assert one.outbox.flush(LIMIT_S)
    assert one.seen.bodies(2) == [b"before", b"after"]


def test_it_is_drained_when_nothing_waits_and_nothing_is_unacknowledged(
    new_client, wait_until_true
):
    one = new_client(agent("/one")).open(agent("/one"))
    one.seen.acknowledges = False
    assert one.link.is_drained()
    one.link.publish_from(one.outbox)
    one.send(agent("/one"), b"1", b"2")
    assert not one.link.is_drained()

    one.link.consume_into(one.seen)
    one.seen.bodies(2)
    assert not one.link.is_drained()
    one.link.acknowledge(one.seen.taken[0][1])
    assert not one.link.is_drained()

    one.link.acknowledge(one.seen.taken[1][1])
    wait_until_true(one.link.is_drained, "it was not drained", LIMIT_S)
    one.link.close()
    assert not one.link.is_drained()


def test_what_was_acknowledged_does_not_come_again_and_the_rest_does(new_client):
    first = new_client(agent("/one"))
    first.seen.acknowledges = False
    first.start(agent("/one"))
    first.send(agent("/one"), b"1", b"2", b"3", b"4")
    first.seen.bodies(4)
    first.link.acknowledge(first.seen.taken[1][1])
    first.link.acknowledge(first.seen.taken[0][1])  # said already by the one above
    first.link.close()

    second = new_client(agent("/one")).start(agent("/one"))

    assert second.seen.bodies(2) == [b"3", b"4"]


def test_one_at_a_time_consumes_and_the_next_takes_over(new_client):
    first = new_client(agent("/one")).start(agent("/one"))
    second = new_client(agent("/one")).start(agent("/one"))
    first.send(agent("/one"), *(b"%d" % number for number in range(10)))
    first.seen.bodies(10)
    assert second.seen.is_empty()

    first.link.close()
    second.send(agent("/one"), b"more")

    assert second.seen.next().body == b"more"


def test_what_no_client_has_sent_is_dropped_and_told_once(new_client, virtual_host):
    one = new_client(agent("/one")).start(agent("/one"))
    publish = f"exchanges/{virtual_host.name}/default.shop.agents/publish"
    foreign = {
        "properties": {},
        "routing_key": "machine.one",
        "payload_encoding": "string",
    }
    for payload in ("no id", "no id either"):
        virtual_host.broker.api("POST", publish, {**foreign, "payload": payload})
    default = f"exchanges/{virtual_host.name}/amq.default/publish"
    virtual_host.broker.api(
        "POST", default, {**foreign, "routing_key": "default.shop.one", "payload": "x"}
    )

    one.send(agent("/one"), b"ours")

    assert one.seen.next().body == b"ours"
    assert len(one.seen.sayings) == 1
    assert "default.shop.one" in one.seen.sayings[0]
    assert one.link.is_up


def test_a_client_of_another_make_is_understood(new_client, virtual_host):
    """The header is the mark of what may have been sent before."""
    one = new_client(agent("/one")).start(agent("/one"))
    host = virtual_host
    connection = pika.BlockingConnection(
        pika.ConnectionParameters(
            "127.0.0.1",
            host.broker.port,
            host.name,
            pika.PlainCredentials(host.name, host.password),
        )
    )
    channel = connection.channel()
    properties = pika.BasicProperties(
        message_id="its-1", app_id="its", headers={"x-repeated": True}
    )
    channel.basic_publish("default.shop.agents", "machine.one", b"hello", properties)
    connection.close()

    message = one.seen.next()

    assert (message.id, message.sender, message.is_repeated) == ("its-1", "its", True)


def test_closing_leaves_no_thread_and_may_be_repeated(
    new_client, threads_of_links, wait_until_true
):
    one = new_client(agent("/one")).start(agent("/one"))
    assert threads_of_links()

    began_s = time.monotonic()
    one.link.close()
    one.link.close()

    assert time.monotonic() - began_s < 2
    wait_until_true(lambda: not threads_of_links(), "a thread stayed", LIMIT_S)
    assert not one.link.is_up
    assert one.seen.losses == []


def test_its_name_and_its_source_tell_where_it_leads(new_client, virtual_host):
    link = new_client(agent("/one")).link
    port = virtual_host.broker.port

    assert (
        link.name == f"RabbitMQ at 127.0.0.1:{port}, virtual host {virtual_host.name}"
    )
    assert link.source == f"rabbitmq 127.0.0.1:{port}/{virtual_host.name}"
