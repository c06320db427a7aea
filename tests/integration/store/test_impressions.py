"""The log of impressions on a real PostgreSQL: partitions, retention, and the thread that writes."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from app import metrics
from app.serving import deadline
from app.serving.bell import Bell
from app.serving.database import Database
from app.serving.impressions import BATCH, WRITE_SECONDS, ImpressionLog
from app.serving.variants import CHAMPION
from psycopg2.extensions import get_wait_callback, set_wait_callback
from retraining.jobs import Jobs
from retraining.outages import MLFLOW_ERRORS, POSTGRES_ERRORS, Outage
from retraining.status import Metrics, Status
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError
from uuid_utils import uuid7

from marquee.domain.errors import Conflict, Unavailable
from marquee.registry.client import RegistryClient
from marquee.settings import MlflowConnection, Policy, Serving
from marquee.settings.policy import Gates, Triggers
from marquee.settings.serving import Impressions
from marquee.store import impressions, personal_data
from marquee.store.engine import end_session
from marquee.store.impressions import Impression
from tests.support.service import eventually

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
ITEMS = ("a", "b/c", "🎬", '"', "{}", "\\")


@pytest.fixture(autouse=True)
def no_partitions(engine: Engine) -> Iterator[None]:
    yield
    with engine.begin() as connection:
        for day in impressions.days(connection):
            connection.execute(text(f"DROP TABLE impressions_{day:%Y%m%d}"))


def _impression(at: datetime, user_id: str | None = "ada") -> Impression:
    return Impression(at, str(uuid7()), user_id, 3, "champion", "personal", ITEMS, None)


def _days(engine: Engine) -> list[date]:
    with engine.connect() as connection:
        return impressions.days(connection)


def _all(engine: Engine) -> list[tuple[str | None, list[str]]]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT user_id, item_ids FROM impressions ORDER BY at, user_id"))
        return [(row.user_id, row.item_ids) for row in rows]


def test_a_list_comes_back_as_it_was_written(engine: Engine) -> None:
    shown = Impression(
        NOON, str(uuid7()), "a/b ✨", None, "champion", "explored", ITEMS, [1.0, 0.5, 0.25, 1.0, 1.0, 1.0]
    )
    visitor = Impression(NOON, str(uuid7()), None, 3, "champion", "personal", (), None)
    with engine.begin() as connection:
        impressions.make_days(connection, [NOON.date()])
        impressions.write(connection, [shown, visitor])
    with engine.connect() as connection:
        (found,) = impressions.of_user(connection, "a/b ✨")
        assert (
            connection.execute(text("SELECT count(*) FROM impressions WHERE user_id IS NULL")).scalar() == 1
        )
    assert (found.at, found.request_id, found.model_version) == (shown.at, shown.request_id, None)
    assert tuple(found.item_ids) == ITEMS
    assert list(found.propensities or ()) == [1.0, 0.5, 0.25, 1.0, 1.0, 1.0]


def test_each_side_of_midnight_utc_has_a_partition_of_its_own(engine: Engine) -> None:
    midnight = datetime(2026, 3, 11, tzinfo=UTC)
    before, after = midnight - timedelta(milliseconds=1), midnight
    with engine.begin() as connection:
        impressions.make_days(connection, [impressions.day_of(before), impressions.day_of(after)])
        impressions.write(connection, [_impression(before, "late"), _impression(after, "early")])
        rows = connection.execute(text("SELECT user_id, tableoid::regclass::text AS place FROM impressions"))
        places = {row.user_id: row.place for row in rows}
    assert places == {"late": "impressions_20260310", "early": "impressions_20260311"}


def test_a_day_is_by_utc_wherever_the_clock_stands() -> None:
    tokyo = datetime.fromisoformat("2026-03-11T08:59:59+09:00")
    assert impressions.day_of(tokyo) == date(2026, 3, 10)
    assert impressions.day_of(tokyo + timedelta(seconds=1)) == date(2026, 3, 11)


def test_partitions_are_made_once_by_however_many_at_once(engine: Engine) -> None:
    wanted = [NOON.date() + timedelta(days=ahead) for ahead in range(3)]
    made: list[date] = []

    def make() -> None:
        with engine.begin() as connection:
            made.extend(impressions.make_days(connection, wanted))

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == _days(engine) == wanted


def test_a_new_partition_can_be_made_while_others_write_and_read(engine: Engine) -> None:
    """A reader or writer of the table holds its lock until its transaction ends."""
    with engine.begin() as connection:
        impressions.make_days(connection, [NOON.date()])
    with engine.begin() as busy, engine.begin() as other:
        impressions.write(busy, [_impression(NOON)])
        impressions.shown_since(busy, NOON, most=10)
        assert impressions.make_days(other, [date(2026, 3, 11)]) == [date(2026, 3, 11)]


def test_a_list_of_a_day_without_a_partition_is_refused(engine: Engine) -> None:
    with pytest.raises(IntegrityError, match="no partition"), engine.begin() as connection:
        impressions.write(connection, [_impression(NOON)])


def test_days_are_dropped_once_they_ended_as_long_ago_as_is_kept(engine: Engine) -> None:
    wanted = [date(2026, 3, day) for day in range(1, 6)]
    with engine.begin() as connection:
        impressions.make_days(connection, wanted)

    def drop(now: datetime) -> list[date]:
        with engine.begin() as connection:
            return impressions.drop_days(connection, now=now, keep_days=2)

    # The 1st ended at midnight before the 2nd: two days later the 4th begins.
    assert drop(datetime(2026, 3, 3, 23, 59, 59, tzinfo=UTC)) == []
    assert drop(datetime(2026, 3, 4, tzinfo=UTC)) == [date(2026, 3, 1)]
    assert drop(datetime(2026, 3, 4, 23, 59, 59, tzinfo=UTC)) == []
    assert drop(datetime(2026, 3, 6, 1, tzinfo=UTC)) == [date(2026, 3, 2), date(2026, 3, 3)]
    assert _days(engine) == [date(2026, 3, 4), date(2026, 3, 5)]


def test_days_that_are_being_read_are_dropped_later(engine: Engine) -> None:
    with engine.begin() as connection:
        impressions.make_days(connection, [NOON.date()])
    with engine.begin() as reading:
        reading.execute(text("SELECT count(*) FROM impressions")).scalar()
        with pytest.raises(Conflict, match="being read"), engine.begin() as connection:
            impressions.drop_days(connection, now=NOON + timedelta(days=400), keep_days=90)
    assert _days(engine) == [NOON.date()]


def test_the_hourly_job_of_the_leader_drops_what_is_too_old(engine: Engine) -> None:
    with engine.begin() as connection:
        impressions.make_days(connection, [date(2026, 3, 1), date(2026, 3, 9)])
    status = Status()
    jobs = Jobs(
        engine,
        RegistryClient(MlflowConnection("http://127.0.0.1:9", "marquee", "x")),
        Policy(triggers=Triggers(cron=None, new_ratings=None), gates=Gates()),
        status,
        Metrics(status),
        Outage("Postgres", POSTGRES_ERRORS, lambda _: None),
        Outage("MLflow", MLFLOW_ERRORS, lambda _: None),
        clock=lambda: NOON,
        serving=Serving(impressions=Impressions(keep_days=7)),
    )
    jobs.prune()
    assert _days(engine) == [date(2026, 3, 1), date(2026, 3, 9)]
    status.leading.set()
    jobs.prune()
    assert _days(engine) == [date(2026, 3, 9)]


def test_lists_shown_lately_are_found_by_their_request_ids(engine: Engine) -> None:
    now = datetime.now(UTC)
    with engine.begin() as connection:
        impressions.make_days(connection, [now.date(), (now - timedelta(days=1)).date()])
        recent = [_impression(now, f"u{number}") for number in range(4)]
        long_ago = Impression(
            now - timedelta(hours=2),
            f"{int((now.timestamp() - 7200) * 1000):012x}7000800000000000beef",
            "u9",
            3,
            "champion",
            "personal",
            ITEMS,
        )
        impressions.write(connection, [*recent, long_ago, _impression(now, None)])
        minute = impressions.shown_since(connection, now - timedelta(minutes=1), most=100)
        assert [user_id for _, user_id, _, _ in minute] == ["u0", "u1", "u2", "u3"]
        newest = impressions.shown_since(connection, now - timedelta(hours=3), most=2)
        assert [user_id for _, user_id, _, _ in newest] == ["u2", "u3"]
        assert len(impressions.shown_since(connection, now - timedelta(hours=3), most=100)) == 5


def test_what_was_shown_to_a_person_is_forgotten_with_them(engine: Engine) -> None:
    with engine.begin() as connection:
        impressions.make_days(connection, [NOON.date()])
        shown = [_impression(NOON, "eve"), _impression(NOON, "eve"), _impression(NOON, "bob")]
        assert impressions.write(connection, shown) == 3
        assert impressions.forget(connection, "eve") == 2
    assert [user_id for user_id, _ in _all(engine)] == ["bob"]


def test_nothing_is_written_of_a_person_who_has_been_erased_since(engine: Engine) -> None:
    now = datetime.now(UTC)
    later = now + timedelta(minutes=1)  # somebody new by that name
    with engine.begin() as connection:
        impressions.make_days(connection, [now.date(), later.date()])
        assert not personal_data.erase(connection, "flo")  # nothing is there yet
    with engine.begin() as connection:
        shown = [_impression(now, "flo"), _impression(now, "bob"), _impression(now, None)]
        assert impressions.write(connection, [*shown, _impression(later, "flo")]) == 3
    assert [user_id for user_id, _ in _all(engine)] == ["bob", None, "flo"]
    with engine.begin() as connection:
        # Whoever has not heard of anything for minutes may have made that list without knowing.
        assert impressions.write(connection, [_impression(later, "flo")], timedelta(minutes=2)) == 0


@pytest.mark.parametrize("first", ["write", "erase"])
def test_nothing_is_left_of_a_person_who_is_erased_while_lists_are_written(
    engine: Engine, first: str
) -> None:
    now, name = datetime.now(UTC), f"erased while: {first}"
    with engine.begin() as connection:
        impressions.make_days(connection, [now.date()])
    written: list[int] = []

    def write(connection: Connection) -> None:
        written.append(impressions.write(connection, [_impression(now, name), _impression(now, "bob")]))

    def erase(connection: Connection) -> None:
        personal_data.erase(connection, name)

    one, other = (write, erase) if first == "write" else (erase, write)

    def do_other() -> None:
        with engine.begin() as connection:
            other(connection)

    meanwhile = threading.Thread(target=do_other)
    with engine.begin() as connection:
        one(connection)
        meanwhile.start()
        meanwhile.join(0.5)
        assert meanwhile.is_alive()  # it waits
    meanwhile.join(20)
    assert not meanwhile.is_alive()
    assert written == [2 if first == "write" else 1]
    assert [user_id for user_id, _ in _all(engine)] == ["bob"]


# ---- the thread of a worker ----


class Clock:
    """Time that tests move."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> float:
        return self.moment.timestamp()


@pytest.fixture
def database(engine: Engine, tmp_path: Path) -> Database:
    return Database(engine, Bell(tmp_path / "bell"))


def _note(log: ImpressionLog, user_id: str | None) -> None:
    log.note(str(uuid7()), user_id, 3, CHAMPION, "personal", ITEMS, [2, 0])


def _cut_connections(engine: Engine) -> None:
    cut = text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with engine.connect() as connection:
        assert (connection.scalar(cut) or 0) > 0


def _writing(engine: Engine, database: Database) -> ImpressionLog:
    """A log that has written a list for ada, so that it has its connection."""
    log = ImpressionLog(database, Impressions())
    log.start()
    _note(log, "ada")
    eventually(lambda: len(_all(engine)) == 1)
    return log


def _dropped(reason: str) -> float:
    value: float = metrics.impressions_dropped.labels(reason)._value.get()
    return value


def test_noted_lists_are_written_soon_with_the_partitions_they_need(
    engine: Engine, database: Database
) -> None:
    clock = Clock(datetime(2026, 3, 10, 23, 59, 59, tzinfo=UTC))
    log = ImpressionLog(database, Impressions(), clock)
    log.start()
    _note(log, "ada")
    eventually(lambda: _all(engine) == [("ada", ["🎬", "a"])])
    assert _days(engine) == [date(2026, 3, day) for day in (10, 11, 12)]

    clock.moment = datetime(2026, 3, 11, 0, 0, 1, tzinfo=UTC)  # the next days are made while there is time
    _note(log, "bob")
    eventually(lambda: len(_all(engine)) == 2)
    clock.moment = datetime(2026, 3, 12, 0, 0, 1, tzinfo=UTC)
    _note(log, None)
    log.close(10.0)
    assert [user_id for user_id, _ in _all(engine)] == ["ada", "bob", None]
    assert date(2026, 3, 13) in _days(engine)


def test_everything_that_waits_is_written_when_the_worker_stops(engine: Engine, database: Database) -> None:
    log = ImpressionLog(database, Impressions())
    for number in range(2 * BATCH + 1):
        _note(log, f"u{number}")
    log.start()
    log.close(20.0)
    assert len(_all(engine)) == 2 * BATCH + 1
    assert len(log) == 0


def test_a_queue_that_is_full_drops_counts_and_says_so(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    log = ImpressionLog(database, Impressions(queue=3))
    before = _dropped("full")
    for _ in range(5):
        _note(log, "ada")
    assert len(log) == 3
    assert _dropped("full") - before == 2
    assert "not in the log (full)" in caplog.text


def test_lists_wait_while_postgres_is_away_and_are_written_once_when_it_is_back(
    engine: Engine, database: Database
) -> None:
    database.available = False
    log = ImpressionLog(database, Impressions())
    log.start()
    _note(log, "ada")
    time.sleep(0.8)
    assert len(log) == 1
    database.available = True
    eventually(lambda: len(log) == 0)
    log.close(10.0)
    assert [user_id for user_id, _ in _all(engine)] == ["ada"]


def test_lists_are_written_although_postgres_cut_the_connections(engine: Engine, database: Database) -> None:
    log = _writing(engine, database)
    _cut_connections(engine)
    _note(log, "bob")
    eventually(lambda: len(_all(engine)) == 2)
    log.close(10.0)
    assert [user_id for user_id, _ in _all(engine)] == ["ada", "bob"]


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No longer wait for Postgres than a second, as in the service, where it is longer."""
    monkeypatch.setattr("app.serving.impressions._ANSWER_SECONDS", 1.0)
    monkeypatch.setattr("app.serving.database._ENDING_SECONDS", 0.5)
    monkeypatch.setattr(deadline, "_default_seconds", 5.0)
    before = get_wait_callback()
    deadline.install(5.0)
    yield
    set_wait_callback(before)


@pytest.mark.usefixtures("patience")
def test_what_postgres_was_told_while_it_did_not_answer_is_written_once(
    engine: Engine, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write is given up and tried again; then the session that was told of it first goes on."""
    log = _writing(engine, database)
    writer = log._connection._session
    assert isinstance(writer, int)
    refused: list[int] = []

    def end_or_refuse(connection: Connection, process_id: int, seconds: float) -> None:
        try:
            end_session(connection, process_id, seconds)
        except Unavailable:
            refused.append(process_id)
            raise

    monkeypatch.setattr("app.serving.database.end_session", end_or_refuse)
    os.kill(writer, signal.SIGSTOP)
    try:
        _note(log, "bob")
        eventually(lambda: writer in refused)  # no second try succeeds while the first may
        assert len(log) == 1
        assert [user_id for user_id, _ in _all(engine)] == ["ada"]
    finally:
        os.kill(writer, signal.SIGCONT)
    eventually(lambda: len(log) == 0, within=15)
    log.close(10.0)
    assert [user_id for user_id, _ in _all(engine)] == ["ada", "bob"]


def test_what_waits_is_written_at_the_end_although_the_connection_is_dead(
    engine: Engine, database: Database
) -> None:
    log = _writing(engine, database)
    _cut_connections(engine)
    _note(log, "bob")
    log.close(10.0)
    assert [user_id for user_id, _ in _all(engine)] == ["ada", "bob"]


def test_lists_that_come_one_by_one_are_written_together(engine: Engine, database: Database) -> None:
    log = ImpressionLog(database, Impressions())
    log.start()
    began = time.monotonic()
    for number in range(20):
        _note(log, f"u{number}")
        time.sleep(0.06)  # longer than it is between two looks at what waits
    elapsed = time.monotonic() - began
    log.close(10.0)
    with engine.connect() as connection:
        transactions = connection.scalar(text("SELECT count(DISTINCT xmin::text) FROM impressions"))
    assert len(_all(engine)) == 20
    assert 1 <= (transactions or 0) <= elapsed / WRITE_SECONDS + 2


def test_a_batch_whose_commit_was_not_confirmed_is_not_written_twice(
    engine: Engine, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is lost after the commit, before the answer: the worker cannot know that it counts."""
    log = ImpressionLog(database, Impressions())
    _note(log, "ada")
    _note(log, None)
    write, lost = log._write, []

    def write_and_lose(batch):  # type: ignore[no-untyped-def]
        write(batch)
        if not lost:
            lost.append(True)
            raise Unavailable("the connection is lost")

    monkeypatch.setattr(log, "_write", write_and_lose)
    log.start()
    eventually(lambda: len(log) == 0 and bool(lost))
    log.close(10.0)
    assert len(_all(engine)) == 2


def test_what_is_left_when_postgres_stays_away_is_counted_at_the_end(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    database.available = False
    log = ImpressionLog(database, Impressions())
    before = _dropped("stopping")
    for _ in range(4):
        _note(log, "ada")
    log.start()
    log.close(5.0)
    assert _dropped("stopping") - before == 4
    assert "4 lists that were shown are not in the log (stopping)" in caplog.text


def test_a_partition_that_was_dropped_under_a_worker_is_made_again(
    engine: Engine, database: Database
) -> None:
    clock = Clock(NOON)
    log = ImpressionLog(database, Impressions(), clock)
    log.start()
    _note(log, "ada")
    eventually(lambda: len(_all(engine)) == 1)
    with engine.begin() as connection:
        impressions.drop_days(connection, now=NOON + timedelta(days=100), keep_days=1)
    _note(log, "bob")
    eventually(lambda: [user_id for user_id, _ in _all(engine)] == ["bob"])
    log.close(10.0)


def test_nothing_is_written_of_a_person_erased_meanwhile(engine: Engine, database: Database) -> None:
    log = ImpressionLog(database, Impressions())
    _note(log, "gus")
    _note(log, "bob")
    with engine.begin() as connection:
        personal_data.erase(connection, "gus")
    log.start()
    log.close(10.0)
    assert [user_id for user_id, _ in _all(engine)] == ["bob"]


def test_nothing_is_written_of_lists_made_before_the_worker_heard(engine: Engine, database: Database) -> None:
    clock = Clock(NOON)
    log = ImpressionLog(database, Impressions(), clock)
    _note(log, "hal")
    _note(log, "bob")
    log.forget("hal")
    clock.moment = NOON + timedelta(seconds=1)
    _note(log, "hal")  # somebody new by that name
    log.start()
    log.close(10.0)
    assert [user_id for user_id, _ in _all(engine)] == ["bob", "hal"]


def test_a_worker_that_hears_nothing_writes_nothing_of_a_person_erased(
    engine: Engine, database: Database
) -> None:
    """It may have shown them something long after; so it leaves out what may be of the person before."""
    clock = Clock(datetime.now(UTC) + timedelta(minutes=1))
    log = ImpressionLog(database, Impressions(), clock, unheard=lambda: 120.0)
    with engine.begin() as connection:
        personal_data.erase(connection, "ivy")
    _note(log, "ivy")
    _note(log, "bob")
    log.start()
    log.close(10.0)
    assert [user_id for user_id, _ in _all(engine)] == ["bob"]


def test_a_log_that_is_off_keeps_and_writes_nothing(engine: Engine, database: Database) -> None:
    log = ImpressionLog(database, Impressions(log=False))
    _note(log, "ada")
    assert len(log) == 0
    log.start()
    log.close(10.0)
    assert _days(engine) == []


def test_a_worker_hears_within_seconds_of_what_another_has_shown(engine: Engine, database: Database) -> None:
    settings = Impressions(discount=0.5)
    shows, hears = ImpressionLog(database, settings), ImpressionLog(database, settings)
    shows.start()
    hears.start()
    _note(shows, "ada")
    assert shows.shown.factors("ada") == {"🎬": 0.5, "a": 0.5}
    began = time.monotonic()
    eventually(lambda: hears.shown.factors("ada") == {"🎬": 0.5, "a": 0.5}, within=5.0)
    assert time.monotonic() - began < 3.0
    time.sleep(1.5)  # it is read again, and counts once
    assert hears.shown.factors("ada") == shows.shown.factors("ada") == {"🎬": 0.5, "a": 0.5}
    shows.close(10.0)
    hears.close(10.0)

    starts_later = ImpressionLog(database, settings)
    starts_later.start()
    eventually(lambda: starts_later.shown.factors("ada") == {"🎬": 0.5, "a": 0.5}, within=5.0)
    starts_later.close(10.0)
