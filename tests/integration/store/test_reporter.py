"""What a worker counts while Postgres is away is written when it is back."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from app.serving.bell import Bell
from app.serving.database import Database
from app.serving.reporter import InMemory, Reporter
from app.serving.tallies import Tallies
from app.serving.variants import Arm
from sqlalchemy import Engine, select, text

from marquee.store import tables, workers
from marquee.store.engine import connect, migrate
from tests.support.service import eventually
from tests.support.world import load_world, record_version

ARM = Arm("challenger", 1, 2)


@pytest.fixture
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    """A database of the test's own."""
    engine = connect(new_database(), application_name="tests")
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def database(engine: Engine, tmp_path: Path) -> Iterator[Database]:
    with engine.begin() as connection:
        load_world(connection)
        record_version(connection, 1)
        connection.execute(
            text(
                "INSERT INTO rollouts (rollout_id, challenger, champion, preset, plan, state, salt, "
                "requested_by, reason) OVERRIDING SYSTEM VALUE "
                "VALUES (1, 1, 1, 'canary', '{}', 'canary', 's', 'test', 'test')"
            )
        )
    with Bell(tmp_path / "bell") as bell:
        yield Database(engine, bell)


def _reporter(database: Database, tallies: Tallies) -> Reporter:
    in_memory = InMemory(revision=7, champion=1, challenger=None, problem="it is tired")
    return Reporter("w", datetime.now(UTC), database, lambda: in_memory, (tallies,))


def _requests(engine: Engine) -> list[tuple[int, int]]:
    """(bucket, requests) of the buckets that have any."""
    with engine.connect() as connection:
        rows = connection.scalars(select(tables.rollout_tallies.c.requests)).all()
    return [(bucket, n) for row in rows for bucket, n in enumerate(row) if n]


def test_nothing_is_lost_while_postgres_is_away_and_the_end_writes_all(
    engine: Engine, database: Database
) -> None:
    tallies = Tallies("w")
    reporter = _reporter(database, tallies)
    tallies.count(ARM, 5, 0.002)
    reporter.start()
    eventually(lambda: _requests(engine) == [(5, 1)], within=5)

    database.available = False
    for bucket in (5, 255):
        tallies.count(ARM, bucket, 0.004, error=True)
    reporter.changed()
    reporter.join(0.5)
    assert _requests(engine) == [(5, 1)]
    database.available = True
    eventually(lambda: _requests(engine) == [(5, 2), (255, 1)], within=5)
    with engine.connect() as connection:
        row = connection.execute(select(tables.rollout_tallies)).one()
        assert (row.step, row.variant, row.worker) == (2, "challenger", "w")
        assert (row.errors[5], row.errors[255], sum(row.empty), sum(row.fallback)) == (1, 1, 0, 0)
        assert row.milliseconds[5] == pytest.approx(2 + 4)
        assert row.milliseconds_squared[5] == pytest.approx(4 + 16)
        (found,) = workers.alive(connection)
        assert (found.revision, found.champion, found.problem) == (7, 1, "it is tired")

    tallies.count(ARM, 5, 0.001)
    reporter.close(10)
    assert not reporter.is_alive()
    assert _requests(engine) == [(5, 3), (255, 1)]
    with engine.connect() as connection:
        assert workers.alive(connection) == []


def test_what_postgres_refuses_holds_up_nothing_else(
    engine: Engine, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    tallies, wrong = Tallies("w"), Tallies("w")
    in_memory = InMemory(1, 1, None, None)
    reporter = Reporter("w", datetime.now(UTC), database, lambda: in_memory, (wrong, tallies))
    wrong.count(Arm("challenger", 99, 1), 0, 0.001)  # of a rollout that there is not
    tallies.count(ARM, 1, 0.001)
    reporter.start()
    eventually(lambda: _requests(engine) == [(1, 1)], within=5)
    reporter.close(10)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        "A report was refused."
    ]
