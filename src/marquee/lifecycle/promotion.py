"""Making a version the champion: one transaction for its state, the deployment and the audit."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from marquee.domain.clock import system_clock
from marquee.domain.errors import ConfigurationError, Conflict
from marquee.lifecycle.rollout_ends import end_within
from marquee.lifecycle.sending_back import note_sent_back
from marquee.lifecycle.states import check_move
from marquee.settings.policy import Retention, load_policy
from marquee.store import audit, deployment, rollouts, versions
from marquee.store.deployment import Deployment

logger = logging.getLogger("marquee.lifecycle")

ROLLBACK = "rollback"  # the action
ROLLBACK_DAYS = Retention().rollback_days  # for callers that have no policy at hand


def rollback_days_of(policy: Path) -> float:
    """What `policy.yaml` says; the default where it is wrong, which must keep nobody from going back."""
    try:
        return load_policy(policy).retention.rollback_days
    except ConfigurationError as error:
        logger.warning("%s A version can be returned to for %g days meanwhile.", error, ROLLBACK_DAYS)
        return ROLLBACK_DAYS


def promote(
    engine: Engine,
    version: int,
    *,
    actor: str,
    reason: str,
    evidence: Mapping[str, Any],
    expected_revision: int,
    action: str = "promote",
    rollback_days: float = ROLLBACK_DAYS,
) -> Deployment:
    """`promote_within`, in a transaction of its own."""
    with engine.begin() as connection:
        return promote_within(
            connection,
            version,
            actor=actor,
            reason=reason,
            evidence=evidence,
            expected_revision=expected_revision,
            action=action,
            rollback_days=rollback_days,
        )


def promote_within(
    connection: Connection,
    version: int,
    *,
    actor: str,
    reason: str,
    evidence: Mapping[str, Any],
    expected_revision: int,
    action: str = "promote",
    rollback_days: float = ROLLBACK_DAYS,
    at: datetime | None = None,
) -> Deployment:
    """Make a validated or approved version the champion; a validated one is approved by the same act.

    A rollout that goes is aborted: there is another champion to compare with now.

    Args:
        actor: who does it: a person, or `policy`.
        evidence: the figures that the decision rests on, as JSON holds them.
        expected_revision: of the deployment that the actor saw.
        rollback_days: for so long a rollback may return to the version that leaves.
        at: when; None: now.

    Raises:
        NotFound: there is no such version.
        Conflict: the version is the champion, its state does not allow it, or the deployment was changed
            meanwhile.
    """
    moment = at or system_clock()
    audit.lock(connection)
    state = versions.get(connection, version).state
    if state != "approved":
        approve_within(connection, version, actor=actor, reason=reason, evidence=evidence)
    leaves = deployment.get(connection).champion
    if leaves == version:  # it would take the place of its own predecessor, and leave no way back
        raise Conflict(f"Version {version} is the champion already.", hint=_SEE)
    _abort_rollout(connection, version, actor=actor, at=moment)
    if leaves is not None:
        versions.set_purge_after(connection, leaves, moment + timedelta(days=rollback_days))
    if action == ROLLBACK and leaves is not None:
        note_sent_back(connection, leaves, f"by a rollback of {actor}: {reason}")
    versions.set_sent_back(connection, version, None)
    after = deployment.set_champion(
        connection,
        version,
        previous=versions.way_back(connection, version, moment) if action == ROLLBACK else leaves,
        expected_revision=expected_revision,
        actor=actor,
        action=action,
        reason=reason,
        evidence=evidence,
    )
    versions.set_purge_after(connection, version, None)
    return after


def rollback(
    engine: Engine,
    *,
    actor: str,
    reason: str,
    expected_revision: int | None = None,
    to: int | None = None,
    rollback_days: float = ROLLBACK_DAYS,
    at: datetime | None = None,
) -> Deployment:
    """Make the previous champion, or another version that has served, the champion again.

    A rollout that goes is aborted in the same transaction. The version that leaves counts as sent back:
    another rollback does not return to it unless it is named.

    Args:
        expected_revision: of the deployment that the actor saw; None: as it is now.
        to: the version to go back to; None: the previous champion.
        rollback_days, at: those of `promote_within`.

    Raises:
        NotFound: there is no such version.
        Conflict: there is no previous champion, the version has never served, is the champion or has left
            too long ago, or the deployment was changed meanwhile.
    """
    moment = at or system_clock()
    with engine.begin() as connection:
        audit.lock(connection)
        now = deployment.get(connection)
        target = now.previous if to is None else to
        if target is None:
            raise Conflict("There is no previous champion to go back to.", hint=_NO_WAY_BACK)
        sent_back = versions.get(connection, target).sent_back
        if to is None and sent_back is not None:
            raise Conflict(
                f"Version {target}, the previous champion, was sent back {sent_back}",
                hint="Name the version, if you want to go there nevertheless.",
            )
        _check_target(connection, target, now, moment)
        return promote_within(
            connection,
            target,
            actor=actor,
            action=ROLLBACK,
            reason=reason,
            evidence={},
            expected_revision=now.revision if expected_revision is None else expected_revision,
            rollback_days=rollback_days,
            at=moment,
        )


_SEE = "See `marquee models list`."
_NO_WAY_BACK = (
    "No other version has served, was not sent back and is inside its time. Name one that was sent back, if "
    "you want to go there nevertheless."
)


def _check_target(connection: Connection, version: int, now: Deployment, moment: datetime) -> None:
    found = versions.get(connection, version)
    if version == now.champion:
        raise Conflict(f"Version {version} is the champion already.", hint=_SEE)
    if found.state != "approved":  # to promote it would be a step forward, which asks for another decision
        raise Conflict(_NOT_APPROVED.format(version=version, state=found.state), hint=_SEE)
    if found.served_at is None:
        raise Conflict(
            f"Version {version} has never served, so there is no going back to it.",
            hint=f"`marquee rollout start {version}` tries it beside the champion.",
        )
    if found.purge_after is not None and found.purge_after < moment:
        raise Conflict(
            f"Version {version} could be returned to until {found.purge_after:%Y-%m-%d %H:%M} UTC.",
            hint="Its files may be gone; train again, or roll out another version.",
        )


_NOT_APPROVED = "Version {version} is {state}, not approved to serve."


def _abort_rollout(connection: Connection, version: int, *, actor: str, at: datetime) -> None:
    """End the rollout that goes, if one does: `version` takes the place of its champion."""
    going = rollouts.active(connection, for_update=True)
    if going is not None:
        reason = f"Version {version} became the champion meanwhile."
        end_within(connection, going, "aborted", actor=actor, reason=reason, evidence={}, at=at)


def approve_within(
    connection: Connection, version: int, *, actor: str, reason: str, evidence: Mapping[str, Any]
) -> None:
    """Approve a validated version, so that it may serve, with the audit of it.

    Raises:
        NotFound: there is no such version.
        Conflict: its state does not allow it.
    """
    state = versions.get(connection, version).state
    check_move(version, state, "approved")
    versions.set_state(connection, version, expected=state, state="approved")
    audit.append(
        connection,
        actor=actor,
        action="approve",
        subject=f"version {version}",
        reason=reason,
        evidence={**evidence, "state": "approved"},
    )
