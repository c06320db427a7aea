"""`python -m marquee.training.evaluation.measure FOLDER`: one training, in a process of its own, measured.

FOLDER holds entry.json, ratings.parquet and items.parquet; measured.json and bundle/ are written to it.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from marquee.domain.errors import Unavailable
from marquee.evaluation.contest import Data, Rules, training_set
from marquee.evaluation.cost import Cost, measure_latency
from marquee.models.bundle import Bundle, write_bundle
from marquee.models.manifest import Facts
from marquee.recommend.recommender import Recommender
from marquee.training.evaluation.contenders import Entry

_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class _Measured:
    training_seconds: float
    peak_bytes: int


def measure_cost(entry: Entry, data: Data, train: pd.DataFrame, rules: Rules, *, threads: int) -> Cost:
    """Train one contender in a process of its own, and ask its bundle for lists.

    Args:
        train: the rows to train on.

    Raises:
        Unavailable: the process failed.
    """
    with tempfile.TemporaryDirectory(prefix="marquee-cost-") as scratch:
        folder = Path(scratch)
        (folder / "entry.json").write_text(entry.to_json(), encoding="utf-8")
        for name, frame in (("ratings", train), ("items", data.items), ("users", data.users)):
            plain = frame.drop(columns="attributes", errors="ignore")  # Parquet has no place for mappings
            plain.to_parquet(folder / f"{name}.parquet", index=False)
        _run(entry, folder, threads)
        measured = _Measured(**json.loads((folder / "measured.json").read_text(encoding="utf-8")))
        size = sum(file.stat().st_size for file in (folder / "bundle").iterdir())
        recommender = Recommender(Bundle.open(folder / "bundle"), rules.serving)
        latency = measure_latency(recommender, training_set(data, train).histories(), rules.k)
        return Cost(measured.training_seconds, measured.peak_bytes, size, latency)


def _run(entry: Entry, folder: Path, threads: int) -> None:
    command = [sys.executable, "-P", "-m", __name__, str(folder), str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - this very program
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
        raise Unavailable(f"The training of {entry.name} could not be measured: {reason}")


def peak_memory() -> int:
    """The most resident memory this process has had, in bytes.

    By the kernel's own mark of this address space where there is one: what getrusage says of a process that
    was forked from a large one is never less than that one had.
    """
    if _STATUS.exists():
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _train(folder: Path, threads: int) -> None:
    entry = Entry.from_json((folder / "entry.json").read_text(encoding="utf-8"))
    ratings, items, users = (
        pd.read_parquet(folder / f"{name}.parquet") for name in ("ratings", "items", "users")
    )
    past = training_set(Data(ratings, items, users), ratings)
    contender = entry.contender(threads)
    start = time.perf_counter()
    models = contender.train(past)
    seconds = time.perf_counter() - start
    facts = Facts(hyperparameters={}, seed=0, snapshot_hash="", n_users=past.n_users, n_ratings=len(past))
    write_bundle(folder / "bundle", models, facts)
    measured = json.dumps(asdict(_Measured(seconds, peak_memory())))
    (folder / "measured.json").write_text(measured, encoding="utf-8")


if __name__ == "__main__":
    _train(Path(sys.argv[1]), int(sys.argv[2]))
