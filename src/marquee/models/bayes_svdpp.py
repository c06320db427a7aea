"""Bayesian SVD++: factors, implicit feedback and attributes, averaged over Gibbs samples; predicts stars.

It is SVD++ (Koren, "Factorization meets the neighborhood", KDD 2008) in the fully Bayesian form of BPMF
(Salakhutdinov and Mnih, ICML 2008), "flipped" too as in Rendle, Zhang and Koren, "On the difficulty of
evaluating baselines" (2019): what a person has rated shifts what their factors are expected to be, and who
has rated an item shifts the item's. Such side information, attributes included, enters by the link matrix of
Simm et al., "Macau: scalable Bayesian factorization with high-dimensional side information" (MLSP 2017).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from marquee.domain.history import History
from marquee.models.arrays import check_names, checked, rows_of
from marquee.models.protocol import Arrays, Csr, Float32, Float64, Int32, Rows, State, States

_ARRAYS = (
    "mean",
    "item_factors",
    "implicit_factors",
    "profile_factors",
    "prior_means",
    "prior_precisions",
    "noise_precisions",
    "attribute_factors",
    "item_prior_means",
)


@dataclass(frozen=True, slots=True, eq=False)
class BayesSvdpp:
    """stars(u, i) = mean + the average over samples s of b_u + b_i + <p_u, q_i>, each drawn in sample s.

    The state is what folding in gives: in each sample the posterior mean of (p_u, b_u), given the person's
    ratings, which items they are of, and the person's attributes. Written as one vector, [p_u / S, 1 / S] for
    each of the S samples and the mean of b_u at the end, it scores by one product with all (q_i, b_i).

    Attributes:
        mean: stars of all ratings.
        item_factors: (q_i, b_i) by sample, shape (n_items, S, K), float32; K is the number of factors + 1.
        implicit_factors: what having rated an item adds to a person's prior mean (over the square root of how
            many they have rated), same shape.
        profile_factors: what an attribute of a person adds, shape (n_user_features, S, K).
        prior_means, prior_precisions: of (p_u, b_u), shapes (S, K) and (S, K, K).
        noise_precisions: of a single rating, shape (S,).
        attribute_factors, item_prior_means: what an item's attribute adds to the expected (q_i, b_i), shape
            (n_item_features, S, K), and what it adds to, shape (S, K): all there is of an unrated item.
    """

    algorithm: ClassVar[str] = "bayes-svdpp"

    mean: float
    item_factors: Float32
    implicit_factors: Float32
    profile_factors: Float32
    prior_means: Float32
    prior_precisions: Float32
    noise_precisions: Float32
    attribute_factors: Float32
    item_prior_means: Float32

    @property
    def n_items(self) -> int:
        return len(self.item_factors)

    @property
    def n_samples(self) -> int:
        return int(self.item_factors.shape[1])

    @property
    def state_size(self) -> int:
        return int(self.item_factors[0].size) + 1

    def fold_in(self, history: History) -> State:
        prior = self._prior(history)
        if not len(history):
            return self._state(prior)
        theirs = self.item_factors[history.rows].astype(np.float64).transpose(1, 0, 2)  # (S, n, K)
        residuals = (history.ratings - self.mean) - theirs[:, :, -1]
        theirs[:, :, -1] = 1.0  # multiplies b_u
        noise = self.noise_precisions[:, None, None].astype(np.float64)
        weighted = noise * theirs.transpose(0, 2, 1)
        precisions = weighted @ theirs + self.prior_precisions
        pulls = weighted @ residuals[:, :, None] + self.prior_precisions @ prior[:, :, None]
        users = np.asarray(np.linalg.solve(precisions, pulls)[:, :, 0], dtype=np.float64)
        return self._state(users)

    def fold_in_many(self, histories: Sequence[History]) -> States:
        states = np.empty((len(histories), self.state_size), dtype=np.float32)
        for row, history in enumerate(histories):
            states[row] = self.fold_in(history)
        return states

    def score(self, state: State, rows: Rows | None = None) -> Float32:
        factors = rows_of(self._flat(self.item_factors), rows)
        return factors @ state[:-1] + np.float32(self.mean + state.item(-1))

    def score_many(self, states: States) -> Float32:
        own = np.float32(self.mean) + states[:, -1:]
        return states[:, :-1] @ self._flat(self.item_factors).T + own

    def score_each(self, states: States, rows: Int32) -> Float32:
        factors = self._flat(self.item_factors)[rows]
        products: Float32 = np.matmul(factors, states[:, :-1, np.newaxis])[..., 0]
        return products + (np.float32(self.mean) + states[:, -1:])

    @property
    def scores_new(self) -> bool:
        return len(self.attribute_factors) > 0

    def score_new(self, state: State, features: Csr) -> Float32:
        factors = features @ self._flat(self.attribute_factors) + self.item_prior_means.reshape(-1)
        return np.asarray(factors @ state[:-1] + np.float32(self.mean + state.item(-1)), dtype=np.float32)

    def score_unknown(self, state: State) -> float:
        return float(self.mean + state[-1] + self.item_prior_means.reshape(-1) @ state[:-1])

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        return {"mean": np.array([self.mean]), **{name: getattr(self, name) for name in _ARRAYS[1:]}}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        check_names(arrays, _ARRAYS)
        factors = checked(arrays, "item_factors", np.float32, (None, None, None))
        n_items, n_samples, size = factors.shape
        shapes: dict[str, tuple[int | None, ...]] = {
            "implicit_factors": (n_items, n_samples, size),
            "profile_factors": (None, n_samples, size),
            "prior_means": (n_samples, size),
            "prior_precisions": (n_samples, size, size),
            "noise_precisions": (n_samples,),
            "attribute_factors": (None, n_samples, size),
            "item_prior_means": (n_samples, size),
        }
        mean = float(checked(arrays, "mean", np.float64, (1,))[0])
        rest = {name: checked(arrays, name, np.float32, shape) for name, shape in shapes.items()}
        return cls(mean=mean, item_factors=factors, **rest)

    def _prior(self, history: History) -> Float64:
        """Prior mean of (p_u, b_u) in each sample, shape (S, K)."""
        prior = self.prior_means.astype(np.float64)
        if len(history):
            prior += self.implicit_factors[history.rows].sum(axis=0) / np.sqrt(len(history))
        if len(history.profile):
            prior += self.profile_factors[history.profile].sum(axis=0)
        return prior

    def _state(self, users: Float64) -> State:
        """The vector that `score` multiplies with, from (p_u, b_u) in each sample."""
        state = np.empty(self.state_size, dtype=np.float32)
        state[-1] = users[:, -1].mean()
        users[:, -1] = 1.0  # multiplies b_i
        state[:-1] = users.reshape(-1) / len(users)
        return state

    @staticmethod
    def _flat(factors: Float32) -> Float32:
        return factors.reshape(len(factors), -1)
