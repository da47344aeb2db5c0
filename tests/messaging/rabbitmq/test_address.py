"""The forms of an address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_admin.messaging.rabbitmq import address


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("192.168.1.87", "192.168.1.87", None),
        ("host:4048", "host", 4048),
        ("http://192.168.1.87", "192.168.1.87", None),
        ("http://192.168.1.89:4048", "192.168.1.89", 4048),
        ("HTTP://broker.example.com/", "broker.example.com", None),
        ("amqp://broker", "broker", None),
        ("[::1]:5672", "::1", 5672),
        ("[::1]", "::1", None),
        ("fe80::1", "fe80::1", None),
        ("broker_1.local:1", "broker_1.local", 1),
    ],
)
def test_an_address_has_a_host_and_perhaps_a_port(text, host, port):
    assert address.parse(text) == (host, port)


@pytest.mark.parametrize(
    "text",
    [
        "host:",
        "host:0",
        "host:65536",
        "host:five",
        "host:٥٦٧٢",
        ":5672",
        "a:b:c",
        "[::1",
        "[host]:1",
        "two hosts",
        "https://host",
        "http://host/path",
        "http://",
    ],
)
def test_what_is_no_address_is_refused_with_what_one_is(text):
    with pytest.raises(ValueError, match="Write"):
        address.parse(text)


def test_a_password_in_an_address_is_refused_and_not_shown():
    with pytest.raises(ValueError, match="under their own keys") as caught:
        address.parse("http://user:hidden@host")

    assert "hidden" not in str(caught.value)


@given(st.text())
def test_any_text_is_an_address_or_refused(text):
    try:
        host, port = address.parse(text)
    except ValueError:
        return
    assert host
    assert address.parse(address.written(host, port or 1)) == (host, port or 1)
