"""
Drafts: what stands beside a file while it is replaced, and after a crash.

A draft's name tells which bytes it replaces and which it was made with. So the next
start can tell an edit that a crash cut off, which goes back to its place, from bytes
that we wrote or had read.
"""

import hashlib
import re
from pathlib import Path
from typing import Final

NEW: Final = "new"
GONE: Final = "gone"

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


def recover_draft(draft: Path) -> Path | None:
    """
    Bring a draft that a crash left behind to its end.

    Returns:
        Where an edit was kept that the crash had cut off: the file itself, or beside
        it with ``.orig`` if the file was edited again. None if there was none.

    Raises:
        OSError: If it cannot be read or renamed; nothing was lost.
    """
    named = _DRAFT.fullmatch(draft.name)
    if named is None:
        return None
    if digest_of(draft.read_bytes()).startswith((named["old"], named["new"])):
        draft.unlink()
        return None
    target = draft.with_name(named["name"])
    if target.exists() and not _holds(target, named["new"]):
        target = target.with_name(f"{target.name}.orig")
    draft.replace(target)
    return target


def _holds(path: Path, digest: str) -> bool:
    return digest_of(path.read_bytes()).startswith(digest)
