"""When a request must have been answered, and a limit on every wait for Postgres.

`statement_timeout` is kept by the server, so it does not help when the server itself hangs (a stopped
process, a lost network); libpq would wait for ever. psycopg2 lets a program do the waiting itself.
A request's own end, where it has one, limits each of its waits too.
"""

import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_READ, POLL_WRITE, connection, set_wait_callback

from marquee.domain.errors import Unavailable

_EVENTS = {POLL_READ: select.POLLIN, POLL_WRITE: select.POLLOUT}


class _Limit(threading.local):
    seconds: float | None = None


_limit = _Limit()
_default_seconds = 6.0

# When the request under way must have been answered, in `time.monotonic()` seconds; threads inherit it.
request_ends: ContextVar[float | None] = ContextVar("request_ends", default=None)


def require_time() -> None:
    """Of what computes for long, between two parts: raises Unavailable once nobody waits for the rest."""
    ends = request_ends.get()
    if ends is not None and time.monotonic() > ends:
        raise Unavailable("The answer took too long.", hint="Ask for less, or try again in a moment.")


def install(seconds: float) -> None:
    """Let no thread of this process wait longer than this for one answer of the database."""
    global _default_seconds
    _default_seconds = seconds
    set_wait_callback(_wait)


@contextmanager
def waiting_at_most(seconds: float) -> Iterator[None]:
    """Another limit, for this thread."""
    before = _limit.seconds
    _limit.seconds = seconds
    try:
        yield
    finally:
        _limit.seconds = before


def _wait(database: connection) -> None:
    """Wait until the server has answered; psycopg2 closes the connection when this raises.

    Raises:
        psycopg2.OperationalError: it has not, in time.
    """
    seconds = _limit.seconds or _default_seconds
    deadline = min(time.monotonic() + seconds, request_ends.get() or float("inf"))
    while (state := database.poll()) != POLL_OK:
        poller = select.poll()
        poller.register(database.fileno(), _EVENTS[state])
        remaining = deadline - time.monotonic()
        if remaining <= 0 or not poller.poll(remaining * 1000):
            raise psycopg2.OperationalError("Postgres has not answered in time")
