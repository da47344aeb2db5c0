"""What every kind of messaging keeps, seen by clients that follow files of an etc/."""

import threading
from collections import defaultdict

import pytest

from config_admin import FaultKind, UsageError
from config_admin.messaging import (
    ClosedError,
    Context,
    Outcome,
    ReconfigurableClient,
)

LIMIT_S = 20.0
DM = Context.dm()
SHOP = Context.dm(application="shop")


def agent(name, application="shop", domain="default"):
    return Context.agent(application=application, instance=name, domain=domain)


def test_an_agent_and_its_dm_talk(place, dm):
    client, of_dm = dm
    vm, of_vm = place.client(agent("vm"))

    assert vm.publish(SHOP, "started").wait(LIMIT_S)
    assert of_dm.wait_for(1) == ["started"]
    assert client.publish(agent("vm"), b"do").wait(LIMIT_S)
    assert of_vm.wait_for(1) == ["do"]

    (message,) = of_dm.messages
    assert (message.sender, message.context) == ("default.shop.vm", SHOP)
    assert (of_vm.messages[0].sender, of_vm.messages[0].context) == (
        "default.roboconf-dm",
        agent("vm"),
    )


def test_agents_talk_to_each_other(place, dm):
    vm, _ = place.client(agent("vm"))
    _, of_db = place.client(agent("/vm/db"))

    vm.publish(agent("vm/db"), "hello")

    assert of_db.wait_for(1) == ["hello"]
    assert dm[1].bodies == []


def test_what_is_for_many_reaches_those_who_subscribed(place, dm):
    topic = Context.exporters("db", application="shop")
    clients = [place.client(agent(f"vm{n}")) for n in range(3)]
    for client, _ in clients[1:]:
        client.subscribe(topic)
    sender, _ = clients[0]
    sentinel_after(clients)

    sender.publish(topic, "who?")

    for _, inbox in clients[1:]:
        assert inbox.wait_for(2)[1:] == ["who?"]
    assert clients[0][1].bodies == ["sentinel"]


def sentinel_after(clients):
    """Each has heard itself: so what it asked for before is done."""
    for client, inbox in clients:
        count = len(inbox.messages)
        client.publish(client.owner, "sentinel").wait(LIMIT_S)
        inbox.wait_for(count + 1)


def test_after_an_unsubscribe_nothing_more_comes(place, dm):
    topic = Context.importers_anywhere("facet")
    client, inbox = place.client(agent("vm"))
    client.subscribe(topic)
    sentinel_after([(client, inbox)])
    dm[0].publish(topic, "one")
    inbox.wait_for(2)

    client.unsubscribe(topic)
    sentinel_after([(client, inbox)])
    dm[0].publish(topic, "two")
    dm[0].publish(agent("vm"), "last")

    assert inbox.wait_for(4) == ["sentinel", "one", "sentinel", "last"]


def test_the_order_of_a_sender_is_kept(place, dm):
    vm, _ = place.client(agent("vm"))
    sent = [str(number) for number in range(500)]

    for text in sent:
        vm.publish(SHOP, text)

    assert dm[1].wait_for(500) == sent
    assert vm.flush(LIMIT_S)
    assert vm.status().unconfirmed == 0


def test_many_threads_of_many_clients_lose_nothing(place, dm):
    clients = [place.client(agent(f"vm{n}"))[0] for n in range(4)]

    def publish(client):
        for number in range(100):
            client.publish(SHOP, f"{number}")

    threads = [
        threading.Thread(target=publish, args=[client])
        for client in clients
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)

    dm[1].wait_for(800)
    counts = defaultdict(int)
    for message in dm[1].messages:
        counts[message.sender, message.body] += 1
    assert set(counts.values()) == {2}
    assert len({message.id for message in dm[1].messages}) == 800


def test_applications_do_not_see_each_other(place, dm):
    topics = [Context.exporters("db", application=name) for name in ("shop", "bank")]
    shop, of_shop = place.client(agent("vm"))
    bank, of_bank = place.client(agent("vm", application="bank"))
    shop.subscribe(topics[0])
    bank.subscribe(topics[1])
    sentinel_after([(shop, of_shop), (bank, of_bank)])

    shop.publish(topics[0], "shop")
    bank.publish(topics[1], "bank")

    assert of_shop.wait_for(2)[1:] == ["shop"]
    assert of_bank.wait_for(2)[1:] == ["bank"]
    bank.publish(Context.dm(application="bank"), "unheard")
    shop.publish(SHOP, "heard")
    assert dm[1].wait_for(1) == ["heard"]


@pytest.mark.parametrize("kind", ["in-memory", "rabbitmq"], indirect=True)
def test_domains_do_not_see_each_other(place):
    ours, of_ours = place.client(agent("vm"))
    theirs, of_theirs = place.client(agent("vm", domain="other"))

    ours.publish(agent("vm"), "ours")
    theirs.publish(agent("vm", domain="other"), "theirs")

    assert of_ours.wait_for(1) == ["ours"]
    assert of_theirs.wait_for(1) == ["theirs"]


def test_a_message_with_any_bytes_arrives_as_it_is(place, dm):
    vm, _ = place.client(agent("vm"))
    bodies = [b"", bytes(range(256)), b"\xff" * 100_000]

    for body in bodies:
        vm.publish(SHOP, body)

    dm[1].wait_for(3)
    assert [message.body for message in dm[1].messages] == bodies


def test_what_is_published_before_anybody_looked_is_kept(place, dm):
    vm, _ = place.client(agent("vm"), is_up=False)

    vm.publish(SHOP, "early")

    assert dm[1].wait_for(1) == ["early"]


def test_what_cannot_be_sent_is_refused_at_once(place, dm):
    with pytest.raises(UsageError, match="1,048,576 is the most"):
        dm[0].publish(agent("vm"), b"x" * (1024 * 1024 + 1))
    with pytest.raises(UsageError, match="domains never see each other"):
        dm[0].publish(agent("vm", domain="other"), b"x")
    with pytest.raises(UsageError, match="give a Context"):
        dm[0].publish("vm", b"x")
    with pytest.raises(UsageError, match="type NoneType: give bytes or text"):
        dm[0].publish(agent("vm"), None)
    with pytest.raises(UsageError, match="give a function"):
        dm[0].on_message(3)
    with pytest.raises(UsageError, match="domains never see each other"):
        dm[0].subscribe(agent("vm", domain="other"))


def test_a_callback_that_raises_is_logged_and_harms_no_other(place, dm, caplog):
    client, inbox = place.client(agent("vm"))

    @client.on_message
    def fail(_):
        raise ValueError("too bad")

    client.publish(agent("vm"), "secret-body-1")
    client.publish(agent("vm"), "secret-body-2")

    inbox.wait_for(2)
    client.close()
    assert caplog.text.count("ValueError of a callback") == 2
    assert "secret-body" not in caplog.text


def test_what_nobody_is_there_for_is_given_up_and_said(place, dm, caplog, wait_until):
    publication = dm[0].publish(agent("nobody"), "hello")

    assert not publication.wait(LIMIT_S)

    assert publication.outcome is Outcome.UNDELIVERABLE
    wait_until(lambda: "nobody has a queue" in caplog.text)
    assert dm[0].status().undeliverable == 1


def test_after_its_end_a_client_does_nothing(place, dm, wait_until):
    before = {thread.name for thread in threading.enumerate()}
    client, inbox = place.client(agent("vm"))
    client.close()
    client.close()

    with pytest.raises(ClosedError):
        client.publish(SHOP, "late")
    wait_until(lambda: {t.name for t in threading.enumerate()} <= before)
    assert inbox.bodies == []


def test_the_same_settings_written_otherwise_touch_nothing(place, dm, admin, kind):
    switches = []
    dm[0].on_switch(switches.append)
    if not place.file.exists():
        pytest.fail("in-memory has no file") if kind != "in-memory" else None
        return

    place.file.write_text(f"# a comment\n\n{place.file.read_text()}")

    assert admin.flush(LIMIT_S)
    dm[0].publish(DM, "still here")
    dm[1].wait_for(1)
    assert switches == []


# Changes of the type


@pytest.fixture(params=["http", "rabbitmq"])
def other(request, place, etc, text_for, wait_until):
    """Another kind, and the file that leads there."""
    pid = f"net.roboconf.messaging.{request.param}"
    (etc / f"{pid}.cfg").write_text(text_for(request.param))
    wait_until(lambda: place.admin.find(pid))
    yield request.param
    place.close()


@pytest.fixture
def load(place, publishing_of):
    """Four agents that publish as fast as they can."""
    return publishing_of(place.client(agent(f"vm{n}"))[0] for n in range(4))


@pytest.mark.parametrize("kind", ["in-memory"], indirect=True)
def test_a_change_of_the_type_under_load_loses_nothing(
    dm, other, wait_until, load, require_all
):
    publishing = load
    everybody = [dm[0], *(one.client for one in publishing)]
    for wanted in (other, "in-memory", other):
        for client in everybody:
            client.change_type(wanted)
        wait_until(
            lambda name=wanted: all(name_of(client) == name for client in everybody)
        )
        count = len(dm[1].messages)
        wait_until(lambda seen=count: len(dm[1].messages) > seen + 200)
    require_all(publishing, dm[1])


def name_of(client):
    """The type that its link is of."""
    link = client.status().link
    if "RabbitMQ" in link:
        return "rabbitmq"
    return "http" if "HTTP" in link else "in-memory" if "memory" in link else link


# Idle


def test_without_a_configuration_messages_are_dropped_counted_and_said(admin, caplog):
    """And with one they are not."""
    with ReconfigurableClient(admin, messaging_type="rabbitmq", owner=DM) as client:
        assert admin.flush(LIMIT_S)
        publication = client.publish(agent("vm"), "hello")

        assert publication.outcome is Outcome.DROPPED
        assert not publication.wait(0)
        status = client.status()
        assert (status.link, status.is_up, status.dropped) == ("idle", False, 1)
    assert "messages dropped, as there is no messaging (idle): 1" in caplog.text


def test_idle_is_a_type_of_its_own(admin):
    with ReconfigurableClient(admin, messaging_type="idle", owner=DM) as client:
        assert admin.flush(LIMIT_S)
        client.publish(agent("vm"), "hello")
        assert client.status().dropped == 1
        assert admin.faults() == ()


def test_a_client_goes_idle_when_its_configuration_goes(place, dm, admin, wait_until):
    if place.file.exists():
        place.file.unlink()
        wait_until(lambda: dm[0].status().link == "idle")
        assert dm[0].publish(DM, "lost").outcome is Outcome.DROPPED
    else:
        dm[0].change_type("idle")
        wait_until(lambda: dm[0].status().link == "idle")
    assert [f for f in admin.faults() if f.kind is FaultKind.CALLBACK] == []
