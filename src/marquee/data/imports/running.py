"""One import from its first line to its report: one thread reads and checks, another writes."""

import logging
import os
import queue
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Generic, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from marquee.data.imports.batches import Batch, Import, Written
from marquee.data.imports.outbox import Outbox
from marquee.data.lines import Lines
from marquee.domain.errors import Conflict
from marquee.store import changes
from marquee.store.engine import unavailable_when_away
from marquee.store.imports import Whole, tell

logger = logging.getLogger("marquee.data.imports")

G = TypeVar("G")
_TRIES = 8
_PASSING = frozenset({"40P01", "40001", "23503"})  # deadlock, serialization, an item or person just deleted


def _passes(error: BaseException) -> bool:
    code = getattr(error.orig, "pgcode", None) if isinstance(error, DBAPIError) else None
    return isinstance(error, Conflict) or code in _PASSING


# One for all batches: each would be in a cycle with its batch, which then waits for the garbage collector.
_TRYING = Retrying(
    retry=retry_if_exception(_passes),
    stop=stop_after_attempt(_TRIES),
    wait=wait_random_exponential(multiplier=0.05, max=2),
    reraise=True,
)


class Stopped(Exception):
    """Nobody waits for this import any more: what is committed stays, the rest is left."""


@dataclass(slots=True)
class Tally:
    """What an import did so far; every row read is in one of the last four."""

    rows: int = 0
    line: int = 0
    created_users: int = 0
    created_items: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0

    def add(self, batch: Batch[G], written: Written) -> None:
        """Count a batch that was committed."""
        rejected = len(batch.rejects) + len(written.rejects)
        self.rows += batch.rows
        self.line = batch.line
        self.created_users += written.created_users
        self.created_items += written.created_items
        self.inserted += written.inserted
        self.updated += written.updated
        self.unchanged += batch.rows - rejected - written.inserted - written.updated
        self.rejected += rejected


class Run(Generic[G]):
    """An import under way.

    Args:
        bytes_read: how many bytes have come so far.

    Attributes:
        tally: of what is committed.
        failure: what ended the writing, if anything did.
    """

    def __init__(
        self, engine: Engine, task: Import[G], outbox: Outbox, bytes_read: Callable[[], int]
    ) -> None:
        self._engine, self._task, self._outbox, self._bytes_read = engine, task, outbox, bytes_read
        self._waiting: queue.Queue[Batch[G] | None] = queue.Queue(maxsize=1)
        self.failure: BaseException | None = None
        self._unfinished: set[Whole] = set()
        self._began = time.monotonic()
        self.tally = Tally()

    def go(self, lines: Lines) -> None:
        """Import everything; the workers hear of it also when it ends early.

        Raises:
            Unavailable: the database is away. What was committed before stays.
            DataError: the body cannot be read on.
        """
        writer = threading.Thread(target=self._write_all, name="writer")
        writer.start()
        try:
            for batch in self._task.batches(lines):
                self._hand_over(batch)
        finally:
            try:
                self._hand_over(None)
                writer.join()
            finally:  # also where a signal ends the waiting
                self._tell_the_end()
        if self.failure is not None:
            raise self.failure

    def report(self) -> dict[str, object]:
        """The figures, for people and programs."""
        return {
            **{name: value for name, value in asdict(self.tally).items() if name != "line"},
            "reasons": dict(self._outbox.by_reason.most_common()),
            "ignored_columns": list(self._task.ignored),
            "seconds": round(time.monotonic() - self._began, 3),
        }

    def _hand_over(self, batch: Batch[G] | None) -> None:
        """Give the writer a batch as soon as it has room; nothing when it has failed."""
        while self.failure is None:
            try:
                self._waiting.put(batch, timeout=0.1)
            except queue.Full:
                continue
            return
        if batch is not None:
            raise self.failure

    def _write_all(self) -> None:
        try:
            for batch in iter(self._waiting.get, None):
                self._write(batch)
        except BaseException as failure:  # it is raised where the import was started
            self.failure = failure
            os.kill(os.getpid(), signal.SIGTERM)  # the reader may be waiting for a client, without end

    def _write(self, batch: Batch[G]) -> None:
        with unavailable_when_away():
            written: Written = _TRYING(self._committed, batch)
        self.tally.add(batch, written)
        self._outbox.reject(sorted([*batch.rejects, *written.rejects], key=lambda reject: reject.line))
        self._outbox.say("progress", **asdict(self.tally), bytes=self._bytes_read())

    def _committed(self, batch: Batch[G]) -> Written:
        """Write a batch, and tell of it, in one transaction."""
        with self._engine.begin() as connection:
            written = self._task.write(connection, batch.good)
            parts = {whole for whole, keys in written.touched.items() if tell(connection, whole, keys)}
        self._unfinished |= parts
        return written

    def _tell_the_end(self) -> None:
        """Let the workers read what was told in parts; should this fail, they do so by themselves."""
        if not self._unfinished:
            return
        try:
            with self._engine.begin() as connection:
                for whole in sorted(self._unfinished):
                    changes.publish(connection, whole)
        except SQLAlchemyError as error:
            logger.warning("The end of an import could not be told to the workers: %s", error)
