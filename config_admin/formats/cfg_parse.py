"""A ``.cfg`` text taken apart."""

from config_admin.core.errors import FormatError
from config_admin.formats import lines, typed
from config_admin.formats.cfg_faults import every_fault
from config_admin.formats.escapes import unescaped
from config_admin.formats.parsed import Parsed
from config_admin.formats.typed import ReadValue, TypedText
from config_admin.formats.unreadable import UnreadableError


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
