"""Cutting ratings into what a model may learn from and what it is judged by."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from marquee.domain.columns import ITEM, TIME, USER
from marquee.domain.errors import DataError
from marquee.models.protocol import Int64


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
    """
    shuffled = np.random.RandomState(seed).permutation(n)  # the generator that published figures used
    for test in np.array_split(shuffled, folds):
        train = np.ones(n, dtype=np.bool_)
        train[test] = False
        yield np.flatnonzero(train), np.sort(test)
