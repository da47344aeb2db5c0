"""
Arguments of calls that no type checker has read: what was found, what to write instead.

Values are shown where they tell something, and only if they are plain: others may be
large, secret, or unable to show themselves.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from os import PathLike
from threading import TIMEOUT_MAX
from typing import TypeGuard

from config_admin.core.display import shown
from config_admin.core.errors import UsageError


def found(value: object) -> str:
    """*value* as a sentence tells it: itself if it is plain, else its type."""
    if isinstance(value, str):
        return shown(str.__str__(value))
    if value is None or type(value) in (bool, int, float):
        return repr(value)
    return of_type(value)


def of_type(value: object) -> str:
    """The type of *value*, as a sentence tells it: nothing of a secret."""
    return f"of type {type(value).__qualname__}"


def require_text(name: str, value: object, cure: str) -> None:
    """
    Nothing, if *value* is text.

    Args:
        name: What the argument is called.
        value: What was given for it.
        cure: What to write instead, a whole sentence after a colon.

    Raises:
        UsageError: If it is none.
    """
    if not isinstance(value, str):
        raise UsageError(f"{name} is {found(value)}: {cure}")


def require_texts(name: str, value: object, example: str) -> None:
    """
    Nothing, if *value* is a sequence of texts; one text alone is none.

    Raises:
        UsageError: If it is not.
    """
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        raise UsageError(f"{name} is {found(value)}: write a list, {example}.")
    for each in value:
        require_text(f"An element of {name}", each, f"write texts, {example}.")


def require_path(name: str, value: object, of_what: str = "of a directory") -> None:
    """
    Nothing, if *value* is a path, as text or as an object.

    Raises:
        UsageError: If it is none.
    """
    if not isinstance(value, str | PathLike):
        raise UsageError(f"{name} is {found(value)}: write the path {of_what}.")


def require_table(name: str, value: object, example: str) -> None:
    """
    Nothing, if *value* is a mapping of text to text; its values may be secret.

    Raises:
        UsageError: If it is not.
    """
    cure = f"write a mapping of text to text, {example}."
    for key, each in require_mapping(name, value, cure).items():
        if not isinstance(each, str):
            raise UsageError(f"{name}[{shown(key)}] is {of_type(each)}: {cure}")


def require_mapping(name: str, value: object, cure: str) -> Mapping[str, object]:
    """
    *value*, if it is a mapping whose keys are text.

    Raises:
        UsageError: If it is not.
    """
    if not isinstance(value, Mapping):
        raise UsageError(f"{name} is {of_type(value)}: {cure}")
    for key in value:
        require_text(f"A key of {name}", key, cure)
    return value


def require_whole(name: str, value: object, *, least: int | None = None) -> None:
    """
    Nothing, if *value* is a whole number, and not below *least*.

    Raises:
        UsageError: If it is not; a boolean is no number.
    """
    is_enough = _is_number(value) and (least is None or value >= least)
    if is_enough and isinstance(value, int):
        return
    limit = "" if least is None else f", {least} or more"
    raise UsageError(f"{name} is {found(value)}: write a whole number{limit}.")


def require_seconds(
    name: str, value: object, *, above_zero: bool = False, most: float = TIMEOUT_MAX
) -> None:
    """
    Nothing, if *value* can be waited for.

    Args:
        name: What the argument is called.
        value: What was given for it.
        above_zero: Whether 0 is too little.
        most: The longest that can be waited for.

    Raises:
        UsageError: If it cannot; a boolean is no number.
    """
    require_number(name, value, "seconds", above_zero=above_zero, most=most)


def require_number(
    name: str,
    value: object,
    unit: str,
    *,
    above_zero: bool = False,
    most: float | None = None,
) -> None:
    """
    Nothing, if *value* is a number from 0 on.

    Args:
        name: What the argument is called.
        value: What was given for it.
        unit: What it counts, in the plural.
        above_zero: Whether 0 is too little.
        most: The most that it may be; None: any finite number.

    Raises:
        UsageError: If it is not; a boolean is no number.
    """
    if _is_number(value) and _is_within(value, most) and (value or not above_zero):
        return
    wanted = "a number" if most == inf else "a finite number"
    limit = "above 0" if above_zero else "0 or more"
    raise UsageError(f"{name} is {found(value)}: write {unit} as {wanted}, {limit}.")


def require_flag(name: str, value: object) -> None:
    """
    Nothing, if *value* is a boolean, or 0 or 1.

    Raises:
        UsageError: If it is not: the text "false" would count as yes.
    """
    if not isinstance(value, int | float) or value not in (0, 1):
        raise UsageError(f"{name} is {found(value)}: write True or False.")


def several(name: str, value: Iterable[str], example: str) -> tuple[str, ...]:
    """
    The texts of *value*, or *value* itself if it is one text.

    Raises:
        UsageError: If it is neither; whether each is text is not looked at.
    """
    if isinstance(value, str):
        return (value,)
    if isinstance(value, bytes) or not isinstance(value, Iterable):
        raise UsageError(f"{name} is {found(value)}: write {example}.")
    return tuple(value)


def _is_within(value: float, most: float | None) -> bool:
    return 0 <= value < inf if most is None else 0 <= value <= most


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
