"""Figures of merit of stars and of rankings, as pure functions of arrays.

Ranking metrics take `hits`, booleans of shape (..., k): whether the item at each place of a list is relevant,
with False where the list is shorter than k; and `n_relevant`, shape (...,), above 0: how many relevant items
there are. They give one value a list, shape (...,). Definitions are those of trec_eval (its `P`, `recall`,
`success`, `map_cut`, `recip_rank`, `ndcg_cut`); nDCG as in Järvelin and Kekäläinen (2002).
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from marquee.models.protocol import Float64, Int64, Mask

Numbers: TypeAlias = NDArray[np.floating[Any]]
Counts: TypeAlias = NDArray[np.integer[Any]] | int

STAR_BINS = 10


def rmse(predicted: Numbers, actual: Numbers) -> float:
    """Root of the mean squared difference, in stars; every rating counts the same."""
    return float(np.sqrt(np.mean(np.square(_errors(predicted, actual)))))


def mae(predicted: Numbers, actual: Numbers) -> float:
    """Mean absolute difference, in stars; every rating counts the same."""
    return float(np.mean(np.abs(_errors(predicted, actual))))


def auc(scores: Numbers, positive: Mask) -> float:
    """Chance that a positive has a higher score than a negative, a tie counting half; nan without either.

    The statistic of Mann and Whitney (1947), over ranks: Fawcett, "An introduction to ROC analysis" (2006).
    """
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    if not n_positive or not n_negative:
        return float("nan")
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    mean_ranks = np.cumsum(counts) - (counts - 1) / 2
    above = mean_ranks[places][positive].sum() - n_positive * (n_positive + 1) / 2
    return float(above / (n_positive * n_negative))


def star_bins(predicted: Numbers, low: float, high: float, bins: int = STAR_BINS) -> Int64:
    """Which of `bins` equal parts of the scale each prediction lies in, 0 to bins - 1, shape (n,)."""
    shares = (predicted.astype(np.float64) - low) / (high - low)
    return np.clip((shares * bins).astype(np.int64), 0, bins - 1)


def calibration_error(predicted: Numbers, actual: Numbers, bins: Int64) -> float:
    """Expected calibration error, in stars: how far a bin's mean prediction is from the mean of its ratings.

    sum over bins of (share of the ratings) x |mean predicted - mean actual|: Naeini, Cooper and Hauskrecht,
    "Obtaining well calibrated probabilities using Bayesian binning" (2015), with stars for probabilities.

    Args:
        bins: of each prediction, from `star_bins`.
    """
    return float(np.abs(np.bincount(bins, _errors(predicted, actual))).sum() / len(bins))


def interval_coverage(low: Numbers, high: Numbers, actual: Numbers) -> float:
    """Share of the ratings that lie within their intervals, ends included."""
    return float(np.mean((low <= actual) & (actual <= high)))


def interval_width(low: Numbers, high: Numbers) -> float:
    """Mean width of intervals, in stars."""
    return float(np.mean(high.astype(np.float64) - low))


def precision_at_k(hits: Mask) -> Float64:
    """Share of the k places that hold a relevant item; an empty place is a miss."""
    return np.asarray(np.mean(hits, axis=-1))


def recall_at_k(hits: Mask, n_relevant: Counts) -> Float64:
    """Share of the relevant items that stand in the list."""
    return np.asarray(np.sum(hits, axis=-1) / n_relevant)


def f1_at_k(hits: Mask, n_relevant: Counts) -> Float64:
    """Harmonic mean of precision and recall: 2 x hits / (k + relevant); 0 without a hit."""
    return np.asarray(2.0 * np.sum(hits, axis=-1) / (hits.shape[-1] + np.asarray(n_relevant)))


def hit_rate_at_k(hits: Mask) -> Float64:
    """1 where the list holds a relevant item, else 0."""
    return np.asarray(np.any(hits, axis=-1), dtype=np.float64)


def average_precision_at_k(hits: Mask, n_relevant: Counts) -> Float64:
    """Sum over hits of the precision down to each, over the number of relevant items; its mean is MAP."""
    so_far = np.cumsum(hits, axis=-1) / np.arange(1, hits.shape[-1] + 1)
    return np.asarray(np.sum(so_far * hits, axis=-1) / n_relevant)


def reciprocal_rank_at_k(hits: Mask) -> Float64:
    """1 / the place of the first hit, 0 without; its mean is MRR."""
    return np.asarray(np.where(hits.any(axis=-1), 1.0 / (hits.argmax(axis=-1) + 1), 0.0))


def ndcg_at_k(hits: Mask, n_relevant: Counts) -> Float64:
    """sum(hit / log2(place + 1)), as a share of the best that k places can hold."""
    k = hits.shape[-1]
    gains = discounts(k)
    best = np.cumsum(gains)[np.minimum(n_relevant, k) - 1]
    return np.asarray((hits * gains).sum(axis=-1) / best)


def discounts(k: int) -> Float64:
    """What each of k places is worth: 1 / log2(place + 1), shape (k,)."""
    return np.asarray(1.0 / np.log2(np.arange(2, k + 2)))


def _errors(predicted: Numbers, actual: Numbers) -> Float64:
    if predicted.shape != actual.shape or not predicted.size:
        raise ValueError("predicted and actual must be of one shape and not empty")
    return predicted.astype(np.float64) - actual.astype(np.float64)
