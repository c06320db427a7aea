"""How good the models are on MovieLens 100K: stars, lists, newcomers, time; and lists for everybody."""

from pathlib import Path

from benchmarks import batch, diversity, lists, stars
from benchmarks.movielens import movielens
from benchmarks.report import Row


def measure(home: Path) -> list[Row]:  # noqa: ARG001 - nothing of the platform runs
    """Under the protocols of docs/evaluation.md; libraries are measured in the same run."""
    data = movielens()
    return [*stars.measure(data), *lists.measure(data), *diversity.measure(data), *batch.measure(data)]
