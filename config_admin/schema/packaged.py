"""
Schemas that come with a package, in a directory that can be followed.

A package need not be a directory: it can be imported from a zip archive. Then its
schemas are copied once, and never change.
"""

import fcntl
import os
import shutil
import tempfile
import weakref
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from config_admin.core.display import escaped
from config_admin.core.errors import UsageError
from config_admin.schema.sources import SUFFIX

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


class SchemaDirectory:
    """
    Where the schemas of an admin are.

    Args:
        schemas: A path, or a resource as ``importlib.resources.files("package")``
            gives it; None: there are no schemas.

    Attributes:
        path: The directory; None: there is none. It need not be there if a path was
            given: it may appear later.
        named: The same, as people know it.

    Raises:
        UsageError: If a resource is no directory.
    """

    def __init__(self, schemas: "str | PathLike[str] | Traversable | None") -> None:
        self._remove: weakref.finalize[..., SchemaDirectory] | None = None
        self.path: Path | None = None
        self.named: Path | None = None
        if isinstance(schemas, str | PathLike):
            self.path = self.named = Path(schemas)
        elif schemas is not None:
            place = _place_of(schemas)
            self.named = place or Path(str(schemas))
            self.path = place or self._copied(schemas)

    def close(self) -> None:
        """Remove what was copied; nothing else is ever removed."""
        if self._remove is not None:
            self._remove()

    def _copied(self, schemas: "Traversable") -> Path:
        if not schemas.is_dir():
            raise UsageError(f"{escaped(str(schemas))} is no directory of schemas.")
        path = tempfile.mkdtemp(prefix="config-admin-")  # with mode 0700
        # The lock keeps what cleans the temporary directory by age away from it.
        descriptor = os.open(path, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        self._remove = weakref.finalize(self, _removed, path, descriptor, os.getpid())
        for schema in schemas.iterdir():
            if schema.name.endswith(SUFFIX) and schema.is_file():
                Path(path, schema.name).write_bytes(schema.read_bytes())
        return Path(path)


def _place_of(schemas: "Traversable") -> Path | None:
    """
    The one directory that all of *schemas* is in.

    The resources of a package without ``__init__`` are no path, though they may be in
    one directory; those of several are in none.
    """
    inside = schemas.iterdir() if schemas.is_dir() else ()
    places = {one.parent if isinstance(one, Path) else None for one in inside}
    return places.pop() if len(places) == 1 else None


def _removed(path: str, descriptor: int, owner: int) -> None:
    os.close(descriptor)
    if os.getpid() == owner:  # a child that was forked ends, too
        shutil.rmtree(path, ignore_errors=True)
