"""What the policy does with a version that has just passed its gates, before any person has looked at it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from marquee.lifecycle.promotion import approve_within, promote_within
from marquee.lifecycle.semantic_version import SemanticVersion
from marquee.lifecycle.states import State
from marquee.settings import Policy
from marquee.store import deployment, versions
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
    expected_revision: int,
) -> Onward:
    """Take a validated version as far as it may go without a person.

    The first model of a platform becomes the champion: without it nobody has a list. New data for the
    champion's recipe (a PATCH) are approved and rolled out where the policy says so. Every other version
    waits for a review.

    Args:
        evidence: the gates' figures, for the audit.
        expected_revision: of the deployment that the gates compared with.

    Raises:
        NotFound: there is no such version.
        Conflict: the deployment was changed meanwhile.
    """
    now = deployment.get(connection)
    if now.champion is None:
        reason = f"Bootstrap: the first model of the platform ({trigger}). Every gate passed."
        return _promote(connection, version, reason, {**evidence, "bootstrap": True}, expected_revision)
    if not _is_patch(connection, version, now.champion):
        return Onward("validated", False, "It is another recipe than the champion's, and waits for a review.")
    if policy.review.automatic != "patch":
        return Onward("validated", False, "It waits for a review: policy.yaml approves nothing by itself.")
    reason = f"New data for the recipe of version {now.champion}; every gate passed ({trigger})."
    return _roll_out(connection, version, policy, now, reason, evidence, expected_revision)


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
    expected_revision: int,
) -> Onward:
    """Approve a PATCH, and roll it out by the policy's preset."""
    name = policy.rollouts.patch
    preset = None if name is None else policy.rollouts.presets[name]
    if preset is not None and preset.shadow is None and not preset.steps and now.mode == "none":
        return _promote(connection, version, reason, evidence, expected_revision)
    approve_within(connection, version, actor=POLICY, reason=reason, evidence=evidence)
    return Onward("approved", False, "It is approved, and waits for a person to roll it out.")


def _promote(
    connection: Connection, version: int, reason: str, evidence: Mapping[str, Any], expected_revision: int
) -> Onward:
    promote_within(
        connection,
        version,
        actor=POLICY,
        reason=reason,
        evidence=evidence,
        expected_revision=expected_revision,
    )
    return Onward("approved", True, "")
