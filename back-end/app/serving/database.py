"""Postgres as the routes see it: transactions that ring the bell, and a quick answer when it is away."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from app import tracing
from app.serving.bell import Bell
from app.serving.deadline import request_ends
from marquee.domain.errors import Unavailable
from marquee.store.engine import unavailable_when_away


class Database:
    """Transactions of one worker.

    Attributes:
        available: whether the change feed reaches Postgres. While it does not, nothing else tries: requests
            are refused at once instead of each waiting for the same time-out.
    """

    def __init__(self, engine: Engine, bell: Bell) -> None:
        self._engine = engine
        self._bell = bell
        self.available = True

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read with; raises Unavailable when Postgres is away."""
        self._require()
        with _asking("read"), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction, committed when the block ends well; then every worker hears of it.

        Raises:
            Unavailable: Postgres is away; whether a commit that was under way counts is not known then.
        """
        self._require()
        with _asking("write"), self._engine.begin() as connection:
            yield connection
        self._bell.ring()

    @contextmanager
    def writing_quietly(self) -> Iterator[Connection]:
        """As `writing`, for what no worker needs to hear of: nobody's next request waits for it."""
        self._require()
        with _asking("write"), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def engine(self) -> Iterator[Engine]:
        """For library calls that make their own transactions; every worker hears of what they committed."""
        self._require()
        with _asking("write"):
            yield self._engine
        self._bell.ring()

    def close(self) -> None:
        self._engine.dispose()

    def _require(self) -> None:
        ends = request_ends.get()
        if ends is not None and time.monotonic() > ends:
            raise Unavailable("The database was too slow to be asked within the time that a request has.")
        if not self.available:
            raise Unavailable(
                "The database cannot be reached.", hint="Try again in a moment; lists are still served."
            )


@contextmanager
def _asking(what: str) -> Iterator[None]:
    with unavailable_when_away(), tracing.step(f"postgres {what}", **{"db.system.name": "postgresql"}):
        yield
