"""Who is told: services, factories and listeners, each on a lane of its own."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import chain

from config_admin.core.adapting import (
    Model,
    adapted_factory,
    adapted_service,
    callback,
    name_of,
    require_listener,
)
from config_admin.core.callbacks import ConfigurationListener
from config_admin.core.coroutines import Home
from config_admin.core.delivery import Delivery
from config_admin.core.dispatch import Dispatcher
from config_admin.core.errors import InvalidPidError
from config_admin.core.events import ConfigurationEvent
from config_admin.core.pid import factory_pid_of, require_pid
from config_admin.core.receipts import Receipt
from config_admin.core.registration import (
    ListenerRegistration,
    Registration,
    ServiceRegistration,
)
from config_admin.core.registry import Registry
from config_admin.core.targets import AnyTarget, Target, untargeted


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """
    On which terms somebody registers.

    Attributes:
        into: What the properties are turned into; None: they come as they are.
        target: Who registers; None: nobody in particular.
        ranking: Higher ones are called first.
    """

    into: Model | None = None
    target: AnyTarget | None = None
    ranking: int = 0


PLAIN = Terms()


class Audience:
    """
    Queues calls to whoever registered; nothing here calls anybody itself.

    Args:
        registry: Who is registered.
        present_pids: The PIDs that have a configuration, in any order.
        dispatcher: Runs the calls.
        delivery: What is run.
        home: Where coroutines run that were registered outside of a loop.
    """

    def __init__(
        self,
        registry: Registry,
        present_pids: Callable[[], tuple[str, ...]],
        dispatcher: Dispatcher,
        delivery: Delivery,
        home: Home,
    ) -> None:
        self._registry = registry
        self._present_pids = present_pids
        self._dispatcher = dispatcher
        self._delivery = delivery
        self._home = home
        self._settled = threading.Condition()
        self._waiting = 0
        self._has_ended = False

    def add_managed_service(
        self, pids: tuple[str, ...], service: object, terms: Terms = PLAIN
    ) -> ServiceRegistration:
        """
        Call *service* soon, and whenever one of *pids* is to be delivered.

        Raises:
            UsageError: If *service* cannot be called as it will be.
            InvalidPidError: If one of *pids* cannot be a PID.
        """
        wanted = tuple(dict.fromkeys(require_pid(pid) for pid in pids))
        service = _undecorated(service)
        lane = self._dispatcher.lane(name_of(service))
        adapted = adapted_service(
            service,
            takes_pid=len(wanted) > 1,
            into=terms.into,
            lane=lane,
            home=self._home,
        )
        target = Target.of(terms.target)
        registration = ServiceRegistration(lane, wanted, adapted, target, terms.ranking)
        self._add(registration)
        for pid in wanted:
            self._enqueue(registration, pid)
        return registration

    def add_managed_service_factory(
        self, factory_pid: str, factory: object, terms: Terms = PLAIN
    ) -> ServiceRegistration:
        """
        Call *factory* for each instance soon, and whenever one changes or goes.

        Raises:
            UsageError: If *factory* cannot be called as it will be.
            InvalidPidError: If *factory_pid* cannot be one.
        """
        wanted = (_require_factory_pid(factory_pid),)
        lane = self._dispatcher.lane(name_of(factory))
        adapted = adapted_factory(factory, into=terms.into, lane=lane, home=self._home)
        target = Target.of(terms.target)
        registration = ServiceRegistration(lane, wanted, adapted, target, terms.ranking)
        self._add(registration)
        # On the lane, so that those that there are when it begins are meant: a scan
        # may lie between.
        registration.lane.submit(registration, partial(self._begin, registration))
        return registration

    def add_listener(
        self, listener: ConfigurationListener, *, synchronous: bool = False
    ) -> Registration:
        """
        Tell *listener* every event from now on.

        Raises:
            UsageError: If *listener* cannot be called as it will be.
        """
        require_listener(listener, synchronous=synchronous)
        lane = self._dispatcher.lane(name_of(listener))
        tell = callback(listener, "configuration_event", lane, self._home)
        registration = ListenerRegistration(lane, tell, synchronous=synchronous)
        self._registry.add_listener(registration)
        self._forget_when_closed(registration, registration.lane.name)
        return registration

    def registrations(self) -> tuple[ServiceRegistration, ...]:
        """Every service and factory."""
        return self._registry.all()

    def followed_pids(self) -> frozenset[str]:
        """The PIDs that services registered for."""
        services = (one for one in self._registry.all() if not one.is_factory)
        return frozenset(pid for one in services for pid in one.pids)

    # Telling; under the state lock, so that everybody sees commit order

    def publish(self, event: ConfigurationEvent) -> None:
        """Queue *event* for every listener."""
        for one in self._registry.listeners:
            one.lane.submit(object(), partial(self._delivery.tell, one, event))

    def deliver(self, pid: str) -> None:
        """Queue a look at *pid* for whoever is concerned by it."""
        for registration, known_as in self._registry.followers_of(pid):
            self._enqueue(registration, known_as)

    def deliver_all(self) -> None:
        """Queue a look at everything for everybody."""
        for registration in self._registry.all():
            if registration.is_factory:
                self._begin(registration)
            else:
                for pid in registration.pids:
                    self._enqueue(registration, pid)

    # Waiting; under no lock

    def finish_synchronous(self, timeout_s: float) -> None:
        """Wait until the synchronous listeners were told, unless one of them asks."""
        for one in self._registry.listeners:
            if one.synchronous:
                self._dispatcher.finish(one.lane, timeout_s)

    def wait_settled(self, pid: str, timeout_s: float | None) -> bool:
        """
        Wait until everybody concerned took *pid* or refused it, or never will.

        That of a factory stands for the instances that there are now.
        """
        with self._settled:
            self._waiting += 1
            try:
                is_settled = self._settling(pid)
                return self._settled.wait_for(
                    lambda: self._has_ended or is_settled(), timeout_s
                )
            finally:
                self._waiting -= 1

    def note_settled(self) -> None:
        """Somebody took something, or refused it."""
        if self._waiting:
            with self._settled:
                self._settled.notify_all()

    def end_waiting(self) -> None:
        """Nobody takes anything any more: let nobody wait for it."""
        with self._settled:
            self._has_ended = True
            self._settled.notify_all()

    def receipts(self, pid: str | None = None) -> tuple[Receipt, ...]:
        """
        What everybody made of *pid*, or of everything; by PID, then by rank.

        That of a factory stands for its instances, too. Of an instance that was let go
        there is none.
        """
        every = self._registry.all()
        if pid is None:
            followed = [(one, each) for one in every for each in _known_pids(one)]
        else:
            pids = (pid, *self._instances_of(pid))
            found = chain.from_iterable(map(self._registry.followers_of, pids))
            followed = [each for each in found if not self._delivery.is_gone(*each)]
        followed.sort(key=lambda pair: (pair[1], -pair[0].ranking))
        return tuple(one.record(known_as).receipt for one, known_as in followed)

    def _settling(self, pid: str) -> Callable[[], bool]:
        """Whether everybody has settled, since then, what *pid* stands for now."""
        pending = [*self._instances_of(pid), pid]

        def is_settled() -> bool:
            while pending and self._is_settled(pending[-1]):
                pending.pop()
            return not pending

        return is_settled

    def _instances_of(self, factory_pid: str) -> set[str]:
        """Those that there are, also with a target, or that somebody has seen."""
        seen = (one.records for one in self._registry.all() if one.is_factory)
        return {
            pid
            for pid in (*self._present_pids(), *chain.from_iterable(map(tuple, seen)))
            if factory_pid in _factory_pids_of(pid)
        }

    def _is_settled(self, pid: str) -> bool:
        # Those that are called last come first: there is little to ask before that.
        last_first = reversed(tuple(self._registry.followers_of(pid)))
        return all(self._delivery.is_settled(*followed) for followed in last_first)

    def _add(self, registration: ServiceRegistration) -> None:
        registration.heed(self._delivery.note)
        self._registry.add(registration)
        self._forget_when_closed(registration, registration.name)

    def _forget_when_closed(self, registration: Registration, name: str) -> None:
        registration.on_close(lambda: self._delivery.forget(registration, name))
        registration.on_close(self.note_settled)

    def _begin(self, registration: ServiceRegistration) -> None:
        """Queue a look at each instance of a factory, in PID order."""
        for pid in sorted(self._present_pids()):
            factory_pid = factory_pid_of(pid)
            if factory_pid and registration.takes(registration.pids[0], factory_pid):
                self._enqueue(registration, pid)
        registration.lane.submit(object(), registration.note_attempted)

    def _enqueue(self, registration: ServiceRegistration, pid: str) -> None:
        look = partial(self._delivery.look, registration, pid)
        registration.lane.submit(pid, look)


def _factory_pids_of(pid: str) -> tuple[str, ...]:
    """What *pid* is an instance of: its factory, and that without a target."""
    factory_pid = factory_pid_of(pid)
    return () if factory_pid is None else (factory_pid, untargeted(factory_pid))


def _known_pids(one: ServiceRegistration) -> tuple[str, ...]:
    """What it has a receipt for; a factory without instances: its own PID."""
    return (one.is_factory and tuple(one.records)) or one.pids


def _undecorated(service: object) -> object:
    """*service*; the function itself, if it was decorated for another PID before."""
    if isinstance(service, ServiceRegistration):
        return service.adapted.original
    return service


def _require_factory_pid(pid: str) -> str:
    if factory_pid_of(require_pid(pid)) is not None:
        raise InvalidPidError(pid, "it is an instance, not a factory.")
    return require_pid(pid)
