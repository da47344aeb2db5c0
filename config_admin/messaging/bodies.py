"""What callers hand over, made sure of where it is handed over."""

from config_admin.core.arguments import found
from config_admin.core.errors import UsageError


def require_callable(callback: object) -> None:
    """
    Nothing, if it can be called.

    Raises:
        UsageError: If it cannot.
    """
    if not callable(callback):
        raise UsageError(f"The callback is {found(callback)}: give a function.")


def data_of(body: object) -> bytes:
    """
    The bytes of *body*; text in UTF-8.

    Raises:
        UsageError: If it is neither.
    """
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body)
    raise UsageError(f"The body is of type {type(body).__name__}: give bytes or text.")
