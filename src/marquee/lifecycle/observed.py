"""What Postgres holds on champion and challenger, as the judge takes it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from marquee.evaluation.judge import Metric, Observations
from marquee.settings.policy import Judge
from marquee.store import outcomes

POSITIVE, EARLY, STARS, ERROR = "positive", "early", "stars", "error"
EARLY_LISTS = 500  # for which the intervals of early answers are made: what is ruinous shows by then
GUARDRAILS = ("errors", "latency", "empty", "fallback")


def metrics(policy: Judge) -> tuple[Metric, ...]:
    """What is compared, with the policy's margins.

    Ratings are not asked for, since on many sites nobody gives any; where they come, they count against. So
    do answers in the first seconds.
    """
    early = Metric(
        *(EARLY, "share", "higher", policy.early),
        relative=True,
        role="guardrail",
        required=False,
        planned=min(EARLY_LISTS, policy.planned_lists),
    )
    return (
        Metric(POSITIVE, "share", "higher", policy.positive, relative=True, role="primary"),
        Metric(STARS, "mean", "higher", policy.stars, relative=False, role="quality", required=False),
        Metric(
            ERROR, "mean", "lower", policy.error, relative=False, role="quality", required=False, paired=True
        ),
        Metric("errors", "share", "lower", policy.errors, relative=False, role="guardrail"),
        Metric("latency", "mean", "lower", policy.latency, relative=True, role="guardrail"),
        Metric("empty", "share", "lower", policy.empty, relative=False, role="guardrail"),
        Metric("fallback", "share", "lower", policy.fallback, relative=False, role="guardrail"),
        *(() if policy.early_window is None else (early,)),
    )


def observe(connection: Connection, rollout_id: int, people: NDArray[Any]) -> dict[str, Observations]:
    """All that has been counted of a rollout, by the metric's name.

    Args:
        people: `outcomes.of_people` of it.
    """
    early, people = people[people["early"]], people[~people["early"]]
    return {
        POSITIVE: _of_people(people, "lists", "positive", "positive"),
        EARLY: _of_people(early, "lists", "positive", "positive"),
        STARS: _of_people(people, "rated", "stars", "stars_squared"),
        ERROR: _of_predictions(outcomes.of_predictions(connection, rollout_id)),
        **of_buckets(outcomes.of_buckets(connection, rollout_id)),
    }


def of_buckets(buckets: Mapping[tuple[int, str], Mapping[str, NDArray[Any]]]) -> dict[str, Observations]:
    """The guardrails, by the metric's name.

    Args:
        buckets: as of `outcomes.of_buckets`.
    """
    return {
        "errors": _of_buckets(buckets, "requests", "errors", "errors"),
        "latency": _of_buckets(buckets, "timed", "milliseconds", "milliseconds_squared"),
        "empty": _of_buckets(buckets, "requests", "empty", "empty"),
        "fallback": _of_buckets(buckets, "requests", "fallback", "fallback"),
    }


def _of_people(people: NDArray[Any], n: str, total: str, squares: str) -> Observations:
    """Of outcomes that are 0 or 1 the sum of the squares is the sum."""
    return Observations(
        person=people["person"].astype(np.int64),
        step=people["step"].astype(np.int64),
        challenger=people["challenger"].astype(np.bool_),
        n=people[n].astype(np.float64),
        total=people[total].astype(np.float64),
        squares=people[squares].astype(np.float64),
    )


def _of_predictions(scored: NDArray[Any]) -> Observations:
    return Observations(
        person=scored["person"].astype(np.int64),
        step=scored["step"].astype(np.int64),
        challenger=np.ones(len(scored), dtype=np.bool_),
        n=scored["rated"].astype(np.float64),
        total=scored["excess"].astype(np.float64),
        squares=scored["excess_squared"].astype(np.float64),
    )


def _of_buckets(
    buckets: Mapping[tuple[int, str], Mapping[str, NDArray[Any]]], n: str, total: str, squares: str
) -> Observations:
    """A bucket of people in the place of a person."""
    arms = [(step, variant, sums) for (step, variant), sums in buckets.items()]
    sizes = [len(sums[n]) for _, _, sums in arms]
    return Observations(
        person=_joined([np.arange(size) for size in sizes]).astype(np.int64),
        step=np.repeat(np.array([step for step, _, _ in arms], dtype=np.int64), sizes),
        challenger=np.repeat(np.array([v == "challenger" for _, v, _ in arms], dtype=np.bool_), sizes),
        n=_joined([sums[n] for _, _, sums in arms]),
        total=_joined([sums[total] for _, _, sums in arms]),
        squares=_joined([sums[squares] for _, _, sums in arms]),
    )


def _joined(arrays: list[NDArray[Any]]) -> NDArray[np.float64]:
    return np.concatenate(arrays).astype(np.float64) if arrays else np.empty(0)
