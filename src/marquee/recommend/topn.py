"""The best few of many scores."""

import numpy as np

from marquee.domain.history import UNKNOWN_ROW
from marquee.models.protocol import Float32, Int32

_BLOCK = 64  # scores of which the highest stands for all, at most, and at least
_LEAST_BLOCK = 4
_MAXIMA = 4  # as many for each place of a list, at least


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
    threshold = _at_most_nth_best(scores, n) if n < size else -np.inf
    # Whatever ties with the n-th best is a candidate, so that a tie is not cut at random.
    candidates = (scores >= threshold if threshold > -np.inf else scores > threshold).nonzero()[0]
    order = (-scores.take(candidates)).argsort(kind="stable")[:n]
    return candidates.take(order).astype(np.int32)


def _at_most_nth_best(scores: Float32, n: int) -> Float32:
    """A value that at least `n` scores reach, and not many more; of each row, where there are several.

    The n-th best of the maxima of blocks of scores is such a value, and takes one quick pass where to find
    the n-th best itself takes several slow ones: a tenth of the time on a catalogue of 60,000.

    Args:
        scores: shape (..., n_items); 1 <= n <= n_items.

    Returns:
        shape (...).
    """
    size = scores.shape[-1]
    height = min(_BLOCK, size // (_MAXIMA * n))
    if height >= _LEAST_BLOCK:
        size //= height
        blocks = scores[..., : height * size].reshape(*scores.shape[:-1], height, size)
        scores = blocks.max(axis=-2)
    best: Float32 = np.partition(scores, size - n, axis=-1)[..., size - n]
    return best


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
    thresholds = _at_most_nth_best(scores, min(n, size))[:, np.newaxis]
    places = np.flatnonzero((scores >= thresholds) & (scores > -np.inf))
    people, rows = np.divmod(places, size)
    order = np.lexsort((-scores.take(places), people))  # stable: of equals the lower row first
    starts = np.searchsorted(people, np.arange(n_people))
    ranks = np.arange(len(places)) - starts[people]  # `people` ascends, and stays as it is in that order
    kept = ranks < n
    lists[people[kept], ranks[kept]] = rows[order[kept]]
    return lists
