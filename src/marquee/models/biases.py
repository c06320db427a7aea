"""Damped biases: the mean, how generous a person is, how well liked an item is. The baseline for stars."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from marquee.domain.history import History
from marquee.models.arrays import check_names, checked, rows_of
from marquee.models.protocol import Arrays, Csr, Float32, Int32, Rows, State, States

if TYPE_CHECKING:  # serving does not need pandas
    from marquee.models.training_set import TrainingSet


@dataclass(frozen=True, slots=True, eq=False)
class Biases:
    """stars(u, i) = mean + b_u + b_i, where b_u = sum(r - mean - b_i) / (n_u + damping).

    Koren, Bell and Volinsky, "Matrix factorization techniques for recommender systems" (2009), eq. 3-4,
    estimated one after the other as in the Netflix Prize papers. The state is b_u, shape (1,).

    Attributes:
        mean: stars of all ratings.
        item_biases: shape (n_items,), float32.
        user_damping: ratings of an average person that everybody starts with.
    """

    algorithm: ClassVar[str] = "biases"

    mean: float
    item_biases: Float32
    user_damping: float

    @property
    def n_items(self) -> int:
        return len(self.item_biases)

    @property
    def state_size(self) -> int:
        return 1

    def fold_in(self, history: History) -> State:
        residuals = history.ratings - (self.mean + self.item_biases[history.rows])
        weight = len(history) + self.user_damping
        bias = residuals.sum(dtype=np.float64) / weight if len(history) else 0.0
        return np.array([bias], dtype=np.float32)

    def fold_in_many(self, histories: Sequence[History]) -> States:
        states = np.empty((len(histories), 1), dtype=np.float32)
        for row, history in enumerate(histories):
            states[row] = self.fold_in(history)
        return states

    def score(self, state: State, rows: Rows | None = None) -> Float32:
        return rows_of(self.item_biases, rows) + np.float32(self.mean + state[0])

    def score_many(self, states: States) -> Float32:
        return self.item_biases + (np.float32(self.mean) + states)

    def score_each(self, states: States, rows: Int32) -> Float32:
        return self.item_biases[rows] + (np.float32(self.mean) + states)

    @property
    def scores_new(self) -> bool:
        return False

    def score_new(self, state: State, features: Csr) -> Float32:
        return np.full(features.shape[0], self.score_unknown(state), dtype=np.float32)

    def score_unknown(self, state: State) -> float:
        return float(self.mean + state[0])

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        return {
            "mean": np.array([self.mean]),
            "item_biases": self.item_biases,
            "user_damping": np.array([self.user_damping]),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        check_names(arrays, ("mean", "item_biases", "user_damping"))
        mean = checked(arrays, "mean", np.float64, (1,))
        damping = checked(arrays, "user_damping", np.float64, (1,))
        return cls(float(mean[0]), checked(arrays, "item_biases", np.float32, (None,)), float(damping[0]))


def train(ratings: "TrainingSet", *, item_damping: float = 5.0, user_damping: float = 5.0) -> Biases:
    """Estimate item biases; the dampings are ratings of an average item, or person, added to each one's."""
    sums = np.bincount(ratings.item_rows, weights=ratings.ratings - ratings.mean, minlength=ratings.n_items)
    # An item without ratings has the bias 0, also when nothing is damped.
    weights = np.maximum(ratings.item_counts() + item_damping, np.finfo(np.float64).tiny)
    return Biases(ratings.mean, (sums / weights).astype(np.float32), user_damping)
