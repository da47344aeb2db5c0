"""What a schema declares, and what breaks it, as plain data."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from config_admin.core.coercion import ANY, JsonValue, Kind
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.properties import Properties, Value

# What the schema validates: keys in its own spelling, values as JSON has them.
Instance: TypeAlias = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Key:
    """
    One key as it is declared.

    Attributes:
        name: The schema's spelling; "" if it does not declare the key by name.
        kind: What its text is turned into.
        default: Its default as the schema writes it; None: no value.
        has_default: Whether it declares one, and blank therefore means absent.
        secret: Whether its value must not be shown.
        examples: Values that fit, for people.
        alias_of: The other key that it is another name of; None: it is none.
    """

    name: str = ""
    kind: Kind = ANY
    default: object = None
    has_default: bool = False
    secret: bool = True
    examples: tuple[object, ...] = ()
    alias_of: str | None = None


@dataclass(frozen=True, slots=True)
class Violation:
    """
    One rule that is broken, before it is put into words.

    Attributes:
        rule: The keyword; "" if the schema there is just `false`.
        demand: The keyword's value.
        schema: The schema around the keyword.
        instance: What breaks it; may be a secret.
        path: The way to it in the properties, in the schema's spelling.
        schema_path: The way to the keyword in the schema.
        context: Why each branch of `anyOf` and `oneOf` does not fit.
    """

    rule: str
    demand: object
    schema: Mapping[str, object]
    instance: object
    path: tuple[str | int, ...]
    schema_path: tuple[str | int, ...]
    context: tuple["Violation", ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """
    One schema, ready for use.

    Attributes:
        file: Its path, as its directory was named.
        digest: The same only for the same text, that of its references included.
        keys: What it declares by name, by the name in lower case, in its order.
        patterns: What it declares by `patternProperties`.
        others: Every other key; its value is never shown.
        defaults: The default of each key that has one, in the order of *keys*.
        warnings: What deserves a look in its files, but refuses nothing.
        violations_in: Every rule that an instance breaks; raises anything if the schema
            cannot be applied to it.
    """

    file: str
    digest: str
    keys: Mapping[str, Key]
    patterns: Sequence[tuple[re.Pattern[str], Key]]
    others: Key
    defaults: Properties
    warnings: Sequence[Diagnostic]
    violations_in: Callable[[Instance], Sequence["Violation"]]

    def key(self, written: str) -> Key:
        """How *written*, in any case, is declared."""
        named = self.keys.get(written.lower())
        if named is not None:
            return named
        matching = (key for pattern, key in self.patterns if pattern.search(written))
        return next(matching, self.others)


def texts(node: object) -> list[str]:
    """The texts in a JSON array, or the keys of an object; else none."""
    items = node if isinstance(node, (list, dict)) else ()
    return [item for item in items if isinstance(item, str)]


def as_json(value: Value) -> JsonValue:
    """*value* as JSON has it: a list, not a tuple."""
    return list(value) if isinstance(value, tuple) else value


def instance_of(properties: Properties) -> dict[str, JsonValue]:
    """*properties* as a schema validates them."""
    return {key: as_json(value) for key, value in properties.items()}
