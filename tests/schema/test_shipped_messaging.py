"""The schemas and files that come with the package, besides that of RabbitMQ."""

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from config_admin.core.errors import InvalidConfigurationError, UsageError
from config_admin.fileinstall.names import file_name_of, pid_of
from config_admin.formats import cfg
from config_admin.messaging.context import Context

ETC = Path(__file__).parents[2] / "etc"
FILES = sorted(ETC.glob("*.cfg"))
DM = "net.roboconf.dm.configuration"
AGENT = "net.roboconf.agent.configuration"
HTTP = "net.roboconf.messaging.http"
NOTHING = ["net.roboconf.messaging.in-memory", "net.roboconf.messaging.idle"]


def is_accepted(desk, pid, properties):
    try:
        desk.check(properties, pid)
    except InvalidConfigurationError:
        return False
    return True


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_every_file_fits_its_schema_and_needs_no_look(shipped, file):
    pid = pid_of(file.name, ".cfg")
    reading = cfg.read(file.read_text(encoding="utf-8"))

    checked = shipped.check(reading.properties, pid)

    assert checked.schema is not None
    assert reading.warnings == ()
    assert file.name == file_name_of(pid, ".cfg")


def test_every_schema_has_a_file(shipped):
    pids = [path.name.removesuffix(".schema.json") for path in shipped.files()]

    assert sorted(pids) == sorted(pid_of(file.name, ".cfg") for file in FILES)


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_every_key_of_a_schema_stands_in_its_file(shipped, file):
    text = file.read_text(encoding="utf-8")

    for key in shipped.validator.declared(pid_of(file.name, ".cfg")):
        assert re.search(rf"(?m)(?<![\w.-]){re.escape(key)}(?![\w-])", text), key


def test_the_name_of_a_file_with_a_dash_is_explained_first():
    text = (ETC / "net.roboconf.messaging.in%2Dmemory.cfg").read_text(encoding="utf-8")

    assert "%2D" in text.split("\n#\n")[1]


@pytest.mark.parametrize("pid", NOTHING)
def test_where_nothing_can_be_configured_no_key_is_accepted(shipped, pid):
    assert shipped.check({}, pid).effective() == {}
    (violation,) = shipped.refused({"a": "1"}, pid).violations
    assert violation.expected == "no key at all"


def test_the_dm_and_an_agent_idle_in_the_default_domain(shipped):
    expected = {"messaging-type": "idle", "domain": "default"}

    assert shipped.check({}, DM).effective() == expected
    assert shipped.check({}, AGENT).effective() == expected


@pytest.mark.parametrize("pid", [DM, AGENT])
def test_a_messaging_type_is_one_of_four(shipped, pid):
    for name in ("rabbitmq", "http", "in-memory", "idle"):
        shipped.check({"messaging-type": name}, pid)
    (violation,) = shipped.refused({"messaging-type": "rabbit"}, pid).violations
    assert violation.expected == "one of 'rabbitmq', 'http', 'in-memory', 'idle'"


# Names as a context takes them

ALPHABET = "abzAZ019_- .*#/\n\té\u0661"
NAMES = st.text(ALPHABET, min_size=1, max_size=6) | st.integers(60, 70).map("a".__mul__)


def is_taken(make, **names):
    try:
        make(**names)
    except UsageError:
        return False
    return True


@example("amq")
@example("amqp")
@example("a" * 64)
@example("a" * 65)
@example("a\n")
@given(NAMES.filter(str.strip))
def test_a_domain_is_accepted_if_a_context_takes_it(shipped, name):
    expected = is_taken(Context.dm, domain=name)

    assert is_accepted(shipped, DM, {"domain": name}) is expected
    assert is_accepted(shipped, AGENT, {"domain": name}) is expected


@given(NAMES.filter(str.strip))
def test_an_application_is_accepted_if_a_context_takes_it(shipped, name):
    expected = is_taken(Context.agent, application=name, instance="/vm")

    assert is_accepted(shipped, AGENT, {"application-name": name}) is expected


PATHS = st.lists(NAMES | st.just(""), min_size=1, max_size=5).map("/".join)


@example("/" + "/".join(["a" * 59] * 3))
@example("//" + "/".join(["a" * 59] * 2 + ["a" * 60]) + "///")
@example("/".join(["a" * 59] * 2 + ["a" * 61]))
@example("/".join(["a" * 59] * 3) + "/a")
@example("/".join(["a" * 59] * 3) + "/")
@example("///")
@example("/vm/\n")
@given(PATHS.filter(str.strip))
def test_a_path_is_accepted_if_a_context_takes_it(shipped, path):
    expected = is_taken(Context.agent, application="shop", instance=path)

    for key in ("scoped-instance-path", "root-instance-name"):
        assert is_accepted(shipped, AGENT, {key: path}) is expected


# An agent


@pytest.mark.parametrize("nothing", ["", " ", "null"])
@pytest.mark.parametrize(
    "key",
    [
        "target-id",
        "application-name",
        "scoped-instance-path",
        "root-instance-name",
        "ip-address-of-the-agent",
        "user-data-file",
        "user-data-variable",
    ],
)
def test_what_is_blank_is_not_set(shipped, key, nothing):
    assert shipped.check({key: nothing}, AGENT).effective().keys() == {
        "domain",
        "messaging-type",
    }


@pytest.mark.parametrize(
    ("sources", "is_right"),
    [
        ({}, False),
        ({"user-data-file": "/a"}, True),
        ({"user-data-variable": "A"}, True),
        ({"user-data-file": "", "user-data-variable": "A"}, True),
        ({"user-data-file": "/a", "user-data-variable": "A"}, False),
    ],
)
def test_user_data_comes_from_one_place(shipped, sources, is_right):
    assert is_accepted(shipped, AGENT, {**sources, "target-id": "embedded"})
    assert is_accepted(shipped, AGENT, sources)

    properties = {**sources, "target-id": "iaas-ec2"}

    assert is_accepted(shipped, AGENT, properties) is is_right
    if not is_right:
        (violation,) = shipped.refused(properties, AGENT).violations
        assert violation.expected.startswith("one of user-data-file and user-data-var")


# HTTP


def test_http_has_defaults_and_needs_no_token(shipped):
    expected = {f"{HTTP}.server.ip": "127.0.0.1", f"{HTTP}.server.port": 8181}

    assert shipped.check({}, HTTP).effective() == expected
    assert shipped.check({f"{HTTP}.token": ""}, HTTP).effective() == expected


@pytest.mark.parametrize("address", ["dm.example.org", "0.0.0.0", "::1", "localhost"])  # noqa: S104 - nobody listens
def test_an_address_of_a_dm_is_accepted(shipped, address):
    shipped.check({f"{HTTP}.server.ip": address}, HTTP)


@pytest.mark.parametrize(
    "address", ["256.1.1.1", "host:80", "http://host", "[::1]", "a b", "1.2.3"]
)
def test_what_is_no_address_of_a_dm_is_told_what_one_looks_like(shipped, address):
    (violation,) = shipped.refused({f"{HTTP}.server.ip": address}, HTTP).violations

    assert violation.expected.endswith("without a port")


def test_a_short_token_is_refused_and_never_shown(shipped):
    key = f"{HTTP}.token"

    error = shipped.refused({key: "hush-hush"}, HTTP)

    assert error.violations[0].expected == "at least 16 characters"
    assert "hush" not in str(error)
    assert "hush" not in repr(shipped.check({key: "hush" * 4}, HTTP).properties)
