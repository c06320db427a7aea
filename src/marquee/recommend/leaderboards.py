"""Lists that are the same for everybody, as one value an item."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from marquee.models.protocol import Float32, Float64, Int32, Int64

SECONDS_A_DAY = 86_400


class Signs(NamedTuple):
    """Signs of interest, one a person and item: ratings, and what was done beside them.

    Attributes:
        rows: of the items, shape (n,), int32.
        weights: from 0 to 1, shape (n,): a rating counts 1, anything else what its kind weighs.
        times: when, in seconds since 1970, shape (n,), int64.
    """

    rows: Int32
    weights: Float32
    times: Int64


class Trend:
    """Adds up signs of interest that fade: each halves in `half_life_days`.

    All weights fade alike, so the order of items does not depend on what now is. The clock stands at the
    newest sign, which gives an old data set, such as one of 1998, values of a readable size.

    Args:
        n_items: rows of the result.
        half_life_days: above 0.
        now: in seconds since 1970; signs from the future count as of now.
    """

    def __init__(self, n_items: int, half_life_days: float, now: float) -> None:
        self._seconds = half_life_days * SECONDS_A_DAY
        self._now = now
        self._newest: Float64 = np.full(n_items, -np.inf)  # sign of each item
        self._total: Float64 = np.zeros(n_items)  # of each, as of its newest sign: so that none fades to 0

    def add(self, signs: Signs) -> None:
        """Count some signs; the order of the calls does not matter."""
        counted = signs.weights > 0
        rows, weights = signs.rows[counted], signs.weights[counted]
        times = np.minimum(signs.times[counted], self._now)
        newest = self._newest.copy()
        np.maximum.at(newest, rows, times)
        later = newest > self._newest
        self._total[later] *= self._share_left(newest[later] - self._newest[later])
        self._total += np.bincount(rows, weights * self._share_left(newest[rows] - times), len(newest))
        self._newest = newest

    def scores(self) -> Float32:
        """The sum of what is left of each sign, shape (n_items,), float32; -inf for items without one.

        Of what has nearly faded, to less than 2^-100, the order alone is kept.
        """
        scores = np.full(len(self._newest), -np.inf)
        signed = np.flatnonzero(self._newest > -np.inf)
        newest = self._newest[signed]
        halvings = (newest.max(initial=-np.inf) - newest) / self._seconds
        logarithms = np.log2(self._total[signed]) - halvings
        scores[signed] = np.exp2(logarithms)
        faded = logarithms < np.log2(_FADED)
        distinct, places = np.unique(logarithms[faded], return_inverse=True)
        scores[signed[faded]] = _FADED * (places + 1) / (len(distinct) + 1)
        return scores.astype(np.float32)

    def _share_left(self, seconds: Float64) -> Float64:
        share: Float64 = 0.5 ** (seconds / self._seconds)
        return share


_FADED = 2.0**-100  # far enough above the least of float32 for a place each of millions of items


def bayesian_averages(counts: NDArray[np.int64], sums: Float64, prior_ratings: float) -> Float32:
    """Mean stars, as if every item had been given `prior_ratings` of the mean of all ratings beforehand.

    Args:
        counts: ratings of each item, shape (n_items,).
        sums: of their stars, shape (n_items,).
        prior_ratings: at least 0.

    Returns:
        shape (n_items,), float32; -inf for items that nobody has rated.
    """
    n_ratings = int(counts.sum())
    mean = float(sums.sum()) / n_ratings if n_ratings else 0.0
    rated = counts > 0
    averages = np.full(len(counts), -np.inf)
    averages[rated] = (sums[rated] + prior_ratings * mean) / (counts[rated] + prior_ratings)
    return averages.astype(np.float32)


def newest_first(added: Iterable[datetime | None], years: Int32) -> Float32:
    """How many items are not newer than each, shape (n_items,), float32: the newest has the most.

    The later is the one that was added on a later day (UTC); of those added on one day, as a whole catalogue
    is at the start, the one of the later year; then the one that was added later that day.

    Args:
        added: when each item came into the catalogue; None counts as longest ago.
        years: of each item, shape (n_items,), int32; a year that is not known is the lowest number.
    """
    seconds = np.array([_seconds(moment) for moment in added], np.float64)
    order = np.lexsort((seconds, years, np.floor(seconds / SECONDS_A_DAY)))
    places = np.empty(len(order), np.float32)
    places[order] = np.arange(1, len(order) + 1)
    return places


def _seconds(moment: datetime | None) -> float:
    return -np.inf if moment is None else moment.astimezone(UTC).timestamp()
