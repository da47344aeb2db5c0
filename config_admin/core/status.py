"""What an admin says of itself, to other processes too."""

from dataclasses import dataclass
from datetime import datetime

from config_admin.core.faults import Fault
from config_admin.core.receipts import Receipt


@dataclass(frozen=True, slots=True)
class RunningAdmin:
    """
    What an admin said of itself; it lives.

    Attributes:
        process: The number of its process.
        started_at: Since when, in UTC.
        told_at: When it said so, in UTC: it does when something has changed.
        directories: The directories that it follows.
        receipts: What each of its services made of what it was told.
        faults: What is wrong.
    """

    process: int
    started_at: datetime
    told_at: datetime
    directories: tuple[str, ...]
    receipts: tuple[Receipt, ...]
    faults: tuple[Fault, ...]
