"""
What a PID is: the name of a configuration, and of its file.

``factoryPid~name`` is a named instance of a factory. ``pid|name|version|location`` is
meant for one target.

Source: OSGi Compendium ch. 104.3 (PIDs), 104.3.2 (targeted PIDs), 104.6.1 (factory
instances). That a PID never is a path is our own rule, because it names a file.
"""

import unicodedata
from collections.abc import Callable, Iterator

from config_admin.core.errors import InvalidPidError

MAX_PID_BYTES = 200

_MAX_SUFFIXES = 2

_PATH_CHARACTERS = "/\\\0"
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def require_pid(pid: object) -> str:
    """
    *pid* as plain text.

    Raises:
        InvalidPidError: If it cannot be a PID; the reason names the rule.
    """
    if not isinstance(pid, str):
        raise InvalidPidError(
            repr(pid),
            f"it is of type {type(pid).__qualname__}, and a PID is text, such as "
            "'my.service'.",
        )
    text = str.__str__(pid)  # a subclass may show itself as another text
    reason = _reason_against(text)
    if reason is not None:
        raise InvalidPidError(text, reason)
    return text


def factory_pid_of(pid: str) -> str | None:
    """``factory`` of ``factory~name``; None if *pid* is a singleton's."""
    factory, separator, _ = pid.partition("~")
    return factory if separator else None


def name_of(pid: str) -> str | None:
    """``name`` of ``factory~name``; None if *pid* is a singleton's."""
    _, separator, name = pid.partition("~")
    return name if separator else None


def schema_pids(pid: str) -> tuple[str, ...]:
    """
    The PIDs whose schema applies to *pid*, the most specific first.

    A targeted PID falls back to the PID without its target, an instance to its factory.
    """
    factory = factory_pid_of(pid)
    candidates = [pid]
    if factory is None or "|" not in factory:
        candidates.append(pid.partition("|")[0])
    if factory is not None:
        candidates += [factory, factory.partition("|")[0]]
    return tuple(dict.fromkeys(candidates))


def without_suffixes(pid: str) -> Iterator[str]:
    """*pid* without what may be the suffix of its file, such as ``.cfg.json``."""
    for suffixes in range(1, _MAX_SUFFIXES + 1):
        stem, *parts = pid.rsplit(".", suffixes)
        if stem and len(parts) == suffixes:
            yield stem


def _reason_against(pid: str) -> str | None:
    return next((reason for broken, reason in _RULES if broken(pid)), None)


def _names_a_path(pid: str) -> bool:
    return ".." in pid or any(character in pid for character in _PATH_CHARACTERS)


def _is_invisible(pid: str) -> bool:
    return any(unicodedata.category(c) in _INVISIBLE_CATEGORIES for c in pid)


def _is_too_long(pid: str) -> bool:
    escaped_characters = pid.count("-") + pid.count("%")  # three bytes in a file name
    return len(pid.encode()) + 2 * escaped_characters > MAX_PID_BYTES


_RULES: tuple[tuple[Callable[[str], bool], str], ...] = (
    (lambda pid: not pid, "it is empty."),
    (lambda pid: pid != pid.strip(), "it begins or ends with white space."),
    (_names_a_path, "it names a file, so it holds no '/', no '\\' and no '..'."),
    (lambda pid: pid.startswith("."), "it begins with a dot."),
    (_is_invisible, "it holds a control or invisible character."),
    (_is_too_long, f"as a file name it is longer than {MAX_PID_BYTES} bytes."),
    (
        lambda pid: "" in (factory_pid_of(pid), name_of(pid)),
        "an instance is 'factory~name', and one of the two is empty.",
    ),
)
