"""Making a version the champion: one transaction for its state, the deployment and the audit."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Engine

from marquee.domain.errors import Conflict
from marquee.lifecycle.states import check_move
from marquee.store import audit, deployment, versions
from marquee.store.deployment import Deployment


def promote(
    engine: Engine,
    version: int,
    *,
    actor: str,
    reason: str,
    evidence: Mapping[str, Any],
    expected_revision: int,
    action: str = "promote",
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
) -> Deployment:
    """Make a validated or approved version the champion; a validated one is approved by the same act.

    Args:
        actor: who does it: a person, or `policy`.
        evidence: the figures that the decision rests on, as JSON holds them.
        expected_revision: of the deployment that the actor saw.

    Raises:
        NotFound: there is no such version.
        Conflict: the version's state does not allow it, or the deployment was changed meanwhile.
    """
    state = versions.get(connection, version).state
    if state != "approved":
        approve_within(connection, version, actor=actor, reason=reason, evidence=evidence)
    return deployment.set_champion(
        connection,
        version,
        expected_revision=expected_revision,
        actor=actor,
        action=action,
        reason=reason,
        evidence=evidence,
    )


def rollback(
    engine: Engine, *, actor: str, reason: str, expected_revision: int | None = None, to: int | None = None
) -> Deployment:
    """Make the previous champion, or another approved version, the champion again.

    Args:
        expected_revision: of the deployment that the actor saw; None: as it is now.
        to: the version to go back to; None: the previous champion.

    Raises:
        NotFound: there is no such version.
        Conflict: there is no previous champion, the version was never approved or is the champion, or the
            deployment was changed meanwhile.
    """
    with engine.begin() as connection:
        now = deployment.get(connection)
        target = now.previous if to is None else to
        if target is None:
            raise Conflict("There is no previous champion to go back to.", hint=_SEE)
        _check_target(connection, target, now)
        return promote_within(
            connection,
            target,
            actor=actor,
            action="rollback",
            reason=reason,
            evidence={},
            expected_revision=now.revision if expected_revision is None else expected_revision,
        )


_SEE = "See `marquee models list`."


def _check_target(connection: Connection, version: int, now: Deployment) -> None:
    state = versions.get(connection, version).state
    if version == now.champion:
        raise Conflict(f"Version {version} is the champion already.", hint=_SEE)
    if state != "approved":  # to promote it would be a step forward, which asks for another decision
        raise Conflict(f"Version {version} is {state}, and was never approved to serve.", hint=_SEE)


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
        evidence=evidence,
    )
