import threading

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from config_admin.messaging.context import Context
from config_admin.messaging.exchanges import DM_MESSAGES_LIVE_S, Exchanges, Published
from config_admin.messaging.message import Message
from config_admin.messaging.queues import Consumer

LIMIT_S = 10.0

DM = Context.dm(application="shop")
VM = Context.agent(application="shop", instance="vm")
EVERYWHERE = Context.exporters("web", application="shop")


class Clock:
    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


class Taker:
    """A consumer and what it got."""

    def __init__(self, queue="q"):
        self.bodies = []
        self.tags = []
        self.consumer = Consumer(queue, self._take)

    def _take(self, message, tag):
        self.bodies.append(message.body)
        self.tags.append(tag)


def message(body, context=VM):
    return Message(f"sender-{body!r}", "sender", context, body)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def exchanges(clock):
    exchanges = Exchanges(clock, most_messages=4, most_bytes=100, window=3)
    exchanges.bind("q", VM)
    return exchanges


def publish(exchanges, *bodies, context=VM):
    return [exchanges.publish(message(body, context)) for body in bodies]


def attached(exchanges, queue="q"):
    taker = Taker(queue)
    exchanges.attach(taker.consumer)
    return taker


def test_what_nobody_is_bound_to_is_unrouted(exchanges):
    assert exchanges.publish(message(b"1", DM)) is Published.UNROUTED


def test_a_message_comes_to_every_queue_that_is_bound_to_its_context(exchanges):
    exchanges.bind("q", EVERYWHERE)
    exchanges.bind("q", EVERYWHERE)
    exchanges.bind("r", EVERYWHERE)
    first, second = attached(exchanges), attached(exchanges, "r")

    assert exchanges.publish(message(b"1", EVERYWHERE)) is Published.ROUTED

    assert (first.bodies, second.bodies) == ([b"1"], [b"1"])


@pytest.mark.parametrize(
    "context",
    [
        Context.agent(application="shop", instance="vm2"),
        Context.agent(application="shop2", instance="vm"),
        Context.agent(application="shop", instance="vm", domain="other"),
        Context.agent(application="shop", instance="vm/server"),
    ],
)
def test_only_exactly_the_same_context_matches(exchanges, context):
    assert exchanges.publish(message(b"1", context)) is Published.UNROUTED


def test_after_the_unbinding_nothing_more_comes(exchanges):
    exchanges.unbind("q", VM)
    exchanges.unbind("q", VM)
    exchanges.unbind("nobody", VM)

    assert publish(exchanges, b"1") == [Published.UNROUTED]


def test_a_queue_keeps_what_comes_while_nobody_consumes(exchanges):
    publish(exchanges, b"1", b"2")

    assert exchanges.left() == {"q": 2}
    assert attached(exchanges).bodies == [b"1", b"2"]


def test_no_more_is_handed_over_than_the_window_until_it_is_acknowledged(exchanges):
    taker = attached(exchanges)
    publish(exchanges, b"1", b"2", b"3", b"4")
    assert taker.bodies == [b"1", b"2", b"3"]

    exchanges.acknowledge(taker.consumer, 2)

    assert taker.bodies == [b"1", b"2", b"3", b"4"]
    assert taker.tags == [1, 2, 3, 4]
    assert exchanges.waiting("q") == 2


def test_a_full_queue_takes_no_more_and_says_so(exchanges):
    attached(exchanges)

    assert publish(exchanges, *[b"x"] * 5)[-2:] == [Published.ROUTED, Published.FULL]


def test_a_queue_is_full_by_bytes_too_but_takes_one_message_however_long(exchanges):
    long = b"x" * 101
    attached(exchanges)

    assert publish(exchanges, long, b"y") == [Published.ROUTED, Published.FULL]


def test_a_full_queue_that_nobody_consumes_is_another_matter(exchanges):
    """Who is gone must not keep its senders waiting for good."""
    assert publish(exchanges, *[b"x"] * 5)[-1] is Published.ABANDONED


def test_what_one_queue_has_no_room_for_comes_to_none(exchanges):
    for queue in ("q", "r"):
        exchanges.bind(queue, EVERYWHERE)
    attached(exchanges)
    publish(exchanges, *[b"x"] * 4)

    assert exchanges.publish(message(b"y", EVERYWHERE)) is Published.FULL

    assert exchanges.waiting("r") == 0


def test_who_is_gone_keeps_nothing_from_the_others(exchanges, caplog):
    for queue in ("q", "r"):
        exchanges.bind(queue, EVERYWHERE)
    publish(exchanges, *[b"x"] * 4)

    for _ in range(3):
        assert exchanges.publish(message(b"y", EVERYWHERE)) is Published.ROUTED

    assert (exchanges.waiting("q"), exchanges.waiting("r")) == (4, 3)
    assert caplog.text.count("clients that are gone") == 1


def test_a_full_queue_stays_full_until_there_is_some_room(clock):
    """So of two that are on their way together the later never comes alone."""
    exchanges = Exchanges(clock, most_messages=20, window=20)
    exchanges.bind("q", VM)
    taker = attached(exchanges)
    publish(exchanges, *[b"x"] * 21)

    exchanges.acknowledge(taker.consumer, 1)
    assert publish(exchanges, b"y") == [Published.FULL]

    exchanges.acknowledge(taker.consumer, 3)
    assert publish(exchanges, b"y") == [Published.ROUTED]


def test_what_is_not_acknowledged_at_the_end_comes_to_the_next_one_in_order(exchanges):
    first = attached(exchanges)
    publish(exchanges, b"1", b"2", b"3", b"4")
    exchanges.acknowledge(first.consumer, 1)

    exchanges.detach(first.consumer)
    second = attached(exchanges)

    assert second.bodies == [b"2", b"3", b"4"]
    assert second.tags == [1, 2, 3]


def test_a_second_consumer_waits_until_the_first_is_detached(exchanges):
    first, second = attached(exchanges), attached(exchanges)
    publish(exchanges, b"1")
    assert second.bodies == []

    exchanges.detach(first.consumer)

    assert second.bodies == [b"1"]


def test_who_is_detached_acknowledges_nothing_of_the_next_one(exchanges):
    first = attached(exchanges)
    publish(exchanges, b"1")
    exchanges.detach(first.consumer)
    attached(exchanges)

    exchanges.acknowledge(first.consumer, 1)

    assert exchanges.waiting("q") == 1


def test_who_was_detached_is_not_attached_again(exchanges):
    taker = attached(exchanges)
    exchanges.detach(taker.consumer)
    exchanges.detach(taker.consumer)

    exchanges.attach(taker.consumer)
    publish(exchanges, b"1")

    assert taker.bodies == []


@pytest.mark.parametrize(
    ("context", "is_dropped"), [(Context.dm(), True), (DM, False), (VM, False)]
)
def test_what_dms_tell_each_other_is_dropped_when_it_is_old(
    exchanges, clock, context, is_dropped
):
    exchanges.bind("q", context)
    publish(exchanges, b"1", context=context)
    clock.now_s += DM_MESSAGES_LIVE_S
    publish(exchanges, b"2", context=context)

    expected = [b"2"] if is_dropped else [b"1", b"2"]
    assert exchanges.waiting("q") == len(expected)
    assert attached(exchanges).bodies == expected


def test_a_sink_may_call_back(exchanges):
    """It answers, and acknowledges, and even ends itself."""
    exchanges.bind("r", DM)
    answers = attached(exchanges, "r")

    def answer(question, tag):
        exchanges.publish(message(question.body + b"!", DM))
        exchanges.acknowledge(consumer, tag)
        if question.body == b"2":
            exchanges.detach(consumer)

    consumer = Consumer("q", answer)
    exchanges.attach(consumer)

    publish(exchanges, b"1", b"2", b"3")

    assert answers.bodies == [b"1!", b"2!"]
    assert exchanges.waiting("q") == 1


def test_a_sink_that_fails_does_not_stop_its_queue(exchanges):
    got = []

    def fail_once(one, tag):
        got.append(one.body)
        if len(got) == 1:
            raise ZeroDivisionError

    exchanges.attach(Consumer("q", fail_once))

    with pytest.raises(ZeroDivisionError):
        publish(exchanges, b"1")
    publish(exchanges, b"2")

    assert got == [b"1", b"2"]


def test_when_a_detach_has_returned_its_sink_runs_no_more(exchanges):
    is_in, may_go, is_out = (threading.Event() for _ in range(3))

    def hold(one, tag):
        is_in.set()
        may_go.wait(LIMIT_S)
        is_out.set()

    consumer = Consumer("q", hold)
    exchanges.attach(consumer)
    publisher = threading.Thread(target=publish, args=[exchanges, b"1"])
    publisher.start()
    assert is_in.wait(LIMIT_S)
    detaching = threading.Thread(
        target=lambda: (exchanges.detach(consumer), was_out.append(is_out.is_set()))
    )
    was_out = []
    detaching.start()

    may_go.set()
    for thread in (publisher, detaching):
        thread.join(LIMIT_S)

    assert was_out == [True]


def test_many_publishers_lose_nothing_and_keep_their_order():
    exchanges = Exchanges(Clock())
    exchanges.bind("q", VM)
    got = []
    all_came = threading.Event()

    def take(one, tag):
        got.append(one.body)
        exchanges.acknowledge(consumer, tag)
        if len(got) == 4000:
            all_came.set()

    consumer = Consumer("q", take)
    exchanges.attach(consumer)
    threads = [
        threading.Thread(
            target=publish, args=[exchanges, *(b"%d %d" % (n, i) for i in range(1000))]
        )
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)

    assert all_came.wait(LIMIT_S)
    for n in range(4):
        mine = [body for body in got if body.startswith(b"%d " % n)]
        assert mine == [b"%d %d" % (n, i) for i in range(1000)]
    assert exchanges.waiting("q") == 0


class Interleavings(RuleBasedStateMachine):
    """
    Nothing is lost, and the order is kept; nothing comes twice without a detach.

    The model: what every queue holds, and how much of that its consumer has got.
    """

    QUEUES = ("q", "r")
    CONTEXTS = (VM, DM, EVERYWHERE)

    def __init__(self):
        super().__init__()
        self.exchanges = Exchanges(Clock(), most_messages=5, window=2)
        self.bound = set()
        self.held = {queue: [] for queue in self.QUEUES}
        self.takers = {queue: [] for queue in self.QUEUES}
        self.number = 0

    @rule(queue=st.sampled_from(QUEUES), context=st.sampled_from(CONTEXTS))
    def bind(self, queue, context):
        self.exchanges.bind(queue, context)
        self.bound.add((queue, context))

    @rule(queue=st.sampled_from(QUEUES), context=st.sampled_from(CONTEXTS))
    def unbind(self, queue, context):
        self.exchanges.unbind(queue, context)
        self.bound.discard((queue, context))

    @rule(context=st.sampled_from(CONTEXTS))
    def publish(self, context):
        self.number += 1
        body = b"%d" % self.number
        targets = [queue for queue in self.QUEUES if (queue, context) in self.bound]

        published = self.exchanges.publish(message(body, context))

        if not targets:
            assert published is Published.UNROUTED
        elif any(
            len(self.held[one]) == 5 for one in targets if self.waits(one, context)
        ):
            assert published in {Published.FULL, Published.ABANDONED}
        elif published is Published.ROUTED:
            for queue in targets:
                if self.exchanges.waiting(queue) > len(self.held[queue]):
                    self.held[queue].append(body)
                else:
                    assert len(self.held[queue]) >= 4
                    assert not self.waits(queue, context)
        else:
            # Little room since it was full.
            assert published in {Published.FULL, Published.ABANDONED}
            assert any(len(self.held[queue]) >= 4 for queue in targets)

    def waits(self, queue, context):
        """Whether what is published to *context* waits for room in *queue*."""
        return context.is_of_one or bool(self.takers[queue])

    @rule(queue=st.sampled_from(QUEUES))
    def attach(self, queue):
        taker = Taker(queue)
        taker.done = 0
        self.takers[queue].append(taker)
        self.exchanges.attach(taker.consumer)

    @rule(queue=st.sampled_from(QUEUES), which=st.integers(0, 2))
    def detach(self, queue, which):
        if which < len(self.takers[queue]):
            self.exchanges.detach(self.takers[queue].pop(which).consumer)

    @rule(queue=st.sampled_from(QUEUES), count=st.integers(1, 3))
    def acknowledge(self, queue, count):
        if self.takers[queue]:
            taker = self.takers[queue][0]
            tag = min(taker.done + count, len(taker.bodies))
            done, taker.done = tag - taker.done, tag
            del self.held[queue][:done]
            self.exchanges.acknowledge(taker.consumer, tag)

    @invariant()
    def everybody_has_what_is_due(self):
        for queue, (first, *others) in (
            (queue, takers) for queue, takers in self.takers.items() if takers
        ):
            assert first.bodies[first.done :] == self.held[queue][:2]
            assert not any(other.bodies for other in others)

    @invariant()
    def as_many_wait_as_are_held(self):
        for queue, held in self.held.items():
            assert self.exchanges.waiting(queue) == len(held)


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(max_examples=60, stateful_step_count=40)
