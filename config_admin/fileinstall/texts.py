"""From the bytes of a file to properties, with the place of all that is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from config_admin.core.diagnostics import Diagnostic, Severity
from config_admin.core.errors import FormatError, InvalidConfigurationError
from config_admin.core.ports import Format, Place, Reading
from config_admin.core.properties import AUTOMATIC_KEYS, Properties
from config_admin.fileinstall.encoding import UndecodableError, decoded

# Rules that are broken by a key being there, whatever its value.
_KEY_RULES = {"additionalProperties", "unevaluatedProperties", "propertyNames", "value"}


class RefusedTextError(Exception):
    """
    The text cannot become a configuration.

    Attributes:
        diagnostics: Everything that is wrong, with its place; never empty.
    """

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__(diagnostics)
        self.diagnostics = tuple(diagnostics)


@dataclass(frozen=True, slots=True)
class InstalledText:
    """
    A text that could be read.

    Attributes:
        file: As the user knows it.
        text: The text.
        properties: What it says, as written, without automatic properties.
        reading: The same with places.
    """

    file: str
    text: str
    properties: Properties
    reading: Reading

    def placed(self, violation: Diagnostic) -> Diagnostic:
        """*violation* with its line and column in this text."""
        if violation.file is not None:
            return _broken_schema(violation).at(self.file, 1, 1)
        place = _find(self.reading, violation.key)
        if place is None:
            return violation.at(self.file, 1, 1)
        if violation.rule in _KEY_RULES:
            return violation.at(self.file, place.line, place.column)
        return violation.at(self.file, place.value_line, place.value_column)

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What deserves a look."""
        found = [replace(warning, file=self.file) for warning in self.reading.warnings]
        found += [
            self.placed(_automatic(key))
            for key in self.reading.properties
            if key.lower() in AUTOMATIC_KEYS
        ]
        return tuple(found)


def read_text(
    file: str, data: bytes, file_format: Format, encoding: str
) -> InstalledText:
    """
    What the bytes *data* of *file* say.

    Raises:
        RefusedTextError: With every fault of the text.
    """
    try:
        text = decoded(data, encoding)
    except UndecodableError as error:
        raise RefusedTextError([replace(error.diagnostic, file=file)]) from None
    try:
        reading = file_format.read(text)
    except FormatError as error:
        raise RefusedTextError(
            [replace(diagnostic, file=file) for diagnostic in error.diagnostics]
        ) from None
    installed = InstalledText(file, text, Properties(), reading)
    try:
        properties = Properties(reading.properties).without(AUTOMATIC_KEYS)
    except InvalidConfigurationError as error:
        raise RefusedTextError(
            [installed.placed(violation) for violation in error.violations]
        ) from None
    return replace(installed, properties=properties)


def _broken_schema(violation: Diagnostic) -> Diagnostic:
    return Diagnostic(
        found=f"no schema to check it by, because of {violation.place}",
        expected="a schema that can be used",
        cure="Mend the schema; this file is tried again then.",
        rule="schema",
    )


def _find(reading: Reading, key: str | None) -> Place | None:
    if key is None:
        return None
    if key in reading.places:
        return reading.places[key]
    same = (one for one in reading.places if one.lower() == key.lower())
    found = next(same, None)
    return reading.places[found] if found is not None else None


def _automatic(key: str) -> Diagnostic:
    return Diagnostic(
        key=key,
        found="a property that the admin adds itself",
        expected="only properties of the service",
        cure="It is ignored; remove the line.",
        rule="value",
        severity=Severity.WARNING,
    )
