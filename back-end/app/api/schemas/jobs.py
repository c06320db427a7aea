"""Runs of jobs."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, JsonValue

from app.api.schemas.fields import Answer, Message, NextCursor, ReasonIfAny


class JobRun(Answer):
    run_id: str
    kind: str = Field(examples=["retraining"])
    trigger: str = Field(description="what asked for it", examples=["api"])
    state: Literal["queued", "running", "succeeded", "failed"]
    requested_by: str
    reason: str
    created_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    duration_seconds: float | None = Field(description="from its start to its end, or to now")
    step: str | None = Field(description="what it does at the moment, or did last")
    progress: float | None = Field(description="the share done, 0 to 1")
    error: str | None = Field(description="why it failed")
    model_version: int | None = Field(description="the version it registered")
    result: dict[str, JsonValue]


class JobRuns(Answer):
    """Newest first."""

    runs: list[JobRun]
    next_cursor: NextCursor


class RunRequest(Message):
    reason: Annotated[ReasonIfAny, Field(examples=["new films since Monday"])] = ""


class LogLine(Answer):
    seq: int = Field(description="grows; give the last one as `after` to have the lines behind it")
    at: AwareDatetime
    level: str
    message: str


class JobLog(Answer):
    lines: list[LogLine]


class AuditEntry(Answer):
    """One change of what serves; each row holds the hash of the row before."""

    id: int
    at: AwareDatetime
    actor: str
    action: str
    subject: str
    reason: str
    evidence: dict[str, JsonValue]
    previous_hash: str
    hash: str


class AuditVerdict(Answer):
    """Whether every row still stands as it was written."""

    intact: bool
    rows: int
    head: str = Field(description="hash of the last row; keep it, to find later that rows were cut off")
    first_broken: int | None = Field(description="the first row that was changed, or stands behind a gap")
    faults: list[str] = Field(description="what is wrong, in sentences")


class AuditLog(Answer):
    """Newest first."""

    entries: list[AuditEntry]
    next_cursor: NextCursor
