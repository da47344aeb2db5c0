"""
Placeholders at the door: what is checked and delivered is the resolved copy.

What is stored and written back stays the text as written, so no resolved secret ever
is in a file, a store or a history.
"""

import hashlib
import os
from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from functools import partial
from typing import Protocol

from config_admin.core.errors import InvalidConfigurationError
from config_admin.core.ports import Checked, Validator
from config_admin.core.properties import Properties, Value
from config_admin.plugins.interpolation import (
    Expansion,
    Interpolator,
    may_expand,
)
from config_admin.plugins.unusable import UnusableError

_Used = frozenset[tuple[str, str]]
_Texts = Mapping[tuple[str, str], str | None]


class ExpandingValidator(Validator, Protocol):
    """A validator whose defaults may hold placeholders."""

    def check(
        self,
        pid: str,
        properties: Properties,
        *,
        expand: Callable[[Properties], Properties] | None = None,
    ) -> Checked:
        """As `Validator.check`; *expand* replaces the placeholders of the defaults."""
        ...


class ResolvingValidator:
    """
    Replaces placeholders, then asks another validator; implements `Validator`.

    `Checked.schema` changes with the schema and with every value that was looked up,
    so that a secret which changes is delivered like a schema that does.

    Args:
        interpolator: Replaces the placeholders.
        validator: Checks the resolved copy.
    """

    def __init__(
        self, interpolator: Interpolator, validator: ExpandingValidator
    ) -> None:
        self._interpolator = interpolator
        self._validator = validator
        self._used: dict[str, _Used] = {}
        self._salt = os.urandom(16)  # what is remembered of a secret tells nobody

    def check(self, pid: str, properties: Properties) -> Checked:  # noqa: D102 - contract in the port
        expansion = Expansion(
            self._interpolator.seen_by(pid), properties, partial(self.is_secret, pid)
        )
        try:
            resolved = expansion.run() if may_expand(properties) else properties
            checked = self._validator.check(
                pid, resolved, expand=expansion.run_defaults
            )
        except InvalidConfigurationError as error:
            raise InvalidConfigurationError(pid, error.violations) from None
        finally:
            # In failure too: what was missing may appear. Besides what was used before,
            # so that a refused text and the one in force have one state in common.
            used = self._used.get(pid, frozenset()) | expansion.used.keys()
            if used:
                self._used[pid] = used
        state = self._state(pid, checked.schema, expansion.used)
        return replace(checked, schema=state, secrets=tuple(sorted(expansion.secrets)))

    def without(self, pid: str) -> Checked | None:  # noqa: D102 - contract in the port
        return self._validator.without(pid)

    def schema_of(self, pid: str) -> Hashable:  # noqa: D102 - contract in the port
        return self._state(pid, self._validator.schema_of(pid), {})

    def is_secret(self, pid: str, key: str) -> bool:  # noqa: D102 - contract in the port
        return self._validator.is_secret(pid, key)

    def as_text(self, pid: str, key: str, value: Value) -> str | None:  # noqa: D102 - contract in the port
        return self._validator.as_text(pid, key, value)

    def _state(self, pid: str, schema: Hashable, texts: _Texts) -> Hashable:
        """*schema* and what was used, by the *texts* that were read as far as known."""
        used = self._used.get(pid)
        if used is None:
            return schema
        seen = self._interpolator.seen_by(pid)
        return schema, tuple(
            self._digest(texts[one] if one in texts else self._now(seen, *one))
            for one in sorted(used)
        )

    @staticmethod
    def _now(seen: Interpolator, kind: str, name: str) -> str | None:
        try:
            return seen.find(kind, name)
        except UnusableError:
            return None

    def _digest(self, text: str | None) -> str | None:
        if text is None:
            return None
        return hashlib.sha256(self._salt + text.encode()).hexdigest()
