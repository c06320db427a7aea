"""What lists do to a catalogue: how much of it they show, how known and how alike the items are.

Lists are rows of items, shape (n_lists, k), int32, with `UNKNOWN_ROW` (-1) where a list is shorter.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marquee.domain.columns import GENRES, ITEM
from marquee.domain.history import UNKNOWN_ROW, ItemIndex
from marquee.models.protocol import Float32, Float64, Int32, Int64, Mask


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """The items, as far as lists are judged by them; the same for every rival.

    Attributes:
        items: by row, rated or not.
        counts: how many people have rated each in the training set, shape (n_items,).
        n_people: in the training set.
        genres: names of the features' columns.
        features: 1 where an item has a genre, shape (n_items, n_genres); no columns where nothing is known.
    """

    items: ItemIndex
    counts: Int64
    n_people: int
    genres: tuple[str, ...]
    features: Float32

    @classmethod
    def of(cls, items: ItemIndex, train: pd.DataFrame, described: pd.DataFrame | None = None) -> "Catalogue":
        """From the training ratings, and where there are any, `item_id` and `genres` (sequences of names)."""
        rows = items.rows(train[ITEM].astype(str))
        counts = np.bincount(rows[rows != UNKNOWN_ROW], minlength=len(items))
        genres, features = _genres(items, described)
        return cls(items, counts, int(train["user_id"].nunique()), genres, features)

    def __len__(self) -> int:
        return len(self.items)

    @property
    def popularity(self) -> Float64:
        """Share of the training set's people who have rated each item, shape (n_items,)."""
        return np.asarray(self.counts / max(self.n_people, 1))

    @property
    def by_popularity(self) -> Int32:
        """Rows, the most popular first; of equals the lower row first."""
        return np.argsort(-self.counts, kind="stable").astype(np.int32)

    @property
    def head(self) -> Mask:
        """The most popular items that together have half of the training ratings; the others are the tail."""
        order = self.by_popularity
        before = np.concatenate(([0], np.cumsum(self.counts[order])[:-1]))
        head = np.zeros(len(self), dtype=np.bool_)
        head[order[before < self.counts.sum() / 2]] = True
        return head


def _genres(items: ItemIndex, described: pd.DataFrame | None) -> tuple[tuple[str, ...], Float32]:
    if described is None or GENRES not in described.columns:
        return (), np.zeros((len(items), 0), dtype=np.float32)
    names = sorted({genre for genres in described[GENRES] for genre in genres})
    column = {name: place for place, name in enumerate(names)}
    features = np.zeros((len(items), len(names)), dtype=np.float32)
    for row, genres in zip(items.rows(described[ITEM].astype(str)), described[GENRES], strict=True):
        if row != UNKNOWN_ROW:
            features[row, [column[genre] for genre in genres]] = 1.0
    return tuple(names), features


def exposures(lists: Int32, n_items: int) -> Int64:
    """In how many places each item stands, shape (n_items,)."""
    return np.bincount(lists[lists != UNKNOWN_ROW], minlength=n_items)


def coverage(exposure: NDArray[Any]) -> Float64:
    """Share of the catalogue that stands in a list at all; `exposure` has shape (..., n_items)."""
    return np.asarray(np.mean(exposure > 0, axis=-1))


def gini(exposure: NDArray[Any]) -> Float64:
    """How unequally places are shared among *all* items: 0 equally, towards 1 one item has them all.

    sum_i (2 i - n - 1) x_i / (n sum x), x ascending: the form of Fleder and Hosanagar (2009). Items that
    are never recommended count with 0. nan where nothing was recommended. Shape (..., n_items) to (...,).
    """
    ascending = np.sort(exposure, axis=-1).astype(np.float64)
    n = exposure.shape[-1]
    weights = 2.0 * np.arange(1, n + 1) - n - 1
    total = ascending.sum(axis=-1)
    return _divided(ascending @ weights, n * total)


def novelty(lists: Int32, popularity: Float64, n_people: int) -> Float64:
    """Mean self-information of a list's items, in bits: -log2(share of people who know it).

    Zhou et al., "Solving the apparent diversity-accuracy dilemma" (2010). An item that nobody has rated
    counts as known to one person. nan for an empty list; shape (n_lists,).
    """
    information = -np.log2(np.maximum(popularity, 1.0 / max(n_people, 1)))
    return _mean_over_places(lists, information)


def mean_popularity(lists: Int32, popularity: Float64) -> Float64:
    """Mean popularity of a list's items, shape (n_lists,); nan for an empty list."""
    return _mean_over_places(lists, popularity)


def diversity(lists: Int32, features: Float32) -> Float64:
    """Mean over a list's pairs of 1 - cosine of their features: Ziegler et al. (2005).

    An item without features is like no other. nan for a list of fewer than two items, and where no features
    are known at all; shape (n_lists,).
    """
    if not features.shape[1]:
        return np.full(len(lists), np.nan)
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    unit = np.divide(features, lengths, out=np.zeros_like(features), where=lengths > 0).astype(np.float64)
    filled = lists != UNKNOWN_ROW
    vectors = unit[lists] * filled[..., None]
    # Over all pairs at once: |sum of v|² = sum of |v|² + twice the sum of the cosines.
    alike = np.square(vectors.sum(axis=1)).sum(axis=1) - np.square(vectors).sum(axis=(1, 2))
    n = filled.sum(axis=1)
    pairs = n * (n - 1.0)
    return 1.0 - _divided(alike, pairs)


def serendipity(hits: Mask, lists: Int32, expected: Int32) -> Float64:
    """Share of the places that hold a relevant item that popularity would not have listed, shape (n_lists,).

    Ge, Delgado-Battenfeld and Jannach, "Beyond accuracy" (2010): useful, and not what a primitive
    method gives.

    Args:
        expected: the list that popularity gives the same person, rows, shape (n_lists, k).
    """
    foreseen = (lists[:, :, None] == expected[:, None, :]).any(axis=2)
    return np.asarray(np.mean(hits & ~foreseen, axis=1))


def _mean_over_places(lists: Int32, values: Float64) -> Float64:
    filled = lists != UNKNOWN_ROW
    n = filled.sum(axis=1)
    sums = np.where(filled, values[lists], 0.0).sum(axis=1)
    return _divided(sums, n)


def _divided(above: NDArray[Any], below: NDArray[Any]) -> Float64:
    """nan where there is nothing to divide by."""
    quotient: Float64 = np.divide(above, below, out=np.full(np.shape(below), np.nan), where=below > 0)
    return quotient
