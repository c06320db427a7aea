"""Runs that wait for the retraining service, and what becomes of those whose process died."""

import time

import uuid_utils
from sqlalchemy import Connection, Engine

from marquee.store import runs
from marquee.store.leadership import TRAINING_LOCK, Leadership
from marquee.store.runs import Run

RETRAINING = "retraining"  # the kind of runs that are queued, and started by the retraining service
TRAINING = "training"  # the kind of runs that somebody starts here and now
RETRY = "retry"  # the trigger of a run that makes up for an interrupted one


def new_run_id() -> str:
    """A UUIDv7: runs sort by their ids."""
    return str(uuid_utils.uuid7())


def enqueue(connection: Connection, *, trigger: str, requested_by: str, reason: str = "") -> Run:
    """Ask the retraining service for a run."""
    return runs.request(
        connection,
        run_id=new_run_id(),
        kind=RETRAINING,
        trigger=trigger,
        requested_by=requested_by,
        reason=reason,
    )


def bury_the_dead(engine: Engine, cause: str, *, patience: float = 0.0) -> list[Run]:
    """Fail the runs that are said to be running while no process trains; returns them as they were.

    A training holds a lock in Postgres as long as its process lives. So when the lock is free, whatever
    still says `running` died without a word. A run of the queue that was interrupted is queued once more; one
    that already makes up for another is not.

    Args:
        cause: what is known of the death, in a few words.
        patience: for how many seconds to wait for the lock: Postgres notices the end of a process when it
            sees the end of its connection.
    """
    deadline = time.monotonic() + patience
    lock = Leadership(engine, TRAINING_LOCK)
    while not lock.acquire():
        if time.monotonic() >= deadline:
            return []
        time.sleep(0.05)
    try:
        return _bury(engine, f"interrupted: {cause}")
    finally:
        lock.release()


def _bury(engine: Engine, reason: str) -> list[Run]:
    with engine.begin() as connection:
        dead = runs.in_state(connection, "running")
        for run in dead:
            runs.log(connection, run.run_id, reason, level="error")
            runs.fail(connection, run.run_id, reason)
            _make_up_for(connection, run)
    return dead


def _make_up_for(connection: Connection, run: Run) -> None:
    if run.kind == RETRAINING and run.trigger != RETRY:
        reason = f"Run {run.run_id} was interrupted."
        enqueue(connection, trigger=RETRY, requested_by=run.requested_by, reason=reason)
