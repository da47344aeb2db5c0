"""
What a schema's keyword expects, in words: "a whole number from 1 to 65535".

The sentences are made of the schema alone, never of the value that broke it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from config_admin.core.display import escaped, shown
from config_admin.schema.declared import Violation

# A keyword's value and the schema around it to what they expect.
Sentence: TypeAlias = Callable[[object, Mapping[str, object]], str]

_TYPES: Final = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "text",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_FORMATS: Final = {
    "date": "a date such as 2031-12-31",
    "date-time": "a date and time such as 2031-12-31T23:59:59Z",
    "time": "a time such as 23:59:59Z",
    "duration": "a duration such as P1DT12H",
    "email": "an e-mail address",
    "hostname": "a host name",
    "idn-email": "an e-mail address",
    "ipv4": "an IPv4 address",
    "ipv6": "an IPv6 address",
    "regex": "a regular expression",
    "uri": "a URI",
    "uuid": "a UUID",
}
_BRANCHES: Final = (("allOf",), ("anyOf",), ("oneOf",))


def expectation(broken: Violation, *, secret: bool) -> str:
    """
    What should be there instead of what broke a rule.

    The words of a branch (`allOf`, `anyOf`, `oneOf`, `then`, `else`) go before ours: a
    `description` stands there to explain the keyword beside it. A property's does not.

    Args:
        broken: The rule.
        secret: Whether the value is one; the schema's list of values is, then, too.
    """
    words = _words_of_branch(broken)
    if words is not None:
        return words
    if secret and broken.rule in ("enum", "const"):
        return "one of the values that the schema lists"
    if broken.rule in ("anyOf", "oneOf"):
        return _alternatives(broken, secret=secret)
    if not broken.rule:
        return "no value here"
    sentence = _SENTENCES.get(broken.rule)
    if sentence is None:
        return f"a value that fits the schema's {shown(broken.rule)}"
    return sentence(broken.demand, broken.schema)


def names(keys: Sequence[str]) -> str:
    """*keys* as they stand in a sentence; the last of many are left out."""
    many = ", …" if len(keys) > _MAX_NAMES else ""
    return ", ".join(map(escaped, keys[:_MAX_NAMES])) + many


_MAX_NAMES: Final = 12


def _words_of_branch(broken: Violation) -> str | None:
    # … "allOf", 1, "pattern"; or … "then", "pattern".
    around = broken.schema_path[-3:-1]
    if around[:1] in _BRANCHES or around[-1:] in (("then",), ("else",)):
        return _description(broken.schema)
    return None


def _description(schema: object) -> str | None:
    words = schema.get("description") if isinstance(schema, Mapping) else None
    return escaped(words).rstrip(".") if isinstance(words, str) and words else None


def _alternatives(broken: Violation, *, secret: bool) -> str:
    """What each branch of `anyOf` or `oneOf` expects first."""
    if not broken.context:
        return "a value that fits exactly one of the schema's alternatives"
    own = len(broken.schema_path)
    branches = _items(broken.demand)
    found: dict[object, str] = {}
    for inner in broken.context:
        number = int(inner.schema_path[own])
        words = _description(branches[number]) or expectation(inner, secret=secret)
        found.setdefault(number, words)
    return " or ".join(dict.fromkeys(found.values()))


def _type(value: object, schema: Mapping[str, object]) -> str:
    types = [value] if isinstance(value, str) else list(_items(value))
    texts = [_TYPES.get(str(name), str(name)) for name in types if name != "null"]
    if types in (["integer"], ["number"]):
        return _number(value, schema)
    return " or ".join(texts)


def _number(_: object, schema: Mapping[str, object]) -> str:
    noun = "a whole number" if schema.get("type") == "integer" else "a number"
    if "minimum" in schema and "maximum" in schema:
        return f"{noun} from {schema['minimum']} to {schema['maximum']}"
    bounds = [
        f"{words} {schema[keyword]}"
        for keyword, words in (
            ("minimum", "of at least"),
            ("exclusiveMinimum", "greater than"),
            ("maximum", "of at most"),
            ("exclusiveMaximum", "less than"),
        )
        if keyword in schema
    ]
    return f"{noun} {' and '.join(bounds)}" if bounds else noun


def _count(low: str, high: str, noun: str) -> Sentence:
    """The sentence of a pair of keywords that limit a number of things."""

    def sentence(_: object, schema: Mapping[str, object]) -> str:
        if low in schema and high in schema:
            return f"{schema[low]} to {schema[high]} {noun}s"
        word, limit = (
            ("least", schema[low]) if low in schema else ("most", schema[high])
        )
        return f"at {word} {limit} {noun}{'' if limit == 1 else 's'}"

    return sentence


def _enum(value: object, _: Mapping[str, object]) -> str:
    return f"one of {', '.join(map(shown, _items(value)))}"


def _format(value: object, _: Mapping[str, object]) -> str:
    return _FORMATS.get(str(value)) or f"text of the format {shown(value)}"


def _required(value: object, _: Mapping[str, object]) -> str:
    return " and ".join(f"the key {shown(name)}" for name in _items(value))


def _not(value: object, _: Mapping[str, object]) -> str:
    if value == {}:
        return "no value here"
    return f"anything but {_description(value) or 'what the schema excludes'}"


def _contains(value: object, _: Mapping[str, object]) -> str:
    return f"among the elements {_description(value) or 'what the schema asks for'}"


def _items(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


_SENTENCES: Final[Mapping[str, Sentence]] = {
    "type": _type,
    "minimum": _number,
    "maximum": _number,
    "exclusiveMinimum": _number,
    "exclusiveMaximum": _number,
    "multipleOf": lambda value, _: f"a multiple of {shown(value)}",
    "enum": _enum,
    "const": lambda value, _: shown(value),
    "minLength": _count("minLength", "maxLength", "character"),
    "maxLength": _count("minLength", "maxLength", "character"),
    "pattern": lambda value, _: f"text that matches {shown(value)}",
    "format": _format,
    "minItems": _count("minItems", "maxItems", "element"),
    "maxItems": _count("minItems", "maxItems", "element"),
    "uniqueItems": lambda _value, _schema: "elements that differ from each other",
    "items": lambda _value, _schema: "no further elements",
    "unevaluatedItems": lambda _value, _schema: "no further elements",
    "contains": _contains,
    "minContains": _contains,
    "maxContains": lambda value, _: f"at most {shown(value)} of such elements",
    "required": _required,
    "minProperties": _count("minProperties", "maxProperties", "key"),
    "maxProperties": _count("minProperties", "maxProperties", "key"),
    "not": _not,
}
