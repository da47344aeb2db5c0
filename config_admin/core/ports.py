"""What the core asks of the rooms."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from config_admin.core.diagnostics import Diagnostic
from config_admin.core.properties import Properties, Value


@dataclass(frozen=True, slots=True)
class Checked:
    """
    Properties that fit their schema.

    Attributes:
        properties: The coerced view: text turned into what the schema says, what
            means absent left out; secret keys marked.
        defaults: The schema's default of each key that is absent, in its order.
        schema: Which schema it was; equal only for the same text. None: there is none.
        secrets: Texts that must not be shown, though they may be only parts of values.
        overridden: What is delivered instead, where something from outside overrides
            keys; None: nothing does.
        sources: Where each overridden key came from, for people.
    """

    properties: Properties
    defaults: Properties = field(default_factory=Properties)
    schema: Hashable = None
    secrets: tuple[str, ...] = field(default=(), repr=False)
    overridden: Properties | None = None
    sources: Mapping[str, str] = field(default_factory=dict)

    def effective(self) -> Properties:
        """What is delivered: with the defaults, or overridden."""
        if self.overridden is not None:
            return self.overridden
        return self.properties.with_items(self.defaults)


class Validator(Protocol):
    """Knows what may be configured."""

    def check(self, pid: str, properties: Properties) -> Checked:
        """
        What *properties*, as written, mean under the schema of *pid*.

        Raises:
            InvalidConfigurationError: With every violation, in key order.
        """
        ...

    def without(self, pid: str) -> Checked | None:
        """
        What holds where *pid* has no configuration; None: nothing.

        Raises:
            InvalidConfigurationError: If that does not fit the schema.
        """
        ...

    def schema_of(self, pid: str) -> Hashable:
        """Which schema `check` would use now; as `Checked.schema`."""
        ...

    def is_secret(self, pid: str, key: str) -> bool:
        """Whether the schema of *pid* wants the value of *key* masked."""
        ...

    def as_text(self, pid: str, key: str, value: Value) -> str | None:
        """The text that the schema turns into exactly *value*; None: no text does."""
        ...


class Gate(Protocol):
    """Between changes that do not come from a file, and the files."""

    def require_open(self, pid: str, *, force: bool = False) -> None:
        """
        Nothing, if *pid* may be changed.

        Args:
            pid: The configuration.
            force: Whether an edit that was refused may be put aside.

        Raises:
            ReadOnlyConfigurationError: If its file may not be written.
            RefusedFileError: If its file holds an edit that was refused.
        """
        ...

    def require_writable(self, pid: str, properties: Properties) -> None:
        """
        Nothing, if the file of *pid* can be made to say *properties*.

        Raises:
            InvalidConfigurationError: If its format cannot, without a loss.
        """
        ...

    def note_change(self, pid: str, *, force: bool = False) -> None:
        """
        *pid* was changed; called in commit order, must not block.

        Args:
            pid: The configuration.
            force: Whether an edit that was refused is put aside, not lost.
        """
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """
    Where a property stands in its text; all from 1, columns in characters.

    Attributes:
        line: The natural line on which the key begins.
        column: Where the key begins.
        value_line: The natural line on which the value begins.
        value_column: Where the value begins; behind the key if it is empty.
    """

    line: int
    column: int
    value_line: int
    value_column: int


@dataclass(frozen=True, slots=True)
class Reading:
    """
    What a text says.

    Attributes:
        properties: As `Format.loads` gives them.
        places: Where each key of *properties* stands.
        warnings: What deserves a look but refuses nothing, in line order.
    """

    properties: dict[str, object]
    places: Mapping[str, Place]
    warnings: tuple[Diagnostic, ...]


class Format(Protocol):
    """A file format: text to properties and back; a module can be one."""

    @property
    def suffix(self) -> str:
        """The end of its file names, with the dot: ``.cfg``."""
        ...

    def read(self, text: str, /) -> Reading:
        """
        What *text* says, with the places.

        Raises:
            FormatError: With every fault of the text.
        """
        ...

    def loads(self, text: str, /) -> dict[str, object]:
        """The properties of *text*; lists are lists. Raises as `read`."""
        ...

    def dumps(self, properties: Mapping[str, object], /) -> str:
        """A text that reads as *properties*."""
        ...

    def merge(self, text: str, properties: Mapping[str, object], /) -> str:
        """*text* with no more changed than it takes to read as *properties*."""
        ...
