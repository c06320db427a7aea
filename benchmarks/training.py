"""How long a person waits for a new model: `marquee train` on MovieLens 100K."""

import time
from pathlib import Path

from benchmarks.report import Row, at_most
from benchmarks.stack import running

LIMIT_SECONDS = 60.0


def measure(home: Path) -> list[Row]:
    """From the command to the registered version: snapshot, evaluation, gates, refit, MLflow."""
    with running(home) as stack:
        began = time.monotonic()
        stack.marquee("train")
        seconds = time.monotonic() - began
    return [at_most("train, evaluate and register SVD on ML-100K", seconds, "s", LIMIT_SECONDS)]
