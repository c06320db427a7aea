"""What people, and the policy, do with rollouts: start, advance, abort. The conductor does the rest."""

import secrets

from sqlalchemy import Connection, Engine

from marquee.domain.clock import Clock, system_clock
from marquee.domain.errors import Conflict
from marquee.lifecycle.holding import release_within
from marquee.lifecycle.rollout_moves import Decision, end, onward
from marquee.lifecycle.rollout_plan import Plan
from marquee.lifecycle.rollout_states import check_move
from marquee.lifecycle.sending_back import check_restart
from marquee.settings.policy import Policy
from marquee.store import audit, deployment, rollouts, versions
from marquee.store.deployment import Deployment
from marquee.store.rollouts import Rollout


def start(
    engine: Engine,
    version: int,
    *,
    preset: str | None,
    policy: Policy,
    actor: str,
    reason: str,
    clock: Clock = system_clock,
) -> Rollout:
    """`start_within`, in a transaction of its own."""
    with engine.begin() as connection:
        return start_within(
            connection, version, preset=preset, policy=policy, actor=actor, reason=reason, clock=clock
        )


def start_within(
    connection: Connection,
    version: int,
    *,
    preset: str | None,
    policy: Policy,
    actor: str,
    reason: str,
    clock: Clock = system_clock,
) -> Rollout:
    """Plan the rollout of an approved version, and have the workers load it.

    Args:
        preset: of `policy.yaml`; None: its default.
        actor: who starts it: a person, or `policy`.

    Raises:
        NotFound: there is no such version.
        InvalidInput: there is no such preset, or no reason to try again what was sent back.
        Conflict: the version is not approved or is the champion, was sent back and the preset compares
            nothing, nothing is deployed, or another rollout goes.
    """
    name = policy.rollouts.default if preset is None else preset
    plan = Plan.of(policy, name)
    audit.lock(connection)
    now = deployment.get(connection)
    champion = _check(connection, version, now)
    check_restart(versions.get(connection, version), name, plan.preset, reason)
    rollout = rollouts.add(
        connection,
        challenger=version,
        champion=champion,
        preset=name,
        plan=plan.to_dict(),
        salt=secrets.token_hex(16),
        requested_by=actor,
        reason=reason,
        at=clock(),
    )
    deployment.set_trial(
        connection,
        challenger=version,
        rollout=rollout.rollout_id,
        mode="warming",
        step=0,
        share=0.0,
        salt=rollout.salt,
        expected_revision=now.revision,
    )
    audit.append(
        connection,
        actor=actor,
        action="start rollout",
        subject=f"rollout {rollout.rollout_id}",
        reason=reason,
        evidence={
            "version": version,
            "champion": champion,
            "preset": name,
            "plan": plan.to_dict(),
            "state": "planned",
        },
    )
    release_within(connection, actor)
    return rollout


def advance(
    engine: Engine,
    rollout_id: int,
    *,
    actor: str,
    reason: str,
    expected_revision: int | None = None,
    overrule: bool = False,
    clock: Clock = system_clock,
) -> Rollout:
    """Take a rollout to its next stage without waiting for the conductor; after the last, to champion.

    Args:
        expected_revision: of the rollout that the actor saw; None: as it is now.
        overrule: to champion though the judge's verdict is neither `better` nor `not worse`.

    Raises:
        NotFound: there is no such rollout.
        Conflict: it has ended, workers still load its version, it was changed meanwhile, or the verdict does
            not carry it to champion.
    """
    with engine.begin() as connection:
        rollout = _as_seen(connection, rollout_id, expected_revision)
        if rollout.state == "planned":
            raise Conflict(
                f"Rollout {rollout_id} is planned: the workers still load version {rollout.challenger}.",
                hint="It goes on by itself when every worker has it; `marquee rollout status` shows them.",
            )
        plan = Plan.read(rollout)
        evidence, at = {"last_verdict": rollout.verdict}, clock()
        if not rollout.is_active or not plan.is_last(rollout.step) or _may_serve(rollout):
            return onward(connection, rollout, plan, Decision(actor, reason, at, evidence))
        said = (rollout.verdict or {}).get("verdict") or "not there yet"
        if not overrule:
            raise Conflict(
                f"The verdict on rollout {rollout_id} is {said}, which makes nothing the champion.",
                hint="Wait for the judge, or overrule it: `--overrule`, over HTTP `overrule: true`.",
            )
        words = f"{reason} ({actor} overruled the judge: the verdict was {said}.)"
        return onward(connection, rollout, plan, Decision(actor, words, at, {**evidence, "overruled": said}))


def abort(
    engine: Engine,
    rollout_id: int,
    *,
    actor: str,
    reason: str,
    expected_revision: int | None = None,
    clock: Clock = system_clock,
) -> Rollout:
    """End a rollout; the champion serves everybody. Arguments and errors are those of `advance`."""
    with engine.begin() as connection:
        rollout = _as_seen(connection, rollout_id, expected_revision)
        check_move(rollout_id, rollout.state, "aborted")
        return end(connection, rollout, "aborted", Decision(actor, reason, clock()))


def _may_serve(rollout: Rollout) -> bool:
    return (rollout.verdict or {}).get("verdict") in ("better", "not worse")


def _as_seen(connection: Connection, rollout_id: int, expected_revision: int | None) -> Rollout:
    audit.lock(connection)
    rollout = rollouts.get(connection, rollout_id)
    if expected_revision is not None and rollout.revision != expected_revision:
        raise Conflict(
            f"Rollout {rollout_id} was changed meanwhile: it is {rollout.state}, at revision "
            f"{rollout.revision}, not {expected_revision}.",
            hint="Look at it again and retry.",
        )
    return rollout


def _check(connection: Connection, version: int, now: Deployment) -> int:
    """The champion, if the version may be tried beside it."""
    state = versions.get(connection, version).state
    if state != "approved":
        raise Conflict(
            f"Version {version} is {state}; only an approved one can be rolled out.",
            hint=_LACKS.get(state, "Train another one."),
        )
    if now.champion is None:
        raise Conflict(
            "There is no champion to compare with.", hint="The first model is deployed by its training."
        )
    if now.champion == version:
        raise Conflict(f"Version {version} is the champion already.", hint="See `marquee models list`.")
    return now.champion


_LACKS = {
    "candidate": "The gates have not judged it: `marquee models judge`.",
    "validated": "It waits for a review: `marquee models review`.",
}
