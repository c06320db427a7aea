"""What becomes of runs whose process has died."""

import pytest
from sqlalchemy import Engine

from marquee.store import runs
from marquee.store.leadership import TRAINING_LOCK, Leadership
from marquee.training.queue import RETRAINING, RETRY, TRAINING, bury_the_dead, enqueue, new_run_id


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
