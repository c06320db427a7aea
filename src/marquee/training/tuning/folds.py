"""The ratings that a study sees: the training side of the temporal split, split again by time."""

from dataclasses import dataclass

import pandas as pd

from marquee.domain.columns import TIME
from marquee.evaluation.splits import Split, temporal_split
from marquee.settings.tuning import Validation


@dataclass(frozen=True, slots=True, eq=False)
class Folds:
    """Windows of time, oldest first; each is predicted from everything before it.

    Attributes:
        splits: `train` grows from fold to fold, and each `test` follows it.
        items, users: the whole catalogue, and what is known of people.
        outer_train, outer_test: how many ratings lie on either side of the outer split, whose test side
            is in none of the folds.
    """

    splits: tuple[Split, ...]
    items: pd.DataFrame
    users: pd.DataFrame
    outer_train: int
    outer_test: int

    @property
    def validated_through(self) -> int:
        """The newest rating that a study has seen, in seconds since 1970 UTC."""
        return int(self.splits[-1].test[TIME].max())


def inner_folds(
    ratings: pd.DataFrame,
    items: pd.DataFrame,
    users: pd.DataFrame,
    test_share: float,
    validation: Validation,
) -> Folds:
    """Cut the outer test side off, and the newest `validation.share` of the rest into windows.

    Raises:
        DataError: too few ratings.
    """
    outer = temporal_split(ratings, test_share)
    window = validation.share / validation.folds
    rest, splits = outer.train, list[Split]()
    for cut_off in range(validation.folds):  # the newest window first
        split = temporal_split(rest, window / (1.0 - cut_off * window))
        splits.append(split)
        rest = split.train
    return Folds(tuple(reversed(splits)), items, users, len(outer.train), len(outer.test))
