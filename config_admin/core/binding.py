"""
Properties to the type that a registration asks for.

A dataclass, a class of attrs, a model of pydantic, a named tuple, or whatever else has
annotations that say it takes texts, numbers and lists, is called with an argument for
each. Every other callable gets the properties as they are. The automatic properties
reach neither.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeAlias, TypeVar

from config_admin.core.annotations import UnreadableError
from config_admin.core.coercion import means_absent, split
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import shown
from config_admin.core.errors import InvalidConfigurationError
from config_admin.core.fields import Field, Fields, folded
from config_admin.core.models import fields_of, name_of
from config_admin.core.properties import AUTOMATIC_KEYS, Properties, Value
from config_admin.core.refusals import Reason, reasons_of

T = TypeVar("T")

# A foreign text and the secrets that must not show in it, to what may be shown.
Scrub: TypeAlias = Callable[[str, Iterable[str]], str]


class Binder(Generic[T]):
    """
    Makes a model of properties; made once for a registration.

    Keys and fields are matched without regard to case, and ``-``, ``.`` and ``_`` are
    equal. A key that matches no field is left out, unless the constructor takes
    ``**others``, or the model is pydantic's: then its ``extra`` decides. A blank text
    and ``null`` mean absent where the field has a default, and None where it takes
    None. pydantic is handed what cannot be read as its field's type, and judges.

    Args:
        model: A class with fields, or what takes the properties as its one argument.
            Its annotations are resolved here, once.

    Raises:
        UsageError: If *model* is neither, or has a field that no property can be.
    """

    def __init__(self, model: Callable[..., T]) -> None:
        self._model = model
        self._name = name_of(model)
        self._fields = fields_of(model)

    def bind(self, properties: Properties, scrub: Scrub) -> T:
        """
        The model of *properties*.

        Args:
            properties: What is to be delivered.
            scrub: Makes what the model says fit to be shown.

        Raises:
            InvalidConfigurationError: For no PID, with each key that cannot be read or
                is missing; or with what the model raised.
        """
        given = properties.without(AUTOMATIC_KEYS)
        match = _Match(self._name, self._fields or Fields(()), given)
        if match.violations:
            raise InvalidConfigurationError("", match.violations)
        whole = (given,) if self._fields is None else ()
        try:
            return self._model(*whole, **match.arguments)
        except Exception as error:  # noqa: BLE001 - foreign code may raise anything
            violations = match.refusals(error, scrub)
        # Not from it: its text may show a secret.
        raise InvalidConfigurationError("", violations)


class _Match:
    """
    One set of properties beside the fields of a model.

    Attributes:
        arguments: What the model is called with, by name.
        violations: What cannot be read, in key order; then what is missing.
    """

    def __init__(self, model: str, fields: Fields, properties: Properties) -> None:
        self._model = model
        self._fields = fields
        self._properties = properties
        self._keys: dict[str, str] = {}  # as written, by the name of their field
        self._handed: dict[str, object] = {}  # what the model gets, by key
        self.arguments: dict[str, object] = {}
        self.violations: list[Diagnostic] = []
        by_key = fields.by_key()
        for key in properties:
            field, argument = by_key.get(folded(key), (None, key))
            if field is not None:
                self._take(field, argument, key)
            elif fields.takes_others:
                self.arguments[key] = properties[key]
        if not fields.judges:
            self.violations += [
                self._missing(field.arguments[0], field.wanted.expected)
                for field in fields.all
                if not (field.has_default or field.name in self._keys)
            ]

    def _take(self, field: Field, argument: str, key: str) -> None:
        value = self._properties[key]
        other = self._keys.setdefault(field.name, key)
        if other != key:
            self.violations.append(_clash(key, other))
        elif field.has_default and means_absent(value):
            pass
        else:
            wanted = field.wanted
            read = wanted.read_or_leave if self._fields.judges else wanted.read
            try:
                self.arguments[argument] = self._handed[key] = read(value)
            except UnreadableError as error:
                self.violations.append(self._unreadable(field, key, error))

    def refusals(self, error: Exception, scrub: Scrub) -> list[Diagnostic]:
        """What the model raised, about the keys as they were written, in key order."""
        secrets = list(self._secrets())
        found = [
            self._refusal(reason, scrub(reason.text, secrets))
            for reason in reasons_of(error, {field.name for field in self._fields.all})
        ]
        position = {key: number for number, key in enumerate(self._properties)}
        last = len(position)
        return sorted(found, key=lambda each: position.get(each.key or "", last))

    def _refusal(self, reason: Reason, text: str) -> Diagnostic:
        if reason.about is None:
            found = f"properties that {self._model} refuses: {text}"
            return _refused(None, found, "others", "Change one of them.")
        key = self._key_of(reason.about)
        if reason.is_missing:
            return self._missing(key, "a value")
        found = f"a value that {self._model} refuses: {text}"
        return _refused(key, found, "another one", "Set another value.")

    def _key_of(self, about: str) -> str:
        """The key as written; else the name that it should be written with."""
        wanted = folded(about)
        for field in self._fields.all:
            if wanted in map(folded, (field.name, *field.arguments)):
                return self._keys.get(field.name, field.arguments[0])
        written = {folded(key): key for key in self._properties}
        return written.get(wanted, about)

    def _secrets(self) -> Iterator[str]:
        """What must not show: as it is written, as the model got it, and in parts."""
        hidden = {
            self._keys.get(each.name) for each in self._fields.all if each.is_secret
        }
        for key, value in self._properties.items():
            if key in hidden or self._properties.is_secret(key):
                yield from _texts_in(value)
                yield from _texts_in(self._handed.get(key))
                yield from split(value) if isinstance(value, str) else ()

    def _unreadable(self, field: Field, key: str, error: UnreadableError) -> Diagnostic:
        found = _shown(error.value)
        if self._properties.is_secret(key):
            found = "a masked value"
        if error.element is not None:
            found = f"{found} as element {error.element}"
        cure = "Set another value."
        if field.has_default:
            cure = "Set another value, or remove the key for the default."
        return _refused(key, found, error.expected, cure)

    def _missing(self, key: str, expected: str) -> Diagnostic:
        expected = f"{expected}, for {self._model} requires it"
        return _refused(key, "nothing", expected, "Add the key.")


def _clash(key: str, other: str) -> Diagnostic:
    found = f"it beside {shown(other)}, which is the same field"
    return _refused(key, found, "each field once", "Remove one of the two.")


def _texts_in(value: object) -> Iterator[str]:
    items = value if isinstance(value, (tuple, list, set, frozenset)) else (value,)
    return (str(item) for item in items if type(item) in (str, int, float))


def _shown(value: Value) -> str:
    return "an empty value" if value == "" else shown(value)


def _refused(key: str | None, found: str, expected: str, cure: str) -> Diagnostic:
    return Diagnostic(key=key, found=found, expected=expected, cure=cure, rule="model")
