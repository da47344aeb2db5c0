"""What is exchanged."""

from dataclasses import dataclass, field

from config_admin.messaging.context import Context


@dataclass(frozen=True, slots=True)
class Message:
    """
    A message on its way.

    Attributes:
        id: Unique: who sent it, and its number there.
        sender: The queue of the client that sent it.
        context: Whom it is for.
        body: What it says; never shown by us.
        is_repeated: Whether it may have been sent before, perhaps by another way.
        way: What it was received by: "RabbitMQ at localhost:5672".
    """

    id: str
    sender: str
    context: Context
    body: bytes
    is_repeated: bool = False
    way: str = field(default="", compare=False)

    def __repr__(self) -> str:
        return f"Message({self.id!r} to {self.context}, {len(self.body)} bytes)"
