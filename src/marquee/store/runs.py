"""Runs of jobs, with their state, their log and what came of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, func, insert, select, text, update

from marquee.domain.errors import NotFound
from marquee.store.tables import job_log, job_runs

State = Literal["queued", "running", "succeeded", "failed"]
CHANNEL = "marquee_runs"
POSTPONED = "warning"  # the level of the log lines by which a run says that it was put back into the queue


@dataclass(frozen=True, slots=True)
class Run:
    run_id: str
    kind: str
    trigger: str
    state: str
    requested_by: str
    reason: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    step: str | None
    progress: float | None
    error: str | None
    model_version: int | None
    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LogLine:
    seq: int
    at: datetime
    level: str
    message: str


def request(
    connection: Connection, *, run_id: str, kind: str, trigger: str, requested_by: str, reason: str = ""
) -> Run:
    """Queue a run; the retraining service's leader starts it."""
    connection.execute(
        insert(job_runs).values(
            run_id=run_id,
            kind=kind,
            trigger=trigger,
            state="queued",
            requested_by=requested_by,
            reason=reason,
        )
    )
    connection.execute(text(f"NOTIFY {CHANNEL}"))
    return get(connection, run_id)


def get(connection: Connection, run_id: str) -> Run:
    """Raises NotFound."""
    row = connection.execute(select(job_runs).where(job_runs.c.run_id == run_id)).first()
    if row is None:
        raise NotFound(f"There is no run {run_id}.", hint="The list of runs shows those there are.")
    return Run(**row._mapping)


def list_page(connection: Connection, *, limit: int, before: tuple[datetime, str] | None = None) -> list[Run]:
    """Newest first; `before` is (created_at, run_id) of the last one already had."""
    query = select(job_runs).order_by(job_runs.c.created_at.desc(), job_runs.c.run_id.desc()).limit(limit)
    if before is not None:
        query = query.where(text("(created_at, run_id) < (:at, :run)")).params(at=before[0], run=before[1])
    return [Run(**row._mapping) for row in connection.execute(query)]


def in_state(connection: Connection, state: State, *, kind: str | None = None) -> list[Run]:
    """Oldest first."""
    query = (
        select(job_runs).where(job_runs.c.state == state).order_by(job_runs.c.created_at, job_runs.c.run_id)
    )
    if kind is not None:
        query = query.where(job_runs.c.kind == kind)
    return [Run(**row._mapping) for row in connection.execute(query)]


def start(connection: Connection, run_id: str) -> bool:
    """Take a queued run; False when somebody else has."""
    result = connection.execute(
        update(job_runs)
        .where(job_runs.c.run_id == run_id, job_runs.c.state == "queued")
        .values(state="running", started_at=func.now())
    )
    return bool(result.rowcount)


def requeue(connection: Connection, run_id: str, why: str) -> None:
    """Put a run that has not ended back into the queue; the log says why, and counts as a postponement."""
    connection.execute(
        update(job_runs)
        .where(job_runs.c.run_id == run_id, job_runs.c.state.in_(["queued", "running"]))
        .values(state="queued", started_at=None, step="waits to be tried again", progress=None)
    )
    log(connection, run_id, why, level=POSTPONED)


def postponements(connection: Connection, run_id: str) -> tuple[int, datetime | None]:
    """How often a run was put back into the queue, and when last."""
    row = connection.execute(
        select(func.count(), func.max(job_log.c.at)).where(
            job_log.c.run_id == run_id, job_log.c.level == POSTPONED
        )
    ).one()
    return row[0], row[1]


def report(connection: Connection, run_id: str, *, step: str, progress: float | None) -> None:
    """Say where a running run is: the step's name and the share done, 0 to 1."""
    connection.execute(
        update(job_runs).where(job_runs.c.run_id == run_id).values(step=step, progress=progress)
    )


def succeed(
    connection: Connection, run_id: str, *, model_version: int | None, result: Mapping[str, Any]
) -> None:
    _finish(
        connection, run_id, state="succeeded", model_version=model_version, result=dict(result), progress=1.0
    )


def fail(connection: Connection, run_id: str, error: str) -> bool:
    """End a run that has not ended, with its reason in one line; False when it had."""
    return _finish(connection, run_id, state="failed", error=error)


def log(connection: Connection, run_id: str, message: str, *, level: str = "info") -> None:
    connection.execute(insert(job_log).values(run_id=run_id, level=level, message=message.replace("\0", "�")))


def log_lines(connection: Connection, run_id: str, *, after: int = 0, limit: int = 1000) -> list[LogLine]:
    """A run's log, oldest first, from behind line `after`."""
    rows = connection.execute(
        select(job_log.c.seq, job_log.c.at, job_log.c.level, job_log.c.message)
        .where(job_log.c.run_id == run_id, job_log.c.seq > after)
        .order_by(job_log.c.seq)
        .limit(limit)
    )
    return [LogLine(**row._mapping) for row in rows]


def _finish(connection: Connection, run_id: str, **values: object) -> bool:
    result = connection.execute(
        update(job_runs)
        .where(job_runs.c.run_id == run_id, job_runs.c.state.in_(["queued", "running"]))
        .values(finished_at=func.now(), **values)
    )
    return bool(result.rowcount)
