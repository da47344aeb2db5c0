"""Two names of one setting: what an alias means, and what is wrong with one."""

from itertools import permutations

import pytest

from config_admin.core.properties import Properties

PORT = {"type": "integer", "minimum": 1, "default": 5672}
ALIAS = {"x-alias-of": "port"}
SECRET = {"type": "string", "default": "guest", "writeOnly": True}


@pytest.fixture
def ports(declare):
    """A schema of "port" with two aliases."""
    return declare(
        {"port": PORT, "server.port": ALIAS, "Old-Port": ALIAS},
        required=["port"],
        additionalProperties=False,
    )


def test_an_alias_stands_for_the_other_key_and_is_delivered_as_written(ports):
    checked = ports.check({"SERVER.port": "80"})

    assert checked.effective() == {"server.port": 80}
    assert list(checked.properties) == ["SERVER.port"]
    assert checked.defaults == {}


@pytest.mark.parametrize("nothing", ["", " ", "null"])
def test_a_blank_alias_is_absent_and_the_default_holds(ports, nothing):
    assert ports.check({"server.port": nothing}).effective() == {"port": 5672}
    assert ports.check({}).effective() == {"port": 5672}


def test_a_blank_key_beside_its_alias_is_absent(ports):
    assert ports.check({"port": "", "old-port": "1"}).effective() == {"old-port": 1}


@pytest.mark.parametrize(
    "names", [*permutations([("port", "80"), ("server.port", 80), ("old-port", "+80")])]
)
def test_several_names_with_one_value_are_accepted(ports, names):
    """The values are compared as they are read, not as they are written."""
    checked = ports.check(dict(names))

    assert checked.properties == {name: 80 for name, _ in names}


@pytest.mark.parametrize("other", ["port", "old-port"])
def test_different_values_are_refused_and_both_names_are_told(ports, other):
    (violation,) = ports.refused({other: "81", "server.port": "80"}).violations

    assert {violation.key, *violation.found.split()} >= {other, "server.port"}
    assert {"'81'", "'80'"} <= set(violation.found.split())
    assert violation.cure == "Keep one of them."
    assert violation.rule == "x-alias-of"


def test_one_and_one_point_zero_and_true_are_different_values(declare):
    desk = declare({"a": {}, "b": {"x-alias-of": "a"}})

    desk.check({"a": True, "b": True})
    for other in (1, 1.0, "true"):
        desk.refused({"a": True, "b": other})


def test_different_lists_are_refused_and_equal_ones_accepted(declare):
    desk = declare({"a": {"type": "array"}, "b": {"x-alias-of": "a"}})

    assert desk.check({"a": "1, 2", "b": ["1", "2"]}).properties["b"] == ("1", "2")
    desk.refused({"a": "1, 2", "b": "2, 1"})


def test_a_secret_is_shown_under_neither_name(declare):
    desk = declare({"password": SECRET, "word": {"x-alias-of": "password"}})

    error = desk.refused({"password": "hush-one", "word": "hush-two"})

    assert "hush" not in str(error)
    assert "password" in str(error)
    assert "word: found another value than that of password" in str(error)
    assert desk.validator.is_secret("p", "word")
    assert "hush" not in repr(desk.check({"word": "hush-one"}).properties)


def test_what_came_from_a_secret_source_is_not_shown_either(ports):
    properties = Properties({"port": "80", "old-port": "81"}, secret_keys=["port"])

    found = str(ports.refused(properties))

    assert "80" not in found
    assert "81" not in found


def test_the_rules_of_the_other_key_hold_and_the_alias_is_told(ports):
    (violation,) = ports.refused({"server.port": "0"}).violations

    assert violation.key == "server.port"
    assert violation.found == "'0'"
    assert violation.expected == "a whole number of at least 1"


def test_rules_of_its_own_hold_as_well(declare):
    desk = declare({"port": PORT, "low": {"x-alias-of": "port", "maximum": 99}})

    desk.check({"port": "100"})
    assert desk.refused({"low": "100"}).violations[0].rule == "maximum"


def test_conflicts_are_told_beside_every_other_fault_in_key_order(ports):
    error = ports.refused({"wrong": "1", "server.port": "1", "port": "2", "x": "3"})

    assert [each.key for each in error.violations] == ["wrong", "server.port", "x"]


def test_an_alias_is_a_declared_key(ports):
    assert ports.validator.declared("p") == ("port", "server.port", "Old-Port")
    assert ports.refused({"server-prt": "1"}).violations[0].cure == (
        "Did you mean 'server.port'?"
    )
    assert ports.validator.as_text("p", "old-port", 80) == "80"


@pytest.mark.parametrize(
    ("alias", "found"),
    [
        ({"x-alias-of": "prt"}, "an alias of 'prt', which is not declared"),
        ({"x-alias-of": ""}, "an alias of '', which is not declared"),
        ({"x-alias-of": 1}, "an alias of '1', which is not declared"),
        ({"x-alias-of": "alias"}, "an alias of 'alias', which is an alias itself"),
        ({"x-alias-of": "old"}, "an alias of 'old', which is an alias itself"),
        (
            {"x-alias-of": "port", "default": 1},
            "a default of 'alias', which is an alias",
        ),
    ],
)
def test_an_alias_that_cannot_be_one_breaks_the_schema_and_has_its_line(
    declare, alias, found
):
    desk = declare({"port": PORT, "old": ALIAS, "alias": alias})

    desk.refused({})

    (fault,) = desk.book.all()
    assert fault.found == found
    assert fault.line in {13, 14}
    assert "alias" in desk.path("p").read_text().splitlines()[fault.line - 2]
