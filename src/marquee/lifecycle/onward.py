"""What the policy does with a version that has just passed its gates, before any person has looked at it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine

from marquee.domain.clock import Clock, system_clock
from marquee.domain.errors import Conflict
from marquee.lifecycle.holding import POLICY, ask_people, is_held
from marquee.lifecycle.patches import has_newer_data, is_patch
from marquee.lifecycle.promotion import approve_within, promote_within
from marquee.lifecycle.rollouts import start_within
from marquee.lifecycle.states import State
from marquee.settings import Policy
from marquee.settings.policy import Preset
from marquee.store import audit, deployment, impressions, rollouts, versions
from marquee.store.audit import AuditEntry
from marquee.store.deployment import Deployment


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
    clock: Clock = system_clock,
) -> Onward:
    """Take a validated version as far as it may go without a person.

    The first model of a platform becomes the champion: without it nobody has a list. New data for the
    champion's recipe (a PATCH) are approved and rolled out as the policy says, unless something was rolled
    back lately: see `holding`. Every other version waits for a review.

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
    if not is_patch(connection, version, now.champion):
        return Onward("validated", False, "It is another recipe than the champion's, and waits for a review.")
    if policy.review.automatic != "patch":
        return Onward("validated", False, "It waits for a review: policy.yaml approves nothing by itself.")
    reason = f"New data for the recipe of version {now.champion}; every gate passed ({trigger})."
    return _roll_out(
        connection,
        version,
        policy,
        now,
        reason,
        {**evidence, "compared_with": compared_with},
        clock(),
    )


def _roll_out(
    connection: Connection,
    version: int,
    policy: Policy,
    now: Deployment,
    reason: str,
    evidence: Mapping[str, Any],
    moment: datetime,
) -> Onward:
    """Approve a PATCH, and roll it out by the policy's preset."""
    name, going, held = _preset(connection, policy, moment), rollouts.active(connection), is_held(connection)
    if name is not None and going is None and not held and _is_at_once(policy.rollouts.presets[name]):
        # Its evidence is all there is: there is nothing to look at on the way.
        return _promote(connection, version, policy, now, reason, evidence)
    approve_within(connection, version, actor=POLICY, reason=reason, evidence=evidence)
    if held:
        ask_people(connection, version)
        return Onward("approved", False, _HELD)
    if name is None:
        return Onward("approved", False, "It is approved, and waits for a person to roll it out.")
    if going is not None:
        waits = f"It is approved, and waits: rollout {going.rollout_id} of version {going.challenger} goes."
        return Onward("approved", False, waits)
    rollout = start_within(connection, version, preset=name, policy=policy, actor=POLICY, reason=reason)
    return Onward("approved", False, f"Rollout {rollout.rollout_id} ({name}) takes it on.")


_HELD = (
    "It is approved, and waits for a person to roll it out: another version was rolled back, and nobody has "
    "started a rollout since."
)
_DAY = timedelta(days=1)


def _preset(connection: Connection, policy: Policy, moment: datetime) -> str | None:
    """How new data go to people: `patch`, or `quiet` where there is nobody to judge by."""
    rules = policy.rollouts
    is_busy = impressions.are_many(connection, rules.quiet_lists, moment - _DAY)
    return rules.patch if is_busy else rules.quiet


def take_up(engine: Engine, policy: Policy, clock: Clock = system_clock) -> list[str]:
    """Roll out what the policy approved while another rollout went, now that none goes.

    Of several the newest, if it still is newer data for the recipe of the champion, which may be another than
    the one that the gates compared it with: then never at once. After a rollback nothing.

    Returns:
        What was done, in sentences.
    """
    if policy.review.automatic != "patch":
        return []
    with engine.connect() as connection:
        if _waiting(connection) is None:
            return []
    with engine.begin() as connection:
        audit.lock(connection)
        version = _waiting(connection)
        return [] if version is None else _take_up(connection, version, policy, clock())


def _waiting(connection: Connection) -> int | None:
    """The newest version that waits for nothing but a rollout by the policy; None while one goes."""
    champion = deployment.get(connection).champion
    if champion is None or rollouts.active(connection) is not None or is_held(connection):
        return None
    for version in versions.untried(connection):
        is_ours = _approval(connection, version) is not None
        if is_ours and is_patch(connection, version, champion):
            return version if has_newer_data(connection, version, champion) else None
    return None


def _approval(connection: Connection, version: int) -> AuditEntry | None:
    """The row that says that the policy approved it."""
    entries = audit.of_subject(connection, f"version {version}")
    return next((one for one in entries if (one.actor, one.action) == (POLICY, "approve")), None)


def _take_up(connection: Connection, version: int, policy: Policy, moment: datetime) -> list[str]:
    now, approval = deployment.get(connection), _approval(connection, version)
    evidence = {} if approval is None else approval.evidence
    is_compared = evidence.get("compared_with") == now.champion
    for name in (_preset(connection, policy, moment), policy.rollouts.patch):
        if name is None:
            return []
        if not _is_at_once(policy.rollouts.presets[name]):
            rollout = start_within(
                connection, version, preset=name, policy=policy, actor=POLICY, reason=_WAITED
            )
            return [f"Rollout {rollout.rollout_id} ({name}) takes version {version} on, which waited."]
        if is_compared:
            _promote(connection, version, policy, now, _WAITED, evidence)
            return [f"Version {version}, which waited, is the champion."]
    return []


_WAITED = "New data for the champion's recipe; it waited until no other rollout went."


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
