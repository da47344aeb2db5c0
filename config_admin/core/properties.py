"""
Properties: the immutable mapping that crosses the door.

Source: OSGi Compendium ch. 104.4.2 (keys without regard to case, their case kept) and
ch. 104.4.1 (value types).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import isfinite
from typing import Final, TypeAlias

from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import (
    MASK,
    is_secret_name,
    shown,
    without_url_password,
)
from config_admin.core.errors import InvalidConfigurationError

Scalar: TypeAlias = str | int | float | bool
Value: TypeAlias = Scalar | tuple[Scalar, ...]

SERVICE_PID: Final = "service.pid"
SERVICE_FACTORY_PID: Final = "service.factoryPid"

# The automatic properties: the admin adds them to what is delivered, nobody sets them.
AUTOMATIC_KEYS: Final = frozenset({SERVICE_PID, SERVICE_FACTORY_PID.lower()})

_MAX_INTEGER: Final = 2**63 - 1

# The base types' own conversions: an Enum may override __str__, a subclass __int__.
_TO_BASE: Final[tuple[tuple[type, Callable[..., Scalar]], ...]] = (
    (bool, bool),
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
)


class Properties(Mapping[str, Value]):
    """
    Keys and values that never change.

    A key is looked up without regard to case; the case that was written is kept. A
    value is text, a whole number, a float, a boolean, or a tuple of one of them. Two
    are equal if they hold the same keys, without regard to case, with values equal in
    value *and type*: ``1``, ``1.0``, ``True`` and ``"1"`` are four values. The order of
    the keys is kept and does not count.

    Args:
        items: A mapping or pairs; lists become tuples, subclasses of the value types
            become their base type.
        secret_keys: Keys to mask in the representation besides those that are named
            like a secret.

    Raises:
        InvalidConfigurationError: If keys differ only in case, or a value cannot be
            stored by every format; all of them at once.
    """

    __slots__ = ("_items", "_secret_keys")

    def __init__(
        self,
        items: Mapping[str, object] | Iterable[tuple[str, object]] = (),
        *,
        secret_keys: Iterable[str] = (),
    ) -> None:
        pairs = items.items() if isinstance(items, Mapping) else items
        inherited = items.secret_keys if isinstance(items, Properties) else ()
        self._secret_keys = _folded((*inherited, *secret_keys))
        self._items: dict[str, tuple[str, Value]] = {}
        violations: list[Diagnostic] = []
        for key, value in pairs:
            fault = self._add(key, value)
            if fault is not None:
                violations.append(fault)
        if violations:
            raise InvalidConfigurationError("", violations)

    def _add(self, key: object, value: object) -> Diagnostic | None:
        problem = _key_problem(key)
        if not isinstance(key, str) or problem is not None:
            return problem
        key = str.__str__(key)  # a subclass may show itself as another text
        folded = key.lower()
        if folded in self._items:
            return _clash(key, self._items[folded][0])
        try:
            self._items[folded] = (key, _stored(value))
        except ValueError as error:
            return _unstorable(key, error)
        return None

    def __getitem__(self, key: str) -> Value:
        if not isinstance(key, str):
            raise KeyError(key)
        return self._items[str.__str__(key).lower()][1]

    def __iter__(self) -> Iterator[str]:
        return (key for key, _ in self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and str.__str__(key).lower() in self._items

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Properties):
            return self._typed() == other._typed()
        if isinstance(other, Mapping):
            try:
                return self == Properties(other)
            except InvalidConfigurationError:
                return False
        return NotImplemented

    def __hash__(self) -> int:
        return hash(frozenset(self._typed().items()))

    def __repr__(self) -> str:
        shown_items = ", ".join(
            f"{key!r}: {value!r}" for key, value in self.masked().items()
        )
        return f"Properties({{{shown_items}}})"

    @property
    def secret_keys(self) -> frozenset[str]:
        """The keys, in lower case, that are masked whatever they are named like."""
        return self._secret_keys

    def is_secret(self, key: str) -> bool:
        """Whether the value of *key* must not be shown."""
        return key.lower() in self._secret_keys or is_secret_name(key)

    def secret_values(self) -> Iterator[str]:
        """The values that must not be shown, as text, list elements one by one."""
        for key, value in self.items():
            if self.is_secret(key):
                yield from map(str, value if isinstance(value, tuple) else (value,))

    def masked(self) -> dict[str, Value]:
        """A copy to look at, with the values of secret keys replaced."""
        return {
            key: MASK if self.is_secret(key) else _without_url_passwords(value)
            for key, value in self.items()
        }

    def with_secrets(self, secret_keys: Iterable[str]) -> "Properties":
        """The same properties, masking *secret_keys* too."""
        return self._copy(self._items, self._secret_keys | _folded(secret_keys))

    def without(self, keys: Iterable[str]) -> "Properties":
        """The same properties but for *keys*; those that are absent do not matter."""
        unwanted = _folded(keys)
        if unwanted.isdisjoint(self._items):
            return self
        kept = {key: at for key, at in self._items.items() if key not in unwanted}
        return self._copy(kept, self._secret_keys)

    def with_items(self, items: Mapping[str, object]) -> "Properties":
        """The same properties, those of *items* replaced in place or added last."""
        if not items:
            return self
        added = items if isinstance(items, Properties) else Properties(items)
        laid_over = {key.lower(): (key, value) for key, value in added.items()}
        secret_keys = self._secret_keys | added.secret_keys
        return self._copy({**self._items, **laid_over}, secret_keys)

    @staticmethod
    def _copy(
        items: dict[str, tuple[str, Value]], secret_keys: frozenset[str]
    ) -> "Properties":
        copy = Properties.__new__(Properties)
        copy._items = items  # noqa: SLF001 - its own kind
        copy._secret_keys = secret_keys  # noqa: SLF001 - its own kind
        return copy

    def _typed(self) -> dict[str, tuple[object, ...]]:
        return {key: typed(value) for key, (_, value) in self._items.items()}


def typed(value: Value) -> tuple[object, ...]:
    """*value* with its type, so that ``==`` tells ``1``, ``1.0`` and ``True`` apart."""
    if isinstance(value, tuple):
        return (tuple, *((type(item), item) for item in value))
    return (type(value), value)


def _without_url_passwords(value: Value) -> Value:
    if isinstance(value, tuple):
        items = [_without_url_passwords(item) for item in value]
        return tuple(item for item in items if not isinstance(item, tuple))
    return without_url_password(value) if isinstance(value, str) else value


def _folded(keys: Iterable[str]) -> frozenset[str]:
    return frozenset(key.lower() for key in keys)


def _stored(value: object) -> Value:
    """*value* as it is kept; a ValueError says what was found and what was expected."""
    if isinstance(value, (list, tuple)):
        items = tuple(_stored_scalar(item) for item in value)
        if len({type(item) for item in items}) > 1:
            raise ValueError("a list of different types", "a list of one type")
        return items
    return _stored_scalar(value)


def _stored_scalar(value: object) -> Scalar:
    for base, convert in _TO_BASE:
        if isinstance(value, base):
            plain = convert(value)
            break
    else:
        found = "None" if value is None else f"a value of type {type(value).__name__}"
        raise ValueError(found, "text, a number, a boolean or a flat list of one")
    if isinstance(plain, str):
        _require_writable(plain)
    elif isinstance(plain, float) and not isfinite(plain):
        raise ValueError(str(plain), "a finite number")
    elif isinstance(plain, int) and not -_MAX_INTEGER - 1 <= plain <= _MAX_INTEGER:
        raise ValueError(f"{plain:#x}"[:40], "a whole number of at most 64 bits")
    return plain


def _require_writable(text: str) -> None:
    if "\0" in text:
        raise ValueError("a NUL character", "text that a file can hold")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ValueError("half of a surrogate pair", "whole characters") from error


def _key_problem(key: object) -> Diagnostic | None:
    if not isinstance(key, str):
        found = f"a key of type {type(key).__name__}"
        return _refused(None, found, "text", "Use text as the key.")
    if not key:
        return _refused(key, "an empty key", "a name", "Give the property a name.")
    try:
        _require_writable(key)
    except ValueError as error:
        return _unstorable(key, error)
    return None


def _clash(key: str, other: str) -> Diagnostic:
    found = f"it beside {shown(other)}, equal but for case"
    return _refused(key, found, "each key once", "Remove one of the two.")


def _unstorable(key: str, error: ValueError) -> Diagnostic:
    found, expected = error.args
    return _refused(key, found, expected, "Set another value.")


def _refused(key: str | None, found: str, expected: str, cure: str) -> Diagnostic:
    return Diagnostic(key=key, found=found, expected=expected, cure=cure, rule="value")
