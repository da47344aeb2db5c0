"""
Placeholders replaced by what they stand for, on a copy and within bounds.

Unlike Felix, which puts an empty text where a name is unknown and lets a few lines of
doubling hang it for a minute, an unknown name, a cycle and an expansion without bounds
refuse the properties; and a value without a placeholder is never touched.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final, Self

from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import MASK, shown
from config_admin.core.errors import InvalidConfigurationError
from config_admin.core.properties import Properties, Value
from config_admin.plugins.access import AccessRules, Source, guarded, require_rules
from config_admin.plugins.placeholders import (
    MAX_DEPTH,
    Parts,
    Placeholder,
    TooDeepError,
    has_placeholder,
    parse,
)
from config_admin.plugins.unusable import (
    UnusableError,
    too_deep,
    unknown,
    unknown_kind,
)

MAX_EXPANDED_BYTES: Final = 64 * 1024


class _FailedBeforeError(Exception):
    """A property that this one refers to is at fault, and has been reported."""


@dataclass(frozen=True, slots=True)
class _Expanded:
    value: Value
    is_secret: bool = False


@dataclass(frozen=True, slots=True)
class Interpolator:
    """
    Replaces placeholders.

    Attributes:
        sources: By kind: ``env``, ``secret``, ``file``.
        variables: What ``${name}`` means where the properties themselves do not say.
        access: Which PIDs may use which names of the sources; empty: all may use all.
    """

    sources: Mapping[str, Source] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    access: AccessRules = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_rules(self.access)

    def seen_by(self, pid: str) -> Self:
        """The same, with the sources as *pid* may see them."""
        if not self.access:
            return self
        return replace(self, sources=guarded(self.sources, self.access, pid), access={})

    def find(self, kind: str, name: str) -> str | None:
        """
        The value of *name* in the source of that kind; None if there is none.

        Raises:
            UnusableError: If there is no such source, or it cannot be read.
        """
        source = self.sources.get(kind)
        if source is None:
            raise unknown_kind(kind, self.sources)
        return source.find(name)


def may_expand(properties: Properties) -> bool:
    """Whether anything in *properties* may hold a placeholder."""
    return any(
        isinstance(item, str) and has_placeholder(item)
        for value in properties.values()
        for item in (value if isinstance(value, tuple) else (value,))
    )


class Expansion:
    """
    The expansion of one set of properties; each of them is expanded once.

    Args:
        interpolator: Replaces the placeholders.
        properties: What is expanded.
        is_secret: Whether a key must not be shown, whatever it is named like; what
            refers to it is then a secret, too.

    Attributes:
        used: What was looked up in a source, by kind and name: the text, or None if
            it was not there. Each is looked up once.
        secrets: The texts among them that must not be shown.
    """

    def __init__(
        self,
        interpolator: Interpolator,
        properties: Properties,
        is_secret: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self.used: dict[tuple[str, str], str | None] = {}
        self.secrets: set[str] = set()
        self._interpolator = interpolator
        self._properties = properties
        self._is_secret = is_secret
        self._defaults: frozenset[str] = frozenset()
        self._done: dict[str, _Expanded | None] = {}
        self._under_way: list[str] = []
        self._violations: list[Diagnostic] = []

    def run(self) -> Properties:
        """
        A copy of the properties with every placeholder replaced.

        What came from a secret source is a secret there.

        Raises:
            InvalidConfigurationError: With every property that cannot be expanded.
        """
        return self._expanded(self._properties)

    def run_defaults(self, defaults: Properties) -> Properties:
        """
        A copy of *defaults*, which may refer to the properties and to each other.

        Raises: as `run`.
        """
        self._defaults = frozenset(key.lower() for key in defaults)
        self._properties = self._properties.with_items(defaults)
        for key in self._defaults:  # written blank, it has been expanded to that
            self._done.pop(key, None)
        return self._expanded(defaults)

    def _expanded(self, properties: Properties) -> Properties:
        for key in properties:
            with suppress(_FailedBeforeError):
                self._property(key)
        if self._violations:
            raise InvalidConfigurationError("", self._violations)
        done = {key: result for key, result in self._done.items() if result is not None}
        secret_keys = [key for key, result in done.items() if result.is_secret]
        values = {key: done[key.lower()].value for key in properties}
        return properties.with_items(values).with_secrets(secret_keys)

    def _property(self, key: str) -> _Expanded:
        folded = key.lower()
        if folded in self._under_way:
            cycle = " → ".join([*self._under_way, folded])
            raise UnusableError(
                f"a circle: {shown(cycle)}",
                "properties that do not refer to themselves",
                "Write one of them out.",
            )
        if folded not in self._done:
            self._done[folded] = self._newly_expanded(key, folded)
        result = self._done[folded]
        if result is None:
            raise _FailedBeforeError
        return result

    def _newly_expanded(self, key: str, folded: str) -> _Expanded | None:
        self._under_way.append(folded)
        try:
            return self._value(self._properties[key])
        except UnusableError as error:
            is_default = folded in self._defaults
            self._violations.append(_violation(key, error, is_default=is_default))
        except _FailedBeforeError:
            pass  # reported where it is at fault
        finally:
            self._under_way.pop()
        return None

    def _value(self, value: Value) -> _Expanded:
        if len(self._under_way) > MAX_DEPTH:
            raise too_deep()
        if not isinstance(value, tuple):
            return self._scalar(value)
        items = [self._scalar(item) for item in value]
        return _Expanded(
            Properties({"items": [item.value for item in items]})["items"],
            any(item.is_secret for item in items),
        )

    def _scalar(self, value: Value) -> _Expanded:
        if isinstance(value, str) and has_placeholder(value):
            try:
                return self._text(parse(value))
            except TooDeepError:
                raise too_deep() from None
        return _Expanded(value)

    def _text(self, parts: Parts) -> _Expanded:
        texts, size, is_secret = [], 0, False
        for part in parts:
            piece = (
                _Expanded(part) if isinstance(part, str) else self._placeholder(part)
            )
            text = _as_text(piece.value)
            texts.append(text)
            size += len(text.encode())
            is_secret = is_secret or piece.is_secret
            if size > MAX_EXPANDED_BYTES:
                raise UnusableError(
                    f"more than {MAX_EXPANDED_BYTES:,} bytes once expanded",
                    "a shorter value",
                    "Look which placeholder repeats itself.",
                )
        return _Expanded("".join(texts), is_secret)

    def _placeholder(self, placeholder: Placeholder) -> _Expanded:
        name = self._text(placeholder.name)
        try:
            found = self._find(placeholder.opener, _as_text(name.value))
        except UnusableError as error:
            if not name.is_secret:
                raise
            hidden = f"a placeholder whose name is a secret ({MASK})"
            raise UnusableError(hidden, "a name that is none", error.cure) from None
        is_there = found is not None and found.value != ""
        if placeholder.operator == ":+":
            return self._text(placeholder.text) if is_there else _Expanded("")
        if placeholder.operator == ":-" and not is_there:
            return self._text(placeholder.text)
        if found is None:
            raise unknown(
                placeholder.opener, MASK if name.is_secret else _as_text(name.value)
            )
        return _Expanded(found.value, found.is_secret or name.is_secret)

    def _find(self, opener: str, name: str) -> _Expanded | None:
        kind, colon, rest = name.partition(":")
        if opener == "$[" or (colon and kind == "env"):
            return self._looked_up(kind, rest)
        if name in self._properties:
            found = self._property(name)
            is_hidden = self._properties.is_secret(name) or self._is_secret(name)
            return _Expanded(found.value, found.is_secret or is_hidden)
        variable = self._interpolator.variables.get(name)
        return None if variable is None else _Expanded(variable)

    def _looked_up(self, kind: str, name: str) -> _Expanded | None:
        if (kind, name) not in self.used:
            self.used[kind, name] = None  # remembered, should it fail
            self.used[kind, name] = self._interpolator.find(kind, name)
        text = self.used[kind, name]
        if text is None:
            return None
        is_secret = self._interpolator.sources[kind].is_secret
        if is_secret:
            self.secrets.add(text)
        return _Expanded(text, is_secret)


def _as_text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        raise UnusableError(
            "a placeholder for a list",
            "one for a single value",
            "Write the list out, or refer to one of its values.",
        )
    return str(value)


def _violation(key: str, error: UnusableError, *, is_default: bool) -> Diagnostic:
    return Diagnostic(
        key=key,
        found=f"the schema's default with {error.found}" if is_default else error.found,
        expected=error.expected,
        cure=f"Set the key. {error.cure}" if is_default else error.cure,
        rule="placeholder",
    )
