"""What websockets logs: headers and frames, with tokens and messages in them."""

import logging
from typing import Final

_NAME: Final = "config_admin.messaging.http.wire"


def wire_log() -> logging.Logger:
    """A logger for it that shows nothing below a warning, whatever others show."""
    logger = logging.getLogger(_NAME)
    logger.setLevel(logging.WARNING)
    return logger
