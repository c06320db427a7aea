"""The moves of a rollout: each in the caller's transaction, with the deployment and the audit.

Callers take `audit.lock` first; see there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from marquee.domain.errors import Conflict
from marquee.lifecycle.promotion import promote_within
from marquee.lifecycle.rollout_ends import end_within
from marquee.lifecycle.rollout_plan import Plan
from marquee.lifecycle.rollout_states import RolloutState, check_move
from marquee.store import audit, deployment, rollouts
from marquee.store.deployment import Deployment
from marquee.store.rollouts import Rollout


@dataclass(frozen=True, slots=True)
class Decision:
    """Who moves a rollout, why, on what figures, and when."""

    actor: str
    reason: str
    at: datetime
    evidence: Mapping[str, Any] = field(default_factory=dict)


def onward(connection: Connection, rollout: Rollout, plan: Plan, by: Decision) -> Rollout:
    """To the next stage of the plan: shadow, the next step of the canary, or champion.

    Raises:
        Conflict: the rollout has ended, or it or the deployment was changed meanwhile.
    """
    if rollout.state == "planned" and plan.preset.shadow is not None:
        return _try_out(connection, rollout, by, state="shadow", step=0, share=0.0)
    if rollout.is_active and not plan.is_last(rollout.step):
        step = rollout.step + 1
        return _try_out(connection, rollout, by, state="canary", step=step, share=plan.step(step).share)
    return promote(connection, rollout, plan, by)


def promote(connection: Connection, rollout: Rollout, plan: Plan, by: Decision) -> Rollout:
    """End a rollout with its version as the champion; raises Conflict like `onward`."""
    check_move(rollout.rollout_id, rollout.state, "promoted")
    now = _deployed(connection, rollout)
    ended = end_within(
        connection, rollout, "promoted", actor=by.actor, reason=by.reason, evidence=by.evidence, at=by.at
    )
    promote_within(
        connection,
        rollout.challenger,
        actor=by.actor,
        reason=by.reason,
        evidence={"rollout": rollout.rollout_id},
        expected_revision=now.revision,
        rollback_days=plan.rollback_days,
        at=by.at,
    )
    return ended


def end(connection: Connection, rollout: Rollout, state: RolloutState, by: Decision) -> Rollout:
    """End a rollout; the champion serves everybody. Raises Conflict like `onward`."""
    ended = end_within(
        connection, rollout, state, actor=by.actor, reason=by.reason, evidence=by.evidence, at=by.at
    )
    now = deployment.get(connection)
    if now.rollout == rollout.rollout_id:
        deployment.end_trial(connection, expected_revision=now.revision)
    return ended


def is_deployed(now: Deployment, rollout: Rollout) -> bool:
    """Whether the deployment is the one that the rollout works on."""
    return now.rollout == rollout.rollout_id and now.champion == rollout.champion


def _try_out(
    connection: Connection, rollout: Rollout, by: Decision, *, state: RolloutState, step: int, share: float
) -> Rollout:
    check_move(rollout.rollout_id, rollout.state, state)
    now = _deployed(connection, rollout)
    moved = rollouts.change(
        connection, rollout.rollout_id, expected_revision=rollout.revision, state=state, step=step
    )
    rollouts.begin_step(connection, rollout.rollout_id, step=step, state=state, share=share, at=by.at)
    deployment.set_trial(
        connection,
        challenger=rollout.challenger,
        rollout=rollout.rollout_id,
        mode="shadow" if state == "shadow" else "canary",
        step=step,
        share=share,
        salt=rollout.salt,
        expected_revision=now.revision,
    )
    audit.append(
        connection,
        actor=by.actor,
        action="advance rollout",
        subject=f"rollout {rollout.rollout_id}",
        reason=by.reason,
        evidence={
            "version": rollout.challenger,
            "before": rollout.state,
            "state": state,
            "step": step,
            "share": share,
            **by.evidence,
        },
    )
    return moved


def _deployed(connection: Connection, rollout: Rollout) -> Deployment:
    now = deployment.get(connection)
    if not is_deployed(now, rollout):
        raise Conflict(
            f"The deployment has changed, and rollout {rollout.rollout_id} does not fit it any more.",
            hint="Abort it: `marquee rollout abort`.",
        )
    return now
