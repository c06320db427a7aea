"""Seeded traffic of a rollout with a known true effect: people of unlike activity and taste, late clicks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from marquee.evaluation.judge import Metric, Observations
from marquee.lifecycle.observed import EARLY_LISTS
from marquee.models.protocol import Float64, Int64, Mask

Served: TypeAlias = tuple[Int64, Int64, Mask]  # person or bucket, step, whether by the challenger

FAILING = 0.002  # share of the champion's requests that are errors
BUCKETS = 256  # of people, by which guardrails are summed
METRICS = (
    Metric("positive", "share", "higher", 0.1, relative=True, role="primary"),
    Metric(
        "early", "share", "higher", 0.25, relative=True, role="guardrail", required=False, planned=EARLY_LISTS
    ),
    Metric("stars", "mean", "higher", 0.1, relative=False, role="quality", required=False),
    Metric("error", "mean", "lower", 0.02, relative=False, role="quality", paired=True),
    Metric("errors", "share", "lower", 0.005, relative=False, role="guardrail"),
    Metric("latency", "mean", "lower", 0.25, relative=True, role="guardrail"),
    Metric("empty", "share", "lower", 0.01, relative=False, role="guardrail"),
    Metric("fallback", "share", "lower", 0.03, relative=False, role="guardrail"),
)


@dataclass(frozen=True, slots=True)
class World:
    """How people and models are.

    Attributes:
        requests_per_second, seconds: of the traffic; there are 40 people to draw from in 100 requests.
        steps: (share of the challenger, seconds), in order; the last lasts to the end.
        effect: of the challenger on positive answers, relative: -0.2 is a fifth fewer.
        base: share of the champion's lists with a positive answer inside the window.
        taste: a + b of the beta distribution of people's own rates; the smaller, the more they differ.
        activity: sigma of the lognormal distribution of how often people come.
        trend: amplitude of a wave of all rates over the whole time.
        delay, window: mean seconds until an answer (exponential); when a list is old enough to count. An
            answer that comes later is lost.
        early: seconds within which answers are looked at by themselves.
        writing: seconds until what was answered is known.
        failing: share of the challenger's requests that are errors.
    """

    requests_per_second: float
    seconds: float
    steps: tuple[tuple[float, float], ...] = ((0.05, 60.0), (0.25, 120.0), (0.5, 0.0))
    effect: float = 0.0
    base: float = 0.05
    taste: float = 20.0
    activity: float = 1.0
    trend: float = 0.3
    delay: float = 8.0
    window: float = 20.0
    early: float = 5.0
    writing: float = 0.0
    failing: float = FAILING


class Sums:
    """Sufficient statistics of one metric as time goes on; `at` must be asked in order of time."""

    def __init__(self, known: Float64, served: Served, value: Float64, steps: int) -> None:
        """One entry an observation, in the order of `known`, the seconds at which it counts."""
        unit, step, challenger = served
        keys, first, inverse = np.unique(
            (unit * steps + step) * 2 + challenger, return_index=True, return_inverse=True
        )
        order = np.argsort(first)  # rows in the order of their first observation: a prefix is what is known
        keys = keys[order]
        self._rows = (keys // 2 // steps, keys // 2 % steps, keys % 2 == 1)
        self._row = np.argsort(order)[inverse]
        self._known, self._value, self._until = known, value, 0
        self._sums = np.zeros((3, len(keys)))
        self._filled = np.maximum.accumulate(self._row) + 1 if len(self._row) else self._row

    def at(self, seconds: float) -> Observations:
        until = int(np.searchsorted(self._known, seconds))
        row, value = self._row[self._until : until], self._value[self._until : until]
        for sums, weights in zip(self._sums, (np.ones(len(value)), value, value * value), strict=True):
            sums += np.bincount(row, weights, minlength=len(sums))
        self._until = until
        filled = int(self._filled[until - 1]) if until else 0
        return Observations(*(column[:filled] for column in (*self._rows, *self._sums)))


@dataclass(frozen=True, slots=True)
class Requests:
    """In order of time, shape (n,) each."""

    seconds: Float64
    person: Int64
    step: Int64
    challenger: Mask
    failed: Mask


def rollout(world: World, seed: int, *, positive_alone: bool = False) -> Mapping[str, Sums]:
    """Everything that will be observed, by the metric's name; `positive_alone` is the same, and quicker."""
    random = np.random.default_rng(seed)
    asked = _requests(world, random)
    served = ~asked.failed
    steps = len(world.steps)
    asked_at = asked.seconds[served] + world.writing
    late = asked_at + world.window
    lists = (asked.person[served], asked.step[served], asked.challenger[served])
    answered = _answered(world, asked, random)[served]
    positive = (answered < world.window).astype(np.float64)
    found = {"positive": Sums(late, lists, positive, steps)}
    if positive_alone:
        return found
    soon = (answered < world.early).astype(np.float64)
    found["early"] = Sums(asked_at + world.early, lists, soon, steps)
    rated = random.random(len(late)) < 0.05
    who = (lists[0][rated], lists[1][rated], lists[2][rated])
    people = int(asked.person.max()) + 1
    stars = random.normal(3.6, 0.5, people)[who[0]] + random.normal(0.0, 0.9, len(who[0]))
    gap = random.normal(0.0, 0.04, people)[who[0]] + random.normal(0.0, 0.12, len(who[0]))
    found["stars"] = Sums(late[rated], who, np.clip(np.round(2 * stars) / 2, 0.5, 5.0), steps)
    found["error"] = Sums(late[rated], who, gap, steps)
    bucket = (asked.person % BUCKETS, asked.step, asked.challenger)
    for name, value in _guarded(asked, people, random).items():
        found[name] = Sums(asked.seconds, bucket, value, steps)
    return found


def _requests(world: World, random: np.random.Generator) -> Requests:
    number = int(random.poisson(world.requests_per_second * world.seconds))
    pool = max(int(0.4 * world.requests_per_second * world.seconds), 200)
    activity = np.cumsum(random.lognormal(0.0, world.activity, pool))
    person = np.searchsorted(activity, random.random(number) * activity[-1])
    seconds = np.sort(random.random(number)) * world.seconds
    ends = np.cumsum([lasts for _, lasts in world.steps[:-1]])
    step = np.searchsorted(ends, seconds, side="right")
    share = np.array([share for share, _ in world.steps])[step]
    challenger = random.random(pool)[person] < share  # sticky: a person's place is drawn once
    failed = random.random(number) < np.where(challenger, world.failing, FAILING)
    return Requests(seconds, person, step, challenger, failed)


def _answered(world: World, asked: Requests, random: np.random.Generator) -> Float64:
    """Seconds from a list to its positive answer; infinite where there is none."""
    in_time = -np.expm1(-world.window / world.delay)
    mean = world.base / in_time
    taste = random.beta(mean * world.taste, (1 - mean) * world.taste, int(asked.person.max()) + 1)
    wave = 1.0 + world.trend * np.sin(2 * np.pi * asked.seconds / world.seconds)
    rate = taste[asked.person] * wave * (1.0 + world.effect * asked.challenger)
    answered = random.random(len(rate)) < rate
    return np.where(answered, random.exponential(world.delay, len(rate)), np.inf)


def _guarded(asked: Requests, people: int, random: np.random.Generator) -> dict[str, Float64]:
    """No effect but the failures; some people have slower lists and need the fallback more often."""
    number = len(asked.person)
    slower = random.lognormal(0.0, 0.2, people)[asked.person]
    newcomer = random.beta(1.0, 19.0, people)[asked.person]
    return {
        "errors": asked.failed.astype(np.float64),
        "latency": 5.0 * slower * random.lognormal(0.0, 0.4, number),
        "empty": (random.random(number) < 0.001).astype(np.float64),
        "fallback": (random.random(number) < newcomer).astype(np.float64),
    }
