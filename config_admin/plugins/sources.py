"""Where the values of placeholders come from: the environment, directories of files."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config_admin.core.display import escaped, shown
from config_admin.plugins.unusable import UnusableError

MAX_FILE_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class EnvironmentSource:
    """
    Variables of the environment.

    Attributes:
        environment: By name.
        is_secret: No: who puts a secret there names its key like one.
    """

    environment: Mapping[str, str]
    is_secret: bool = False

    def find(self, name: str) -> str | None:
        """The variable *name*; None if it is not set."""
        return self.environment.get(name)


@dataclass(frozen=True, slots=True)
class DirectorySource:
    """
    A directory with one file for each name, as Kubernetes and Docker mount secrets.

    Attributes:
        directory: The directory; None: there is none.
        setting: The setting that names it, for people.
        is_secret: Whether the texts must not be shown.
    """

    directory: Path | None
    setting: str
    is_secret: bool = True

    def find(self, name: str) -> str | None:
        """
        The text of the file *name* without its last line end; None if it is not there.

        Raises:
            UnusableError: If *name* leads out of the directory, or cannot be read.
        """
        if self.directory is None:
            raise UnusableError(
                f"{shown(name)} from a directory that nobody has named",
                f"the setting {shown(self.setting)}",
                f"Start with {self.setting}=DIR.",
            )
        # The real path is opened, once: a link inside that is swapped does no harm.
        real = os.path.realpath(self.directory / name) if "\0" not in name else ""
        inside = os.path.realpath(self.directory) + os.sep
        if not real.startswith(inside):
            raise UnusableError(
                f"{shown(name)}, which leads out of the directory",
                f"the name of a file in {escaped(str(self.directory))}",
                "Put the file there.",
            )
        try:
            return _text_of(real)
        except FileNotFoundError:
            # A link on the way may have been swapped since its end was found.
            if os.path.realpath(self.directory / name) != real:
                return self.find(name)
            return None
        except OSError as error:
            raise UnusableError(
                f"{shown(name)}, which cannot be read ({error.strerror})",
                f"a small text in UTF-8 in {escaped(str(self.directory))}",
                "Mend the file or its permissions.",
            ) from error


def _text_of(path: str) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor, not a path
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "not a regular file")
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise OSError(0, f"more than {MAX_FILE_BYTES:,} bytes")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise OSError(0, "not UTF-8") from None
    return text.removesuffix("\n").removesuffix("\r")
