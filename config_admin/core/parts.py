"""The parts of an admin, put together."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from config_admin.core.audience import Audience
from config_admin.core.configurations import Configurations
from config_admin.core.coroutines import Home
from config_admin.core.delivery import Delivery, Now
from config_admin.core.dispatch import Dispatcher
from config_admin.core.faults import FaultBook
from config_admin.core.foreign import Secrets
from config_admin.core.planning import Planner
from config_admin.core.ports import Validator
from config_admin.core.processing import Processing
from config_admin.core.registry import Registry
from config_admin.core.serving import Serving
from config_admin.core.vetting import Vetting


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """
    How long others' code may take while somebody waits for it.

    Attributes:
        check_timeout_s: A service's own check of a change; then it is a veto.
        listener_timeout_s: A synchronous listener; then the change returns without it.
    """

    check_timeout_s: float = 5.0
    listener_timeout_s: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """
    What an admin stands in.

    Attributes:
        validator: Knows what may be configured.
        dispatcher: Runs the callbacks.
        faults: Takes what goes wrong in callbacks.
        now: The time, in UTC.
        required_plugins: The names of plugins without which nothing is delivered.
        limits: How long others' code may take.
        when_settled: Called when a receipt is another one.
    """

    validator: Validator
    dispatcher: Dispatcher
    faults: FaultBook
    now: Now
    required_plugins: Iterable[str] = ()
    limits: Limits = Limits()
    when_settled: Callable[[], None] | None = None


class Parts:
    """
    The parts of an admin that are not the door itself.

    Attributes:
        serving: What is delivered.
        processing: The plugins.
        planner: Checks what is to be changed.
        audience: Who is told.
        home: Where coroutines run that were registered outside of an event loop.
    """

    def __init__(self, configurations: Configurations, world: World) -> None:
        self._when_settled = world.when_settled
        stored = configurations.entry
        secrets = configurations.secrets
        registry = Registry()
        self.home = Home()
        self.serving = Serving(stored, world.validator, world.faults)
        self.processing = Processing(
            world.faults,
            secrets,
            world.required_plugins,
            stored,
            self._deliver,
        )
        vetting = Vetting(
            registry,
            self.processing,
            secrets,
            world.dispatcher.run_within,
            world.limits.check_timeout_s,
        )
        self.planner = Planner(stored, world.validator, vetting, world.now)
        self.audience = Audience(
            registry,
            configurations.present_pids,
            world.dispatcher,
            self._delivery(world, secrets),
            self.home,
        )

    def _delivery(self, world: World, secrets: Secrets) -> Delivery:
        return Delivery(
            serving=self.serving.entry_for,
            processing=self.processing,
            faults=world.faults,
            secrets=secrets,
            now=world.now,
            when_settled=self._note_settled,
        )

    def _deliver(self, pid: str | None) -> None:
        if pid is None:
            self.audience.deliver_all()
        else:
            self.audience.deliver(pid)

    def _note_settled(self) -> None:
        self.audience.note_settled()
        if self._when_settled is not None:
            self._when_settled()
