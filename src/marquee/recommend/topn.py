"""The best few of many scores."""

import numpy as np

from marquee.domain.history import UNKNOWN_ROW
from marquee.models.protocol import Float32, Int32


def best_rows(scores: Float32, n: int) -> Int32:
    """Rows of the `n` highest scores, best first; of equals the lower row first.

    Args:
        scores: shape (n_items,); -inf takes a row out.
        n: how many, at least 0.

    Returns:
        shape (m,), int32, m <= n: fewer where fewer scores are above -inf.
    """
    size = len(scores)
    if n <= 0 or not size:
        return np.empty(0, dtype=np.int32)
    # The n-th best value; whatever ties with it is a candidate, so that a tie is not cut at random.
    threshold = np.partition(scores, size - n)[size - n] if n < size else -np.inf
    candidates = (scores >= threshold if threshold > -np.inf else scores > threshold).nonzero()[0]
    order = (-scores.take(candidates)).argsort(kind="stable")[:n]
    return candidates.take(order).astype(np.int32)


def best_rows_many(scores: Float32, n: int) -> Int32:
    """`best_rows` of each person at once.

    Args:
        scores: shape (n_people, n_items); -inf takes a row out.
        n: how many, at least 0.

    Returns:
        shape (n_people, n), int32: `UNKNOWN_ROW` (-1) where fewer scores are above -inf.
    """
    n_people, size = scores.shape
    lists = np.full((n_people, n), UNKNOWN_ROW, dtype=np.int32)
    if n <= 0 or not size:
        return lists
    last = max(size - n, 0)
    thresholds = np.partition(scores, last, axis=1)[:, last, np.newaxis]
    places = np.flatnonzero((scores >= thresholds) & (scores > -np.inf))
    people, rows = np.divmod(places, size)
    order = np.lexsort((-scores.take(places), people))  # stable: of equals the lower row first
    starts = np.searchsorted(people, np.arange(n_people))
    ranks = np.arange(len(places)) - starts[people]  # `people` ascends, and stays as it is in that order
    kept = ranks < n
    lists[people[kept], ranks[kept]] = rows[order[kept]]
    return lists
