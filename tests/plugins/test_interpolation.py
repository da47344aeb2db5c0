"""What placeholders stand for, within bounds; all else is never touched."""

from dataclasses import dataclass, field

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from config_admin.core.errors import InvalidConfigurationError
from config_admin.core.properties import Properties
from config_admin.plugins.interpolation import Expansion, Interpolator
from config_admin.plugins.placeholders import parse


@dataclass
class Texts:
    """A source of its own."""

    texts: dict = field(default_factory=dict)
    is_secret: bool = False

    def find(self, name):
        return self.texts.get(name)


INTERPOLATOR = Interpolator(
    {
        "env": Texts({"HOME": "/root", "EMPTY": "", "NAME": "b"}),
        "secret": Texts({"pw": "hunter2"}, is_secret=True),
    },
    {"host": "example.org", "b": "the variable"},
)


def expanded(**properties):
    return Expansion(INTERPOLATOR, Properties(properties)).run()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x${b}y", "x1y"),
        ("${host}:${b}", "example.org:1"),
        ("${env:HOME}", "/root"),
        ("$[env:HOME]/etc", "/root/etc"),
        ("${B}", "1"),
        ("${nope:-d}", "d"),
        ("${empty:-d}", "d"),
        ("${env:EMPTY:-d}", "d"),
        ("$[env:NOPE:-d]", "d"),
        ("${host:-d}", "example.org"),
        ("${host:+alt}", "alt"),
        ("${nope:+alt}", ""),
        ("${empty:+alt}", ""),
        ("${nope:-x:-y}", "x:-y"),
        ("${nope:-${host}}", "example.org"),
        ("${nope:-{x}}", "{x}"),
        ("${${env:NAME}}", "1"),
        ("${env:${name}}", "/root"),
        ("${host:-${nope}}", "example.org"),
        (r"\${b}", "${b}"),
        (r"\$[secret:pw]", "$[secret:pw]"),
        ("${open", "${open"),
        ("}", "}"),
        ("$host", "$host"),
        ("$[a]", "$[a]"),
        ("[${b}]", "[1]"),
        ("${i}", "5"),
        ("${t}", "true"),
    ],
)
def test_a_placeholder_stands_for_its_value(text, expected):
    """CM-61 for those inside each other, CM-67 for what is empty."""
    found = expanded(a=text, b="1", empty="", name="HOME", i=5, t=True)

    assert found["a"] == expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("${nope}", "'${nope}', which nobody knows"),
        ("${}", "'${}', which nobody knows"),
        ("$[env:NOPE]", "'$[env:NOPE]', which nobody knows"),
        ("$[blah:x]", "a placeholder of the kind 'blah'"),
        ("${a}:x", "a circle: 'a → a'"),
        ("${l}", "a placeholder for a list"),
        ("${" * 40, "placeholders more than 32 levels deep"),
        ("${big}${big}", "more than 65,536 bytes once expanded"),
    ],
)
def test_what_cannot_be_replaced_refuses_the_properties(text, found):
    """CM-67 for unknown kinds."""
    with pytest.raises(InvalidConfigurationError) as caught:
        expanded(a=text, l=["x"], big="x" * 40_000)

    (violation,) = caught.value.violations
    assert (violation.key, violation.rule) == ("a", "placeholder")
    assert violation.found == found


def test_every_property_at_fault_is_told_and_those_that_refer_to_it_are_not():
    with pytest.raises(InvalidConfigurationError) as caught:
        expanded(a="${b}", b="${nope}", c="${nada}")

    assert [violation.key for violation in caught.value.violations] == ["b", "c"]


def test_what_doubles_in_each_line_ends_at_once():
    """CM-53."""
    doubling = {f"a{n}": f"${{a{n + 1}}}${{a{n + 1}}}" for n in range(30)}

    with pytest.raises(InvalidConfigurationError):
        expanded(**doubling, a30="x")


def test_a_long_chain_of_references_is_refused():
    chain = {f"a{n}": f"${{a{n + 1}}}" for n in range(40)}

    with pytest.raises(InvalidConfigurationError) as caught:
        expanded(**chain, a40="x")

    assert "32 levels" in str(caught.value)


def test_each_element_of_a_list_is_expanded():
    """CM-61."""
    assert expanded(a=["${b}", "x"], b="1")["a"] == ("1", "x")


def test_what_came_from_a_secret_is_one_however_it_got_there():
    """CM-37."""
    found = expanded(dsn="amqp://u:${inner}@h", inner="$[secret:pw]", plain="x")

    assert found["dsn"] == "amqp://u:hunter2@h"
    assert "hunter2" not in repr(found)
    assert not found.is_secret("plain")


@given(st.text(alphabet="ab\\/:.-+ {}[]$%", max_size=40))
def test_a_value_without_a_placeholder_is_never_touched(text):
    assume("${" not in text and "$[" not in text)

    assert expanded(a=text)["a"] == text


@given(st.text(alphabet="a\\:-+{}[]$", max_size=60))
def test_a_text_without_a_placeholder_is_one_part(text):
    assume("${" not in text and "$[" not in text)

    assert "".join(map(str, parse(text))) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"C:\temp\\${b}", r"C:\temp" + "\\1"),
        (r"\\\${b}", r"\${b}"),
        (r"\\\\${b}", r"\\1"),
    ],
)
def test_two_backslashes_before_a_placeholder_are_one(text, expected):
    assert expanded(a=text, b="1")["a"] == expected


def test_what_refers_to_a_key_that_is_named_like_a_secret_is_one():
    """CM-37."""
    properties = Properties({"password": "hunter2", "dsn": "u/${password}"})
    found = Expansion(INTERPOLATOR, properties).run()

    assert "hunter2" not in repr(found)


@pytest.mark.parametrize("text", ["$[env:${pw}]", "$[${pw}:x]", "${${pw}}"])
def test_a_secret_that_is_part_of_a_name_is_not_told(text):
    """CM-37."""
    with pytest.raises(InvalidConfigurationError) as caught:
        expanded(a=text, pw="$[secret:pw]")

    assert "hunter2" not in str(caught.value)
