"""How long a person waits: `make up` in a clean clone with warm package caches, and the start after that."""

import subprocess
import tempfile
from pathlib import Path

from benchmarks.machine import CHECKOUT
from benchmarks.report import Row, at_most
from benchmarks.stack import made

FIRST_SECONDS = 180.0
SECOND_SECONDS = 25.0


def measure(_home: Path) -> list[Row]:
    """Clone the checkout's last commit, start it twice."""
    with tempfile.TemporaryDirectory(prefix="marquee-clone-") as folder:
        clone = Path(folder) / "marquee"
        subprocess.run(("git", "clone", "--quiet", CHECKOUT, clone), check=True)
        with made(clone) as first:
            pass
        with made(clone) as second:
            pass
    return [
        at_most("make up, clean clone, warm package caches: to ready", first.seconds, "s", FIRST_SECONDS),
        at_most("make up again: to ready", second.seconds, "s", SECOND_SECONDS),
    ]
