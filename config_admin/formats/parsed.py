"""A text of lines taken apart: the one reading that every use of it starts from."""

from dataclasses import dataclass

from config_admin.formats.lines import Entry
from config_admin.formats.typed import ReadValue, TypedText


@dataclass(frozen=True, slots=True)
class Parsed:
    """
    A readable text, its properties in the order of their lines, repeated ones too.

    Attributes:
        text: All of it.
        entries: Where the properties stand.
        keys: The key of each entry.
        values: The value of each entry.
        typed: Each value's typed form if the file is typed; empty if it is not.
    """

    text: str
    entries: list[Entry]
    keys: list[str]
    values: list[ReadValue]
    typed: list[TypedText]

    def last_occurrences(self) -> dict[str, int]:
        """
        The index of the entry that counts for each key, at the place of the first.

        "The same key twice: the last value wins".
        """
        return {key: index for index, key in enumerate(self.keys)}

    def properties(self) -> dict[str, object]:
        """What the text says: a repeated key has its first place and last value."""
        return dict(zip(self.keys, self.values, strict=True))
