"""Which configurations may use which placeholders."""

import pytest

from config_admin.core.errors import InvalidConfigurationError, UsageError
from config_admin.core.properties import Properties

RULES = {
    "db~*": ["secret:db-*"],
    "*": ["env:APP_*"],
    "web": ["secret:web/tls", "env:PORT"],
}
ALLOWED = [
    ("db~1", "$[secret:db-1]"),
    ("db~1|app", "$[secret:db-/x]"),
    ("any", "${env:APP_X}"),
    ("web", "$[env:PORT]"),
    ("web", "$[env:APP_X]"),
    ("web", "$[secret:web/tls]"),
]
DENIED = [
    ("any", "$[secret:db-1]"),
    ("db", "$[secret:db-1]"),
    ("DB~1", "$[secret:db-1]"),
    ("db~1", "$[secret:pw]"),
    ("db~1", "$[secret:DB-1]"),
    ("db~1", "$[env:PORT]"),
    ("db~1", "$[env:db-1]"),
    ("db~1", "$[secret:db-1/../pw]"),
    ("db~1", "$[secret:db-/..]"),
    ("any", "${env:PORT}"),
    ("any", "${env:PORT:-1}"),
    ("any", "${env:PORT:+1}"),
    ("any", "${env:${which}}"),
]


@pytest.fixture
def guarded(bench):
    bench.secret.texts |= dict.fromkeys(["db-1", "db-/x", "web/tls"], "there")
    bench.secret.texts |= dict.fromkeys(["db-1/../pw", "db-/..", "DB-1"], "there")
    bench.env.texts |= {"APP_X": "there", "PORT": "there", "db-1": "there"}
    return bench.resolving(RULES)


@pytest.mark.parametrize(("pid", "text"), ALLOWED)
def test_what_a_pattern_allows_is_replaced(guarded, pid, text):
    """CM-52."""
    assert guarded.check(pid, Properties({"a": text})).properties == {"a": "there"}


@pytest.mark.parametrize(("pid", "text"), DENIED)
def test_what_no_pattern_allows_is_refused(guarded, pid, text):
    """CM-52: with rules, what they do not say is not allowed, whatever stands there."""
    with pytest.raises(InvalidConfigurationError) as caught:
        guarded.check(pid, Properties({"a": text, "which": "PORT"}))

    (violation,) = caught.value.violations
    assert (violation.key, violation.rule) == ("a", "placeholder")
    assert violation.found.endswith("which this PID may not use")
    assert "'placeholder_access'" in violation.cure


def test_a_refusal_says_what_is_allowed(bench):
    """CM-52."""
    validator = bench.resolving({"db~*": ["secret:db-*", "env:APP_*"]})

    found = {}
    for pid in ("db~1", "web"):
        with pytest.raises(InvalidConfigurationError) as caught:
            validator.check(pid, Properties({"a": "$[secret:pw]"}))
        found[pid] = caught.value.violations[0]

    assert found["db~1"].found == "'$[secret:pw]', which this PID may not use"
    assert found["db~1"].expected == "one of 'secret:db-*', 'env:APP_*'"
    assert found["web"].expected == "no placeholder of any kind"


def test_without_rules_everything_is_allowed(bench):
    """CM-52."""
    validator = bench.resolving({})

    checked = validator.check("any", Properties({"a": "$[secret:pw]${env:PORT}"}))

    assert checked.properties == {"a": "hunter2" + "8080"}


def test_what_may_not_be_used_is_not_read_to_see_whether_it_changed(bench):
    """CM-52: the state of a refusal tells nothing of the secret."""
    validator = bench.resolving({"*": ["env:*"]})
    with pytest.raises(InvalidConfigurationError):
        validator.check("p", Properties({"a": "$[secret:pw]"}))
    before = validator.schema_of("p")

    bench.secret.texts["pw"] = "another"

    assert validator.schema_of("p") == before


def test_properties_and_variables_of_the_settings_need_no_rule(bench):
    """CM-52: they are no secrets of anybody else."""
    validator = bench.resolving({"*": []})

    checked = validator.check("p", Properties({"a": "${b}${name}", "b": "1"}))

    assert checked.properties["a"] == "1x"


def test_defaults_need_a_rule_too(bench):
    """CM-52, CM-61."""
    bench.declare({"a": {"default": "$[secret:pw]"}})

    with pytest.raises(InvalidConfigurationError, match="may not use"):
        bench.resolving({"*": ["env:*"]}).check("p", Properties())


def test_a_name_that_is_a_secret_is_not_told_by_its_refusal(bench):
    validator = bench.resolving({"*": ["secret:pw"]})

    with pytest.raises(InvalidConfigurationError) as caught:
        validator.check("p", Properties({"a": "$[secret:${b}]", "b": "$[secret:pw]"}))

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("names", ["secret:*", ["db-*"], ["env:A", "B"]])
def test_rules_that_would_never_match_are_a_mistake_of_the_program(bench, names):
    with pytest.raises(UsageError, match=r"write a list of patterns"):
        bench.resolving({"p": names})
