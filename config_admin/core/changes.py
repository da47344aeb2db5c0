"""Changes: as somebody asks for them, and as they are made."""

from collections.abc import Hashable
from dataclasses import dataclass

from config_admin.core.arguments import require_text, require_whole
from config_admin.core.entry import Entry
from config_admin.core.properties import Properties
from config_admin.core.registry import Followed


@dataclass(frozen=True, slots=True)
class Change:
    """
    A change that somebody asks for.

    Attributes:
        pid: Of which configuration.
        properties: All of them, as given; None: it is deleted.
        revision: Change only this revision; 0: only if absent; None: any.
        reason: Why, for the history.
        force: Whether an edit of its file that was refused is put aside.
        is_literal: Whether *properties* are as somebody wrote them once, and not what
            a caller read: then a value stands for nothing but itself.

    Raises:
        UsageError: If *revision* is no whole number, or *reason* no text.
    """

    pid: str
    properties: Properties | None
    revision: int | None = None
    reason: str | None = None
    force: bool = False
    is_literal: bool = False

    def __post_init__(self) -> None:
        if self.revision is not None:
            require_whole("revision", self.revision)
        if self.reason is not None:
            require_text("reason", self.reason, "write text, or leave it out.")


@dataclass(frozen=True, slots=True)
class Step:
    """
    A change that was checked.

    Attributes:
        change: What was asked for.
        before: What was there.
        after: What is to be there; *before* itself, if that changes nothing.
        schema: What checked it; as `Checked.schema`.
        judges: Who was asked about it.
    """

    change: Change
    before: Entry | None
    after: Entry
    schema: Hashable = None
    judges: tuple[Followed, ...] = ()

    @property
    def is_news(self) -> bool:
        """Whether it changes anything."""
        return self.after is not self.before
