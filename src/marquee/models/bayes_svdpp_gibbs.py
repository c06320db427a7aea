"""Training of Bayesian SVD++ by block Gibbs sampling, with NumPy alone.

One sweep draws, for people and for items in turn: the mean and precision of their vectors (Normal-Wishart, as
BPMF's eq. 14), the link matrix from side information to those means (as Macau, by noise injection), every
vector given the other side's, and the noise of a rating.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse

from marquee.domain.errors import InvalidInput
from marquee.models.arrays import blas_threads
from marquee.models.bayes_svdpp import BayesSvdpp
from marquee.models.protocol import Csr, Float64
from marquee.models.training_set import TrainingSet

OnSweep: TypeAlias = Callable[[int, int, Float64, Float64], None]

ROWS = 20_000  # solved at a time: bounds the memory of the precision matrices
PRIOR_STRENGTH = 2.0  # beta_0 of the Normal-Wishart: the prior mean counts as much as this many rows
PRIOR_VARIANCE = 0.2  # of a factor, a priori: factors of stars are small
NOT_USED = ("word",)  # on MovieLens 100K the words of the titles make the stars worse: cv5 RMSE 0.002 higher


def train(
    ratings: TrainingSet,
    *,
    n_factors: int = 10,
    n_sweeps: int = 200,
    burn_in: int = 40,
    n_samples: int = 20,
    n_implicit: int = 2000,
    seed: int = 0,
    threads: int = 1,
    on_sweep: OnSweep | None = None,
) -> BayesSvdpp:
    """Draw from the posterior, and keep `n_samples` of the sweeps after `burn_in`, evenly apart.

    Args:
        n_factors: of each sample; few are enough, for the average of samples has many.
        n_implicit: how many items, the most rated, and people, the most active, count as side information.
            The cost of a training grows with its cube.
        threads: of the sums over ratings and of BLAS; their number decides the last bits.
        on_sweep: called after each sweep with its number, from 1, how many there will be, and the vectors
            drawn, (factors, bias), of people and of items; they are drawn anew in place.

    Raises:
        InvalidInput: `n_samples` sweeps do not fit between `burn_in` and `n_sweeps`.
    """
    if n_sweeps - burn_in < n_samples:
        raise InvalidInput(
            f"{n_sweeps} sweeps, {burn_in} of them burn-in, leave no room for {n_samples} samples.",
            hint="Raise `n_sweeps`, or lower `burn_in` or `n_samples`.",
        )
    with blas_threads(threads), ThreadPoolExecutor(threads) as pool:
        chain = _Chain(ratings, n_factors, n_implicit, np.random.default_rng(seed), pool, threads)
        keep = _evenly(burn_in, n_sweeps, n_samples)
        samples = []
        for sweep in range(1, n_sweeps + 1):
            chain.sweep()
            if sweep in keep:
                samples.append(chain.sample())
            if on_sweep is not None:
                on_sweep(sweep, n_sweeps, chain.users.vectors, chain.items.vectors)
    stacked = {
        name: np.stack([sample[name] for sample in samples], axis=axis).astype(np.float32)
        for name, axis in _SAMPLE_AXIS.items()
    }
    return BayesSvdpp(mean=ratings.mean, **stacked)


_SAMPLE_AXIS = {
    "item_factors": 1,
    "implicit_factors": 1,
    "profile_factors": 1,
    "prior_means": 0,
    "prior_precisions": 0,
    "noise_precisions": 0,
    "attribute_factors": 1,
    "item_prior_means": 0,
}


def _evenly(burn_in: int, n_sweeps: int, n_samples: int) -> set[int]:
    return {burn_in + round((n_sweeps - burn_in) * (place + 1) / n_samples) for place in range(n_samples)}


class _Chain:
    """The state of the sampler."""

    def __init__(
        self,
        ratings: TrainingSet,
        n_factors: int,
        n_implicit: int,
        rng: np.random.Generator,
        pool: ThreadPoolExecutor,
        threads: int,
    ) -> None:
        self._rng = rng
        self._n_ratings = len(ratings)
        pairs = (ratings.user_rows, ratings.item_rows)
        shape = (ratings.n_users, ratings.n_items)
        residuals = ratings.ratings.astype(np.float64) - ratings.mean
        self._sum_of_squares = float(residuals @ residuals)
        rated = sparse.csr_array((np.ones(len(ratings)), pairs), shape=shape)
        stars = sparse.csr_array((residuals, pairs), shape=shape)
        self._implicit_items = _most(ratings.item_counts(), n_implicit)
        raters = _most(np.bincount(ratings.user_rows, minlength=ratings.n_users), n_implicit)
        size = n_factors + 1
        groups = ratings.item_features.vocabulary.groups()
        self._n_item_features = len(groups)
        self._used = np.flatnonzero([group not in NOT_USED for group in groups])
        users = [_implicit(rated, self._implicit_items), ratings.user_features.values]
        items = [_implicit(rated.T.tocsr(), raters), ratings.item_features.values[:, self._used]]
        self._n_raters = len(raters)
        self.users = _Side(rated, stars, users, size, rng, pool, threads)
        self.items = _Side(rated.T.tocsr(), stars.T.tocsr(), items, size, rng, pool, threads)
        self._noise = 1.0 / max(self._sum_of_squares / len(ratings), 1e-6)

    def sweep(self) -> None:
        """Draw everything once."""
        for side, other in ((self.users, self.items), (self.items, self.users)):
            side.draw_prior()
            error = side.draw_vectors(other.vectors, self._noise)
        squares = self._sum_of_squares + error
        self._noise = self._rng.gamma(1.0 + self._n_ratings / 2) / (1e-3 + squares / 2)

    def sample(self) -> dict[str, Float64]:
        """What folding in and scoring need of this sweep."""
        links, n_implicit = self.users.links, len(self._implicit_items)
        implicit = np.zeros_like(self.items.vectors)
        implicit[self._implicit_items] = links[:n_implicit]
        attributes = np.zeros((self._n_item_features, links.shape[1]))
        attributes[self._used] = self.items.links[self._n_raters :]
        return {
            "item_factors": self.items.vectors.copy(),
            "implicit_factors": implicit,
            "profile_factors": links[n_implicit:],
            "prior_means": self.users.mean,
            "prior_precisions": self.users.precision,
            "noise_precisions": np.array(self._noise),
            "attribute_factors": attributes,
            "item_prior_means": self.items.mean,
        }


class _Side:
    """People or items: one vector each, (factors, bias), with a prior that side information moves.

    Attributes:
        vectors: shape (n, K).
        mean, precision: of the prior, shapes (K,) and (K, K).
        links: what each feature adds to the prior mean, shape (n_features, K).
    """

    def __init__(
        self,
        rated: Csr,
        stars: Csr,
        features: list[Csr],
        size: int,
        rng: np.random.Generator,
        pool: ThreadPoolExecutor,
        threads: int,
    ) -> None:
        self._rng, self._pool = rng, pool
        bounds = np.linspace(0, rated.shape[0], threads + 1).astype(int)
        blocks = [slice(a, b) for a, b in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)]
        self._parts = [(rated[block], stars[block]) for block in blocks]
        self._features = sparse.csr_array(sparse.hstack(features, format="csr"))
        self._features_by_column = self._features.T.tocsr()
        gram = (self._features_by_column @ self._features).toarray()
        eigenvalues, self._basis = np.linalg.eigh(gram)
        self._eigenvalues = np.maximum(eigenvalues, 0.0)
        n = rated.shape[0]
        self.vectors = rng.normal(0.0, 0.1, (n, size))
        self.vectors[:, -1] = 0.0
        self.mean = np.zeros(size)
        self.precision = np.eye(size) / PRIOR_VARIANCE
        self.links = np.zeros((self._features.shape[1], size))
        self._link_penalty = 10.0

    def draw_prior(self) -> None:
        """Draw mean, precision, links and the links' penalty, given the vectors."""
        n, size = self.vectors.shape
        rest = self.vectors - self._features @ self.links
        average = rest.mean(axis=0)
        spread = rest - average
        scatter = spread.T @ spread + self._link_penalty * (self.links.T @ self.links)
        shrunk = n * PRIOR_STRENGTH / (n + PRIOR_STRENGTH) * np.outer(average, average)
        scale = size * PRIOR_VARIANCE * np.eye(size) + scatter + shrunk
        self.precision = _wishart(self._rng, np.linalg.inv(scale), size + n + len(self.links))
        self._root = np.linalg.inv(np.linalg.cholesky(self.precision)).T  # root @ root.T = covariance
        weight = n + PRIOR_STRENGTH
        self.mean = n / weight * average + self._root @ self._rng.standard_normal(size) / np.sqrt(weight)
        if len(self.links):
            self._draw_links()

    def _draw_links(self) -> None:
        n_features, size = self.links.shape
        targets = self.vectors - self.mean + self._noise(len(self.vectors))
        right = self._features_by_column @ targets + np.sqrt(self._link_penalty) * self._noise(n_features)
        inverse = 1.0 / (self._eigenvalues + self._link_penalty)
        self.links = self._basis @ (inverse[:, None] * (self._basis.T @ right))
        squares = float(np.einsum("ij,jk,ik->", self.links, self.precision, self.links))
        self._link_penalty = self._rng.gamma(1e-2 + n_features * size / 2) / (1e-2 + squares / 2)

    def _noise(self, n: int) -> Float64:
        return self._rng.standard_normal((n, self.vectors.shape[1])) @ self._root.T

    def draw_vectors(self, other: Float64, noise: float) -> float:
        """Draw every vector, given the other side's and the precision of a rating.

        Returns:
            The sum of squared errors less that of the residual stars.
        """
        n, size = self.vectors.shape
        upper = np.triu_indices(size)
        design = other.copy()
        design[:, -1] = 1.0  # multiplies the side's own bias
        products = design[:, upper[0]] * design[:, upper[1]]
        shifted = design * other[:, -1:]  # the other side's biases are taken off the stars
        sums = list(
            self._pool.map(lambda part: (part[0] @ products, _pull(part, design, shifted)), self._parts)
        )
        grams = np.concatenate([gram for gram, _ in sums])
        pulls = np.concatenate([pull for _, pull in sums])
        prior = (self.mean + self._features @ self.links) @ self.precision
        noises = self._rng.standard_normal((n, size))
        for start in range(0, n, ROWS):
            rows = slice(start, min(start + ROWS, n))
            self.vectors[rows] = _draw(
                self.precision, grams[rows], noise, prior[rows] + noise * pulls[rows], noises[rows], upper
            )
        own = self.vectors
        quadratic = np.einsum("ij,ij,j->", grams, own[:, upper[0]] * own[:, upper[1]], _multiplicity(upper))
        offsets = sum(float((part[0] @ (other[:, -1] ** 2)).sum()) for part in self._parts)
        crossed = sum(float((part[1] @ other[:, -1]).sum()) for part in self._parts)
        return float(quadratic - 2 * np.einsum("ij,ij->", own, pulls) + offsets - 2 * crossed)


def _pull(part: tuple[Csr, Csr], design: Float64, shifted: Float64) -> Float64:
    rated, stars = part
    pull: Float64 = stars @ design - rated @ shifted
    return pull


def _draw(
    precision: Float64, grams: Float64, noise: float, right: Float64, noises: Float64, upper: Any
) -> Float64:
    """One draw from each N(P^-1 right, P^-1), with P = precision + noise * gram; grams as upper triangles."""
    size = len(precision)
    full = np.empty((len(grams), size, size))
    full[:, upper[0], upper[1]] = grams
    full[:, upper[1], upper[0]] = grams
    full *= noise
    full += precision
    roots = np.linalg.cholesky(full)
    # P^-1 right + L^-T z = L^-T (L^-1 right + z)
    half = np.linalg.solve(roots, right[:, :, None]) + noises[:, :, None]
    drawn: Float64 = np.linalg.solve(roots.transpose(0, 2, 1), half)[:, :, 0]
    return drawn


def _multiplicity(upper: Any) -> Float64:
    """How often an entry of the upper triangle stands in the whole symmetric matrix."""
    return np.where(upper[0] == upper[1], 1.0, 2.0)


def _wishart(rng: np.random.Generator, scale: Float64, freedom: int) -> Float64:
    """One draw by Bartlett's decomposition."""
    size = len(scale)
    factor = np.tril(rng.standard_normal((size, size)), -1)
    factor[np.diag_indices(size)] = np.sqrt(rng.chisquare(freedom - np.arange(size)))
    root = np.linalg.cholesky(scale) @ factor
    return root @ root.T


def _most(counts: Any, n: int) -> Any:
    """Rows of the `n` largest counts above 0, ascending."""
    ranked = np.argsort(-counts, kind="stable")[:n]
    return np.sort(ranked[counts[ranked] > 0])


def _implicit(rated: Csr, columns: Any) -> Csr:
    """Which of these columns a row has, over the square root of how many columns it has at all."""
    lengths = np.maximum(np.diff(rated.indptr), 1)
    scaled = rated.copy()
    scaled.data = np.repeat(1.0 / np.sqrt(lengths), np.diff(rated.indptr))
    return sparse.csr_array(scaled[:, columns])
