"""What is received is called back once, in order, whatever callbacks do."""

import logging
import threading

import pytest

from config_admin.messaging.context import Context
from config_admin.messaging.inbox import Inbox
from config_admin.messaging.message import Message

LIMIT_S = 10.0
VM = Context.agent(application="shop", instance="vm")


class Link:
    """
    Implements the half of `config_admin.messaging.link.Link` that an inbox uses.

    Attributes:
        acknowledged: The tags, in order.
    """

    def __init__(self, source="a"):
        self.name = self.source = source
        self.acknowledged = []
        self._changed = threading.Condition()

    def acknowledge(self, tag):
        with self._changed:
            self.acknowledged.append(tag)
            self._changed.notify_all()

    def wait_for(self, tags):
        with self._changed:
            assert self._changed.wait_for(lambda: self.acknowledged == tags, LIMIT_S)


class UnspeakableError(Exception):
    def __str__(self):
        raise ValueError("it cannot even say so")


@pytest.fixture
def inbox():
    inbox = Inbox("me")
    yield inbox
    inbox.close(LIMIT_S)


def message(text):
    return Message(f"you-{text}", "you", VM, text.encode())


def test_before_there_is_a_callback_messages_wait(inbox):
    link, came = Link(), []
    inbox.receive(link, message("1"), 1)
    inbox.receive(link, message("2"), 2)
    assert link.acknowledged == []

    inbox.add(came.append)

    link.wait_for([1, 2])
    assert [(one.body, one.way) for one in came] == [(b"1", "a"), (b"2", "a")]


def test_what_came_before_is_acknowledged_and_not_called_back(inbox):
    link, came = Link(), []
    inbox.add(came.append)

    for tag, text in enumerate("1121", start=1):
        inbox.receive(link, message(text), tag)

    link.wait_for([1, 2, 3, 4])
    assert [one.body for one in came] == [b"1", b"2"]
    assert (inbox.received, inbox.duplicates) == (2, 2)
    assert inbox.fetched_from("a") == 4


@pytest.mark.parametrize(
    "error", [ValueError("hunter2"), UnspeakableError(), SystemExit(1)]
)
def test_a_callback_that_raises_is_told_by_its_kind_alone(inbox, caplog, error):
    link, came = Link(), []

    def fail(_):
        raise error

    inbox.add(fail)
    inbox.add(came.append)
    with caplog.at_level(logging.INFO):
        inbox.receive(link, message("hunter2"), 1)
        link.wait_for([1])

    assert len(came) == inbox.failed == 1
    assert type(error).__name__ in caplog.text
    assert "hunter2" not in caplog.text.replace("you-hunter2", "")


def test_of_a_link_that_was_lost_nothing_is_kept(inbox):
    """It comes again; else each loss would add to what waits."""
    lost, other, came = Link("a"), Link("b"), []
    inbox.receive(lost, message("1"), 1)
    inbox.receive(other, message("2"), 1)

    inbox.forget(lost)
    inbox.add(came.append)

    other.wait_for([1])
    assert [one.body for one in came] == [b"2"]
    assert lost.acknowledged == []


def test_after_its_end_nothing_is_called_back(inbox):
    link, came = Link(), []
    inbox.add(came.append)
    inbox.close(LIMIT_S)

    inbox.receive(link, message("1"), 1)
    inbox.add(came.append)

    assert came == link.acknowledged == []
