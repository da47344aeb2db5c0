"""The validator of the core's door: text in, typed and checked properties out."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from config_admin.core.coercion import (
    JsonValue,
    coerced,
    holds_placeholder,
    means_absent,
    text_of,
)
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import escaped
from config_admin.core.errors import InvalidConfigurationError
from config_admin.core.ports import Checked
from config_admin.core.properties import Properties, Value
from config_admin.schema.aliases import given
from config_admin.schema.catalog import SchemaCatalog
from config_admin.schema.declared import Schema, instance_of
from config_admin.schema.documents import BrokenSchemaError
from config_admin.schema.messages import first_of, violations

# Defaults to the same with their placeholders replaced; what came from a secret source
# is a secret there.
Expand: TypeAlias = Callable[[Properties], Properties]

# A pattern is tried on the whole of a value, and some take more than linear time.
_MAX_VALUE_BYTES = 64 * 1024


class SchemaValidator:
    """
    Checks properties against the schema of their PID; implements `Validator`.

    Args:
        catalog: Where the schemas are.
    """

    def __init__(self, catalog: SchemaCatalog) -> None:
        self._catalog = catalog

    def check(
        self, pid: str, properties: Properties, *, expand: Expand | None = None
    ) -> Checked:
        """
        As the port says.

        Args:
            pid: As there.
            properties: As there.
            expand: Called with the defaults that apply, if one holds a placeholder;
                None: they stay as the schema writes them, and are not checked.
        """
        try:
            schema = self._catalog.find(pid)
        except BrokenSchemaError as error:
            raise InvalidConfigurationError(pid, error.diagnostics) from error
        if schema is None:
            return Checked(properties)
        try:
            return _checked(schema, properties, expand)
        except InvalidConfigurationError as error:
            raise InvalidConfigurationError(pid, error.violations) from None
        except Exception as error:  # noqa: BLE001 - a schema can make jsonschema raise anything
            fault = _inapplicable(schema, error)
            # Not from it: its text may show a secret.
            raise InvalidConfigurationError(pid, [fault]) from None

    def without(self, pid: str) -> None:  # noqa: D102, ARG002 - contract in the port
        return None

    def declared(self, pid: str) -> tuple[str, ...]:
        """The keys that the schema of *pid* declares by name, in its order."""
        try:
            schema = self._catalog.find(pid)
        except BrokenSchemaError:
            return ()
        return tuple(key.name for key in schema.keys.values()) if schema else ()

    def schema_of(self, pid: str) -> str | None:  # noqa: D102 - contract in the port
        return self._catalog.generation(pid)

    def as_text(self, pid: str, key: str, value: Value) -> str | None:  # noqa: D102 - as above
        if isinstance(value, str):
            return value
        try:
            schema = self._catalog.find(pid)
        except BrokenSchemaError:
            return None
        if schema is None:
            return None
        declared = schema.key(key)
        text = text_of(value, declared.kind)
        absent = text is not None and declared.has_default and means_absent(text)
        return None if absent else text

    def is_secret(self, pid: str, key: str) -> bool:  # noqa: D102 - as above
        try:
            schema = self._catalog.peek(pid)
        except BrokenSchemaError:
            return True  # what it would say of the key is not known
        return schema is not None and schema.key(key).secret


def _checked(schema: Schema, properties: Properties, expand: Expand | None) -> Checked:
    """
    What *properties* mean under *schema*.

    Raises:
        InvalidConfigurationError: With every violation, in key order.
    """
    too_long = [_too_long(key) for key in properties if _is_too_long(properties[key])]
    if too_long:
        raise InvalidConfigurationError("", first_of(too_long))
    values = dict(_present(schema, properties))
    whole = given(schema, properties, values)
    defaults = schema.defaults.without(whole.instance)
    waiting = [key for key in defaults if holds_placeholder(defaults[key])]
    if waiting and expand is not None:
        defaults, waiting = _expanded(schema, defaults, waiting, expand), []
    found = schema.violations_in({**whole.instance, **instance_of(defaults)})
    broken = violations(schema, whole, defaults, found, waiting)
    if broken:
        raise InvalidConfigurationError("", broken)
    secret = [
        key for key in values if schema.key(key).secret or properties.is_secret(key)
    ]
    # "1, true" is a list of two types: no property, whatever the schema says of it.
    view = Properties(values, secret_keys=secret)
    return Checked(view, defaults, schema.digest)


def _expanded(
    schema: Schema, defaults: Properties, waiting: list[str], expand: Expand
) -> Properties:
    """*defaults*, those that were *waiting* for their placeholders read like text."""
    ready = expand(defaults)
    read = {key: coerced(ready[key], schema.key(key).kind) for key in waiting}
    return defaults.with_items(Properties(read, secret_keys=ready.secret_keys))


def _present(schema: Schema, properties: Properties) -> Iterator[tuple[str, JsonValue]]:
    """The keys as written, but for those that mean absent, and their coerced values."""
    for key, value in properties.items():
        declared = schema.key(key)
        if not (declared.has_default and means_absent(value)):
            yield key, coerced(value, declared.kind)


def _is_too_long(value: Value) -> bool:
    items = value if isinstance(value, tuple) else (value,)
    return any(
        isinstance(item, str) and len(item.encode()) > _MAX_VALUE_BYTES
        for item in items
    )


def _too_long(key: str) -> Diagnostic:
    return Diagnostic(
        key=key,
        found="a longer text",
        expected=f"at most {_MAX_VALUE_BYTES:,} bytes",
        cure="Keep long texts in a file of their own, and name the file here.",
        rule="size",
    )


def _inapplicable(schema: Schema, error: Exception) -> Diagnostic:
    endless = isinstance(error, RecursionError)
    return Diagnostic(
        found=f"a check that ended in {escaped(type(error).__name__)}",
        expected="a schema that can be applied to these properties",
        cure="Break the circle of $ref there." if endless else "Mend the schema.",
        rule="schema",
        file=schema.file,
    )
