"""How much one list is like another, made for the same person and the same wishes."""

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import NamedTuple

import numpy as np

from marquee.recommend.recommender import Recommendation


class Agreement(NamedTuple):
    """A challenger's list beside the champion's; each figure but the first is None where nothing says.

    Attributes:
        overlap: share of the champion's items that the challenger's list holds too; 1 for two empty lists.
        rank_correlation: Kendall's tau of the places of the common items, from -1 to 1.
        stars_shift: mean of the predicted stars of the common items, challenger's less champion's.
        score_shift: likewise of the scores, of common items from one and the same source.
    """

    overlap: float
    rank_correlation: float | None
    stars_shift: float | None
    score_shift: float | None


def agreement(champion: Sequence[Recommendation], challenger: Sequence[Recommendation]) -> Agreement:
    """Compare two lists."""
    theirs = {place.item_id: place for place in challenger}
    common = [(place, theirs[place.item_id]) for place in champion if place.item_id in theirs]
    overlap = len(common) / len(champion) if champion else float(not challenger)
    return Agreement(
        overlap,
        kendall_tau([other.rank for _, other in common]),
        _mean_shift((one.stars, other.stars) for one, other in common),
        _mean_shift((one.score, other.score) for one, other in common if one.source == other.source),
    )


def kendall_tau(ranks: Sequence[int]) -> float | None:
    """Kendall's tau (1938) of some different ranks against the order they stand in; None for fewer than two.

    The share of pairs in the same order less that of pairs in the other.
    """
    if len(ranks) < 2:
        return None
    values = np.asarray(ranks, np.int64)
    signs = np.sign(values[np.newaxis, :] - values[:, np.newaxis])
    n_pairs = len(values) * (len(values) - 1) / 2
    return float(np.triu(signs, 1).sum() / n_pairs)


def _mean_shift(pairs: Iterable[tuple[float | None, float | None]]) -> float | None:
    """Of the pairs in which both say something; what the champion says that is no number says nothing."""
    shifts = [
        after - before
        for before, after in pairs
        if before is not None and after is not None and isfinite(before)
    ]
    return sum(shifts) / len(shifts) if shifts else None
