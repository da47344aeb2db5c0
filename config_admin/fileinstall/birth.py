"""
When a file was made: file systems give the number of a removed one to the next.

Source: statx(2), Linux 4.11, glibc 2.28; ``linux/stat.h`` for the layout.
"""

import ctypes
import functools
import os
import struct
from collections.abc import Callable
from pathlib import Path

_AT_FDCWD = -100
_STATX_BTIME = 0x800
_SIZE = 256
_TIME_AT = 0x50  # stx_btime: seconds, nanoseconds


def birth_ns(path: Path) -> int:
    """When *path* was made; 0 if nobody can tell."""
    call = _statx()
    buffer = ctypes.create_string_buffer(_SIZE)
    if call is None or call(_AT_FDCWD, os.fsencode(path), 0, _STATX_BTIME, buffer):
        return 0
    (known,) = struct.unpack_from("=I", buffer)
    seconds, nanoseconds = struct.unpack_from("=qI", buffer, _TIME_AT)
    return int(seconds) * 10**9 + int(nanoseconds) if known & _STATX_BTIME else 0


@functools.cache
def _statx() -> (
    Callable[[int, bytes, int, int, ctypes.Array[ctypes.c_char]], int] | None
):
    try:
        call = ctypes.CDLL(None).statx
    except (AttributeError, OSError):
        return None
    call.argtypes = (
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_char_p,
    )
    found: Callable[[int, bytes, int, int, ctypes.Array[ctypes.c_char]], int] = call
    return found
