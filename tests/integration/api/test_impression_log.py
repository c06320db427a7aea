"""The log of what was shown, and its process, on a PostgreSQL that goes away, hangs or cuts them off."""

import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from app import metrics
from app.serving import deadline
from app.serving.bell import Bell
from app.serving.database import Database
from app.serving.impression_writer import ImpressionWriter
from app.serving.impressions import BATCH, BATCH_PLACES, WRITE_SECONDS, ImpressionLog
from app.serving.variants import CHAMPION
from psycopg2.extensions import get_wait_callback, set_wait_callback
from sqlalchemy import Connection, Engine, text
from uuid_utils import uuid7

from marquee.domain.errors import Unavailable
from marquee.settings.serving import Impressions
from marquee.store import impressions, personal_data
from marquee.store.engine import end_session
from tests.support.loop import Loop
from tests.support.service import eventually
from tests.support.shown import ITEMS, days_of, without_partitions, written_to

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)

no_partitions = pytest.fixture(autouse=True)(without_partitions)


class Clock:
    """Time that tests move."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> float:
        return self.moment.timestamp()


@pytest.fixture
def database(engine: Engine, tmp_path: Path) -> Database:
    return Database(engine, Bell(tmp_path / "bell"))


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    made.end()


def _note(log: ImpressionLog, user_id: str | None) -> None:
    log.note(str(uuid7()), user_id, 3, CHAMPION, "personal", ITEMS, [2, 0])


def _cut_connections(engine: Engine) -> None:
    cut = text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with engine.connect() as connection:
        assert (connection.scalar(cut) or 0) > 0


def _writing(engine: Engine, database: Database, loop: Loop) -> ImpressionLog:
    """A log that has written a list for ada, so that it has its connection."""
    log = ImpressionLog(database, Impressions())
    loop.call(log.start)
    _note(log, "ada")
    eventually(lambda: len(written_to(engine)) == 1)
    return log


def _dropped(reason: str) -> float:
    value: float = metrics.impressions_dropped.labels(reason)._value.get()
    return value


def test_noted_lists_are_written_soon_with_the_partitions_they_need(
    engine: Engine, database: Database, loop: Loop
) -> None:
    clock = Clock(datetime(2026, 3, 10, 23, 59, 59, tzinfo=UTC))
    log = ImpressionLog(database, Impressions(), clock)
    loop.call(log.start)
    _note(log, "ada")
    eventually(lambda: written_to(engine) == [("ada", ["🎬", "a"])])
    assert days_of(engine) == [date(2026, 3, day) for day in (10, 11, 12)]

    clock.moment = datetime(2026, 3, 11, 0, 0, 1, tzinfo=UTC)  # the next days are made while there is time
    _note(log, "bob")
    eventually(lambda: len(written_to(engine)) == 2)
    clock.moment = datetime(2026, 3, 12, 0, 0, 1, tzinfo=UTC)
    _note(log, None)
    loop.run(log.close(10.0))
    assert [user_id for user_id, _ in written_to(engine)] == ["ada", "bob", None]
    assert date(2026, 3, 13) in days_of(engine)


def test_everything_that_waits_is_written_when_the_worker_stops(
    engine: Engine, database: Database, loop: Loop
) -> None:
    log = ImpressionLog(database, Impressions())
    for number in range(2 * BATCH + 1):
        _note(log, f"u{number}")
    loop.call(log.start)
    loop.run(log.close(20.0))
    assert len(written_to(engine)) == 2 * BATCH + 1
    assert len(log) == 0


def test_a_queue_that_is_full_drops_counts_and_says_so(
    database: Database, loop: Loop, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.available = False
    log = ImpressionLog(database, Impressions(queue=3))
    before = _dropped("full")
    for _ in range(5):
        _note(log, "ada")
    assert len(log) == 3
    loop.call(log.start)
    eventually(lambda: "2 lists that were shown are not in the log (full)" in caplog.text)
    monkeypatch.setattr("app.serving.impressions._SAY_AGAIN_SECONDS", 0.5)
    eventually(lambda: bool(log._batch))
    for _ in range(10):
        _note(log, "ada")  # of which three fit again; none is dropped after them
    eventually(
        lambda: "7 lists that were shown are not in the log (full)" in caplog.text
    )  # though none follows
    assert _dropped("full") - before == 9
    loop.run(log.close(5.0))


def test_lists_wait_while_postgres_is_away_and_are_written_once_when_it_is_back(
    engine: Engine, database: Database, loop: Loop
) -> None:
    database.available = False
    log = ImpressionLog(database, Impressions())
    loop.call(log.start)
    _note(log, "ada")
    eventually(lambda: log._is_second_try)  # it was tried, and is kept
    assert len(log) == 1
    database.available = True
    eventually(lambda: len(log) == 0)
    loop.run(log.close(10.0))
    assert [user_id for user_id, _ in written_to(engine)] == ["ada"]


def test_lists_are_written_although_postgres_cut_the_connections(
    engine: Engine, database: Database, loop: Loop
) -> None:
    log = _writing(engine, database, loop)
    _cut_connections(engine)
    _note(log, "bob")
    eventually(lambda: len(written_to(engine)) == 2)
    loop.run(log.close(10.0))
    assert [user_id for user_id, _ in written_to(engine)] == ["ada", "bob"]


def test_lists_are_written_although_the_process_that_writes_them_was_killed(
    engine: Engine, database: Database, loop: Loop, caplog: pytest.LogCaptureFixture
) -> None:
    log = _writing(engine, database, loop)
    first = log._writer
    assert first is not None
    first._process.kill()
    _note(log, "bob")
    eventually(lambda: len(written_to(engine)) == 2)
    assert log._writer is not first
    loop.run(log.close(10.0))
    assert f"({first._process.pid}) has ended: SIGKILL. Another is started." in caplog.text
    assert [user_id for user_id, _ in written_to(engine)] == ["ada", "bob"]


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No longer wait for Postgres than a second, as in the service, where it is longer."""
    monkeypatch.setattr("app.serving.impressions._ANSWER_SECONDS", 1.0)
    monkeypatch.setattr("app.serving.impressions._ENDING_SECONDS", 0.5)
    monkeypatch.setattr("app.serving.impression_writer._POSTGRES_SECONDS", 3.0)
    monkeypatch.setattr(deadline, "_default_seconds", 5.0)
    before = get_wait_callback()
    deadline.install(5.0)
    yield
    set_wait_callback(before)


@pytest.mark.usefixtures("patience")
def test_what_postgres_was_told_while_it_did_not_answer_is_written_once(
    engine: Engine, database: Database, loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write is given up and tried again; then the session that was told of it first goes on."""
    log = _writing(engine, database, loop)
    writer = log._session
    assert isinstance(writer, int)
    refused: list[int] = []

    def end_or_refuse(connection: Connection, process_id: int, seconds: float) -> None:
        try:
            end_session(connection, process_id, seconds)
        except Unavailable:
            refused.append(process_id)
            raise

    monkeypatch.setattr("app.serving.impressions.end_session", end_or_refuse)
    os.kill(writer, signal.SIGSTOP)
    try:
        _note(log, "bob")
        eventually(lambda: writer in refused)  # no second try succeeds while the first may
        assert len(log) == 1
        assert [user_id for user_id, _ in written_to(engine)] == ["ada"]
    finally:
        os.kill(writer, signal.SIGCONT)
    eventually(lambda: len(log) == 0, within=15)
    loop.run(log.close(10.0))
    assert [user_id for user_id, _ in written_to(engine)] == ["ada", "bob"]


def test_what_waits_is_written_at_the_end_although_the_connection_is_dead(
    engine: Engine, database: Database, loop: Loop
) -> None:
    log = _writing(engine, database, loop)
    _cut_connections(engine)
    _note(log, "bob")
    loop.run(log.close(10.0))
    assert [user_id for user_id, _ in written_to(engine)] == ["ada", "bob"]


def test_lists_that_come_one_by_one_are_written_together(
    engine: Engine, database: Database, loop: Loop
) -> None:
    log = ImpressionLog(database, Impressions())
    loop.call(log.start)
    began = time.monotonic()
    for number in range(20):
        _note(log, f"u{number}")
        time.sleep(0.06)  # longer than it is between two looks at what waits
    elapsed = time.monotonic() - began
    loop.run(log.close(10.0))
    with engine.connect() as connection:
        transactions = connection.scalar(text("SELECT count(DISTINCT xmin::text) FROM impressions"))
    assert len(written_to(engine)) == 20
    assert 1 <= (transactions or 0) <= elapsed / WRITE_SECONDS + 2


def test_a_batch_whose_commit_was_not_confirmed_is_not_written_twice(
    engine: Engine, database: Database, loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is lost after the commit, before the answer: the worker cannot know that it counts."""
    log = ImpressionLog(database, Impressions())
    _note(log, "ada")
    _note(log, None)
    write, lost = ImpressionWriter.write, []
    counted = metrics.impressions_written._value.get()

    async def write_and_lose(writer, rows, unheard):  # type: ignore[no-untyped-def]
        done = await write(writer, rows, unheard)
        if not lost:
            lost.append(True)
            await writer.kill()
            raise Unavailable("the connection is lost")
        return done

    monkeypatch.setattr(ImpressionWriter, "write", write_and_lose)
    loop.call(log.start)
    eventually(lambda: len(log) == 0 and bool(lost))
    loop.run(log.close(10.0))
    assert len(written_to(engine)) == 2
    assert metrics.impressions_written._value.get() - counted == 2


def test_what_is_left_when_postgres_stays_away_is_counted_at_the_end(
    database: Database, loop: Loop, caplog: pytest.LogCaptureFixture
) -> None:
    database.available = False
    log = ImpressionLog(database, Impressions())
    before = _dropped("stopping")
    for _ in range(4):
        _note(log, "ada")
    loop.call(log.start)
    loop.run(log.close(5.0))
    assert _dropped("stopping") - before == 4
    assert "4 lists that were shown are not in the log (stopping)" in caplog.text


def test_a_partition_that_was_dropped_under_a_worker_is_made_again(
    engine: Engine, database: Database, loop: Loop
) -> None:
    clock = Clock(NOON)
    log = ImpressionLog(database, Impressions(), clock)
    loop.call(log.start)
    _note(log, "ada")
    eventually(lambda: len(written_to(engine)) == 1)
    with engine.begin() as connection:
        impressions.drop_days(connection, now=NOON + timedelta(days=100), keep_days=1)
    _note(log, "bob")
    eventually(lambda: [user_id for user_id, _ in written_to(engine)] == ["bob"])
    loop.run(log.close(10.0))


def test_nothing_is_written_of_a_person_erased_meanwhile(
    engine: Engine, database: Database, loop: Loop
) -> None:
    log = ImpressionLog(database, Impressions())
    _note(log, "gus")
    _note(log, "bob")
    with engine.begin() as connection:
        personal_data.erase(connection, "gus")
    loop.call(log.start)
    loop.run(log.close(10.0))
    assert [user_id for user_id, _ in written_to(engine)] == ["bob"]


def test_nothing_is_written_of_lists_made_before_the_worker_heard(
    engine: Engine, database: Database, loop: Loop
) -> None:
    clock = Clock(NOON)
    log = ImpressionLog(database, Impressions(), clock)
    _note(log, "hal")
    _note(log, "bob")
    log.forget("hal")
    clock.moment = NOON + timedelta(seconds=1)
    _note(log, "hal")  # somebody new by that name
    loop.call(log.start)
    loop.run(log.close(10.0))
    assert [user_id for user_id, _ in written_to(engine)] == ["bob", "hal"]


def test_a_worker_that_hears_nothing_writes_nothing_of_a_person_erased(
    engine: Engine, database: Database, loop: Loop
) -> None:
    """It may have shown them something long after; so it leaves out what may be of the person before."""
    clock = Clock(datetime.now(UTC) + timedelta(minutes=1))
    log = ImpressionLog(database, Impressions(), clock, unheard=lambda: 120.0)
    with engine.begin() as connection:
        personal_data.erase(connection, "ivy")
    _note(log, "ivy")
    _note(log, "bob")
    loop.call(log.start)
    loop.run(log.close(10.0))
    assert [user_id for user_id, _ in written_to(engine)] == ["bob"]


def test_what_is_heard_of_while_a_batch_is_handed_over_counts(
    engine: Engine, database: Database, loop: Loop
) -> None:
    """The worker reads of an erasure just when it is asked for how long it may not have heard of one."""
    with engine.begin() as connection:
        personal_data.erase(connection, "joy")
    clock = Clock(datetime.now(UTC) + timedelta(minutes=1))

    def hear() -> float:
        clock.moment += timedelta(seconds=1)
        log.forget("joy")
        return 0.0

    log = ImpressionLog(database, Impressions(), clock, unheard=hear)
    _note(log, "joy")
    _note(log, "bob")
    loop.call(log.start)
    loop.run(log.close(10.0))
    assert [user_id for user_id, _ in written_to(engine)] == ["bob"]


def test_why_lists_wait_is_said_where_postgres_is_there(
    engine: Engine,
    database: Database,
    loop: Loop,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("app.serving.impression_writer._COMMAND", ("false",))
    log = ImpressionLog(database, Impressions())
    loop.call(log.start)
    _note(log, "ada")
    eventually(lambda: "Impressions wait, and are tried again: The process" in caplog.text)
    monkeypatch.undo()
    loop.run(log.close(10.0))
    assert [user_id for user_id, _ in written_to(engine)] == ["ada"]


def test_what_a_process_was_at_when_it_had_to_end_may_be_missing(
    engine: Engine, database: Database, loop: Loop, caplog: pytest.LogCaptureFixture
) -> None:
    log = _writing(engine, database, loop)
    session = log._session
    assert session is not None
    os.kill(session, signal.SIGSTOP)
    try:
        _note(log, "bob")
        loop.run(log.close(1.0))
        assert "1 lists that were shown may be missing in the log (stopping)" in caplog.text
    finally:
        os.kill(session, signal.SIGCONT)


def test_long_lists_are_handed_over_in_smaller_batches(database: Database) -> None:
    log = ImpressionLog(database, Impressions())
    for _ in range(2 * BATCH):
        log.note(str(uuid7()), "ada", 3, CHAMPION, "personal", ITEMS, [0] * 100)
    assert len(list(log._taken())) == BATCH_PLACES // 100
    log._queue.clear()
    for _ in range(2 * BATCH):
        _note(log, "ada")
    assert len(list(log._taken())) == BATCH


def test_a_log_that_is_off_keeps_and_writes_nothing(engine: Engine, database: Database, loop: Loop) -> None:
    log = ImpressionLog(database, Impressions(log=False))
    _note(log, "ada")
    assert len(log) == 0
    loop.call(log.start)
    loop.run(log.close(10.0))
    assert days_of(engine) == []


def test_a_worker_hears_within_seconds_of_what_another_has_shown(
    engine: Engine, database: Database, loop: Loop
) -> None:
    settings = Impressions(discount=0.5)
    shows, hears = ImpressionLog(database, settings), ImpressionLog(database, settings)
    loop.call(shows.start)
    loop.call(hears.start)
    _note(shows, "ada")
    assert shows.shown.factors("ada") == {"🎬": 0.5, "a": 0.5}
    began = time.monotonic()
    eventually(lambda: hears.shown.factors("ada") == {"🎬": 0.5, "a": 0.5}, within=5.0)
    assert time.monotonic() - began < 3.0
    read = hears._read_until
    eventually(lambda: hears._read_until > read)  # it is read again, and counts once
    assert hears.shown.factors("ada") == shows.shown.factors("ada") == {"🎬": 0.5, "a": 0.5}
    loop.run(shows.close(10.0))
    loop.run(hears.close(10.0))

    starts_later = ImpressionLog(database, settings)
    loop.call(starts_later.start)
    eventually(lambda: starts_later.shown.factors("ada") == {"🎬": 0.5, "a": 0.5}, within=5.0)
    loop.run(starts_later.close(10.0))
