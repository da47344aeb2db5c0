"""Which link is read after which, and when one is let go."""

import pytest

from config_admin.messaging.context import Context
from config_admin.messaging.inbox import Inbox
from config_admin.messaging.message import Message
from config_admin.messaging.relay import (
    KEEP_S,
    LINGER_S,
    NOT_LATER_THAN_S,
    STUCK_AFTER_S,
    Relay,
)

VM = Context.agent(application="shop", instance="vm")


class Clock:
    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


class Link:
    """
    Implements the reading half of `config_admin.messaging.link.Link`.

    Attributes:
        rest: Whether something is left to fetch.
        told: What it was told, in order.
    """

    def __init__(self, name, source=None, *, rest=False):
        self.name, self.source = name, source or name
        self.rest = rest
        self.told = []

    def consume_into(self, _inbox):
        self.told.append("read")

    def is_drained(self):
        return not self.rest

    def acknowledge(self, _tag):
        """Nothing is to be told."""

    def close(self):
        self.told.append("closed")


class World:
    def __init__(self):
        self.clock, self.inbox = Clock(), Inbox("me")
        self.relay = Relay("me", self.inbox, self.clock)
        self.current = None

    def use(self, link):
        self.relay.change(self.current, link)
        self.current = link
        self.relay.look()
        return link

    def look(self, times=1, after_s=0.0):
        self.clock.now_s += after_s
        for _ in range(times):
            again_s = self.relay.look()
        return again_s


@pytest.fixture
def world():
    return World()


def test_the_first_link_is_read_at_once(world):
    link = world.use(Link("a"))

    assert link.told == ["read"]
    assert world.look() is None


def test_the_next_one_is_read_when_the_one_before_is_drained_twice(world):
    """Once may be between two messages."""
    old, new = world.use(Link("a", rest=True)), world.use(Link("b"))
    world.look(times=5)
    assert new.told == []

    old.rest = False
    world.look()
    assert new.told == []
    world.look()

    assert new.told == ["read"]
    assert old.told == ["read"], "it lingers"


def test_one_that_lingered_long_enough_is_let_go(world):
    old, _ = world.use(Link("a")), world.use(Link("b"))
    world.look(times=3)
    assert world.look(after_s=LINGER_S - 0.1) is not None
    assert old.told == ["read"]

    assert world.look(after_s=0.2) is None

    assert old.told == ["read", "closed"]


def test_one_that_is_not_drained_is_kept_as_long_as_it_takes(world):
    old, _ = world.use(Link("a", rest=True)), world.use(Link("b"))

    world.look(times=3, after_s=10 * LINGER_S)
    assert "closed" not in old.told
    old.rest = False
    world.look(times=2)

    assert old.told == ["read", "closed"]


def test_one_that_is_never_drained_is_kept_for_some_minutes(world, caplog):
    """It may be gone for good."""
    old, _ = world.use(Link("a", rest=True)), world.use(Link("b"))
    world.look(after_s=KEEP_S - 1)
    assert "closed" not in old.told

    assert world.look(after_s=2) is None

    assert old.told == ["read", "closed"]
    assert "a is let go before everything was fetched from it" in caplog.text


def test_one_that_gives_nothing_holds_nobody_up_for_long(world, caplog):
    _, new = world.use(Link("a", rest=True)), world.use(Link("b"))
    world.look(after_s=STUCK_AFTER_S - 0.1)
    assert new.told == []

    world.look(after_s=0.2)

    assert new.told == ["read"]
    assert "b is read, though not everything was fetched from a" in caplog.text


def test_one_that_gives_something_is_waited_for_up_to_a_limit(world):
    old, new = world.use(Link("a", rest=True)), world.use(Link("b"))
    waited_s = 0.0
    world.inbox.add(lambda _: None)
    number = 0
    while new.told == []:
        number += 1
        before = world.inbox.fetched_from("a")
        world.inbox.receive(old, Message(f"m{number}", "you", VM, b""), number)
        while world.inbox.fetched_from("a") == before:
            pass
        world.look(after_s=1.0)
        waited_s += 1.0

    assert waited_s == NOT_LATER_THAN_S
    world.inbox.close(1.0)


def test_another_link_to_the_same_place_takes_over_at_once(world):
    """Its queue is the same: it would never be empty."""
    old = world.use(Link("a", rest=True))
    new = world.use(Link("a, another user", source="a", rest=True))

    assert new.told == ["read"]
    assert old.told == ["read", "closed"]


def test_of_three_the_last_one_waits_for_both(world):
    first = world.use(Link("a", rest=True))
    second, third = world.use(Link("b", rest=True)), world.use(Link("c"))

    first.rest = False
    world.look(times=2)
    assert (second.told, third.told) == (["read"], [])
    second.rest = False
    world.look(times=2)

    assert third.told == ["read"]


def test_back_to_where_it_came_from_waits_for_what_lay_between(world):
    first, second = world.use(Link("a")), world.use(Link("b", rest=True))
    world.look(times=2)
    back = world.use(Link("a again", source="a"))
    world.look(times=5)
    assert back.told == []
    assert first.told == ["read"]

    second.rest = False
    world.look(times=2)

    assert back.told == ["read"]
    assert first.told == ["read", "closed"]


def test_at_the_end_all_are_let_go_and_what_is_left_is_said(world, caplog):
    old, new = world.use(Link("a", rest=True)), world.use(Link("b"))

    world.relay.close()

    assert (old.told, new.told) == (["read", "closed"], ["closed"])
    assert "a is let go before everything was fetched from it" in caplog.text
    assert world.relay.links() == ()
