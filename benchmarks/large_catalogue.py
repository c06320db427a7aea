"""Lists from 60,000 items and 128 factors, beside the bare product and the choice of ten, done alone."""

import json
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.progress import say
from benchmarks.report import Row, plain
from benchmarks.stack import RunningStack, running
from marquee.domain.columns import GENRES, ITEM, RATING, TIME, TITLE, USER
from marquee.models.arrays import blas_threads
from marquee.models.bundle import bundle_from_arrays
from marquee.models.protocol import Float32
from marquee.models.training_set import TrainingSet
from marquee.recommend.topn import best_rows

ITEMS, FACTORS = 60_000, 128
PEOPLE, RATINGS_EACH = 2_000, 40
ROUNDS, ALONE = 9, 2_000
MOST_TIMES = 2.0
TRIVIAL = "/api/v1/session"


def measure(home: Path, load: Callable[..., dict[str, float]]) -> list[Row]:
    """One request at a time, of people whose states the worker has dropped by the time they ask again.

    Args:
        load: sends a round of requests; see `benchmarks.serving`.
    """
    say("60,000 items: making them")
    with running(home, workers=1, overrule=True) as stack, tempfile.TemporaryDirectory() as scratch:
        factors = _deploy(stack, Path(scratch))
        headers = {"Authorization": f"Bearer {stack.api_key('read')}"}
        lists = [f"/api/v1/users/u{user}/recommendations?n=10" for user in range(PEOPLE)]
        say("60,000 items: lists")
        load(stack, headers, lists, connections=1)
        frames, asked, bare = zip(
            *(
                (
                    load(stack, headers, [TRIVIAL], connections=1),
                    load(stack, headers, lists, connections=1),
                    _alone_ms(factors),
                )
                for _ in range(ROUNDS)
            ),
            strict=True,
        )
    alone = float(np.median(bare))
    frame, p99 = (float(np.median([one["p99_ms"] for one in rounds])) for rounds in (frames, asked))
    limit = MOST_TIMES * alone + frame
    return [
        Row(
            f"recommendations, {ITEMS:,} items, {FACTORS} factors, 99 of 100 within",
            p99,
            "ms",
            "product and top 10 alone",
            alone,
            p99 / alone,
            f"{limit:.3g} ms or less: 2 times the peer, and the frame's {frame:.2g} ms",
            p99 <= limit,
        ),
        plain("the same, half of them", float(np.median([one["p50_ms"] for one in asked])), "ms"),
    ]


def _deploy(stack: RunningStack, scratch: Path) -> Float32:
    """A catalogue, people and a model of that size, loaded and deployed as an operator does it."""
    rng = np.random.default_rng(0)
    ids = [f"item {number}" for number in range(ITEMS)]
    items = pd.DataFrame(
        {ITEM: ids, TITLE: ids, GENRES: [("Comedy", "Drama", "War")[number % 3] for number in range(ITEMS)]}
    )
    rated = np.concatenate([rng.choice(ITEMS, RATINGS_EACH, replace=False) for _ in range(PEOPLE)])
    ratings = pd.DataFrame(
        {
            USER: [f"u{number // RATINGS_EACH}" for number in range(len(rated))],
            ITEM: [ids[row] for row in rated],
            RATING: rng.integers(1, 6, len(rated)).astype(float),
            TIME: 1_700_000_000 + np.arange(len(rated)),
        }
    )
    ratings.to_csv(scratch / "ratings.csv", index=False)
    items.to_csv(scratch / "items.csv", index=False)
    stack.marquee("data", "load", str(scratch / "ratings.csv"), "--items", str(scratch / "items.csv"))
    factors: Float32 = (rng.standard_normal((ITEMS, FACTORS)) / np.sqrt(FACTORS)).astype(np.float32)
    known = items.copy()
    known[GENRES] = [[genre] for genre in items[GENRES]]
    bundle_from_arrays(
        scratch / "bundle",
        TrainingSet.from_tables(ratings, known, pd.DataFrame({USER: []})),
        name="factors drawn at random",
        item_ids=ids,
        ranking_factors=factors,
    )
    said = stack.marquee(
        "models", "register", str(scratch / "bundle"), "--reason", "a benchmark", "--deploy", "--json"
    )
    _await_version(stack, int(json.loads(said)["version"]))
    return factors


def _await_version(stack: RunningStack, version: int) -> None:
    host, port = stack.address
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"http://{host}:{port}/api/v1/health/ready") as answer:
            if json.load(answer)["model_version"] == version:
                return
        time.sleep(0.1)
    raise RuntimeError(f"Version {version} does not serve after two minutes.")


def _alone_ms(factors: Float32) -> float:
    """p99 of the product with one person's vector and the choice of the best ten, nothing else running."""
    people = np.random.default_rng(1).standard_normal((ALONE, FACTORS)).astype(np.float32)
    with blas_threads(1):
        waits = sorted(_timed(factors, person) for person in people)
    return waits[int(len(waits) * 0.99)] * 1e3


def _timed(factors: Float32, person: Float32) -> float:
    began = time.perf_counter()
    best_rows(factors @ person, 10)
    return time.perf_counter() - began
