"""Lists whose items are unlike each other, with one knob.

Bradley and Smyth, "Improving recommendation diversity" (AICS 2001): by the mean likeness to what was chosen
before. By the highest, as in MMR (Carbonell and Goldstein, SIGIR 1998), lists of MovieLens 100K that are as
diverse have less nDCG: see docs/evaluation.md.
"""

import numpy as np

from marquee.models.protocol import Float32

PLACES_A_CANDIDATE = 5
SPARE_CANDIDATES = 50
MOST_PLACES = 200  # that are chosen with an eye to those before; what comes after is by relevance


def pool_size(n: int) -> int:
    """How many of the most relevant items a list of `n` is chosen from."""
    return max(PLACES_A_CANDIDATE * min(n, MOST_PLACES) + SPARE_CANDIDATES, n + 1)


def reordered(relevance: Float32, vectors: Float32, n: int, diversity: float) -> list[int]:
    """Places, in `relevance`, of the `n` to list, in their order: each the best of what is left by

        (1 - diversity) relevance_i - diversity mean_j <x_i, x_j>, over the j chosen before,

    with relevance from 0, of the last candidate, to 1, of the first; of equals the more relevant one.

    Args:
        relevance: of the candidates, best first, shape (m,), finite.
        vectors: x, shape (m, n_features), of length 1 or 0.
        diversity: from 0 to 1.
    """
    n = min(n, len(relevance))
    span = relevance[0] - relevance[-1] if n else 0.0
    worth = (1.0 - diversity) * ((relevance - relevance[-1]) / span if span else np.zeros_like(relevance))
    together = np.zeros(vectors.shape[1], np.float32)  # the sum of the vectors chosen
    chosen: list[int] = []
    for _ in range(min(n, MOST_PLACES)):
        likeness = vectors @ together
        best = int((worth - (diversity / max(len(chosen), 1)) * likeness).argmax())
        chosen.append(best)
        worth[best] = -np.inf
        together += vectors[best]
    rest: list[int] = np.flatnonzero(np.isfinite(worth))[: n - len(chosen)].tolist()
    return chosen + rest
