"""What properties are: keys, values, and what the admin adds to them."""

from enum import IntEnum, StrEnum

import pytest

from config_admin import InvalidConfigurationError

# Java's numbers of other widths are Python's int and float.
GOOD_VALUES = [
    pytest.param("x", id="text"),
    pytest.param("", id="empty text"),
    pytest.param(1, id="int"),
    pytest.param(-29, id="negative int"),
    pytest.param(10_000_000_000, id="more than 32 bits"),
    pytest.param(1.0, id="float"),
    pytest.param(1827.234, id="another float"),
    pytest.param(True, id="bool"),
    pytest.param(False, id="false"),
    pytest.param(("x",), id="list of text"),
    pytest.param(("one", "two", "three"), id="several texts"),
    pytest.param((1, 2), id="list of int"),
    pytest.param((1.1, 2.2), id="list of float"),
    pytest.param((True, False), id="list of bool"),
    pytest.param((), id="empty list"),
]

# Equinox's collections may mix types; here a list has one (CM-04).
BAD_VALUES = [
    pytest.param(None, id="None"),
    pytest.param(object(), id="object"),
    pytest.param([object()], id="list of objects"),
    pytest.param([None], id="list of None"),
    pytest.param([[1]], id="nested list"),
    pytest.param(["a string", object()], id="text and object"),
    pytest.param([1, "x"], id="mixed list"),
    pytest.param([1, 1.0], id="int and float"),
    pytest.param([1, True], id="int and bool"),
    pytest.param({"a": 1}, id="mapping"),
    pytest.param({"x"}, id="set"),
    pytest.param(b"x", id="bytes"),
    pytest.param(ValueError("x"), id="exception"),
    pytest.param(1j, id="complex"),
]


@pytest.mark.parametrize("value", GOOD_VALUES)
def test_what_can_be_stored_comes_back_with_its_type(admin, value):
    """
    CM-04, CM-65. Equinox ConfigurationDictionaryTest.testGoodConfigProperties, Felix
    CaseInsensitiveDictionaryTest.testCheckValueSimple, …SimpleArray and …ArrayList.
    """
    admin.update("p", {"key": value})

    found = admin.get("p").properties["key"]
    assert (found, type(found)) == (value, type(value))


def test_all_types_at_once_are_delivered(admin, settle, service):
    """CM-03, CM-04, CM-05. OSGi CMControl.testManagedProperties."""
    properties = {
        "StringKey": "text",
        "IntegerKey": 12,
        "LongKey": -29,
        "DoubleKey": 1827.234,
        "BooleanKey": True,
        "collectionkey": ("text",),
        "StringArray": ("string1", "string2"),
        "IntegerArray": (1, 2),
        "DoubleArray": (1.1, 2.2),
        "BooleanArray": (True, False),
        "CAPITALkey": "CAPITALvalue",
    }
    admin.update("p", properties)

    admin.add_managed_service("p", service)
    settle()

    (delivered,) = service.raw
    assert dict(delivered) == {**properties, "service.pid": "p"}
    assert delivered["sTringkeY"] == "text"


@pytest.mark.parametrize("value", BAD_VALUES)
def test_what_cannot_be_stored_is_refused_with_its_key(admin, value):
    """
    CM-04. OSGi CMControl.testUpdate and testManagedProperties, Equinox
    ConfigurationDictionaryTest.testNullValue, testObjectValue, testObjectArray,
    testObjectVector and testObjectCollection, Felix
    CaseInsensitiveDictionaryTest.testCheckValueNull.
    """
    with pytest.raises(InvalidConfigurationError) as caught:
        admin.update("p", {"good": "somevalue", "anotherkey": value})

    assert [violation.key for violation in caught.value.violations] == ["anotherkey"]
    assert admin.find("p") is None


def test_a_refused_update_leaves_what_was_there(admin):
    """CM-04, CM-16. OSGi CMControl.testUpdate."""
    before = admin.update("p", {"somekey": "somevalue"})

    with pytest.raises(InvalidConfigurationError):
        admin.update("p", {"somekey": "other", "bad": [object()]})

    assert admin.get("p") == before


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(key, id=ascii(key))
        for key in (
            "a", "1", "-", "_", "A", "a.b.c", "a.1.c", "a-sample.dotted_key.end",
            ".", "a.b.c.", ".a.b.c.", "a..b", ".a.b.c", " ", "§", "${yikes}",
            "a key with spaces", "fail:key", "with\ttab", "\\()[]{}.,=\"\"''",
            '"with quotes"', "=leading equals", "#", "!", "&", "*",
        )
    ],
)  # fmt: skip
def test_every_text_but_the_empty_one_can_be_a_key(admin, settle, service, key):
    """
    CM-03. Felix CaseInsensitiveDictionaryTest.testValidKeys, testKeyDots and
    testKeyIllegalCharacters, FilePersistenceManagerTest.testNonSpecKeys.
    """
    admin.add_managed_service("p", service)
    admin.update("p", {key: "value"})
    settle()

    assert service.calls[-1] == {key: "value"}
    assert dict(admin.get("p").properties) == {key: "value"}


@pytest.mark.parametrize("key", ["", None, 1, ("a",)])
def test_what_cannot_be_a_key_is_refused(admin, key):
    """
    CM-03. Felix CaseInsensitiveDictionaryTest.testKeyIllegalCharacters, Equinox
    ConfigurationDictionaryTest.testNullKey.
    """
    with pytest.raises(InvalidConfigurationError):
        admin.update("p", {key: "value"})

    assert admin.find("p") is None


def test_keys_that_differ_only_in_case_are_refused(admin):
    """CM-03. OSGi CMControl.testUpdate (case variants of the same key)."""
    with pytest.raises(InvalidConfigurationError):
        admin.update("p", {"somekey": "somevalue", "SomeKey": "SomeValue"})


def test_a_key_is_found_in_any_case_and_shown_in_its_own(admin):
    """CM-03. OSGi CMControl.testManagedProperties."""
    admin.update("p", {"StringKey": "text"})

    found = admin.get("p").properties
    assert [found[key] for key in ("stringkey", "STRINGKEY", "sTringkeY")] == (
        ["text"] * 3
    )
    assert "sTringkeY" in found
    assert list(found) == ["StringKey"]


def test_the_case_of_a_key_follows_its_last_writer(admin):
    """CM-03, CM-07. OSGi Compendium 104.4.2: the last case is kept."""
    admin.update("p", {"KEY": "1"})
    admin.update("p", {"key": "2"})

    assert dict(admin.get("p").properties) == {"key": "2"}


def test_an_absent_key_is_not_found(admin):
    """CM-03. Equinox ConfigurationDictionaryTest.testGetNull."""
    found = admin.update("p", {"a": "1"}).properties

    assert found.get("b") is None
    assert found.get(None) is None
    for key in ("b", None):
        with pytest.raises(KeyError):
            found[key]


@pytest.mark.parametrize("value", [("a", "b", "c"), (3, 1, 2)])
@pytest.mark.parametrize("kind", [list, tuple])
def test_the_elements_of_a_list_keep_their_order(admin, kind, value):
    """CM-04. Felix ConfigurationBaseTest.test_collection_property_order."""
    admin.update("p", {"v": kind(value)})

    assert admin.get("p").properties["v"] == value


def test_a_list_handed_in_may_change_afterwards(admin):
    """
    CM-06. Felix ConfigurationAdapterTest.testArray and testCollection: there the copy
    is taken on the way out; here nothing handed out can change.
    """
    value, properties = ["String Value"], {}
    properties["array"] = value
    admin.update("p", properties)

    value[0] = "Another String Value"
    properties["more"] = "1"

    assert dict(admin.get("p").properties) == {"array": ("String Value",)}


def test_what_was_handed_out_cannot_be_changed(admin, settle, service):
    """
    CM-06. OSGi CMControl.testUpdate (returned properties are copies), Equinox
    ConfigurationDictionaryTest.testRemove.
    """
    admin.add_managed_service("p", service)
    admin.update("p", {"a": "1", "list": ["x"]})
    settle()

    for found in (admin.get("p").properties, service.raw[-1]):
        for attribute in ("__setitem__", "__delitem__", "pop", "clear", "update"):
            assert not hasattr(found, attribute)
        assert isinstance(found["list"], tuple)


def test_a_later_update_does_not_change_what_was_handed_out(admin, settle, service):
    """CM-06. OSGi CMControl.testUpdate."""
    first = admin.update("p", {"a": "1"})
    admin.add_managed_service("p", service)
    settle()

    admin.update("p", {"a": "2"})
    settle()

    assert first.properties["a"] == "1"
    assert service.raw[0]["a"] == "1"


def test_what_is_delivered_names_its_pid_and_no_location(admin, settle, service):
    """CM-05. Felix ConfigurationBaseTest.test_basic_configuration_*."""
    admin.update("p", {"a": "1"})
    admin.add_managed_service("p", service)
    settle()

    assert dict(service.raw[0]) == {"a": "1", "service.pid": "p"}


def test_what_is_read_does_not_name_its_pid(admin):
    """
    CM-66. Equinox ConfigurationDictionaryTest.testGet and Felix
    ConfigurationAdapterTest.testScalar expect it there; here the record itself says it.
    """
    updated = admin.update("p", {"scalar": "String Value"})

    for found in (updated, admin.get("p"), *admin.list_configurations()):
        assert found.pid == "p"
        assert dict(found.properties) == {"scalar": "String Value"}


@pytest.mark.parametrize(
    "key", ["service.pid", "SERVICE.PID", "service.factoryPid", "Service.FactoryPID"]
)
def test_automatic_properties_cannot_be_set(admin, settle, service, key):
    """CM-05, CM-66. OSGi ConfigurationPluginTests (modify auto props), for callers."""
    admin.add_managed_service("p", service)
    admin.update("p", {key: "other", "a": "1"})
    settle()

    assert dict(admin.get("p").properties) == {"a": "1"}
    assert dict(service.raw[-1]) == {"a": "1", "service.pid": "p"}


def test_what_was_delivered_can_be_stored_as_it_is(admin, follow, settle, service):
    """
    CM-05, CM-08. OSGi CMControl.testManagedServiceRegistration2, case B1: there the
    service is called again; here nothing has changed.
    """
    follow("p", service)
    before = admin.update("p", {"a": "1"})
    settle()

    assert admin.update("p", service.raw[-1]) == before
    settle()
    assert service.calls == [None, {"a": "1"}]


def test_no_properties_are_a_configuration_too(admin, settle, service):
    """CM-07, CM-16. OSGi CMControl.testManagedServiceRegistration2, case B1."""
    admin.add_managed_service("p", service)
    admin.update("p", {"a": "1"})
    settle()

    admin.update("p", {})
    settle()

    assert service.calls[-1] == {}
    assert dict(service.raw[-1]) == {"service.pid": "p"}
    assert dict(admin.get("p").properties) == {}


class Level(IntEnum):
    HIGH = 3


class Colour(StrEnum):
    RED = "red"


class Shouting(str):
    __slots__ = ()

    def __str__(self):
        return self.upper()


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (Level.HIGH, 3),
        (Colour.RED, "red"),
        (Shouting("text"), "text"),
        ([Level.HIGH], (3,)),
        ([Shouting("a"), "b"], ("a", "b")),
    ],
)
def test_a_subclass_is_stored_as_its_base_type(admin, value, stored):
    """CM-64. Equinox ConfigurationDictionaryTest.testPutGetCustomCollection."""
    admin.update("p", {"x": value})

    found = admin.get("p").properties["x"]
    assert (found, type(found)) == (stored, type(stored))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, "1"), (1, 1.0), (1, True), (0, False), (1.0, True), ("true", True),
        ([1], [1.0]), (["1"], [1]), ([], ""), (["a"], "a"), ([True], [1]),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_another_value(admin, one, other):
    """CM-04, CM-08. OSGi CMControl.testUpdateIfDifferent, turned round."""
    assert admin.update("p", {"x": one}).revision == 1
    assert admin.update("p", {"x": other}).revision == 2
