"""The log of what was shown: noted by whoever makes a list, written a batch at a time by another process."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy.exc import DBAPIError

from app import metrics, tracing
from app.serving.database import Database
from app.serving.deadline import waiting_at_most
from app.serving.impression_writer import ImpressionWriter, Refused
from app.serving.shown import ShownLately
from app.serving.variants import Arm
from app.serving.vital import vital_task
from marquee.domain.errors import Unavailable
from marquee.settings.serving import Impressions
from marquee.store import impressions
from marquee.store.engine import connects_as, end_session
from marquee.store.impressions import DAYS_AHEAD

logger = logging.getLogger("marquee.app.impressions")

BATCH = 200  # lists written in one transaction, at most
BATCH_PLACES = 2_000  # of them together: to hand over as many takes the loop half a millisecond
ENOUGH = 10  # lists that are worth a transaction: Postgres may take a request's core for as long as it takes
WRITE_SECONDS = 0.5  # that fewer wait at most, so that a quiet worker's requests seldom meet its writing
_LOOK_SECONDS = 0.02  # between looks at how many wait, so that a busy worker's transactions have more
_IDLE_SECONDS = 0.05  # between looks while none does
_RETRY_SECONDS = 1.0
_ANSWER_SECONDS = 4.0
_ENDING_SECONDS = 2.0
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


class ImpressionLog:
    """A bounded queue of lists that were shown, and the task that has them written.

    The task runs in the event loop, which it leaves whenever it waits: a thread beside it would take the
    interpreter in the middle of some request.

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
        self._database, self._clock, self._unheard = database, clock, unheard
        self._writer: ImpressionWriter | None = None
        self._session: int | None = None  # in Postgres, of the writer or the one that failed
        self._most = settings.queue if settings.log else 0
        self._queue: deque[Noted] = deque()
        self._batch: list[Noted] = []  # taken from the queue, not yet known to be written
        self._erased: dict[str, float] = {}  # when, by user id
        self._is_second_try = False
        self._may_be_there = False  # the batch: a writer was handed it, and has not answered
        self._made_until = datetime.min.replace(tzinfo=UTC)
        self._task: asyncio.Task[None] | None = None
        self._closing: asyncio.Future[None] | None = None
        self._warned_at: dict[str, float] = {}  # by what of
        self._unsaid = dict.fromkeys(("full", "refused", "stopping"), 0)  # dropped, by reason
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

    def start(self) -> None:
        """Start the task, in the loop that runs."""
        self._closing = asyncio.get_running_loop().create_future()
        self._task = vital_task(self._work(self._closing), "impressions")

    async def close(self, seconds: float) -> None:
        """Write what waits, and end; what is not written in that time is dropped and counted."""
        if self._task is not None and self._closing is not None:
            self._closing.set_result(None)
            await asyncio.wait({self._task}, timeout=seconds)
            has_ended = self._task.done()
            self._task.cancel()
            if self._writer is not None:
                await (self._writer.close() if has_ended else self._writer.kill())
        if len(self):
            self._drop(len(self), "stopping")
        self._say_dropped(now=True)

    async def _work(self, closing: asyncio.Future[None]) -> None:
        if not self.enabled:
            return
        await self._make_days_ahead()
        while True:
            await asyncio.wait({closing}, timeout=self._pause())
            if closing.done():
                break
            self._say_dropped()
            if self._is_due():
                await self._write_batch()
            if self.shown.enabled and time.monotonic() - self._read_at >= _READ_SECONDS:
                await asyncio.to_thread(self._read_others)
        tries = 2  # the writer's session may be dead
        while len(self) and tries:
            tries -= not await self._write_batch()

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

    async def _make_days_ahead(self) -> None:
        """So that the first list of a worker does not wait for a partition."""
        try:
            await self._make_days(datetime.fromtimestamp(self._clock(), UTC))
        except (Unavailable, DBAPIError) as error:
            logger.debug("Partitions are made later: %s", error)

    async def _write_batch(self) -> bool:
        """Write a batch, or the last one again; False when Postgres is away."""
        if not self._batch:
            self._batch = list(self._taken())
        if not self._batch:
            return True
        self._wrote_at = time.monotonic()
        try:
            await self._write(self._batch)
        except (Unavailable, Refused, DBAPIError) as error:
            return self._failed(error)
        if self._is_second_try:
            logger.info("Impressions are written again; %d more wait.", len(self._queue))
        self._batch, self._is_second_try = [], False
        return True

    def _taken(self) -> Iterator[Noted]:
        """Lists from the queue, no more than there are now."""
        places = 0
        for _ in range(min(BATCH, len(self._queue))):
            yield (noted := self._queue.popleft())
            places += len(noted.rows)
            if places >= BATCH_PLACES:
                return

    def _failed(self, error: Unavailable | Refused | DBAPIError) -> bool:
        """Keep the batch for another try, unless it is the batch that is wrong."""
        if isinstance(error, Unavailable):
            if self._database.available and self._may_warn("wait"):  # else others have said why
                logger.warning("Impressions wait, and are tried again: %s", error)
            self._is_second_try = True
            return False
        if self._is_second_try:  # of this batch, by a Postgres that answers
            said = error.orig if isinstance(error, DBAPIError) else error
            logger.error("Impressions were refused: %s", " ".join(str(said).split()))
            self._drop(len(self._batch), "refused")
            self._batch, self._is_second_try = [], False
            return True
        self._made_until = datetime.min.replace(tzinfo=UTC)  # it may have been a partition that has gone
        self._is_second_try = True
        return True

    async def _write(self, batch: Sequence[Noted]) -> None:
        unheard = self._unheard()  # before it is looked who was erased: what is heard in between counts twice
        kept = self._not_erased(batch)
        if not kept:
            return
        for at in (min(noted.at for noted in kept), max(noted.at for noted in kept)):
            await self._make_days(datetime.fromtimestamp(at, UTC))
        if self._writer is not None and (end := self._writer.end) is not None:
            logger.warning("%s has ended: %s. Another is started.", self._writer, end)
            self._writer = None
        writer = self._writer = self._writer or await self._start_writer()
        if self._is_second_try:  # the first may have been committed before the session was lost
            missing = await asyncio.to_thread(self._not_written, kept)
            metrics.impressions_written.inc(len(kept) - len(missing))
            kept = missing
        self._may_be_there = True
        try:
            with tracing.step("postgres write", **{"db.system.name": "postgresql"}):
                written = await writer.write([_row(noted) for noted in kept], unheard)
        except Unavailable:
            self._writer = None  # it has ended
            raise
        except Refused:
            self._may_be_there = False
            raise
        self._may_be_there = False
        metrics.impressions_written.inc(written)

    async def _start_writer(self) -> ImpressionWriter:
        writer = await ImpressionWriter.start(await asyncio.to_thread(self._connects_as))
        self._session = writer.session
        return writer

    def _connects_as(self) -> dict[str, str]:
        """How a writer connects, once Postgres has ended the session of the one that failed.

        What that was about to write has been written by then, or never will be.
        """
        with waiting_at_most(_ANSWER_SECONDS), self._database.reading() as connection:
            if self._session is not None:
                end_session(connection, self._session, _ENDING_SECONDS)
            return connects_as(connection)

    def _not_written(self, batch: Sequence[Noted]) -> list[Noted]:
        with waiting_at_most(_ANSWER_SECONDS), self._database.reading() as connection:
            there = impressions.written(connection, (noted.request_id for noted in batch))
        return [noted for noted in batch if (noted.request_id, noted.user_id) not in there]

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

    async def _make_days(self, moment: datetime) -> None:
        """The partitions of that moment's day and of the next ones, made well before they are needed."""
        if moment + timedelta(days=1) < self._made_until and not self._is_second_try:
            return
        first = impressions.day_of(moment)
        wanted = [first + timedelta(days=ahead) for ahead in range(DAYS_AHEAD + 1)]
        made = await asyncio.to_thread(self._make, wanted)
        self._made_until = datetime(*wanted[-1].timetuple()[:3], tzinfo=UTC) + timedelta(days=1)
        if made:
            logger.info("Partitions of impressions are made for %s.", ", ".join(map(str, made)))

    def _make(self, days: Sequence[date]) -> list[date]:
        with waiting_at_most(_ANSWER_SECONDS), self._database.writing_quietly() as connection:
            return impressions.make_days(connection, days)

    def _drop(self, count: int, reason: str) -> None:
        """Count lists that are not written; `_say_dropped` tells of them."""
        metrics.impressions_dropped.labels(reason).inc(count)
        self._unsaid[reason] += count

    def _say_dropped(self, *, now: bool = False) -> None:
        """Once a minute, and at the end."""
        for reason, count in self._unsaid.items():
            if count and (now or self._may_warn(reason)):
                are = "may be missing" if reason == "stopping" and self._may_be_there else "are not"
                logger.warning("%d lists that were shown %s in the log (%s).", count, are, reason)
                self._unsaid[reason] = 0

    def _may_warn(self, of: str) -> bool:
        """Once a minute."""
        now = time.monotonic()
        if now - self._warned_at.get(of, -_SAY_AGAIN_SECONDS) < _SAY_AGAIN_SECONDS:
            return False
        self._warned_at[of] = now
        return True


def _row(noted: Noted) -> tuple[Any, ...]:
    """As `impression_rows.Impression`, for JSON."""
    arm = noted.arm
    return (
        noted.at,
        noted.request_id,
        noted.user_id,
        noted.model_version,
        arm.variant,
        noted.source,
        noted.item_ids,
        noted.propensities,
        arm.rollout,
        arm.step,
    )
