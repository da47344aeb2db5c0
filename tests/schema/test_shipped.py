"""The schema and the file that come with the package."""

import ipaddress
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

PID = "net.roboconf.messaging.rabbitmq"
FILE = Path(__file__).parents[2] / "etc" / f"{PID}.cfg"
DEFAULTS = {
    "message-server-ip": "localhost",
    "message-server-username": "guest",
    "message-server-password": "guest",
}

ACCEPTED = [
    "localhost",
    "host",
    "host:4048",
    "a.b-c.example.org:1",
    "192.168.1.87",
    "http://192.168.1.87",
    "http://192.168.1.89:4048",
    "http://host",
    "[::1]",
    "[::1]:5672",
    "http://[::1]:5672",
    "[2001:db8::192.168.1.1]:65535",
    "1host",
    "3.example",
    f"{'a' * 63}.example",
    ".".join(["a" * 49] * 5) + ":5672",
]
WRONG_ADDRESSES = [
    " host",
    "host ",
    "host\n",
    "ho st",
    "host:5672\n",
    "a_b",
    "-a",
    "a-",
    "a..b",
    ".a",
    "a.",
    f"{'a' * 64}.example",
    ".".join(["a" * 50] * 5) + "aa",
    "256.1.1.1",
    "1.2.3",
    "1.2.3.4.5",
    "01.2.3.4",
    "1234",
    "::1",
    "fe80::1:5672",
    "[::1",
    "[::1]]",
    "[]",
    "[1.2.3.4]",
    "[::1%eth0]",
    "[:::]",
    "[1:2:3:4:5:6:7]",
    "[1:2:3:4:5:6:7:8:9]",
    "https://host",
    "amqp://host:5672",
    "http://",
    "http://host/",
    "host:5672/vhost",
    "guest:guest@host",
    "guest@host",
    "host?x",
    "höst",
    "\u0661.\u0662.\u0663.\u0664",
]
WRONG_PORTS = [
    "",
    "0",
    "00",
    "080",
    "65536",
    "99999",
    "100000",
    "amqp",
    "-1",
    "+1",
    "٣",
]


def address(desk, text):
    return desk.check({"message-server-ip": text}, PID)


def refusals(desk, text):
    return desk.refused({"message-server-ip": text}, PID).violations


@pytest.mark.parametrize("text", ACCEPTED)
def test_an_address_of_the_page_is_accepted_as_written(shipped, text):
    assert address(shipped, text).properties == {"message-server-ip": text}


@pytest.mark.parametrize("text", WRONG_ADDRESSES)
def test_what_is_no_address_is_told_what_one_looks_like(shipped, text):
    assert "host:port" in refusals(shipped, text)[0].expected


@pytest.mark.parametrize("port", WRONG_PORTS)
@pytest.mark.parametrize("host", ["host", "1.2.3.4", "http://host", "[::1]"])
def test_a_wrong_port_is_the_only_thing_that_is_told(shipped, host, port):
    (violation,) = refusals(shipped, f"{host}:{port}")

    assert violation.expected == "a port from 1 to 65535"
    assert violation.rule == "pattern"


@given(st.integers(-10, 70_000))
def test_a_port_is_accepted_from_1_to_65535(shipped, port):
    text = f"host:{port}"
    if 1 <= port <= 65535:
        address(shipped, text)
    else:
        refusals(shipped, text)


def is_ip(text, kind):
    try:
        kind(text)
    except ValueError:
        return False
    return True


@given(st.ip_addresses(v=4).map(str) | st.from_regex(r"[0-9.]{1,16}", fullmatch=True))
def test_digits_and_dots_are_accepted_if_they_are_an_ipv4_address(shipped, text):
    if is_ip(text, ipaddress.IPv4Address):
        address(shipped, text)
    else:
        refusals(shipped, text)


GROUPS = st.lists(st.sampled_from(["", "0", "1", "ab", "FFFF", "12345"]), max_size=10)


@example("::0:0:0:0:0:0.0.0.0")
@given(
    st.ip_addresses(v=6).map(str)
    | st.ip_addresses(v=6).map(lambda ip: ip.exploded)
    | GROUPS.map(":".join)
    | st.tuples(GROUPS, st.ip_addresses(v=4)).map(
        lambda t: ":".join([*t[0], str(t[1])])
    )
)
def test_in_brackets_stands_what_is_an_ipv6_address(shipped, text):
    if is_ip(text, ipaddress.IPv6Address):
        address(shipped, f"http://[{text}]:5672")
    else:
        refusals(shipped, f"http://[{text}]:5672")


@pytest.mark.parametrize("nothing", ["", " ", "null"])
@pytest.mark.parametrize("key", DEFAULTS)
def test_null_and_blank_mean_the_default(shipped, key, nothing):
    """CM-36."""
    checked = shipped.check({key: nothing}, PID)

    assert checked.properties == {}
    assert checked.defaults == DEFAULTS


def test_an_unknown_key_is_told_which_was_probably_meant(shipped):
    (violation,) = shipped.refused({"message_server_ips": "host"}, PID).violations

    assert violation.key == "message_server_ips"
    assert violation.rule == "additionalProperties"
    assert violation.cure == "Did you mean 'message-server-ip'?"


def test_the_file_sets_every_parameter_to_its_default():
    lines = FILE.read_text(encoding="utf-8").splitlines()
    settings = [line for line in lines if line and not line.startswith("#")]

    assert dict(line.split(" = ") for line in settings) == DEFAULTS


def test_every_address_the_file_shows_is_accepted(shipped):
    examples = re.findall(
        r"^#   (\S+)$", FILE.read_text(encoding="utf-8"), re.MULTILINE
    )

    assert len(examples) == 6
    for text in examples:
        address(shipped, text)
