"""How callbacks that do not return are reported."""

from collections.abc import Sequence

from config_admin.core.display import escaped
from config_admin.core.faults import Fault, FaultKind
from config_admin.core.lane import Lane

_LANES_SHOWN = 5


def busy_fault(lane: Lane, busy_after_s: float, for_s: float) -> Fault:
    """The call of *lane* takes long."""
    return _fault(
        found=f"a callback that has not returned for {for_s:.1f} s{_where(lane)}",
        expected=f"{escaped(lane.name)} to return within {busy_after_s:g} s",
        cure="See what it waits for, and give that a time limit, "
        "or raise the setting callback_busy_after_s.",
    )


def stuck_fault(lane: Lane, for_s: float) -> Fault:
    """The call of *lane* outlives the admin."""
    return _fault(
        found=f"a callback that has not returned for {for_s:.1f} s{_where(lane)}",
        expected=f"{escaped(lane.name)} to return",
        cure="It was left behind; see what it waits for.",
    )


def standstill_fault(lanes: Sequence[Lane], waiting: int, for_s: float) -> Fault:
    """Every thread that there may be runs one of *lanes*, and others wait."""
    shown = [f"{escaped(lane.name)}{_where(lane, 1)}" for lane in lanes[:_LANES_SHOWN]]
    if len(lanes) > _LANES_SHOWN:
        shown.append(f"and {len(lanes) - _LANES_SHOWN} more")
    return _fault(
        found=f"all {len(lanes)} callback threads busy for {for_s:.1f} s and "
        f"{waiting} callbacks that wait for one: {'; '.join(shown)}",
        expected="a thread that becomes free",
        cure="See what these wait for, and give that a time limit, "
        "or raise the setting max_callback_threads.",
    )


def starved_fault(reason: str, waiting: int, for_s: float) -> Fault:
    """The system refuses another thread for *reason*, and lanes wait for one."""
    return _fault(
        found=f"{waiting} callbacks that have waited for a thread for {for_s:.1f} s: "
        f"{escaped(reason)}",
        expected="the system to start a thread",
        cure="Raise its limit of threads or memory, or stop what uses them up.",
    )


def _where(lane: Lane, *frames_shown: int) -> str:
    stack = lane.stack(*frames_shown)
    return f", at {stack}" if stack else ""


def _fault(*, found: str, expected: str, cure: str) -> Fault:
    return Fault(
        kind=FaultKind.CALLBACK,
        found=found,
        expected=expected,
        cure=cure,
        rule="callback",
    )
