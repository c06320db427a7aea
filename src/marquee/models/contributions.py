"""What each item of a history adds to a score: exactly for linear models, by leaving it out for others."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from marquee.domain.history import History, Implied
from marquee.models.protocol import Float32, Int32, Mask, Scorer

MOST_LEFT_OUT = 50  # items of a history that are left out one after the other, at most


class Contributions(NamedTuple):
    """Parts of scores: `of_items.sum(axis=1) + rest` are the scores.

    Attributes:
        of_items: shape (n_rows, n_told), float32; columns are `told_rows` of the history.
        rest: what comes from elsewhere, such as a profile or popularity; shape (n_rows,), float32.
    """

    of_items: Float32
    rest: Float32


@runtime_checkable
class Explains(Protocol):
    """A model that can say what its scores are made of."""

    def contributions(self, history: History, rows: Int32) -> Contributions:
        """The parts of the scores of some rows."""
        ...


def told_rows(history: History) -> Int32:
    """Rows of all that a history tells of: rated, then implied; shape (n_told,)."""
    return np.concatenate((history.rows, history.implied.rows))


def contributions(model: Scorer, history: History, rows: Int32) -> Contributions:
    """The parts of the scores of some rows, by the model itself or by `leave_one_out`."""
    if isinstance(model, Explains):
        return model.contributions(history, rows)
    return leave_one_out(model, history, rows)


def leave_one_out(
    model: Scorer, history: History, rows: Int32, *, most: int = MOST_LEFT_OUT
) -> Contributions:
    """What scores lose when an item is not in the history; of a long one, of the items liked most.

    For a linear model that is what the item adds. For others the parts are as good as one can say of one item
    alone, and `rest` is whatever makes the sum right.
    """
    tried = _liked_most(history, most)
    without = [history] + [_kept(history, _all_but(history, place)) for place in tried.tolist()]
    scores = np.stack([model.score(state, rows) for state in model.fold_in_many(without)])
    of_items = np.zeros((len(rows), len(told_rows(history))), dtype=np.float32)
    of_items[:, tried] = (scores[0] - scores[1:]).T
    return Contributions(of_items, scores[0] - of_items.sum(axis=1))


def joined(parts: Sequence[tuple[float, Contributions]], constant: Float32) -> Contributions:
    """Parts of a weighted sum of scores, plus a constant for each row."""
    return Contributions(
        np.asarray(sum(weight * part.of_items for weight, part in parts), dtype=np.float32),
        np.asarray(sum(weight * part.rest for weight, part in parts) + constant, dtype=np.float32),
    )


def _liked_most(history: History, most: int) -> Int32:
    """Places among `told_rows`: by stars, the newest first among equals, then implied ones by weight."""
    rated = np.lexsort((-history.times, -history.ratings))
    implied = len(history) + np.argsort(-history.implied.weights, kind="stable")
    return np.concatenate((rated, implied))[:most].astype(np.int32)


def _all_but(history: History, place: int) -> Mask:
    kept = np.ones(len(history) + len(history.implied), dtype=np.bool_)
    kept[place] = False
    return kept


def _kept(history: History, kept: Mask) -> History:
    rated, implied = kept[: len(history)], kept[len(history) :]
    return replace(
        history,
        rows=history.rows[rated],
        ratings=history.ratings[rated],
        times=history.times[rated],
        implied=Implied(history.implied.rows[implied], history.implied.weights[implied]),
    )
