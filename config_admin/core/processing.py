"""
Plugins: they see the properties on their way to a service, and may change them.

Source: OSGi Compendium ch. 104.9 (Configuration Plugin), Felix 1.9 (required plugins).
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping

from config_admin.core.adapting import name_of, require_plain
from config_admin.core.callbacks import ConfigurationPlugin
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import escaped
from config_admin.core.entry import without_automatic
from config_admin.core.errors import ConfigurationError, InvalidConfigurationError
from config_admin.core.faults import Fault, FaultBook, FaultKind
from config_admin.core.foreign import Expectation, Secrets, complaints, raised_by
from config_admin.core.pid import require_pid, schema_pids
from config_admin.core.properties import AUTOMATIC_KEYS, Properties
from config_admin.core.registry import Registration

# "… plugins with a ranking < 0 or > 1000 cannot change the properties."
# Source: OSGi Compendium ch. 104.9.2
_LOWEST, _HIGHEST = 0, 1000
_REQUIRED = "required"


class PluginRegistration(Registration):
    """
    A plugin.

    Attributes:
        plugin: What was registered.
        name: How faults and settings call it.
        targets: The PIDs and factory PIDs that it sees; None: all.
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
        self._returned = threading.Condition()
        self._callers: list[int] = []  # the threads of the calls that run
        self.note_attempted()

    @property
    def may_change(self) -> bool:
        """Whether what it returns counts."""
        return _LOWEST <= self.ranking <= _HIGHEST

    def sees(self, pid: str) -> bool:
        """Whether *pid*, or the factory of it, is one of its targets."""
        return self.targets is None or not self.targets.isdisjoint(schema_pids(pid))

    def modified(self, pid: str, properties: Properties) -> Mapping[str, object] | None:
        """What the plugin returns; None if it has been closed."""
        caller = threading.get_ident()
        with self._returned:
            if self.is_closed:
                return None
            self._callers.append(caller)
        try:
            return self.plugin.modify_configuration(pid, properties)
        finally:
            with self._returned:
                self._callers.remove(caller)
                self._returned.notify_all()

    def close(self, timeout_s: float | None = None) -> None:
        """End it, as every registration; *timeout_s* waits for the calls that run."""
        super().close(timeout_s)
        own = {threading.get_ident()}
        if timeout_s:
            with self._returned:
                self._returned.wait_for(
                    lambda: own.issuperset(self._callers), timeout_s
                )


class Processing:
    """
    The plugins, in the order in which they run.

    Args:
        faults: Takes what they raise.
        secrets: The values that must not be shown.
        required: The names of plugins without which nothing is delivered.
        when_changed: Called when one of those came or went.
    """

    def __init__(
        self,
        faults: FaultBook,
        secrets: Secrets,
        required: Iterable[str],
        when_changed: Callable[[], None],
    ) -> None:
        self._faults = faults
        self._secrets = secrets
        names = (required,) if isinstance(required, str) else required
        self._required = tuple(dict.fromkeys(names))
        self._when_changed = when_changed
        self._lock = threading.Lock()
        self._plugins: tuple[PluginRegistration, ...] = ()

    def add(
        self,
        plugin: ConfigurationPlugin,
        *,
        ranking: int = 0,
        targets: Iterable[str] | None = None,
        name: str | None = None,
    ) -> PluginRegistration:
        """
        Let *plugin* see what is delivered from now on.

        What was delivered before is not delivered again.

        Raises:
            UsageError: If it has no `modify_configuration` that can be called.
            InvalidPidError: If one of *targets* cannot be a PID.
        """
        require_plain(plugin, "modify_configuration", ("pid", "properties"))
        wanted = (targets,) if isinstance(targets, str) else targets
        pids = None if wanted is None else frozenset(map(require_pid, wanted))
        one = PluginRegistration(plugin, name or name_of(plugin), pids, ranking)
        with self._lock:
            self._plugins = tuple(
                sorted((*self._plugins, one), key=lambda other: other.ranking)
            )
        one.on_close(lambda: self._remove(one))
        self._report_missing(one)
        return one

    def missing(self) -> tuple[str, ...]:
        """The required plugins that are not there."""
        if not self._required:
            return ()
        there = {one.name for one in self._plugins}
        return tuple(name for name in self._required if name not in there)

    def report_missing(self) -> None:
        """Say which required plugins are not there, and that they hold things up."""
        missing = self.missing()
        faults = [
            Fault(
                kind=FaultKind.PLUGIN,
                found=f"no plugin {escaped(name)!r}",
                expected="it, before anything is delivered",
                cure=f"Register it (add_plugin(…, name={escaped(name)!r})), or take it "
                "out of required_plugins.",
                rule="plugin",
            )
            for name in missing
        ]
        self._faults.report(FaultKind.PLUGIN, _REQUIRED, faults)

    def run(self, pid: str, properties: Properties) -> Properties:
        """
        *properties* of *pid*, as the plugins want them delivered.

        A plugin that raises, or gives what cannot be delivered, is skipped: a fault.
        """
        for one in self._seeing(pid):
            after, error = _passed(one, pid, properties)
            self._settle(one, pid, self._complaints(one, pid, error, properties))
            properties = after
        return properties

    def attempt(
        self, pid: str, properties: Properties, secrets: Iterable[str]
    ) -> tuple[Properties, list[Diagnostic]]:
        """
        What `run` would return, and what plugins raise.

        That is no fault: *properties* are not in force, and perhaps never will be.

        Args:
            pid: Whose properties.
            properties: What would be delivered.
            secrets: What must not be shown of it, besides the values of secret keys.
        """
        hidden, found = tuple(secrets), []
        for one in self._seeing(pid):
            after, error = _passed(one, pid, properties)
            found += self._complaints(one, pid, error, properties, hidden)
            properties = after
        return properties, found

    def _seeing(self, pid: str) -> Iterator[PluginRegistration]:
        return (one for one in self._plugins if one.sees(pid))

    def _complaints(
        self,
        one: PluginRegistration,
        pid: str,
        error: BaseException | None,
        properties: Properties,
        secrets: Iterable[str] = (),
    ) -> list[Diagnostic]:
        if error is None:
            return []
        return complaints(
            error,
            Expectation(
                f"{one.name} to process {escaped(pid)}",
                "It was skipped. Mend the plugin.",
                "plugin",
            ),
            [*self._secrets(), *secrets, *properties.secret_values()],
        )

    def _settle(
        self, one: PluginRegistration, pid: str, found: list[Diagnostic]
    ) -> None:
        if not found and pid not in one.faulty:
            return
        if found:
            one.faulty.add(pid)
        subject = _subject(one, pid)
        faults = [Fault.of(FaultKind.PLUGIN, pid, each) for each in found]
        self._faults.report(FaultKind.PLUGIN, subject, faults)
        if one.is_closed:  # asked last: it may close meanwhile
            self._faults.clear(FaultKind.PLUGIN, subject)

    def _remove(self, one: PluginRegistration) -> None:
        with self._lock:
            self._plugins = tuple(other for other in self._plugins if other is not one)
        for pid in one.faulty.copy():
            self._faults.clear(FaultKind.PLUGIN, _subject(one, pid))
        self._report_missing(one)

    def _report_missing(self, one: PluginRegistration) -> None:
        if one.name in self._required:
            self.report_missing()
            self._when_changed()


def _passed(
    one: PluginRegistration, pid: str, properties: Properties
) -> tuple[Properties, BaseException | None]:
    """What is delivered after *one*, and what it raised."""
    after = properties

    def call() -> None:
        nonlocal after
        result = one.modified(pid, properties)
        if result is not None and result is not properties and one.may_change:
            after = _deliverable(result, properties)

    error = raised_by(call)
    return after, error


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


def _subject(one: PluginRegistration, pid: str) -> str:
    return f"{one.name} {id(one):x} {pid}"
