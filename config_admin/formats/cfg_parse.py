"""A ``.cfg`` text taken apart: the one reading that every use of it starts from."""

from dataclasses import dataclass

from config_admin.core.errors import FormatError
from config_admin.formats import lines, typed
from config_admin.formats.cfg_faults import every_fault
from config_admin.formats.escapes import unescaped
from config_admin.formats.lines import Entry
from config_admin.formats.typed import ReadValue, TypedText
from config_admin.formats.unreadable import UnreadableError


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


def parse(text: str) -> Parsed:
    """
    What *text* says.

    Raises:
        FormatError: With every fault of the text.
    """
    entries = lines.entries(text)
    raw_values = [lines.unfolded(entry["value"]) for entry in entries]
    all_typed = typed_forms(raw_values)
    try:
        keys = [unescaped(lines.unfolded(entry["key"])) for entry in entries]
        values: list[ReadValue] = (
            [typed.read(value) for value in all_typed]
            if all_typed
            else [unescaped(raw) for raw in raw_values]
        )
    except UnreadableError:
        raise FormatError(every_fault(text, entries, all_typed)) from None
    different = set(keys)
    if "" in different or len({key.lower() for key in different}) < len(different):
        raise FormatError(every_fault(text, entries, all_typed))
    return Parsed(text, entries, keys, values, all_typed)


def typed_forms(raw_values: list[str]) -> list[TypedText]:
    """The typed form of each value, or none at all if one of them is plain."""
    forms = []
    for raw in raw_values:
        form = typed.well_formed(raw)
        if form is None:
            return []
        forms.append(form)
    return forms
