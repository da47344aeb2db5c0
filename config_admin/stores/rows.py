"""Configurations and what is remembered of files, as rows of a database and back."""

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from config_admin.core.configuration import Configuration, Origin, OriginKind
from config_admin.core.diagnostics import Diagnostic, Severity
from config_admin.core.display import escaped
from config_admin.core.errors import InvalidConfigurationError, StoreError
from config_admin.core.properties import Properties
from config_admin.core.storage import FileRecord

Row: TypeAlias = tuple[Any, ...]

REVISION_COLUMNS: Final = (
    "pid, revision, deleted, properties, secret_keys, origin, detail, reason, "
    "changed_at_us"
)
FILE_COLUMNS: Final = (
    "file, known, pending, revision, properties, secret_keys, refused, signature, "
    "has_warnings"
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(time: datetime | None) -> int | None:
    """*time* since 1970, in UTC."""
    return None if time is None else (time - _EPOCH) // _MICROSECOND


def time_of(us: int) -> datetime:
    """What `microseconds` made *us* from."""
    return _EPOCH + us * _MICROSECOND


def stored_text(text: str) -> str | bytes:
    """*text* as SQLite takes it: a path may hold bytes that are no text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="surrogatepass")
    return text


def text_of(stored: str | bytes) -> str:
    """What `stored_text` made *stored* from."""
    if isinstance(stored, bytes):
        return stored.decode(errors="surrogatepass")
    return stored


def row_of(one: Configuration) -> Row:
    """The values of `REVISION_COLUMNS`."""
    return (
        one.pid,
        one.revision,
        one.deleted,
        _json_of(one.properties),
        _secret_keys_of(one.properties),
        one.origin.kind.value,
        stored_text(one.origin.detail),
        None if one.reason is None else stored_text(one.reason),
        microseconds(one.changed_at),
    )


def configuration_of(row: Row) -> Configuration:
    """
    What `row_of` made *row* from.

    Raises:
        StoreError: If nobody can have made it.
    """
    try:
        return _configuration_of(*row)
    except (ValueError, TypeError, AttributeError, InvalidConfigurationError) as error:
        pid, revision, *_ = row
        raise StoreError(
            f"Revision {revision} of {escaped(str(pid))} cannot be read from the "
            f"store ({escaped(str(error))}). Rename the database: the next start "
            "builds another one from the files."
        ) from error


def _configuration_of(  # noqa: PLR0913, PLR0917 - the columns of a row
    pid: str,
    revision: int,
    deleted: int,
    properties: str,
    secret_keys: str | None,
    kind: str,
    detail: str | bytes,
    reason: str | bytes | None,
    at_us: int | None,
) -> Configuration:
    return Configuration(
        pid,
        _properties(properties, secret_keys),
        revision,
        Origin(OriginKind(kind), text_of(detail)),
        deleted=bool(deleted),
        reason=None if reason is None else text_of(reason),
        changed_at=None if at_us is None else time_of(at_us),
    )


def file_row_of(record: FileRecord) -> Row:
    """
    The values of `FILE_COLUMNS`.

    Without the schema, which means something within one process only: what was refused
    is tried again after a restart.
    """
    return (
        stored_text(record.file),
        record.known,
        record.pending,
        record.revision,
        _json_of(record.properties),
        _secret_keys_of(record.properties),
        _refused_text(record.refused),
        None if record.signature is None else json.dumps(record.signature),
        record.has_warnings,
    )


def file_record_of(row: Row) -> FileRecord:
    """What `file_row_of` made *row* from."""
    file, known, pending, revision, properties, secret_keys, refused, looks, warns = row
    return FileRecord(
        file=text_of(file),
        known=known,
        pending=pending,
        revision=revision,
        properties=_properties(properties, secret_keys),
        refused=_refused(refused),
        signature=None if looks is None else tuple(json.loads(looks)),
        has_warnings=bool(warns),
    )


def _json_of(properties: Properties) -> str:
    return json.dumps(dict(properties), ensure_ascii=False, separators=(",", ":"))


def _secret_keys_of(properties: Properties) -> str | None:
    return (
        json.dumps(sorted(properties.secret_keys)) if properties.secret_keys else None
    )


def _properties(text: str, secret_keys: str | None) -> Properties:
    known = () if secret_keys is None else json.loads(secret_keys)
    return Properties(json.loads(text), secret_keys=known)


def _refused_text(refused: Iterable[Diagnostic]) -> str | None:
    found = [{**asdict(one), "severity": one.severity.value} for one in refused]
    return json.dumps(found) if found else None


def _refused(text: str | None) -> tuple[Diagnostic, ...]:
    found = () if text is None else (Diagnostic(**one) for one in json.loads(text))
    return tuple(replace(one, severity=Severity(one.severity)) for one in found)
