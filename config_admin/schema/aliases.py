"""
Two names of one setting: a key may say that it is an alias of another.

The annotation is ours: `"x-alias-of": "<other key>"` in the schema of a property. Its
value is read as the other key's would be, and has to fit the rules of that as well.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from config_admin.core.coercion import JsonValue
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import escaped, shown
from config_admin.core.properties import Properties, Value, typed
from config_admin.schema.declared import Key, Schema
from config_admin.schema.documents import BrokenSchemaError, Document

KEYWORD: Final = "x-alias-of"


def linked(keys: Mapping[str, Key], document: Document) -> dict[str, Key]:
    """
    *keys*, with each alias declared like the key that it stands for.

    Raises:
        BrokenSchemaError: If an alias stands for nothing, or has another default.
    """
    faults = [
        fault
        for key in keys.values()
        if key.alias_of is not None
        for fault in _faults(key, keys.get(key.alias_of.lower()), document)
    ]
    if faults:
        raise BrokenSchemaError(faults)
    return {name: _linked(key, keys) for name, key in keys.items()}


@dataclass(frozen=True, slots=True)
class Given:
    """
    Properties under the names of a schema.

    Attributes:
        properties: As they are written.
        instance: What the schema validates: the names are in its spelling, and the
            value of an alias stands under both names.
        written: By a name of the schema, in lower case, the key that gave its value.
        conflicts: Names of one setting with different values.
    """

    properties: Properties
    instance: Mapping[str, JsonValue]
    written: Mapping[str, str]
    conflicts: tuple[Diagnostic, ...]


def given(
    schema: Schema, properties: Properties, values: Mapping[str, JsonValue]
) -> Given:
    """What *values*, the coerced ones of *properties* that are present, say."""
    declared = {key: schema.key(key) for key in values}
    instance = {declared[key].name or key: value for key, value in values.items()}
    written = {key.lower(): key for key in properties}
    conflicts: list[Diagnostic] = []
    for key, value in values.items():
        name = declared[key].alias_of
        if name is None:
            continue
        if name not in instance:
            instance[name] = value
            written[name.lower()] = key
        elif _typed(instance[name]) != _typed(value):
            pair = written[name.lower()], key
            conflicts.append(_conflict(schema, properties, *pair))
    return Given(properties, instance, written, tuple(conflicts))


def _linked(key: Key, keys: Mapping[str, Key]) -> Key:
    if key.alias_of is None:
        return key
    other = keys[key.alias_of.lower()]
    return replace(
        other,
        name=key.name,
        alias_of=other.name,
        default=None,
        secret=key.secret or other.secret,
        examples=key.examples or other.examples,
    )


def _faults(key: Key, other: Key | None, document: Document) -> Iterator[Diagnostic]:
    place = ["properties", key.name]
    if other is None or other.alias_of is not None:
        what = "is an alias itself" if other else "is not declared"
        yield document.fault(
            [*place, KEYWORD],
            f"an alias of {shown(key.alias_of)}, which {what}",
            "the name of a declared key that is no alias",
            "Write that name, or remove the line.",
        )
    elif key.has_default and key.default != other.default:
        yield document.fault(
            [*place, "default"],
            f"a default of {shown(key.name)}, which is an alias",
            f"none but that of {shown(other.name)}",
            "Remove the line.",
        )


def _conflict(
    schema: Schema, properties: Properties, first: str, second: str
) -> Diagnostic:
    is_secret = any(
        schema.key(key).secret or properties.is_secret(key) for key in (first, second)
    )
    found = (
        f"another value than that of {escaped(first)}"
        if is_secret
        else f"{shown(properties[second])} beside {escaped(first)} = "
        f"{shown(properties[first])}"
    )
    return Diagnostic(
        key=second,
        found=found,
        expected="the same value, for both are names of one setting",
        cure="Keep one of them.",
        rule=KEYWORD,
    )


def _typed(value: JsonValue) -> tuple[object, ...]:
    plain: Value = tuple(value) if isinstance(value, list) else value
    return typed(plain)
