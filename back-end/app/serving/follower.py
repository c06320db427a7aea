"""The thread that reads the change feed and keeps the worker's memory up to date."""

import logging
import os
import select
import threading
import time
from collections.abc import Callable, Sequence

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from app import metrics
from app.serving.bell import Bell
from app.serving.database import Database
from app.serving.deadline import waiting_at_most
from app.serving.postponed import Postponed
from app.serving.vital import VitalThread
from marquee.store import changes
from marquee.store.changes import Change, ChangeReader

logger = logging.getLogger("marquee.app.feed")

_POLL_SECONDS = 1.0  # without a notification; those are hints, so nothing depends on them
_RECONNECT_SECONDS = 0.5
_ANSWER_SECONDS = 2.0
_LOAD_SECONDS = 600.0


class Follower(VitalThread):
    """Reads what changed and hands it to `apply`, on a connection of its own.

    Args:
        engine: for that connection.
        database: learns whether Postgres is there.
        bell: tells how much was committed on this machine.
        load: reads everything, at the start.
        apply: takes changes in, and reads what they are about.
        caught_up: called, on this thread, whenever the feed has been read.
        has_read: called before that with `seen`.
        leisure: does a little of what can wait, between two readings; False when there is nothing to do.

    Attributes:
        seen: the bell's count that has been read; a reader whose count is higher must wait.
        tried: set once everything was loaded, or Postgres was found to be away.
        loaded: whether everything has been loaded once.
        read_at: what was committed before it has been read; in `time.monotonic()` seconds.
    """

    def __init__(
        self,
        engine: Engine,
        database: Database,
        bell: Bell,
        *,
        load: Callable[[Connection], None],
        apply: Callable[[Connection, Sequence[Change]], None],
        caught_up: Callable[[], None],
        has_read: Callable[[int], None],
        leisure: Callable[[Connection], bool],
        stopping: threading.Event,
    ) -> None:
        super().__init__(name="change-feed", daemon=True)
        self._engine, self._database, self._bell = engine, database, bell
        self._load, self._apply, self._caught_up, self._stopping = load, apply, caught_up, stopping
        self._has_read = has_read
        self._leisure = leisure
        self._reader = ChangeReader()
        self._postponed = Postponed()
        self._hurry, self._hurry_write = os.pipe()
        os.set_blocking(self._hurry, False)
        os.set_blocking(self._hurry_write, False)
        self.seen = 0
        self.loaded = False
        self.tried = threading.Event()
        self.read_at = 0.0

    @property
    def behind(self) -> bool:
        """Whether something was committed on this machine that has not been read, and could be."""
        return self.seen < self._bell.count() and self._database.available

    def hurry(self) -> None:
        """Read the feed now."""
        try:
            os.write(self._hurry_write, b"!")
        except BlockingIOError:
            return  # the pipe is full: it has been told often enough

    def work(self) -> None:
        while not self._stopping.is_set():
            self._follow_until_lost()

    def _follow_until_lost(self) -> None:
        try:
            with waiting_at_most(_ANSWER_SECONDS), self._engine.connect() as connection:
                changes.listen(connection)
                connection.commit()
                self._start(connection)
                while not self._stopping.is_set():
                    self._read(connection)
                    if not self._leisure(connection):
                        self._wait(connection)
        except (OperationalError, InterfaceError) as error:
            self._lost(error)
        finally:
            self.tried.set()

    def _start(self, connection: Connection) -> None:
        if not self.loaded:
            began = time.monotonic()
            self._reader.start(connection)
            with waiting_at_most(_LOAD_SECONDS):
                self._load(connection)
            connection.commit()
            self.loaded = True
            logger.info("Catalogue, histories and keys are loaded after %.2f s.", time.monotonic() - began)
        if not self._database.available:
            logger.info("Postgres is back.")
        self._database.available = True
        metrics.database_up.set(1)

    def _read(self, connection: Connection) -> None:
        # Before the snapshot is taken: what is rung or committed later may not be in it.
        rung, began = self._bell.count(), time.monotonic()
        fresh = self._postponed.due(self._reader.read(connection), time.monotonic())
        if fresh:
            for change in fresh:
                metrics.feed_changes.labels(change.kind).inc()
            with waiting_at_most(_LOAD_SECONDS):
                self._apply(connection, fresh)
        connection.commit()  # a session hears of notifications between its transactions
        self.seen, self.read_at = rung, began
        self._has_read(rung)
        self.tried.set()
        self._caught_up()

    def _wait(self, connection: Connection) -> None:
        """Until there is a notification, somebody hurries, or it is time."""
        raw = connection.connection.driver_connection
        assert raw is not None  # noqa: S101  the connection is open
        if not raw.notifies:  # one that came with the last answer is of a commit which that may not hold
            self._sleep(raw.fileno())
        raw.notifies.clear()

    def _sleep(self, socket: int) -> None:
        poller = select.poll()
        poller.register(socket, select.POLLIN)
        poller.register(self._hurry, select.POLLIN)
        for source, _ in poller.poll(_POLL_SECONDS * 1000):
            if source == self._hurry:
                os.read(self._hurry, 4096)

    def _lost(self, error: DBAPIError) -> None:
        if self._database.available:
            logger.warning("Postgres is away: %s", " ".join(str(error.orig).split()))
        self._database.available = False
        metrics.database_up.set(0)
        self._caught_up()
        self._stopping.wait(_RECONNECT_SECONDS)
