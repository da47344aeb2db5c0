import threading
import time
from dataclasses import dataclass, field

import pytest

from config_admin.messaging import memory
from config_admin.messaging.context import Context
from config_admin.messaging.exchanges import Exchanges
from config_admin.messaging.memory import LocalLink, Process
from config_admin.messaging.publication import Outcome

LIMIT_S = 10.0

DM = Context.dm()
DM_OF_SHOP = Context.dm(application="shop")
VM = Context.agent(application="shop", instance="vm")
DB = Context.agent(application="shop", instance="db")
EXPORTERS = Context.exporters("web", application="shop")


@dataclass(frozen=True)
class Settings:
    """As `MemorySettings`, with other exchanges for each test."""

    exchanges: Exchanges = field(
        default_factory=lambda: Exchanges(time.monotonic, most_messages=300)
    )
    most_bytes: int | None = None

    def link(self, owner, watcher):
        place = Process(self.exchanges)
        place.most_bytes = self.most_bytes
        return LocalLink(owner, watcher, place)


@pytest.fixture
def settings():
    return Settings()


@pytest.mark.parametrize("properties", [None, {}])
def test_it_needs_no_configuration(properties):
    assert memory.read(properties) == memory.MemorySettings()


def test_all_links_of_a_process_meet(clients):
    dm = clients(memory.read(None), DM, [DM_OF_SHOP])
    vm = clients(memory.read(None), VM)

    vm.send(DM_OF_SHOP, b"hello")
    dm.send(VM, b"welcome")

    dm.receiver.wait_for(lambda came: came == [b"hello"])
    vm.receiver.wait_for(lambda came: came == [b"welcome"])


def test_a_link_says_what_it_is(settings, watcher):
    link = settings.link(VM, watcher)
    assert (link.name, link.source) == ("in-memory messaging", "in-memory")
    assert not link.is_up
    link.open([VM])
    assert link.is_up
    link.close()
    assert not link.is_up


def test_a_message_to_one_that_is_not_there_arrives_when_it_comes(settings, clients):
    dm = clients(settings, DM)
    sent = dm.send(VM, b"1")
    assert sent.outcome is Outcome.PENDING

    vm = clients(settings, VM)

    assert sent.wait(LIMIT_S)
    vm.receiver.wait_for(lambda came: came == [b"1"])


def test_a_message_to_many_is_confirmed_though_nobody_listens(settings, clients):
    assert clients(settings, DM).send(EXPORTERS, b"1").wait(LIMIT_S)


def test_what_finds_a_full_queue_arrives_later_in_order(settings, clients):
    dm = clients(settings, DM)
    slow = clients(settings, VM, is_diligent=False)
    bodies = [b"%d" % number for number in range(400)]

    sent = [dm.send(VM, body) for body in bodies]
    slow.receiver.wait_for_count(256)
    assert sent[-1].outcome is Outcome.PENDING
    slow.receiver.is_diligent = True
    slow.link.acknowledge(256)

    slow.receiver.wait_for_count(400)
    assert slow.receiver.all == bodies


def test_many_publish_at_once_and_each_keeps_its_order(settings, clients):
    dm, vm = clients(settings, DM), clients(settings, VM)

    def publish(number):
        dm.send_all(VM, [b"%d %d" % (number, i) for i in range(200)])

    threads = [threading.Thread(target=publish, args=[n]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)

    came = vm.receiver.wait_for_count(800)
    for n in range(4):
        mine = [body for body in came if body.startswith(b"%d " % n)]
        assert mine == [b"%d %d" % (n, i) for i in range(200)]


def test_two_links_of_one_client_lose_nothing_between_them(
    settings, clients, watcher, new_receiver
):
    """As when it changes from the one to the other."""
    dm = clients(settings, DM)
    vm = clients(settings, VM, is_diligent=False)
    dm.send_all(VM, [b"1", b"2"])
    vm.link.acknowledge(1)
    later, receiver = settings.link(VM, watcher), new_receiver()
    later.open([VM])
    later.consume_into(receiver)
    assert receiver.all == []

    vm.close()
    dm.send_all(VM, [b"3"])

    receiver.wait_for(lambda came: came == [b"2", b"3"])
    assert later.is_drained()


def test_after_a_pause_nothing_is_taken_until_it_may_publish_again(settings, clients):
    dm, vm = clients(settings, DM), clients(settings, VM)
    dm.link.pause()
    sent = dm.send(VM, b"1")
    dm.link.wake()
    assert (len(dm.outbox), dm.outbox.in_flight) == (1, 0)

    dm.link.publish_from(dm.outbox)

    assert sent.wait(LIMIT_S)
    assert vm.receiver.all == [b"1"]


def test_it_is_drained_when_all_is_acknowledged(settings, clients):
    dm = clients(settings, DM)
    vm = clients(settings, VM, is_diligent=False)
    assert vm.link.is_drained()
    dm.send_all(VM, [b"1"])
    assert not vm.link.is_drained()

    vm.link.acknowledge(1)

    assert vm.link.is_drained()


def test_subscriptions_come_and_go(settings, clients):
    dm, vm = clients(settings, DM), clients(settings, VM)
    dm.send_all(EXPORTERS, [b"1"])
    vm.link.subscribe(EXPORTERS)
    dm.send_all(EXPORTERS, [b"2"])
    vm.link.unsubscribe(EXPORTERS)
    dm.send_all(EXPORTERS, [b"3"])

    assert vm.receiver.all == [b"2"]


def test_closing_says_how_many_messages_stay(settings, clients):
    dm = clients(settings, DM)
    vm = clients(settings, VM, is_diligent=False)
    dm.send_all(VM, [b"1", b"2"])

    vm.close()
    vm.close()

    assert vm.watcher.sayings() == [
        "2 messages for default.shop.vm were accepted and not fetched."
    ]
    assert clients(settings, VM).receiver.all == [b"1", b"2"]


def test_a_closed_link_does_nothing_more(settings, clients, new_receiver):
    vm = clients(settings, VM)
    vm.close()
    vm.send(DB, b"1")
    vm.link.consume_into(new_receiver())
    vm.link.subscribe(EXPORTERS)
    vm.link.unsubscribe(EXPORTERS)
    vm.link.acknowledge(1)

    assert vm.outbox.in_flight == 0
    assert not vm.link.is_drained()
    assert vm.watcher.all == []


def test_what_is_too_long_for_its_place_is_not_sent_and_it_says_so_once(clients):
    settings = Settings(most_bytes=3)
    dm, vm = clients(settings, DM), clients(settings, VM)

    dm.send(VM, b"1234")
    dm.link.wake()
    dm.send_all(EXPORTERS, [b"123"])
    dm.link.wake()

    assert vm.receiver.all == []
    [sentence] = dm.watcher.sayings()
    assert "has 4 bytes" in sentence
    assert "3 at most" in sentence
