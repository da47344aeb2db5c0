"""
File names and PIDs.

``<pid>.cfg`` is a singleton, ``<factoryPid>~<name>.cfg`` or ``<factoryPid>-<name>.cfg``
an instance: the first ``~`` splits, else the first ``-``. So a ``-`` of a singleton's
own PID is written ``%2D``, and a ``%`` is written ``%25``.

Source: Felix File Install, ``ConfigInstaller.parsePid``. The escapes are ours, so that
``pid_of(file_name_of(pid)) == pid`` for every PID.
"""

import re
from collections.abc import Collection, Iterable

from config_admin.core.pid import require_pid

_ESCAPES = {"%25": "%", "%2D": "-"}
_SCHEMA_SUFFIX = ".schema.json"  # a schema, should it stand beside the files
_ESCAPE = re.compile("%25|%2D", re.IGNORECASE)


def suffix_of(
    file_name: str, suffixes: Collection[str], known: Iterable[str] = ()
) -> str | None:
    """
    The longest of *suffixes* that ends *file_name*; None if it is not ours.

    Nor is it if one of *known*, which are more, is longer: where ``.cfg.json`` is
    somebody else's, it is no ``.json`` either.
    """
    if file_name.startswith(".") or file_name.endswith(_SCHEMA_SUFFIX):
        return None
    found = [one for one in (*suffixes, *known) if file_name.endswith(one)]
    longest = max(found, key=len, default=None)
    return longest if longest in suffixes else None


def pid_of(file_name: str, suffix: str) -> str:
    """
    The PID of the file *file_name*.

    Raises:
        InvalidPidError: If it cannot name a configuration.
    """
    stem = file_name.removesuffix(suffix)
    factory, separator, name = stem.partition("~")
    if not separator:
        factory, separator, name = stem.partition("-")
    if separator and factory:
        return require_pid(f"{_unescaped(factory)}~{_unescaped(name)}")
    return require_pid(_unescaped(stem))


def unsplit_pid_of(file_name: str, suffix: str) -> str | None:
    """What its PID would be if a ``-`` did not split it; None: none does."""
    stem = file_name.removesuffix(suffix)
    factory, separator, _ = stem.partition("-")
    return _unescaped(stem) if separator and factory and "~" not in stem else None


def file_name_of(pid: str, suffix: str) -> str:
    """The name of the file that *pid* is written to if it has none yet."""
    escaped = pid.replace("%", "%25")
    if "~" not in pid:
        escaped = escaped.replace("-", "%2D")
    return escaped + suffix


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPES[found.group().upper()], text)
