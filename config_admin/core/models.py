"""
The fields of what can be made of properties, whatever library declared them.

A field is a parameter of the constructor. So what the constructor does not take
(`init=False`, a `ClassVar`) is no field, and an alias of attrs is its name. Only
pydantic's models have to be asked: their constructors take anything. Neither library is
imported: their classes are known by what they carry.

Of any other callable, the first parameter decides: if its annotation is what a property
can be read as, the parameters are fields; else it takes the properties as they are.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from functools import partial
from inspect import Parameter, iscoroutinefunction, signature, unwrap
from typing import (
    Any,
    Final,
    Protocol,
    get_origin,
    get_type_hints,
    is_typeddict,
    runtime_checkable,
)

from config_admin.core.annotations import ANYTHING, wanted_by
from config_admin.core.display import escaped
from config_admin.core.errors import UsageError
from config_admin.core.fields import Field, Fields, folded

_BY_NAME: Final = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)


class _AttrsField(Protocol):
    name: str
    alias: str
    converter: object


@runtime_checkable
class _AttrsClass(Protocol):
    __attrs_attrs__: Sequence[_AttrsField]


class _PydanticField(Protocol):
    annotation: object
    alias: str | None
    validation_alias: object

    def is_required(self) -> bool: ...


@runtime_checkable
class _PydanticModel(Protocol):
    model_fields: Mapping[str, _PydanticField]
    model_config: Mapping[str, object]
    __pydantic_root_model__: bool

    def model_rebuild(self) -> object: ...


def name_of(model: object) -> str:
    """How *model* is called where people read it."""
    name: object = getattr(model, "__name__", type(model).__name__)
    return escaped(str(name))


def fields_of(model: object) -> Fields | None:
    """
    The fields of *model*; None if it takes the properties as they are.

    Raises:
        UsageError: If it can be called with neither.
    """
    name = name_of(model)
    if not callable(model):
        raise UsageError(f"{name} cannot be called: hand over a class or a function.")
    if iscoroutinefunction(model) or iscoroutinefunction(type(model).__call__):
        raise UsageError(f"{name} is a coroutine function: hand over a plain one.")
    if is_typeddict(model):
        raise UsageError(
            f"{name} is a TypedDict, which checks nothing: use a dataclass."
        )
    fields = _declared_by(get_origin(model) or model)  # `Box` of `Box[int]`
    if fields is None:
        _require_takes_properties(model)
    else:
        _require_readable(model, fields)
        _require_distinct(model, fields)
    return fields


def _declared_by(model: Callable[..., object]) -> Fields | None:
    try:
        if isinstance(model, type) and isinstance(model, _PydanticModel):
            return _of_pydantic(model)
        return _of_signature(model)
    except (NameError, AttributeError, SyntaxError, TypeError) as error:
        problem = str(error).partition("\n")[0]
        raise UsageError(
            f"An annotation of {name_of(model)} cannot be resolved: {problem}. What it"
            " names has to be there at run time too, and at the top of its module."
        ) from error


def _of_pydantic(model: _PydanticModel) -> Fields | None:
    if model.__pydantic_root_model__:
        return None
    model.model_rebuild()  # resolves what was not defined when the class was made
    fields = (
        Field(
            name,
            tuple(_arguments(name, field, model.model_config)),
            wanted_by(field.annotation),
            has_default=not field.is_required(),
        )
        for name, field in model.model_fields.items()
    )
    # What becomes of other keys is for the model to say: its `extra`.
    return Fields(tuple(fields), takes_others=True, judges=True)


def _arguments(
    name: str, field: _PydanticField, config: Mapping[str, object]
) -> Iterator[str]:
    alias = field.validation_alias or field.alias
    choices: Iterable[object] = getattr(alias, "choices", (alias,))
    texts = [each for each in choices if isinstance(each, str)]
    by_alias = config.get("validate_by_alias", True)
    if by_alias:
        yield from texts
    by_name = config.get("validate_by_name") or config.get("populate_by_name")
    if by_name or not (texts and by_alias):
        yield name


def _of_signature(model: Callable[..., object]) -> Fields | None:
    try:
        parameters = tuple(signature(model).parameters.values())
    except ValueError:  # a builtin does not tell
        return None
    hints: Mapping[str, object]
    if isinstance(model, type) and _declares_fields(model):
        # Of an inherited field, only its own class knows what the annotation means.
        hints = get_type_hints(model)
    elif _starts_with_a_field(model, parameters):
        hints = {each.name: _resolved(each, model) for each in parameters}
    else:
        return None
    attributes = _attributes(model)
    fields = [
        _field(parameter, attributes.get(parameter.name), hints)
        for parameter in parameters
        if parameter.kind in _BY_NAME
    ]
    return Fields(
        tuple(fields),
        takes_others=any(each.kind is Parameter.VAR_KEYWORD for each in parameters),
        judges=hasattr(model, "__pydantic_validator__"),
    )


def _declares_fields(model: type) -> bool:
    is_named_tuple = issubclass(model, tuple) and hasattr(model, "_fields")
    return is_dataclass(model) or isinstance(model, _AttrsClass) or is_named_tuple


def _attributes(model: object) -> dict[str, _AttrsField]:
    """What attrs knows of each parameter."""
    known = model.__attrs_attrs__ if isinstance(model, _AttrsClass) else ()
    return {each.alias: each for each in known}


def _field(
    parameter: Parameter, attribute: _AttrsField | None, hints: Mapping[str, object]
) -> Field:
    name = parameter.name if attribute is None else attribute.name
    annotation = hints.get(name, parameter.annotation)
    is_typed = annotation is not Parameter.empty
    wanted = wanted_by(annotation) if is_typed else ANYTHING
    if wanted.foreign and attribute is not None and attribute.converter is not None:
        wanted = ANYTHING  # it is the converter that reads it
    has_default = parameter.default is not Parameter.empty
    return Field(name, (parameter.name,), wanted, has_default)


def _starts_with_a_field(
    model: Callable[..., object], parameters: Sequence[Parameter]
) -> bool:
    """Whether these are fields, and not the properties as they are."""
    if not parameters or parameters[0].kind is Parameter.VAR_KEYWORD:
        return bool(parameters)
    try:
        annotation = _resolved(parameters[0], model)
    except NameError:  # the types of a property are always there
        return False
    is_typed = annotation not in (Parameter.empty, Any, object)
    is_named = parameters[0].kind in _BY_NAME
    return is_named and is_typed and not wanted_by(annotation).foreign


def _resolved(parameter: Parameter, model: Callable[..., object]) -> object:
    """The annotation, its names looked up where *model* was written."""
    if parameter.annotation is Parameter.empty:
        return parameter.annotation
    while isinstance(model, partial):
        model = model.func
    if isinstance(model, type):
        model = model.__init__  # type: ignore[misc]  # that of this very class is meant

    def annotated() -> None: ...

    annotated.__annotations__ = {"it": parameter.annotation}
    written = unwrap(model)
    if not hasattr(written, "__globals__"):  # an object that can be called
        written = unwrap(type(model).__call__)
    names = getattr(written, "__globals__", {})
    return get_type_hints(annotated, names)["it"]


def _require_takes_properties(model: Callable[..., object]) -> None:
    try:
        signature(model).bind("properties")
    except TypeError as error:
        raise UsageError(
            f"{name_of(model)} has to take the properties as its one argument, or"
            f" annotate what it takes with str, int, float, bool or lists: {error}."
        ) from error
    except ValueError:
        return  # a builtin does not tell


def _require_readable(model: object, fields: Fields) -> None:
    for field in fields.all:
        if field.wanted.foreign and not fields.judges:
            raise UsageError(
                f"{name_of(model)}.{field.name} is annotated with"
                f" {_written(field.wanted.foreign[0])}, and no property can be read as"
                " that. Make it str, int, float, bool, an enumeration or a flat list of"
                " one of them; or take it out of the constructor (init=False); or hand"
                " over a function that takes the properties."
            )


def _require_distinct(model: object, fields: Fields) -> None:
    taken: dict[str, Field] = {}
    for field in fields.all:
        for argument in field.arguments:
            other = taken.setdefault(folded(argument), field)
            if other is not field:
                raise UsageError(
                    f"{name_of(model)} has the fields {other.name} and {field.name},"
                    " and the same keys match both: rename one of them."
                )


def _written(annotation: object) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)
