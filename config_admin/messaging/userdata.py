"""
User data: what a machine of a cloud is told when it is created.

A Java properties text with the identity of its agent, the parameters of the messaging
and, under ``@file@<property>``, files in base64, such as certificates.

Source: Roboconf, "user data" of the targets ``iaas-…``; up to 0.5 in other spellings.
"""

import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias

from config_admin.core.diagnostics import Diagnostic
from config_admin.core.display import escaped
from config_admin.core.errors import FormatError
from config_admin.messaging.errors import MessagingError
from config_admin.messaging.identity import AgentIdentity
from config_admin.messaging.userdata_entries import Entries

# A Java properties text to its entries; raises `FormatError`.
Loads: TypeAlias = Callable[[str], Mapping[str, object]]

MAX_BYTES: Final = 1024 * 1024

_DIGEST_CHARACTERS: Final = 16
_MAX_TOLD: Final = 100


class UserDataError(MessagingError):
    """
    User data cannot be used.

    Attributes:
        diagnostics: Every fault, with where the user data came from, and with key and
            line where they are known; no secret in them. Never empty.
    """

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__(diagnostics)
        self.diagnostics = tuple(diagnostics)

    def __str__(self) -> str:
        return "\n".join(str(diagnostic) for diagnostic in self.diagnostics)


@dataclass(frozen=True, slots=True)
class UserData:
    """
    What an agent was told.

    Attributes:
        identity: Who it is; user data says nothing of the target.
        parameters: All other texts: the parameters of its messaging.
        files: Bytes for properties that name a file.
    """

    identity: AgentIdentity
    parameters: Mapping[str, str] = field(repr=False)
    files: Mapping[str, bytes] = field(repr=False)


def from_text(text: str, loads: Loads, source: str = "user data") -> UserData:
    """
    What *text* says.

    Args:
        text: All of it.
        loads: Reads a Java properties text.
        source: Where it came from, for people.

    Raises:
        UserDataError: With every fault.
    """
    if len(text.encode(errors="surrogatepass")) > MAX_BYTES:
        raise _too_long(source)
    try:
        loaded = loads(text)
    except FormatError as error:
        faults = [_unreadable(source, one) for one in error.diagnostics[:_MAX_TOLD]]
        raise UserDataError(faults) from None  # what it quotes may be a secret
    entries = Entries(text, loaded, source)
    if entries.faults:
        raise UserDataError(entries.faults)
    return UserData(
        entries.identity,
        MappingProxyType(entries.parameters),
        MappingProxyType(entries.files),
    )


def from_file(path: str | os.PathLike[str], loads: Loads) -> UserData:
    """What the file *path* says; raises as `from_text`."""
    source = escaped(os.fspath(path))
    with _named(source, "a file of user data that can be read", "Look at its path."):
        data = _contents(path)
    if len(data) > MAX_BYTES:
        raise _too_long(source)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found, cure = "bytes that are not UTF-8", "Save it as UTF-8."
        line = data.count(b"\n", 0, error.start) + 1
        fault = _fault(source, found, "a text in UTF-8", cure, line)
        raise UserDataError([fault]) from None  # it holds all the bytes
    return from_text(text, loads, source)


def from_environment(
    name: str, environment: Mapping[str, str], loads: Loads
) -> UserData:
    """What the variable *name* of *environment* says; raises as `from_text`."""
    source = f"the environment variable {escaped(name)}"
    if name not in environment:
        cure = "Set it where the agent is started, or name another one."
        fault = _fault(source, "no such variable", "user data in it", cure)
        raise UserDataError([fault])
    return from_text(environment[name], loads, source)


def store_files(
    user_data: UserData, directory: str | os.PathLike[str]
) -> dict[str, str]:
    """
    Write the files of *user_data* for nobody else to read.

    Their names are made of their bytes, so other bytes have another path. What stored
    before is left as it is, for it may be in use.

    Args:
        user_data: Its files.
        directory: Ours alone (mode 0700); it is made if it is missing.

    Returns:
        The path of each file, by its property.

    Raises:
        UserDataError: If they cannot be written.
    """
    place = Path(os.path.abspath(directory))  # noqa: PTH100 - links stay as they are
    names = {key: _name_of(data) for key, data in user_data.files.items()}
    expected = "a directory of our own, of mode 0700, that can be written to"
    cure = "Name one that is not there yet, or mend this one."
    with _named(escaped(str(directory)), expected, cure), _private(place) as descriptor:
        for key, name in names.items():
            _write(descriptor, name, user_data.files[key])
        os.fsync(descriptor)
    return {key: str(place / name) for key, name in names.items()}


def _contents(path: str | os.PathLike[str]) -> bytes:
    """At most one byte more than are allowed; of a regular file, for pipes may hang."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(MAX_BYTES + 1)
    finally:
        os.close(descriptor)


@contextmanager
def _private(place: Path) -> Iterator[int]:
    """A descriptor of the directory *place*, which nobody else can use."""
    with suppress(FileExistsError):
        place.mkdir(mode=stat.S_IRWXU, parents=True)
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(place, flags)
    try:
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid():
            raise PermissionError(0, "a directory of another user")
        if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise PermissionError(0, "a directory that others can use")
        yield descriptor
    finally:
        os.close(descriptor)


def _name_of(data: bytes) -> str:
    return f"{hashlib.sha256(data).hexdigest()[:_DIGEST_CHARACTERS]}.pem"


def _write(directory: int, name: str, data: bytes) -> None:
    """*data* as the file *name*: whole or not at all."""
    draft = f".{name}.{secrets.token_hex(8)}.draft"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    mode = stat.S_IRUSR | stat.S_IWUSR
    descriptor = os.open(draft, flags, mode, dir_fd=directory)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        os.rename(draft, name, src_dir_fd=directory, dst_dir_fd=directory)
    except BaseException:  # Ctrl-C too must not leave a draft
        with suppress(OSError):
            os.unlink(draft, dir_fd=directory)
        raise


@contextmanager
def _named(source: str, expected: str, cure: str) -> Iterator[None]:
    """What the system refuses is our error, with its cure."""
    try:
        yield
    except OSError as error:
        found = error.strerror or type(error).__name__
        raise UserDataError([_fault(source, found, expected, cure)]) from error


def _too_long(source: str) -> UserDataError:
    cure = "Leave out the files, and put them on the machine by other means."
    expected = f"at most {MAX_BYTES:,} bytes"
    return UserDataError([_fault(source, "a longer text", expected, cure)])


def _unreadable(source: str, found: Diagnostic) -> Diagnostic:
    return _fault(
        source,
        "a line that cannot be read (not shown, for it may be a secret)",
        "key = value, as in a Java properties file",
        r"Write a backslash as \\, and each key in one spelling.",
        found.line,
    )


def _fault(
    source: str, found: str, expected: str, cure: str, line: int | None = None
) -> Diagnostic:
    return Diagnostic(
        found=found,
        expected=expected,
        cure=cure,
        rule="user-data",
        file=source,
        line=line,
    )
