"""What can be registered as a type, and what is told to whoever tries another."""

import dataclasses
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
    assert bound(pydantic.RootModel[dict[str, str]], WRITTEN).root == WRITTEN


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


WRONG = [
    (5, ["int cannot be called", "a class or a function"]),
    (None, ["NoneType cannot be called"]),
    (coroutine, ["coroutine is a coroutine function"]),
    (CoroutineCall(), ["CoroutineCall is a coroutine function"]),
    (Typed, ["Typed is a TypedDict", "dataclass"]),
    (Nested, ["Nested.data is annotated with Data", "init=False"]),
    (NestedList, ["NestedList.rows is annotated with list[list[int]]"]),
    (Box, ["Box.content is annotated with ~T"]),
    (Box[int], ["Box.content is annotated with ~T"]),
    (Unknown1, ["An annotation of Unknown1", "'NoSuchName' is not defined. What"]),
    (Unknown2, ["An annotation of Unknown2", "'NoSuchName' is not defined. What"]),
    (Unknown3, ["An annotation of Unknown3", "'NoSuchName' is not defined. What"]),
    (Nonsense, ["An annotation of Nonsense cannot be resolved"]),
    (Twice, ["Twice has the fields a_b and A_B", "rename"]),
    (TwiceAliased, ["TwiceAliased has the fields first and second"]),
    (Empty, ["Empty has to take the properties as its one argument"]),
    (lambda: None, ["<lambda> has to take the properties", "too many positional"]),
    (lambda a, b: (a, b), ["missing a required argument: 'b'"]),
]


@pytest.mark.parametrize(("model", "words"), WRONG)
def test_what_can_be_made_of_no_properties_is_refused_at_once(model, words):
    """CM-24: when it is registered, not when a configuration comes."""
    said = usage_error(model)

    assert [word for word in words if word not in said] == []


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
    ("model", "key", "is_known"),
    [
        (Reader, "TCP.port", True),
        (Reader, "port", True),
        (Populated, "tcp_port", True),
        (Populated, "Port", True),
        (Renamed, "Port", True),
        (Renamed, "tcp-port", False),
        (Chosen, "tcp", True),
        (Chosen, "UDP", True),
        (Chosen, "port", False),
        (Generated, "my.port", True),
        (Generated, "port", False),
    ],
)
def test_pydantics_aliases_say_which_keys_match(model, key, is_known):
    """CM-24."""

    if is_known:
        assert bound(model, {key: "5"}).port == 5
    else:
        with pytest.raises(InvalidConfigurationError, match="found nothing"):
            bound(model, {key: "5"})
