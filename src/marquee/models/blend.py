"""A weighted sum of ranking models; orders the catalogue."""

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from marquee.domain.history import NOTHING_IMPLIED, History
from marquee.models.arrays import check_names, checked, rows_of
from marquee.models.components import COMPONENTS
from marquee.models.contributions import Contributions, contributions, joined
from marquee.models.protocol import Arrays, Csr, Float32, Float64, Int32, Rows, Scorer, State, States

K = 10  # of the nDCG that weights are chosen by
FACTORS = (2.0, 1.25)  # by which a weight is tried higher and lower, coarse first
TINY = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Blend:
    """score(u, j) = the sum over models m of weight_m x how far above m's own average j is for u.

    The unit of a model's score is its standard deviation over the catalogue, for this person. Weights are of
    two kinds: for somebody *returning*, whose newest rating the training has seen, recent popularity tells
    more; for somebody *active*, who has rated since, their own taste does; what is implied is of now, too.
    A unit hides how little a score is made of. So where the history is less evidence than one rating, that
    share of the sum is theirs, and the rest is what the models say of somebody without it.
    The state is the scores of all items, then the share, then the weights, then mean and unit of each model,
    then the models' own states.

    Attributes:
        models: of the same catalogue.
        weights: for the returning and for the active, shape (2, n_models), float64, at least 0.
        trained_through: the newest rating of the training, in seconds since 1970 UTC.
    """

    algorithm: ClassVar[str] = "blend"

    models: tuple[Scorer, ...]
    weights: Float64
    trained_through: int

    @property
    def n_items(self) -> int:
        return self.models[0].n_items

    @property
    def state_size(self) -> int:
        return self.n_items + 1 + 3 * len(self.models) + sum(model.state_size for model in self.models)

    def fold_in(self, history: History) -> State:
        state, share = self._folded(history), history.evidence
        if 0.0 < share < 1.0:
            nothing = self._folded(replace(history, implied=NOTHING_IMPLIED))
            state[: self.n_items] *= np.float32(share)
            state[: self.n_items] += np.float32(1.0 - share) * nothing[: self.n_items]
            state[self.n_items] = share
        return state

    def _folded(self, history: History) -> State:
        states = [model.fold_in(history) for model in self.models]
        scores = [model.score(state) for model, state in zip(self.models, states, strict=True)]
        weights = self._weights_for(history)
        moments = np.array([_moments(values) for values in scores], dtype=np.float32)
        share = np.ones(1, dtype=np.float32)
        return np.concatenate([_sum(weights, moments, scores), share, weights, moments.reshape(-1), *states])

    def fold_in_many(self, histories: Sequence[History]) -> States:
        states = np.empty((len(histories), self.state_size), dtype=np.float32)
        for row, history in enumerate(histories):
            states[row] = self.fold_in(history)
        return states

    def score(self, state: State, rows: Rows | None = None) -> Float32:
        return rows_of(state[: self.n_items], rows)

    def score_many(self, states: States) -> Float32:
        return states[:, : self.n_items]

    def contributions(self, history: History, rows: Int32) -> Contributions:
        folded, share = self._contributions_folded(history, rows), history.evidence
        if share in (0.0, 1.0):
            return folded
        nothing = self._folded(replace(history, implied=NOTHING_IMPLIED))[rows]
        return joined([(share, folded)], np.float32(1.0 - share) * nothing)

    def _contributions_folded(self, history: History, rows: Int32) -> Contributions:
        parts, constant = [], np.zeros(len(rows), dtype=np.float32)
        for weight, model in zip(self._weights_for(history).tolist(), self.models, strict=True):
            mean, unit = _moments(model.score(model.fold_in(history)))
            parts.append((weight / unit, contributions(model, history, rows)))
            constant -= weight * mean / unit
        return joined(parts, constant)

    @property
    def scores_new(self) -> bool:
        return any(model.scores_new for model in self.models)

    def score_new(self, state: State, features: Csr) -> Float32:
        scores, share = self._scores_new(state, features), state[self.n_items]
        if share < 1.0:
            scores *= share
            scores += (np.float32(1.0) - share) * self._scores_new(self._folded(History.empty()), features)
        return scores

    def _scores_new(self, state: State, features: Csr) -> Float32:
        n_models = len(self.models)
        weights, rest = np.split(state[self.n_items + 1 :], [n_models])
        moments, states = np.split(rest, [2 * n_models])
        parts = np.split(states, np.cumsum([model.state_size for model in self.models])[:-1])
        scores = [model.score_new(part, features) for model, part in zip(self.models, parts, strict=True)]
        return _sum(weights, moments.reshape(-1, 2), scores)

    def _weights_for(self, history: History) -> Float32:
        rated_since = len(history) > 0 and int(history.times.max()) > self.trained_through
        active = 1.0 if rated_since else min(1.0, float(history.implied.weights.sum()))
        returning = (1.0 - active) * self.weights[0]
        return np.asarray(returning + active * self.weights[1], dtype=np.float32)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        through = np.array([self.trained_through], dtype=np.float64)
        names = json.dumps([model.algorithm for model in self.models]).encode()
        parts = {
            f"{place}.{name}": array
            for place, model in enumerate(self.models)
            for name, array in model.to_arrays().items()
        }
        return {
            "algorithms": np.frombuffer(names, dtype=np.uint8),
            "blend_weights": self.weights,
            "trained_through": through,
            **parts,
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        groups = {name.partition(".")[0]: array for name, array in arrays.items()}
        names = _names(arrays) if "algorithms" in arrays else []
        check_names(groups, ("algorithms", "blend_weights", "trained_through", *map(str, range(len(names)))))
        weights = checked(arrays, "blend_weights", np.float64, (2, len(names)))
        through = int(checked(arrays, "trained_through", np.float64, (1,)).item())
        models = tuple(_component(name, arrays, f"{place}.") for place, name in enumerate(names))
        if len({model.n_items for model in models}) != 1:
            raise ValueError("a blend needs models of one catalogue")
        return cls(models, weights, through)


def learn_weights(models: Sequence[Scorer], people: Sequence[tuple[History, Int32]]) -> Float64:
    """Weights, the first 1, that give the highest nDCG@10 on what people went on to rate.

    Coordinate ascent from equal weights: each is doubled, halved and so on as long as that helps.

    Args:
        models: trained without the later ratings.
        people: what is known of each, and the rows of what they went on to rate, at least one.

    Returns:
        shape (n_models,).
    """
    units = [_standardised(model, [history for history, _ in people]) for model in models]
    relevant = [rows for _, rows in people]
    weights = np.ones(len(models))
    best = _quality(weights, units, relevant)
    for factor in FACTORS:
        improved = True
        while improved:
            improved = False
            for place, step in itertools.product(range(1, len(models)), (factor, 1 / factor)):
                tried = weights.copy()
                tried[place] *= step
                if (quality := _quality(tried, units, relevant)) > best:
                    weights, best, improved = tried, quality, True
    return weights


def _standardised(model: Scorer, histories: Sequence[History]) -> Float32:
    """Scores in the model's own units, shape (n_people, n_items), -inf where the person has been."""
    scores = np.array(model.score_many(model.fold_in_many(histories)))
    for row, history in zip(scores, histories, strict=True):
        mean, unit = _moments(row)
        row -= mean
        row /= unit
        row[history.rows] = -np.inf
    return scores


def _quality(weights: Float64, units: Sequence[Float32], relevant: Sequence[Int32]) -> float:
    """Mean nDCG@K over people (Järvelin and Kekäläinen 2002), all relevant items counting the same."""
    total = np.zeros_like(units[0])
    for weight, unit in zip(weights, units, strict=True):
        total += np.float32(weight) * unit
    k = min(K, total.shape[1])
    top = np.argpartition(-total, k - 1, axis=1)[:, :k]
    order = np.argsort(-np.take_along_axis(total, top, axis=1), axis=1, kind="stable")
    lists = np.take_along_axis(top, order, axis=1)
    discounts = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.cumsum(discounts)
    gains = [
        discounts[np.isin(listed, rows)].sum() / ideal[min(len(rows), k) - 1]
        for listed, rows in zip(lists, relevant, strict=True)
    ]
    return float(np.mean(gains))


def _moments(scores: Float32) -> tuple[float, float]:
    """Mean, and standard deviation or 1 where there is none."""
    unit = float(scores.std(dtype=np.float64))
    return float(scores.mean(dtype=np.float64)), unit if unit > TINY else 1.0


def _sum(weights: Float32, moments: Float32, scores: Sequence[Float32]) -> Float32:
    total = np.zeros(len(scores[0]), dtype=np.float32)
    for weight, (mean, unit), values in zip(weights, moments, scores, strict=True):
        total += weight * ((values - mean) / unit)
    return total


def _names(arrays: Arrays) -> list[str]:
    names = json.loads(checked(arrays, "algorithms", np.uint8, (None,)).tobytes())
    if not isinstance(names, list) or not set(names) <= set(COMPONENTS):
        raise ValueError(f"no blend is made of {names}; known are {', '.join(sorted(COMPONENTS))}")
    return names


def _component(algorithm: str, arrays: Arrays, prefix: str) -> Scorer:
    parts = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
    try:
        return COMPONENTS[algorithm].from_arrays(parts)
    except ValueError as error:
        raise ValueError(f"{prefix}{error}") from error
