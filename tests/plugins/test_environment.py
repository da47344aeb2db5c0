"""CM-50: variables of the environment override keys, with or without a file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_admin.core.errors import InvalidConfigurationError
from config_admin.core.faults import FaultKind, faults_of
from config_admin.core.properties import Properties
from config_admin.plugins.environment import OverridingValidator

RABBITMQ = "net.roboconf.messaging.rabbitmq"
IP = "NET_ROBOCONF_MESSAGING_RABBITMQ__MESSAGE_SERVER_IP"
PORT = {"type": "integer", "minimum": 1, "maximum": 65535}


@pytest.fixture
def under(bench):
    """The validator of a process with these variables."""

    def make(environment, declared=bench.schemas.declared):
        return OverridingValidator(
            environment, bench.validator, declared=declared, faults=bench.book
        )

    return make


def refused(validator, properties, pid="p"):
    with pytest.raises(InvalidConfigurationError) as caught:
        validator.check(pid, Properties(properties))
    assert caught.value.pid == pid
    return caught.value.violations


def test_a_variable_sets_one_key_of_one_pid(bench, under):
    """CM-50."""
    declared = {"message-server-ip": {"default": "localhost"}, "port": PORT}
    bench.declare(declared, RABBITMQ)
    bench.declare(declared, "other")
    validator = under({IP: "192.168.1.87", "HOME": "/root"})

    checked = validator.check(RABBITMQ, Properties({"port": "1"}))

    assert checked.effective() == {"message-server-ip": "192.168.1.87", "port": 1}
    assert checked.properties == {"port": 1}
    other = validator.check("other", Properties({"port": "1"}))
    assert other.effective() == {"message-server-ip": "localhost", "port": 1}


NAMES = [
    ("net.app", "message-server-ip", "NET_APP__MESSAGE_SERVER_IP"),
    ("a", "b", "A__B"),
    ("f~x", "k", "F_X__K"),
    ("p|app|1.2", "k.l", "P_APP_1_2__K_L"),
    ("p", "maxSize", "P__MAXSIZE"),
    ("p", "a/b c", "P__A_B_C"),
    ("größe", "straße", "GR__E__STRA_E"),
    ("a__b", "c_", "A__B__C_"),
    ("9", "9", "9__9"),
]


@pytest.mark.parametrize(("pid", "key", "variable"), NAMES)
def test_the_name_is_upper_case_with_all_else_as_underscores(under, pid, key, variable):
    """CM-50: only what every shell can set."""
    validator = under({variable: "new"})

    checked = validator.check(pid, Properties({key: "old"}))

    assert checked.effective() == {key: "new"}
    assert validator.sources(pid, [key]) == {key: variable}


@pytest.mark.parametrize("variable", ["p__k", "P_K", "P___K", "P__K_", "XP__K", "__K"])
def test_another_name_sets_nothing(under, variable):
    """CM-50."""
    checked = under({variable: "new"}).check("p", Properties({"k": "old"}))

    assert checked.effective() == {"k": "old"}


def test_without_variables_the_result_is_that_of_the_validator_within(bench, under):
    """CM-50: who overrides nothing notices nothing."""
    bench.declare({"port": PORT})
    validator = under({"Q__PORT": "1", "HOME": "/root"})
    properties = Properties({"port": "5"})

    assert validator.check("p", properties) == bench.validator.check("p", properties)
    assert validator.schema_of("p") == bench.validator.schema_of("p")
    assert validator.without("p") is None
    assert validator.sources("p", ["port"]) == {}


def test_what_the_file_says_stays_to_be_seen(bench, under):
    """CM-50: `get` shows the file."""
    bench.declare({"port": PORT, "host": {}})
    validator = under({"P__PORT": "2"})

    checked = validator.check("p", Properties({"PORT": "1", "host": "h"}))

    assert checked.properties == {"port": 1, "host": "h"}
    assert checked.effective() == {"port": 2, "host": "h"}
    assert list(checked.effective()) == ["PORT", "host"]


def test_what_only_fits_because_it_is_overridden_is_seen_as_written(bench, under):
    """CM-50: coerced where it can be, beside what cannot."""
    bench.declare(
        {"port": PORT, "idle": PORT, "ttl": PORT, "pw": {"writeOnly": True}},
        required=["pw"],
    )
    validator = under({"P__PORT": "2", "P__IDLE": "3", "P__PW": "hunter2"})

    checked = validator.check(
        "p", Properties({"port": "70000", "idle": "4", "ttl": "5"})
    )

    assert checked.properties == {"port": "70000", "idle": 4, "ttl": 5}
    assert checked.effective() == {"port": 2, "idle": 3, "ttl": 5, "pw": "hunter2"}


def test_what_is_seen_as_written_is_masked_as_ever(bench, under):
    """CM-37, CM-50."""
    bench.declare({"pin-code": {**PORT, "writeOnly": True}})

    checked = under({"P__PIN_CODE": "2"}).check("p", Properties({"pin-code": "oops"}))

    assert checked.properties == {"pin-code": "oops"}
    assert "oops" not in repr(checked)


def test_a_blank_variable_means_the_default(bench, under):
    """CM-36, CM-50: as a blank in the file does."""
    bench.declare({"port": {**PORT, "default": 5672}})

    checked = under({"P__PORT": ""}).check("p", Properties({"port": "1"}))

    assert checked.properties == {"port": 1}
    assert checked.effective() == {"port": 5672}


KINDS = {
    "i": {"type": "integer", "default": 7},
    "b": {"type": "boolean"},
    "n": {"type": "number"},
    "s": {"type": "string", "pattern": "^[^x]*$"},
    "l": {"type": "array", "items": {"type": "integer"}},
    "d": {"type": "string", "default": "${s:-none}"},
}
TEXTS = st.sampled_from(["", " ", "null", "1", "-2.5", "true", "1, 2", "x", "${i}"])
WRITTEN = st.dictionaries(st.sampled_from([*KINDS, "undeclared"]), TEXTS)


@given(WRITTEN, st.dictionaries(st.sampled_from(list(KINDS)), TEXTS, min_size=1))
def test_an_override_is_an_update_of_the_file(shared_bench, written, overrides):
    """CM-50: what is delivered, and what is refused, is the same."""
    bench = shared_bench
    bench.declare(KINDS)
    environment = {f"P__{key.upper()}": text for key, text in overrides.items()}
    validator = OverridingValidator(
        environment, bench.validator, declared=bench.schemas.declared, faults=bench.book
    )

    expected = outcome(bench.validator, {**written, **overrides})
    assert outcome(validator, written) == expected
    alone = outcome(validator, None)
    assert alone == outcome(bench.validator, overrides)


def outcome(validator, properties):
    """What is delivered, or the keys that are at fault."""
    try:
        checked = (
            validator.without("p")
            if properties is None
            else validator.check("p", Properties(properties))
        )
    except InvalidConfigurationError as error:
        return {violation.key for violation in error.violations}
    return checked.effective()


# Placeholders


def test_a_variable_may_hold_placeholders_and_those_of_the_file_see_it(under):
    """CM-50, CM-61: an override comes before placeholders are replaced."""
    validator = under({"P__HOST": "${env:HOST}", "P__NAME": "$[secret:pw]"})

    checked = validator.check(
        "p", Properties({"url": "http://${host}", "host": "old", "name": "n"})
    )

    assert checked.properties == {"url": "http://old", "host": "old", "name": "n"}
    assert checked.effective() == {
        "url": "http://example.org",
        "host": "example.org",
        "name": "hunter2",
    }
    assert "hunter2" not in repr(checked)


def test_a_secret_of_the_file_is_resolved_beside_an_override(under):
    """CM-50: secrets of both are known, so that neither is ever shown."""
    validator = under({"P__PORT": "2"})

    checked = validator.check("p", Properties({"dsn": "u:$[secret:pw]", "port": "1"}))

    assert checked.effective() == {"dsn": "u:hunter2", "port": "2"}
    assert checked.secrets == ("hunter2",)


def test_a_secret_that_is_overridden_is_still_known(under):
    """CM-37, CM-50: `get` shows the file."""
    checked = under({"P__DSN": "plain"}).check("p", Properties({"dsn": "$[secret:pw]"}))

    assert checked.properties == {"dsn": "hunter2"}
    assert checked.secrets == ("hunter2",)
    assert "hunter2" not in repr(checked)


def test_a_secret_that_is_overridden_need_not_be_there(under):
    """CM-50."""
    validator = under({"P__DSN": "plain"})

    checked = validator.check("p", Properties({"dsn": "$[secret:gone]"}))

    assert checked.effective() == {"dsn": "plain"}
    assert checked.properties == {"dsn": "$[secret:gone]"}


def test_the_state_is_that_of_the_check_and_changes_with_a_secret(bench, under):
    """CM-50: the variables themselves never change while a process runs."""
    validator = under({"P__DSN": "$[secret:pw]"})
    before = validator.check("p", Properties({"dsn": "${env:HOST}"})).schema
    assert validator.schema_of("p") == before
    assert validator.without("p") is None

    bench.secret.texts["pw"] = "correct horse"

    assert validator.schema_of("p") != before


def test_another_process_may_have_another_environment(bench, under):
    """CM-50: what one refused, the next one tries again."""
    bench.declare({"port": PORT})
    validators = [under({"P__PORT": text}) for text in ("x", "1")]

    assert validators[0].schema_of("p") != validators[1].schema_of("p")


def test_the_environment_is_read_once(under):
    """CM-50."""
    environment = {"P__K": "new"}
    validator = under(environment)

    environment["P__K"] = "newer"

    checked = validator.check("p", Properties({"k": "old"}))
    assert checked.effective() == {"k": "new"}


# Without a file


def test_variables_alone_are_a_configuration(bench, under):
    """CM-50."""
    bench.declare({"port": PORT, "host": {"default": "localhost"}})
    validator = under({"P__PORT": "1"})

    checked = validator.without("p")

    assert checked.properties == {}
    assert checked.effective() == {"port": 1, "host": "localhost"}
    assert checked.schema == validator.schema_of("p")
    assert validator.without("q") is None


def test_variables_alone_that_do_not_fit_say_so(bench, under):
    """CM-50."""
    bench.declare({"port": PORT, "host": {}}, required=["host"])

    with pytest.raises(InvalidConfigurationError) as caught:
        under({"P__PORT": "x"}).without("p")

    assert caught.value.pid == "p"
    port, host = caught.value.violations
    assert port.found == "'x' in the environment variable P__PORT"
    assert host.cure == "Set the variable P__HOST too, or write a file."


def test_variables_of_unknown_keys_alone_are_none(bench, under):
    """CM-50: without a schema or a file nobody knows which key is meant."""
    assert under({"P__PORT": "1"}).without("p") is None
    assert [fault.kind for fault in bench.book.all()] == [FaultKind.ENVIRONMENT]


# What does not fit


def test_a_variable_that_does_not_fit_is_named_and_no_line_is_blamed(bench, under):
    """CM-50."""
    bench.declare({"port": {**PORT, "examples": [5672]}})

    (violation,) = refused(under({"P__PORT": "70000"}), {"port": "1"})

    assert violation.message == (
        "port: found '70000' in the environment variable P__PORT, "
        "expected a whole number from 1 to 65535. "
        "For example 5672. Change or unset that variable."
    )
    assert violation.rule == "maximum"
    assert violation.at("etc/p.cfg", 1, 1).place == ""
    (fault,) = faults_of(FaultKind.CONFIGURATION, "p", [violation], "etc/p.cfg")
    assert fault.place == ""


def test_a_secret_in_a_variable_is_masked(bench, under):
    """CM-37, CM-50."""
    bench.declare({"pin": PORT})

    (violation,) = refused(under({"P__PIN": "hunter2"}), {})

    assert violation.found == "a masked value in the environment variable P__PIN"


def test_a_placeholder_in_a_variable_that_nobody_knows_is_blamed_on_it(under):
    """CM-50."""
    (violation,) = refused(under({"P__K": "${nope}"}), {"k": "1"})

    assert "in the environment variable P__K" in violation.found
    assert violation.rule == "placeholder"


def test_a_variable_that_is_no_text_is_refused(under):
    """CM-50: bytes that are not UTF-8 reach Python as half surrogate pairs."""
    (violation,) = refused(under({"P__K": "\udcff"}), {"k": "1"})

    assert (
        violation.found == "half of a surrogate pair in the environment variable P__K"
    )


def test_what_is_wrong_in_the_file_is_blamed_on_the_file(bench, under):
    """CM-50."""
    bench.declare({"port": PORT, "host": PORT}, additionalProperties=False)
    validator = under({"P__PORT": "1", "P__COLOUR": "red"})

    host, colour = refused(validator, {"port": "x", "host": "x", "colour": "blue"})

    assert (host.key, host.found) == ("host", "'x'")
    assert (colour.key, colour.found) == ("colour", "an unknown key")
    assert colour.at("etc/p.cfg", 3, 1).place == "etc/p.cfg:3:1"


def test_a_rule_over_several_keys_names_the_variables(bench, under):
    """CM-50."""
    bench.declare({"a": {}, "b": {}}, maxProperties=1)

    (violation,) = refused(under({"P__B": "1"}), {"a": "1"})

    assert violation.found == "these properties with P__B of the environment"


def test_a_broken_schema_is_nobody_elses_fault(bench, under):
    """CM-50."""
    (bench.directory / "p.schema.json").write_text("{")

    (violation,) = refused(under({"P__K": "1"}), {"k": "1"})

    assert violation.file == str(bench.directory / "p.schema.json")


# Keys


@pytest.mark.parametrize("is_there", [True, False])
def test_a_variable_whose_key_nobody_knows_is_told_and_ignored(bench, under, is_there):
    """CM-50: never a guess."""
    bench.declare({"message-server-ip": {}, "port": PORT})
    validator = under({"P__MESSAGE_SERVER_IPS": "1"})

    if is_there:
        checked = validator.check("p", Properties({"port": "1"}))
        assert checked.effective() == {"port": 1}
    else:
        assert validator.without("p") is None

    (fault,) = bench.book.all()
    assert (fault.kind, fault.pid) == (FaultKind.ENVIRONMENT, "p")
    assert str(fault) == (
        "found the environment variable P__MESSAGE_SERVER_IPS, which sets no key of p, "
        "expected a variable of 'message-server-ip'. "
        "Did you mean P__MESSAGE_SERVER_IP? Until then it is ignored."
    )


def test_a_variable_like_no_key_is_told_which_there_are(bench, under):
    """CM-50."""
    bench.declare({"port": PORT, "host": {}}, "a.very.long.pid")

    under({"A_VERY_LONG_PID__COLOUR": "1"}).without("a.very.long.pid")

    (fault,) = bench.book.all()
    assert fault.expected == "a variable of 'port' or 'host'"
    assert fault.cure == "Rename or unset it. Until then it is ignored."


def test_an_unknown_variable_is_told_until_its_key_is_known(bench, under):
    """CM-50."""
    validator = under({"P__COLOUR": "red"})
    validator.check("p", Properties({"k": "1"}))
    assert len(bench.book.all()) == 1

    checked = validator.check("p", Properties({"k": "1", "Colour": "blue"}))

    assert checked.effective() == {"k": "1", "colour": "red"}
    assert bench.book.all() == ()


@pytest.mark.parametrize("name", ["SERVICE_PID", "SERVICE_FACTORYPID"])
def test_what_the_admin_sets_itself_cannot_be_overridden(bench, under, name):
    """CM-05, CM-50."""
    bench.declare({"service.pid": {}, "service.factoryPid": {}}, "f")

    checked = under({f"F_X__{name}": "1"}).check("f~x", Properties({"k": "1"}))

    assert checked.effective() == {"k": "1"}
    (fault,) = bench.book.all()
    assert fault.expected == "none for what the admin itself sets"


def test_a_name_that_two_keys_share_sets_both(bench, under):
    """CM-50: it names both, and any other choice would be a guess."""
    bench.declare({"server-ip": {}})
    validator = under({"P__SERVER_IP": "new"})

    checked = validator.check("p", Properties({"server.ip": "old"}))

    assert checked.effective() == {"server-ip": "new", "server.ip": "new"}
    assert validator.sources("p", ["server.ip"]) == {
        "server-ip": "P__SERVER_IP",
        "server.ip": "P__SERVER_IP",
    }


def test_a_schema_that_changes_during_a_check_has_its_keys_looked_up_again(under):
    """CM-50."""
    declared = [[], ["port"], ["port"], ["port"]]
    validator = under({"P__PORT": "1"}, lambda _: declared.pop(0))

    assert validator.without("p").effective() == {"port": "1"}


def test_a_refusal_by_a_schema_that_has_changed_is_not_the_last_word(bench, under):
    """CM-50."""
    bench.declare({"port": PORT}, required=["port"])
    declared = [[], ["port"], ["port"]]
    validator = under({"P__PORT": "1"}, lambda _: declared.pop(0))

    assert validator.check("p", Properties()).effective() == {"port": 1}


def test_what_may_be_shown_and_what_text_means_is_said_within(bench, under):
    """CM-50."""
    bench.declare({"port": PORT, "hidden": {"writeOnly": True}})
    validator = under({"P__PORT": "1"})

    assert validator.is_secret("p", "hidden")
    assert not validator.is_secret("p", "port")
    assert validator.as_text("p", "port", 1) == "1"
