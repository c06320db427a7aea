"""What becomes of runs whose process has died."""

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from marquee.domain.errors import Unavailable, Unreachable
from marquee.settings import load_settings
from marquee.store import runs
from marquee.store.leadership import TRAINING_LOCK, Leadership
from marquee.training import job, queue
from marquee.training.queue import (
    PAUSES,
    RETRAINING,
    RETRY,
    TRAINING,
    bury_the_dead,
    enqueue,
    new_run_id,
    next_due,
    postpone,
)


def _running(engine: Engine, kind: str, trigger: str) -> str:
    run_id = new_run_id()
    with engine.begin() as connection:
        runs.request(connection, run_id=run_id, kind=kind, trigger=trigger, requested_by="ada")
        runs.start(connection, run_id)
    return run_id


def _queued(engine: Engine) -> list[runs.Run]:
    with engine.connect() as connection:
        return runs.in_state(connection, "queued")


@pytest.fixture(autouse=True)
def empty_queue(engine: Engine) -> None:
    with engine.begin() as connection:
        for run in runs.in_state(connection, "queued"):
            runs.fail(connection, run.run_id, "tidied away")


def test_while_nothing_runs_the_lock_of_trainings_is_left_alone(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever begins to train at that moment would be told that another does."""
    monkeypatch.delattr(queue, "Leadership")
    assert bury_the_dead(engine, "it was killed") == []


def test_a_dead_run_of_the_queue_fails_and_is_queued_once_more(engine: Engine) -> None:
    run_id = _running(engine, RETRAINING, "api")
    assert [run.run_id for run in bury_the_dead(engine, "it was killed")] == [run_id]
    with engine.connect() as connection:
        run = runs.get(connection, run_id)
        assert [line.message for line in runs.log_lines(connection, run_id)] == ["interrupted: it was killed"]
    assert (run.state, run.error) == ("failed", "interrupted: it was killed")
    (again,) = _queued(engine)
    assert (again.trigger, again.requested_by) == (RETRY, "ada")
    assert run_id in again.reason


def test_a_run_that_makes_up_for_another_is_not_queued_again(engine: Engine) -> None:
    _running(engine, RETRAINING, RETRY)
    assert len(bury_the_dead(engine, "it was killed")) == 1
    assert _queued(engine) == []


def test_a_run_that_somebody_started_by_hand_is_not_queued(engine: Engine) -> None:
    _running(engine, TRAINING, "command line")
    assert len(bury_the_dead(engine, "it was killed")) == 1
    assert _queued(engine) == []


def test_while_a_process_trains_nothing_counts_as_dead(engine: Engine) -> None:
    run_id = _running(engine, RETRAINING, "api")
    lock = Leadership(engine, TRAINING_LOCK)
    assert lock.acquire()
    assert bury_the_dead(engine, "it was killed") == []
    lock.release()
    assert [run.run_id for run in bury_the_dead(engine, "it was killed")] == [run_id]


def test_runs_that_wait_are_left_in_peace(engine: Engine) -> None:
    with engine.begin() as connection:
        waiting = enqueue(connection, trigger="api", requested_by="ada")
    assert bury_the_dead(engine, "it was killed") == []
    assert [run.run_id for run in _queued(engine)] == [waiting.run_id]


def test_a_run_that_makes_up_for_another_is_queued_again_where_it_cannot_be_the_cause(engine: Engine) -> None:
    _running(engine, RETRAINING, RETRY)
    assert len(bury_the_dead(engine, "the service was stopped", blameless=True)) == 1
    assert [run.trigger for run in _queued(engine)] == [RETRY]


def test_a_postponed_run_waits_longer_each_time_and_fails_in_the_end(engine: Engine) -> None:
    run_id = _running(engine, RETRAINING, "api")
    for pause in PAUSES:
        with engine.begin() as connection:
            assert postpone(connection, run_id, "MLflow did not answer.")
        with engine.connect() as connection:
            put_back = runs.log_lines(connection, run_id)[-1].at
            assert next_due(connection, put_back + 0.9 * pause) is None
            due = next_due(connection, put_back + pause)
            assert due is not None
            assert (due.run_id, due.state, due.started_at) == (run_id, "queued", None)
    with engine.begin() as connection:
        assert not postpone(connection, run_id, "MLflow did not answer.")
        run = runs.get(connection, run_id)
    assert (run.state, run.error) == (
        "failed",
        f"MLflow did not answer. It was tried {len(PAUSES) + 1} times.",
    )


def test_a_postponed_run_does_not_hold_up_the_others(engine: Engine) -> None:
    run_id = _running(engine, RETRAINING, "api")
    with engine.begin() as connection:
        postpone(connection, run_id, "MLflow did not answer.")
        other = enqueue(connection, trigger="api", requested_by="ada")
        due = next_due(connection, other.created_at)
    assert due is not None
    assert due.run_id == other.run_id


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (Unreachable("MLflow did not answer."), "queued"),
        (OperationalError("SELECT 1", {}, Exception("the server closed the connection")), "queued"),
        (Unavailable("The disk is full."), "failed"),
    ],
)
def test_a_training_that_a_server_went_away_from_goes_back_to_the_queue(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, error: Exception, state: str
) -> None:
    def train(*_: object) -> None:
        raise error

    monkeypatch.setattr(job, "train", train)
    monkeypatch.setattr(job, "context_of", lambda *_: None)
    with engine.begin() as connection:
        run_id = enqueue(connection, trigger="api", requested_by="ada").run_id
    with pytest.raises(type(error)):
        job.run_queued(load_settings({}), engine, run_id, lambda _message, _share: None)
    with engine.connect() as connection:
        assert runs.get(connection, run_id).state == state
