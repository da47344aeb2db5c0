"""What can go wrong between clients."""

from config_admin.core.errors import ConfigAdminError


class MessagingError(ConfigAdminError):
    """Messages cannot be exchanged."""


class LinkError(MessagingError):
    """
    Where messages are exchanged cannot be reached, or not with this configuration.

    Attributes:
        key: The key of the configuration that would cure it; None: several could.
        reason: What was found, and the cure; no secret in it.
    """

    def __init__(self, key: str | None, reason: str) -> None:
        super().__init__(key, reason)
        self.key = key
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class OutboxFullError(MessagingError):
    """
    A message was not accepted: too many wait to be confirmed, and none was in time.

    Attributes:
        timeout_s: How long there was no room.
    """

    def __init__(self, waiting: int, timeout_s: float) -> None:
        super().__init__(waiting, timeout_s)
        self.waiting = waiting
        self.timeout_s = timeout_s

    def __str__(self) -> str:
        return (
            f"The message was not accepted: {self.waiting:,} wait to be confirmed, and "
            f"there was no room for {self.timeout_s:g} s. Look whether the messaging "
            "server answers (faults()), or publish less."
        )


class ClosedError(MessagingError):
    """The client was closed."""

    def __str__(self) -> str:
        return "The client has been closed: make a new one."
