"""SVD of Funk and Koren, trained by scikit-surprise, served by folding in: predicts stars."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from marquee.domain.errors import InvalidInput
from marquee.domain.history import History
from marquee.models.arrays import check_names, checked, rows_of
from marquee.models.protocol import Arrays, Csr, Float32, Float64, Int32, Rows, State, States
from marquee.models.user_factors import UserFactors

if TYPE_CHECKING:  # serving needs neither pandas nor surprise
    from surprise import Trainset

    from marquee.models.training_set import TrainingSet

# SGD applies `reg_all` at each rating, hence a penalty that grows with their number; but it also starts from
# small factors and stops early, which holds back those who rated little, hence one that does not. Found on
# MovieLens 100K: against 0.1 a rating alone, RMSE is 0.005 lower on the temporal split, 0.0005 on `cv5`.
PENALTY = 3.0
PENALTY_PER_RATING = 0.05

_DATA_FOLDER = "SURPRISE_DATA_FOLDER"


@dataclass(frozen=True, slots=True, eq=False)
class Svd:
    """stars(u, i) = mean + b_u + b_i + <p_u, q_i>, with p_u and b_u solved from the history.

    The state is p_u followed by b_u, shape (n_factors + 1,): the ridge regression of the person's residual
    stars on the factors of the items they rated, with the penalty `penalty + penalty_per_rating` x n for
    n ratings. The formula of the stars is that of Koren, Bell and Volinsky, "Matrix factorization
    techniques for recommender systems" (2009), eq. 4.

    Attributes:
        mean: stars of all ratings.
        item_biases: b_i, shape (n_items,), float32.
        item_factors: q_i, shape (n_items, n_factors), float32.
        penalty, penalty_per_rating: of the ridge regression, at least 0, the first above 0.
    """

    algorithm: ClassVar[str] = "svd"

    mean: float
    item_biases: Float32
    item_factors: Float32
    penalty: float = PENALTY
    penalty_per_rating: float = PENALTY_PER_RATING

    @property
    def n_items(self) -> int:
        return len(self.item_biases)

    @property
    def n_factors(self) -> int:
        return int(self.item_factors.shape[1])

    @property
    def state_size(self) -> int:
        return self.n_factors + 1

    def fold_in(self, history: History) -> State:
        if not len(history):
            return np.zeros(self.n_factors + 1, dtype=np.float32)
        features = np.ones((len(history), self.n_factors + 1))
        features[:, :-1] = self.item_factors[history.rows]
        residuals = history.ratings - (self.mean + self.item_biases[history.rows].astype(np.float64))
        penalty = self.penalty + self.penalty_per_rating * len(history)
        return _ridge(features, residuals, penalty).astype(np.float32)

    def fold_in_many(self, histories: Sequence[History]) -> States:
        states = np.empty((len(histories), self.n_factors + 1), dtype=np.float32)
        for row, history in enumerate(histories):
            states[row] = self.fold_in(history)
        return states

    def score(self, state: State, rows: Rows | None = None) -> Float32:
        factors, biases = rows_of(self.item_factors, rows), rows_of(self.item_biases, rows)
        return factors @ state[:-1] + (biases + np.float32(self.mean + state.item(-1)))

    def score_many(self, states: States) -> Float32:
        own = np.float32(self.mean) + states[:, -1:]
        return states[:, :-1] @ self.item_factors.T + self.item_biases + own

    def score_each(self, states: States, rows: Int32) -> Float32:
        products: Float32 = np.matmul(self.item_factors[rows], states[:, :-1, np.newaxis])[..., 0]
        return products + (self.item_biases[rows] + (np.float32(self.mean) + states[:, -1:]))

    @property
    def scores_new(self) -> bool:
        return False

    def score_new(self, state: State, features: Csr) -> Float32:
        return np.full(features.shape[0], self.score_unknown(state), dtype=np.float32)

    def score_unknown(self, state: State) -> float:
        return float(self.mean + state[-1])

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        return {
            "mean": np.array([self.mean]),
            "item_biases": self.item_biases,
            "item_factors": self.item_factors,
            "penalties": np.array([self.penalty, self.penalty_per_rating]),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        check_names(arrays, ("mean", "item_biases", "item_factors", "penalties"))
        factors = checked(arrays, "item_factors", np.float32, (None, None))
        biases = checked(arrays, "item_biases", np.float32, (len(factors),))
        mean = checked(arrays, "mean", np.float64, (1,))
        penalty, per_rating = checked(arrays, "penalties", np.float64, (2,)).tolist()
        if not (penalty > 0 and per_rating >= 0):
            raise ValueError("penalties are below 0, or the first is 0")
        return cls(float(mean[0]), biases, factors, penalty, per_rating)


def _ridge(features: Float64, targets: Float64, penalty: float) -> Float64:
    """argmin |features x - targets|² + penalty |x|², through the smaller of the two Gram matrices."""
    rows, columns = features.shape
    if rows < columns:
        return features.T @ _solved(features @ features.T, targets, penalty)
    return _solved(features.T @ features, features.T @ targets, penalty)


def _solved(gram: Float64, targets: Float64, penalty: float) -> Float64:
    """(gram + penalty I)^-1 targets; LAPACK by itself, for a small system waits long for scipy's checks."""
    gram.flat[:: len(gram) + 1] += penalty
    _, solution, failed = lapack.dposv(gram, targets, lower=True, overwrite_a=True)
    if failed:
        raise np.linalg.LinAlgError("the penalised Gram matrix is not positive definite")
    return np.asarray(solution)


def train(
    ratings: "TrainingSet",
    *,
    n_factors: int,
    n_epochs: int,
    lr_all: float,
    reg_all: float,
    seed: int,
    penalty: float = PENALTY,
    penalty_per_rating: float = PENALTY_PER_RATING,
) -> tuple[Svd, UserFactors]:
    """Train by stochastic gradient descent, one thread; the hyperparameters are scikit-surprise's.

    Returns:
        The model, and the trained rows about people, which serving does not need.

    Raises:
        InvalidInput: the descent ran away (`lr_all` too large for the data).
    """
    descent = _surprise().SVD(
        n_factors=n_factors, n_epochs=n_epochs, lr_all=lr_all, reg_all=reg_all, random_state=seed
    )
    descent.fit(_trainset(ratings))
    if not (np.isfinite(descent.qi).all() and np.isfinite(descent.pu).all()):
        raise InvalidInput(
            "SVD's training ran away to infinity.",
            hint="Lower `lr_all` or raise `reg_all` in configs/params.yaml.",
        )
    # Surprise leaves random starting factors with items that nobody has rated: they are noise.
    rated = ratings.item_counts() > 0
    item_factors = np.where(rated[:, None], descent.qi, 0.0).astype(np.float32)
    model = Svd(ratings.mean, descent.bi.astype(np.float32), item_factors, penalty, penalty_per_rating)
    users = UserFactors(ratings.user_ids, descent.pu.astype(np.float32), descent.bu.astype(np.float32))
    return model, users


@cache
def _surprise() -> ModuleType:
    """scikit-surprise, imported when a training needs it: the inference service starts without.

    At its import it makes a folder for data sets in the home folder; it is given one that vanishes.
    """
    with TemporaryDirectory() as folder:
        kept = os.environ.get(_DATA_FOLDER)
        os.environ[_DATA_FOLDER] = folder
        try:
            return import_module("surprise")
        finally:
            del os.environ[_DATA_FOLDER]
            if kept is not None:
                os.environ[_DATA_FOLDER] = kept


def _trainset(ratings: "TrainingSet") -> "Trainset":
    """Surprise's own form of the data, built directly: its reader takes a frame row by row, and names."""
    by_user: dict[int, list[tuple[int, float]]] = {row: [] for row in range(ratings.n_users)}
    by_item: dict[int, list[tuple[int, float]]] = {row: [] for row in range(ratings.n_items)}
    columns = (ratings.user_rows, ratings.item_rows, ratings.ratings)
    for user, item, stars in zip(*(column.tolist() for column in columns), strict=True):
        by_user[user].append((item, stars))
        by_item[item].append((user, stars))
    scale = (float(ratings.ratings.min()), float(ratings.ratings.max()))
    return _surprise().Trainset(
        by_user, by_item, ratings.n_users, ratings.n_items, len(ratings), scale, {}, {}
    )
