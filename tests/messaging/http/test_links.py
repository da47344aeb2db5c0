"""Links to a hub, on real sockets."""

import logging
import socket
import threading
import time
from dataclasses import replace

import pytest

from config_admin.messaging.context import Context
from config_admin.messaging.errors import LinkError
from config_admin.messaging.http.frames import MOST_BODY_BYTES
from config_admin.messaging.http.settings import IP, PORT, TOKEN
from config_admin.messaging.publication import Outcome

LIMIT_S = 10.0

DM = Context.dm()
SHOP = Context.dm(application="shop")
VM = Context.agent(application="shop", instance="vm")
DB = Context.agent(application="shop", instance="db")
OTHER = Context.agent(application="other", instance="vm")
EXPORTERS = Context.exporters("web", application="shop")
EXPORTERS_OF_OTHER = Context.exporters("web", application="other")


def test_links_say_what_they_are(dm, settings, clients):
    for link in (dm.link, clients(settings, VM).link):
        assert link.name == f"the HTTP hub at 127.0.0.1:{settings.port}"
        assert link.source == f"http 127.0.0.1:{settings.port}"
        assert link.is_up


def test_the_dm_and_an_agent_talk(dm, settings, clients):
    vm = clients(settings, VM)

    vm.send_all(SHOP, [b"\x00\xff", b""])
    dm.send_all(VM, [b"welcome"])

    dm.receiver.wait_for(lambda came: came == [b"\x00\xff", b""])
    vm.receiver.wait_for(lambda came: came == [b"welcome"])


def test_agents_talk_within_their_application_only(dm, settings, clients):
    vm, db, other = (
        clients(settings, VM),
        clients(settings, DB, [EXPORTERS]),
        clients(settings, OTHER, [EXPORTERS_OF_OTHER]),
    )

    vm.send_all(EXPORTERS, [b"1"])
    vm.send_all(DB, [b"2"])
    vm.send_all(EXPORTERS_OF_OTHER, [b"3"])

    db.receiver.wait_for(lambda came: came == [b"1", b"2"])
    other.receiver.wait_for(lambda came: came == [b"3"])
    assert vm.receiver.all == dm.receiver.all == []


def test_thousands_of_messages_keep_their_order_both_ways(dm, settings, clients):
    vm = clients(settings, VM)
    bodies = [b"%d" % number for number in range(3000)]
    threads = [
        threading.Thread(target=sender.send_all, args=[context, bodies])
        for sender, context in ((dm, VM), (vm, SHOP))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)

    dm.receiver.wait_for_count(3000)
    vm.receiver.wait_for_count(3000)
    assert dm.receiver.all == vm.receiver.all == bodies


def test_subscriptions_come_and_go(dm, settings, clients):
    vm = clients(settings, VM)
    vm.link.subscribe(EXPORTERS)
    assert vm.link.is_drained()  # an answer: what was said before is done
    dm.send_all(EXPORTERS, [b"1"])
    vm.link.unsubscribe(EXPORTERS)
    vm.receiver.wait_for_count(1)
    vm.link.is_drained()
    dm.send_all(EXPORTERS, [b"2"])
    dm.send_all(VM, [b"3"])

    vm.receiver.wait_for(lambda came: came == [b"1", b"3"])


def test_a_message_to_one_that_is_not_there_arrives_when_it_comes(
    dm, settings, clients
):
    vm = clients(settings, VM)
    sent = vm.send(DB, b"1")
    assert not sent.wait(0.05)

    db = clients(settings, DB)

    assert sent.wait(LIMIT_S)
    db.receiver.wait_for(lambda came: came == [b"1"])


def test_what_was_not_acknowledged_comes_again_to_the_next_link(dm, settings, clients):
    vm = clients(settings, VM, is_diligent=False)
    dm.send_all(VM, [b"1", b"2", b"3"])
    vm.receiver.wait_for_count(3)
    vm.link.acknowledge(1)
    vm.close()

    dm.send_all(VM, [b"4"])

    again = clients(settings, VM)
    again.receiver.wait_for(lambda came: came == [b"2", b"3", b"4"])
    assert again.receiver.tags == [1, 2, 3]


def test_it_is_drained_when_all_is_acknowledged(dm, settings, clients):
    vm = clients(settings, VM, is_diligent=False)
    assert vm.link.is_drained()
    dm.send_all(VM, [b"1"])
    vm.receiver.wait_for_count(1)
    assert not vm.link.is_drained()

    vm.link.acknowledge(vm.receiver.tags[-1])

    assert vm.link.is_drained()
    vm.close()
    assert not vm.link.is_drained()


def test_after_a_pause_nothing_is_taken(dm, settings, clients):
    vm = clients(settings, VM)
    vm.link.pause()
    sent = vm.send(SHOP, b"1")
    assert vm.link.is_drained()  # the sender has had its turn
    assert vm.outbox.in_flight == 0

    vm.link.publish_from(vm.outbox)

    assert sent.wait(LIMIT_S)
    assert dm.receiver.all == [b"1"]


def test_after_a_loss_nothing_is_lost_and_new_tags_go_on(dm, settings, clients):
    vm = clients(settings, VM, is_diligent=False)
    dm.send_all(VM, [b"1", b"2"])
    vm.receiver.wait_for_count(2)
    vm.link._connection.abort()
    sent = [vm.send(SHOP, b"%d" % number) for number in range(500)]
    vm.watcher.wait_until("recovered")

    dm.send_all(VM, [b"3"])
    vm.receiver.wait_for_count(5)

    assert all(one.wait(LIMIT_S) for one in sent)
    dm.receiver.wait_for(lambda came: came[-1] == b"499")
    assert vm.receiver.all == [b"1", b"2", b"1", b"2", b"3"]
    assert vm.receiver.tags == [1, 2, 3, 4, 5]
    vm.link.acknowledge(2)  # late: it is about the first connection
    assert not vm.link.is_drained()
    vm.link.acknowledge(5)
    assert vm.link.is_drained()
    assert [what for what, _ in vm.watcher.all] == ["lost", "recovered"]
    assert vm.watcher.links == {vm.link}


def test_subscriptions_of_a_time_without_a_hub_hold_afterwards(
    dm, settings, clients, wait_until
):
    vm = clients(settings, VM, [EXPORTERS])
    dm.close()
    vm.watcher.wait_until("lost")
    assert not vm.link.is_up
    assert not vm.link.is_drained()
    vm.link.unsubscribe(EXPORTERS)
    importers = Context.importers("web", application="shop")
    vm.link.subscribe(importers)

    dm = clients(settings, DM, [SHOP])
    vm.watcher.wait_until("recovered")
    dm.send_all(EXPORTERS, [b"1"])
    dm.send_all(importers, [b"2"])

    vm.receiver.wait_for(lambda came: came == [b"2"])
    assert vm.link.is_up


def test_a_hub_that_was_restarted_gets_everything(dm, settings, clients):
    vm = clients(settings, VM)
    vm.send_all(SHOP, [b"1"])
    dm.close()
    vm.watcher.wait_until("said")
    sent = [vm.send(SHOP, b"2"), vm.send(SHOP, b"3")]

    dm = clients(settings, DM, [SHOP])

    assert all(one.wait(LIMIT_S) for one in sent)
    dm.receiver.wait_for(lambda came: came == [b"2", b"3"])
    [(_, why)] = [one for one in vm.watcher.all if one[0] == "lost"]
    assert "closed the connection" in why
    assert "nobody listens there" in vm.watcher.sayings()[0]


def test_a_token_is_changed_in_place_and_nothing_is_lost(dm, settings, clients):
    """The new link is proved while the old one still holds the port."""
    vm = clients(settings, VM, is_diligent=False)
    dm.send_all(VM, [b"1"])
    changed = replace(settings, token=settings.token[::-1])
    new_dm = clients(changed, DM, [SHOP])
    vm.send_all(SHOP, [b"2"])
    dm.receiver.wait_for(lambda came: came == [b"2"])

    dm.close()
    vm.watcher.wait_until("lost")
    vm.watcher.wait_for(lambda _: any(TOKEN in one for one in vm.watcher.sayings()))
    vm.close()
    again = clients(changed, VM)

    again.receiver.wait_for(lambda came: came == [b"1"])
    again.send_all(SHOP, [b"3"])
    new_dm.receiver.wait_for(lambda came: came == [b"3"])
    assert dm.watcher.all == new_dm.watcher.all == []


def opening(settings, owner, watcher):
    link = settings.link(owner, watcher)
    started_s = time.monotonic()
    with pytest.raises(LinkError) as caught:
        link.open([owner])
    assert time.monotonic() - started_s < 6
    assert not link.is_up
    link.close()
    assert watcher.all == []
    return caught.value


def test_a_wrong_token_is_refused(dm, settings, watcher):
    error = opening(replace(settings, token="x" * 16), VM, watcher)

    assert error.key == TOKEN
    assert "does not know our token" in error.reason
    assert settings.token not in error.reason


def test_where_nobody_listens_no_link_opens(settings, watcher):
    error = opening(settings, VM, watcher)

    assert error.key == PORT
    assert "nobody listens there" in error.reason


def test_a_name_that_nobody_knows_is_an_error_of_the_address(settings, watcher):
    error = opening(replace(settings, ip="no-such-host.invalid"), VM, watcher)

    assert error.key == IP
    assert "cannot be reached" in error.reason


def test_the_name_of_this_machine_does_for_its_address(dm, settings, clients):
    clients(replace(settings, ip="localhost"), VM).send_all(SHOP, [b"1"])


def test_another_domain_is_refused_in_words(dm, settings, watcher):
    stranger = Context.agent(application="shop", instance="vm", domain="other")

    error = opening(settings, stranger, watcher)

    assert "'other', and this hub serves default" in error.reason


def test_nobody_takes_the_queue_of_the_dm(dm, settings, watcher):
    error = opening(settings, SHOP, watcher)

    assert "belongs to the DM itself" in error.reason


def test_a_port_that_is_taken_is_said(settings, watcher, taken):
    error = opening(replace(settings, port=taken), DM, watcher)

    assert error.key == PORT
    assert "another program listens there" in error.reason


def test_a_port_of_another_hub_of_this_process_is_said(dm, settings, watcher):
    """It is bound to another address, which the same port need not be free for."""
    error = opening(replace(settings, ip="localhost"), DM, watcher)

    assert error.key == PORT
    assert f"{dm.link.name} of this process has the same port" in error.reason


def test_each_token_is_for_the_domain_of_its_dm(dm, settings, clients, watcher):
    other = replace(settings, token=settings.token[::-1])
    other_dm = clients(other, Context.dm(domain="other"), [])
    stranger = Context.agent(application="shop", instance="vm", domain="other")
    assert "this hub serves default" in opening(settings, stranger, watcher).reason

    clients(other, stranger).send_all(Context.dm(domain="other"), [b"1"])

    other_dm.receiver.wait_for(lambda came: came == [b"1"])
    assert dm.receiver.all == []


def test_an_address_of_another_machine_is_said(settings, watcher):
    error = opening(replace(settings, ip="192.0.2.1"), DM, watcher)

    assert error.key == IP
    assert "cannot listen at 192.0.2.1" in error.reason


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "HTTP status 404"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "something else listens there"),
        (b"", "something else listens there"),
    ],
)
def test_what_is_no_hub_is_an_error_of_the_port(
    settings, watcher, serve, answer, found
):
    error = opening(replace(settings, port=serve(answer)), VM, watcher)

    assert error.key == PORT
    assert found in error.reason


def test_what_does_not_answer_is_given_up_within_five_seconds(settings, watcher, serve):
    error = opening(replace(settings, port=serve(None)), VM, watcher)

    assert error.key == IP
    assert "does not answer" in error.reason


def test_what_is_too_long_is_not_sent_and_blocks_nothing_else(dm, settings, clients):
    vm = clients(settings, VM)
    longest = bytes(MOST_BODY_BYTES)

    for client, context in ((vm, Context.dm(application="x")), (dm, DB)):
        sent = client.send(context, longest + b"!")
        client.watcher.wait_until("said")
        assert sent.outcome is Outcome.PENDING
    vm.send_all(SHOP, [longest])
    dm.send_all(VM, [longest])

    vm.receiver.wait_for(lambda came: came == [longest])
    dm.receiver.wait_for(lambda came: came == [longest])
    for client in (vm, dm):
        assert all("1,048,577 bytes" in one for one in client.watcher.sayings())


def test_closing_leaves_no_threads_and_says_what_is_lost(
    dm, settings, clients, threads, wait_until
):
    vm = clients(settings, VM, is_diligent=False)
    dm.send_all(VM, [b"1", b"2"])
    for client in (vm, dm):
        started_s = time.monotonic()
        client.close()
        client.close()
        assert time.monotonic() - started_s < 1.5

    assert threads() == []
    assert vm.watcher.all == []
    [sentence] = dm.watcher.sayings()
    assert sentence.startswith("2 messages for default.shop.vm were accepted and not")
    assert sentence.endswith(f"lost, as {dm.link.name} has ended.")


def test_a_peer_closes_soon_though_its_hub_is_gone(dm, settings, clients, threads):
    vm = clients(settings, VM)
    dm.close()
    vm.watcher.wait_until("lost")

    started_s = time.monotonic()
    vm.close()

    assert time.monotonic() - started_s < 1.5
    assert threads() == []


def test_a_hub_ends_soon_though_a_peer_says_nothing(dm, settings, raw, threads):
    """One that did not even finish its request, and one that was welcomed."""
    with socket.create_connection(("127.0.0.1", settings.port)) as silent:
        silent.sendall(b"GET / HTTP/1.1\r\n")
        peer = raw()
        peer.greet()
        started_s = time.monotonic()
        dm.close()
        assert time.monotonic() - started_s < 1.5

    assert not [one for one in threads() if one.name == "config-admin hub"]


def test_a_watcher_may_close_the_link_that_tells_it(dm, settings, threads, wait_until):
    class Impatient:
        def __init__(self):
            self.told = []

        def lost(self, link, error):
            self.told.append(error)
            link.close()

    watcher = Impatient()
    before = {one.name for one in threads()}
    link = settings.link(VM, watcher)
    link.open([VM])

    link._connection.abort()

    wait_until(lambda: {one.name for one in threads()} == before)
    assert len(watcher.told) == 1


def test_no_log_shows_the_token_or_a_message(dm, clients, settings, caplog):
    """Whatever level others have set."""
    with caplog.at_level(logging.DEBUG):
        peer = clients(settings, VM)
        peer.send_all(Context.dm(application="shop"), [b"hunter2"])
        dm.receiver.wait_for_count(1)

    assert settings.token not in caplog.text
    assert "hunter2" not in caplog.text
    assert "aHVudGVyMg" not in caplog.text
