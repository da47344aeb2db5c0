"""
Placeholders at the door: what is checked and delivered is the resolved copy.

What is stored and written back stays the text as written, so no resolved secret ever
is in a file, a store or a history.
"""

import hashlib
import os
from collections.abc import Hashable, Mapping
from dataclasses import replace

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


class ResolvingValidator:
    """
    Replaces placeholders, then asks another validator; implements `Validator`.

    `Checked.schema` changes with the schema and with every value that was looked up,
    so that a secret which changes is delivered like a schema that does.

    Args:
        interpolator: Replaces the placeholders.
        validator: Checks the resolved copy.
    """

    def __init__(self, interpolator: Interpolator, validator: Validator) -> None:
        self._interpolator = interpolator
        self._validator = validator
        self._used: dict[str, _Used] = {}
        self._salt = os.urandom(16)  # what is remembered of a secret tells nobody

    def check(self, pid: str, properties: Properties) -> Checked:  # noqa: D102 - contract in the port
        if not may_expand(properties):
            return self._validator.check(pid, properties)
        expansion = Expansion(self._interpolator, properties)
        try:
            resolved = expansion.run()
        except InvalidConfigurationError as error:
            raise InvalidConfigurationError(pid, error.violations) from None
        finally:
            # In failure too: what was missing may appear. Besides what was used before,
            # so that a refused text and the one in force have one state in common.
            used = self._used.get(pid, frozenset()) | expansion.used.keys()
            self._used[pid] = used
        checked = self._validator.check(pid, resolved)
        state = self._state(checked.schema, used, expansion.used)
        return replace(checked, schema=state, secrets=tuple(sorted(expansion.secrets)))

    def schema_of(self, pid: str) -> Hashable:  # noqa: D102 - contract in the port
        schema = self._validator.schema_of(pid)
        used = self._used.get(pid)
        return schema if used is None else self._state(schema, used, {})

    def is_secret(self, pid: str, key: str) -> bool:  # noqa: D102 - contract in the port
        return self._validator.is_secret(pid, key)

    def as_text(self, pid: str, key: str, value: Value) -> str | None:  # noqa: D102 - contract in the port
        return self._validator.as_text(pid, key, value)

    def _state(self, schema: Hashable, used: _Used, texts: _Texts) -> Hashable:
        """*schema* and what was used, by the *texts* that were read as far as known."""
        return schema, tuple(
            self._digest(texts[one]) if one in texts else self._digest_now(*one)
            for one in sorted(used)
        )

    def _digest_now(self, kind: str, name: str) -> str | None:
        try:
            return self._digest(self._interpolator.find(kind, name))
        except UnusableError:
            return None

    def _digest(self, text: str | None) -> str | None:
        if text is None:
            return None
        return hashlib.sha256(self._salt + text.encode()).hexdigest()
