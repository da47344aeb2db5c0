"""
A document to a schema that is ready for use; the only file that runs jsonschema.

It is imported when the first schema is read, for jsonschema takes longer to import
than everything else in this package.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Final, TypeAlias

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from referencing.jsonschema import DRAFT202012

from config_admin.core.coercion import Kind, holds_placeholder
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import shown
from config_admin.core.errors import InvalidConfigurationError
from config_admin.core.properties import Properties
from config_admin.schema.aliases import KEYWORD, linked
from config_admin.schema.declared import Instance, Key, Schema, Violation, instance_of
from config_admin.schema.documents import BrokenSchemaError, Document
from config_admin.schema.formats import OF_VALUES
from config_admin.schema.references import library_of, require_valid
from config_admin.schema.sources import Sources

if TYPE_CHECKING:
    from referencing._core import Resolver
    from referencing.jsonschema import ObjectSchema
    from referencing.jsonschema import Schema as AnySchema

    # A schema, and how the references in it are resolved.
    Part: TypeAlias = tuple[AnySchema, Resolver[AnySchema]]
    ObjectPart: TypeAlias = tuple[ObjectSchema, Resolver[AnySchema]]

_BRANCHES: Final = ("anyOf", "oneOf")
_TYPE_NAMES: Final = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
}


def compiled(path: str, directory: str, sources: Sources) -> Schema:
    """
    The schema in the file *path*, references among the files of *directory* resolved.

    Raises:
        BrokenSchemaError: With every fault that stands in the way.
    """
    document = sources.document(path)
    require_valid(document)
    library = library_of(document, directory, sources)
    validator = Draft202012Validator(
        document.contents,
        registry=library.registry,
        format_checker=OF_VALUES,
    )
    resource = DRAFT202012.create_resource(document.contents)
    root = (document.contents, library.registry.resolver_with_root(resource))
    parts = list(_parts([root]))
    keys = linked(_keys(parts, document), document)
    schema = Schema(
        file=path,
        digest=hashlib.sha256("\0".join(library.texts).encode()).hexdigest(),
        keys=keys,
        patterns=_patterns(parts),
        others=_others(parts),
        defaults=_defaults(keys.values(), document),
        warnings=library.warnings,
        violations_in=lambda instance: _violations(validator, instance),
    )
    _require_fitting_defaults(schema, document)
    return schema


def _violations(validator: Validator, instance: Instance) -> Sequence[Violation]:
    return [_violation(error) for error in validator.iter_errors(instance)]


def _violation(error: ValidationError) -> Violation:
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    return Violation(
        rule=error.validator if isinstance(error.validator, str) else "",
        demand=error.validator_value,
        schema=schema,
        instance=error.instance,
        path=tuple(error.absolute_path),
        schema_path=tuple(error.absolute_schema_path),
        context=tuple(map(_violation, error.context or ())),
    )


def _parts(whole: "Iterable[Part]") -> "Iterator[ObjectPart]":
    """The objects of *whole*, then all that hold with them by `$ref` and `allOf`."""
    left, seen = list(whole), set[int]()
    while left:
        part, resolver = left.pop(0)
        if isinstance(part, bool) or id(part) in seen:
            continue
        seen.add(id(part))
        yield part, resolver
        if "$ref" in part:
            target = resolver.lookup(part["$ref"])
            left.append((target.contents, target.resolver))
        left += _inner(part.get("allOf", ()), resolver)


def _inner(
    schemas: "Iterable[AnySchema]", resolver: "Resolver[AnySchema]"
) -> "list[Part]":
    return [
        (schema, resolver.in_subresource(DRAFT202012.create_resource(schema)))
        for schema in schemas
    ]


def _keys(parts: "Sequence[ObjectPart]", document: Document) -> dict[str, Key]:
    """The declared keys; one that several parts declare is all they say of it."""
    declared: dict[str, list[Part]] = {}
    names: dict[str, str] = {}
    for part, resolver in parts:
        for name, schema in _members(part, "properties"):
            if names.setdefault(name.lower(), name) != name:
                raise BrokenSchemaError([_clash(document, name, names[name.lower()])])
            declared.setdefault(name, []).extend(_inner([schema], resolver))
    return {name.lower(): _key(name, found) for name, found in declared.items()}


def _patterns(parts: "Iterable[ObjectPart]") -> list[tuple[re.Pattern[str], Key]]:
    return [
        (re.compile(pattern), _key("", _inner([schema], resolver)))
        for part, resolver in parts
        for pattern, schema in _members(part, "patternProperties")
    ]


def _others(parts: "Iterable[ObjectPart]") -> Key:
    """Keys that no name or pattern declares: they have a kind, but stay secret."""
    schemas = [
        inner
        for part, resolver in parts
        if isinstance(part.get("additionalProperties"), dict)
        for inner in _inner([part["additionalProperties"]], resolver)
    ]
    return Key(kind=_key("", schemas).kind)


def _key(name: str, schemas: "Iterable[Part]") -> Key:
    parts = list(_parts(schemas))
    # What stands first wins: a property's own words before those it refers to.
    merged = {
        word: value for part, _ in reversed(parts) for word, value in part.items()
    }
    items = [
        inner
        for part, resolver in chain(parts, chain(*_branches(parts)))
        if "items" in part
        for inner in _inner([part["items"]], resolver)
    ]
    return Key(
        name=name,
        kind=Kind(_types(parts), _types(list(_parts(items)))),
        default=merged.get("default"),
        has_default="default" in merged,
        secret=any(part.get("writeOnly") is True for part, _ in parts),
        examples=tuple(merged.get("examples", ())),
        alias_of=str(merged[KEYWORD]) if name and KEYWORD in merged else None,
    )


def _types(parts: "Sequence[ObjectPart]") -> tuple[str, ...]:
    """What *parts* declare: by `type`, else by listed values, else by every branch."""
    declared = next((part["type"] for part, _ in parts if "type" in part), ())
    if declared:
        return (declared,) if isinstance(declared, str) else tuple(declared)
    lists = [part.get("enum", [part.get("const")]) for part, _ in parts]
    values = next((values for values in lists if values != [None]), ())
    if values:
        names = (_TYPE_NAMES.get(type(value), "object") for value in values)
        return tuple(dict.fromkeys(names))
    branches = [_types(branch) for branch in _branches(parts)]
    return tuple(dict.fromkeys(chain(*branches))) if all(branches) else ()


def _branches(parts: "Iterable[ObjectPart]") -> "list[list[ObjectPart]]":
    """What each branch of `anyOf` or `oneOf` says, of which any may hold."""
    return [
        list(_parts([inner]))
        for part, resolver in parts
        for word in _BRANCHES
        for inner in _inner(part.get(word, ()), resolver)
    ]


def _members(part: "ObjectSchema", word: str) -> "Iterable[tuple[str, AnySchema]]":
    members: dict[str, AnySchema] = part.get(word, {})
    return members.items()


def _defaults(keys: Iterable[Key], document: Document) -> Properties:
    defaults = Properties()
    for key in keys:
        if key.default is None:
            continue
        try:
            defaults = defaults.with_items({key.name: key.default})
        except InvalidConfigurationError as error:
            faults = [
                document.fault(
                    ["properties", key.name, "default"],
                    fault.found,
                    fault.expected,
                    "Give another default.",
                )
                for fault in error.violations
            ]
            raise BrokenSchemaError(faults) from error
    return defaults.with_secrets(key.name for key in keys if key.secret)


def _require_fitting_defaults(schema: Schema, document: Document) -> None:
    """A default that breaks a rule would be reported to whoever left the key out."""
    try:
        found = schema.violations_in(instance_of(schema.defaults))
    except RecursionError as error:
        circle = "a schema that refers to itself without end"
        cure = "Break the circle of $ref."
        fault = document.fault([], circle, "a schema that comes to an end", cure)
        raise BrokenSchemaError([fault]) from error
    faults = [
        document.fault(
            ["properties", name, "default"],
            f"a default of {shown(name)} that breaks the rule {shown(broken.rule)}",
            "a default that fits",
            "Change the default or the rule.",
        )
        for broken in found
        for name in broken.path[:1]
        if broken.schema_path[0] == "properties"
        and not holds_placeholder(schema.defaults[str(name)])
    ]
    if faults:
        raise BrokenSchemaError(faults)


def _clash(document: Document, name: str, other: str) -> Diagnostic:
    found = f"{shown(name)} beside {shown(other)}, equal but for case"
    cure = "Rename or remove one of the two."
    return document.fault(["properties", name], found, "each key once", cure)
