"""
One plugin: what it sees, and what it makes of that.

Source: OSGi Compendium ch. 104.9 (Configuration Plugin).
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from config_admin.core.callbacks import ConfigurationPlugin
from config_admin.core.entry import without_automatic
from config_admin.core.errors import ConfigurationError, InvalidConfigurationError
from config_admin.core.foreign import raised_by
from config_admin.core.pid import schema_pids
from config_admin.core.properties import AUTOMATIC_KEYS, Properties
from config_admin.core.registration import Registration

# "… plugins with a ranking < 0 or > 1000 cannot change the properties."
# Source: OSGi Compendium ch. 104.9.2
_LOWEST, _HIGHEST = 0, 1000


@dataclass(frozen=True, slots=True)
class Passed:
    """
    What came of properties that a plugin has seen.

    Attributes:
        properties: As they go on.
        error: What it raised; None: nothing.
        has_worked: Whether it was called, and returned.
    """

    properties: Properties
    error: BaseException | None
    has_worked: bool


class PluginRegistration(Registration):
    """
    A plugin.

    Attributes:
        plugin: What was registered.
        name: How faults and settings call it.
        targets: The PIDs and factory PIDs that it sees; None: all.
        failed: The revision with which it failed last, by PID.
    """

    def __init__(
        self,
        plugin: ConfigurationPlugin,
        name: str,
        targets: frozenset[str] | None,
        ranking: int,
    ) -> None:
        super().__init__(ranking=ranking)
        self.plugin = plugin
        self.name = name
        self.targets = targets
        self.failed: dict[str, int] = {}
        self._returned = threading.Condition()
        self._callers: list[int] = []  # the threads of the calls that run
        self.note_attempted()

    def sees(self, pid: str) -> bool:
        """Whether *pid*, or the factory of it, is one of its targets."""
        return self.targets is None or not self.targets.isdisjoint(schema_pids(pid))

    def passed(self, pid: str, properties: Properties) -> Passed:
        """What comes of *properties* of *pid*; the same if it has been closed."""
        after = properties

        def call() -> None:
            nonlocal after
            result = self.plugin.modify_configuration(pid, properties)
            may_change = _LOWEST <= self.ranking <= _HIGHEST
            if result is not None and result is not properties and may_change:
                after = _deliverable(result, properties)

        if not self._enter():
            return Passed(properties, None, has_worked=False)
        try:
            error = raised_by(call)
        finally:
            self._leave()
        return Passed(after, error, has_worked=error is None)

    def close(self, timeout_s: float | None = None) -> None:
        """End it, as every registration; *timeout_s* waits for the calls that run."""
        super().close(timeout_s)
        own = {threading.get_ident()}
        if timeout_s:
            with self._returned:
                self._returned.wait_for(
                    lambda: own.issuperset(self._callers), timeout_s
                )

    def _enter(self) -> bool:
        """Begin a call; False if it has been closed."""
        with self._returned:
            if not self.is_closed:
                self._callers.append(threading.get_ident())
            return not self.is_closed

    def _leave(self) -> None:
        with self._returned:
            self._callers.remove(threading.get_ident())
            self._returned.notify_all()


def _deliverable(result: object, before: Properties) -> Properties:
    """
    *result* instead of *before*; what is secret and what is automatic stays it.

    Raises:
        ConfigurationError: If it cannot be delivered.
    """
    if not isinstance(result, Mapping):
        found = f"a result of type {type(result).__name__}"
        raise ConfigurationError(None, f"{found}, which is no mapping and not None")
    try:
        own = without_automatic(result)
    except InvalidConfigurationError as error:
        found = "; ".join(f"{one.key}: found {one.found}" for one in error.violations)
        reason = f"a result that cannot be delivered: {found}"
        raise ConfigurationError(None, reason) from None
    automatic = {k: v for k, v in before.items() if k.lower() in AUTOMATIC_KEYS}
    return own.with_items(automatic).with_secrets(before.secret_keys)
