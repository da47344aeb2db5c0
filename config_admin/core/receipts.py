"""
Receipts: what each service made of what it was told.

Published is not applied. A receipt tells the difference: which revision the callback
of a service has returned from, is busy with, or refused.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime

from config_admin.core.properties import Properties


@dataclass(frozen=True, slots=True)
class Receipt:
    """
    What one service made of one PID.

    Revisions are those of the configuration that serves the PID; that of a deleted
    configuration stands for "there is none", as does 0 if there never was one. Of an
    instance there is none once the factory's `deleted` has returned, or raised.

    Attributes:
        service: Its name.
        pid: What it registered for; for a factory, the instance.
        applied: The revision that its callback returned from last; None: none yet.
        busy_with: The revision that its callback is running with; None: it is not.
        busy_since: Since when, in UTC.
        refused: The revision that it refused last, if nothing was applied since.
        reason: Why it refused.
        held: Why the newest revision is held back, and it keeps the one that it has;
            None: it is not.
    """

    service: str
    pid: str
    applied: int | None = None
    busy_with: int | None = None
    busy_since: datetime | None = None
    refused: int | None = None
    reason: str | None = None
    held: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """
    What is remembered of one registration and one PID; replaced, never changed.

    Attributes:
        receipt: What is told of it.
        state: Names what was delivered last; as `Entry.state`. None: nothing yet.
        held: Names what waits for a plugin; as `Entry.state`. None: nothing.
        properties: What was applied last.
        secrets: Texts that must not be shown, of all that it got since then.
        incarnation: Of the instance that a factory has seen; as `Entry.incarnation`.
    """

    receipt: Receipt
    state: Hashable = None
    held: Hashable = None
    properties: Properties = field(default_factory=Properties)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    incarnation: int | None = None
