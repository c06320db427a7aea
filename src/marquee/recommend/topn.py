"""The best few of many scores."""

import numpy as np

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
