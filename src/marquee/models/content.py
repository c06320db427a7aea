"""Content: items with the attributes of those that a person has rated, be they rated by anybody or not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from marquee.domain.history import History
from marquee.models import sparse_rows
from marquee.models.arrays import check_names, checked
from marquee.models.contributions import Contributions
from marquee.models.liking import Liking
from marquee.models.protocol import Arrays, Csr, Float32, Int32, Rows, State, States

if TYPE_CHECKING:  # serving does not need pandas
    from marquee.models.training_set import TrainingSet


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """score(u, i) = <t_u, x_i>, with x_i the features of an item and t_u the taste of a person.

    The state is t_u, shape (n_features,): how much more often than the catalogue the items that u has rated
    have each feature. With l what the stars (or what is implied) count, and `usual` what anybody's rated
    items have,

        t_u = weights ((sum_i l_ui x_i + damping usual) / (sum_i l_ui + damping) - catalogue).

    Attributes:
        features: shape (n_items, n_features), float32.
        usual: the mean features of all ratings, shape (n_features,), float32.
        catalogue: the mean features of all items, shape (n_features,), float32.
        weights: of each feature, shape (n_features,), float32, at least 0.
        damping: how many ratings `usual` stands for, above 0.
        liking: what stars count.
    """

    algorithm: ClassVar[str] = "content"

    features: Csr
    usual: Float32
    catalogue: Float32
    weights: Float32
    damping: float
    liking: Liking

    @property
    def n_items(self) -> int:
        return int(self.features.shape[0])

    @property
    def state_size(self) -> int:
        return len(self.usual)

    @property
    def scores_new(self) -> bool:
        return bool(self.weights.any())

    def fold_in(self, history: History) -> State:
        rows, liking = self.liking.of_history(history)
        summed = sparse_rows.weighted_sum(self.features, rows, liking)
        total = liking.sum(dtype=np.float64) + self.damping
        taste = (summed + self.damping * self.usual) / total - self.catalogue
        return np.asarray(self.weights * taste, dtype=np.float32)

    def fold_in_many(self, histories: Sequence[History]) -> States:
        states = np.empty((len(histories), self.state_size), dtype=np.float32)
        for row, history in enumerate(histories):
            states[row] = self.fold_in(history)
        return states

    def score(self, state: State, rows: Rows | None = None) -> Float32:
        scores = self.score_new(state, self.features)
        return scores if rows is None else scores[rows]

    def score_many(self, states: States) -> Float32:
        return np.ascontiguousarray((self.features @ states.T).T)

    def score_new(self, state: State, features: Csr) -> Float32:
        return np.asarray(features @ state, dtype=np.float32)

    def contributions(self, history: History, rows: Int32) -> Contributions:
        told, counts = self.liking.of_history(history)
        total = counts.sum(dtype=np.float64) + self.damping
        weighted = self.features[rows] * self.weights
        shared = (weighted @ self.features[told].T).toarray() * (counts / total)
        rest = weighted @ (self.damping / total * self.usual - self.catalogue)
        return Contributions(np.asarray(shared, dtype=np.float32), np.asarray(rest, dtype=np.float32))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        return {
            **sparse_rows.to_arrays(self.features),
            "usual": self.usual,
            "catalogue": self.catalogue,
            "weights": self.weights,
            "damping": np.array([self.damping]),
            "liking": self.liking.to_array(),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        check_names(arrays, (*sparse_rows.NAMES, "usual", "catalogue", "weights", "damping", "liking"))
        usual = checked(arrays, "usual", np.float32, (None,))
        catalogue = checked(arrays, "catalogue", np.float32, usual.shape)
        weights = checked(arrays, "weights", np.float32, usual.shape)
        damping = checked(arrays, "damping", np.float64, (1,)).item()
        if not damping > 0:
            raise ValueError("damping is not above 0")
        features = sparse_rows.from_arrays(arrays, len(usual))
        return cls(features, usual, catalogue, weights, damping, Liking.from_arrays(arrays))


def train(
    ratings: "TrainingSet",
    *,
    year_weight: float = 2.0,
    word_weight: float = 1.0,
    damping: float = 10.0,
    dislike: float = 0.5,
) -> Content:
    """Count what features the catalogue has, and what features are rated.

    The product is neither normalised nor weighted by rarity (tf-idf), nor are stars below a person's mean
    counted against an item: on MovieLens 100K each of these makes the order worse, whereas the subtraction
    of the catalogue's mean makes it twice as good.

    Args:
        year_weight, word_weight: of these features in the product, beside 1 of all others; 0 leaves them out.
        damping: as in `Content`.
        dislike: of `Liking`.
    """
    liking = Liking.of(ratings, dislike)
    weights = _weights(ratings.item_features.vocabulary.groups(), {"year": year_weight, "word": word_weight})
    features = ratings.item_features.values
    worth = np.bincount(ratings.item_rows, liking(ratings.ratings), minlength=ratings.n_items)
    return Content(
        features=features,
        usual=np.asarray(features.T @ (worth / worth.sum()), dtype=np.float32),
        catalogue=np.asarray(features.mean(axis=0), dtype=np.float32),
        weights=weights,
        damping=damping,
        liking=liking,
    )


def _weights(groups: Sequence[str], of: dict[str, float]) -> Float32:
    return np.array([of.get(group, 1.0) for group in groups], dtype=np.float32)
