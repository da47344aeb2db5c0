"""
Drafts: what stands beside a file while it is replaced, and after a crash.

While it is being written a draft is a *part*, which is worth nothing after a crash.
When its bytes are on disk it gets a name that tells which bytes it replaces and which
it was made with. So the next start can tell an edit that a crash cut off, which goes
back to its place, from bytes that we wrote or had read.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from fnmatch import fnmatchcase
from itertools import chain, count
from pathlib import Path
from typing import Final

from config_admin.fileinstall import probe
from config_admin.fileinstall.exchange import rename_to_free
from config_admin.fileinstall.reading import read_small_file

NEW: Final = "new"
GONE: Final = "gone"

_LEFTOVERS: Final = (".*.draft", ".*.part", probe.LEFTOVERS)

_PART = ".part"
_DIGEST_CHARACTERS = 16
_DRAFT = re.compile(
    r"\.(?P<name>.+)"
    rf"\.(?P<old>[0-9a-f]{{{_DIGEST_CHARACTERS}}}|{NEW})"
    rf"\.(?P<new>[0-9a-f]{{{_DIGEST_CHARACTERS}}}|{GONE})\.draft",
    re.DOTALL,
)


def digest_of(data: bytes) -> str:
    """What tells *data* from other bytes."""
    return hashlib.sha256(data).hexdigest()


def draft_of(path: Path, old: str, new: str) -> Path:
    """
    The draft that turns *path* from the digest *old* into the digest *new*.

    `NEW` for *old*: there is no file yet; `GONE` for *new*: it is to be removed.
    """
    cut = _DIGEST_CHARACTERS
    return path.with_name(f".{path.name}.{old[:cut]}.{new[:cut]}.draft")


def part_of(path: Path) -> Path:
    """Where the bytes of a draft of *path* are written at first."""
    return path.with_name(f".{path.name}.{os.getpid()}{_PART}")


def leftovers(names: Iterable[str]) -> list[str]:
    """Those of *names* that a start has to look at, in order."""
    hidden = [name for name in names if name.startswith(".")]
    return sorted(
        name
        for name in hidden
        if any(fnmatchcase(name, pattern) for pattern in _LEFTOVERS)
    )


def recover_draft(draft: Path) -> Path | None:
    """
    Bring a draft that a crash left behind to its end.

    Returns:
        Where an edit was kept that the crash had cut off: the file itself, or beside
        it as ``.orig`` if there is a newer one. None if there was none.

    Raises:
        OSError: If it cannot be read or renamed; nothing was lost.
    """
    if draft.name.endswith(_PART) or probe.is_probe(draft.name):
        draft.unlink(missing_ok=True)  # another process's probe lives for a moment
        return None
    named = _DRAFT.fullmatch(draft.name)
    if named is None:
        return None
    if named["old"] == NEW or _holds(draft, named["old"], named["new"]):
        draft.unlink()
        return None
    target = draft.with_name(named["name"])
    if _holds(target, named["new"]):
        draft.replace(target)
        return target
    return _keep_beside(draft, target)


def names_beside(path: Path, ending: str) -> Iterator[Path]:
    """``p.cfg.orig``, ``p.cfg.2.orig`` and so on, for the *ending* ``.orig``."""
    yield path.with_name(f"{path.name}{ending}")
    for number in count(2):
        yield path.with_name(f"{path.name}.{number}{ending}")


def _keep_beside(draft: Path, target: Path) -> Path:
    for kept in chain([target], names_beside(target, ".orig")):
        with suppress(FileExistsError):
            rename_to_free(draft, kept)
            return kept
    raise AssertionError  # the names do not end


def _holds(path: Path, *digests: str) -> bool:
    try:
        return digest_of(read_small_file(path)).startswith(digests)
    except FileNotFoundError:
        return False
