"""iALS: factors of people and items by alternating least squares over every pair, rated or not.

Hu, Koren and Volinsky, "Collaborative filtering for implicit feedback datasets" (ICDM 2008), with the
objective and the scaling of the penalty of Rendle, Krichene, Zhang and Koren, "Revisiting the performance
of iALS on item recommendation benchmarks" (RecSys 2022).
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import blas, cho_factor, cho_solve, lapack

from marquee.domain.history import History
from marquee.models.arrays import blas_threads, by_columns, check_names, checked, rows_of
from marquee.models.contributions import Contributions
from marquee.models.liking import Liking
from marquee.models.protocol import Arrays, Csr, Float32, Int32, Rows, State, States

if TYPE_CHECKING:  # serving does not need pandas
    from marquee.models.training_set import TrainingSet

ROWS_AT_ONCE = 256  # rows that a thread solves before it asks for more
INITIAL_DEVIATION = 0.1  # of a factor's length, as in Rendle et al.


@dataclass(frozen=True, slots=True)
class Penalties:
    """What least squares pays for the pairs that nobody rated, and for long factors.

    Attributes:
        alpha: weight of every pair's squared score, above 0; a rated pair weighs about 1.
        regularization: lambda, above 0.
        frequency_exponent: nu: lambda grows with (ratings of the row + alpha x rows of the other side)^nu.
    """

    alpha: float
    regularization: float
    frequency_exponent: float

    def of(self, n_ratings: float, n_others: int) -> float:
        """The penalty of one row's squared length."""
        return float(self.regularization * (n_ratings + self.alpha * n_others) ** self.frequency_exponent)


@dataclass(frozen=True, slots=True, eq=False)
class Ials:
    """score(u, i) = <p_u, q_i>, with p_u solved from the history.

    The state is p_u, shape (n_factors,): what minimises, with w what the ratings, and what is implied, count,

        sum_rated w_ui (1 - <p_u, q_i>)² + alpha sum_all <p_u, q_i>² + penalty(u) |p_u|².

    Attributes:
        item_factors: q_i, shape (n_items, n_factors), float32; by columns (`by_columns`), as the product of
            all items with one state then takes half the time. By rows, as older bundles are, it also works.
        gram: Q'Q, shape (n_factors, n_factors), float32.
        penalties: of the training.
        liking: what stars count.
    """

    algorithm: ClassVar[str] = "ials"

    item_factors: Float32
    gram: Float32
    penalties: Penalties
    liking: Liking

    @property
    def n_items(self) -> int:
        return len(self.item_factors)

    @property
    def state_size(self) -> int:
        return len(self.gram)

    def contributions(self, history: History, rows: Int32) -> Contributions:
        """Hu, Koren and Volinsky, section 5: q_j' W_u q_i is how alike two items are in this person's eyes.

        W_u is the inverse of the system that `fold_in` solves, so that the parts add up to the score.
        """
        told, weights = self.liking.of_history(history)
        factors = self.item_factors[told]
        system = (factors.T * weights) @ factors + np.float32(self.penalties.alpha) * self.gram
        system.flat[:: len(system) + 1] += self._penalty_of(history)
        seen_so = cho_solve(cho_factor(system.astype(np.float64)), factors.T.astype(np.float64))
        of_items = (self.item_factors[rows] @ seen_so) * weights
        return Contributions(np.asarray(of_items, dtype=np.float32), np.zeros(len(rows), np.float32))

    @property
    def scores_new(self) -> bool:
        return False

    def fold_in(self, history: History) -> State:
        rows, weights = self.liking.of_history(history)
        factors = rows_of(self.item_factors, rows)
        return _best(factors, weights, self.gram, self.penalties.alpha, self._penalty_of(history))

    def _penalty_of(self, history: History) -> float:
        n_ratings = len(history) + float(history.implied.weights.sum())
        return self.penalties.of(n_ratings, self.n_items)

    def fold_in_many(self, histories: Sequence[History]) -> States:
        states = np.empty((len(histories), self.state_size), dtype=np.float32)
        for row, history in enumerate(histories):
            states[row] = self.fold_in(history)
        return states

    def score(self, state: State, rows: Rows | None = None) -> Float32:
        scores: Float32 = rows_of(self.item_factors, rows) @ state
        return scores

    def score_many(self, states: States) -> Float32:
        scores: Float32 = states @ self.item_factors.T
        return scores

    def score_new(self, state: State, features: Csr) -> Float32:  # noqa: ARG002
        return np.zeros(features.shape[0], dtype=np.float32)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        penalties = self.penalties
        return {
            "item_factors": self.item_factors,
            "gram": self.gram,
            "penalties": np.array(
                [penalties.alpha, penalties.regularization, penalties.frequency_exponent], dtype=np.float64
            ),
            "liking": self.liking.to_array(),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        check_names(arrays, ("item_factors", "gram", "penalties", "liking"))
        factors = checked(arrays, "item_factors", np.float32, (None, None))
        gram = checked(arrays, "gram", np.float32, (factors.shape[1], factors.shape[1]))
        penalties = Penalties(*checked(arrays, "penalties", np.float64, (3,)).tolist())
        if not (penalties.alpha >= 0 and penalties.regularization > 0):
            raise ValueError("penalties are below 0, or the regularization is 0")
        return cls(factors, gram, penalties, Liking.from_arrays(arrays))


def train(
    ratings: "TrainingSet",
    *,
    n_factors: int = 64,
    n_epochs: int = 12,
    alpha: float = 0.2,
    regularization: float = 0.02,
    frequency_exponent: float = 1.0,
    dislike: float = 0.5,
    seed: int = 0,
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Ials:
    """Solve for all people with the items held fast, then for all items, `n_epochs` times.

    Args:
        n_factors, n_epochs: at least 1.
        alpha, regularization, frequency_exponent: as in `Penalties`.
        dislike: of `Liking`.
        seed: of the items' first factors.
        threads: any number gives the same bytes.
        progress: called after each epoch with how many are done, and of how many.
    """
    liking = Liking.of(ratings, dislike)
    penalties = Penalties(alpha, regularization, frequency_exponent)
    cells = (liking(ratings.ratings), (ratings.user_rows, ratings.item_rows))
    by_user = sparse.csr_array(cells, shape=(ratings.n_users, ratings.n_items))
    by_item = by_user.T.tocsr()
    first = np.random.default_rng(seed).standard_normal((ratings.n_items, n_factors), dtype=np.float32)
    items = first * np.float32(INITIAL_DEVIATION / np.sqrt(n_factors))
    # One thread of BLAS in each of ours: the systems are small, and its threads would wait for each other.
    with blas_threads(1), ThreadPoolExecutor(threads) as pool:
        for epoch in range(n_epochs):
            users = _solved(by_user, items, penalties, pool)
            items = _solved(by_item, users, penalties, pool)
            if progress is not None:
                progress(epoch + 1, n_epochs)
        return Ials(by_columns(items), items.T @ items, penalties, liking)


def _solved(rated: Csr, others: Float32, penalties: Penalties, pool: ThreadPoolExecutor) -> Float32:
    """The best factors of each row of `rated` for the factors of the other side; blocks run side by side."""
    gram = others.T @ others
    solved = np.zeros((rated.shape[0], others.shape[1]), dtype=np.float32)

    def solve(start: int) -> None:
        for row in range(start, min(start + ROWS_AT_ONCE, len(solved))):
            first, last = rated.indptr[row], rated.indptr[row + 1]
            if last > first:
                factors = others.take(rated.indices[first:last], axis=0)
                penalty = penalties.of(last - first, len(others))
                solved[row] = _best(factors, rated.data[first:last], gram, penalties.alpha, penalty)

    for _ in pool.map(solve, range(0, len(solved), ROWS_AT_ONCE)):
        pass  # waits for each, and raises what it raised
    return solved


def _best(others: Float32, weights: Float32, gram: Float32, alpha: float, penalty: float) -> Float32:
    """(O'WO + alpha gram + penalty I)^-1 O'w, with O the factors of what one row has rated, w the weights."""
    if not len(weights):
        return np.zeros(len(gram), dtype=np.float32)  # BLAS refuses a matrix without rows
    root = np.sqrt(weights)
    scaled = others * root[:, np.newaxis]
    # BLAS makes half of a matrix times its transpose, and LAPACK looks at that half alone. Both count by
    # columns: what lies by rows is to them its transpose, and `gram` is its own.
    laid_out, transposed = (scaled, 1) if scaled.flags.f_contiguous else (scaled.T, 0)
    system = blas.ssyrk(1.0, laid_out, beta=alpha, c=gram.T, trans=transposed, lower=1)
    diagonal = np.einsum("ii->i", system)  # a view
    diagonal += penalty
    _, solution, failed = lapack.sposv(system, root @ scaled, lower=True, overwrite_a=True)
    if failed:
        raise np.linalg.LinAlgError("the penalised Gram matrix is not positive definite")
    return np.asarray(solution, dtype=np.float32)
