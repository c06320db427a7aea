"""The thread that tells Postgres what this worker has in memory, and what it counted."""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol, TypeAlias

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from app.serving.complaints import Complaint
from app.serving.database import Database
from app.serving.deadline import waiting_at_most
from app.serving.vital import VitalThread
from marquee.domain.errors import Unavailable
from marquee.store import workers
from marquee.store.workers import ServingWorker

logger = logging.getLogger("marquee.app.report")

REPORT_SECONDS = 1.5  # at the longest between two reports
_LEAST_SECONDS = 0.1  # between two, however much happens
_PRUNE_SECONDS = 300.0
_ANSWER_SECONDS = 4.0

# Of a transaction: it was committed; Postgres is away, so that it must be tried again; it was refused.
Outcome: TypeAlias = Literal["written", "later", "refused"]


class Ledger(Protocol):
    """Something that is counted in memory and written from time to time."""

    def write(self, connection: Connection) -> None:
        """Write what is not written yet, within the caller's transaction."""

    def settle(self, outcome: Outcome) -> None:
        """Hear what became of the transaction of the last `write`."""


class InMemory(NamedTuple):
    """What a worker has in memory; as of `store.workers.ServingWorker`."""

    revision: int
    champion: int | None
    challenger: int | None
    problem: str | None
    refusal: str | None = None


class Reporter(VitalThread):
    """Reports every second or two, and at once when something has changed.

    While Postgres is away everything is kept, and written when it is back; when the worker stops, once more.

    Args:
        worker_id: a new one for each start.
        started_at: when the worker started.
        database: where it goes.
        in_memory: what there is to report.
        ledgers: are written likewise, each in a transaction of its own.
    """

    def __init__(
        self,
        worker_id: str,
        started_at: datetime,
        database: Database,
        in_memory: Callable[[], InMemory],
        ledgers: Sequence[Ledger],
    ) -> None:
        super().__init__(name="reporter", daemon=True)
        self._worker_id, self._started_at = worker_id, started_at
        self._database, self._in_memory = database, in_memory
        self._ledgers: tuple[Ledger, ...] = (_Presence(self._report), *ledgers)
        self._host, self._pid = socket.gethostname(), os.getpid()
        self._closing = False
        self._wake = threading.Event()
        self._pruned_at = time.monotonic()
        self._complaint = Complaint("A report was refused.")

    def changed(self) -> None:
        """Report soon: something is not as it was."""
        self._wake.set()

    def close(self, seconds: float) -> None:
        """Write what is left, take leave, and end. Blocks."""
        self._closing = True
        self._wake.set()
        if self.is_alive():
            self.join(seconds)

    def work(self) -> None:
        while not self._closing:
            self._wake.wait(REPORT_SECONDS)
            self._wake.clear()
            for ledger in self._ledgers:
                self._write(ledger)
            time.sleep(_LEAST_SECONDS)
        for ledger in self._ledgers:
            self._write(ledger)
        self._write(_Presence(lambda connection: workers.leave(connection, self._worker_id)))

    def _write(self, ledger: Ledger) -> None:
        try:
            with waiting_at_most(_ANSWER_SECONDS), self._database.writing_quietly() as connection:
                ledger.write(connection)
        except Unavailable as error:
            logger.debug("This is reported later: %s", error)
            ledger.settle("later")
        except DBAPIError as error:
            self._complaint.about(error)
            ledger.settle("refused")
        else:
            ledger.settle("written")

    def _report(self, connection: Connection) -> None:
        now = self._in_memory()
        workers.report(
            connection, ServingWorker(self._worker_id, self._host, self._pid, self._started_at, *now)
        )
        if time.monotonic() - self._pruned_at >= _PRUNE_SECONDS:
            self._pruned_at = time.monotonic()
            workers.prune(connection)


class _Presence:
    """A worker's own row as a ledger: what is not written now is out of date later."""

    def __init__(self, write: Callable[[Connection], None]) -> None:
        self.write = write

    def settle(self, outcome: Outcome) -> None:
        """Nothing is kept."""
