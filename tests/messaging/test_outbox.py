"""What is accepted leaves in order, confirmed or given up, and never otherwise."""

import threading
from time import monotonic

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from hypothesis.strategies import integers, sampled_from

from config_admin.messaging.context import Context
from config_admin.messaging.errors import ClosedError, OutboxFullError
from config_admin.messaging.outbox import Outbox
from config_admin.messaging.publication import Outcome
from config_admin.messaging.routes import UNDELIVERABLE_AFTER_S

LIMIT_S = 10.0
SOON_S = 0.05  # long enough to notice what should not happen
DM = Context.dm(application="shop")
VM = Context.agent(application="shop", instance="vm")
DB = Context.agent(application="shop", instance="db")
MANY = Context.exporters("db", application="shop")
ALL = (DM, VM, DB, MANY)


class Clock:
    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def given_up():
    return []


@pytest.fixture
def make(clock, given_up):
    def outbox(**options):
        return Outbox(
            "default.shop.me",
            clock,
            undeliverable=given_up.append,
            retry_later=lambda: None,
            **options,
        )

    return outbox


@pytest.fixture
def outbox(make):
    return make()


def put(outbox, text, context=MANY, timeout_s=0.0):
    return outbox.put(context, text.encode(), timeout_s)


def bodies(publications):
    return [one.message.body.decode() for one in publications]


def test_what_was_put_first_is_taken_first(outbox):
    for text in "abc":
        put(outbox, text)

    assert bodies(outbox.take(2)) == ["a", "b"]
    assert bodies(outbox.take(2)) == ["c"]
    assert (len(outbox), outbox.in_flight) == (3, 3)


def test_every_message_has_its_own_id_and_its_sender(make):
    ids = set()
    for outbox in (make(), make()):
        for _ in range(3):
            message = put(outbox, "a").message
            assert message.sender == "default.shop.me"
            ids.add(message.id)

    assert len(ids) == 6


def test_a_link_is_woken_once_for_a_burst(outbox):
    woken = []
    outbox.wake = lambda: woken.append(1)

    put(outbox, "a")
    put(outbox, "b")
    assert len(woken) == 1
    assert len(outbox.take(10)) == 2
    put(outbox, "c")
    assert len(woken) == 2


def test_a_confirmed_message_is_done_with(outbox):
    publication = put(outbox, "a")
    outbox.confirm(outbox.take(1))

    assert publication.outcome is Outcome.CONFIRMED
    assert publication.wait(0)
    assert outbox.flush(0)


def test_waiting_for_a_message_ends_with_its_confirmation(outbox):
    publication = put(outbox, "a")
    assert not publication.wait(0)
    taken = outbox.take(1)
    thread = threading.Thread(target=outbox.confirm, args=[taken])

    thread.start()

    assert publication.wait(LIMIT_S)
    thread.join(LIMIT_S)


def test_what_was_in_flight_is_repeated_first_and_marked(outbox):
    for text in "abcd":
        put(outbox, text)
    first, second = outbox.take(2)
    outbox.confirm([first])

    assert outbox.repeat() == 1

    again = outbox.take(10)
    assert bodies(again) == ["b", "c", "d"]
    assert [one.message.is_repeated for one in again] == [True, False, False]
    assert again[0].message.id == second.message.id


def test_a_confirmation_that_comes_after_the_repeat_still_counts(outbox):
    put(outbox, "a")
    taken = outbox.take(1)
    outbox.repeat()

    outbox.confirm(taken)

    assert outbox.take(10) == []
    assert outbox.flush(0)
    outbox.confirm(taken)
    assert len(outbox) == 0


def test_when_it_is_full_a_publisher_waits_and_then_is_told(make):
    outbox = make(most_messages=2)
    put(outbox, "a")
    put(outbox, "b")

    with pytest.raises(OutboxFullError, match=r"2 wait to be confirmed.*0.01 s"):
        put(outbox, "c", timeout_s=0.01)

    assert bodies(outbox.take(10)) == ["a", "b"]
    outbox.confirm(outbox.take(10))


def test_it_is_full_by_bytes_too_though_one_large_message_is_accepted(make):
    outbox = make(most_bytes=10)
    put(outbox, "x" * 100)

    with pytest.raises(OutboxFullError):
        put(outbox, "y")

    outbox.confirm(outbox.take(1))
    put(outbox, "y" * 5)
    put(outbox, "z" * 5)


def test_those_who_wait_for_room_get_it_in_the_order_of_coming(make):
    outbox = make(most_messages=1)
    put(outbox, "0")
    threads = []
    for number in range(1, 6):
        threads.append(
            threading.Thread(target=put, args=[outbox, str(number), MANY, LIMIT_S])
        )
        threads[-1].start()
        deadline_s = monotonic() + LIMIT_S
        while len(outbox._tickets) < number:
            assert monotonic() < deadline_s

    sent = []
    while len(sent) < 6:
        taken = outbox.take(1)
        sent += bodies(taken)
        outbox.confirm(taken)

    assert sent == list("012345")
    for thread in threads:
        thread.join(LIMIT_S)


def test_who_gave_up_waiting_leaves_the_line(make):
    outbox = make(most_messages=1)
    put(outbox, "a")
    with pytest.raises(OutboxFullError):
        put(outbox, "b", timeout_s=0.01)

    outbox.confirm(outbox.take(1))

    assert bodies(outbox.take(5)) == []
    put(outbox, "c")


def test_after_its_end_nothing_is_accepted_and_nobody_waits(make):
    outbox = make(most_messages=1)
    put(outbox, "a")
    errors = []

    def publish():
        try:
            put(outbox, "b", timeout_s=LIMIT_S)
        except ClosedError as error:
            errors.append(error)

    thread = threading.Thread(target=publish)
    thread.start()
    deadline_s = monotonic() + LIMIT_S
    while not outbox._tickets:
        assert monotonic() < deadline_s

    assert outbox.close() == 1

    thread.join(LIMIT_S)
    assert len(errors) == 1
    with pytest.raises(ClosedError, match="make a new one"):
        put(outbox, "c")


# What is for one client


def test_the_first_to_a_client_goes_alone(outbox):
    for text in "ab":
        put(outbox, text, VM)
    put(outbox, "c", DB)
    put(outbox, "d", MANY)

    first = outbox.take(10)
    assert bodies(first) == ["a", "c", "d"]

    outbox.confirm(first)
    assert bodies(outbox.take(10)) == ["b"]
    put(outbox, "e", VM)
    put(outbox, "f", VM)
    assert bodies(outbox.take(10)) == ["e", "f"]


def test_what_comes_back_is_tried_again_before_what_follows(outbox, clock, given_up):
    for text in "ab":
        put(outbox, text, VM)
    (first,) = outbox.take(10)
    outbox.returned(first)
    assert outbox.take(10) == []

    clock.now_s = outbox.retry_s()
    again = outbox.take(10)
    assert bodies(again) == ["a"]
    assert not again[0].message.is_repeated, "nobody has it"
    outbox.confirm(again)

    assert bodies(outbox.take(10)) == ["b"]
    assert given_up == []


def test_what_comes_back_for_too_long_is_given_up(outbox, clock, given_up):
    publications = [put(outbox, text, VM) for text in "abc"]
    tries = 0
    begun_s = clock.now_s
    while not given_up:
        (only,) = outbox.take(10)
        outbox.returned(only)
        tries += 1
        clock.now_s = outbox.retry_s() or clock.now_s

    assert clock.now_s - begun_s >= UNDELIVERABLE_AFTER_S
    assert tries > 5
    assert publications[0].outcome is Outcome.UNDELIVERABLE
    assert not publications[0].wait(0)
    for expected in "bc":  # each is tried once
        (only,) = outbox.take(10)
        assert bodies([only]) == [expected]
        outbox.returned(only)
    assert bodies(given_up) == list("abc")
    assert outbox.flush(0)


def test_after_one_arrives_the_patience_begins_anew(outbox, clock, given_up):
    put(outbox, "a", VM)
    outbox.returned(outbox.take(1)[0])
    clock.now_s += UNDELIVERABLE_AFTER_S
    outbox.confirm(outbox.take(1))
    put(outbox, "b", VM)

    outbox.returned(outbox.take(1)[0])

    assert given_up == []
    assert len(outbox) == 1


def test_what_is_held_and_confirmed_late_is_not_sent_again(outbox, clock):
    put(outbox, "a", VM)
    put(outbox, "b", VM)
    by_the_old_link = outbox.take(1)
    outbox.repeat()
    outbox.returned(outbox.take(1)[0])

    outbox.confirm(by_the_old_link)
    clock.now_s = outbox.retry_s()

    assert bodies(outbox.take(10)) == ["b"]


def test_one_that_comes_later_is_tried_with_patience_again(outbox, clock, given_up):
    put(outbox, "a", VM)
    while not given_up:
        outbox.returned(outbox.take(1)[0])
        clock.now_s = outbox.retry_s() or clock.now_s
    clock.now_s += 2.0
    put(outbox, "b", VM)

    outbox.returned(outbox.take(1)[0])

    assert bodies(given_up) == ["a"]


def test_what_is_for_many_does_not_overtake_what_met_a_full_queue(outbox, clock):
    for text in "abc":
        put(outbox, text)
    first, second, third = outbox.take(3)
    for one in (second, third):
        outbox.deferred(one)
    outbox.confirm([first])
    put(outbox, "d")
    assert outbox.take(10) == []

    clock.now_s = outbox.retry_s()
    again = outbox.take(10)
    outbox.confirm(again)

    assert bodies(again) + bodies(outbox.take(10)) == list("bcd")


def test_when_one_gives_up_waiting_those_behind_it_that_fit_are_let_in(make):
    outbox = make(most_bytes=10)
    put(outbox, "x" * 9)
    large = threading.Thread(target=lambda: refused(outbox, "y" * 5))
    large.start()
    wait_for_tickets(outbox, 1)
    small = threading.Thread(target=put, args=[outbox, "z", MANY, LIMIT_S])
    small.start()

    large.join(LIMIT_S)
    small.join(LIMIT_S)

    assert bodies(outbox.take(5)) == ["x" * 9, "z"]


def refused(outbox, text):
    with pytest.raises(OutboxFullError):
        put(outbox, text, MANY, SOON_S)


def wait_for_tickets(outbox, count):
    deadline_s = monotonic() + LIMIT_S
    while len(outbox._tickets) < count:
        assert monotonic() < deadline_s


def test_what_meets_a_full_queue_is_tried_as_long_as_it_takes(outbox, clock, given_up):
    put(outbox, "a", VM)
    for _ in range(50):
        (only,) = outbox.take(1)
        outbox.deferred(only)
        clock.now_s = outbox.retry_s()

    outbox.confirm(outbox.take(1))
    assert given_up == []
    assert outbox.flush(0)


def test_several_that_come_back_at_once_keep_their_order(outbox, clock):
    put(outbox, "0", VM)
    outbox.confirm(outbox.take(1))
    for text in "abc":
        put(outbox, text, VM)
    for one in reversed(outbox.take(10)):
        outbox.returned(one)

    clock.now_s = outbox.retry_s()
    first = outbox.take(10)
    outbox.confirm(first)

    assert bodies(first) + bodies(outbox.take(10)) == list("abc")


class Sending(RuleBasedStateMachine):
    """A sender, and a place where queues come late, and that does not always answer."""

    def __init__(self):
        super().__init__()
        self.clock = Clock()
        self.given_up = []
        self.outbox = Outbox(
            "me",
            self.clock,
            undeliverable=self.given_up.append,
            retry_later=lambda: None,
            most_messages=30,
        )
        self.put = []
        self.arrived = []
        self.there = {MANY}
        self.unsure = []  # arrived, though not confirmed

    @rule(context=sampled_from(ALL))
    def publish(self, context):
        if len(self.outbox) < 30:
            self.put.append(put(self.outbox, str(len(self.put)), context))

    @rule(most=integers(1, 4))
    def send(self, most):
        for one in self.outbox.take(most):
            self.settle(one)

    @rule(most=integers(1, 4))
    def send_and_hear_nothing(self, most):
        for one in self.outbox.take(most):
            if one.message.context in self.there:
                self.arrived.append(one)
                self.unsure.append(one)

    @rule()
    def lose_the_link(self):
        self.outbox.repeat()

    @rule()
    def hear_late(self):
        self.outbox.confirm(self.unsure)
        self.unsure.clear()

    @rule(context=sampled_from((DM, VM, DB)))
    def come(self, context):
        self.there |= {context}

    @rule(tenths=integers(1, 10))
    def pass_time(self, tenths):
        self.clock.now_s += tenths / 10

    def settle(self, one):
        context = one.message.context
        if context in self.there or not context.is_of_one:
            self.arrived.append(one)
            self.outbox.confirm([one])
        else:
            self.outbox.returned(one)

    @invariant()
    def the_count_is_that_of_the_pending(self):
        pending = [one for one in self.put if one.outcome is Outcome.PENDING]
        assert len(self.outbox) == len(pending)

    def teardown(self):
        self.there = set(ALL)
        self.outbox.repeat()
        while len(self.outbox):
            taken = self.outbox.take(5)
            for one in taken:
                self.settle(one)
            if not taken:
                assert self.outbox.retry_s() is not None, "nothing will ever come"
                self.clock.now_s = self.outbox.retry_s()
        for context in ALL:
            sent = [one for one in self.put if one.message.context is context]
            kept = [one for one in sent if one not in self.given_up]
            first = dict.fromkeys(
                one for one in self.arrived if one.message.context is context
            )
            assert [one for one in first if one in kept] == kept, "lost, or reordered"


Sending.TestCase.settings = settings(stateful_step_count=40)
test_nothing_is_lost_and_the_order_to_each_client_holds = Sending.TestCase
