"""Popularity: the same order for everybody. The baseline for rankings, and the last resort of every list."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from marquee.domain.history import History
from marquee.models.arrays import check_names, checked
from marquee.models.protocol import Arrays, Csr, Float32, Float64, Int32, State, States

if TYPE_CHECKING:  # serving does not need pandas
    from marquee.models.training_set import TrainingSet

SECONDS_A_DAY = 86_400
LEAST = 1e-6  # of a count; still above 0 when damped and rounded to float32


@dataclass(frozen=True, slots=True, eq=False)
class Popularity:
    """One value an item, whoever asks; the state is empty, shape (0,).

    Attributes:
        popularity: shape (n_items,), float32, at least 0; exactly 0 for an item that nobody has rated.
    """

    algorithm: ClassVar[str] = "popularity"

    popularity: Float32

    @property
    def n_items(self) -> int:
        return len(self.popularity)

    @property
    def state_size(self) -> int:
        return 0

    def fold_in(self, history: History) -> State:  # noqa: ARG002 - the protocol's signature
        return np.empty(0, dtype=np.float32)

    def fold_in_many(self, histories: Sequence[History]) -> States:
        return np.empty((len(histories), 0), dtype=np.float32)

    def score(self, state: State, rows: Int32 | None = None) -> Float32:  # noqa: ARG002
        return self.popularity.copy() if rows is None else self.popularity[rows]

    def score_many(self, states: States) -> Float32:
        return np.tile(self.popularity, (len(states), 1))

    @property
    def scores_new(self) -> bool:
        return False

    @property
    def uses_profiles(self) -> bool:
        return False

    def score_new(self, state: State, features: Csr) -> Float32:  # noqa: ARG002
        return np.zeros(features.shape[0], dtype=np.float32)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        return {"popularity": self.popularity}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        check_names(arrays, ("popularity",))
        return cls(checked(arrays, "popularity", np.float32, (None,)))


def train(ratings: "TrainingSet", *, damping: float = 50.0, half_life: float | None = None) -> Popularity:
    """popularity_i = n_i / (n_i + damping): the share of ratings that are the item's own, not the prior's.

    The order is that of the counts; the damped value lies in [0, 1), so that it means the same on a small
    data set and a large one.

    Args:
        half_life: days after which a rating counts half, seen from the newest one; None: all count the same.
    """
    counts = _counts(ratings, half_life)
    values = np.divide(counts, counts + damping, out=np.zeros(len(counts)), where=counts > 0)
    return Popularity(values.astype(np.float32))


def _counts(ratings: "TrainingSet", half_life: float | None) -> Float64:
    if half_life is None:
        return ratings.item_counts().astype(np.float64)
    ages = (ratings.trained_through - ratings.times) / SECONDS_A_DAY
    counts = np.bincount(ratings.item_rows, weights=0.5 ** (ages / half_life), minlength=ratings.n_items)
    # However old its ratings, an item that has some is not one that nobody has rated.
    return np.where(ratings.item_counts() > 0, np.maximum(counts, LEAST), 0.0)
