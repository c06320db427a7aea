"""Figures as functions of how often each person counts, so that the bootstrap and slices need no other code.

Each is called with weights of shape (n_resamples, n_people) and gives shape (n_resamples,), nan where a
resample has nothing to measure. People are the rows of `Judged.people`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from scipy import sparse

from marquee.domain.history import UNKNOWN_ROW
from marquee.evaluation.catalogue import coverage, gini
from marquee.evaluation.intervals import Estimator
from marquee.evaluation.judged import Judged
from marquee.evaluation.metrics import star_bins
from marquee.models.protocol import Float64, Int64, Mask

Better: TypeAlias = Literal["lower", "higher", "neither"]
_AT_ONCE = 100  # resamples whose exposures are in memory together


@dataclass(frozen=True, slots=True)
class Measure:
    """What a figure is called, and which way is good.

    Attributes:
        name: in metrics and gates.
        title: for people.
        better: which way is good.
        about: one sentence.
    """

    name: str
    title: str
    better: Better
    about: str


STAR_MEASURES = (
    Measure("rmse", "RMSE", "lower", "Root of the mean squared error of the stars, over ratings."),
    Measure("mae", "MAE", "lower", "Mean absolute error of the stars, over ratings."),
    Measure("bias", "Bias", "neither", "Mean of predicted minus actual stars."),
    Measure(
        "auc", "AUC of liked", "higher", "Chance that a liked item is predicted above another; by person."
    ),
    Measure("ece", "Calibration error", "lower", "Mean distance of predicted from actual stars, by bin."),
    Measure("coverage90", "Interval coverage", "neither", "Share of ratings within their stated interval."),
    Measure("width90", "Interval width", "lower", "Mean width of the stated intervals, in stars."),
)
LIST_MEASURES = (
    Measure("ndcg", "nDCG@k", "higher", "Hits, weighted by their places, as a share of the best possible."),
    Measure("precision", "Precision@k", "higher", "Share of the places that hold a relevant item."),
    Measure("recall", "Recall@k", "higher", "Share of the relevant items that stand in the list."),
    Measure("f1", "F1@k", "higher", "Harmonic mean of precision and recall."),
    Measure("hit_rate", "Hit rate@k", "higher", "Share of the lists with a relevant item."),
    Measure("map", "MAP@k", "higher", "Mean of precision at the places of the hits."),
    Measure("mrr", "MRR@k", "higher", "Mean of one over the place of the first hit."),
    Measure("novelty", "Novelty", "neither", "Mean self-information of the items listed, in bits."),
    Measure("diversity", "Diversity", "neither", "Mean dissimilarity, by genre, of two items of a list."),
    Measure("serendipity", "Serendipity", "higher", "Share of the places with a hit that popularity misses."),
    Measure("lift", "Popularity lift", "neither", "How much more popular lists are than what people rated."),
    Measure("catalogue", "Catalogue coverage", "higher", "Share of all items that stand in some list."),
    Measure("gini", "Gini", "lower", "How unequally places are shared among all items."),
)
MEASURES = {measure.name: measure for measure in (*STAR_MEASURES, *LIST_MEASURES)}

_BY_RATING = {
    "rmse": ("squared_error", "ratings"),
    "mae": ("absolute_error", "ratings"),
    "bias": ("error", "ratings"),
    "coverage90": ("in_interval", "intervals"),
    "width90": ("interval_width", "intervals"),
}
_BY_PERSON = (
    *("auc", "ndcg", "precision", "recall", "f1", "hit_rate", "map", "mrr"),
    *("novelty", "diversity", "serendipity"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Ratio:
    """scale x (weighted sum above / weighted sum below) + offset, or the root of the quotient.

    Attributes:
        above, below: by person, shape (n_people,).
    """

    above: Float64
    below: Float64
    root: bool = False
    scale: float = 1.0
    offset: float = 0.0

    def __call__(self, weights: Float64) -> Float64:
        below = weights @ self.below
        quotient: Float64 = np.divide(
            weights @ self.above, below, out=np.full(len(below), np.nan), where=below > 0
        )
        return self.scale * (np.sqrt(quotient) if self.root else quotient) + self.offset


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationError:
    """Expected calibration error: `errors` are sums of (predicted - actual) by person and bin of stars.

    Attributes:
        errors: shape (n_people, n_bins).
        ratings: by person, shape (n_people,).
    """

    errors: Float64
    ratings: Float64

    def __call__(self, weights: Float64) -> Float64:
        total = weights @ self.ratings
        gaps = np.abs(weights @ self.errors).sum(axis=1)
        quotient: Float64 = np.divide(gaps, total, out=np.full(len(total), np.nan), where=total > 0)
        return quotient


@dataclass(frozen=True, slots=True, eq=False)
class Exposure:
    """A measure of how places are shared among items.

    Attributes:
        places: in how many places each person's lists show each item, shape (n_people, n_items).
        measure: `coverage` or `gini`.
    """

    places: "sparse.csr_array[Any, tuple[int, int]]"
    measure: Callable[[Float64], Float64]

    def __call__(self, weights: Float64) -> Float64:
        parts = np.array_split(weights, max(len(weights) // _AT_ONCE, 1))
        if not self.places.nnz:
            return np.full(len(weights), np.nan)
        return np.concatenate([self.measure(part @ self.places) for part in parts])


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """How far the figures of slices are apart: the largest minus the smallest, or smallest / largest."""

    parts: Sequence[Estimator]
    as_ratio: bool = False

    def __call__(self, weights: Float64) -> Float64:
        values = np.stack([part(weights) for part in self.parts])
        low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
        if not self.as_ratio:
            return np.asarray(high - low)
        quotient: Float64 = np.divide(low, high, out=np.full(len(low), np.nan), where=high > 0)
        return quotient


def figures(judged: Judged, who: Mask, names: Iterable[str] | None = None) -> dict[str, Estimator]:
    """The figures of some people, by name in `MEASURES`; those that cannot be measured are left out.

    Args:
        who: rows of `judged.people`, shape (n_people,).
        names: which; all by default.
    """
    wanted = tuple(MEASURES) if names is None else tuple(names)
    return {name: estimator for name in wanted if (estimator := _figure(judged, who, name)) is not None}


def _figure(judged: Judged, who: Mask, name: str) -> Estimator | None:
    people = judged.people
    if name in _BY_RATING:
        above, below = (people[column].to_numpy(np.float64) * who for column in _BY_RATING[name])
        return Ratio(above, below, root=name == "rmse") if below.any() else None
    if name in _BY_PERSON:
        return _mean(people[name], who)
    if name == "lift":
        return _lift(people, who)
    if name == "ece":
        return calibration(judged, who)
    places = places_by_person(judged, who)
    return Exposure(places, coverage if name == "catalogue" else gini) if places.nnz else None


def _mean(values: "pd.Series[float]", who: Mask) -> Ratio | None:
    counts = (values.notna().to_numpy() & who).astype(np.float64)
    return Ratio(values.fillna(0.0).to_numpy(np.float64) * counts, counts) if counts.any() else None


def _lift(people: pd.DataFrame, who: Mask) -> Ratio | None:
    """Abdollahpouri et al., "The unfairness of popularity bias" (2019): lists over profiles, minus 1."""
    both = (people["popularity"].notna() & people["profile_popularity"].notna()).to_numpy() & who
    if not both.any():
        return None
    lists, profiles = (
        people[name].fillna(0.0).to_numpy(np.float64) * both for name in ("popularity", "profile_popularity")
    )
    return Ratio(lists, profiles, offset=-1.0)


def calibration(judged: Judged, who: Mask) -> CalibrationError | None:
    """The calibration error of some people's stars."""
    stars = judged.stars
    kept = stars[who[stars["person"].to_numpy()]]
    if kept.empty:
        return None
    bins, n_bins = _bins(judged, kept["predicted"].to_numpy())
    errors = np.zeros((len(judged.people), n_bins))
    np.add.at(errors, (kept["person"].to_numpy(), bins), (kept["predicted"] - kept["actual"]).to_numpy())
    return CalibrationError(errors, judged.people["ratings"].to_numpy(np.float64) * who)


def reliability(judged: Judged, who: Mask) -> pd.DataFrame:
    """By bin of predicted stars: `ratings`, mean `predicted`, mean `actual`; empty bins are left out."""
    kept = judged.stars[who[judged.stars["person"].to_numpy()]]
    bins, _ = _bins(judged, kept["predicted"].to_numpy())
    table: pd.DataFrame = kept.groupby(bins)[["predicted", "actual"]].mean()
    table.insert(0, "ratings", kept.groupby(bins).size())
    return pd.DataFrame(table.reset_index(drop=True))


def _bins(judged: Judged, predicted: Float64) -> tuple[Int64, int]:
    low, high = judged.stars["actual"].min(), judged.stars["actual"].max()
    if not high > low:
        return np.zeros(len(predicted), dtype=np.int64), 1
    bins = star_bins(predicted, low, high)
    return bins, int(bins.max(initial=0)) + 1


def places_by_person(judged: Judged, who: Mask) -> "sparse.csr_array[Any, tuple[int, int]]":
    """In how many places some people's lists show each item, shape (n_people, n_items)."""
    person = np.repeat(judged.list_person, judged.k)
    rows = judged.lists.ravel()
    kept = (rows != UNKNOWN_ROW) & who[person]
    shape = (len(judged.people), len(judged.catalogue))
    return sparse.csr_array((np.ones(kept.sum()), (person[kept], rows[kept])), shape=shape)
