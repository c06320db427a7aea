"""The stratified sums that all the judge says rests on, with their variances clustered by person."""

from dataclasses import dataclass

import numpy as np

from marquee.evaluation.judge.observations import Observations
from marquee.models.protocol import Float64, Int64, Mask

LEAST_IN_STEP = 2  # people of a variant: of one alone no variance can be had


@dataclass(frozen=True, slots=True)
class Contrast:
    """T(c) = challenger - c champion, and its variance, a quadratic in c.

    Attributes:
        weight: W, the sum of the steps' weights; T(1) / W is the difference of the rates.
        challenger, champion: W times each one's rate.
        challenger_variance, champion_variance, covariance: of these two, clustered by person.
        challenger_least, champion_least: of as many independent observations; the former are not below them.
        spread: variance of one observation.
        information: of one observation when the variants are even: 1/4 in W; 1 where they are paired.
        challenger_people, champion_people: who was counted.
        observations: number counted, of both.
    """

    weight: float
    challenger: float
    champion: float
    challenger_variance: float
    champion_variance: float
    covariance: float
    challenger_least: float
    champion_least: float
    spread: float
    information: float
    challenger_people: int
    champion_people: int
    observations: int

    def total(self, c: float = 1.0) -> float:
        return self.challenger - c * self.champion

    def variance(self, c: float = 1.0) -> float:
        """Above 0, but for means without any spread."""
        clustered = self.challenger_variance - 2.0 * c * self.covariance + c * c * self.champion_variance
        return max(clustered, self.challenger_least + c * c * self.champion_least)


def stratified(observed: Observations, *, share: bool) -> Contrast | None:
    """Of two variants, by step; None where no step has two people of each.

    Args:
        share: observations are 0 or 1.
    """
    variant = observed.challenger.astype(np.int64)
    steps = np.unique(observed.step)
    step = np.searchsorted(steps, observed.step)
    people = np.bincount(2 * step + variant, minlength=2 * len(steps)).reshape(-1, 2)
    compared: Mask = people.min(axis=1) >= LEAST_IN_STEP
    if not compared.any():
        return None
    if not compared.all():
        return stratified(observed.where(compared[step]), share=share)
    cell = 2 * step + variant
    n = _sums(cell, observed.n)
    rate = _sums(cell, observed.total) / n
    weight = np.repeat(n[0::2] * n[1::2] / (n[0::2] + n[1::2]), 2)
    person = np.unique(observed.person, return_inverse=True)[1]
    left_out = weight[cell] * _left_out(observed, cell, n, rate)
    champion, challenger = (_sums(person, left_out * (variant == v)) for v in (0, 1))
    spreads = [_spread(observed.where(variant == v), share=share) for v in (0, 1)]
    floors = [spreads[v] * float((weight[v::2] ** 2 / n[v::2]).sum()) for v in (0, 1)]
    numbers = n[0::2].sum(), n[1::2].sum()
    return Contrast(
        weight=float(weight[0::2].sum()),
        challenger=float((weight * rate)[1::2].sum()),
        champion=float((weight * rate)[0::2].sum()),
        challenger_variance=max(_dot(challenger, challenger), floors[1]),
        champion_variance=max(_dot(champion, champion), floors[0]),
        covariance=_dot(challenger, champion),
        challenger_least=floors[1],
        champion_least=floors[0],
        spread=float(np.dot(numbers, spreads) / sum(numbers)),
        information=0.25,
        challenger_people=int(np.count_nonzero(np.bincount(person, variant))),
        champion_people=int(np.count_nonzero(np.bincount(person, 1 - variant))),
        observations=int(sum(numbers)),
    )


def paired(observed: Observations, *, share: bool) -> Contrast | None:
    """Of differences of the same outcomes, by person; None where there are not two people."""
    who, person = np.unique(observed.person, return_inverse=True)
    if len(who) < LEAST_IN_STEP:
        return None
    sums = Observations(
        np.arange(len(who)),
        np.zeros(len(who), dtype=np.int64),
        np.ones(len(who), dtype=np.bool_),
        *(_sums(person, column) for column in (observed.n, observed.total, observed.squares)),
    )
    n = sums.n.sum(keepdims=True)
    total = float(sums.total.sum())
    left_out = n * _left_out(sums, sums.step, n, total / n)
    spread = _spread(sums, share=share)
    return Contrast(
        weight=float(n[0]),
        challenger=total,
        champion=0.0,
        challenger_variance=max(_dot(left_out, left_out), spread * float(n[0])),
        champion_variance=0.0,
        covariance=0.0,
        challenger_least=spread * float(n[0]),
        champion_least=0.0,
        spread=spread,
        information=1.0,
        challenger_people=len(who),
        champion_people=len(who),
        observations=int(n[0]),
    )


def _sums(index: Int64, values: Float64) -> Float64:
    return np.bincount(index, values).astype(np.float64, copy=False)


def _dot(one: Float64, other: Float64) -> float:
    """Not by BLAS: its threads cost more than they bring, and decide the last bits."""
    return float((one * other).sum())


def _left_out(observed: Observations, cell: Int64, n: Float64, rate: Float64) -> Float64:
    """By how much the rate of its cell sinks when a row is left out of it, shape (n_rows,).

    (N r - x) / (N - n) - r, the other way round: what a row has beyond its due, over the observations that
    stay.
    """
    return (observed.total - observed.n * rate[cell]) / (n[cell] - observed.n)


def _spread(observed: Observations, *, share: bool) -> float:
    """Variance of one observation; a share is kept off 0 and 1 as if one of each had been seen as well."""
    n, total = float(observed.n.sum()), float(observed.total.sum())
    if share:
        rate = (total + 1.0) / (n + 2.0)
        return rate * (1.0 - rate)
    return max(float(observed.squares.sum()) / n - (total / n) ** 2, 0.0)
