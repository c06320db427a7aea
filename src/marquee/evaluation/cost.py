"""What models cost to train, to keep and to ask. Times are by the clock, so never the same twice."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from marquee.domain.history import History
from marquee.models.arrays import blas_threads
from marquee.recommend.recommender import BATCH, Recommender


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds, and lists a second, on one thread.

    Attributes:
        p50, p95, p99: of `Recommender.top`, one list of `k` for a person whose state is known.
        fold_in_p50: of `Recommender.state`, which is computed when a history changes.
        lists_per_second: of `Recommender.top_many`, fold-in included.
    """

    p50: float
    p95: float
    p99: float
    fold_in_p50: float
    lists_per_second: float


@dataclass(frozen=True, slots=True)
class Cost:
    """What one contender costs.

    Attributes:
        training_seconds: of a training in a process of its own, without reading the data.
        peak_bytes: the most resident memory of that process: Python, its libraries, the data and the models.
        bundle_bytes: on disk.
    """

    training_seconds: float
    peak_bytes: int
    bundle_bytes: int
    latency: Latency


def measure_latency(
    recommender: Recommender, histories: Sequence[History], k: int, *, calls: int = 500
) -> Latency:
    """Measure `calls` lists, the histories taken in turn, after some that do not count."""
    chosen = [histories[place % len(histories)] for place in range(calls)]
    with blas_threads(1):
        states = [recommender.state(history) for history in chosen]
        for state in states[:20]:
            recommender.top(state, k)
        lists = [_seconds(partial(recommender.top, state, k)) for state in states]
        folds = [_seconds(partial(recommender.state, history)) for history in chosen]
        batch = _seconds(partial(recommender.top_many, chosen, k))
    p50, p95, p99 = (np.percentile(lists, (50, 95, 99)) * 1000.0).tolist()
    return Latency(p50, p95, p99, float(np.median(folds)) * 1000.0, len(chosen) / batch)


def list_p95_ms(recommender: Recommender, histories: Sequence[History], k: int, *, rounds: int = 3) -> float:
    """The 95th percentile of the time of a list, in milliseconds: of `rounds` the least disturbed.

    Other work on the machine makes a round slower, and none faster.
    """
    with blas_threads(1):
        states = recommender.states(histories[:BATCH])
        for state in states[:20]:
            recommender.top(state, k)
        found = [
            np.percentile([_seconds(partial(recommender.top, state, k)) for state in states], 95)
            for _ in range(rounds)
        ]
    return float(min(found)) * 1000.0


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
