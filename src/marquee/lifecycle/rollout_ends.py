"""The end of a rollout: its row, what was kept of people for its sake, and the audit."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from marquee.lifecycle.rollout_states import RolloutState, check_move
from marquee.lifecycle.sending_back import note_sent_back
from marquee.settings.policy import Retention
from marquee.store import audit, outcomes, rollouts, versions
from marquee.store.rollouts import Rollout


def end_within(
    connection: Connection,
    rollout: Rollout,
    state: RolloutState,
    *,
    actor: str,
    reason: str,
    evidence: Mapping[str, Any],
    at: datetime,
) -> Rollout:
    """End a rollout; the caller sees to the deployment, in the same transaction.

    Raises:
        Conflict: it has ended already, or was changed meanwhile.
    """
    check_move(rollout.rollout_id, rollout.state, state)
    ended = rollouts.change(
        connection,
        rollout.rollout_id,
        expected_revision=rollout.revision,
        state=state,
        ended_at=at,
        outcome=reason or f"{state.replace('_', ' ')} by {actor}",
    )
    rollouts.end_step(connection, rollout.rollout_id, at)
    if state != "promoted":  # else it would stay approved for ever
        versions.set_purge_after(connection, rollout.challenger, at + timedelta(days=_days(rollout)))
    if state == "rolled_back":
        note_sent_back(connection, rollout.challenger, f"by rollout {rollout.rollout_id}: {ended.outcome}")
    outcomes.forget(connection, rollout.rollout_id)
    audit.append(
        connection,
        actor=actor,
        action="end rollout",
        subject=f"rollout {rollout.rollout_id}",
        reason=reason,
        evidence={
            "version": rollout.challenger,
            "champion": rollout.champion,
            "before": rollout.state,
            "state": state,
            "step": rollout.step,
            **evidence,
        },
    )
    return ended


def _days(rollout: Rollout) -> float:
    """For so long its version is kept; of a plan that cannot be read too."""
    days = rollout.plan.get("rollback_days")
    return float(days) if isinstance(days, int | float) else Retention().rollback_days
