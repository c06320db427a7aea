"""Takes rollouts on, or back. It remembers nothing: all that it goes by stands in Postgres.

So it may be killed at any point, and the next call does what is left to do. Two at once do no harm: each
move is a compare-and-swap.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine

from marquee.domain.clock import Clock, system_clock
from marquee.domain.errors import Conflict
from marquee.lifecycle.looks import Look, look
from marquee.lifecycle.rollout_moves import Decision, end, is_deployed, onward, promote
from marquee.lifecycle.rollout_plan import Plan, Unreadable
from marquee.settings.serving import Serving
from marquee.store import alerts, audit, deployment, outcomes, rollouts
from marquee.store.rollouts import Rollout

ACTOR = "conductor"
WRITING_TIME = timedelta(seconds=5)  # in which lists and answers that were given reach Postgres


def conduct(engine: Engine, serving: Serving, clock: Clock = system_clock) -> list[str]:
    """Look at the rollout that goes, if one does, and do what follows from what is seen.

    Args:
        serving: says which events are a positive answer, and which stars are.

    Returns:
        What was done, in sentences; empty when all stays as it is.
    """
    with engine.connect() as connection:
        rollout = rollouts.active(connection)
    if rollout is None:
        return []
    try:
        return _conduct(engine, rollout, serving, clock())
    except Conflict as conflict:  # a person was faster; the next look sees what they did
        return [f"Rollout {rollout.rollout_id} is left alone this time: {conflict.message}"]


def _conduct(engine: Engine, rollout: Rollout, serving: Serving, now: datetime) -> list[str]:
    try:
        plan = Plan.read(rollout)
    except Unreadable as error:  # it would be at every look, and the rollout would stand for ever
        return _abort(engine, rollout, error.message, now)
    with engine.connect() as connection:
        fits = is_deployed(deployment.get(connection), rollout)
    if not fits:
        reason = "The deployment was changed, and is not the one that it was planned for."
        return _abort(engine, rollout, reason, now)
    if rollout.state == "canary":
        _count(engine, rollout, plan, serving, now)
    with engine.connect() as connection:
        seen = look(connection, rollout, plan, now)
    return _move(engine, rollout, plan, seen, now)


def _abort(engine: Engine, rollout: Rollout, reason: str, now: datetime) -> list[str]:
    """End a rollout that nothing can be judged of."""
    with engine.begin() as connection:
        audit.lock(connection)
        return [_said(end(connection, rollout, "aborted", Decision(ACTOR, reason, now)), reason)]


def _count(engine: Engine, rollout: Rollout, plan: Plan, serving: Serving, now: datetime) -> None:
    """Count the lists whose time to be answered is over, and those whose first seconds are."""
    liked = serving.rating_scale.liked
    for window, early in ((plan.attribution, False), (plan.early, True)):
        if window is None:
            continue
        with engine.begin() as connection:
            outcomes.count_until(
                connection,
                rollout.rollout_id,
                now - window - WRITING_TIME,
                window=window,
                kinds=serving.feedback.positive(liked),
                liked=liked,
                early=early,
            )


def _move(engine: Engine, rollout: Rollout, plan: Plan, seen: Look, now: datetime) -> list[str]:
    """Keep what was seen, and in the same transaction do what follows from it."""
    decision = Decision(ACTOR, seen.reason, now, {"verdict": dict(seen.verdict)})
    with engine.begin() as connection:
        if seen.move != "stay":
            audit.lock(connection)
        rollouts.note_verdict(connection, rollout.rollout_id, seen.verdict, now)
        if seen.move == "stay":
            return []
        if seen.move == "onward":
            moved = onward(connection, rollout, plan, decision)
        elif seen.move == "promoted":
            moved = promote(connection, rollout, plan, decision)
        else:
            moved = end(connection, rollout, seen.move, decision)
        if moved.state == "rolled_back":
            _tell_people(connection, moved)
    return [_said(moved, seen.reason)]


def _tell_people(connection: Connection, rollout: Rollout) -> None:
    alerts.raise_alert(
        connection,
        kind="rolled back",
        subject=f"version {rollout.challenger}",
        message=f"Rollout {rollout.rollout_id} was rolled back: {rollout.outcome} "
        "The policy starts no rollout until a person has started one.",
    )


def _said(rollout: Rollout, reason: str) -> str:
    state = rollout.state.replace("_", " ")
    where = f"{state}, step {rollout.step}" if rollout.state == "canary" else state
    return f"Rollout {rollout.rollout_id} of version {rollout.challenger} is {where}: {reason}"
