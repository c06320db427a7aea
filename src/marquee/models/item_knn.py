"""Item-kNN: an item is worth what the items nearest to it that a person has rated are worth together.

Deshpande and Karypis, "Item-based top-N recommendation algorithms" (2004).
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from marquee.domain.history import UNKNOWN_ROW, History
from marquee.models import sparse_rows
from marquee.models.arrays import check_names
from marquee.models.contributions import Contributions
from marquee.models.liking import Liking
from marquee.models.neighbours import BLOCK, TINY, nearest
from marquee.models.protocol import Arrays, Csr, Float32, Float64, Int32, Int64, Rows, State, States

if TYPE_CHECKING:  # serving does not need pandas
    from marquee.models.training_set import TrainingSet


@dataclass(frozen=True, slots=True, eq=False)
class ItemKnn:
    """score(u, j) = sum of liking(u, i) similarity(i, j) over the i of u's history among the k nearest to j.

    The state is the scores themselves, shape (n_items,).

    Attributes:
        similarities: shape (n_items, n_items), float32, above 0: row i holds what the item i says of those
            that it is one of the nearest of; a column has at most k values.
        liking: what stars count.
    """

    algorithm: ClassVar[str] = "item-knn"

    similarities: Csr
    liking: Liking

    @property
    def n_items(self) -> int:
        return int(self.similarities.shape[0])

    @property
    def state_size(self) -> int:
        return self.n_items

    def contributions(self, history: History, rows: Int32) -> Contributions:
        told, counts = self.liking.of_history(history)
        of_items = self.similarities[told][:, rows].toarray().T * counts
        return Contributions(np.asarray(of_items, dtype=np.float32), np.zeros(len(rows), np.float32))

    @property
    def scores_new(self) -> bool:
        return False

    def fold_in(self, history: History) -> State:
        return sparse_rows.weighted_sum(self.similarities, *self.liking.of_history(history))

    def fold_in_many(self, histories: Sequence[History]) -> States:
        states = np.empty((len(histories), self.n_items), dtype=np.float32)
        for row, history in enumerate(histories):
            states[row] = self.fold_in(history)
        return states

    def score(self, state: State, rows: Rows | None = None) -> Float32:
        return state if rows is None else state[rows]

    def score_many(self, states: States) -> Float32:
        return states

    def score_new(self, state: State, features: Csr) -> Float32:  # noqa: ARG002
        return np.zeros(features.shape[0], dtype=np.float32)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        return {**sparse_rows.to_arrays(self.similarities), "liking": self.liking.to_array()}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        check_names(arrays, (*sparse_rows.NAMES, "liking"))
        return cls(sparse_rows.from_arrays(arrays), Liking.from_arrays(arrays))


def train(
    ratings: "TrainingSet",
    *,
    neighbours: int = 200,
    popularity_exponent: float = 0.7,
    activity_exponent: float = 0.75,
    shrinkage: float = 1.0,
    dislike: float = 0.5,
    threads: int = 1,
) -> ItemKnn:
    """Find the items nearest to each, by a cosine that discounts popular items and busy people.

    With x_ui what a rating counts (`Liking`), w_u falling with the number of u's ratings, and
    c_i = sum_u w_u x_ui²,

        similarity(i, j) = sum_u w_u x_ui x_uj / (c_i^a c_j^(1 - a) + shrinkage),

    which is the cosine for a = 1/2 (asymmetric: Aiolli, "Efficient top-n recommendation for very large
    scale binary rated datasets", 2013).

    Args:
        neighbours: k, at least 1: how many of the nearest items may speak for an item.
        popularity_exponent: a: above 1/2, an item everybody has rated says less of a taste.
        activity_exponent: w_u is proportional to (ratings of u)^-activity_exponent, and 1 on average.
        shrinkage: at least 0: keeps chance meetings of rarely rated items small.
        dislike: of `Liking`.
        threads: any number gives the same bytes.
    """
    liking = Liking.of(ratings, dislike)
    shape = (ratings.n_users, ratings.n_items)
    rated = sparse.csr_array((liking(ratings.ratings), (ratings.user_rows, ratings.item_rows)), shape=shape)
    discounted = sparse.diags_array(_activity_weights(ratings, activity_exponent)) @ rated
    norms = np.asarray((discounted * rated).sum(axis=0), dtype=np.float64)
    compare = partial(_similarity, rated.T.tocsr(), discounted.tocsr(), norms, popularity_exponent, shrinkage)

    def nearest_of(block: Int64) -> Csr:
        return _table(*nearest(compare(block), min(neighbours, ratings.n_items)), ratings.n_items)

    with ThreadPoolExecutor(threads) as pool:
        by_neighbour = sparse.vstack(list(pool.map(nearest_of, _blocks(ratings.n_items))), format="csr")
    return ItemKnn(by_neighbour.T.tocsr(), liking)


def _activity_weights(ratings: "TrainingSet", exponent: float) -> Float64:
    """Falling with the number of a person's ratings; of mean 1 over the ratings."""
    counts = np.bincount(ratings.user_rows, minlength=ratings.n_users).astype(np.float64)
    raw = np.maximum(counts, 1.0) ** -exponent
    return np.asarray(raw * (counts.sum() / (raw @ counts)), dtype=np.float64)


def _blocks(n_items: int) -> Iterator[Int64]:
    for start in range(0, n_items, BLOCK):
        yield np.arange(start, min(start + BLOCK, n_items))


def _similarity(
    by_item: Csr, discounted: Csr, norms: Float64, exponent: float, shrinkage: float, block: Int64
) -> Float64:
    """Of the block's items (rows) to all (columns), as they speak for them; 0 to themselves."""
    together = (by_item[block] @ discounted).toarray().astype(np.float64)
    together /= np.maximum(np.outer(norms[block] ** (1.0 - exponent), norms**exponent) + shrinkage, TINY)
    together[np.arange(len(block)), block] = 0.0
    return np.asarray(together)


def _table(rows: Int32, values: Float32, n_items: int) -> Csr:
    known = rows != UNKNOWN_ROW
    starts = np.cumsum([0, *known.sum(axis=1).tolist()])
    return sparse.csr_array((values[known], rows[known], starts), shape=(len(rows), n_items))
