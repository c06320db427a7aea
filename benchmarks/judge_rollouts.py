"""Rollouts under seeded traffic, judged as in production, and what came of them."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np

from benchmarks.judge_traffic import METRICS, World, rollout
from benchmarks.progress import say
from marquee.evaluation.judge import Metric, Verdict, judge
from marquee.evaluation.judge.contrast import stratified
from marquee.models.protocol import Float64

T = TypeVar("T")
WORKERS = 2
TOLD = 100  # rollouts between two words of how far it is
POSITIVE = METRICS[0]
DECIDED: frozenset[Verdict] = frozenset(("worse", "not worse", "better"))
HARM: frozenset[Verdict] = frozenset(("worse",))
PASS: frozenset[Verdict] = frozenset(("not worse", "better"))


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers of a policy that the judge needs; `look` is the seconds between two judgements."""

    alpha: float = 0.05
    planned: float = 10_000
    least_people: int = 50
    look: float = 5.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a rollout ended: at the first verdict that ends it, or `inconclusive` at the end of its time."""

    verdict: Verdict
    seconds: float
    people: int
    lists: int
    because: tuple[str, ...] = ()


def run(
    seed: int,
    world: World,
    rules: Rules,
    ends: frozenset[Verdict] = DECIDED,
    metrics: Sequence[Metric] = METRICS,
) -> Outcome:
    """Look until a verdict that ends it; a promotion waits for the last step."""
    traffic = rollout(world, seed, positive_alone=list(metrics) == [POSITIVE])
    last_step = sum(seconds for _, seconds in world.steps[:-1])
    people = lists = 0
    for seconds in np.arange(rules.look, world.seconds + rules.look / 2, rules.look):
        observed = {metric.name: traffic[metric.name].at(seconds) for metric in metrics}
        found = judge(
            observed,
            metrics,
            alpha=rules.alpha,
            planned=rules.planned,
            least_people=rules.least_people,
        )
        first = found.findings[0]
        people, lists = first.people_champion + first.people_challenger, first.observations
        if found.verdict in ends and (found.verdict == "worse" or seconds >= last_step):
            because = tuple(one.metric for one in found.findings if one.verdict == found.verdict)
            return Outcome(found.verdict, float(seconds), people, lists, because)
    return Outcome("inconclusive", world.seconds, people, lists)


def growth(seed: int, world: World, looks: Float64) -> Float64:
    """Of positive answers at each look: people, lists, estimate, its clustered variance; (n_looks, 4)."""
    sums = rollout(world, seed, positive_alone=True)["positive"]
    rows = np.full((len(looks), 4), np.nan)
    for row, seconds in zip(rows, looks, strict=True):
        found = stratified(sums.at(seconds), share=True)
        if found is not None:
            people = found.champion_people + found.challenger_people
            estimate, spread = found.total() / found.weight, found.variance() / found.weight**2
            row[:] = people, found.observations, estimate, spread
    return rows


def many(rollouts: int, of: Callable[[int], T], first_seed: int = 0) -> list[T]:
    """One result a seed, on two processes; says how far it is."""
    done: list[T] = []
    with ProcessPoolExecutor(WORKERS) as pool:
        for one in pool.map(of, range(first_seed, first_seed + rollouts), chunksize=2):
            done.append(one)
            if len(done) % TOLD == 0:
                say(f"  {len(done)} of {rollouts}")
    return done


def outcomes(
    rollouts: int,
    world: World,
    rules: Rules,
    *,
    ends: frozenset[Verdict] = DECIDED,
    metrics: Sequence[Metric] = METRICS,
) -> list[Outcome]:
    return many(rollouts, partial(run, world=world, rules=rules, ends=ends, metrics=metrics))


def percent(found: Sequence[Outcome], *verdicts: Verdict) -> float:
    return 100 * sum(outcome.verdict in verdicts for outcome in found) / len(found)
