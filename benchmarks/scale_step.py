"""`python -m benchmarks.scale_step STEP FOLDER [MILLIONS]`: one step of `scale`, in a process of its own.

FOLDER holds ratings.parquet, which the step `make` writes. What was measured is printed as JSON; progress
goes to the error output.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd

from benchmarks.progress import say
from benchmarks.synthetic import Size, make
from marquee.evaluation.metrics import ndcg_at_k, rmse
from marquee.models import bayes_svdpp_gibbs, biases, fallback, ials, popularity
from marquee.models.arrays import blas_threads
from marquee.models.model_set import ModelSet
from marquee.models.protocol import Int32, Int64, RatingModel, Scorer
from marquee.models.train import predict_pairs
from marquee.models.training_set import TrainingSet
from marquee.recommend.recommender import Recommender
from marquee.settings.params import BayesSvdppParams, IalsParams
from marquee.settings.serving import Serving
from marquee.training.evaluation.measure import peak_memory

MOST_BYTES = 16_000_000_000
THREADS = 2
HELD_OUT = 0.01
K = 10
PEOPLE_AT_ONCE = 4096
# A chain half as long, with few items and people as side information: their number to the third is its cost.
RATING = BayesSvdppParams(n_factors=8, n_sweeps=40, burn_in=10, n_samples=10, n_implicit=200)
# Pairs that nobody rated are ten times as many for each that somebody did: they weigh a tenth of the default.
RANKING = IalsParams(n_factors=64, n_epochs=8, alpha=0.02)
EVERY_SECONDS = 10.0  # between two lines of progress

Measured: TypeAlias = dict[str, float]
Progress: TypeAlias = Callable[[int, int], None]


def make_ratings(folder: Path, millions: float) -> Measured:
    """Draw the ratings, and keep them."""
    size = Size.of_millions(millions)
    frame = make(size, progress=_saying("people have chosen"))
    frame.to_parquet(folder / "ratings.parquet", index=False)
    return {"users": size.users, "items": size.items, "peak": peak_memory()}


def train_rating(folder: Path) -> Measured:
    """The rating model on 99 % of the ratings, judged by the rest beside the biases."""
    found: Measured = {}
    ratings = _training_set(folder, found)
    found["peak_training_set"] = peak_memory()
    known, test = _split(ratings)
    with _timed(found, "seconds"):
        heard = _saying("sweeps of the rating model")
        model = bayes_svdpp_gibbs.train(
            known,
            **RATING.model_dump(exclude={"algorithm"}),
            threads=THREADS,
            on_sweep=lambda sweep, total, *_: heard(sweep, total),
        )
    found["peak"] = peak_memory()
    say("  held-out stars")
    found["rmse"] = _rmse(model, known, ratings, test)
    found["rmse_biases"] = _rmse(biases.train(known), known, ratings, test)
    return found


def train_ranking(folder: Path) -> Measured:
    """The ranking model, lists for everybody, and how well they find the held-out ratings."""
    found: Measured = {}
    ratings = _training_set(folder, found)
    known, test = _split(ratings)
    with _timed(found, "seconds"):
        values = RANKING.model_dump(exclude={"algorithm"})
        model = ials.train(known, **values, threads=THREADS, progress=_saying("epochs of the ranking model"))
    found["peak"] = peak_memory()
    say("  popularity and similar items")
    with _timed(found, "seconds_fallback"):
        rest = fallback.train(known)
    lists = _lists(model, rest, known, found)
    usual = Recommender(_models(popularity.train(known), rest, known), Serving())
    found["peak_lists"] = peak_memory()
    people, relevant = _judged_people(ratings, test)
    histories = known.histories()
    found["ndcg"] = _ndcg(lists[people], relevant)
    found["ndcg_popularity"] = _ndcg(usual.top_many([histories[row] for row in people], K), relevant)
    return found


def _lists(model: Scorer, rest: fallback.Fallback, known: TrainingSet, found: Measured) -> Int32:
    """Everybody's best ten unseen items, folding in included."""
    recommender, histories = Recommender(_models(model, rest, known), Serving()), known.histories()
    heard = _saying("lists")
    blocks = [histories[start : start + PEOPLE_AT_ONCE] for start in range(0, len(histories), PEOPLE_AT_ONCE)]
    lists = []
    with _timed(found, "seconds_lists"), blas_threads(1), ThreadPoolExecutor(THREADS) as pool:
        for block in pool.map(lambda people: recommender.top_many(people, K), blocks):
            lists.append(block)
            heard(sum(map(len, lists)), len(histories))
    return np.concatenate(lists)


def _models(ranking: Scorer, rest: fallback.Fallback, known: TrainingSet) -> ModelSet:
    return ModelSet(known.items, biases.train(known), ranking, rest, known.trained_through)


def _training_set(folder: Path, found: Measured) -> TrainingSet:
    say("  reading")
    frame = pd.read_parquet(folder / "ratings.parquet")
    with _timed(found, "seconds_training_set"):
        return TrainingSet.from_frame(frame)


def _split(ratings: TrainingSet) -> tuple[TrainingSet, Int64]:
    held_out = np.random.default_rng(0).random(len(ratings)) < HELD_OUT
    return ratings.take(np.flatnonzero(~held_out)), np.flatnonzero(held_out)


def _rmse(model: RatingModel, known: TrainingSet, ratings: TrainingSet, test: Int64) -> float:
    users, items, stars = ratings.user_rows[test], ratings.item_rows[test], ratings.ratings[test]
    predicted = predict_pairs(model, known.histories(), users, items)
    return rmse(predicted.clip(ratings.ratings.min(), ratings.ratings.max()), stars)


def _judged_people(ratings: TrainingSet, test: Int64, most: int = 2000) -> tuple[Int64, list[Int32]]:
    """Some people with held-out ratings, and the items of those."""
    users, items = ratings.user_rows[test], ratings.item_rows[test]
    everybody = np.unique(users)
    people = np.sort(np.random.default_rng(0).permutation(everybody)[:most]).astype(np.int64)
    return people, [items[users == person] for person in people]


def _ndcg(lists: Int32, relevant: list[Int32]) -> float:
    hits = np.array([np.isin(one, rows) for one, rows in zip(lists, relevant, strict=True)])
    return float(ndcg_at_k(hits, np.array([len(rows) for rows in relevant])).mean())


@contextmanager
def _timed(found: Measured, name: str) -> Iterator[None]:
    """By the clock, and as `NAME_cpu` the processor's seconds in all threads."""
    began, cpu = time.perf_counter(), time.process_time()
    yield
    found[name], found[f"{name}_cpu"] = time.perf_counter() - began, time.process_time() - cpu


def _saying(what: str) -> Progress:
    """Says how far it is, once in a while and at the end."""
    last = time.monotonic()

    def progress(done: int, total: int) -> None:
        nonlocal last
        if done == total or time.monotonic() - last >= EVERY_SECONDS:
            last = time.monotonic()
            say(f"  {done:,} of {total:,} {what}")

    return progress


STEPS: dict[str, Callable[..., Measured]] = {
    "make": lambda folder, millions: make_ratings(folder, float(millions)),
    "rating": train_rating,
    "ranking": train_ranking,
}

if __name__ == "__main__":
    # A step that needs more than it may fails by itself, before the machine runs out of memory for others.
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES))
    step, target, *more = sys.argv[1:]
    print(json.dumps(STEPS[step](Path(target), *more)))
