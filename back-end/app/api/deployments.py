"""Which model serves, the versions there are, and the way back."""

import os
from dataclasses import asdict
from typing import Annotated

from fastapi import Path
from sqlalchemy import Connection

from app.api.lineage import snapshot_of
from app.api.routing import problems, router
from app.api.schemas import deployments as schemas
from app.dependencies import READERS, Operator, WorkerDep
from app.serving.worker import Worker
from marquee.store import deployment, versions, workers
from marquee.store.versions import ModelVersion

routes = router("models")
VersionInPath = Annotated[int, Path(ge=1, le=2**31 - 1, examples=[3])]


@routes.get(
    "/deployment", responses=problems(401, 403, 503), operation_id="get_deployment", dependencies=[READERS]
)
def get_deployment(worker: WorkerDep) -> schemas.Deployment:
    """The champion, the one before, what this worker serves, and what all of them have in memory."""
    with worker.database.reading() as connection:
        return _deployment(connection, worker)


@routes.post(
    "/deployment/rollback",
    responses=problems(400, 401, 403, 404, 409, 413, 415, 422, 503),
    operation_id="roll_back",
)
def roll_back(body: schemas.RollbackRequest, worker: WorkerDep, caller: Operator) -> schemas.Deployment:
    """Make the previous champion, or another approved version, the champion again.

    Workers follow within moments and refuse nobody. A rollout that goes is aborted.
    """
    # Brings along the registry's client, which workers do not need.
    from marquee.lifecycle.promotion import rollback, rollback_days_of

    with worker.database.engine() as engine:
        rollback(
            engine,
            actor=caller.actor,
            reason=body.reason,
            expected_revision=body.expected_revision,
            to=body.to,
            rollback_days=rollback_days_of(worker.settings.configs_dir / "policy.yaml"),
        )
    return get_deployment(worker)


@routes.get("/models", responses=problems(401, 403, 503), operation_id="list_models", dependencies=[READERS])
def list_models(worker: WorkerDep) -> schemas.ModelVersions:
    """Every version that was registered, newest first, with its figures."""
    with worker.database.reading() as connection:
        champion = deployment.get(connection).champion
        found = versions.list_all(connection)
    return schemas.ModelVersions(versions=[_version(version, champion) for version in found])


@routes.get(
    "/models/{version}",
    responses=problems(401, 403, 404, 422, 503),
    operation_id="get_model",
    dependencies=[READERS],
)
def get_model(version: VersionInPath, worker: WorkerDep) -> schemas.ModelVersionDetail:
    """One version, with its hyperparameters and what it had to show."""
    with worker.database.reading() as connection:
        champion = deployment.get(connection).champion
        found = versions.get(connection, version)
        data = snapshot_of(connection, found.snapshot)
    return schemas.ModelVersionDetail.model_validate(
        {
            **_version(found, champion).model_dump(),
            "hyperparameters": found.hyperparameters,
            "gates": [dict(gate) for gate in found.gates],
            "data": data,
            # Why somebody asked for it is for those who may read the jobs.
            "facts": {name: value for name, value in found.facts.items() if name != "reason"},
        }
    )


def _deployment(connection: Connection, worker: Worker) -> schemas.Deployment:
    now = deployment.get(connection)
    shelf = worker.shelf
    return schemas.Deployment(
        champion=_named(connection, now.champion),
        previous=_named(connection, now.previous),
        deployed_at=now.deployed_at,
        revision=now.revision,
        worker=schemas.ServingWorker(
            pid=os.getpid(),
            version=None if shelf is None else shelf.model.version,
            problem=worker.keeper.problem,
        ),
        workers=[schemas.WorkerInMemory.model_validate(asdict(found)) for found in workers.alive(connection)],
    )


def _named(connection: Connection, version: int | None) -> schemas.Champion | None:
    if version is None:
        return None
    return schemas.Champion(
        version=version, semantic_version=versions.get(connection, version).semantic_version
    )


def _version(found: ModelVersion, champion: int | None) -> schemas.ModelVersion:
    return schemas.ModelVersion.model_validate(
        {
            "version": found.version,
            "semantic_version": found.semantic_version,
            "state": found.state,
            "serving": found.version == champion,
            "created_at": found.created_at,
            "run_id": found.run_id,
            "snapshot": found.snapshot,
            "trained_through": found.trained_through,
            "algorithms": found.algorithms,
            "metrics": found.metrics,
            "served_at": found.served_at,
            "purge_after": found.purge_after,
        }
    )
