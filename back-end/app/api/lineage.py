"""From a version to its data and back, and two versions side by side."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Path, Query
from sqlalchemy import Connection

from app.api.routing import problems, router
from app.api.schemas import deployments as schemas
from app.dependencies import READERS, WorkerDep
from marquee.domain.errors import NotFound
from marquee.store import snapshots, versions

routes = router("models")

HashInPath = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="SHA-256 of the sorted rows")]
VersionInQuery = Annotated[int, Query(ge=1, le=2**31 - 1, examples=[3])]


@routes.get(
    "/models/compare",
    responses=problems(401, 403, 404, 422, 503),
    operation_id="compare_models",
    dependencies=[READERS],
)
def compare_models(a: VersionInQuery, b: VersionInQuery, worker: WorkerDep) -> schemas.SideBySide:
    """Two versions side by side: figures, and what their recipes and data differ in."""
    from marquee.lifecycle.side_by_side import (
        compare,
    )  # brings along the registry's client, which workers do not need

    with worker.database.reading() as connection:
        return schemas.SideBySide.model_validate(asdict(compare(connection, a, b)))


@routes.get(
    "/snapshots/{snapshot_hash}",
    responses=problems(401, 403, 404, 422, 503),
    operation_id="get_snapshot",
    dependencies=[READERS],
)
def get_snapshot(snapshot_hash: HashInPath, worker: WorkerDep) -> schemas.Snapshot:
    """Data that versions were trained on: how much, of which time, and which versions."""
    with worker.database.reading() as connection:
        found = snapshot_of(connection, snapshot_hash)
    if found is None:
        raise NotFound(f"The platform has taken no snapshot {snapshot_hash}.")
    return schemas.Snapshot.model_validate(found)


def snapshot_of(connection: Connection, snapshot_hash: str) -> dict[str, Any] | None:
    """A snapshot with the versions that were trained on it, as `schemas.Snapshot` takes it."""
    found = snapshots.get(connection, snapshot_hash)
    if found is None:
        return None
    return {**asdict(found), "versions": versions.of_snapshot(connection, snapshot_hash)}
