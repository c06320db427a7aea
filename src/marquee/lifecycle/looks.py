"""Looks at a rollout: what its stage shows now, and what follows. They read, and change nothing."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from marquee.evaluation.judge import Judgement, judge
from marquee.lifecycle import observed
from marquee.lifecycle.patches import has_newer_data, is_patch
from marquee.lifecycle.rollout_plan import Plan
from marquee.settings.policy import Shadow
from marquee.store import deployment, outcomes, rollouts, workers
from marquee.store.rollouts import Rollout
from marquee.store.workers import ServingWorker

Move: TypeAlias = Literal["stay", "onward", "promoted", "rolled_back", "inconclusive", "aborted"]


@dataclass(frozen=True, slots=True)
class Look:
    """What a look came to.

    Attributes:
        move: what follows.
        reason: why, in one sentence or a few.
        verdict: what the row of the rollout keeps, as JSON holds it.
    """

    move: Move
    reason: str
    verdict: Mapping[str, Any]


def look(connection: Connection, rollout: Rollout, plan: Plan, now: datetime) -> Look:
    """Look at the stage that a rollout is in."""
    broken = _broken_worker(connection, rollout)
    if broken is not None:
        return _seen(rollout, "rolled_back", "broken", broken)
    if rollout.state == "planned":
        return _look_at_workers(connection, rollout, plan, now)
    if rollout.state == "shadow":
        return _look_at_shadow(connection, rollout, plan, now)
    return _look_at_canary(connection, rollout, plan, now)


def _seen(rollout: Rollout, move: Move, verdict: str, reason: str, **figures: Any) -> Look:
    stage = {"planned": "warming"}.get(rollout.state, rollout.state)
    said = {"stage": stage, "step": rollout.step, "verdict": verdict, "reason": reason, **figures}
    return Look(move, reason, said)


def _is_over(rollout: Rollout, plan: Plan, now: datetime) -> bool:
    return now - rollout.created_at >= plan.longest


def _too_long(plan: Plan, reason: str) -> str:
    return f"It came to no conclusion within {plan.preset.longest_hours:g} h: {reason}"


def _broken_worker(connection: Connection, rollout: Rollout) -> str | None:
    """Why a worker has given the challenger up, if one has.

    One that cannot fetch it as yet is waited for before the first step, and serves the champion after it.
    """
    revision = deployment.get(connection).revision
    for worker in workers.alive(connection):
        if worker.revision >= revision and worker.refusal is not None:
            return f"A worker on {worker.host} cannot serve version {rollout.challenger}: {worker.refusal}"
    return None


def _look_at_workers(connection: Connection, rollout: Rollout, plan: Plan, now: datetime) -> Look:
    """Whether every worker has the challenger warm."""
    living = workers.alive(connection)
    warm = [worker for worker in living if _is_warm(worker, rollout, deployment.get(connection).revision)]
    figures = {"workers": len(living), "warm": len(warm)}
    if living and len(warm) == len(living):
        reason = f"All {len(living)} workers have version {rollout.challenger} in memory."
        return _seen(rollout, "onward", "warm", reason, **figures)
    waits = f"{len(warm)} of {len(living)} workers have version {rollout.challenger} in memory."
    reason = waits if living else "No worker of the inference service lives."
    problems = {f"{worker.host}: {worker.problem}" for worker in living if worker.problem is not None}
    reason = " ".join((reason, *sorted(problems)))
    if _is_over(rollout, plan, now):
        return _seen(rollout, "inconclusive", "inconclusive", _too_long(plan, reason), **figures)
    return _seen(rollout, "stay", "waiting", reason, **figures)


def _is_warm(worker: ServingWorker, rollout: Rollout, revision: int) -> bool:
    return worker.challenger == rollout.challenger and worker.revision >= revision


def _look_at_shadow(connection: Connection, rollout: Rollout, plan: Plan, now: datetime) -> Look:
    """Whether the challenger answers as it should where nobody sees it."""
    wanted = plan.preset.shadow or Shadow()
    figures = _shadow_figures(outcomes.of_shadow(connection, rollout.rollout_id))
    minutes = _minutes_of_step(connection, rollout, now)
    told = {
        "figures": figures,
        "reached": _reached(minutes, wanted.minutes, "lists", figures["lists"], wanted.lists),
    }
    enough = figures["lists"] >= max(wanted.lists, 1)
    faults = _faults(figures, wanted) if enough else []
    if faults:
        return _seen(rollout, "rolled_back", "broken", " ".join(faults), **told)
    if _is_over(rollout, plan, now):
        reason = _too_long(plan, f"{figures['lists']:g} of {wanted.lists} lists were compared.")
        return _seen(rollout, "inconclusive", "inconclusive", reason, **told)
    if enough and minutes >= wanted.minutes:
        return _seen(
            rollout, "onward", "sound", "The challenger's lists are sound where nobody sees them.", **told
        )
    reason = f"{figures['lists']:g} of {wanted.lists} lists, {minutes:.1f} of {wanted.minutes:g} minutes."
    return _seen(rollout, "stay", "waiting", reason, **told)


def _shadow_figures(sums: Mapping[str, float]) -> dict[str, Any]:
    """Means of what the workers summed; None where there is nothing to divide by."""
    compared, errors = sums.get("compared", 0), sums.get("errors", 0)
    means = {
        "overlap": "compared",
        "rank_correlation": "correlated",
        "stars_shift": "starred",
        "score_shift": "scored",
        "champion_ms": "compared",
        "challenger_ms": "compared",
    }
    return {
        "lists": compared + errors,
        "compared": compared,
        "dropped": sums.get("dropped", 0),
        "errors": _ratio(errors, compared + errors),
        "times_slower": _ratio(sums.get("challenger_ms", 0.0), sums.get("champion_ms", 0.0)),
        **{name: _ratio(sums.get(name, 0.0), sums.get(number, 0)) for name, number in means.items()},
        "seconds": {
            name.removeprefix("seconds."): number
            for name, number in sums.items()
            if name.startswith("seconds.")
        },
    }


def _ratio(sum_: float, n: float) -> float | None:
    return sum_ / n if n > 0 else None


def _faults(figures: Mapping[str, Any], wanted: Shadow) -> list[str]:
    """What is wrong with the challenger's lists, by limits; a figure that is missing is no fault."""
    errors, overlap, slower = figures["errors"], figures["overlap"], figures["times_slower"]
    faults = []
    if errors is not None and errors > wanted.most_errors:
        faults.append(f"{errors:.2%} of its lists failed, more than {wanted.most_errors:.2%}.")
    if overlap is not None and overlap < wanted.least_overlap:
        faults.append(
            f"Its lists share {overlap:.1%} of their items with the champion's, "
            f"less than {wanted.least_overlap:.1%}."
        )
    if slower is not None and slower > wanted.slowest:
        faults.append(f"Its lists take {slower:.1f} times as long, more than {wanted.slowest:g}.")
    return faults


def _look_at_canary(connection: Connection, rollout: Rollout, plan: Plan, now: datetime) -> Look:
    """What the judge says, and whether the step has lasted."""
    people = outcomes.of_people(connection, rollout.rollout_id)
    judgement = judge(
        observed.observe(connection, rollout.rollout_id, people),
        observed.metrics(plan.judge),
        alpha=plan.judge.alpha,
        planned=plan.judge.planned_lists,
        least_people=plan.judge.least_people,
    )
    wanted = plan.step(rollout.step)
    minutes, shown = _minutes_of_step(connection, rollout, now), _shown(people, rollout.step)
    told = {
        "findings": [asdict(finding) for finding in judgement.findings],
        "reached": _reached(minutes, wanted.minutes, "people", shown, wanted.people),
    }
    lasted = minutes >= wanted.minutes and shown >= wanted.people
    patch = plan.preset.patch_on_guardrails and _is_newer_patch(connection, rollout)
    move, reason = _after(
        judgement, rollout, plan, lasted=lasted, over=_is_over(rollout, plan, now), patch=patch
    )
    return _seen(rollout, move, judgement.verdict, reason, **told)


def _after(
    judgement: Judgement, rollout: Rollout, plan: Plan, *, lasted: bool, over: bool, patch: bool
) -> tuple[Move, str]:
    """What follows from a verdict.

    Args:
        lasted: whether the step has had its time and its people.
        over: whether the longest time is over.
        patch: whether guardrails alone may do then.
    """
    guarded = _are_guardrails_good(judgement)
    if judgement.verdict == "worse":
        return "rolled_back", judgement.reason
    if lasted and plan.is_last(rollout.step) and judgement.verdict in ("better", "not worse"):
        return "onward", judgement.reason
    if over and patch and guarded:
        return "promoted", _too_long(plan, f"{judgement.reason} {_ON_GUARDRAILS}")
    if over:
        return "inconclusive", _too_long(plan, judgement.reason)
    if lasted and not plan.is_last(rollout.step) and guarded:
        return "onward", "The step has had its time and its people, and no guardrail speaks against the next."
    return "stay", judgement.reason


_ON_GUARDRAILS = (
    "It is new data for the champion's own recipe, and every guardrail is good: the policy lets it pass."
)


def _are_guardrails_good(judgement: Judgement) -> bool:
    """Whether each is at least not worse, which it is not without data."""
    found = [finding for finding in judgement.findings if finding.metric in observed.GUARDRAILS]
    return all(finding.verdict in ("better", "not worse") for finding in found)


def _is_newer_patch(connection: Connection, rollout: Rollout) -> bool:
    """Whether the challenger is new data for the champion's recipe."""
    pair = rollout.challenger, rollout.champion
    return is_patch(connection, *pair) and has_newer_data(connection, *pair)


def _shown(people: NDArray[Any], step: int) -> int:
    """How many people were shown the challenger's lists in a step, of those that are counted."""
    return int(np.count_nonzero((people["step"] == step) & people["challenger"] & ~people["early"]))


def _minutes_of_step(connection: Connection, rollout: Rollout, now: datetime) -> float:
    began = rollouts.get_step(connection, rollout.rollout_id, rollout.step).began_at
    return (now - began).total_seconds() / 60


def _reached(minutes: float, of_minutes: float, what: str, number: float, of_number: int) -> dict[str, float]:
    return {"minutes": round(minutes, 2), "of_minutes": of_minutes, what: number, f"of_{what}": of_number}
