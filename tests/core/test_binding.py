"""Properties become the type that a registration asks for, or say why not."""

import dataclasses
import enum
import keyword
from typing import Annotated, Literal

import attrs
import pydantic
import pydantic_core
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_admin.core.binding import Binder
from config_admin.core.display import MASK
from config_admin.core.errors import ConfigurationError, InvalidConfigurationError
from config_admin.core.fields import folded
from config_admin.core.foreign import scrubbed
from config_admin.core.properties import Properties


def bound(model, items, secret_keys=()):
    return Binder(model).bind(Properties(items, secret_keys=secret_keys), scrubbed)


def refusal(model, items, secret_keys=()):
    """The violations, in their order."""
    with pytest.raises(InvalidConfigurationError) as caught:
        bound(model, items, secret_keys)
    error = caught.value
    assert error.pid == ""
    assert error.__cause__ is None, "its text may show a secret"
    assert error.__context__ is None, "as above"
    assert {violation.rule for violation in error.violations} == {"model"}
    return error.violations


def told(model, items, secret_keys=()):
    """The violations as people read them."""
    return [each.message for each in refusal(model, items, secret_keys)]


@dataclasses.dataclass
class Broker:
    message_server_ip: str
    port: int = 5672
    hosts: list[str] = dataclasses.field(default_factory=list)


# Keys and fields


@pytest.mark.parametrize(
    "key",
    [
        "message_server_ip",
        "message.server.ip",
        "message-server-ip",
        "message.server-ip",
        "MESSAGE_Server.IP",
    ],
)
def test_separators_and_case_make_no_difference_to_a_key(key):
    """CM-24."""
    assert bound(Broker, {key: "h"}) == Broker("h")


def test_other_keys_and_the_automatic_ones_are_left_out():
    """CM-24."""

    @dataclasses.dataclass
    class Curious:
        service_pid: str = "none"
        service_factory_pid: str = "none"
        service_url: str = "none"

    items = {
        "service.pid": "a~b",
        "service.factoryPid": "a",
        "service.url": "u",
        "more": 1,
    }

    assert bound(Curious, items) == Curious(service_url="u")


def test_two_keys_for_one_field_are_refused():
    """CM-24; the same if the second is blank."""
    for second in ("i", ""):
        (found,) = refusal(
            Broker, {"message-server-ip": "h", "message.server.ip": second}
        )

        assert found.message == (
            "message.server.ip: found it beside 'message-server-ip', which is the same"
            " field, expected each field once. Remove one of the two."
        )


@pytest.mark.parametrize("blank", ["", " ", "null", " null "])
def test_blank_and_null_mean_absent_where_the_field_has_a_default(blank):
    """CM-24, CM-36."""
    items = {"message.server.ip": "h", "port": blank, "hosts": blank}

    assert bound(Broker, items) == Broker("h")


def test_blank_is_a_text_where_a_text_is_wanted():
    """CM-36."""
    assert bound(Broker, {"message.server.ip": ""}) == Broker("")


# What cannot be read


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Everything:
    port: int
    count: int = 0
    ratio: float = 0.0
    tls: bool = False
    ports: list[int] = dataclasses.field(default_factory=list)
    colour: Colour = Colour.RED
    level: Literal["low", 1] = "low"
    limit: int | None = None


UNREADABLE = [
    (
        {"port": "x"},
        "port: found 'x', expected a whole number. Set another value.",
    ),
    (
        {"port": ""},
        "port: found an empty value, expected a whole number. Set another value.",
    ),
    (
        {},
        "port: found nothing, expected a whole number, for Everything requires it. Add",
    ),
    (
        {"port": 1, "Count": "5.0"},
        "Count: found '5.0', expected a whole number. Set another value, or remove",
    ),
    ({"port": True}, "port: found true, expected a whole number."),
    ({"port": 5.0}, "port: found 5.0, expected a whole number."),
    ({"port": 1, "ratio": "1,5"}, "ratio: found '1,5', expected a number."),
    ({"port": 1, "tls": "yes"}, "tls: found 'yes', expected true or false."),
    ({"port": 1, "tls": ("true",)}, "tls: found ['true'], expected true or false."),
    (
        {"port": 1, "ports": "1, x, y"},
        "ports: found 'x' as element 2, expected a whole number.",
    ),
    ({"port": 1, "colour": "blue"}, "colour: found 'blue', expected one of 'red'."),
    ({"port": 1, "level": "2"}, "level: found '2', expected one of 'low', 1."),
    ({"port": 1, "limit": "x"}, "limit: found 'x', expected a whole number or null."),
]


@pytest.mark.parametrize(("items", "sentence"), UNREADABLE)
def test_what_cannot_be_read_is_told_with_the_cure(items, sentence):
    """CM-24, CM-36: never a guess."""
    (message,) = told(Everything, items)

    assert message.startswith(sentence)


def test_everything_that_is_wrong_is_told_at_once_in_key_order():
    """CM-24."""
    found = refusal(Everything, {"tls": "no", "other": "1", "Ports": "x"})

    assert [violation.key for violation in found] == ["tls", "Ports", "port"]


def test_a_model_is_not_called_with_what_cannot_be_read():
    calls = []

    def model(port: int, host: str):
        calls.append((port, host))

    refusal(model, {"port": "x", "host": "h"})

    assert calls == []


def test_what_cannot_be_read_is_masked_if_it_is_a_secret():
    """CM-24; by its name, and because the properties say so."""

    @dataclasses.dataclass
    class Secrets:
        pin: int
        codes: list[int]

    found = told(Secrets, {"pin": "s3cret", "codes": "1,s3cret"}, ["codes"])

    assert [message.split(", expected")[0] for message in found] == [
        "pin: found a masked value",
        "codes: found a masked value as element 2",
    ]


# What the model raises


def test_a_configuration_error_names_the_key_as_it_is_written():
    """CM-24."""

    @dataclasses.dataclass
    class Picky(Broker):
        def __post_init__(self):
            raise ConfigurationError("message_server_ip", "it does not answer")

    (message,) = told(Picky, {"Message.Server-IP": "h"})

    assert message == (
        "Message.Server-IP: found a value that Picky refuses: it does not answer,"
        " expected another one. Set another value."
    )


@pytest.mark.parametrize(
    ("about", "key"),
    [("PORT-1", "port.1"), ("port", "port"), (None, None), (5, None), ("x", "x")],
)
def test_a_callable_may_name_any_key(about, key):
    """CM-24."""

    def model(properties):
        raise ConfigurationError(about, "no")

    (found,) = refusal(model, {"port.1": "1"})

    assert found.key == key


def test_a_default_that_does_not_fit_is_told_by_the_name_of_its_field():
    """CM-24."""

    @attrs.define
    class Picky:
        _port: int = attrs.field(default=0, validator=attrs.validators.ge(1))

    (found,) = refusal(Picky, {})

    assert found.key == "port"


def raised(error):
    """A model that raises *error*."""

    def model(properties):
        raise error

    return model


class MuteError(Exception):
    def __str__(self):
        raise RuntimeError


class ListingError(ValueError):
    """Looks like pydantic's, and is not."""

    def errors(self):
        return [{"type": "other"}]


OTHERS = [
    (ListingError("no"), "no"),
    (pydantic_core.PydanticCustomError("odd", "not with me"), "not with me"),
    (
        ValueError("host and port do not go together"),
        "host and port do not go together",
    ),
    (ValueError(), "ValueError"),
    (ValueError("only this", {"and": "not that"}), "only this"),
    (KeyError("x"), "KeyError: 'x' (raised at "),
    (UnicodeDecodeError("utf-8", b"a", 0, 1, "bad"), "'utf-8' codec can't decode"),
    (OSError(2, "No such file"), "FileNotFoundError: [Errno 2] No such file (raised "),
    (MuteError(), "MuteError: (it cannot say what is wrong) (raised at "),
    (ConfigurationError(None, "no\x1b[31m"), r"no\x1b[31m"),
    (ConfigurationError(None, MuteError()), "(it cannot say what is wrong)"),
]


@pytest.mark.parametrize(("error", "reason"), OTHERS)
def test_whatever_a_model_raises_is_a_reason(error, reason):
    """CM-24; shown as far as a terminal may show it."""
    (message,) = told(raised(error), {"port": 1})

    assert message.startswith(f"found properties that model refuses: {reason}")
    assert message.endswith(", expected others. Change one of them.")


def test_a_bug_in_a_model_is_told_with_its_place():
    (message,) = told(raised(KeyError("x")), {})
    (of_a_builtin,) = told({}.__getitem__, {})

    assert f"(raised at {__file__}:" in message
    assert of_a_builtin == (
        "found properties that __getitem__ refuses: KeyError: Properties({}), expected"
        " others. Change one of them."
    )


def test_what_ends_a_program_is_no_refusal():
    with pytest.raises(KeyboardInterrupt):
        bound(raised(KeyboardInterrupt()), {})


def test_several_reasons_may_come_in_a_group():
    """CM-24."""
    refused = InvalidConfigurationError("", refusal(Everything, {"port": "x"}))
    inner = ExceptionGroup("inner", [ConfigurationError("a", "first"), refused])
    group = ExceptionGroup("outer", [inner, ValueError("last")])

    found = refusal(raised(group), {"a": 1, "port": "x"})

    assert [(each.key, each.found.partition(": ")[2]) for each in found] == [
        ("a", "first"),
        ("port", "found 'x', expected a whole number"),
        (None, "last"),
    ]


def test_of_very_many_reasons_the_first_are_told():
    class Model(pydantic.BaseModel):
        ports: list[int]

    assert len(refusal(Model, {"ports": "x," * 500})) == 100


@attrs.define
class Checked:
    port: int = attrs.field(validator=attrs.validators.ge(1))
    name: str = attrs.field(default="", validator=attrs.validators.in_(["", "a", "b"]))
    _size: int = attrs.field(default=1, validator=attrs.validators.lt(10))


@pytest.mark.parametrize(
    ("items", "key", "reason"),
    [
        ({"Port": "0"}, "Port", "'port' must be >= 1: 0"),
        ({"port": "1", "name": "c"}, "name", "'name' must be in ['', 'a', 'b'] (got"),
        ({"port": "1", "SIZE": "10"}, "SIZE", "'_size' must be < 10: 10"),
    ],
)
def test_a_validator_of_attrs_names_its_key(items, key, reason):
    """CM-24."""
    (found,) = refusal(Checked, items)

    assert found.key == key
    assert found.found.startswith(f"a value that Checked refuses: {reason}")


def test_a_validator_of_attrs_names_its_key_in_a_group_as_well():
    """CM-24."""

    def model(port: int):
        raise ExceptionGroup("all", [ValueError("'port' must be >= 1: 0")])

    (found,) = refusal(model, {"Port": "0"})

    assert found.key == "Port"


def test_a_quoted_word_that_is_no_field_is_no_key():
    (found,) = refusal(raised(ValueError("'port' is bad")), {"port": "x"})

    assert found.key is None


# pydantic


class Judge(pydantic.BaseModel):
    port: int = pydantic.Field(alias="tcp-port", lt=65536)
    ports: list[Annotated[int, pydantic.Field(gt=0)]] = []
    tls: bool = False
    url: pydantic.HttpUrl | None = None
    urls: list[pydantic.HttpUrl] = []

    @pydantic.field_validator("tls")
    @classmethod
    def never(cls, value):
        if value:
            raise ValueError("not supported")
        return value


NO_INTEGER = "Input should be a valid integer, unable to parse string as an integer"


def test_pydantic_judges_and_every_error_is_told_with_its_key():
    """CM-24."""
    items = {"url": "nonsense", "TCP.Port": "70000", "Ports": "1, x, 0", "tls": "true"}

    found = refusal(Judge, items)

    assert [(each.key, each.found.partition(" refuses: ")[2]) for each in found] == [
        ("url", "Input should be a valid URL, relative URL without a base"),
        ("TCP.Port", "Input should be less than 65536"),
        ("Ports", f"{NO_INTEGER} (element 2)"),
        ("Ports", "Input should be greater than 0 (element 3)"),
        ("tls", "Value error, not supported"),
    ]


def test_what_pydantic_misses_is_told_as_what_every_model_misses():
    """CM-24."""
    assert told(Judge, {}) == [
        "tcp-port: found nothing, expected a value, for Judge requires it. Add the key."
    ]


def test_pydantic_reads_types_of_its_own_and_lists_of_them():
    """CM-24, CM-36: a comma still separates."""
    found = bound(Judge, {"tcp-port": "1", "url": "null", "urls": "http://a, http://b"})

    assert found.url is None
    assert [str(url) for url in found.urls] == ["http://a/", "http://b/"]


def test_what_a_model_of_pydantic_reads_strictly_is_coerced_before():
    """CM-24, CM-36."""

    class Strict(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(strict=True)
        port: int
        ratio: float
        ports: list[int]
        names: set[str]
        colour: Colour

    found = bound(
        Strict,
        {
            "port": "1",
            "ratio": 2,
            "ports": ("1", "2"),
            "names": "a,b",
            "colour": "red",
        },
    )

    assert found.model_dump() == {
        "port": 1,
        "ratio": 2.0,
        "ports": [1, 2],
        "names": {"a", "b"},
        "colour": Colour.RED,
    }


def test_a_validator_of_pydantic_may_read_what_no_rule_of_ours_reads():
    """CM-24."""

    class Sized(pydantic.BaseModel):
        size: Annotated[
            int, pydantic.BeforeValidator(lambda text: int(text.rstrip("k")) * 1000)
        ]

    assert bound(Sized, {"size": "5k"}).size == 5000


@pytest.mark.parametrize(
    ("extra", "kept"), [("ignore", None), ("allow", {"a.b": "x"}), ("forbid", "a.b")]
)
def test_pydantics_own_setting_says_what_becomes_of_other_keys(extra, kept):
    """CM-24."""

    class Model(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(extra=extra)
        port: int = 1

    items = {"a.b": "x", "service.pid": "p"}
    if extra == "forbid":
        assert [each.key for each in refusal(Model, items)] == [kept]
    else:
        assert bound(Model, items).model_extra == kept


def test_of_a_place_deep_in_a_list_the_element_is_told():
    """CM-24: that of the property's own list."""

    class Model(pydantic.BaseModel):
        pairs: list[tuple[int, int]]

        @pydantic.field_validator("pairs", mode="before")
        @classmethod
        def parsed(cls, value):
            return [text.split(":") for text in value]

    (found,) = refusal(Model, {"pairs": "1:2, 3:x"})

    assert (found.key, found.found) == (
        "pairs",
        f"a value that Model refuses: {NO_INTEGER} (element 2)",
    )


def test_an_error_of_a_whole_model_has_no_key():
    """CM-24."""

    class Model(pydantic.BaseModel):
        low: int
        high: int

        @pydantic.model_validator(mode="after")
        def ordered(self):
            if self.low > self.high:
                raise ValueError("low is above high")
            return self

    (message,) = told(Model, {"low": "2", "high": "1"})

    assert message == (
        "found properties that Model refuses: Value error, low is above high, expected"
        " others. Change one of them."
    )


def test_a_configuration_error_goes_through_pydantic():
    """CM-24."""

    class Model(pydantic.BaseModel):
        port: int

        @pydantic.field_validator("port")
        @classmethod
        def never(cls, value):
            raise ConfigurationError("port", f"{value} is taken")

    (found,) = refusal(Model, {"PORT": "1"})

    assert (found.key, found.found) == (
        "PORT",
        "a value that Model refuses: 1 is taken",
    )


def test_an_error_of_a_union_names_the_key():
    """CM-24; where pydantic's way to it goes on with the names of types."""

    class Model(pydantic.BaseModel):
        port: int | bool

    found = refusal(Model, {"port": "x"})

    assert [each.key for each in found] == ["port", "port"]
    assert not any("element" in each.found for each in found)


def test_what_is_missing_inside_a_value_is_no_missing_key():
    class Inner(pydantic.BaseModel):
        a: int

    class Outer(pydantic.BaseModel):
        inner: Inner

        @pydantic.field_validator("inner", mode="before")
        @classmethod
        def parsed(cls, value):
            return {"b": value}

    (found,) = refusal(Outer, {"inner": "x"})

    assert found.key == "inner"
    assert found.found == "a value that Outer refuses: Field required"


# Secrets


def leaking(properties):
    raise ValueError(
        f"I do not like {dict(properties)} nor {list(properties.values())}"
    )


def leaking_a_part(properties):
    raise ValueError(f"{properties['tokens'].split(', ')[1]} is no token")


@dataclasses.dataclass
class Leaking:
    password: str
    tokens: list[str]

    def __post_init__(self):
        raise ValueError(f"bad: {self.password}, {self.tokens[1]}")


class LeakingModel(pydantic.BaseModel):
    dsn: pydantic.SecretStr
    pins: list[int]

    @pydantic.model_validator(mode="after")
    def leak(self):
        raise ValueError(f"bad: {self.dsn.get_secret_value()}, {self.pins[1]}")


@pytest.mark.parametrize(
    ("model", "items"),
    [
        (leaking, {"password": "hunter2", "tokens": "alpha, bravo"}),
        (leaking, {"tokens": ("alpha", "bravo"), "pins": 4711}),
        (leaking_a_part, {"tokens": "alpha, bravo"}),
        (Leaking, {"password": "hunter2", "tokens": "alpha, bravo"}),
        (Leaking, {"password": "hunter2", "tokens": ("alpha", "bravo")}),
        (LeakingModel, {"DSN": "hunter2", "pins": "4711, 004712"}),
        (LeakingModel, {"DSN": "hunter2", "pins": (4711, 4712)}),
    ],
)
def test_a_secret_does_not_show_in_what_a_model_says(model, items):
    """CM-24; not even a part of it."""
    (message,) = told(model, items, secret_keys=["tokens", "pins"])

    assert MASK in message
    for secret in ("hunter2", "alpha", "bravo", "4711", "4712"):
        assert secret not in message


def test_the_callers_own_secrets_are_masked_too():
    def scrub(text, secrets):
        return scrubbed(text, [*secrets, "elsewhere"])

    with pytest.raises(InvalidConfigurationError) as caught:
        Binder(raised(ValueError("as elsewhere"))).bind(Properties(), scrub)

    assert f"as {MASK}" in str(caught.value)


# The law

PLAIN = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=",\0")
TEXTS = st.text(PLAIN)
ITEMS = TEXTS.filter(lambda text: text and text == text.strip())
INTEGERS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TYPES = {
    str: TEXTS,
    int: INTEGERS,
    float: FLOATS,
    bool: st.booleans(),
    int | None: st.none() | INTEGERS,
    Colour: st.sampled_from(Colour),
    list[str]: st.lists(ITEMS, max_size=3),
    tuple[int, ...]: st.lists(INTEGERS, max_size=3).map(tuple),
    list[float]: st.lists(FLOATS, max_size=3),
    set[bool]: st.sets(st.booleans()),
}
NAMES = st.from_regex(r"[a-z][a-z0-9]{0,3}(_[a-z0-9]{1,3}){0,2}", fullmatch=True)


def as_text(value):
    """*value* as somebody writes it into a file."""
    if value is None:
        return "null"
    if isinstance(value, list | tuple | set):
        return ", ".join(map(as_text, value))
    if isinstance(value, enum.Enum):
        return value.value
    return str(value).lower() if isinstance(value, bool) else str(value)


@st.composite
def cases(draw):
    """Fields with their types and values, and a key for each."""
    names = NAMES.filter(lambda name: not keyword.iskeyword(name))
    chosen = draw(st.lists(names, min_size=1, max_size=5, unique=True))
    types = {name: draw(st.sampled_from(list(TYPES))) for name in chosen}
    values = {name: draw(TYPES[kind]) for name, kind in types.items()}
    keys = {
        name: "".join(
            draw(st.sampled_from("-._" if each == "_" else each + each.upper()))
            for each in name
        )
        for name in chosen
    }
    return types, values, keys


def with_dataclass(types):
    return dataclasses.make_dataclass("Made", types.items())


def with_attrs(types):
    return attrs.make_class("Made", {n: attrs.field(type=t) for n, t in types.items()})


def with_pydantic(types):
    return pydantic.create_model("Made", **{n: (t, ...) for n, t in types.items()})


MAKERS = [with_dataclass, with_attrs, with_pydantic]


@pytest.mark.parametrize("make", MAKERS)
@given(cases())
def test_a_model_written_as_text_comes_back_equal(make, case):
    """CM-24, CM-36: whatever the library, the types and the spelling of the keys."""
    types, values, keys = case
    model = make(types)

    found = bound(model, {keys[name]: as_text(value) for name, value in values.items()})

    assert found == model(**values)
    assert {name: type(getattr(found, name)) for name in values} == {
        name: type(value) for name, value in values.items()
    }


@given(cases(), st.text(PLAIN.filter(str.isprintable)))
def test_a_text_is_read_or_told_but_never_handed_on(case, text):
    """CM-24: a field of numbers gets a number, or nobody is called."""
    types, _, keys = case
    model = with_dataclass(types)
    try:
        found = bound(model, dict.fromkeys(keys.values(), text))
    except InvalidConfigurationError as error:
        told_keys = {violation.key for violation in error.violations}
        assert told_keys <= set(keys.values())
    else:
        for name, kind in types.items():
            if kind in (int, float, bool, Colour):
                assert type(getattr(found, name)) is kind


def test_keys_are_compared_in_lower_case():
    """CM-24, CM-03: as the keys of properties are."""

    german = dataclasses.make_dataclass("German", [("maß", str), ("mass", str)])

    assert bound(german, {"MAß": "a", "Mass": "b"}) == german("a", "b")


@given(st.text(PLAIN, min_size=1))
def test_folding_twice_changes_nothing(key):
    assert folded(folded(key)) == folded(key)
