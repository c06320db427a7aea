"""Ratings as arrays, in an order that does not depend on the order they came in."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from marquee.domain.columns import ITEM, RATING, RATING_COLUMNS, TIME, USER
from marquee.domain.errors import DataError
from marquee.domain.history import NO_PROFILE, History, ItemIndex
from marquee.models.features import Features, item_features, user_features
from marquee.models.protocol import Csr, Float32, Float64, Int32, Int64


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSet:
    """Every rating a model may learn from, sorted by (user, time, item).

    Attributes:
        items: the catalogue; may hold items that nobody has rated.
        user_ids: external ids by user row, sorted.
        user_rows, item_rows: shape (n_ratings,), int32.
        ratings: stars, shape (n_ratings,), float32.
        times: whole seconds since 1970 UTC, shape (n_ratings,), int64.
        item_features: what is known of each item besides, by item row.
        user_features: what is known of each person besides, by user row; every value is 1.
    """

    items: ItemIndex
    user_ids: tuple[str, ...]
    user_rows: Int32
    item_rows: Int32
    ratings: Float32
    times: Int64
    item_features: Features
    user_features: Features

    @classmethod
    def from_tables(cls, ratings: pd.DataFrame, items: pd.DataFrame, users: pd.DataFrame) -> Self:
        """Build from ratings, the whole catalogue, and what is known of people, rated or rating or not.

        Args:
            ratings: as for `from_frame`.
            items: item_id, and title, year, genres, attributes as far as there are any.
            users: user_id, and age, gender, occupation as far as there are any.

        Raises:
            DataError: as from `from_frame`.
        """
        catalogue = ItemIndex(sorted(items[ITEM].astype(str)))
        plain = cls.from_frame(ratings, catalogue)
        return replace(
            plain,
            item_features=item_features(items, catalogue),
            user_features=user_features(users, plain.user_ids),
        )

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, items: ItemIndex | None = None) -> Self:
        """Build from a frame with the columns user_id, item_id, rating, timestamp, in any row order.

        Args:
            frame: at most one row for each pair of user and item.
            items: the catalogue; default: the items rated, sorted by id.

        Raises:
            DataError: no ratings, a pair twice, a rating that is not finite, an item outside `items`.
        """
        _check(frame)
        user_rows, user_ids = _codes(frame[USER])
        if items is None:
            item_rows, item_ids = _codes(frame[ITEM])
            items = ItemIndex(item_ids)
        else:
            item_rows = _known_rows(frame[ITEM], items)
        times = frame[TIME].to_numpy(dtype=np.int64)
        order = np.lexsort((item_rows, times, user_rows))
        ratings = frame[RATING].to_numpy(dtype=np.float32)
        return cls(
            items,
            user_ids,
            user_rows[order],
            item_rows[order],
            ratings[order],
            times[order],
            Features.none(len(items)),
            Features.none(len(user_ids)),
        )

    def __len__(self) -> int:
        return len(self.ratings)

    @property
    def n_users(self) -> int:
        return len(self.user_ids)

    @property
    def n_items(self) -> int:
        return len(self.items)

    @property
    def mean(self) -> float:
        """Mean stars of all ratings."""
        return float(self.ratings.mean(dtype=np.float64))

    @property
    def trained_through(self) -> int:
        """The last moment that a model trained on this set has seen, in seconds since 1970 UTC."""
        return int(self.times.max())

    def item_counts(self) -> Int64:
        """How many ratings each item has, shape (n_items,)."""
        return np.bincount(self.item_rows, minlength=self.n_items)

    def take(self, rows: Int64) -> Self:
        """Some of the ratings, by ascending position; people, items and their rows stay as they are."""
        parts = (self.user_rows[rows], self.item_rows[rows], self.ratings[rows], self.times[rows])
        return type(self)(self.items, self.user_ids, *parts, self.item_features, self.user_features)

    def rated_first(self) -> Self:
        """The same with the items that nobody has rated after all others; each part keeps its order.

        So a model that serves scores the first rows alone; see `Recommender`.
        """
        unrated = self.item_counts() == 0
        if not (unrated[:-1] & ~unrated[1:]).any():
            return self  # they are
        order = np.argsort(unrated, kind="stable")
        row_of = np.empty(len(order), np.int32)
        row_of[order] = np.arange(len(order))
        return replace(  # sorted as they were: rated items keep their order
            self,
            items=ItemIndex(self.items.ids[row] for row in order.tolist()),
            item_rows=row_of[self.item_rows],
            item_features=replace(self.item_features, values=self.item_features.values[order]),
        )

    def fingerprint(self) -> str:
        """SHA-256 of ids and arrays: another row, another order of items, another value change it."""
        sha = hashlib.sha256()
        for ids in (self.user_ids, self.items.ids):
            sha.update(repr(ids).encode())
        for array in (self.user_rows, self.item_rows, self.ratings, self.times):
            sha.update(np.ascontiguousarray(array).tobytes())
        return sha.hexdigest()

    def histories(self) -> list[History]:
        """Each user's ratings, by user row; views of this set's arrays."""
        bounds = np.searchsorted(self.user_rows, np.arange(self.n_users + 1)).tolist()
        profiles = np.split(self.user_features.values.indices, self.user_features.values.indptr[1:-1])
        return [
            History(self.item_rows[a:b], self.ratings[a:b], self.times[a:b], profile)
            for (a, b), profile in zip(pairwise(bounds), profiles, strict=True)
        ]

    def interactions(self, values: Float32 | Float64 | None = None) -> Csr:
        """Where a user has rated an item, shape (n_users, n_items), float64.

        Args:
            values: what stands there, by rating, shape (n_ratings,); None: 1.
        """
        data = np.ones(len(self)) if values is None else values.astype(np.float64)
        return sparse.csr_array((data, (self.user_rows, self.item_rows)), shape=(self.n_users, self.n_items))


def _check(frame: pd.DataFrame) -> None:
    missing = [column for column in RATING_COLUMNS if column not in frame.columns]
    if missing:
        raise DataError(f"The ratings lack the column {missing[0]}.")
    if frame.empty:
        raise DataError("There are no ratings to learn from.", hint="Load some with `marquee data load`.")
    if not np.isfinite(frame[RATING].to_numpy(dtype=np.float64)).all():
        raise DataError("A rating is not a finite number.")
    twice = frame.duplicated([USER, ITEM])
    if twice.any():
        row = frame.loc[twice, [USER, ITEM]].iloc[0]
        raise DataError(f"User {row[USER]!r} has rated item {row[ITEM]!r} more than once.")


def _codes(ids: "pd.Series[str]") -> tuple[Int32, tuple[str, ...]]:
    codes, uniques = pd.factorize(ids.astype(str), sort=True)
    return codes.astype(np.int32), tuple(str(value) for value in uniques)


def _known_rows(ids: "pd.Series[str]", items: ItemIndex) -> Int32:
    codes, item_ids = _codes(ids)
    rows: Int32 = items.rows(item_ids)
    if (rows < 0).any():
        unknown: NDArray[np.intp] = np.flatnonzero(rows < 0)
        raise DataError(f"Item {item_ids[unknown[0]]!r} has ratings but is not in the catalogue.")
    return rows[codes]


def histories_of(
    frame: pd.DataFrame,
    items: ItemIndex,
    user_ids: Sequence[str],
    profiles: Mapping[str, Int32] = MappingProxyType({}),
) -> list[History]:
    """Histories of some users, in their order; ratings of items outside `items` are left out.

    A user without ratings has a history without them.

    Args:
        frame: at most one row a pair.
        profiles: what is known of people besides, as `features.profiles` gives it.
    """
    kept = frame.assign(_row=items.rows(frame[ITEM].astype(str)))
    kept = kept[kept["_row"] >= 0].sort_values([TIME, ITEM], kind="stable")
    groups = {
        str(user): History(
            group["_row"].to_numpy(dtype=np.int32),
            group[RATING].to_numpy(dtype=np.float32),
            group[TIME].to_numpy(dtype=np.int64),
            profiles.get(str(user), NO_PROFILE),
        )
        for user, group in kept.groupby(kept[USER].astype(str), sort=False, observed=True)
    }
    nothing = History.empty()
    return [groups.get(user) or replace(nothing, profile=profiles.get(user, NO_PROFILE)) for user in user_ids]
