"""Ratings of any number with the shape of MovieLens 20M, and with tastes planted in them.

Shape: everybody has rated at least 20 items, half of the people fewer than 70, a few many thousands; one
rating in 250 is of the most popular item, one in a million of an item in the middle. Tastes: stars and
choices both follow from factors of people and items, so that a model can find them, and its errors mean
something.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from marquee.domain.columns import ITEM, RATING, TIME, USER
from marquee.models.protocol import Float32, Int32, Int64

MOVIELENS_20M = (20_000_263, 138_493, 26_744)  # ratings, users, items
LEAST_RATINGS = 20
BUSIEST_SHARE = 1 / 3  # of all items that the busiest person has rated, at most
ACTIVITY_MEDIAN, ACTIVITY_DEVIATION = 48.0, 1.38  # of a log-normal, above the least
# Of Zipf and Mandelbrot's law: weight = (rank + shift)^-exponent; the shift is a share of all items.
POPULARITY_EXPONENT, POPULARITY_SHIFT = 2.05, 0.0094
N_FACTORS = 8
MEAN, USER_DEVIATION, ITEM_DEVIATION, TASTE_DEVIATION, NOISE = 3.5, 0.45, 0.45, 0.45, 0.75
CHOICE = 2.2  # how strongly tastes decide what is rated at all
FIRST_TIME, SPAN = 800_000_000, 600_000_000  # seconds since 1970, and how many
AT_ONCE = 256  # people whose choices are drawn together


@dataclass(frozen=True, slots=True)
class Size:
    """How many ratings, users and items."""

    ratings: int
    users: int
    items: int

    @classmethod
    def of_millions(cls, millions: float) -> "Size":
        """MovieLens 20M scaled: people grow as ratings do, items as the root of that; 20 is the whole."""
        ratings, users, items = MOVIELENS_20M
        share = millions / 20
        return cls(round(ratings * share), round(users * share), round(items * share**0.5))


def make(size: Size, seed: int = 0, progress: Callable[[int, int], None] = lambda *_: None) -> pd.DataFrame:
    """user_id, item_id, rating (half stars from 0.5 to 5), timestamp; each pair once, in no order of time.

    Args:
        progress: called with how many people have chosen, and of how many.
    """
    rng = np.random.default_rng(seed)
    counts = _activity(size, rng)
    popularity = _popularity(size, rng)
    tastes = rng.standard_normal((size.users, N_FACTORS), dtype=np.float32)
    deviation = np.float32(TASTE_DEVIATION / np.sqrt(N_FACTORS))
    traits = deviation * rng.standard_normal((size.items, N_FACTORS), dtype=np.float32)
    items = _choices(counts, popularity, tastes, traits, rng, progress)
    users = np.repeat(np.arange(size.users, dtype=np.int32), counts)
    stars = MEAN + (USER_DEVIATION * rng.standard_normal(size.users))[users]
    stars += (ITEM_DEVIATION * rng.standard_normal(size.items))[items]
    stars += np.einsum("ij,ij->i", tastes[users], traits[items])
    stars += NOISE * rng.standard_normal(size.ratings)
    times = FIRST_TIME + rng.integers(0, SPAN, size.ratings)
    return pd.DataFrame(
        {
            USER: _ids("u", size.users, users),
            ITEM: _ids("i", size.items, items),
            RATING: (np.round(stars * 2) / 2).clip(0.5, 5.0).astype(np.float32),
            TIME: times,
        }
    )


def _activity(size: Size, rng: np.random.Generator) -> Int64:
    """How many items each person has rated, summing to the number of ratings."""
    most = int(size.items * BUSIEST_SHARE)
    excess = ACTIVITY_MEDIAN * np.exp(ACTIVITY_DEVIATION * rng.standard_normal(size.users))

    def scaled(factor: float) -> Int64:
        return np.minimum(LEAST_RATINGS + factor * excess, most).astype(np.int64)

    low, high = 0.0, 100.0
    for _ in range(60):  # the largest factor that gives too few; what remains is dealt out one by one
        middle = (low + high) / 2
        low, high = (middle, high) if scaled(middle).sum() <= size.ratings else (low, middle)
    counts = scaled(low)
    missing = size.ratings - int(counts.sum())
    able = rng.permutation(np.flatnonzero(counts < most))
    counts[able[:missing]] += 1
    if counts.sum() != size.ratings:
        raise ValueError(f"{size} cannot have the shape of MovieLens 20M")
    return counts


def _popularity(size: Size, rng: np.random.Generator) -> Float32:
    """Weights of the items, in no order."""
    ranks = np.arange(1, size.items + 1) + POPULARITY_SHIFT * size.items
    return np.asarray(rng.permutation(ranks**-POPULARITY_EXPONENT), dtype=np.float32)


def _choices(
    counts: Int64,
    popularity: Float32,
    tastes: Float32,
    traits: Float32,
    rng: np.random.Generator,
    progress: Callable[[int, int], None],
) -> Int32:
    """Which items everybody has rated, one person after the other.

    Drawn without replacement with weights popularity x e^(CHOICE x taste): the smallest of exponential
    numbers divided by their weights (Efraimidis and Spirakis, "Weighted random sampling with a reservoir",
    2006).
    """
    chosen = []
    for start in range(0, len(counts), AT_ONCE):
        people = slice(start, start + AT_ONCE)
        waits = rng.standard_exponential((len(tastes[people]), len(traits)), dtype=np.float32)
        waits *= np.exp(np.float32(-CHOICE) * (tastes[people] @ traits.T))
        waits /= popularity
        for row, count in zip(waits, counts[people].tolist(), strict=True):
            chosen.append(np.argpartition(row, count)[:count].astype(np.int32))  # a copy: lets the rest go
        progress(min(start + AT_ONCE, len(counts)), len(counts))
    return np.concatenate(chosen)


def _ids(letter: str, n: int, rows: Int32) -> "pd.Series[str]":
    """External ids, as a service knows them: strings, whose order is not that of the rows' numbers."""
    ids = pd.Series([f"{letter}{row}" for row in range(n)], dtype="str")
    return ids.take(rows).reset_index(drop=True)
