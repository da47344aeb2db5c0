"""
Why a model refused, whatever it raised: a reason for each key.

pydantic reports many faults at once and attrs names the field in its text. Neither is
imported: their errors are known by what they carry.
"""

import re
import traceback
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, Protocol, TypedDict, runtime_checkable

from config_admin.core.errors import ConfigurationError, InvalidConfigurationError

_MAX_REASONS: Final = 100
_QUOTED_NAME: Final = re.compile(r"'(\w+)' ")  # so begin the texts of attrs


@dataclass(frozen=True, slots=True)
class Reason:
    """
    One reason; its texts are foreign, and may hold secrets.

    Attributes:
        about: The key, field or argument at fault; None if it is about all of them.
        text: What is wrong.
        is_missing: Whether it is just that there is no value.
    """

    about: str | None
    text: str
    is_missing: bool = False


class _Detail(TypedDict):
    type: str
    loc: tuple[str | int, ...]
    msg: str


@runtime_checkable
class _ValidationError(Protocol):
    def errors(self) -> Sequence[_Detail]: ...


def reasons_of(error: Exception, names: Container[str]) -> list[Reason]:
    """
    Why *error* was raised; of very many reasons the first.

    Args:
        error: What the model raised.
        names: The model's fields, as it calls them.
    """
    return list(islice(_reasons_of(error, names), _MAX_REASONS))


def _reasons_of(error: Exception, names: Container[str]) -> Iterator[Reason]:
    if isinstance(error, ConfigurationError):
        key: object = error.key
        yield Reason(key if isinstance(key, str) else None, _said_by(error.reason))
    elif isinstance(error, InvalidConfigurationError):
        for each in error.violations:
            yield Reason(each.key, f"found {each.found}, expected {each.expected}")
    elif isinstance(error, ExceptionGroup):
        for one in error.exceptions:
            yield from _reasons_of(one, names)
    elif _is_of_pydantic(error) and isinstance(error, _ValidationError):
        yield from map(_reason_of_detail, error.errors())
    else:
        yield _reason_of_other(error, names)


def _is_of_pydantic(error: Exception) -> bool:
    return type(error).__module__.startswith("pydantic")


def _reason_of_detail(detail: _Detail) -> Reason:
    """Its own words; never the value, which stands beside them."""
    location, text = detail["loc"], detail["msg"]
    within = location[1:2]
    for position in within:
        if isinstance(position, int):
            text = f"{text} (element {position + 1})"
    is_missing = detail["type"] == "missing" and not within
    return Reason(str(location[0]) if location else None, text, is_missing)


def _reason_of_other(error: Exception, names: Container[str]) -> Reason:
    text = _text_of(error)
    quoted = _QUOTED_NAME.match(text)
    about = quoted[1] if quoted is not None and quoted[1] in names else None
    if not isinstance(error, ValueError):  # hardly meant for whoever configures
        text = f"{type(error).__name__}: {text}{_raised_at(error)}"
    return Reason(about, text or type(error).__name__)


def _text_of(error: Exception) -> str:
    """Its text; without the objects that attrs puts behind it, the value among them."""
    is_plain = type(error).__str__ is BaseException.__str__
    first = error.args[0] if error.args else None
    if is_plain and isinstance(first, str):
        return first
    return _said_by(error)


def _said_by(foreign: object) -> str:
    try:
        return str(foreign)
    except Exception:  # noqa: BLE001 - foreign code: its own __str__
        return "(it cannot say what is wrong)"


def _raised_at(error: Exception) -> str:
    frames = list(traceback.walk_tb(error.__traceback__))[1:]  # the first is ours
    if not frames:
        return ""
    frame, line = frames[-1]
    return f" (raised at {frame.f_code.co_filename}:{line})"
