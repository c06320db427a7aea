"""A limit on every wait for Postgres.

`statement_timeout` is kept by the server, so it does not help when the server itself hangs (a stopped
process, a lost network); libpq would wait for ever. psycopg2 lets a program do the waiting itself.
"""

import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_READ, POLL_WRITE, connection, set_wait_callback

_EVENTS = {POLL_READ: select.POLLIN, POLL_WRITE: select.POLLOUT}


class _Limit(threading.local):
    seconds: float | None = None


_limit = _Limit()
_default_seconds = 6.0


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
    deadline = time.monotonic() + seconds
    while (state := database.poll()) != POLL_OK:
        poller = select.poll()
        poller.register(database.fileno(), _EVENTS[state])
        remaining = deadline - time.monotonic()
        if remaining <= 0 or not poller.poll(remaining * 1000):
            raise psycopg2.OperationalError(f"Postgres has not answered within {seconds:g} s")
