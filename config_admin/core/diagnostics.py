"""What is wrong, where, and how to put it right: one record for every room."""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Self

from config_admin.core.display import escaped


class Severity(Enum):
    """Whether something was refused or only deserves a look."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """
    One broken rule.

    The texts are ready to be shown: escaped, and masked where the key is a secret.

    Attributes:
        found: What is there ("'70000'", "nothing", "an unknown key").
        expected: What should be there ("a port from 1 to 65535").
        cure: What to do about it, a whole sentence.
        rule: The rule: a schema keyword ("maximum") or a word of the grammar.
        key: The property at fault, as written; None if it is about all of them.
        file: The file at fault, as the user named its directory.
        line: From 1.
        column: From 1, in characters.
        severity: ERROR unless nothing was refused for it.
    """

    found: str
    expected: str
    cure: str
    rule: str
    key: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None
    severity: Severity = Severity.ERROR

    def at(self, file: str, line: int | None, column: int | None) -> Self:
        """The same, found in that place."""
        return replace(self, file=file, line=line, column=column)

    @property
    def place(self) -> str:
        """``file:line:column``, as far as they are known; "" if nothing is."""
        parts = (self.file, self.line, self.column)
        return ":".join(str(part) for part in parts if part is not None)

    @property
    def message(self) -> str:
        """The sentence without its place."""
        key = f"{escaped(self.key)}: " if self.key is not None else ""
        return f"{key}found {self.found}, expected {self.expected}. {self.cure}"

    @property
    def brief(self) -> str:
        """The place and what was found there, for when it is mended."""
        key = f"{escaped(self.key)}: " if self.key is not None else ""
        place = f"{self.place}: " if self.place else ""
        return f"{place}{key}was {self.found}"

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message
