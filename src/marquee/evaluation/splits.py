"""Cutting ratings into what a model may learn from and what it is judged by."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marquee.domain.columns import ITEM, TIME, USER
from marquee.domain.errors import DataError
from marquee.models.protocol import Int64, Mask


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Frames of ratings, both sorted by (timestamp, user, item).

    Raises:
        DataError: a side is empty, or a training rating is newer than a test rating (a leak).
    """

    train: pd.DataFrame
    test: pd.DataFrame

    def __post_init__(self) -> None:
        if self.train.empty or self.test.empty:
            raise DataError(
                f"{len(self.train) + len(self.test)} ratings are too few to split by time.",
                hint="Load more ratings: a person's ratings of one second are never cut apart.",
            )
        if self.train[TIME].max() > self.test[TIME].min():
            raise DataError("The split leaks: a training rating is newer than a test rating.")


def temporal_split(frame: pd.DataFrame, test_share: float = 0.2) -> Split:
    """The newest share of the ratings is the test set.

    Ratings are sorted by (timestamp, user, item), so that the split does not depend on the order they
    came in. One person's ratings of the same second stay together: the cut moves to the nearest place
    between two such groups (the earlier one if both are as near).

    Args:
        frame: columns user_id, item_id, rating, timestamp.
        test_share: above 0, below 1.

    Raises:
        DataError: too few ratings to have two sides.
    """
    ordered = frame.sort_values([TIME, USER, ITEM], kind="stable", ignore_index=True)
    cut = _nearest_boundary(ordered, round(len(ordered) * (1.0 - test_share)))
    return Split(ordered.iloc[:cut], ordered.iloc[cut:].reset_index(drop=True))


def _nearest_boundary(ordered: pd.DataFrame, wanted: int) -> int:
    same = ordered[TIME].eq(ordered[TIME].shift()) & ordered[USER].eq(ordered[USER].shift())
    boundaries = np.flatnonzero(~same.to_numpy(dtype=np.bool_))[1:]
    if not len(boundaries):
        return 0
    return int(boundaries[np.argmin(np.abs(boundaries - wanted))])


def random_folds(n: int, folds: int, seed: int) -> Iterator[tuple[Int64, Int64]]:
    """Rows of (train, test) of k-fold cross-validation: a shuffle cut into equal parts.

    The folds are those of scikit-learn's `KFold(folds, shuffle=True, random_state=seed)`.

    Raises:
        DataError: fewer rows than folds.
    """
    if n < folds:
        raise DataError(f"{n} ratings are too few for {folds} folds.", hint=_MORE)
    shuffled = np.random.RandomState(seed).permutation(n)  # the generator that published figures used
    for test in np.array_split(shuffled, folds):
        train = np.ones(n, dtype=np.bool_)
        train[test] = False
        yield np.flatnonzero(train), np.sort(test)


def per_item_split(
    frame: pd.DataFrame, train_share: float = 0.75, seed: int = 42
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and test frames of a random split within each item, as of Microsoft Recommenders' benchmarks.

    Each rating, in the order of (user, timestamp, item), draws a number from `np.random.RandomState(seed)`;
    of an item's n ratings the round(train_share x n) lowest are for training. Halves round to even.

    Raises:
        DataError: a side is empty.
    """
    ordered = frame.sort_values([USER, TIME, ITEM], kind="stable", ignore_index=True)
    drawn = pd.Series(np.random.RandomState(seed).rand(len(ordered)))  # the generator of published figures
    items = ordered[ITEM]
    kept = np.round(train_share * drawn.groupby(items).transform("size").to_numpy())
    in_train = drawn.groupby(items).rank(method="first").to_numpy() <= kept
    return _sides(ordered, in_train, "too few of the items have two or more")


def people_split(
    frame: pd.DataFrame, share: float, seed: int, *, at_least: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ratings of most people, and those of a random share who are held out wholly.

    Args:
        at_least: how many ratings somebody must have to be held out.

    Raises:
        DataError: a side is empty.
    """
    counts = frame.groupby(USER, sort=True).size()
    able = counts.index[counts >= at_least].to_numpy()
    chosen = _drawn(able, round(share * len(able)), seed)
    wanted = f"too few people ({len(able)}) have {at_least} or more, or nobody has fewer"
    return _sides(frame, ~frame[USER].isin(chosen).to_numpy(), wanted)


def items_split(frame: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ratings of most items, and those of a random share that are held out wholly.

    Raises:
        DataError: a side is empty.
    """
    items = np.sort(frame[ITEM].unique())
    chosen = _drawn(items, round(share * len(items)), seed)
    return _sides(frame, ~frame[ITEM].isin(chosen).to_numpy(), f"too few items ({len(items)}) are rated")


def _drawn(values: NDArray[Any], n: int, seed: int) -> NDArray[Any]:
    drawn: NDArray[Any] = np.random.default_rng(seed).choice(values, n, replace=False)
    return drawn


def _sides(frame: pd.DataFrame, in_train: Mask, why: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    train, test = frame[in_train].reset_index(drop=True), frame[~in_train].reset_index(drop=True)
    if train.empty or test.empty:
        raise DataError(f"{len(frame)} ratings cannot be split: {why}.", hint=_MORE)
    return train, test


_MORE = "Load more ratings, or choose another protocol."
