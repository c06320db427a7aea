"""How sure a figure is: bootstrap by person, and tests between two models on the same people.

People, not ratings, are drawn: one person's ratings hang together. A resample is the number of times that
each person was drawn, so a figure of all resamples is a product of matrices (Efron and Tibshirani, "An
introduction to the bootstrap", 1993).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from marquee.models.protocol import Float64

# Weights of people, shape (n_resamples, n_people), to the figure of each resample, shape (n_resamples,).
Estimator: TypeAlias = Callable[[Float64], Float64]

RESAMPLES = 1000
LEVEL = 0.95
_MOST_WEIGHTS = 10_000_000  # in memory at once: 80 MB


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and the interval that holds it with the stated confidence; None where there is none."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of two models on the same people.

    Attributes:
        difference: candidate - rival, with its interval.
        p: how often chance alone makes a difference as large, two-sided; None where it cannot be said.
    """

    candidate: float
    rival: float
    difference: Estimate
    p: float | None


def resampled_people(n_people: int, resamples: int = RESAMPLES, seed: int = 0) -> Float64:
    """How often each person was drawn, shape (resamples, n_people); each row sums to n_people."""
    random = np.random.default_rng(seed)
    shares = np.full(n_people, 1.0 / n_people)
    return random.multinomial(n_people, shares, size=resamples).astype(np.float64)


def point(estimator: Estimator, n_people: int) -> float:
    """The figure itself: everybody once."""
    return float(estimator(np.ones((1, n_people)))[0])


def estimate(estimator: Estimator, weights: Float64, level: float = LEVEL) -> Estimate | None:
    """A figure with its bootstrap interval; None where there is nothing to measure."""
    value = point(estimator, weights.shape[1])
    return None if np.isnan(value) else _with_interval(value, estimator(weights), level)


def estimates(
    estimators: Sequence[Estimator],
    n_people: int,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
) -> list[Estimate | None]:
    """`estimate` of each, all by the same resamples, which are drawn a batch at a time."""
    drawn: list[list[Float64]] = [[] for _ in estimators]
    for weights in _batches(n_people, resamples, seed):
        for place, estimator in enumerate(estimators):
            drawn[place].append(estimator(weights))
    values = [point(estimator, n_people) for estimator in estimators]
    return [
        None if np.isnan(value) else _with_interval(value, np.concatenate(resampled), level)
        for value, resampled in zip(values, drawn, strict=True)
    ]


def difference(
    candidate: Estimator, rival: Estimator, weights: Float64, level: float = LEVEL
) -> Difference | None:
    """Paired: both models are measured on the same people in each resample.

    p is the share of resamples whose difference lies at least as far from the resamples' mean as the observed
    one lies from 0 (Efron and Tibshirani, ch. 16), counting the observation itself, so never 0.
    """
    (found,) = _differences([(candidate, rival)], [weights], weights.shape[1], level)
    return found


def differences(
    pairs: Sequence[tuple[Estimator, Estimator]],
    n_people: int,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
) -> list[Difference | None]:
    """`difference` of each pair, all by the same resamples, which are drawn a batch at a time."""
    return _differences(pairs, _batches(n_people, resamples, seed), n_people, level)


def _differences(
    pairs: Sequence[tuple[Estimator, Estimator]], batches: Iterable[Float64], n_people: int, level: float
) -> list[Difference | None]:
    observed = [(point(ours, n_people), point(theirs, n_people)) for ours, theirs in pairs]
    drawn: list[list[Float64]] = [[] for _ in pairs]
    for weights in batches:
        for place, (ours, theirs) in enumerate(pairs):
            drawn[place].append(ours(weights) - theirs(weights))
    return [
        _difference(ours, theirs, np.concatenate(resampled), level)
        for (ours, theirs), resampled in zip(observed, drawn, strict=True)
    ]


def _difference(ours: float, theirs: float, drawn: Float64, level: float) -> Difference | None:
    if np.isnan(ours) or np.isnan(theirs):
        return None
    observed = ours - theirs
    found = _with_interval(observed, drawn, level)
    drawn = drawn[~np.isnan(drawn)]
    if found.low is None:
        return Difference(ours, theirs, found, None)
    as_large = np.abs(drawn - drawn.mean()) >= abs(observed) - 1e-12
    return Difference(ours, theirs, found, float((as_large.sum() + 1) / (len(drawn) + 1)))


def _batches(n_people: int, resamples: int, seed: int) -> Iterator[Float64]:
    """The rows of `resampled_people`, so many at a time that they fit into memory."""
    random = np.random.default_rng(seed)
    shares = np.full(n_people, 1.0 / n_people)
    at_once = max(_MOST_WEIGHTS // n_people, 1)
    for begun in range(0, resamples, at_once):
        size = min(at_once, resamples - begun)
        yield random.multinomial(n_people, shares, size=size).astype(np.float64)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for their number, in their order: Holm's step-down method (1979)."""
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(stepped, 1.0)
    return [float(value) for value in corrected]


def _with_interval(value: float, drawn: Float64, level: float) -> Estimate:
    """The percentile interval of the resamples, moved so that their mean is the figure.

    A resample holds fewer different people than the sample; figures such as coverage or calibration are
    lower or higher in it for that alone. Taking the resamples' bias off leaves means as they are.
    """
    drawn = drawn[~np.isnan(drawn)]
    if not len(drawn) or np.ptp(drawn) == 0.0:  # one person alone, or everybody the same: no spread to go by
        return Estimate(value, None, None)
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(drawn, (tail, 1.0 - tail)) - drawn.mean() + value
    return Estimate(value, float(low), float(high))
