"""The log of what was shown: noted by whoever makes a list, written to Postgres by one thread a worker."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy.exc import DBAPIError

from app import metrics
from app.serving.database import Database, OwnConnection
from app.serving.deadline import waiting_at_most
from app.serving.shown import ShownLately
from app.serving.variants import Arm
from app.serving.vital import VitalThread
from marquee.domain.errors import Unavailable
from marquee.settings.serving import Impressions
from marquee.store import impressions
from marquee.store.impressions import DAYS_AHEAD, Impression

logger = logging.getLogger("marquee.app.impressions")

BATCH = 1_000  # lists written in one transaction
ENOUGH = 10  # lists that are worth a transaction: Postgres may take a request's core for as long as it takes
WRITE_SECONDS = 0.5  # that fewer wait at most, so that a quiet worker's requests seldom meet its writing
_LOOK_SECONDS = 0.02  # between looks at how many wait, so that a busy worker's transactions have more
_IDLE_SECONDS = 0.05  # between looks while none does
_RETRY_SECONDS = 1.0
_ANSWER_SECONDS = 4.0
_SAY_AGAIN_SECONDS = 60.0
_READ_SECONDS = 1.0  # between looks at what others have written
_READ_AGAIN_SECONDS = 10.0  # how much of the past each look takes in: clocks differ, and batches come late
_MOST_READ = 200_000  # lists


class Noted(NamedTuple):
    """A list as it waits to be written; ids are looked up when it is.

    Attributes:
        at: in seconds since 1970.
        ids: item ids by row.
        rows: of the list, by place.
        propensities: by place; None: each was certain.
    """

    at: float
    request_id: str
    user_id: str | None
    model_version: int | None
    arm: Arm
    source: str
    ids: Sequence[str]
    rows: Sequence[int]
    propensities: Sequence[float] | None

    @property
    def item_ids(self) -> list[str]:
        return [self.ids[row] for row in self.rows]


class ImpressionLog(VitalThread):
    """A bounded queue of lists that were shown, and the thread that writes them.

    While Postgres is away the queue fills; what does not fit is dropped, counted and said. What waits when
    the worker stops is written before it ends.

    Args:
        database: where they go.
        settings: of `configs/serving.yaml`.
        clock: seconds since 1970.
        unheard: for how many seconds this worker may not have heard of an erasure.

    Attributes:
        enabled: whether anything is written at all.
        shown: what people were shown lately, by this worker and, a second or two later, by all others; kept
            only if `discount` asks for it.
    """

    def __init__(
        self,
        database: Database,
        settings: Impressions,
        clock: Callable[[], float] = time.time,
        unheard: Callable[[], float] = lambda: 0.0,
    ) -> None:
        super().__init__(name="impressions", daemon=True)
        self._database, self._clock, self._unheard = database, clock, unheard
        self._connection = OwnConnection()
        self._most = settings.queue if settings.log else 0
        self._queue: deque[Noted] = deque()
        self._batch: list[Noted] = []  # taken from the queue, not yet known to be written
        self._erased: dict[str, float] = {}  # when, by user id
        self._is_second_try = False
        self._made_until = datetime.min.replace(tzinfo=UTC)
        self._closing = threading.Event()
        self._warned_at = -_SAY_AGAIN_SECONDS
        self._unsaid = 0
        self._wrote_at = -WRITE_SECONDS
        self._read_until = clock() - settings.discount_hours * 3600.0
        self._read_at = -_READ_SECONDS
        self.enabled = settings.log
        self.shown = ShownLately(settings, clock)

    def __len__(self) -> int:
        """How many lists wait."""
        return len(self._queue) + len(self._batch)

    def note(
        self,
        request_id: str,
        user_id: str | None,
        model_version: int | None,
        arm: Arm,
        source: str,
        ids: Sequence[str],
        rows: Sequence[int],
        propensities: Sequence[float] | None = None,
    ) -> None:
        """Have a list written soon; costs a microsecond, and never waits. See `Noted`."""
        if self.shown.enabled and user_id is not None:
            self.shown.note(user_id, request_id, self._clock(), [ids[row] for row in rows])
        if len(self._queue) < self._most:
            noted = (
                self._clock(),
                request_id,
                user_id,
                model_version,
                arm,
                source,
                ids,
                rows,
                propensities,
            )
            self._queue.append(Noted._make(noted))
        elif self.enabled:
            self._drop(1, "full")

    def forget(self, user_id: str) -> None:
        """Do not write what still waits of a person who was erased, as this worker hears now.

        What is written before it hears of it, the store sees to.
        """
        self._erased[user_id] = self._clock()
        self.shown.forget(user_id)

    def close(self, seconds: float) -> None:
        """Write what waits, and end; what is not written in that time is dropped and counted. Blocks."""
        self._closing.set()
        if self.is_alive():
            self.join(seconds)
        if len(self):
            self._drop(len(self), "stopping")

    def work(self) -> None:
        if not self.enabled:
            return
        self._make_days_ahead()
        while not self._closing.wait(self._pause()):
            if self._is_due():
                self._write_batch()
            if self.shown.enabled and time.monotonic() - self._read_at >= _READ_SECONDS:
                self._read_others()
        self._connection.close()  # it may be dead, and there is no second try
        while len(self) and self._write_batch():
            pass
        self._connection.close()

    def _pause(self) -> float:
        if self._is_second_try:
            return _RETRY_SECONDS
        if len(self._queue) >= BATCH:
            return 0.0
        return _LOOK_SECONDS if self._queue else _IDLE_SECONDS

    def _is_due(self) -> bool:
        """Whether enough lists wait for a batch to be worth its exchanges, or any for long."""
        is_late = time.monotonic() - self._wrote_at >= WRITE_SECONDS
        return is_late or len(self._queue) >= ENOUGH or bool(self._batch)

    def _make_days_ahead(self) -> None:
        """So that the first list of a worker does not wait for a partition."""
        try:
            self._make_days(datetime.fromtimestamp(self._clock(), UTC))
        except (Unavailable, DBAPIError) as error:
            logger.debug("Partitions are made later: %s", error)

    def _write_batch(self) -> bool:
        """Write a batch, or the last one again; False when Postgres is away."""
        if not self._batch:
            self._batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
        if not self._batch:
            return True
        self._wrote_at = time.monotonic()
        try:
            with waiting_at_most(_ANSWER_SECONDS):
                self._write(self._batch)
        except (Unavailable, DBAPIError) as error:
            return self._failed(error)
        self._batch, self._is_second_try = [], False
        return True

    def _failed(self, error: Unavailable | DBAPIError) -> bool:
        """Keep the batch for another try, unless it is the batch that is wrong."""
        if isinstance(error, Unavailable):
            self._is_second_try = True
            return False
        if self._is_second_try:  # of this batch, by a Postgres that answers
            logger.error("Impressions were refused: %s", " ".join(str(error.orig).split()))
            self._drop(len(self._batch), "refused")
            self._batch, self._is_second_try = [], False
            return True
        self._made_until = datetime.min.replace(tzinfo=UTC)  # it may have been a partition that has gone
        self._is_second_try = True
        return True

    def _write(self, batch: Sequence[Noted]) -> None:
        rows = [_impression(noted) for noted in self._not_erased(batch)]
        if not rows:
            return
        for moment in (min(row.at for row in rows), max(row.at for row in rows)):
            self._make_days(moment)
        with self._database.writing_at_once(self._connection) as connection:
            if self._is_second_try:  # the first may have been committed before the connection was lost
                there = impressions.written(connection, (row.request_id for row in rows))
                rows = [row for row in rows if (row.request_id, row.user_id) not in there]
            written = impressions.write(connection, rows, timedelta(seconds=self._unheard()))
        metrics.impressions_written.inc(written)

    def _not_erased(self, batch: Sequence[Noted]) -> list[Noted]:
        erased, oldest = self._erased, batch[0].at
        for user_id in [user_id for user_id, at in list(erased.items()) if at < oldest]:
            del erased[user_id]
        return [
            noted for noted in batch if noted.user_id is None or noted.at > erased.get(noted.user_id, 0.0)
        ]

    def _read_others(self) -> None:
        """Take in what all workers have written since the last look; without Postgres, the next time."""
        self._read_at, began = time.monotonic(), self._clock()
        since = datetime.fromtimestamp(self._read_until - _READ_AGAIN_SECONDS, UTC)
        try:
            with waiting_at_most(_ANSWER_SECONDS), self._database.reading() as connection:
                found = impressions.shown_since(connection, since, most=_MOST_READ)
        except (Unavailable, DBAPIError) as error:
            logger.debug("What others showed is read later: %s", error)
            return
        for request_id, user_id, at, item_ids in found:
            if at.timestamp() > self._erased.get(user_id, 0.0):
                self.shown.note(user_id, request_id, at.timestamp(), item_ids)
        self._read_until = began

    def _make_days(self, moment: datetime) -> None:
        """The partitions of that moment's day and of the next ones, made well before they are needed."""
        if moment + timedelta(days=1) < self._made_until and not self._is_second_try:
            return
        first = impressions.day_of(moment)
        wanted = [first + timedelta(days=ahead) for ahead in range(DAYS_AHEAD + 1)]
        with self._database.writing_quietly() as connection:
            made = impressions.make_days(connection, wanted)
        self._made_until = datetime(*wanted[-1].timetuple()[:3], tzinfo=UTC) + timedelta(days=1)
        if made:
            logger.info("Partitions of impressions are made for %s.", ", ".join(map(str, made)))

    def _drop(self, count: int, reason: str) -> None:
        """Count lists that are not written, and say so once a minute."""
        metrics.impressions_dropped.labels(reason).inc(count)
        self._unsaid += count
        now = time.monotonic()
        if now - self._warned_at >= _SAY_AGAIN_SECONDS or reason == "stopping":
            logger.warning("%d lists that were shown are not in the log (%s).", self._unsaid, reason)
            self._warned_at, self._unsaid = now, 0


def _impression(noted: Noted) -> Impression:
    return Impression(
        datetime.fromtimestamp(noted.at, UTC),
        noted.request_id,
        noted.user_id,
        noted.model_version,
        noted.arm.variant,
        noted.source,
        noted.item_ids,
        noted.propensities,
        noted.arm.rollout,
        noted.arm.step,
    )
