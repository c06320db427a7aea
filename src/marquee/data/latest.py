"""Of several rows about one thing, the latest."""

import numpy as np
from numpy.typing import NDArray


def latest(pairs: NDArray[np.int64], times: NDArray[np.int64]) -> NDArray[np.int64]:
    """Positions, ascending, of the latest row of each pair; among equal times, of the last one.

    Args:
        pairs: a number for each user and item, shape (n,).
        times: unix time, shape (n,).
    """
    return np.sort(latest_by_pair(pairs, times))


def latest_by_pair(pairs: NDArray[np.int64], times: NDArray[np.int64]) -> NDArray[np.int64]:
    """As `latest`, in the order of the pairs' numbers."""
    order = np.lexsort((times, pairs))  # stable: rows of one pair and time keep their order
    ordered = pairs[order]
    last_of_pair = np.ones(len(order), dtype=bool)
    last_of_pair[:-1] = ordered[:-1] != ordered[1:]
    return order[last_of_pair]
