"""
Plugins: they see the properties on their way to a service, and may change them.

Source: OSGi Compendium ch. 104.9 (Configuration Plugin), Felix 1.9 (required plugins).
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from config_admin.core.adapting import name_of, require_plain
from config_admin.core.callbacks import ConfigurationPlugin
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import escaped
from config_admin.core.entry import Entry, present, revision_of
from config_admin.core.faults import Fault, FaultBook, FaultKind
from config_admin.core.foreign import Expectation, Secrets, complaints
from config_admin.core.pid import require_pid
from config_admin.core.plugin import PluginRegistration
from config_admin.core.properties import Properties

_REQUIRED = "required"
_SKIPPED = "It was skipped. Mend the plugin."
_HELD = "Nothing is delivered without it. Mend the plugin."

_Plugins: TypeAlias = tuple[PluginRegistration, ...]


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Processed:
    """
    What is delivered.

    Attributes:
        properties: None: there is no configuration.
        held: Until when nothing is delivered, for people; None: it is.
    """

    properties: Properties | None
    held: str | None = None


class Processing:
    """
    The plugins, in the order in which they run.

    Args:
        faults: Takes what they raise.
        secrets: The values that must not be shown.
        required: The names of plugins without which nothing is delivered.
        newest: The newest entry of a PID, a tombstone too.
        deliver: Has a PID, None: everything, looked at again: such a plugin came, went
            or did its work again.
    """

    def __init__(
        self,
        faults: FaultBook,
        secrets: Secrets,
        required: Iterable[str],
        newest: Callable[[str], Entry | None],
        deliver: Callable[[str | None], None],
    ) -> None:
        self._faults = faults
        self._secrets = secrets
        names = (required,) if isinstance(required, str) else required
        self._required = tuple(dict.fromkeys(names))
        self._newest = newest
        self._deliver = deliver
        self._lock = threading.Lock()
        self._plugins: _Plugins = ()

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
        self._report_missing_of(one)
        return one

    def missing(self) -> tuple[str, ...]:
        """The required plugins that are not there."""
        return self._missing_in(self._plugins)

    def prepared(
        self, entry: Entry | None, is_over: Callable[[], bool] = _never
    ) -> Processed:
        """
        What is delivered of *entry*.

        A plugin that raises, or gives what cannot be delivered, is a fault. It is
        skipped; if it is required, nothing is delivered until it has done its work.
        What does not fit its schema is held back, too.

        Args:
            entry: What serves somebody; None: nothing ever did.
            is_over: Whether nobody is called any more: plugins neither.
        """
        plugins = self._plugins  # those of now: one that goes meanwhile has not worked
        missing = self._missing_in(plugins)
        if missing:
            self._report_missing()
            names = ", ".join(map(escaped, missing))
            return Processed(None, f"until there is a plugin {names}")
        delivered = entry.delivered() if entry is not None else None
        if entry is None or delivered is None:
            return Processed(None)
        if entry.misfits:
            return Processed(None, "until it fits its schema")
        properties, idle = self._through(plugins, entry, delivered, is_over)
        if not idle:
            return Processed(properties)
        names = ", ".join(escaped(name) for name in dict.fromkeys(idle))
        pid = escaped(entry.configuration.pid)
        return Processed(None, f"until the plugin {names} has processed {pid}")

    def run(self, entry: Entry, properties: Properties) -> Properties:
        """*properties* of *entry* after the plugins; one that raises is skipped."""
        return self._through(self._plugins, entry, properties, _never)[0]

    def attempt(
        self, pid: str, properties: Properties, secrets: Iterable[str]
    ) -> tuple[Properties | None, list[Diagnostic]]:
        """
        What would be delivered, and what plugins raise.

        That is no fault: *properties* are not in force, and perhaps never will be.

        Args:
            pid: Whose properties.
            properties: What would be delivered.
            secrets: What must not be shown of it, besides the values of secret keys.

        Returns:
            None for the properties if a required plugin has not done its work.
        """
        hidden, found, is_whole = tuple(secrets), [], True
        for one in _seeing(self._plugins, pid):
            passed = one.passed(pid, properties)
            found += self._complaints(one, pid, passed.error, properties, hidden)
            is_whole &= passed.has_worked or one.name not in self._required
            properties = passed.properties
        return properties if is_whole else None, found

    def forget(self, pid: str, revision: int) -> None:
        """*pid* was deleted, as *revision*: what was raised before is no fault now."""
        for one in self._plugins:
            if one.failed.get(pid, revision) < revision:
                self._clear(one, pid)

    def _through(
        self,
        plugins: _Plugins,
        entry: Entry,
        properties: Properties,
        is_over: Callable[[], bool],
    ) -> tuple[Properties, list[str]]:
        """*properties* after *plugins*, and the required ones that did not work."""
        pid, idle = entry.configuration.pid, []
        for one in _seeing(plugins, pid):
            if is_over():
                break
            passed = one.passed(pid, properties)
            found = self._complaints(
                one, pid, passed.error, properties, entry.checked.secrets
            )
            self._settle(one, entry, found, has_worked=passed.has_worked)
            if not passed.has_worked and one.name in self._required:
                idle.append(one.name)
            properties = passed.properties
        return properties, idle

    def _missing_in(self, plugins: _Plugins) -> tuple[str, ...]:
        if not self._required:
            return ()
        there = {one.name for one in plugins}
        return tuple(name for name in self._required if name not in there)

    def _complaints(
        self,
        one: PluginRegistration,
        pid: str,
        error: BaseException | None,
        properties: Properties,
        secrets: Iterable[str],
    ) -> list[Diagnostic]:
        if error is None:
            return []
        return complaints(
            error,
            Expectation(
                f"{one.name} to process {escaped(pid)}",
                _HELD if one.name in self._required else _SKIPPED,
                "plugin",
            ),
            [*self._secrets(), *secrets, *properties.secret_values()],
        )

    def _settle(
        self,
        one: PluginRegistration,
        entry: Entry,
        found: Sequence[Diagnostic],
        *,
        has_worked: bool,
    ) -> None:
        pid, revision = entry.configuration.pid, entry.configuration.revision
        if found:
            faults = [Fault.of(FaultKind.PLUGIN, pid, each) for each in found]
            self._faults.report(FaultKind.PLUGIN, _subject(one, pid), faults)
            # Noted after it was reported, as `_clear` works the other way round: what
            # is reported is noted, so that whatever ends it finds it.
            one.failed[pid] = revision
            if one.is_closed or self._is_gone(pid, revision):  # last: see `forget`
                self._clear(one, pid)
        elif has_worked and pid in one.failed:
            self._clear(one, pid)
            if one.name in self._required:
                self._deliver(pid)

    def _is_gone(self, pid: str, revision: int) -> bool:
        """Whether *pid* was deleted since it was at *revision*."""
        newest = self._newest(pid)
        return revision_of(newest) > revision and present(newest) is None

    def _clear(self, one: PluginRegistration, pid: str) -> None:
        one.failed.pop(pid, None)
        self._faults.clear(FaultKind.PLUGIN, _subject(one, pid))

    def _remove(self, one: PluginRegistration) -> None:
        with self._lock:
            self._plugins = tuple(other for other in self._plugins if other is not one)
        for pid in tuple(one.failed):
            self._clear(one, pid)
        self._report_missing_of(one)

    def _report_missing_of(self, one: PluginRegistration) -> None:
        if one.name in self._required:
            self._report_missing()
            self._deliver(None)

    def _report_missing(self) -> None:
        """Say which required plugins are not there, and that they hold things up."""
        faults = [
            Fault(
                kind=FaultKind.PLUGIN,
                found=f"no plugin {escaped(name)!r}",
                expected="it, before anything is delivered",
                cure=f"Register it (add_plugin(…, name={escaped(name)!r})), or take it "
                "out of required_plugins.",
                rule="plugin",
            )
            for name in self.missing()
        ]
        self._faults.report(FaultKind.PLUGIN, _REQUIRED, faults)


def _seeing(plugins: _Plugins, pid: str) -> Iterable[PluginRegistration]:
    return (one for one in plugins if one.sees(pid))


def _subject(one: PluginRegistration, pid: str) -> str:
    return f"{one.name} {one.number} {pid}"
