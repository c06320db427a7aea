"""How much a figure depends on what was chosen: hyperparameters, the amount of data, clean ratings.

The test side is always that of the plain split, untouched: only what is learnt from changes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd

from marquee.domain.columns import RATING, TIME
from marquee.evaluation.catalogue import Catalogue
from marquee.evaluation.contest import Contender, Data, Rules, fit, training_set
from marquee.evaluation.estimators import figures
from marquee.evaluation.intervals import Estimate, estimate, resampled_people
from marquee.evaluation.judged import ALL, Judged
from marquee.evaluation.protocols.temporal import judge_temporal
from marquee.evaluation.splits import Split, temporal_split

FIGURES = ("rmse", "ndcg")
WINDOWS = (0.25, 0.5, 0.75, 1.0)
SHARES = (0.25, 0.5, 0.75, 1.0)
NOISE = (0.0, 0.05, 0.1, 0.2)

OnCase: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Case:
    """Figures of one setting.

    Attributes:
        what: `hyperparameters`, `newest share`, `random share` or `noise`.
        setting: what was set, in words.
        ratings: trained on.
        rmse, ndcg: of everybody, under `temporal`.
    """

    what: str
    setting: str
    ratings: int
    rmse: Estimate | None
    ndcg: Estimate | None


def to_hyperparameters(
    grid: Sequence[Contender], data: Data, rules: Rules, *, test_share: float = 0.2, on_case: OnCase
) -> list[Case]:
    """The same training side, other hyperparameters: one case a contender, by its name."""
    split = temporal_split(data.ratings, test_share)
    return [_case("hyperparameters", one.name, one, split.train, split, data, rules, on_case) for one in grid]


def to_data(
    contender: Contender,
    data: Data,
    rules: Rules,
    *,
    shares: Sequence[float] = SHARES,
    windows: Sequence[float] = WINDOWS,
    test_share: float = 0.2,
    seed: int = 0,
    on_case: OnCase,
) -> list[Case]:
    """Less to learn from: the newest part of the training side, and a random part of it.

    What is folded in of a person's past remains whole: it is the training that sees less.
    """
    split = temporal_split(data.ratings, test_share)
    cases = []
    for what, parts in (("newest share", windows), ("random share", shares)):
        for share in parts:
            newer = what == "newest share"
            rows = newest(split.train, share) if newer else thinned(split.train, share, seed)
            cases.append(_case(what, f"{share:.0%}", contender, rows, split, data, rules, on_case))
    return cases


def to_noise(
    contender: Contender,
    data: Data,
    rules: Rules,
    *,
    levels: Sequence[float] = NOISE,
    test_share: float = 0.2,
    seed: int = 0,
    on_case: OnCase,
) -> list[Case]:
    """Wrong ratings among those learnt from: a share of them takes the stars of another rating at random."""
    split = temporal_split(data.ratings, test_share)
    return [
        _case(
            "noise", f"{level:.0%}", contender, noisy(split.train, level, seed), split, data, rules, on_case
        )
        for level in levels
    ]


def newest(train: pd.DataFrame, share: float) -> pd.DataFrame:
    """The newest share of a training side, by time; a moment stays whole."""
    times = np.sort(train[TIME].to_numpy())
    return pd.DataFrame(train[train[TIME] >= times[_first(train, share)]])


def thinned(train: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """A random share of the rows; smaller shares are parts of larger ones of the same seed."""
    order = np.random.default_rng(seed).permutation(len(train))
    return train.iloc[np.sort(order[: max(round(share * len(train)), 1)])]


def noisy(train: pd.DataFrame, level: float, seed: int) -> pd.DataFrame:
    """A share `level` of the ratings takes the stars of others drawn at random; the spread stays the same."""
    random = np.random.default_rng(seed)
    wrong = random.random(len(train)) < level
    stars = train[RATING].to_numpy(copy=True)
    stars[wrong] = random.choice(stars, int(wrong.sum()))
    return pd.DataFrame(train.assign(**{RATING: stars}))


def _first(train: pd.DataFrame, share: float) -> int:
    return min(len(train) - max(round(share * len(train)), 1), len(train) - 1)


def _case(
    what: str,
    setting: str,
    contender: Contender,
    rows: pd.DataFrame,
    split: Split,
    data: Data,
    rules: Rules,
    on_case: OnCase,
) -> Case:
    on_case(f"{what}: {setting}")
    past = training_set(data, rows)
    catalogue = Catalogue.of(past.items, split.train, data.items)
    fitted = fit(contender, past, rules)
    judged = judge_temporal(fitted.recommender, split, catalogue, k=rules.k, liked=rules.liked)
    rmse, ndcg = (_figure(judged, name) for name in FIGURES)
    return Case(what, setting, len(rows), rmse, ndcg)


def _figure(judged: Judged, name: str) -> Estimate | None:
    found = figures(judged, judged.of_group(ALL), [name])
    return estimate(found[name], resampled_people(len(judged.people))) if name in found else None
