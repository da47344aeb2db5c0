"""What can be registered as a type, and what is told to whoever tries another."""

import dataclasses
import enum
import functools
import sys
from collections import namedtuple
from collections.abc import Mapping
from importlib.util import module_from_spec, spec_from_file_location
from typing import ClassVar, Generic, NamedTuple, TypedDict, TypeVar

import attrs
import pydantic
import pytest

from config_admin.core.binding import Binder
from config_admin.core.errors import InvalidConfigurationError, UsageError
from config_admin.core.foreign import scrubbed
from config_admin.core.properties import Properties

T = TypeVar("T")


def bound(model, items):
    return Binder(model).bind(Properties(items), scrubbed)


def usage_error(model):
    with pytest.raises(UsageError) as caught:
        Binder(model)
    return str(caught.value)


@dataclasses.dataclass
class Data:
    host: str
    port: int = 5672
    ratio: "float" = 1.0
    hosts: list[str] = dataclasses.field(default_factory=list)
    _: dataclasses.KW_ONLY
    tls: bool = False
    doubled: dataclasses.InitVar[int] = 0
    total: int = dataclasses.field(init=False, default=0)
    kinds: ClassVar[dict[str, str]] = {}

    def __post_init__(self, doubled):
        self.total = doubled * 2


@attrs.define
class Attrs:
    host: str
    _port: "int" = 5672
    ratio: float = attrs.field(default=1.0, alias="share")
    hosts: tuple[str, ...] = attrs.field(converter=tuple, factory=tuple)
    length: bytes = attrs.field(converter=str.encode, default="")
    lock: object = attrs.field(init=False, factory=dict)


class Model(pydantic.BaseModel):
    host: str
    port: int = 5672
    ratio: float = pydantic.Field(default=1.0, alias="share")
    hosts: list[str] = []


@pydantic.dataclasses.dataclass
class PydanticData:
    host: str
    port: int = pydantic.Field(default=5672, gt=0)
    ratio: float = pydantic.Field(default=1.0, alias="share")


class Named(NamedTuple):
    host: str
    port: "int" = 5672


class Plain:
    def __init__(self, host: str, *, port: "int" = 5672, rest=None):
        self.all = (host, port, rest)


class WithOthers:
    def __init__(self, host: str, **others: object):
        self.all = (host, others)


class OnlyOthers:
    def __init__(self, **others: object):
        self.all = others


def made_of_fields(host: str, port: int = 5672):
    return (host, port)


class Colour(enum.Enum):
    RED = "red"


def coloured(host: str, colour: "Colour"):
    return (host, colour)


class Typing:
    def __call__(self, host: str, port: "int" = 5672):
        return (host, port)


def takes_mapping(properties: Mapping[str, object]):
    return properties


def takes_what_only_a_type_checker_knows(
    properties: "Unknown",  # noqa: F821 - this is the case
) -> "Unknown":  # noqa: F821 - as above
    return properties


class TakesMapping:
    def __init__(self, properties, /):
        self.all = properties


class Callable:
    def __call__(self, properties):
        return properties


WRITTEN = {"Host": "h", "PORT": "1", "share": "0.5"}


def test_a_dataclass_gets_an_argument_for_each_field():
    """CM-24, CM-36."""
    found = bound(
        Data,
        {
            "HOST": "h",
            "Port": " 1",
            "ratio": 2,
            "hosts": "a, b",
            "tls": "true",
            "doubled": "4",
            "total": "99",
            "kinds": "x",
            "_": "y",
        },
    )

    assert found == Data("h", 1, 2.0, ["a", "b"], tls=True, doubled=4)
    assert type(found.ratio) is float
    assert found.total == 8


def test_a_class_of_attrs_gets_an_argument_for_each_field():
    """CM-24."""
    found = bound(
        Attrs, {**WRITTEN, "hosts": "a, b", "length": "xyz", "lock": "5", "ratio": "9"}
    )

    assert found == Attrs("h", port=1, share=0.5, hosts=("a", "b"), length="xyz")
    assert found.length == b"xyz"


def test_a_class_that_attrs_made_of_a_dictionary_gets_its_fields():
    """CM-24."""
    made = attrs.make_class("Made", {"port": attrs.field(type=int)})

    assert bound(made, {"port": "5"}) == made(5)


def test_a_model_of_pydantic_gets_an_argument_for_each_field():
    """CM-24."""
    found = bound(Model, {**WRITTEN, "hosts": "a, b"})

    assert found == Model(host="h", port=1, share=0.5, hosts=["a", "b"])


def test_a_dataclass_of_pydantic_gets_an_argument_for_each_field():
    """CM-24."""
    assert bound(PydanticData, WRITTEN) == PydanticData("h", 1, share=0.5)


def test_a_dataclass_of_pydantic_reads_types_of_its_own_and_judges():
    """CM-24."""

    @pydantic.dataclasses.dataclass
    class Linked:
        url: pydantic.HttpUrl
        port: int

    found = bound(Linked, {"URL": "http://a", "port": "1"})
    with pytest.raises(InvalidConfigurationError) as caught:
        bound(Linked, {"url": "http://a", "port": "x"})

    assert (str(found.url), found.port) == ("http://a/", 1)
    (violation,) = caught.value.violations
    assert violation.message == (
        "port: found a value that Linked refuses: Input should be a valid integer,"
        " unable to parse string as an integer, expected another one."
        " Set another value."
    )


@pytest.mark.parametrize("blank", ["", " ", "null"])
def test_blank_and_null_are_the_default_of_a_model_of_pydantic(blank):
    """CM-24, CM-36."""
    found = bound(Model, {"host": "h", "port": blank, "share": blank, "hosts": blank})

    assert found == Model(host="h")


@pytest.mark.parametrize("model", [Named, made_of_fields])
def test_a_named_tuple_and_a_function_get_an_argument_for_each_field(model):
    """CM-24."""
    assert bound(model, WRITTEN) == ("h", 1)


def test_a_named_tuple_without_types_gets_the_values_as_they_are():
    """CM-24."""
    untyped = namedtuple("untyped", "host port")  # noqa: PYI024 - this is the case

    assert bound(untyped, WRITTEN) == ("h", "1")


def test_any_class_with_typed_parameters_gets_them():
    """CM-24; a parameter without annotation gets what is there."""
    found = bound(Plain, {**WRITTEN, "rest": "2"})

    assert found.all == ("h", 1, "2")


def test_what_is_bound_already_is_not_asked_for():
    """CM-24."""
    assert bound(functools.partial(made_of_fields, port=3), {"host": "h"}) == ("h", 3)
    assert bound(functools.partial(coloured, "h"), {"colour": "red"}) == (
        "h",
        Colour.RED,
    )


def test_an_object_with_typed_parameters_gets_them():
    """CM-24."""
    assert bound(Typing(), WRITTEN) == ("h", 1)


def test_keys_that_match_no_field_go_to_whoever_takes_all():
    """CM-24; as they are written."""
    items = {**WRITTEN, "a.b": (1, 2), "service.pid": "x"}

    assert bound(WithOthers, items).all == (
        "h",
        {"PORT": "1", "share": "0.5", "a.b": (1, 2)},
    )
    assert bound(OnlyOthers, {"a.b": "1"}).all == {"a.b": "1"}


@pytest.mark.parametrize(
    "model",
    [
        takes_mapping,
        takes_what_only_a_type_checker_knows,
        Callable(),
        lambda properties: properties,
        functools.partial(takes_mapping),
    ],
)
def test_another_callable_gets_the_properties(model):
    """CM-24."""
    found = bound(model, {**WRITTEN, "service.pid": "a~b", "SERVICE.factorypid": "a"})

    assert type(found) is Properties
    assert dict(found) == WRITTEN


def test_another_class_gets_the_properties():
    """CM-24."""
    assert bound(TakesMapping, WRITTEN).all == WRITTEN
    assert bound(dict, WRITTEN) == WRITTEN
    assert bound(dict[str, object], WRITTEN) == WRITTEN
    assert bound(tuple, WRITTEN) == tuple(WRITTEN)
    assert bound(pydantic.RootModel[dict[str, str]], WRITTEN).root == WRITTEN


@pytest.mark.parametrize("items", [{}, {"root": "x"}])
def test_a_root_model_of_pydantic_gets_the_properties_whatever_they_are(items):
    """CM-24; ``root`` is no field of it."""
    assert bound(pydantic.RootModel[dict[str, str]], items).root == items


def test_secret_keys_stay_secret_in_the_properties_that_a_callable_gets():
    properties = Properties({"dsn": "x", "service.pid": "y"}, secret_keys=["dsn"])

    found = Binder(takes_mapping).bind(properties, scrubbed)

    assert found.is_secret("dsn")


OTHER = """
from __future__ import annotations
from dataclasses import dataclass
from enum import Enum

class Colour(Enum):
    RED = "red"

@dataclass
class Parent:
    colour: Colour

class PlainParent:
    def __init__(self, colour: Colour):
        self.colour = colour
"""


@pytest.fixture
def other_module(tmp_path):
    """A module of which this one knows the classes, but not what they name."""
    path = tmp_path / "other.py"
    path.write_text(OTHER, encoding="utf-8")
    spec = spec_from_file_location("config_admin_other", path)
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_an_inherited_annotation_means_what_it_meant_in_its_module(other_module):
    """CM-24; the module of the child does not know the name."""
    red = other_module.Colour.RED

    @dataclasses.dataclass
    class Child(other_module.Parent):
        port: "int" = 5

    class PlainChild(other_module.PlainParent):
        pass

    assert bound(Child, {"colour": "red"}) == Child(red)
    assert bound(PlainChild, {"colour": "red"}).colour is red


# What cannot be registered


@dataclasses.dataclass
class Nested:
    data: Data


@dataclasses.dataclass
class NestedList:
    rows: list[list[int]] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Unknown1:
    port: "NoSuchName"  # noqa: F821 - this is the case


class Unknown2(pydantic.BaseModel):
    port: "NoSuchName"  # noqa: F821 - as above


class Unknown3:
    def __init__(self, host: str, port: "NoSuchName" = 5):  # noqa: F821 - as above
        pass


class UnknownCall:
    def __call__(self, host: str, port: "Field" = 5):  # noqa: F821 - a name of ours
        pass


@dataclasses.dataclass
class Nonsense:
    port: "a b"  # noqa: F722 - as above


@dataclasses.dataclass
class Twice:
    a_b: int
    A_B: int


class TwiceAliased(pydantic.BaseModel):
    first: int = pydantic.Field(alias="a-b")
    second: int = pydantic.Field(alias="a.b")


@dataclasses.dataclass
class Box(Generic[T]):
    content: T


class Typed(TypedDict):
    port: int


class Empty:
    pass


async def coroutine(properties):
    return properties


class CoroutineCall:
    async def __call__(self, properties):
        return properties


READABLE = (
    "and no property can be read as that. Make it str, int, float, bool, an enumeration"
    " or a flat list of one of them; or take it out of the constructor (init=False); or"
    " hand over a function that takes the properties."
)
LATER = "What it names has to be there at run time too, and at the top of its module."
UNKNOWN = f"cannot be resolved: name 'NoSuchName' is not defined. {LATER}"
OURS = f"cannot be resolved: name 'Field' is not defined. {LATER}"
BOTH = "and the same keys match both: rename one of them."
ONE = (
    "has to take the properties as its one argument, or annotate what it takes with"
    " str, int, float, bool or lists:"
)

WRONG = [
    (5, "int cannot be called: hand over a class or a function."),
    (None, "NoneType cannot be called: hand over a class or a function."),
    (coroutine, "coroutine is a coroutine function: hand over a plain one."),
    (CoroutineCall(), "CoroutineCall is a coroutine function: hand over a plain one."),
    (Typed, "Typed is a TypedDict, which checks nothing: use a dataclass."),
    (Nested, f"Nested.data is annotated with Data, {READABLE}"),
    (NestedList, f"NestedList.rows is annotated with list[list[int]], {READABLE}"),
    (Box, f"Box.content is annotated with ~T, {READABLE}"),
    (Box[int], f"Box.content is annotated with ~T, {READABLE}"),
    (Unknown1, f"An annotation of Unknown1 {UNKNOWN}"),
    (Unknown2, f"An annotation of Unknown2 {UNKNOWN}"),
    (Unknown3, f"An annotation of Unknown3 {UNKNOWN}"),
    (UnknownCall(), f"An annotation of UnknownCall {OURS}"),
    (Twice, f"Twice has the fields a_b and A_B, {BOTH}"),
    (TwiceAliased, f"TwiceAliased has the fields first and second, {BOTH}"),
    (Empty, f"Empty {ONE} too many positional arguments."),
    (lambda: None, f"<lambda> {ONE} too many positional arguments."),
    (lambda a, b: (a, b), f"<lambda> {ONE} missing a required argument: 'b'."),
]


@pytest.mark.parametrize(("model", "sentence"), WRONG)
def test_what_can_be_made_of_no_properties_is_refused_at_once(model, sentence):
    """CM-24: when it is registered, not when a configuration comes."""
    assert usage_error(model) == sentence


def test_what_python_says_of_an_annotation_is_told():
    """CM-24; its words differ from version to version."""
    said = usage_error(Nonsense)

    assert said.startswith("An annotation of Nonsense cannot be resolved: ")
    assert said.endswith(f"'a b'. {LATER}")


class Reader(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(validate_by_name=True, validate_by_alias=True)
    port: int = pydantic.Field(alias="tcp-port")


class Renamed(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(validate_by_name=True, validate_by_alias=False)
    port: int = pydantic.Field(alias="tcp-port")


class Populated(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(populate_by_name=True)
    port: int = pydantic.Field(alias="tcp-port")


class Chosen(pydantic.BaseModel):
    port: int = pydantic.Field(
        validation_alias=pydantic.AliasChoices("tcp", pydantic.AliasPath("p", 0), "udp")
    )


class Generated(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(alias_generator=lambda name: f"my-{name}")
    port: int


@pytest.mark.parametrize(
    ("model", "key"),
    [
        (Reader, "TCP.port"),
        (Reader, "Port"),
        (Populated, "tcp_port"),
        (Populated, "Port"),
        (Renamed, "Port"),
        (Chosen, "tcp"),
        (Chosen, "UDP"),
        (Generated, "my.port"),
    ],
)
def test_pydantics_aliases_say_which_keys_match(model, key):
    """CM-24."""
    assert bound(model, {key: "5"}).port == 5


@pytest.mark.parametrize(
    ("model", "key", "missing"),
    [
        (Renamed, "tcp-port", "port"),
        (Chosen, "port", "tcp"),
        (Chosen, "p", "tcp"),
        (Generated, "port", "my-port"),
        (Reader, "tcpport", "tcp-port"),
        (Populated, "tcpport", "tcp-port"),
    ],
)
def test_of_pydantics_aliases_one_is_named_where_none_matches(model, key, missing):
    """CM-24."""
    with pytest.raises(InvalidConfigurationError) as caught:
        bound(model, {key: "5"})

    (violation,) = caught.value.violations
    assert violation.message == (
        f"{missing}: found nothing, expected a value, for {model.__name__} requires it."
        " Add the key."
    )


class Maker:
    def __call__(self, host: "Name", port: "Port" = 80) -> "Pair":
        return host, port


Name = str
Port = int
Pair = tuple[str, int]


def test_an_object_that_can_be_called_knows_the_names_of_its_module():
    assert bound(Maker(), {"host": "a", "port": "81"}) == ("a", 81)
