"""Properties under a schema: what they become, and what is said of the wrong ones."""

import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_admin.core.errors import InvalidConfigurationError
from config_admin.core.properties import Properties
from config_admin.schema.suggest import closest


def test_the_view_is_typed_and_keeps_the_written_keys(declare):
    """CM-03, CM-36."""
    desk = declare({"port": {"type": "integer"}, "hosts": {"type": "array"}})

    checked = desk.check({"PORT": "5672", "Hosts": "a, b"})

    assert list(checked.properties) == ["PORT", "Hosts"]
    assert checked.properties == {"port": 5672, "hosts": ("a", "b")}


def test_blank_and_null_mean_the_default_where_there_is_one(declare):
    """CM-36."""
    desk = declare(
        {"port": {"type": "integer", "default": 5672}, "name": {"type": "string"}},
        required=["port"],
    )

    checked = desk.check({"port": " ", "name": "null"})

    assert checked.properties == {"name": "null"}
    assert checked.defaults == {"port": 5672}


@pytest.mark.parametrize("nothing", ["", " ", "\t", "null", " null "])
@pytest.mark.parametrize(
    ("declared", "default"),
    [
        ({"type": "integer"}, 5),
        ({"type": "number"}, 2.5),
        ({"type": "boolean"}, True),
        ({"type": "string"}, "text"),
        ({"type": "string", "minLength": 1}, "text"),
        ({"type": ["string", "null"]}, "text"),
        ({"type": "array", "items": {"type": "integer"}}, [1, 2]),
        ({"enum": ["a", "b"]}, "a"),
        ({}, "text"),
    ],
)
def test_blank_and_null_mean_the_default_of_every_type(
    declare, declared, default, nothing
):
    """CM-36."""
    checked = declare({"a": {**declared, "default": default}}).check({"a": nothing})

    assert checked.properties == {}
    assert checked.effective() == {"a": default}


@pytest.mark.parametrize("blank", ["", " ", "null"])
def test_without_a_default_blank_and_null_are_values(declare, blank):
    """CM-36: a text is one; what is no text breaks its type, and is no zero."""
    desk = declare({"s": {"type": "string"}, "i": {"type": "integer"}})

    assert desk.check({"s": blank}).properties == {"s": blank}
    (violation,) = desk.refused({"i": blank}).violations
    assert (violation.key, violation.rule) == ("i", "type")


COERCED = [
    ({"type": "integer"}, "5", 5),
    ({"type": "array", "items": {"type": "boolean"}}, "true, false", (True, False)),
    ({"enum": [1, 2, 4]}, "2", 2),
    ({"enum": [0.5, 1]}, "0.5", 0.5),
    ({"enum": [1, "auto"]}, "auto", "auto"),
    ({"const": True}, "TRUE", True),
    ({"anyOf": [{"type": "integer"}, {"type": "boolean"}]}, "5", 5),
    ({"oneOf": [{"type": "integer"}, {"type": "boolean"}]}, "true", True),
    ({"anyOf": [{"$ref": "#/$defs/port"}, {"const": False}]}, "5672", 5672),
    ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, "5", "5"),
    ({"anyOf": [{"minimum": 1}, {"type": "integer"}]}, "5", "5"),
    (
        {
            "anyOf": [
                {"type": "array", "items": {"type": "integer"}},
                {"type": "integer"},
            ]
        },
        "1, 2",
        (1, 2),
    ),
    ({"allOf": [{"type": "integer"}], "anyOf": [{"type": "string"}, True]}, "5", 5),
]


@pytest.mark.parametrize(("declared", "text", "expected"), COERCED)
def test_text_becomes_what_the_schema_says(declare, declared, text, expected):
    """CM-36: by type, else by the listed values, else by every branch."""
    desk = declare({"a": declared}, **{"$defs": {"port": {"type": "integer"}}})

    assert desk.check({"a": text}).properties == {"a": expected}


@pytest.mark.parametrize(
    ("declared", "text"),
    [
        ({"type": "integer"}, "5.0"),
        ({"type": "integer"}, "0x10"),
        ({"type": "number"}, "1,5"),
        ({"type": "boolean"}, "yes"),
        ({"type": "array", "items": {"type": "integer"}}, "1,,2"),
        ({"enum": [1, 2]}, "one"),
        ({"anyOf": [{"type": "integer"}, {"type": "boolean"}]}, "yes"),
    ],
)
def test_what_cannot_be_coerced_is_a_violation(declare, declared, text):
    """CM-36: never a guess."""
    (violation,) = declare({"a": declared}).refused({"a": text}).violations

    assert violation.key == "a"


def test_the_declared_keys_are_those_of_every_part_by_name(declare):
    desk = declare(
        {"Port": {}},
        allOf=[{"properties": {"host": {}}}],
        patternProperties={"^x-": {}},
    )
    desk.write("broken", "{")

    assert desk.validator.declared("p") == ("Port", "host")
    assert desk.validator.declared("broken") == ()
    assert desk.validator.declared("without-a-schema") == ()


def test_a_default_of_null_is_no_value(declare):
    """CM-36."""
    desk = declare({"port": {"type": ["integer", "null"], "default": None}})

    checked = desk.check({"port": ""})

    assert checked.properties == {}
    assert checked.defaults == {}


def test_a_default_that_waits_for_its_placeholder_is_not_checked(declare):
    desk = declare({"port": {"type": "integer", "default": "${env:PORT}"}})

    assert desk.check({}).defaults == {"port": "${env:PORT}"}


def test_all_violations_come_at_once_in_the_order_of_the_keys(declare):
    """CM-37."""
    desk = declare(
        {"a": {"type": "integer"}, "b": {"type": "boolean"}, "must": {}},
        required=["must"],
        additionalProperties=False,
    )

    error = desk.refused({"zz": "1", "B": "x", "a": "y"})

    assert [each.key for each in error.violations] == ["zz", "B", "a", "must"]
    assert [each.rule for each in error.violations] == [
        "additionalProperties",
        "type",
        "type",
        "required",
    ]


SENTENCES = [
    ({"type": "integer"}, "x", "a whole number"),
    ({"type": ["integer", "boolean"]}, "x", "a whole number or true or false"),
    (
        {"type": "integer", "minimum": 1, "maximum": 9},
        "x",
        "a whole number from 1 to 9",
    ),
    (
        {"type": "integer", "minimum": 1, "maximum": 9},
        "10",
        "a whole number from 1 to 9",
    ),
    ({"type": "number", "exclusiveMinimum": 0}, "0", "a number greater than 0"),
    ({"type": "number", "maximum": 1}, "2", "a number of at most 1"),
    ({"type": "number", "multipleOf": 5}, "7", "a multiple of 5"),
    ({"enum": ["a", "b"]}, "c", "one of 'a', 'b'"),
    ({"const": "a"}, "c", "'a'"),
    ({"minLength": 1}, "", "at least 1 character"),
    ({"minLength": 2, "maxLength": 3}, "abcd", "2 to 3 characters"),
    ({"pattern": "^a+$"}, "b", "text that matches '^a+$'"),
    ({"format": "ipv4"}, "b", "an IPv4 address"),
    ({"type": "array", "minItems": 2}, "b", "at least 2 elements"),
    (
        {"type": "array", "uniqueItems": True},
        "b,b",
        "elements that differ from each other",
    ),
    ({"type": "array", "items": {"type": "integer"}}, "1,b", "a whole number"),
    ({"type": "array", "contains": {"const": "a"}}, "b", "among the elements what"),
    ({"anyOf": [{"const": "a"}, {"const": "b"}]}, "c", "'a' or 'b'"),
    ({"oneOf": [{"minLength": 1}, {"minLength": 2}]}, "ccc", "exactly one"),
    ({"allOf": [{"description": "An a.", "const": "a"}]}, "c", "An a"),
    ({"not": {"description": "an a", "const": "a"}}, "a", "anything but an a"),
    ({"if": True, "then": {"description": "an a", "const": "a"}}, "c", "an a"),
    (False, "a", "no value here"),
]


@pytest.mark.parametrize(("schema", "text", "expected"), SENTENCES)
def test_a_violation_says_what_should_be_there(declare, schema, text, expected):
    """CM-37."""
    (violation,) = declare({"a": schema}).refused({"a": text}).violations

    assert violation.expected.startswith(expected) or expected in violation.expected
    assert violation.key == "a"


def test_a_violation_shows_what_was_written_and_examples(declare):
    """CM-37."""
    port = {"type": "integer", "maximum": 65535, "examples": [5672, 4048], "default": 1}

    (violation,) = declare({"port": port}).refused({"Port": "70000"}).violations

    assert violation.message == (
        "Port: found '70000', expected a whole number of at most 65535. "
        "For example 5672 or 4048. Leave it blank for the default, 1."
    )


def test_a_violation_in_a_list_names_the_element(declare):
    """CM-36, CM-37."""
    ports = {"type": "array", "items": {"type": "integer"}}

    (violation,) = declare({"ports": ports}).refused({"ports": "1, x"}).violations

    assert violation.found == "'x' as element 2"


def test_a_list_of_two_types_is_refused_by_its_key(declare):
    """CM-04, CM-36."""
    desk = declare({"a": {"type": "array", "items": {"type": ["integer", "boolean"]}}})

    error = desk.refused({"a": "1, true"})

    assert error.pid == "p"
    assert error.violations[0].found == "a list of different types"


def test_rules_over_several_keys_are_told_too(declare):
    desk = declare(
        {"a": {}, "b": {}},
        dependentRequired={"a": ["b"]},
        propertyNames={"maxLength": 3},
        anyOf=[{"required": ["x"]}, {"required": ["y"]}],
    )

    told = {each.rule: each for each in desk.refused({"A": "1", "long": ""}).violations}

    assert (told["dependentRequired"].key, told["dependentRequired"].expected) == (
        "b",
        "a value, for A is set",
    )
    assert told["propertyNames"].key == "long"
    assert told["anyOf"].key is None
    assert told["anyOf"].expected == "the key 'x' or the key 'y'"


def test_an_unknown_key_that_is_like_no_other_is_to_be_removed_or_declared(declare):
    desk = declare({"port": {}}, additionalProperties=False)

    (violation,) = desk.refused({"colour": "red"}).violations

    assert violation.expected == "one of port"
    assert violation.cure.endswith(f"declare the key in {desk.path('p')}.")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("message.server.ip", "message-server-ip"),
        ("MessageServerIp", "message-server-ip"),
        ("mesage-server-ip", "message-server-ip"),
        ("colour", None),
    ],
)
def test_the_closest_name_is_suggested(name, meant):
    assert closest(name, ["message-server-ip", "port"]) == meant


def test_values_over_the_limit_are_refused_before_a_pattern_is_tried(declare):
    """CM-53."""
    desk = declare({"a": {"pattern": "^(a|a)*$"}})

    (violation,) = desk.refused({"a": "a" * 70_000}).violations

    assert violation.rule == "size"


@pytest.mark.parametrize(("size", "fits"), [(64 * 1024, True), (64 * 1024 + 1, False)])
@pytest.mark.parametrize("whole", [True, False])
def test_a_value_and_an_element_may_have_64_kib(declare, size, fits, whole):
    """CM-53."""
    desk = declare({"a": {}})
    text = "é" * (size // 2) + "x" * (size % 2)
    properties = {"a": text if whole else ["short", text]}

    if fits:
        desk.check(properties)
    else:
        assert desk.refused(properties).violations[0].rule == "size"


def test_undeclared_and_write_only_keys_are_secret(declare):
    """CM-37."""
    desk = declare({"shown": {}, "hidden": {"writeOnly": True}})

    properties = desk.check({"shown": "1", "hidden": "2", "undeclared": "3"}).properties

    assert properties.is_secret("hidden")
    assert properties.is_secret("undeclared")
    assert not properties.is_secret("shown")


def test_what_may_be_shown_is_asked_of_the_schema(declare):
    """CM-37."""
    desk = declare({"shown": {}, "hidden": {"writeOnly": True}})
    desk.write("broken", "{")
    is_secret = desk.validator.is_secret

    assert not is_secret("p", "SHOWN")
    assert is_secret("p", "Hidden")
    assert is_secret("p", "undeclared")
    assert not is_secret("without-a-schema", "any")
    assert is_secret("broken", "shown")


def test_thousands_of_unknown_keys_are_refused_in_no_time(declare):
    names = {f"name-number-{number}": {} for number in range(20)}
    desk = declare(names, additionalProperties=False)
    keys = [f"nam-number-{number}" for number in range(60_000)]
    properties = Properties(dict.fromkeys(keys, "1"))

    began_s = time.thread_time()
    with pytest.raises(InvalidConfigurationError) as caught:
        desk.validator.check("p", properties)
    took_s = time.thread_time() - began_s

    *first, last = caught.value.violations
    assert [each.key for each in first] == keys[:100]
    assert ["Did you mean" in each.cure for each in first] == [True] * 20 + [False] * 80
    assert (last.rule, last.key) == ("limit", None)
    assert "and 59,900 more" in last.message
    assert took_s < 4


def test_a_hundred_violations_are_all_told(declare):
    """CM-37."""
    desk = declare({}, additionalProperties=False)

    error = desk.refused({f"k{number}": "1" for number in range(100)})

    assert {each.rule for each in error.violations} == {"additionalProperties"}
    assert len(error.violations) == 100


def test_thousands_of_keys_that_need_others_are_checked_in_no_time(declare):
    desk = declare(dependentRequired={"key1": ["other"]})

    began_s = time.thread_time()
    (violation,) = desk.refused(
        {f"key{number}": "1" for number in range(20_000)}
    ).violations

    assert violation.key == "other"
    assert time.thread_time() - began_s < 4


ENDLESS = {"properties": {"a": {"$ref": "#/properties/a"}}}


def test_a_check_that_never_ends_names_the_schema(desk):
    desk.write("p", ENDLESS)

    (violation,) = desk.refused({"a": "x"}).violations

    assert violation.rule == "schema"
    assert violation.file == str(desk.path("p"))
    assert "RecursionError" in violation.found
    assert violation.cure == "Break the circle of $ref there."


def test_whatever_a_check_raises_is_a_violation_that_shows_no_value(declare):
    """CM-37."""
    desk = declare({"a": {"type": "number", "multipleOf": 10**400}})

    error = desk.refused({"a": "0.5"})

    (violation,) = error.violations
    assert violation.rule == "schema"
    assert violation.file == str(desk.path("p"))
    assert violation.found == "a check that ended in OverflowError"
    assert error.__suppress_context__  # the text of the other one may quote a value


def test_a_value_that_is_no_pattern_is_at_fault_itself(declare):
    desk = declare({"a": {"format": "regex"}})

    for value in ("a{99999999999999}", "(" * 3000 + ")" * 3000):
        (violation,) = desk.refused({"a": value}).violations
        assert (violation.key, violation.rule) == ("a", "format")


BREAKABLE = [
    {"type": "integer"},
    {"type": "array", "items": {"type": "integer"}},
    {"enum": ["a", "b"]},
    {"pattern": "^(?!)"},
    {"not": {}},
    {"anyOf": [{"const": "a"}, {"type": "boolean"}]},
    {"maxLength": 3},
    {"format": "ipv4"},
]


@pytest.mark.parametrize("rule", BREAKABLE)
@pytest.mark.parametrize("how", ["writeOnly", "undeclared", "named"])
def test_a_secret_that_breaks_a_rule_is_never_shown(declare, rule, how):
    """CM-37."""
    whole = {**rule, "writeOnly": how == "writeOnly"}
    if how == "undeclared":
        desk = declare(additionalProperties=rule)
    else:
        desk = declare({"password" if how == "named" else "plain": whole})
    key = "password" if how == "named" else "plain"

    @given(st.text("qwxyzQWXYZ0123456789", min_size=8).map("§{}§".format))
    def never_shown(secret):
        error = desk.refused({key: secret})
        shown = f"{error} {error!r} {error.violations!r}"
        assert secret not in shown
        assert secret.strip("§") not in shown

    never_shown()


def test_as_text_is_what_the_check_turns_into_exactly_the_value(declare):
    """CM-36, CM-60."""
    desk = declare(
        {
            "port": {"type": "integer"},
            "on": {"type": "boolean"},
            "ports": {"type": "array", "items": {"type": "integer"}, "default": [1]},
        }
    )
    as_text = desk.validator.as_text

    assert as_text("p", "PORT", 5672) == "5672"
    assert as_text("p", "on", value=True) == "true"
    assert as_text("p", "ports", (1, 2)) == "1,2"
    assert as_text("p", "ports", ()) is None  # blank means the default there
    assert as_text("p", "undeclared", 1) is None
    assert desk.check({"port": "5672", "on": "true", "ports": "1,2"}).properties == {
        "port": 5672,
        "on": True,
        "ports": (1, 2),
    }


def test_pattern_properties_have_a_kind_and_are_declared(declare):
    """CM-36, CM-37."""
    desk = declare(patternProperties={"^port-": {"type": "integer"}})

    properties = desk.check({"port-a": "1"}).properties

    assert properties == {"port-a": 1}
    assert not properties.is_secret("port-a")


def test_importing_the_validator_does_not_import_jsonschema():
    code = (
        "import sys, config_admin.schema.validator\n"
        "assert not {'jsonschema', 'referencing'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
