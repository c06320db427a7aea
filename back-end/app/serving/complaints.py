"""Errors that could come with every request, and are logged once in a while."""

import logging
import time

logger = logging.getLogger("marquee.app")

SAY_AGAIN_SECONDS = 60.0


class Complaint:
    """Logs an error with its trace, once a minute at the most.

    Args:
        message: what is said.
    """

    def __init__(self, message: str) -> None:
        self._message = message
        self._said_at = -SAY_AGAIN_SECONDS

    def about(self, error: Exception) -> None:
        now = time.monotonic()
        if now - self._said_at >= SAY_AGAIN_SECONDS:
            self._said_at = now
            logger.error(self._message, exc_info=error)
