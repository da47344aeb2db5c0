"""Keys without regard to case, values with their types, secrets never shown."""

import copy
import math
import pickle
from enum import Enum, IntEnum, StrEnum

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from config_admin.core.display import MASK
from config_admin.core.errors import InvalidConfigurationError
from config_admin.core.processed import ProcessedProperties
from config_admin.core.properties import Properties, typed

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
KEYS = TEXT.filter(bool)
INTEGERS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SCALARS = [TEXT, INTEGERS, FLOATS, st.booleans()]
VALUES = st.one_of(*SCALARS, *(st.lists(one, max_size=4) for one in SCALARS))
ITEMS = st.lists(
    st.tuples(KEYS, VALUES), max_size=6, unique_by=lambda item: item[0].lower()
)

# So few of them that equal ones are common.
FEW = [1, 1.0, True, "1", 0, 0.0, False, "", [], [1], [1.0], [True], ["1"], [1, 1]]
SIMILAR = st.lists(
    st.tuples(st.sampled_from("aAbB"), st.sampled_from(FEW)),
    max_size=2,
    unique_by=lambda item: item[0].lower(),
)


def with_types(items):
    """What two equal properties have in common."""
    return {key.lower(): repr(value) for key, value in items}


def refusal(items):
    with pytest.raises(InvalidConfigurationError) as caught:
        Properties(items)
    return caught.value


class Level(IntEnum):
    HIGH = 3


class Colour(StrEnum):
    RED = "red"


class Setting(str, Enum):  # noqa: UP042 - not StrEnum: it shows itself as its name
    HOST = "host"


class Loud(str):
    __slots__ = ()

    def __str__(self):
        return self.upper()


class Half(float):
    def __float__(self):
        return 0.5


# CM-03: keys


def test_a_key_of_a_subclass_is_kept_as_its_text():
    """CM-03, CM-64."""
    properties = Properties({Loud("port"): 1, Setting.HOST: "h"})

    assert dict(properties) == {"port": 1, "host": "h"}
    assert {type(key) for key in properties} == {str}
    assert properties[Setting.HOST] == "h"
    assert Setting.HOST in properties
    assert Loud("PORT") in properties


@given(ITEMS)
def test_what_was_put_in_comes_out_as_written_and_in_order(items):
    """CM-03."""
    properties = Properties(items)

    assert list(properties) == [key for key, _ in items]
    assert len(properties) == len(items)
    for key, value in items:
        assert properties[key] == (tuple(value) if isinstance(value, list) else value)


@given(ITEMS, st.sampled_from([str.upper, str.lower, str.swapcase, str.title]))
def test_a_key_is_found_in_any_case(items, other_case):
    """CM-03."""
    properties = Properties(items)

    for key in properties:
        other = other_case(key)
        assume(other.lower() == key.lower())
        assert other in properties
        assert properties[other] is properties[key]


@pytest.mark.parametrize("key", ["b", "", 1, None])
def test_a_key_that_is_absent_is_a_key_error(key):
    """CM-03; what is no text is no key."""
    properties = Properties({"1": 1, "None": 2})

    with pytest.raises(KeyError) as caught:
        properties[key]

    assert caught.value.args == (key,)
    assert properties.get(key) is None
    assert key not in properties


def test_keys_that_differ_only_in_case_are_refused():
    """CM-03."""
    (found,) = refusal({"port": 1, "Port": 2}).violations

    assert (found.key, found.rule) == ("Port", "value")
    assert found.message == (
        "Port: found it beside 'port', equal but for case, expected each key once."
        " Remove one of the two."
    )


NO_TEXT = "expected text. Use text as the key."
NUL = "a NUL character, expected text that a file can hold. Set another value."
HALF = "half of a surrogate pair, expected whole characters. Set another value."


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        (1, f"found a key of type int, {NO_TEXT}"),
        (None, f"found a key of type NoneType, {NO_TEXT}"),
        (b"a", f"found a key of type bytes, {NO_TEXT}"),
        ("", ": found an empty key, expected a name. Give the property a name."),
        ("a\0b", f"a\\x00b: found {NUL}"),
        ("a\ud800", f"a\\ud800: found {HALF}"),
    ],
)
def test_what_cannot_be_a_key_is_refused(key, sentence):
    """CM-03."""
    (found,) = refusal([(key, 1)]).violations

    assert (found.message, found.rule) == (sentence, "value")


# CM-04, CM-64, CM-65: values


ANY = "expected text, a number, a boolean or a flat list of one"
MIXED = "a list of different types, expected a list of one type"
FINITE = "expected a finite number"
BITS = "expected a whole number of at most 64 bits"
CURE = "Set another value."


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, f"None, {ANY}. {CURE}"),
        ({}, f"a value of type dict, {ANY}. {CURE}"),
        (b"a", f"a value of type bytes, {ANY}. {CURE}"),
        (1j, f"a value of type complex, {ANY}. {CURE}"),
        ({1}, f"a value of type set, {ANY}. {CURE}"),
        ([[1]], f"a value of type list, {ANY}. {CURE}"),
        ([None], f"None, {ANY}. {CURE}"),
        ([1, "a"], f"{MIXED}. {CURE}"),
        ([1, True], f"{MIXED}. {CURE}"),
        ((1, 1.0), f"{MIXED}. {CURE}"),
        (math.nan, f"nan, {FINITE}. {CURE}"),
        (math.inf, f"inf, {FINITE}. {CURE}"),
        ([-math.inf], f"-inf, {FINITE}. {CURE}"),
        (2**63, f"0x8000000000000000, {BITS}. {CURE}"),
        (-(2**63) - 1, f"-0x8000000000000001, {BITS}. {CURE}"),
        pytest.param(
            16**5000, f"0x1{'0' * 37}, {BITS}. {CURE}", id="a number of 5,001 digits"
        ),
        ("a\0", NUL),
        ("\udc00", HALF),
        (["é", "\ud800"], HALF),
    ],
)
def test_what_no_format_can_write_is_refused_with_its_key(value, found):
    """CM-04."""
    (violation,) = refusal({"fine": 1, "key": value}).violations

    assert (violation.key, violation.rule) == ("key", "value")
    assert violation.message == f"key: found {found}"


def test_all_faults_are_told_at_once():
    """CM-03, CM-04."""
    error = refusal([("a", None), ("b", 1), ("B", 2), ("", 3), ("c", [[]])])

    assert [violation.key for violation in error.violations] == ["a", "B", "", "c"]


@pytest.mark.parametrize(
    ("value", "base"),
    [
        (Level.HIGH, 3),
        (Colour.RED, "red"),
        (Setting.HOST, "host"),
        (Loud("quiet"), "quiet"),
        (Half(0.25), 0.25),
        ([Level.HIGH, 4], (3, 4)),
        ((Colour.RED,), ("red",)),
    ],
)
def test_a_subclass_is_stored_as_its_base_type(value, base):
    """CM-64."""
    stored = Properties({"key": value})["key"]

    assert typed(stored) == typed(base)


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63), "", 0.1, False])
def test_the_last_value_that_fits_is_taken(value):
    """CM-04."""
    assert Properties({"key": value})["key"] == value


def test_an_empty_list_is_a_value():
    """CM-65."""
    assert Properties({"key": []})["key"] == ()


# Equality


@given(SIMILAR, SIMILAR)
def test_equal_is_the_same_keys_with_values_of_the_same_type(one, other):
    """CM-04, CM-03."""
    left, right = Properties(one), Properties(other)

    assert (left == right) is (with_types(one) == with_types(other))
    assert (left != right) is not (left == right)
    if left == right:
        assert hash(left) == hash(right)


def test_unequal_properties_are_told_apart_by_their_hashes_too():
    """Else a set of many of them would be slow."""
    assert len({hash(Properties({"a": number})) for number in range(100)}) > 90


@given(SIMILAR, SIMILAR)
def test_a_mapping_is_equal_if_its_properties_are(one, other):
    """CM-04."""
    assert (Properties(one) == dict(other)) is (Properties(one) == Properties(other))
    assert (dict(other) == Properties(one)) is (Properties(one) == dict(other))


@given(SIMILAR, st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_count(items, random):
    shuffled = list(items)
    random.shuffle(shuffled)

    assert Properties(items) == Properties(shuffled)


def test_secrets_do_not_count_in_a_comparison():
    assert Properties({"a": 1}, secret_keys=["a"]) == Properties({"a": 1})


@pytest.mark.parametrize("other", [{"a": None}, {1: 1}, 1, "a", None, [("a", 1)]])
def test_what_could_never_be_properties_is_not_equal(other):
    assert Properties({"a": 1}) != other


@given(ITEMS)
def test_copies_and_pickles_are_equal(items):
    properties = Properties(items, secret_keys=["a"])

    for same in (
        copy.copy(properties),
        copy.deepcopy(properties),
        pickle.loads(pickle.dumps(properties)),  # noqa: S301 - our own bytes
    ):
        assert same == properties
        assert same.secret_keys == properties.secret_keys


# CM-06: they never change


def test_nothing_can_be_set_or_removed():
    """CM-06."""
    properties = Properties({"a": 1})

    with pytest.raises(TypeError):
        properties["a"] = 2
    with pytest.raises(TypeError):
        del properties["a"]


def test_a_change_of_what_was_given_does_not_show():
    """CM-06."""
    value = [1]
    given_items = {"a": value}
    properties = Properties(given_items)

    value.append(2)
    given_items["b"] = 1

    assert dict(properties) == {"a": (1,)}


@given(ITEMS, ITEMS)
def test_items_are_laid_over_in_place_and_added_last(items, more):
    """CM-06."""
    before = Properties(items, secret_keys=["a"])

    after = before.with_items(dict(more))

    expected = {key.lower(): (key, value) for key, value in items}
    expected.update({key.lower(): (key, value) for key, value in more})
    assert list(after) == [key for key, _ in expected.values()]
    assert after == Properties(expected.values())
    assert after.secret_keys == before.secret_keys
    assert after.with_items(dict(more)) == after
    assert before == Properties(items)


def test_items_laid_over_bring_their_secrets_along():
    """CM-06, CM-37."""
    laid_over = Properties({"a": 1}).with_items(
        Properties({"b": "hunter2"}, secret_keys=["B"])
    )

    assert laid_over.masked() == {"a": 1, "b": MASK}


@given(ITEMS, st.lists(KEYS, max_size=3), st.data())
def test_without_takes_away_these_keys_and_no_other(items, others, data):
    """CM-06."""
    drawn = data.draw(st.lists(st.sampled_from(items), max_size=3)) if items else []
    unwanted = [key.swapcase() for key, _ in drawn] + others
    before = Properties(items, secret_keys=["a"])

    after = before.without(unwanted)

    folded = {key.lower() for key in unwanted}
    kept = [item for item in items if item[0].lower() not in folded]
    assert list(after.items()) == list(Properties(kept).items())
    assert after.secret_keys == before.secret_keys
    assert after.without(unwanted) is after
    assert before == Properties(items)


# CM-37: secrets


@given(KEYS, VALUES, TEXT, st.sampled_from(["hunter2", ["a", "hunter2"]]))
def test_a_declared_secret_is_in_no_representation(key, other, other_key, secret):
    """CM-37."""
    assume(key.lower() != other_key.lower())
    assume(other_key)
    assume("hunter2" not in f"{key} {other} {other_key}")
    properties = Properties({key: secret, other_key: other}, secret_keys=[key.upper()])
    assume(key.upper().lower() == key.lower())
    later = Properties({key: secret}).with_items({other_key: other}).with_secrets([key])

    for one in (
        properties,
        properties.without([other_key]),
        properties.with_items({other_key: 1}),
        properties.with_secrets([other_key]),
        later,
    ):
        assert one.is_secret(key)
        assert one[key] in {"hunter2", ("a", "hunter2")}
        assert "hunter2" not in f"{one!r} {one} {one.masked()}"


def test_a_key_named_like_a_secret_is_masked_without_a_declaration():
    """CM-37."""
    properties = Properties({"dbPassword": "hunter2", "port": 1, "api.keys": ["a"]})

    assert repr(properties) == (
        f"Properties({{'dbPassword': '{MASK}', 'port': 1, 'api.keys': '{MASK}'}})"
    )


def test_what_a_service_would_get_can_be_had_without_its_secrets():
    """CM-33, CM-37."""
    properties = Properties({"dsn": "hunter2", "port": 1}, secret_keys=["dsn"])
    processed = ProcessedProperties(properties, {"port": "the environment"})

    safe = processed.without_secrets()

    assert type(safe) is ProcessedProperties
    assert dict(safe) == {"dsn": MASK, "port": 1}
    assert safe.sources == processed.sources == {"port": "the environment"}
    assert processed["dsn"] == "hunter2"


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ("amqp://me:hunter2@host/a", f"amqp://me:{MASK}@host/a"),
        (
            ["http://a", "http://me:hunter2@b"],
            ("http://a", f"http://me:{MASK}@b"),
        ),
        ("me:hunter2@host", "me:hunter2@host"),
        ([1, 2], (1, 2)),
        (1, 1),
    ],
)
def test_the_password_in_an_address_is_masked_and_nothing_else(value, masked):
    """CM-37."""
    properties = Properties({"at": value})

    assert properties.masked() == {"at": masked}
    assert repr(properties) == f"Properties({{'at': {masked!r}}})"


def test_the_refusal_of_a_secret_does_not_show_it():
    """CM-37."""
    error = refusal([("password", "hunter2"), ("Password", "hunter3")])

    assert "hunter" not in f"{error} {error!r}"
