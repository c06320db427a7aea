"""Parts that go away and come back: one line in the log when they go, one when they return."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from marquee.domain.errors import MarqueeError, Unavailable

logger = logging.getLogger("retraining")


POSTGRES_ERRORS = (Unavailable, DBAPIError, PoolTimeout)
MLFLOW_ERRORS = (MarqueeError,)  # away, or without the version it should have


class Outage:
    """Remembers whether a part can be used, and tells `tell` why it cannot, or None when it can.

    Args:
        part: what people call it.
        errors: those by which it shows.
    """

    def __init__(
        self, part: str, errors: tuple[type[Exception], ...], tell: Callable[[str | None], None]
    ) -> None:
        self._part = part
        self._errors = errors
        self._tell = tell
        self._away = False

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Use the part inside. One of its errors ends the block, not the caller, who tries again later."""
        try:
            yield
        except self._errors as error:
            self._gone(_reason(error))
        else:
            self._back()

    def _gone(self, reason: str) -> None:
        self._tell(reason)
        if not self._away:
            logger.warning("%s cannot be used: %s It is tried again until it can.", self._part, reason)
        self._away = True

    def _back(self) -> None:
        self._tell(None)
        if self._away:
            logger.info("%s can be used again.", self._part)
        self._away = False


def _reason(error: Exception) -> str:
    if isinstance(error, MarqueeError):
        return error.message
    return str(getattr(error, "orig", error)).strip().partition("\n")[0]
