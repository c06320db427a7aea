"""EASE: an item-item model in closed form, with stars and attributes; orders the catalogue.

Steck, "Embarrassingly shallow autoencoders for sparse data" (WWW 2019). Attributes join as in Jeunen, Van
Balen and Goethals, "Closed-form models for collaborative filtering with side-information" (RecSys 2020).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import lapack

from marquee.domain.errors import InvalidInput
from marquee.domain.history import History
from marquee.models.arrays import blas_threads, check_names, checked, rows_of
from marquee.models.contributions import Contributions
from marquee.models.liking import Liking
from marquee.models.protocol import Arrays, Csr, Float32, Float64, Int32, Rows, State, States

if TYPE_CHECKING:  # serving does not need pandas
    from marquee.models.training_set import TrainingSet

MAX_ITEMS = 15_000  # items² weights: 0.9 GB of float32 at this size, and some 5 GB to train


@dataclass(frozen=True, slots=True, eq=False)
class Ease:
    """score(u, j) = the sum of `weights[i, j]` over the items i of u's history, times how much u likes i.

    The state is the scores of all items, then what the history says of each item feature, shape (n_items +
    n_item_features,): the latter scores an item that nobody has rated yet.

    Attributes:
        weights: shape (n_items, n_items), float32, zero on the diagonal.
        profile_weights: what an attribute of a person says of each item, shape (n_user_features, n_items).
        feature_weights: what an item, or an attribute of a person, says of each item feature, shape
            (n_items + n_user_features, n_item_features).
        feature_penalties: Q, shape (n_item_features, n_item_features): a new item with features x has the
            diagonal element 1 / (regularization + x'Qx) in the inverse that weights come from.
        liking: what stars count.
        constants: regularization and exponent, float64.
    """

    algorithm: ClassVar[str] = "ease"

    weights: Float32
    profile_weights: Float32
    feature_weights: Float32
    feature_penalties: Float32
    liking: Liking
    constants: Float64

    @classmethod
    def of_weights(cls, weights: Float32) -> Self:
        """A model of weights alone, wherever they come from; each rating counts 1, attributes nothing."""
        n_items = len(weights)
        return cls(
            weights,
            profile_weights=np.zeros((0, n_items), np.float32),
            feature_weights=np.zeros((n_items, 0), np.float32),
            feature_penalties=np.zeros((0, 0), np.float32),
            liking=Liking(0.0, 0.0, 1.0),
            constants=np.ones(2),
        )

    @property
    def n_items(self) -> int:
        return len(self.weights)

    @property
    def state_size(self) -> int:
        return self.n_items + len(self.feature_penalties)

    def fold_in(self, history: History) -> State:
        state: State = self.fold_in_many([history])[0]
        return state

    def fold_in_many(self, histories: Sequence[History]) -> States:
        counted = [self.liking.of_history(history) for history in histories]
        rated = _rows([rows for rows, _ in counted], self.n_items)
        rated.data = np.concatenate([np.empty(0, np.float32), *(counts for _, counts in counted)])
        states = np.empty((len(histories), self.n_items + self.feature_weights.shape[1]), dtype=np.float32)
        # Adds whole rows one after the other, for one person as for many: the sums agree to the last bit.
        states[:, : self.n_items] = rated @ self.weights
        states[:, self.n_items :] = rated @ self.feature_weights[: self.n_items]
        if any(len(history.profile) for history in histories):
            profiles = _rows([history.profile for history in histories], len(self.profile_weights))
            states[:, : self.n_items] += profiles @ self.profile_weights
            states[:, self.n_items :] += profiles @ self.feature_weights[self.n_items :]
        return states

    def score(self, state: State, rows: Rows | None = None) -> Float32:
        return rows_of(state[: self.n_items], rows)

    def score_many(self, states: States) -> Float32:
        return states[:, : self.n_items]

    def contributions(self, history: History, rows: Int32) -> Contributions:
        told, counts = self.liking.of_history(history)
        of_items = self.weights[np.ix_(told, rows)].T * counts
        profile = self.profile_weights[np.ix_(history.profile, rows)].sum(axis=0)
        return Contributions(np.asarray(of_items, dtype=np.float32), np.asarray(profile, dtype=np.float32))

    @property
    def scores_new(self) -> bool:
        return bool(self.feature_weights.any())

    def score_new(self, state: State, features: Csr) -> Float32:
        regularization, exponent = self.constants.tolist()
        quadratic = np.asarray((features @ self.feature_penalties) * features.toarray()).sum(axis=1)
        diagonal = 1.0 / (regularization + quadratic)
        said = features @ state[self.n_items :]
        return np.asarray(said * diagonal ** (1.0 - exponent), dtype=np.float32)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        arrays = {name: getattr(self, name) for name in _ARRAYS if name != "liking"}
        return {**arrays, "liking": self.liking.to_array()}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        check_names(arrays, _ARRAYS)
        n_items = len(arrays["weights"]) if arrays["weights"].ndim else None
        weights = checked(arrays, "weights", np.float32, (n_items, n_items))
        profiles = checked(arrays, "profile_weights", np.float32, (None, n_items))
        penalties = checked(arrays, "feature_penalties", np.float32, (None, None))
        shape = (len(weights) + len(profiles), len(penalties))
        features = checked(arrays, "feature_weights", np.float32, shape)
        constants = checked(arrays, "constants", np.float64, (2,))
        return cls(weights, profiles, features, penalties, Liking.from_arrays(arrays), constants)


_ARRAYS = ("weights", "profile_weights", "feature_weights", "feature_penalties", "liking", "constants")


def train(
    ratings: "TrainingSet",
    *,
    regularization: float = 300.0,
    dislike: float = 1.0,
    exponent: float = 1.0,
    item_features: float = 0.0,
    user_features: float = 0.0,
    threads: int = 1,
) -> Ease:
    """Solve for the weights: -P / diag(P)^exponent with P = (X'X + item_features F F' + regularization I)^-1.

    X holds what each user has rated, as `dislike` for the lowest stars up to 1 for the highest, and beside it
    their attributes, as columns of their own with the weight sqrt(user_features). F holds items' features.
    With the default values it is EASE as published. The exponent 0 is EASE's twin between people, where the
    person themselves is left out; values between the two blend them.

    Args:
        regularization: lambda of the paper, above 0; grows with the number of ratings.
        dislike: from 0 to 1; 1 takes every rating the same.
        exponent: from 0 to 1.
        item_features: what sharing a feature counts for, beside being rated by one person, which counts 1.
        user_features: what sharing an attribute counts for.
        threads: of BLAS; the same number gives the same bytes.

    Raises:
        InvalidInput: more than `MAX_ITEMS` items.
    """
    n_items = ratings.n_items
    if n_items > MAX_ITEMS:
        raise InvalidInput(
            f"EASE takes at most {MAX_ITEMS:,} items, having items² weights; there are {n_items:,}.",
            hint="A catalogue of this size needs a ranking model of factors: `algorithm: ials`.",
        )
    liking = Liking.of(ratings, dislike)
    described = ratings.item_features.values.astype(np.float64)
    columns = np.sqrt(user_features) * ratings.user_features.values.astype(np.float64)
    rated = ratings.interactions(liking(ratings.ratings))
    x = sparse.hstack((rated, columns), format="csr")
    with blas_threads(threads):
        gram = (x.T @ x).toarray()
        gram[:n_items, :n_items] += item_features * (described @ described.T).toarray()
        gram[np.diag_indices_from(gram)] += regularization
        precision = _inverted(gram)
        features = item_features * (precision[:, :n_items] @ described)
        own = np.eye(described.shape[1]) - described.T @ features[:n_items]
    scales = np.diag(precision)[:n_items] ** exponent
    weights = precision[:n_items, :n_items] / -scales
    np.fill_diagonal(weights, 0.0)
    profiles = np.sqrt(user_features) * precision[n_items:, :n_items] / -scales
    features[n_items:] *= np.sqrt(user_features)
    return Ease(
        weights=np.ascontiguousarray(weights, dtype=np.float32),
        profile_weights=np.ascontiguousarray(profiles, dtype=np.float32),
        feature_weights=np.ascontiguousarray(features, dtype=np.float32),
        feature_penalties=np.ascontiguousarray(item_features * own, dtype=np.float32),
        liking=liking,
        constants=np.array([regularization, exponent]),
    )


def _rows(columns: Sequence[Int32], width: int) -> Csr:
    """1 in these columns of each row, float32."""
    bounds = np.cumsum([0, *map(len, columns)])
    indices = np.concatenate(columns) if columns else np.empty(0, np.int32)
    return sparse.csr_array((np.ones(len(indices), np.float32), indices, bounds), shape=(len(columns), width))


def _inverted(positive_definite: Float64) -> Float64:
    """Inverse, in the same memory, by Cholesky's factor: half the work of a general one."""
    # LAPACK counts by columns; the matrix is symmetric, so that its transpose is itself without a copy.
    factor, failed = lapack.dpotrf(positive_definite.T, lower=True, clean=False, overwrite_a=True)
    if failed:
        raise np.linalg.LinAlgError("the matrix is not positive definite")
    inverse: Float64 = lapack.dpotri(factor, lower=True, overwrite_c=True)[0]
    for row in range(len(inverse)):  # LAPACK leaves the upper triangle to its caller
        inverse[row, row + 1 :] = inverse[row + 1 :, row]
    return inverse
