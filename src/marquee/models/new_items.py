"""Items added after a training: scored from their features, by the models as they are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from marquee.domain.history import UNKNOWN_ROW, History, Implied, ItemIndex
from marquee.models.contributions import Contributions, contributions, leave_one_out, told_rows
from marquee.models.fallback import Fallback
from marquee.models.model_set import ModelSet
from marquee.models.neighbours import Neighbours
from marquee.models.popularity import Popularity
from marquee.models.protocol import Arrays, Csr, Float32, Int32, RatingModel, Rows, Scorer, State, States

M = TypeVar("M", bound=Scorer)


@dataclass(frozen=True, eq=False)
class Extended(Generic[M]):
    """A model with more rows than it was trained with; what a history says of the further ones is lost on it.

    Attributes:
        model: of the first rows.
        features: of the rows after those, shape (n_new, n_item_features).
    """

    algorithm: ClassVar[str] = "extended"

    model: M
    features: Csr

    @property
    def n_items(self) -> int:
        return self.model.n_items + int(self.features.shape[0])

    @property
    def state_size(self) -> int:
        return self.model.state_size

    @property
    def scores_new(self) -> bool:
        return self.model.scores_new

    def fold_in(self, history: History) -> State:
        return self.model.fold_in(self._trained(history))

    def fold_in_many(self, histories: Sequence[History]) -> States:
        return self.model.fold_in_many([self._trained(history) for history in histories])

    def score(self, state: State, rows: Rows | None = None) -> Float32:
        if rows is None:
            return np.concatenate((self.model.score(state), self.model.score_new(state, self.features)))
        if isinstance(rows, slice):
            first, end, step = rows.indices(self.n_items)
            if step > 0 and end <= self.model.n_items:
                return self.model.score(state, slice(first, end, step))
            return self.score(state)[rows]
        new = rows >= self.model.n_items
        if not new.any():
            return self.model.score(state, rows)
        scores = np.empty(len(rows), dtype=np.float32)
        scores[~new] = self.model.score(state, rows[~new])
        scores[new] = self.model.score_new(state, self.features[rows[new] - self.model.n_items])
        return scores

    def score_many(self, states: States) -> Float32:
        new = [self.model.score_new(state, self.features) for state in states]
        blank = np.empty((0, self.features.shape[0]), dtype=np.float32)
        return np.hstack((self.model.score_many(states), np.stack(new) if new else blank))

    def score_new(self, state: State, features: Csr) -> Float32:
        return self.model.score_new(state, features)

    def contributions(self, history: History, rows: Int32) -> Contributions:
        """The model's own for its rows; for new ones, what the score loses when an item is left out."""
        told = told_rows(history)
        of_items = np.zeros((len(rows), len(told)), dtype=np.float32)
        rest = np.empty(len(rows), dtype=np.float32)
        new = rows >= self.model.n_items
        if not new.all():
            known = contributions(self.model, self._trained(history), rows[~new])
            of_items[np.ix_(~new, told < self.model.n_items)], rest[~new] = known
        if new.any():
            of_items[new], rest[new] = leave_one_out(self, history, rows[new])
        return Contributions(of_items, rest)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        raise TypeError("items added after a training are no part of a bundle")

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:  # noqa: ARG003 - the protocol's signature
        raise TypeError("items added after a training are no part of a bundle")

    def _trained(self, history: History) -> History:
        old, implied = history.rows < self.model.n_items, history.implied
        trained = implied.rows < self.model.n_items
        if old.all() and trained.all():
            return history
        return History(
            history.rows[old],
            history.ratings[old],
            history.times[old],
            history.profile,
            Implied(implied.rows[trained], implied.weights[trained]),
        )


class ExtendedRating(Extended[RatingModel]):
    """The same for a model of stars."""

    def score_each(self, states: States, rows: Int32) -> Float32:
        if (rows < self.model.n_items).all():
            return self.model.score_each(states, rows)
        return np.stack([self.score(state, own) for state, own in zip(states, rows, strict=True)])

    def score_unknown(self, state: State) -> float:
        return self.model.score_unknown(state)


def extended(models: ModelSet, item_ids: Sequence[str], features: Csr) -> ModelSet:
    """Models whose catalogue goes on with these items.

    Args:
        models: as trained, or read from a bundle.
        item_ids: ids that the catalogue does not have yet.
        features: shape (len(item_ids), n_item_features), by the vocabulary of `models`.
    """
    n_new = len(item_ids)
    if not n_new:
        return models
    popularity, neighbours = models.fallback.popularity, models.fallback.neighbours
    width = neighbours.rows.shape[1]
    fallback = Fallback(
        Popularity(
            np.append(popularity.popularity, np.zeros(n_new, np.float32)),
            np.pad(popularity.lifts, ((0, 0), (0, n_new))),
        ),
        Neighbours(
            np.vstack((neighbours.rows, np.full((n_new, width), UNKNOWN_ROW, np.int32))),
            np.vstack((neighbours.similarities, np.zeros((n_new, width), np.float32))),
        ),
    )
    return replace(
        models,
        items=ItemIndex((*models.items.ids, *item_ids)),
        rating=ExtendedRating(models.rating, features),
        ranking=Extended[Scorer](models.ranking, features),
        fallback=fallback,
    )
