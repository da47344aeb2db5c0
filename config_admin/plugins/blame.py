"""What is wrong with a variable that overrides a key, and with what it leaves out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Final, Self

from config_admin.core.diagnostics import Diagnostic, Severity
from config_admin.core.display import escaped, shown
from config_admin.core.properties import AUTOMATIC_KEYS, Properties
from config_admin.plugins.variables import variable_of

# Rules that are broken by a key being there, whatever its value.
_KEY_RULES: Final = {"additionalProperties", "unevaluatedProperties", "propertyNames"}
_MISSING_RULES: Final = {"required", "dependentRequired"}
_MAX_SHOWN_KEYS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableDiagnostic(Diagnostic):
    """What is wrong with a variable: no line of a file is to blame."""

    def at(self, file: str, line: int | None, column: int | None) -> Self:  # noqa: ARG002 - of a file
        """The same: an environment has no lines."""
        return self


def blamed(
    violation: Diagnostic, names: Mapping[str, str], written: Properties
) -> Diagnostic:
    """
    *violation*, with the variable that is to blame.

    Args:
        violation: By the properties of a file with variables laid over.
        names: The variable of each key that one sets.
        written: The properties of the file.
    """
    if violation.file is not None or violation.rule == "limit":
        return violation
    if violation.key is None:
        every = ", ".join(names.values())
        found = f"{violation.found} with {every} of the environment"
        return replace(violation, found=found)
    if violation.rule in _KEY_RULES and violation.key in written:
        return violation
    by_key = {key.lower(): name for key, name in names.items()}
    name = by_key.get(violation.key.lower())
    if name is None:
        return violation
    known = {field.name: getattr(violation, field.name) for field in fields(Diagnostic)}
    known["found"] = f"{violation.found} in the environment variable {name}"
    known["cure"] = f"{violation.cure} Change or unset that variable."
    return VariableDiagnostic(**known)


def to_be_set(pid: str, violation: Diagnostic) -> Diagnostic:
    """*violation* where there is no file to which a missing key could be added."""
    if violation.rule not in _MISSING_RULES or violation.key is None:
        return violation
    variable = variable_of(pid, violation.key)
    return replace(violation, cure=f"Set the variable {variable} too, or write a file.")


def unknown_key(pid: str, name: str, keys: Iterable[str]) -> Diagnostic:
    """That the variable *name* sets none of *keys*, which are those of *pid*."""
    prefix = variable_of(pid, "")
    by_name = {variable_of(pid, key).removeprefix(prefix): key for key in keys}
    close = get_close_matches(name.removeprefix(prefix), by_name)
    expected = "a key that the schema declares or the file has"
    if name in {variable_of(pid, key) for key in AUTOMATIC_KEYS}:
        expected = "none for what the admin itself sets"
    elif by_name:
        likely = [by_name[one] for one in close or by_name][:_MAX_SHOWN_KEYS]
        expected = f"a variable of {' or '.join(map(shown, likely))}"
    hint = f"Did you mean {prefix}{close[0]}?" if close else "Rename or unset it."
    return Diagnostic(
        found=f"the environment variable {name}, which sets no key of {escaped(pid)}",
        expected=expected,
        cure=f"{hint} Until then it is ignored.",
        rule="environment",
        severity=Severity.WARNING,
    )
