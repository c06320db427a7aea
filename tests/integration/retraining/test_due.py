"""When a training is due, asked of a real Postgres."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from retraining.triggers import (
    GRACE,
    LONGEST_PAUSE,
    PAUSE_AFTER_FAILURE,
    cron_trigger,
    enough_new_ratings,
    is_busy,
    missed,
)
from sqlalchemy import Connection, Engine

from marquee.domain.records import Rating
from marquee.store import items, ratings, runs, snapshots
from marquee.training.queue import enqueue
from tests.support.world import SNAPSHOT, record_version

RATED_AT = datetime(2026, 1, 1, tzinfo=UTC)
HOURLY = cron_trigger("0 * * * *")


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """A transaction that leaves nothing behind; `now()` in it is the moment it began."""
    with engine.connect() as connection:
        yield connection
        connection.rollback()


def _rate(connection: Connection, count: int) -> None:
    names = [f"i{number}" for number in range(count)]
    items.ensure(connection, names)
    for name in names:
        ratings.put(connection, Rating("ada", name, 4.0, RATED_AT))


def _snapshot(connection: Connection, taken_at: datetime) -> None:
    snapshots.record(
        connection,
        hash=SNAPSHOT,
        ratings=1,
        users=1,
        items=1,
        first_rated_at=RATED_AT,
        trained_through=RATED_AT,
        taken_at=taken_at,
    )


def test_enough_ratings_are_counted_from_the_data_of_the_newest_version(connection: Connection) -> None:
    now = datetime.now(UTC)
    _rate(connection, 3)
    assert enough_new_ratings(connection, 3, now) == 3
    assert enough_new_ratings(connection, 4, now) is None
    _snapshot(connection, now - timedelta(hours=1))
    record_version(connection, 1)
    assert enough_new_ratings(connection, 3, now) == 3
    _snapshot(connection, now + timedelta(seconds=1))
    assert enough_new_ratings(connection, 1, now) is None


def test_ratings_that_a_training_took_which_came_to_nothing_are_new_still(connection: Connection) -> None:
    now = datetime.now(UTC)
    _rate(connection, 3)
    _snapshot(connection, now + timedelta(seconds=1))
    assert enough_new_ratings(connection, 3, now) == 3


def test_after_a_failure_new_ratings_wait_a_while(connection: Connection) -> None:
    _rate(connection, 3)
    for pause in (PAUSE_AFTER_FAILURE, 2 * PAUSE_AFTER_FAILURE, 4 * PAUSE_AFTER_FAILURE):
        run = enqueue(connection, trigger="new data", requested_by="test")
        runs.fail(connection, run.run_id, "MLflow was away")
        failed_at = runs.get(connection, run.run_id).finished_at
        assert failed_at is not None
        assert enough_new_ratings(connection, 3, failed_at + 0.9 * pause) is None
        assert enough_new_ratings(connection, 3, failed_at + 1.1 * pause) == 3
    for _ in range(10):
        run = enqueue(connection, trigger="new data", requested_by="test")
        runs.fail(connection, run.run_id, "MLflow was away")
    assert enough_new_ratings(connection, 3, failed_at + 0.9 * LONGEST_PAUSE) is None
    assert enough_new_ratings(connection, 3, failed_at + 1.1 * LONGEST_PAUSE) == 3


def test_it_is_busy_while_a_run_waits_or_runs(connection: Connection) -> None:
    assert not is_busy(connection)
    run = enqueue(connection, trigger="api", requested_by="test")
    assert is_busy(connection)
    runs.start(connection, run.run_id)
    assert is_busy(connection)
    runs.fail(connection, run.run_id, "it broke")
    assert not is_busy(connection)


def test_a_schedule_is_missed_when_it_fell_due_since_the_last_run(connection: Connection) -> None:
    assert not missed(connection, HOURLY, datetime.now(UTC)), "without any run nothing was missed"
    last = enqueue(connection, trigger="schedule", requested_by="test").created_at
    next_hour = last.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    assert not missed(connection, HOURLY, next_hour - timedelta(seconds=1))
    assert missed(connection, HOURLY, next_hour + timedelta(minutes=10))


def test_what_was_missed_long_ago_is_not_made_up_for(connection: Connection) -> None:
    last = enqueue(connection, trigger="schedule", requested_by="test").created_at
    due = last + timedelta(minutes=2)
    yearly = cron_trigger(f"{due.minute} {due.hour} {due.day} {due.month} *")
    assert missed(connection, yearly, due + GRACE / 2)
    assert not missed(connection, yearly, due + GRACE + timedelta(minutes=2))
