"""Where a model is better and where worse: figures of some people, or of some items, and the gaps between.

People are sliced by gender, age band, activity and whether they are new; items by popularity and genre. A
slice of people has all figures; a slice of items has those of the stars, and recall: how much of what was to
be found among these items was found.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
import pandas as pd

from marquee.domain.columns import AGE, GENDER, USER
from marquee.evaluation.catalogue import Catalogue
from marquee.evaluation.estimators import Ratio, Spread, figures
from marquee.evaluation.intervals import Estimate, Estimator, estimate
from marquee.evaluation.judged import Judged
from marquee.models.protocol import Float64, Int64, Mask

# MovieLens' own age groups.
AGE_STARTS = (18, 25, 35, 45, 50, 56)
AGE_BANDS = ("0-17", "18-24", "25-34", "35-44", "45-49", "50-55", "56+")
UNKNOWN = "not known"
QUARTERS = ("least", "less", "more", "most")
OF_PEOPLE = ("gender", "age", "activity", "new or known")
OF_ITEMS = ("item popularity", "genre")
SLICED_FIGURES = ("rmse", "mae", "bias", "auc", "ndcg", "precision", "recall", "hit_rate", "lift")
LEAST_PEOPLE = 10  # of fewer no figure is worth printing


@dataclass(frozen=True, slots=True)
class SliceFigures:
    """The figures of one slice, by name; `people` and `ratings` are how many they rest on."""

    by: str
    name: str
    people: int
    ratings: int
    figures: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class Gap:
    """How far the slices of one kind are apart in one figure: the largest minus the smallest."""

    by: str
    figure: str
    lowest: str
    highest: str
    gap: Estimate


@dataclass(frozen=True, slots=True)
class Sliced:
    """All slices of one contender, and the gaps between them."""

    slices: tuple[SliceFigures, ...]
    gaps: tuple[Gap, ...]


def sliced(judged: Judged, users: pd.DataFrame, weights: Float64) -> Sliced:
    """Figures and gaps of every slice that at least `LEAST_PEOPLE` people are in.

    Args:
        users: user_id, and gender and age where they are known.
        weights: from `resampled_people`, of the rows of `judged.people`.
    """
    slices: list[SliceFigures] = []
    gaps: list[Gap] = []
    for by in (*OF_PEOPLE, *OF_ITEMS):
        estimators = dict(_estimators(judged, users, by))
        for name, part in estimators.items():
            found = {
                figure: one
                for figure, how in part.figures.items()
                if (one := estimate(how, weights)) is not None
            }
            slices.append(SliceFigures(by, name, part.people, part.ratings, found))
        gaps += _gaps(by, {name: part.figures for name, part in estimators.items()}, weights)
    return Sliced(tuple(slices), tuple(gaps))


@dataclass(frozen=True, slots=True)
class _Part:
    people: int
    ratings: int
    figures: Mapping[str, Estimator]


def _estimators(judged: Judged, users: pd.DataFrame, by: str) -> Iterator[tuple[str, _Part]]:
    if by in OF_PEOPLE:
        labels = people_labels(judged, users)[by]
        for name in labels.cat.categories:
            who = (labels == name).to_numpy(np.bool_)
            if who.sum() >= LEAST_PEOPLE:
                ratings = int(judged.people["ratings"].to_numpy()[who].sum())
                yield str(name), _Part(int(who.sum()), ratings, figures(judged, who, SLICED_FIGURES))
    else:
        for name, chosen in item_slices(judged.catalogue, by).items():
            part = of_items(judged, chosen)
            if part.people >= LEAST_PEOPLE:
                yield name, part


def people_labels(judged: Judged, users: pd.DataFrame) -> pd.DataFrame:
    """In which slice each row of `judged.people` is: a column for each of `OF_PEOPLE`, in order."""
    known = users.set_index(users[USER].astype(str))
    ids = judged.people[USER]
    gender, age = (_of_people(known, name, ids) for name in (GENDER, AGE))
    bands = [UNKNOWN if pd.isna(years) else AGE_BANDS[bisect_right(AGE_STARTS, int(years))] for years in age]
    before = judged.people["n_before"].to_numpy()
    return pd.DataFrame(
        {
            "gender": _ordered([UNKNOWN if pd.isna(one) or not one else str(one) for one in gender]),
            "age": _ordered(bands, (*AGE_BANDS, UNKNOWN)),
            "activity": _ordered(_activity(before)),
            "new or known": _ordered(np.where(before > 0, "known", "new").tolist(), ("known", "new")),
        }
    )


def _of_people(known: pd.DataFrame, name: str, ids: "pd.Series[str]") -> list[Any]:
    return list(ids.map(known[name])) if name in known else [None] * len(ids)


def _ordered(labels: list[str], order: tuple[str, ...] = ()) -> "pd.Categorical[Any]":
    return pd.Categorical(labels, order or sorted(set(labels)), ordered=True)


def _activity(before: Int64) -> list[str]:
    """Quarters of the people by how many of their ratings were known; equals are never cut apart."""
    cuts = np.unique(np.quantile(before, (0.25, 0.5, 0.75)).round().astype(np.int64))
    edges = [0, *(cuts + 1).tolist()]
    labels = [f"{place}. {_between(*pair)}" for place, pair in enumerate(zip_longest(edges, edges[1:]), 1)]
    return [labels[place] for place in np.searchsorted(edges, before, side="right") - 1]


def _between(first: int, beyond: int | None) -> str:
    if beyond is None:
        return f"{first:,} or more ratings"
    return f"{first:,} to {beyond - 1:,} ratings" if beyond - 1 > first else f"{first:,} ratings"


def item_slices(catalogue: Catalogue, by: str) -> dict[str, Mask]:
    """Items of each slice, shape (n_items,); an item may have several genres."""
    if by == "genre":
        return {name: catalogue.features[:, column] > 0 for column, name in enumerate(catalogue.genres)}
    head = catalogue.head
    rated = catalogue.counts > 0
    return {
        "head: half of the ratings": head,
        "tail: the other half": rated & ~head,
        "never rated": ~rated,
    }


def of_items(judged: Judged, chosen: Mask) -> _Part:
    """Star figures of the ratings of some items, and recall of those that were to be found among them."""
    stars = judged.stars[_are(judged.stars, chosen)]
    relevant = judged.relevant[_are(judged.relevant, chosen)]
    n = len(judged.people)
    error = (stars["predicted"] - stars["actual"]).to_numpy(np.float64)
    ratings = _sums(stars, np.ones(len(stars)), n)
    found: dict[str, Estimator] = {}
    if ratings.any():
        found = {
            "rmse": Ratio(_sums(stars, np.square(error), n), ratings, root=True),
            "mae": Ratio(_sums(stars, np.abs(error), n), ratings),
            "bias": Ratio(_sums(stars, error, n), ratings),
        }
    sought = _sums(relevant, np.ones(len(relevant)), n)
    if sought.any():
        found["recall"] = Ratio(_sums(relevant, relevant["found"].to_numpy(np.float64), n), sought)
    return _Part(int(((ratings > 0) | (sought > 0)).sum()), len(stars), found)


def _are(rows: pd.DataFrame, chosen: Mask) -> Mask:
    items = rows["item"].to_numpy()
    return np.asarray(chosen[items] & (items >= 0))


def _sums(rows: pd.DataFrame, values: Float64, n_people: int) -> Float64:
    return np.asarray(np.bincount(rows["person"].to_numpy(), values, minlength=n_people), dtype=np.float64)


def _gaps(by: str, slices: Mapping[str, Mapping[str, Estimator]], weights: Float64) -> Iterator[Gap]:
    everybody = np.ones((1, weights.shape[1]))
    for figure in SLICED_FIGURES:
        parts = {name: found[figure] for name, found in slices.items() if figure in found}
        if len(parts) < 2:
            continue
        values = {name: float(part(everybody)[0]) for name, part in parts.items()}
        gap = estimate(Spread(tuple(parts.values())), weights)
        if gap is not None:
            low, high = (choose(values, key=lambda name: values[name]) for choose in (min, max))
            yield Gap(by, figure, low, high, gap)
