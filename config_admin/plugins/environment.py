"""
Keys that variables of the environment override.

An override is an edit that nobody has to write into the file: it is laid over what the
file says, and then the placeholders are resolved and the whole is checked. So its text
may hold placeholders, and placeholders of the file see it.
"""

import os
from collections.abc import Callable, Hashable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final, TypeVar

from config_admin.core.errors import InvalidConfigurationError
from config_admin.core.faults import FaultBook, FaultKind, faults_of
from config_admin.core.ports import Checked, Validator
from config_admin.core.properties import Properties, Value
from config_admin.plugins.blame import blamed, to_be_set, unknown_key
from config_admin.plugins.variables import Matches, Variables

_NOTHING: Final = Properties()
_Outcome = TypeVar("_Outcome")


class OverridingValidator:
    """
    Lays variables over properties, then asks another validator; implements `Validator`.

    It stands outside of the one that resolves placeholders. The environment is read
    once, when this is made: it does not change while the process runs.

    Args:
        environment: The variables, by name.
        validator: Checks what comes of it.
        declared: The keys that the schema of a PID declares.
        faults: Told of the variables that set no key.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        validator: Validator,
        *,
        declared: Callable[[str], Iterable[str]],
        faults: FaultBook,
    ) -> None:
        self._variables = Variables(environment)
        self._validator = validator
        self._declared = declared
        self._faults = faults
        # What an earlier process accepted or refused had another environment.
        self._mark = os.urandom(16)

    def check(self, pid: str, properties: Properties) -> Checked:  # noqa: D102 - contract in the port
        if not self._variables.of(pid):
            return self._validator.check(pid, properties)
        return self._settled(
            pid, properties, lambda matches: self._laid_over(pid, properties, matches)
        )

    def without(self, pid: str) -> Checked | None:  # noqa: D102 - contract in the port
        if not self._variables.of(pid):
            return self._validator.without(pid)
        return self._settled(pid, _NOTHING, lambda matches: self._alone(pid, matches))

    def schema_of(self, pid: str) -> Hashable:  # noqa: D102 - contract in the port
        schema = self._validator.schema_of(pid)
        return (schema, self._mark) if self._variables.of(pid) else schema

    def is_secret(self, pid: str, key: str) -> bool:  # noqa: D102 - contract in the port
        return self._validator.is_secret(pid, key)

    def as_text(self, pid: str, key: str, value: Value) -> str | None:  # noqa: D102 - contract in the port
        return self._validator.as_text(pid, key, value)

    def sources(self, pid: str, written: Iterable[str] = ()) -> Mapping[str, str]:
        """
        The name of the variable of each key of *pid* that one sets.

        Args:
            pid: The PID.
            written: Keys to look for besides those that its schema declares.
        """
        if not self._variables.of(pid):
            return {}
        return self._variables.matches(pid, self._declared(pid), written).names

    def _settled(
        self, pid: str, written: Properties, run: Callable[[Matches], _Outcome]
    ) -> _Outcome:
        """What *run* makes of the variables, for as long as it took the same ones."""
        matches = self._reported(pid, written)
        while True:
            before = matches
            try:
                outcome = run(before)
            except InvalidConfigurationError:
                matches = self._reported(pid, written)
                if matches == before:
                    raise
            else:
                matches = self._reported(pid, written)
                if matches == before:  # else the schema has come to declare other keys
                    return outcome

    def _reported(self, pid: str, written: Properties) -> Matches:
        matches = self._variables.matches(pid, self._declared(pid), written)
        unknown = [unknown_key(pid, name, matches.keys) for name in matches.unknown]
        faults = faults_of(FaultKind.ENVIRONMENT, pid, unknown)
        self._faults.report(FaultKind.ENVIRONMENT, pid, faults)
        return matches

    def _laid_over(self, pid: str, properties: Properties, matches: Matches) -> Checked:
        if not matches.names:
            checked = self._validator.check(pid, properties)
            return replace(checked, schema=(checked.schema, self._mark))
        try:
            merged = properties.with_items(matches.texts)
            filed = self._filed(pid, properties, merged, matches)
            # Last, for what is looked up on the way belongs to its state.
            checked = self._validator.check(pid, merged)
        except InvalidConfigurationError as error:
            found = [blamed(one, matches.names, properties) for one in error.violations]
            raise InvalidConfigurationError(pid, found) from None
        return replace(
            checked,
            properties=filed.properties,
            schema=(checked.schema, self._mark),
            secrets=tuple(sorted({*checked.secrets, *filed.secrets})),
            overridden=checked.effective(),
            sources=_sources(matches),
        )

    def _filed(
        self, pid: str, properties: Properties, merged: Properties, matches: Matches
    ) -> Checked:
        """What the file says; as written what only fits because it is overridden."""
        with suppress(InvalidConfigurationError):
            return self._validator.check(pid, properties)
        whole = self._validator.check(pid, merged)
        readings = dict.fromkeys(properties, whole)
        for key in matches.names:
            if key in properties:
                own = {key: properties[key]}
                readings[key] = Checked(Properties(own))
                with suppress(InvalidConfigurationError):
                    readings[key] = self._validator.check(pid, merged.with_items(own))
        values = {
            key: reading.properties[key]
            for key, reading in readings.items()
            if key in reading.properties
        }
        secrets = {text for reading in readings.values() for text in reading.secrets}
        return Checked(
            Properties(values, secret_keys=whole.properties.secret_keys),
            secrets=tuple(secrets),
        )

    def _alone(self, pid: str, matches: Matches) -> Checked | None:
        if not matches.names:
            return self._validator.without(pid)
        try:
            checked = self._validator.check(pid, Properties(matches.texts))
        except InvalidConfigurationError as error:
            found = [
                to_be_set(pid, blamed(one, matches.names, _NOTHING))
                for one in error.violations
            ]
            raise InvalidConfigurationError(pid, found) from None
        return replace(
            checked,
            properties=_NOTHING,
            schema=(checked.schema, self._mark),
            overridden=checked.effective(),
            sources=_sources(matches),
        )


def _sources(matches: Matches) -> Mapping[str, str]:
    return {key: f"${name} of the environment" for key, name in matches.names.items()}
