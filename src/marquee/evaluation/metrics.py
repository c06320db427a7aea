"""Figures of merit, as pure functions of arrays; formulas as in Järvelin and Kekäläinen (2002) and RecTools.

Ranking metrics take `hits`, a boolean array of shape (k,): whether the item at each place of a list is
relevant, with False where the list is shorter than k; and `n_relevant`, how many relevant items there are.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marquee.models.protocol import Float64, Mask

Numbers = NDArray[np.floating[Any]]


def rmse(predicted: Numbers, actual: Numbers) -> float:
    """Root of the mean squared difference, in stars; every rating counts the same."""
    return float(np.sqrt(np.mean(np.square(_errors(predicted, actual)))))


def mae(predicted: Numbers, actual: Numbers) -> float:
    """Mean absolute difference, in stars; every rating counts the same."""
    return float(np.mean(np.abs(_errors(predicted, actual))))


def precision_at_k(hits: Mask) -> float:
    """Share of the k places that hold a relevant item; an empty place is a miss."""
    return float(np.mean(hits))


def recall_at_k(hits: Mask, n_relevant: int) -> float:
    """Share of the relevant items that stand in the list; `n_relevant` is above 0."""
    return float(np.sum(hits) / n_relevant)


def ndcg_at_k(hits: Mask, n_relevant: int) -> float:
    """sum(hit / log2(place + 1)), as a share of the best that k places can hold; `n_relevant` is above 0."""
    discounts = _discounts(len(hits))
    return float(discounts[hits].sum() / discounts[: min(n_relevant, len(hits))].sum())


def _discounts(k: int) -> Float64:
    return 1.0 / np.log2(np.arange(2, k + 2))


def _errors(predicted: Numbers, actual: Numbers) -> Float64:
    if predicted.shape != actual.shape or not predicted.size:
        raise ValueError("predicted and actual must be of one shape and not empty")
    return predicted.astype(np.float64) - actual.astype(np.float64)
