"""Popularity: the baseline for rankings, the last resort of every list, and a newcomer's first one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from marquee.domain.history import History
from marquee.models.arrays import check_names, checked
from marquee.models.contributions import Contributions, told_rows
from marquee.models.protocol import Arrays, Csr, Float32, Float64, Int32, Rows, State, States

if TYPE_CHECKING:  # serving does not need pandas
    from marquee.models.training_set import TrainingSet

SECONDS_A_DAY = 86_400
LEAST = 1e-6  # of a count; still above 0 when damped and rounded to float32
PRIOR_RATERS = 50.0


@dataclass(frozen=True, slots=True, eq=False)
class Popularity:
    """score(u, i): popularity_i, its odds times exp(the sum of `lifts[a, i]` over what is known of u).

    The state is the scores, shape (n_items,): the same for everybody of whom nothing is known.

    Attributes:
        popularity: shape (n_items,), float32, in [0, 1); exactly 0 for an item that nobody has rated.
        lifts: shape (n_user_features, n_items), float32.
    """

    algorithm: ClassVar[str] = "popularity"

    popularity: Float32
    lifts: Float32

    @classmethod
    def of_scores(cls, popularity: Float32) -> Self:
        """The same order for everybody."""
        return cls(popularity, np.zeros((0, len(popularity)), dtype=np.float32))

    @property
    def n_items(self) -> int:
        return len(self.popularity)

    @property
    def state_size(self) -> int:
        return len(self.popularity)

    @property
    def uses_profiles(self) -> bool:
        """Whether what is known of a person changes their order."""
        return bool(self.lifts.any())

    def fold_in(self, history: History) -> State:
        if not len(history.profile) or not len(self.lifts):
            return self.popularity.copy()
        lifted = self.popularity * np.exp(self.lifts[history.profile].sum(axis=0))
        return np.asarray(lifted / (1.0 - self.popularity + lifted), dtype=np.float32)

    def fold_in_many(self, histories: Sequence[History]) -> States:
        states = np.empty((len(histories), self.state_size), dtype=np.float32)
        for row, history in enumerate(histories):
            states[row] = self.fold_in(history)
        return states

    def score(self, state: State, rows: Rows | None = None) -> Float32:
        return state if rows is None else state[rows]

    def score_many(self, states: States) -> Float32:
        return states

    def contributions(self, history: History, rows: Int32) -> Contributions:
        """No item that somebody has rated makes another one popular."""
        nothing = np.zeros((len(rows), len(told_rows(history))), dtype=np.float32)
        return Contributions(nothing, self.fold_in(history)[rows])

    @property
    def scores_new(self) -> bool:
        return False

    def score_new(self, state: State, features: Csr) -> Float32:  # noqa: ARG002
        return np.zeros(features.shape[0], dtype=np.float32)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        return {"popularity": self.popularity, "lifts": self.lifts}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        check_names(arrays, ("popularity", "lifts"))
        popularity = checked(arrays, "popularity", np.float32, (None,))
        return cls(popularity, checked(arrays, "lifts", np.float32, (None, len(popularity))))


def train(
    ratings: "TrainingSet",
    *,
    damping: float = 50.0,
    half_life: float | None = None,
    profile: float = 0.0,
) -> Popularity:
    """popularity_i = n_i / (n_i + damping): the share of ratings that are the item's own, not the prior's.

    The order is that of the counts; the damped value lies in [0, 1), so that it means the same on a small
    data set and a large one.

    Args:
        half_life: days after which a rating counts half, seen from the newest one; None: all count the same.
        profile: from 0 to 1: how far the lifts go, each the logarithm of how much more often people with an
            attribute rate the item than people do. 1 would be right if attributes were independent.
    """
    counts = _counts(ratings, half_life)
    values = np.divide(counts, counts + damping, out=np.zeros(len(counts)), where=counts > 0)
    return Popularity(values.astype(np.float32), _lifts(ratings, profile))


def _counts(ratings: "TrainingSet", half_life: float | None) -> Float64:
    if half_life is None:
        return ratings.item_counts().astype(np.float64)
    ages = (ratings.trained_through - ratings.times) / SECONDS_A_DAY
    counts = np.bincount(ratings.item_rows, weights=0.5 ** (ages / half_life), minlength=ratings.n_items)
    # However old its ratings, an item that has some is not one that nobody has rated.
    return np.where(ratings.item_counts() > 0, np.maximum(counts, LEAST), 0.0)


def _lifts(ratings: "TrainingSet", profile: float) -> Float32:
    """log(raters among people with the attribute / among all), damped by `PRIOR_RATERS` of all."""
    described = ratings.user_features.values[np.unique(ratings.user_rows)].astype(np.float64)
    raters = ratings.interactions()[np.unique(ratings.user_rows)]
    usual = np.maximum(ratings.item_counts() / raters.shape[0], LEAST)
    together = (described.T @ raters).toarray() if described.shape[1] else np.empty((0, ratings.n_items))
    shares = (together + PRIOR_RATERS * usual) / (described.sum(axis=0)[:, np.newaxis] + PRIOR_RATERS)
    return np.asarray(profile * np.log(shares / usual), dtype=np.float32)
