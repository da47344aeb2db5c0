"""At least once becomes once."""

from config_admin.messaging.context import Context
from config_admin.messaging.message import Message
from config_admin.messaging.windows import Windows

VM = Context.agent(application="shop", instance="vm")


def message(number, *, is_repeated=False):
    return Message(f"me-{number}", "me", VM, b"", is_repeated)


def test_the_same_from_the_same_source_comes_once():
    windows = Windows()

    assert windows.is_new("a", message(1))
    assert not windows.is_new("a", message(1))
    assert windows.is_new("a", message(2))


def test_a_repeated_one_is_looked_for_everywhere():
    windows = Windows()
    windows.is_new("a", message(1))

    assert not windows.is_new("b", message(1, is_repeated=True))
    assert windows.is_new("b", message(2, is_repeated=True))


def test_the_first_copy_may_come_after_the_repeated_one():
    windows = Windows()
    assert windows.is_new("b", message(1, is_repeated=True))

    assert not windows.is_new("a", message(1))


def test_a_window_is_bounded():
    windows = Windows(most_ids=2)
    for number in range(3):
        windows.is_new("a", message(number))

    assert windows.is_new("a", message(0))
    assert not windows.is_new("a", message(2))


def test_of_many_sources_the_latest_are_remembered():
    windows = Windows()
    for source in "abcde":
        windows.is_new(source, message(1))

    assert windows.is_new("a", message(1))
    assert not windows.is_new("e", message(1))
