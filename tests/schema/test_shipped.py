"""The schema and the file of the RabbitMQ messaging that come with the package."""

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
LONG = "net.roboconf.messaging.rabbitmq."
OTHER_DEFAULTS = {
    f"{LONG}server.virtual-host": "/",
    f"{LONG}confirm-timeout-s": 5,
    f"{LONG}ssl.use": False,
    f"{LONG}ssl.protocol": "TLSv1.2",
    f"{LONG}ssl.key.store.type": "PKCS12",
    f"{LONG}ssl.trust.store.type": "PKCS12",
    f"{LONG}ssl.pass.as.user.data": True,
}
LONG_NAMES = {
    "message-server-ip": f"{LONG}server.ip",
    "message-server-username": f"{LONG}server.username",
    "message-server-password": f"{LONG}server.password",
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
    assert checked.defaults == {**DEFAULTS, **OTHER_DEFAULTS}


@pytest.mark.parametrize("short", LONG_NAMES)
def test_a_long_name_is_the_short_one(shipped, short):
    """CM-36."""
    checked = shipped.check({LONG_NAMES[short]: "host"}, PID)

    assert checked.properties == {LONG_NAMES[short]: "host"}
    assert short not in checked.defaults
    assert len(checked.defaults) == len(DEFAULTS) + len(OTHER_DEFAULTS) - 1


@pytest.mark.parametrize("short", LONG_NAMES)
def test_both_names_with_different_values_are_refused(shipped, short):
    error = shipped.refused({short: "hush", LONG_NAMES[short]: "other"}, PID)

    (violation,) = error.violations
    assert violation.key == LONG_NAMES[short]
    assert short in violation.found
    assert ("hush" in str(error)) == ("password" not in short)


def test_a_wrong_address_is_told_under_its_long_name(shipped):
    (violation,) = shipped.refused({f"{LONG}server.ip": "host:0"}, PID).violations

    assert violation.key == f"{LONG}server.ip"
    assert violation.expected == "a port from 1 to 65535"


TLS = [
    ("ssl.use", "true", True),
    ("ssl.protocol", "TLSv1.3", "TLSv1.3"),
    ("ssl.key.store.path", "/a b.p12", "/a b.p12"),
    ("ssl.key.store.type", "PEM", "PEM"),
    ("ssl.trust.store.path", "c.pem", "c.pem"),
    ("ssl.trust.store.type", "PKCS12", "PKCS12"),
    ("ssl.key.store.passphrase", "x", "x"),
    ("ssl.pass.as.user.data", "false", False),
    ("ssl.key.manager.factory", "SunX509", "SunX509"),
    ("ssl.trust.manager.factory", "SunX509", "SunX509"),
    ("confirm-timeout-s", "0.25", 0.25),
    ("server.virtual-host", "roboconf", "roboconf"),
]


@pytest.mark.parametrize(("key", "text", "value"), TLS)
def test_what_the_long_names_take(shipped, key, text, value):
    assert shipped.check({LONG + key: text}, PID).properties == {LONG + key: value}


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("ssl.use", "yes", "true or false"),
        ("ssl.protocol", "TLSv1.1", "one of 'TLSv1.2', 'TLSv1.3'"),
        ("ssl.key.store.type", "JKS", "keytool -importkeystore"),
        ("ssl.trust.store.type", "JKS", "-deststoretype pkcs12"),
        ("confirm-timeout-s", "0", "a number greater than 0"),
    ],
)
def test_what_the_long_names_do_not_take_is_told_with_a_cure(
    shipped, key, text, expected
):
    (violation,) = shipped.refused({LONG + key: text}, PID).violations

    assert expected in violation.expected


@pytest.mark.parametrize("store", ["key", "trust"])
def test_a_passphrase_is_a_secret_and_blank_is_none(shipped, store):
    key = f"{LONG}ssl.{store}.store.passphrase"

    assert shipped.validator.is_secret(PID, key)
    assert "hush" not in repr(shipped.check({key: "hush"}, PID).properties)
    assert shipped.check({key: ""}, PID).properties == {}


def test_an_unknown_key_is_told_which_was_probably_meant(shipped):
    (violation,) = shipped.refused({"message_server_ips": "host"}, PID).violations

    assert violation.key == "message_server_ips"
    assert violation.rule == "additionalProperties"
    assert violation.cure == "Did you mean 'message-server-ip'?"


def test_the_file_sets_every_parameter_to_its_default():
    lines = FILE.read_text(encoding="utf-8").splitlines()
    settings = [line for line in lines if line and not line.startswith("#")]

    assert dict(line.split(" = ") for line in settings) == DEFAULTS


def test_what_the_file_leaves_commented_out_is_accepted_as_it_stands(shipped):
    text = FILE.read_text(encoding="utf-8")
    commented = dict(re.findall(rf"(?m)^# ({re.escape(LONG)}\S+) =[ ]?(.*)$", text))

    shipped.check(commented, PID)

    named = [one.partition("rabbitmq.")[2] for one in commented]
    assert set(named) == {key for key, _, _ in TLS} | {"ssl.trust.store.passphrase"}


def test_every_address_the_file_shows_is_accepted(shipped):
    examples = re.findall(
        r"^#   (\S+)$", FILE.read_text(encoding="utf-8"), re.MULTILINE
    )

    assert len(examples) == 6
    for text in examples:
        address(shipped, text)
