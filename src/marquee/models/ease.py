"""EASE: an item-item model in closed form; orders the catalogue.

Steck, "Embarrassingly shallow autoencoders for sparse data" (WWW 2019).
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
from marquee.models.arrays import blas_threads, check_names, checked
from marquee.models.protocol import Arrays, Float32, Float64, Int32, State, States

if TYPE_CHECKING:  # serving does not need pandas
    from marquee.models.training_set import TrainingSet

MAX_ITEMS = 15_000  # items² weights: 0.9 GB of float32 at this size, and some 5 GB to train


@dataclass(frozen=True, slots=True, eq=False)
class Ease:
    """score(u, j) = sum of `weights[i, j]` over the items i that u has rated, whatever the stars.

    The state is the scores themselves, shape (n_items,).

    Attributes:
        weights: B of the paper, shape (n_items, n_items), float32, zero on the diagonal.
    """

    algorithm: ClassVar[str] = "ease"

    weights: Float32

    @property
    def n_items(self) -> int:
        return len(self.weights)

    def fold_in(self, history: History) -> State:
        state: State = self.weights[history.rows].sum(axis=0)
        return state

    def fold_in_many(self, histories: Sequence[History]) -> States:
        lengths = [len(history) for history in histories]
        rows = np.concatenate([history.rows for history in histories]) if histories else np.empty(0, np.int32)
        seen = sparse.csr_array(
            (np.ones(len(rows), np.float32), rows, np.cumsum([0, *lengths])),
            shape=(len(histories), self.n_items),
        )
        # Adds whole rows one after the other, as `fold_in` does: the sums agree to the last bit.
        return np.asarray(seen @ self.weights, dtype=np.float32)

    def score(self, state: State, rows: Int32 | None = None) -> Float32:
        return state if rows is None else state[rows]

    def score_many(self, states: States) -> Float32:
        return states

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        return {"weights": self.weights}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        check_names(arrays, ("weights",))
        n_items = len(arrays["weights"]) if arrays["weights"].ndim else None
        return cls(checked(arrays, "weights", np.float32, (n_items, n_items)))


def train(ratings: "TrainingSet", *, regularization: float = 300.0, threads: int = 1) -> Ease:
    """Solve B = I - P diag(P)^-1 with P = (X'X + regularization I)^-1 and X the users' rated items (0 or 1).

    Args:
        regularization: lambda of the paper, above 0; grows with the number of ratings.
        threads: of BLAS; the same number gives the same bytes.

    Raises:
        InvalidInput: more than `MAX_ITEMS` items.
    """
    if ratings.n_items > MAX_ITEMS:
        raise InvalidInput(
            f"EASE takes at most {MAX_ITEMS:,} items, having items² weights; there are {ratings.n_items:,}.",
            hint="A catalogue of this size needs a ranking model of factors, such as iALS.",
        )
    interactions = ratings.interactions()
    gram = (interactions.T @ interactions).toarray()
    gram[np.diag_indices_from(gram)] += regularization
    with blas_threads(threads):
        precision = _inverted(gram)
    precision /= -np.diag(precision)
    np.fill_diagonal(precision, 0.0)
    return Ease(np.ascontiguousarray(precision, dtype=np.float32))


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
