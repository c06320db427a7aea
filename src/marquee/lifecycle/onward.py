"""What the policy does with a version that has just passed its gates, before any person has looked at it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from marquee.domain.errors import Conflict
from marquee.lifecycle.promotion import approve_within, promote_within
from marquee.lifecycle.rollouts import start_within
from marquee.lifecycle.semantic_version import SemanticVersion
from marquee.lifecycle.states import State
from marquee.settings import Policy
from marquee.settings.policy import Preset
from marquee.store import audit, deployment, rollouts, versions
from marquee.store.deployment import Deployment

POLICY = "policy"


@dataclass(frozen=True, slots=True)
class Onward:
    """How far it came; `note` says why it is not the champion, and is empty when it is."""

    state: State
    deployed: bool
    note: str


def onward_within(
    connection: Connection,
    version: int,
    *,
    policy: Policy,
    trigger: str,
    evidence: Mapping[str, Any],
    compared_with: int | None,
) -> Onward:
    """Take a validated version as far as it may go without a person.

    The first model of a platform becomes the champion: without it nobody has a list. New data for the
    champion's recipe (a PATCH) are approved and rolled out where the policy says so. Every other version
    waits for a review.

    Args:
        evidence: the gates' figures, for the audit.
        compared_with: the champion beside which the gates judged it; None: there was none.

    Raises:
        NotFound: there is no such version.
        Conflict: there is another champion by now.
    """
    audit.lock(connection)
    now = deployment.get(connection)
    if now.champion != compared_with:
        raise Conflict(f"Version {now.champion} became the champion meanwhile.", hint="Train again.")
    if now.champion is None:
        reason = f"Bootstrap: the first model of the platform ({trigger}). Every gate passed."
        return _promote(connection, version, policy, now, reason, {**evidence, "bootstrap": True})
    if not _is_patch(connection, version, now.champion):
        return Onward("validated", False, "It is another recipe than the champion's, and waits for a review.")
    if policy.review.automatic != "patch":
        return Onward("validated", False, "It waits for a review: policy.yaml approves nothing by itself.")
    reason = f"New data for the recipe of version {now.champion}; every gate passed ({trigger})."
    return _roll_out(connection, version, policy, now, reason, evidence)


def _is_patch(connection: Connection, version: int, champion: int) -> bool:
    """Whether MAJOR.MINOR are the champion's: the same recipe, which was approved with it."""
    ours, theirs = (
        SemanticVersion.parse(versions.get(connection, one).semantic_version) for one in (version, champion)
    )
    return ours[:2] == theirs[:2]


def _roll_out(
    connection: Connection,
    version: int,
    policy: Policy,
    now: Deployment,
    reason: str,
    evidence: Mapping[str, Any],
) -> Onward:
    """Approve a PATCH, and roll it out by the policy's preset."""
    name, going = policy.rollouts.patch, rollouts.active(connection)
    if name is not None and going is None and _is_at_once(policy.rollouts.presets[name]):
        # Its evidence is all there is: there is nothing to look at on the way.
        return _promote(connection, version, policy, now, reason, evidence)
    approve_within(connection, version, actor=POLICY, reason=reason, evidence=evidence)
    if name is None:
        return Onward("approved", False, "It is approved, and waits for a person to roll it out.")
    if going is not None:
        waits = f"It is approved, and waits: rollout {going.rollout_id} of version {going.challenger} goes."
        return Onward("approved", False, waits)
    rollout = start_within(connection, version, preset=name, policy=policy, actor=POLICY, reason=reason)
    return Onward("approved", False, f"Rollout {rollout.rollout_id} ({name}) takes it on.")


def _is_at_once(preset: Preset) -> bool:
    """Blue-green: workers load it, warm it and swap it in, and keep the one before."""
    return preset.shadow is None and not preset.steps


def _promote(
    connection: Connection,
    version: int,
    policy: Policy,
    now: Deployment,
    reason: str,
    evidence: Mapping[str, Any],
) -> Onward:
    promote_within(
        connection,
        version,
        actor=POLICY,
        reason=reason,
        evidence=evidence,
        expected_revision=now.revision,
        rollback_days=policy.retention.rollback_days,
    )
    return Onward("approved", True, "")
