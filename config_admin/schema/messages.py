"""
Violations to diagnostics: what is there, what should be, and how to put it right.

jsonschema's own messages quote values, and a value may be a secret. So every sentence
is built here and in `sentences`, and the value of a secret is never looked at.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import escaped, shown
from config_admin.core.properties import Properties
from config_admin.schema.aliases import Given
from config_admin.schema.declared import Key, Schema, Violation, texts
from config_admin.schema.sentences import expectation, names
from config_admin.schema.suggest import closest

_MAX_EXAMPLES: Final = 3
_MAX_TOLD: Final = 100
_MAX_SUGGESTIONS: Final = 20  # each is compared with every declared key


def violations(
    schema: Schema,
    given: Given,
    defaults: Properties,
    found: Iterable[Violation],
    waiting: Collection[str] = (),
) -> list[Diagnostic]:
    """
    *found* for people, each once: keys in the order they are given, then the rest.

    Of very many the first are told, and how many more there are.

    Args:
        schema: What was broken.
        given: What broke it.
        defaults: What was taken for the keys that are absent.
        found: What jsonschema found, under the schema's spelling of the keys.
        waiting: Those of *defaults* whose value is not known here, and not at fault.
    """
    report = _Report(schema, given, defaults)
    told = dict.fromkeys(given.conflicts) | dict.fromkeys(
        each
        for broken in found
        if not (broken.path and broken.path[0] in waiting)
        for each in report.of(broken)
    )
    position = {key.lower(): number for number, key in enumerate(given.properties)}
    last = len(position)
    return first_of(
        sorted(told, key=lambda each: position.get((each.key or "").lower(), last))
    )


def first_of(told: list[Diagnostic]) -> list[Diagnostic]:
    """*told*; of very many the first, and one that says how many more there are."""
    more = len(told) - _MAX_TOLD
    if more <= 0:
        return told
    rest = Diagnostic(
        found=f"these and {more:,} more",
        expected="none",
        cure="Mend these first; the others are told then.",
        rule="limit",
    )
    return [*told[:_MAX_TOLD], rest]


class _Report:
    """The violations of one schema by one set of properties."""

    def __init__(self, schema: Schema, given: Given, defaults: Properties) -> None:
        self._schema = schema
        self._properties = given.properties
        self._defaults = defaults
        self._written = given.written
        self._suggestions_left = _MAX_SUGGESTIONS

    def of(self, broken: Violation) -> Iterator[Diagnostic]:
        """What *broken* says: one diagnostic for each key that it is about."""
        if broken.path:
            return self._value(broken, *broken.path)
        if "propertyNames" in broken.schema_path:
            return self._name(broken)
        if broken.rule == "required":
            return self._missing(broken, texts(broken.demand), "the key is required")
        if broken.rule == "dependentRequired":
            return self._dependent(broken)
        if broken.rule in ("additionalProperties", "unevaluatedProperties"):
            return self._unknown(broken)
        return self._together(broken)

    def _value(
        self, broken: Violation, name: object, *within: object
    ) -> Iterator[Diagnostic]:
        key = self._spelling(str(name))
        declared = self._schema.key(key)
        secret = declared.secret or self._is_secret(key)
        found = "a masked value" if secret else self._found(broken, key)
        for position in within[:1]:
            found += f" as element {int(str(position)) + 1}"
        yield Diagnostic(
            key=key,
            found=found,
            expected=expectation(broken, secret=secret),
            cure=_cure(declared, secret=secret),
            rule=broken.rule or "false",
        )

    def _is_secret(self, key: str) -> bool:
        return self._properties.is_secret(key) or self._defaults.is_secret(key)

    def _found(self, broken: Violation, key: str) -> str:
        """What is there, as it was written; an element of a list on its own."""
        if len(broken.path) > 1:
            return shown(broken.instance)
        if key in self._defaults:
            return f"the default {shown(self._defaults.get(key))}"
        value = self._properties[key]
        return "an empty value" if value == "" else shown(value)

    def _name(self, broken: Violation) -> Iterator[Diagnostic]:
        yield Diagnostic(
            key=self._spelling(str(broken.instance)),
            found="a key of this name",
            expected=f"as its name {expectation(broken, secret=False)}",
            cure="Rename the key.",
            rule="propertyNames",
        )

    def _missing(
        self, broken: Violation, keys: Iterable[str], reason: str
    ) -> Iterator[Diagnostic]:
        given = broken.instance if isinstance(broken.instance, Mapping) else {}
        for name in keys:
            if name in given:
                continue
            declared = self._schema.key(name)
            secret = declared.secret or self._properties.is_secret(name)
            examples = "" if secret else _examples(declared)
            yield Diagnostic(
                key=name,
                found="nothing",
                expected=f"a value, for {reason}",
                cure=f"Add the key.{examples}",
                rule=broken.rule,
            )

    def _dependent(self, broken: Violation) -> Iterator[Diagnostic]:
        rules = broken.demand if isinstance(broken.demand, dict) else {}
        given = broken.instance if isinstance(broken.instance, Mapping) else {}
        for name in (name for name in texts(rules) if name in given):
            reason = f"{escaped(self._spelling(name))} is set"
            yield from self._missing(broken, texts(rules.get(name)), reason)

    def _unknown(self, broken: Violation) -> Iterator[Diagnostic]:
        declared = texts(broken.schema.get("properties"))
        patterns = texts(broken.schema.get("patternProperties"))
        if broken.rule == "unevaluatedProperties":
            declared = [key.name for key in self._schema.keys.values()]
            patterns = [pattern.pattern for pattern, _ in self._schema.patterns]
        known, expected = frozenset(declared), _known(declared)
        for name in texts(broken.instance):
            if name in known or any(re.search(each, name) for each in patterns):
                continue
            yield Diagnostic(
                key=self._spelling(name),
                found="an unknown key",
                expected=expected,
                cure=self._cure_of_unknown(name, declared),
                rule=broken.rule,
            )

    def _cure_of_unknown(self, name: str, declared: list[str]) -> str:
        self._suggestions_left -= 1
        meant = closest(name, declared) if self._suggestions_left >= 0 else None
        if meant is not None:
            return f"Did you mean {shown(meant)}?"
        file = escaped(self._schema.file)
        return f"Remove the line, or declare the key in {file}."

    def _together(self, broken: Violation) -> Iterator[Diagnostic]:
        yield Diagnostic(
            found="these properties",
            expected=expectation(broken, secret=False),
            cure="Change one of them.",
            rule=broken.rule or "false",
        )

    def _spelling(self, name: str) -> str:
        return self._written.get(name.lower(), name)


def _known(declared: list[str]) -> str:
    return f"one of {names(declared)}" if declared else "no key at all"


def _cure(declared: Key, *, secret: bool) -> str:
    if secret:
        return "Set another value."
    default = shown(declared.default)
    blank = f" Leave it blank for the default, {default}." if declared.default else ""
    return (_examples(declared) + blank).strip() or "Set another value."


def _examples(declared: Key) -> str:
    examples = " or ".join(map(shown, declared.examples[:_MAX_EXAMPLES]))
    return f" For example {examples}." if examples else ""
