"""Runs that wait for the retraining service, and what becomes of those whose process died."""

import time
from datetime import datetime, timedelta

import uuid_utils
from sqlalchemy import Connection, Engine

from marquee.store import runs
from marquee.store.leadership import TRAINING_LOCK, Leadership
from marquee.store.runs import Run

RETRAINING = "retraining"  # the kind of runs that are queued, and started by the retraining service
TRAINING = "training"  # the kind of runs that somebody starts here and now
RETRY = "retry"  # the trigger of a run that makes up for an interrupted one
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (10, 30, 120, 600, 1800))  # before each new try


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


def postpone(connection: Connection, run_id: str, reason: str) -> bool:
    """Queue a run again that failed only because a server did not answer; after `PAUSES` it fails for good.

    Returns:
        Whether it waits in the queue again.
    """
    tries, _ = runs.postponements(connection, run_id)
    if tries == len(PAUSES):
        error = f"{reason} It was tried {tries + 1} times."
        runs.log(connection, run_id, error, level="error")
        runs.fail(connection, run_id, error)
        return False
    pause = int(PAUSES[tries].total_seconds())
    again = f"It is tried again in {pause} s (try {tries + 2} of {len(PAUSES) + 1})."
    runs.requeue(connection, run_id, f"{reason} {again}")
    return True


def is_due(connection: Connection, run_id: str, now: datetime) -> bool:
    """Whether a queued run need not wait any longer; only one that was postponed has to."""
    tries, last = runs.postponements(connection, run_id)
    return last is None or now >= last + PAUSES[tries - 1]


def next_due(connection: Connection, now: datetime) -> Run | None:
    """The run of the queue that is to start next."""
    waiting = runs.in_state(connection, "queued", kind=RETRAINING)
    return next((run for run in waiting if is_due(connection, run.run_id, now)), None)


def bury_the_dead(engine: Engine, cause: str, *, patience: float = 0.0, blameless: bool = False) -> list[Run]:
    """Fail the runs that are said to be running while no process trains; returns them as they were.

    A training holds a lock in Postgres as long as its process lives. So when the lock is free, whatever
    still says `running` died without a word. A run of the queue that was interrupted is queued once more; one
    that already makes up for another is not.

    Args:
        cause: what is known of the death, in a few words.
        patience: for how many seconds to wait for the lock: Postgres notices the end of a process when it
            sees the end of its connection.
        blameless: the run cannot have been the cause, so one that makes up for another is queued again too.
    """
    with engine.connect() as connection:
        if not runs.in_state(connection, "running"):
            return []  # and nobody who begins meanwhile finds the lock taken
    deadline = time.monotonic() + patience
    lock = Leadership(engine, TRAINING_LOCK)
    while not lock.acquire():
        if time.monotonic() >= deadline:
            return []
        time.sleep(0.05)
    try:
        return _bury(engine, f"interrupted: {cause}", blameless)
    finally:
        lock.release()


def _bury(engine: Engine, reason: str, blameless: bool) -> list[Run]:
    with engine.begin() as connection:
        dead = runs.in_state(connection, "running")
        for run in dead:
            runs.log(connection, run.run_id, reason, level="error")
            runs.fail(connection, run.run_id, reason)
            if run.kind == RETRAINING and (blameless or run.trigger != RETRY):
                _make_up_for(connection, run)
    return dead


def _make_up_for(connection: Connection, run: Run) -> None:
    reason = f"Run {run.run_id} was interrupted."
    enqueue(connection, trigger=RETRY, requested_by=run.requested_by, reason=reason)
