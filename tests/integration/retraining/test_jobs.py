"""The scheduler's jobs against a real Postgres: what a leader queues, and that a follower queues nothing."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
from retraining.jobs import Jobs
from retraining.outages import MLFLOW_ERRORS, POSTGRES_ERRORS, Outage
from retraining.status import Metrics, Status
from sqlalchemy import Engine

from marquee.domain.records import Rating
from marquee.registry.client import RegistryClient
from marquee.settings import MlflowConnection, Policy, Serving
from marquee.settings.policy import Gates, Triggers
from marquee.store import deployment, items, ratings, runs
from marquee.store.runs import Run
from marquee.training.queue import enqueue
from tests.support.world import load_world, record_version

POLICY = Policy(triggers=Triggers(cron="0 3 * * *", new_ratings=2), gates=Gates())
NOWHERE = MlflowConnection("http://127.0.0.1:9", "marquee", "x")


@pytest.fixture(autouse=True)
def two_ratings(engine: Engine) -> None:
    with engine.begin() as connection:
        for run in runs.in_state(connection, "queued"):
            runs.succeed(connection, run.run_id, model_version=None, result={})
        items.ensure(connection, ["a", "b"])
        for item in ("a", "b"):
            ratings.put(connection, Rating("ada", item, 4.0, datetime(2026, 1, 1, tzinfo=UTC)))


def _jobs(engine: Engine, status: Status, *, now: datetime | None = None) -> Jobs:
    postgres = Outage("Postgres", POSTGRES_ERRORS, lambda reason: setattr(status, "postgres", reason))
    clock = (lambda: now) if now else (lambda: datetime.now(UTC))
    mlflow = Outage("MLflow", MLFLOW_ERRORS, lambda reason: setattr(status, "mlflow", reason))
    metrics, registry = Metrics(status), RegistryClient(NOWHERE)
    return Jobs(engine, registry, POLICY, status, metrics, postgres, mlflow, clock, serving=Serving())


def _leader() -> Status:
    status = Status()
    status.leading.set()
    return status


def _queued(engine: Engine) -> list[Run]:
    with engine.connect() as connection:
        return runs.in_state(connection, "queued")


def test_new_ratings_queue_one_run_however_often_they_are_counted(engine: Engine) -> None:
    jobs = _jobs(engine, _leader())
    jobs.new_data()
    jobs.new_data()
    (run,) = _queued(engine)
    assert (run.trigger, run.reason) == ("new data", "2 new ratings since the newest version was trained.")


def test_a_schedule_queues_nothing_while_a_run_waits(engine: Engine) -> None:
    jobs = _jobs(engine, _leader())
    jobs.new_data()
    jobs.schedule()
    assert [run.trigger for run in _queued(engine)] == ["new data"]


def test_a_follower_queues_nothing(engine: Engine) -> None:
    jobs = _jobs(engine, Status())
    jobs.schedule()
    jobs.new_data()
    jobs.mirror()
    jobs.mirror_tags()
    jobs.conduct()
    jobs.retire()
    jobs.prune()
    assert _queued(engine) == []


def test_a_new_leader_makes_up_for_a_missed_schedule(engine: Engine) -> None:
    with engine.begin() as connection:
        last = enqueue(connection, trigger="api", requested_by="ada")
        runs.succeed(connection, last.run_id, model_version=None, result={})
    at_three = last.created_at.replace(hour=3, minute=0) + timedelta(days=1)
    _jobs(engine, _leader(), now=at_three + timedelta(hours=1)).catch_up()
    (run,) = _queued(engine)
    assert run.trigger == "schedule"


def test_every_job_is_in_the_schedule(engine: Engine) -> None:
    scheduler = _jobs(engine, Status()).scheduler()
    assert {job.id for job in scheduler.get_jobs()} == {
        "schedule",
        "new data",
        "mirror",
        "mirror tags",
        "conduct",
        "retire",
        "prune",
    }


def test_without_mlflow_the_mirror_says_so_once_and_goes_on(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    with engine.begin() as connection:
        load_world(connection)
        record_version(connection, 1)
        deployment.set_champion(
            connection, 1, expected_revision=0, actor="ada", action="promote", reason="", evidence={}
        )
    status = _leader()
    jobs = _jobs(engine, status)
    with caplog.at_level(logging.INFO, "retraining"):
        jobs.mirror()
        jobs.mirror()
    assert status.mlflow is not None
    assert "http://127.0.0.1:9 cannot be reached" in status.mlflow
    assert status.postgres is None
    assert len(caplog.messages) == 1
