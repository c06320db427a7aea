"""Parts that go away and come back: one line in the log when they go, one when they return."""

import logging
import time
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
        grace: for how many seconds from now the log says nothing of a part that was never there yet: it may
            just be starting too.
    """

    def __init__(
        self,
        part: str,
        errors: tuple[type[Exception], ...],
        tell: Callable[[str | None], None],
        *,
        grace: float = 0.0,
    ) -> None:
        self._part = part
        self._errors = errors
        self._tell = tell
        self._away = False
        self._grace_until = time.monotonic() + grace

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
        if time.monotonic() < self._grace_until:
            return
        if not self._away:
            logger.warning("%s cannot be used: %s It is tried again until it can.", self._part, reason)
        self._away = True

    def _back(self) -> None:
        self._tell(None)
        self._grace_until = 0.0
        if self._away:
            logger.info("%s can be used again.", self._part)
        self._away = False


def _reason(error: Exception) -> str:
    if isinstance(error, MarqueeError):
        return error.message
    return str(getattr(error, "orig", error)).strip().partition("\n")[0]
