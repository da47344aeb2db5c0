"""Placeholders before the check: in properties, in defaults, and what changes later."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_admin.core.errors import InvalidConfigurationError
from config_admin.core.properties import Properties

PORT = {"type": "integer", "maximum": 65535}
WRITTEN = [
    {},
    {"a": "plain"},
    {"a": "$[secret:pw]"},
    {"a": "${env:PORT}"},
    {"a": "${a-typo}"},
    {"a": "$[secret:pw]${env:NOPE}"},
]


def check(bench, properties):
    return bench.validator.check("p", Properties(properties))


def refusal(bench, properties):
    with pytest.raises(InvalidConfigurationError) as caught:
        check(bench, properties)
    assert caught.value.pid == "p"
    (violation,) = caught.value.violations
    return violation


def test_what_is_checked_and_typed_is_what_a_placeholder_stands_for(bench):
    bench.declare({"port": PORT})

    assert check(bench, {"port": "${env:PORT}"}).properties == {"port": 8080}


def test_a_secret_that_changes_is_another_state(bench):
    """CM-16."""
    before = check(bench, {"a": "$[secret:pw]"}).schema
    assert bench.validator.schema_of("p") == before

    bench.secret.texts["pw"] = "correct horse"

    assert bench.validator.schema_of("p") != before


def test_a_text_that_needs_no_secret_any_more_has_a_state(bench):
    """An update waits for the state of its check to be the one of now."""
    check(bench, {"a": "$[secret:pw]"})

    assert check(bench, {"a": "plain"}).schema == bench.validator.schema_of("p")


def try_to_check(bench, properties):
    try:
        return check(bench, properties)
    except InvalidConfigurationError:
        return None


@given(st.lists(st.sampled_from(WRITTEN), max_size=6))
def test_a_check_always_ends_in_the_state_of_now(shared_bench, history):
    for properties in history:
        checked = try_to_check(shared_bench, properties)
        now = shared_bench.validator.schema_of("p")
        assert checked is None or checked.schema == now


DEFAULTS = [
    ({**PORT, "default": "${env:PORT}"}, 8080),
    ({**PORT, "default": "${port:-${env:PORT}}"}, 1),
    (
        {"type": "string", "default": "http://${env:HOST}:${port}"},
        "http://example.org:1",
    ),
    ({"type": "string", "default": "${other}"}, "x"),
    ({"type": "string", "default": "${${name}}"}, "deep"),
    ({"type": "string", "default": "${env:EMPTY}"}, ""),
    ({"type": "array", "default": ["${env:HOST}", "b"]}, ("example.org", "b")),
    (
        {"type": "array", "items": {"type": "integer"}, "default": "${env:PORT},1"},
        (8080, 1),
    ),
    ({"type": "string", "default": r"\${env:PORT}"}, "${env:PORT}"),
]


@pytest.mark.parametrize(("declared", "expected"), DEFAULTS)
@pytest.mark.parametrize("written", [{}, {"a": ""}, {"a": "null"}])
def test_placeholders_work_in_defaults(bench, declared, expected, written):
    """CM-61, and CM-36 where the key is written blank."""
    bench.declare({"a": declared, "other": {"default": "${name}"}})

    checked = check(bench, {"port": "1", "x": "deep", **written})

    assert checked.defaults["a"] == expected
    assert checked.properties == {"port": "1", "x": "deep"}
    assert checked.effective()["a"] == expected


def test_a_default_that_came_from_a_secret_is_one(bench):
    """CM-37, CM-61."""
    bench.declare({"dsn": {"default": "u:$[secret:pw]@h"}})

    checked = check(bench, {})

    assert checked.effective() == {"dsn": "u:hunter2@h"}
    assert checked.secrets == ("hunter2",)
    assert "hunter2" not in repr(checked)


def test_a_secret_in_a_default_that_changes_is_another_state(bench):
    bench.declare({"dsn": {"default": "$[secret:pw]"}})
    before = check(bench, {}).schema
    assert bench.validator.schema_of("p") == before

    bench.secret.texts["pw"] = "correct horse"

    assert bench.validator.schema_of("p") != before
    assert check(bench, {}).effective() == {"dsn": "correct horse"}


REFERRING = [({"x": "${dsn}"}, {}), ({"x": "a${y}", "y": "${dsn}"}, {}), ({}, "${dsn}")]


@pytest.mark.parametrize(("written", "default"), REFERRING)
@pytest.mark.parametrize("dsn", [{"writeOnly": True}, None])
def test_what_refers_to_what_the_schema_hides_is_hidden(bench, written, default, dsn):
    """CM-37: a write-only key, or one that is not declared."""
    declared = {"x": {"default": default} if default else {}, "y": {}}
    bench.declare(declared if dsn is None else {**declared, "dsn": dsn})

    checked = check(bench, {"dsn": "hunter2", **written})

    assert "hunter2" in checked.effective()["x"]
    assert "hunter2" not in repr(checked)


def test_what_refers_to_what_may_be_shown_is_shown(bench):
    bench.declare({"x": {}, "y": {}})

    assert "plain one" in repr(check(bench, {"x": "${y}", "y": "plain one"}))


def test_a_default_that_cannot_be_replaced_refuses_and_names_the_key(bench):
    """CM-61: as everywhere, an unknown name is told and not left out."""
    bench.declare({"port": {**PORT, "default": "${env:NOPE}"}})

    violation = refusal(bench, {})

    assert (violation.key, violation.rule) == ("port", "placeholder")
    assert (
        violation.found == "the schema's default with '${env:NOPE}', which nobody knows"
    )
    assert violation.cure.startswith("Set the key. ")
    assert check(bench, {"port": "1"}).effective() == {"port": 1}


@pytest.mark.parametrize("written", [{}, {"port": " "}])
def test_a_default_that_does_not_fit_once_replaced_is_a_violation(bench, written):
    """CM-36: what cannot be coerced is never guessed, wherever it came from."""
    bench.declare({"port": {**PORT, "default": "${env:PORT}x"}})

    violation = refusal(bench, written)

    assert (violation.key, violation.rule) == ("port", "type")
    assert violation.found == "the default '8080x'"


def test_a_secret_default_that_does_not_fit_is_not_shown(bench):
    """CM-37."""
    bench.declare({"port": {**PORT, "default": "$[secret:pw]"}})

    violation = refusal(bench, {})

    assert "hunter2" not in f"{violation!r}"
    assert violation.found == "a masked value"


def test_defaults_that_refer_to_each_other_in_a_circle_are_refused(bench):
    bench.declare({"a": {"default": "${b}"}, "b": {"default": "${a}"}})

    assert "a circle" in refusal(bench, {}).found


def test_a_default_does_not_expand_what_a_property_was_replaced_by(bench):
    """A value never becomes syntax."""
    bench.env.texts["HOST"] = "${env:PORT}"
    bench.declare({"a": {"default": "${b}"}})

    assert check(bench, {"b": "${env:HOST}"}).effective() == {
        "a": "${env:PORT}",
        "b": "${env:PORT}",
    }
