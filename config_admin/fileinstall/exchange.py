"""
Renames that lose nothing: exchange two names, or refuse to replace one.

Source: renameat2(2), Linux 3.15, glibc 2.28. Other systems have neither; there the
fallbacks leave a gap of microseconds, which `exchange` reports by returning False.
"""

import ctypes
import errno
import functools
import os
from collections.abc import Callable
from pathlib import Path

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
_RENAME_EXCHANGE = 2
_UNSUPPORTED = {errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP}


def exchange(one: Path, other: Path) -> bool:
    """
    Let two files change their names at once.

    Returns:
        Whether the system can; if not, nothing was done.
    """
    return _rename(one, other, _RENAME_EXCHANGE)


def rename_to_free(source: Path, target: Path) -> None:
    """
    Rename *source* to *target*, where nothing may stand.

    Raises:
        FileExistsError: If something does; nothing was done.
    """
    if not _rename(source, target, _RENAME_NOREPLACE):
        os.link(source, target)
        source.unlink()


def _rename(source: Path, target: Path, flags: int) -> bool:
    call = _renameat2()
    if call is None:
        return False
    names = os.fsencode(source), os.fsencode(target)
    if call(_AT_FDCWD, names[0], _AT_FDCWD, names[1], flags) == 0:
        return True
    number = ctypes.get_errno()
    if number in _UNSUPPORTED:
        return False
    raise OSError(number, os.strerror(number), str(source), None, str(target))


@functools.cache
def _renameat2() -> Callable[[int, bytes, int, bytes, int], int] | None:
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return None
    call.argtypes = (
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_uint,
    )
    found: Callable[[int, bytes, int, bytes, int], int] = call
    return found
