"""Which contexts are reached: what goes to one client goes alone until one arrived."""

from bisect import insort
from collections.abc import Callable
from typing import Final

from config_admin.messaging.context import Context
from config_admin.messaging.publication import Outcome, Publication

# What finds no queue is tried again for so long: its receiver may be on its way.
UNDELIVERABLE_AFTER_S: Final = 5.0

_FIRST_PAUSE_S = 0.02
_LAST_PAUSE_S = 0.5
# After one was given up, those behind it are tried once; one that comes later anew.
_PATIENT_AGAIN_S = 1.0


class _Route:
    """
    The way to one client over one link.

    Attributes:
        is_proven: Whether something has arrived, and nothing come back since.
        probe: What goes alone; None: nothing is on its way, or everything may go.
        held: What waits behind it, and what came back, in order.
        failing_since_s: When the first one came back; None: none did.
        given_up_s: When the last one was given up; 0: none was.
    """

    __slots__ = (
        "failing_since_s",
        "given_up_s",
        "held",
        "is_proven",
        "pause_s",
        "probe",
        "retry_s",
    )

    def __init__(self) -> None:
        self.is_proven = False
        self.probe: Publication | None = None
        self.held: list[Publication] = []
        self.failing_since_s: float | None = None
        self.given_up_s = 0.0
        self.pause_s = _FIRST_PAUSE_S
        self.retry_s: float | None = None


class Routes:
    """
    The ways over one link; an `config_admin.messaging.outbox.Outbox` holds its lock.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._routes: dict[Context, _Route] = {}
        self._holding: dict[Context, _Route] = {}  # those with a time to try again
        self._freed: list[Publication] = []

    def lets(self, publication: Publication) -> bool:
        """Whether *publication* may go now; else it is held."""
        context = publication.message.context
        route = self._routes.get(context)
        if route is None and not context.is_of_one:
            return True
        if route is None:
            route = self._routes[context] = _Route()
        if route.is_proven:
            return True
        if route.probe is None and route.retry_s is None:
            route.probe = publication
            return True
        _insert(route.held, publication)
        return False

    def proved(self, publication: Publication) -> bool:
        """*publication* has arrived; whether others may follow it now: `freed`."""
        route = self._routes.get(publication.message.context)
        if route is None or route.is_proven or route.probe is not publication:
            return False
        route.is_proven, route.probe = True, None
        route.failing_since_s, route.pause_s = None, _FIRST_PAUSE_S
        route.given_up_s = 0.0
        self._freed += route.held
        route.held = []
        return True

    def freed(self) -> list[Publication]:
        """Those that were held and may go now; each is told once."""
        freed, self._freed = self._freed, []
        return freed

    def hold(self, publication: Publication) -> bool:
        """*publication* came back: keep it for another try; False: it is hopeless."""
        route = self._route_of(publication)
        now_s = self._clock()
        is_another = not route.held and now_s - route.given_up_s >= _PATIENT_AGAIN_S
        if route.failing_since_s is None or (route.given_up_s and is_another):
            route.failing_since_s, route.given_up_s = now_s, 0.0
            route.pause_s = _FIRST_PAUSE_S
        if now_s - route.failing_since_s >= UNDELIVERABLE_AFTER_S:
            route.is_proven, route.given_up_s = False, now_s
            if route.probe is publication:
                route.probe = None
            return False
        self._keep(route, publication)
        return True

    def defer(self, publication: Publication) -> None:
        """There was no room for *publication*: keep it for another try."""
        self._keep(self._route_of(publication), publication)

    def next_of(self, context: Context) -> list[Publication]:
        """What is held for *context*, to be tried one by one: a probe is not there."""
        route = self._routes[context]
        if route.probe is not None or route.retry_s is not None:
            return []
        held, route.held = route.held, []
        return held

    def due(self, most: int) -> list[Publication]:
        """Those that are to be tried again now."""
        if not self._holding:
            return []
        due: list[Publication] = []
        now_s = self._clock()
        for context, route in tuple(self._holding.items()):
            if len(due) < most and (route.retry_s or 0.0) <= now_s:
                del self._holding[context]
                route.retry_s = None
                # Another link may have confirmed some of them meanwhile.
                pending = [one for one in route.held if one.outcome is Outcome.PENDING]
                due += pending[:1]
                route.probe, route.held = next(iter(pending), None), pending[1:]
        return due

    def retry_s(self) -> float | None:
        """When the next one is to be tried again, by the clock; None: there is none."""
        times = (route.retry_s for route in self._holding.values())
        return min((one for one in times if one is not None), default=None)

    def reset(self) -> list[Publication]:
        """Everything that is held: another link, other ways."""
        held = [one for route in self._routes.values() for one in route.held]
        self._routes.clear()
        self._holding.clear()
        return held

    def _route_of(self, publication: Publication) -> _Route:
        return self._routes.setdefault(publication.message.context, _Route())

    def _keep(self, route: _Route, publication: Publication) -> None:
        route.is_proven = False
        if route.probe is publication:
            route.probe = None
        _insert(route.held, publication)
        if route.retry_s is None and route.probe is None:
            route.retry_s = self._clock() + route.pause_s
            route.pause_s = min(2 * route.pause_s, _LAST_PAUSE_S)
            self._holding[publication.message.context] = route


def _insert(held: list[Publication], publication: Publication) -> None:
    if held and held[-1].number > publication.number:
        insort(held, publication, key=lambda one: one.number)
    else:
        held.append(publication)
