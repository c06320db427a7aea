"""How much memory the whole embedded stack holds when nobody asks it anything."""

import time
from pathlib import Path

from benchmarks.report import Row, at_most
from benchmarks.stack import running

LIMIT_GB = 1.6
SETTLE_SECONDS = 30.0


def measure(home: Path) -> list[Row]:
    """Proportional set size of all processes, MLflow and PostgreSQL included, half a minute after `ready`."""
    with running(home):
        pass  # the first start trains a model, which is not what an idle platform does
    with running(home) as stack:
        time.sleep(SETTLE_SECONDS)
        held = stack.proportional_set_size()
    return [at_most("embedded stack, idle, two workers: proportional set size", held / 1e9, "GB", LIMIT_GB)]
