"""A weighted sum of ranking models; orders the catalogue."""

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from marquee.domain.history import History
from marquee.models.arrays import check_names, checked
from marquee.models.components import COMPONENTS
from marquee.models.protocol import Arrays, Csr, Float32, Float64, Int32, Scorer, State, States

K = 10  # of the nDCG that weights are chosen by
FACTORS = (2.0, 1.25)  # by which a weight is tried higher and lower, coarse first
TINY = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Blend:
    """score(u, j) = the sum over models m of weight_m x how far above m's own average j is for u.

    The unit of a model's score is its standard deviation over the catalogue, for this person. The state is
    the scores of all items, then mean and unit of each model, then the models' own states.

    Attributes:
        models: of the same catalogue.
        weights: shape (n_models,), float64, at least 0.
    """

    algorithm: ClassVar[str] = "blend"

    models: tuple[Scorer, ...]
    weights: Float64

    @property
    def n_items(self) -> int:
        return self.models[0].n_items

    @property
    def state_size(self) -> int:
        return self.n_items + 2 * len(self.models) + sum(model.state_size for model in self.models)

    def fold_in(self, history: History) -> State:
        states = [model.fold_in(history) for model in self.models]
        scores = [model.score(state) for model, state in zip(self.models, states, strict=True)]
        moments = np.array([_moments(values) for values in scores], dtype=np.float32)
        return np.concatenate([_sum(self.weights, moments, scores), moments.reshape(-1), *states])

    def fold_in_many(self, histories: Sequence[History]) -> States:
        states = np.empty((len(histories), self.state_size), dtype=np.float32)
        for row, history in enumerate(histories):
            states[row] = self.fold_in(history)
        return states

    def score(self, state: State, rows: Int32 | None = None) -> Float32:
        return state[: self.n_items] if rows is None else state[rows]

    def score_many(self, states: States) -> Float32:
        return states[:, : self.n_items]

    @property
    def scores_new(self) -> bool:
        return any(model.scores_new for model in self.models)

    @property
    def uses_profiles(self) -> bool:
        return any(model.uses_profiles for model in self.models)

    def score_new(self, state: State, features: Csr) -> Float32:
        end = self.n_items + 2 * len(self.models)
        moments = state[self.n_items : end].reshape(-1, 2)
        parts = np.split(state[end:], np.cumsum([model.state_size for model in self.models])[:-1])
        scores = [model.score_new(part, features) for model, part in zip(self.models, parts, strict=True)]
        return _sum(self.weights, moments, scores)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        names = json.dumps([model.algorithm for model in self.models]).encode()
        parts = {
            f"{place}.{name}": array
            for place, model in enumerate(self.models)
            for name, array in model.to_arrays().items()
        }
        return {"algorithms": np.frombuffer(names, dtype=np.uint8), "blend_weights": self.weights, **parts}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        groups = {name.partition(".")[0]: array for name, array in arrays.items()}
        names = _names(arrays) if "algorithms" in arrays else []
        check_names(groups, ("algorithms", "blend_weights", *map(str, range(len(names)))))
        weights = checked(arrays, "blend_weights", np.float64, (len(names),))
        models = tuple(_component(name, arrays, f"{place}.") for place, name in enumerate(names))
        if len({model.n_items for model in models}) != 1:
            raise ValueError("a blend needs models of one catalogue")
        return cls(models, weights)


def learn_weights(
    models: Sequence[Scorer], histories: Sequence[History], relevant: Sequence[Int32]
) -> Float64:
    """Weights, the first 1, that give the highest nDCG@10 on people whose later ratings are known.

    Coordinate ascent from equal weights: each is doubled, halved and so on as long as that helps.

    Args:
        models: trained without the relevant items' ratings.
        histories: what is known of each person.
        relevant: rows of the items to be found, above 0 of them for each person.
    """
    units = [_standardised(model, histories) for model in models]
    weights = np.ones(len(models))
    best = _quality(weights, units, relevant)
    for factor in FACTORS:
        improved = True
        while improved:
            improved = False
            for place, step in itertools.product(range(1, len(models)), (factor, 1 / factor)):
                tried = weights.copy()
                tried[place] *= step
                quality = _quality(tried, units, relevant)
                if quality > best:
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


def _sum(weights: Float64, moments: Float32, scores: Sequence[Float32]) -> Float32:
    total = np.zeros(len(scores[0]), dtype=np.float32)
    for weight, (mean, unit), values in zip(weights, moments, scores, strict=True):
        total += np.float32(weight) * ((values - mean) / unit)
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
