"""Runs of jobs: list, look at one, read its log, ask for one; and the audit log."""

from datetime import datetime
from typing import Annotated

from fastapi import Body, Path, Query
from pydantic import BeforeValidator, Field, TypeAdapter

from app.api.cursors import decode_cursor, encode_cursor
from app.api.routing import problems, router
from app.api.schemas.fields import Cursor, PageLimit, Text, decoded_id
from app.api.schemas.jobs import (
    AuditEntry,
    AuditLog,
    AuditVerdict,
    JobLog,
    JobRun,
    JobRuns,
    LogLine,
    RunRequest,
)
from app.dependencies import OPERATORS, Operator, WorkerDep
from marquee.domain.clock import system_clock
from marquee.store import audit, audit_check, runs
from marquee.store.runs import Run
from marquee.training.queue import enqueue

routes = router("jobs")

RunId = Annotated[str, BeforeValidator(decoded_id), Path(examples=["019a8b2e-6c1f-7d3a-9f52-0b6f3c1d2e4f"])]
AuditHash = Annotated[
    str | None,
    Query(pattern=r"^[0-9a-f]{64}$", description="a hash that was the head once; is it there?"),
]
_RUN_POSITION = TypeAdapter(tuple[datetime, Text])
_AUDIT_POSITION = TypeAdapter(Annotated[int, Field(ge=0, le=2**63 - 1)])


@routes.get(
    "/jobs", responses=problems(401, 403, 422, 503), operation_id="list_runs", dependencies=[OPERATORS]
)
def list_runs(worker: WorkerDep, limit: PageLimit = 50, cursor: Cursor = None) -> JobRuns:
    """Runs, newest first."""
    before = None if cursor is None else decode_cursor(cursor, _RUN_POSITION)
    with worker.database.reading() as connection:
        found = runs.list_page(connection, limit=limit + 1, before=before)
    page = found[:limit]
    last = page[-1] if len(found) > limit else None
    return JobRuns(
        runs=[_run(run) for run in page],
        next_cursor=None if last is None else encode_cursor((last.created_at, last.run_id)),
    )


@routes.post(
    "/jobs/retraining/runs",
    status_code=202,
    responses=problems(400, 401, 403, 413, 415, 422, 503),
    operation_id="request_retraining",
)
def request_retraining(
    worker: WorkerDep, caller: Operator, body: Annotated[RunRequest | None, Body()] = None
) -> JobRun:
    """Ask for a training now. The retraining service starts it; the answer is the queued run."""
    with worker.database.writing() as connection:
        run = enqueue(
            connection, trigger="api", requested_by=caller.actor, reason="" if body is None else body.reason
        )
    return _run(run)


@routes.get(
    "/jobs/runs/{run_id}",
    responses=problems(401, 403, 404, 422, 503),
    operation_id="get_run",
    dependencies=[OPERATORS],
)
def get_run(run_id: RunId, worker: WorkerDep) -> JobRun:
    """One run, as it stands."""
    with worker.database.reading() as connection:
        return _run(runs.get(connection, run_id))


@routes.get(
    "/jobs/runs/{run_id}/log",
    responses=problems(401, 403, 404, 422, 503),
    operation_id="get_run_log",
    dependencies=[OPERATORS],
)
def get_run_log(
    run_id: RunId, worker: WorkerDep, after: Annotated[int, Query(ge=0, le=2**63 - 1)] = 0
) -> JobLog:
    """A run's log, oldest first, from behind line `after`; at most 1,000 lines at a time."""
    with worker.database.reading() as connection:
        runs.get(connection, run_id)
        lines = runs.log_lines(connection, run_id, after=after)
    return JobLog(lines=[LogLine.model_validate(line, from_attributes=True) for line in lines])


@routes.get(
    "/audit", responses=problems(401, 403, 422, 503), operation_id="list_audit", dependencies=[OPERATORS]
)
def list_audit(worker: WorkerDep, limit: PageLimit = 50, cursor: Cursor = None) -> AuditLog:
    """Who changed what serves, when and why; newest first."""
    before = None if cursor is None else decode_cursor(cursor, _AUDIT_POSITION)
    with worker.database.reading() as connection:
        found = audit.latest(connection, limit=limit + 1, before=before)
    page = found[:limit]
    return AuditLog(
        entries=[AuditEntry.model_validate(entry, from_attributes=True) for entry in page],
        next_cursor=encode_cursor(page[-1].id) if len(found) > limit else None,
    )


@routes.get(
    "/audit/verify",
    responses=problems(401, 403, 422, 503),
    operation_id="verify_audit",
    dependencies=[OPERATORS],
)
def verify_audit(worker: WorkerDep, head: AuditHash = None) -> AuditVerdict:
    """Hash every row of the audit log again, and look for what is noted of it elsewhere."""
    with worker.database.reading() as connection:
        found = audit_check.check(connection, head=head)
    return AuditVerdict(
        intact=found.is_whole,
        rows=found.rows,
        head=found.head,
        first_broken=found.first_broken,
        faults=list(found.faults),
    )


def _run(run: Run) -> JobRun:
    """A run as it goes out; while it runs, its duration is counted up to now."""
    ended = run.finished_at or system_clock()
    seconds = None if run.started_at is None else max(0.0, (ended - run.started_at).total_seconds())
    fields = {name: getattr(run, name) for name in JobRun.model_fields if name != "duration_seconds"}
    return JobRun.model_validate({**fields, "duration_seconds": seconds})
