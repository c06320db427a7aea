"""Rollouts: list, look at one, start, advance, abort; and the policy that they go by."""

from typing import Annotated

from fastapi import Path
from pydantic import Field, TypeAdapter
from sqlalchemy import Connection

from app.api.configured import policy_of
from app.api.cursors import decode_cursor, encode_cursor
from app.api.routing import problems, router
from app.api.schemas import rollouts as schemas
from app.api.schemas.fields import Cursor, PageLimit
from app.dependencies import READERS, Operator, WorkerDep
from app.serving.worker import Worker
from marquee.store import outcomes, rollouts

routes = router("rollouts")

RolloutId = Annotated[int, Path(ge=1, le=2**31 - 1, examples=[7])]
_POSITION = TypeAdapter(Annotated[int, Field(ge=0, le=2**31 - 1)])
_WRITING = problems(400, 401, 403, 404, 409, 413, 415, 422, 503)


@routes.get(
    "/rollouts",
    responses=problems(401, 403, 422, 503),
    operation_id="list_rollouts",
    dependencies=[READERS],
)
def list_rollouts(worker: WorkerDep, limit: PageLimit = 50, cursor: Cursor = None) -> schemas.RolloutPage:
    """Rollouts, newest first."""
    before = None if cursor is None else decode_cursor(cursor, _POSITION)
    with worker.database.reading() as connection:
        found = rollouts.list_page(connection, limit=limit + 1, before=before)
    page = found[:limit]
    return schemas.RolloutPage(
        rollouts=[schemas.Rollout.model_validate(one, from_attributes=True) for one in page],
        next_cursor=encode_cursor(page[-1].rollout_id) if len(found) > limit else None,
    )


@routes.post("/rollouts", status_code=201, responses=_WRITING, operation_id="start_rollout")
def start_rollout(body: schemas.RolloutRequest, worker: WorkerDep, caller: Operator) -> schemas.RolloutDetail:
    """Roll an approved version out, by a preset of policy.yaml. One rollout goes at a time."""
    from marquee.lifecycle.rollouts import start

    policy = policy_of(worker)
    with worker.database.engine() as engine:
        started = start(
            engine,
            body.version,
            preset=body.preset,
            policy=policy,
            actor=caller.actor,
            reason=body.reason,
        )
    return _look(worker, started.rollout_id)


@routes.get(
    "/rollouts/{rollout_id}",
    responses=problems(400, 401, 403, 404, 422, 503),
    operation_id="get_rollout",
    dependencies=[READERS],
)
def get_rollout(rollout_id: RolloutId, worker: WorkerDep) -> schemas.RolloutDetail:
    """One rollout, with its steps, what the judge said last, and what the shadow has shown."""
    return _look(worker, rollout_id)


@routes.post("/rollouts/{rollout_id}/advance", responses=_WRITING, operation_id="advance_rollout")
def advance_rollout(
    rollout_id: RolloutId, body: schemas.RolloutAdvance, worker: WorkerDep, caller: Operator
) -> schemas.RolloutDetail:
    """Take a rollout to its next stage without waiting for the judge; after the last, to champion.

    To champion only with the verdict `better` or `not worse`, or with `overrule`.
    """
    from marquee.lifecycle.rollouts import advance

    with worker.database.engine() as engine:
        advance(
            engine,
            rollout_id,
            actor=caller.actor,
            reason=body.reason,
            expected_revision=body.expected_revision,
            overrule=body.overrule,
        )
    return _look(worker, rollout_id)


@routes.post("/rollouts/{rollout_id}/abort", responses=_WRITING, operation_id="abort_rollout")
def abort_rollout(
    rollout_id: RolloutId, body: schemas.RolloutAbort, worker: WorkerDep, caller: Operator
) -> schemas.RolloutDetail:
    """End a rollout: the champion serves everybody."""
    from marquee.lifecycle.rollouts import abort

    with worker.database.engine() as engine:
        abort(
            engine,
            rollout_id,
            actor=caller.actor,
            reason=body.reason,
            expected_revision=body.expected_revision,
        )
    return _look(worker, rollout_id)


@routes.get("/policy", responses=problems(401, 403, 503), operation_id="get_policy", dependencies=[READERS])
def get_policy(worker: WorkerDep) -> schemas.PolicyInForce:
    """Who must sign, how rollouts may go, and how they are judged, as policy.yaml says now."""
    policy = policy_of(worker)
    presets = [{"name": name, **one.model_dump()} for name, one in policy.rollouts.presets.items()]
    return schemas.PolicyInForce.model_validate(
        {
            "review": policy.review.model_dump(),
            "presets": presets,
            "default_preset": policy.rollouts.default,
            "patch_preset": policy.rollouts.patch,
            "quiet_preset": policy.rollouts.quiet,
            "quiet_lists": policy.rollouts.quiet_lists,
            "judge": policy.judge.model_dump(),
            "rollback_days": policy.retention.rollback_days,
        }
    )


def _look(worker: Worker, rollout_id: int) -> schemas.RolloutDetail:
    with worker.database.reading() as connection:
        return _detail(connection, rollout_id)


def _detail(connection: Connection, rollout_id: int) -> schemas.RolloutDetail:
    found = rollouts.get(connection, rollout_id)
    brief = schemas.Rollout.model_validate(found, from_attributes=True)
    return schemas.RolloutDetail.model_validate(
        {
            **brief.model_dump(),
            "plan": found.plan,
            "steps": [
                schemas.RolloutStep.model_validate(step, from_attributes=True)
                for step in rollouts.steps(connection, rollout_id)
            ],
            "verdict": found.verdict,
            "shadow": outcomes.of_shadow(connection, rollout_id),
        }
    )
