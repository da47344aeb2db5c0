"""
What a type annotation makes of the value of a property.

Text is read by the rules of `config_admin.core.coercion`; what is not text has to be of
the type already. Nothing is guessed: what cannot be read is refused.
"""

from collections import abc
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import InitVar, dataclass, replace
from enum import Enum
from functools import reduce
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from config_admin.core.coercion import Kind, coerced, means_absent, split
from config_admin.core.display import shown
from config_admin.core.properties import Scalar, Value

Container = Callable[[Iterable[object]], object]

_JSON_TYPES: Final[Mapping[type, str]] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
}
_NOUNS: Final[Mapping[type, str]] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}
# An abstract type is served by what cannot be changed, if that will do.
_CONTAINERS: Final[Mapping[type, Container]] = {
    list: list,
    abc.MutableSequence: list,
    tuple: tuple,
    abc.Sequence: tuple,
    abc.Collection: tuple,
    abc.Iterable: tuple,
    set: set,
    abc.MutableSet: set,
    frozenset: frozenset,
    abc.Set: frozenset,
}
_MAX_CHOICES: Final = 12


class UnreadableError(ValueError):
    """
    A value is none of those that an annotation takes.

    Attributes:
        value: The value; of a list, the element at fault.
        expected: What should be there, in words.
        element: The number of that element, from 1; None: it is about the whole value.
    """

    def __init__(self, value: Value, expected: str, element: int | None = None) -> None:
        super().__init__(value, expected, element)
        self.value = value
        self.expected = expected
        self.element = element


@dataclass(frozen=True, slots=True)
class Choice:
    """
    One of the values that an `Enum` or a `Literal` lists.

    Attributes:
        value: The text, number or boolean that a property says it with.
        result: What it becomes: the member of the enumeration.
    """

    value: object
    result: object


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    What an annotation takes.

    Attributes:
        scalars: Those of str, int, float and bool that it names, in its order.
        choices: What its enumerations and literals list; texts come first.
        elements: What it takes as an element of a list; None: it takes no list.
        container: What makes of the elements the list, tuple or set.
        takes_none: Whether it takes None.
        foreign: Its types that no property can be read as.
    """

    scalars: tuple[type, ...] = ()
    choices: tuple[Choice, ...] = ()
    elements: "Wanted | None" = None
    container: Container = tuple
    takes_none: bool = False
    foreign: tuple[object, ...] = ()

    @property
    def expected(self) -> str:
        """What it takes, in words."""
        nouns = [_NOUNS[scalar] for scalar in self.scalars]
        if self.choices:
            texts = [shown(choice.value) for choice in self.choices[:_MAX_CHOICES]]
            more = ["…"] if len(self.choices) > _MAX_CHOICES else []
            nouns.append(f"one of {', '.join(texts + more)}")
        if self.elements is not None:
            nouns.append("a list")
        if self.takes_none:
            nouns.append("null")
        return " or ".join(nouns)

    def read(self, value: Value) -> object:
        """
        *value* as the annotation wants it.

        Where None is taken, a blank text and ``null`` are None. A text that is listed
        is what it is listed as; where text is taken, every other one is just text.

        Raises:
            UnreadableError: If it takes no such value.
        """
        if self.takes_none and means_absent(value):
            return None
        if not isinstance(value, tuple):
            for choice in self.choices:
                if _scalar(value, (type(choice.value),)) == choice.value:
                    return choice.result
            scalar = _scalar(value, self.scalars)
            if scalar is not None:
                return scalar
        if self.elements is None or not isinstance(value, (str, tuple)):
            raise UnreadableError(value, self.expected)
        items = split(value) if isinstance(value, str) else value
        return self.container(_each_of(items, self.elements))

    def read_or_leave(self, value: Value) -> object:
        """
        The same, for a model that judges by itself: what cannot be read stays.

        Where a list is taken, it is at least a list.
        """
        try:
            return self.read(value)
        except UnreadableError:
            if self.elements is None or not isinstance(value, (str, tuple)):
                return value
            return self.container(split(value) if isinstance(value, str) else value)


_ANY_SCALAR: Final = Wanted(scalars=tuple(_JSON_TYPES))
ANYTHING: Final = replace(_ANY_SCALAR, elements=_ANY_SCALAR)


def wanted_by(annotation: object) -> Wanted:
    """What *annotation*, with the names in it resolved, takes."""
    return reduce(_either, map(_wanted_by_one, _alternatives(annotation)))


def _alternatives(annotation: object) -> Iterator[object]:
    """The members of a union, without what only wraps them."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    # What `NewType` and the statement `type` name.
    named: object = getattr(annotation, "__supertype__", None) or getattr(
        annotation, "__value__", None
    )
    if origin in (Union, UnionType):
        for each in arguments:
            yield from _alternatives(each)
    elif origin in (Annotated, Final):
        yield from _alternatives(arguments[0])
    elif isinstance(annotation, InitVar):
        yield from _alternatives(annotation.type)
    elif named is not None:
        yield from _alternatives(named)
    else:
        yield annotation


def _either(one: Wanted, other: Wanted) -> Wanted:
    foreign = one.foreign + other.foreign
    if one.elements is not None and other.elements is not None:
        foreign += ("two kinds of lists",)  # which of them a text is cannot be told
    with_list = other if one.elements is None else one
    return Wanted(
        scalars=one.scalars + other.scalars,
        choices=_texts_first(one.choices + other.choices),
        elements=with_list.elements,
        container=with_list.container,
        takes_none=one.takes_none or other.takes_none,
        foreign=foreign,
    )


def _wanted_by_one(annotation: object) -> Wanted:
    if annotation in (None, NoneType):
        return Wanted(takes_none=True)
    if annotation in (Any, object):
        return ANYTHING
    if get_origin(annotation) is Literal:
        return _wanted_by_values(annotation, get_args(annotation))
    named = get_origin(annotation) or annotation
    if isinstance(named, type):
        return _wanted_by_class(annotation, named)
    return Wanted(foreign=(annotation,))


def _wanted_by_class(annotation: object, named: type) -> Wanted:
    if named in _JSON_TYPES:
        return Wanted(scalars=(named,))
    if issubclass(named, Enum):
        return _wanted_by_values(annotation, named)
    if named not in _CONTAINERS:
        return Wanted(foreign=(annotation,))
    elements = _wanted_by_element(annotation, get_args(annotation))
    return Wanted(
        elements=elements, container=_CONTAINERS[named], foreign=elements.foreign
    )


def _wanted_by_element(annotation: object, arguments: tuple[object, ...]) -> Wanted:
    if not arguments:
        return _ANY_SCALAR
    if get_origin(annotation) is tuple and arguments[1:] != (...,):
        return Wanted(foreign=(annotation,))  # of a fixed length
    inner = wanted_by(arguments[0])
    if inner == ANYTHING:
        return _ANY_SCALAR
    nested = (annotation,) if inner.elements is not None else ()
    return replace(inner, elements=None, foreign=inner.foreign + nested)


def _wanted_by_values(annotation: object, values: Iterable[object]) -> Wanted:
    choices: list[Choice] = []
    takes_none = False
    for value in values:
        plain = value.value if isinstance(value, Enum) else value
        takes_none = takes_none or value is None
        if type(plain) in _JSON_TYPES:
            choices.append(Choice(plain, value))
    readable = choices or takes_none
    return Wanted(
        choices=_texts_first(choices),
        takes_none=takes_none,
        foreign=() if readable else (annotation,),
    )


def _texts_first(choices: Iterable[Choice]) -> tuple[Choice, ...]:
    """*choices*, so that the text ``1`` is found before the number 1."""
    return tuple(sorted(choices, key=lambda each: not isinstance(each.value, str)))


def _each_of(items: Iterable[Scalar], wanted: Wanted) -> Iterator[object]:
    for number, item in enumerate(items, start=1):
        try:
            yield wanted.read(item)
        except UnreadableError as error:
            raise UnreadableError(item, error.expected, number) from None


def _scalar(value: Scalar, types: tuple[type, ...]) -> object:
    """*value* as one of *types*; None: it is none of them."""
    read: object = coerced(value, Kind(tuple(_JSON_TYPES[each] for each in types)))
    if type(read) is int and int not in types and float in types:
        return float(read)
    return read if type(read) in types else None
