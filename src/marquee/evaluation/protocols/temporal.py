"""`temporal`: time is replayed. The protocol of the gates."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from marquee.domain.columns import ITEM, RATING, TIME, USER
from marquee.domain.history import NO_PROFILE, UNKNOWN_ROW, History
from marquee.evaluation.catalogue import Catalogue
from marquee.evaluation.contest import (
    Contender,
    Data,
    Rules,
    check_apart,
    check_time,
    check_trained_alike,
    fit,
    training_set,
)
from marquee.evaluation.judged import ALL, Judged, Listed, Person, Stars, judged, predict
from marquee.evaluation.report import Report, report_of
from marquee.evaluation.splits import Split, temporal_split
from marquee.models.arrays import blas_threads
from marquee.models.features import profiles
from marquee.models.protocol import Float32, Int32, Int64
from marquee.recommend.recommender import Recommender

NAME = "temporal"
KNOWN, NEW = "known", "new"


def temporal(
    contenders: Sequence[Contender], data: Data, rules: Rules, *, test_share: float = 0.2
) -> dict[str, Judged]:
    """Judge as time would: trained on the older ratings, contenders predict the newest share of them.

    Known people (with a rating among the older ones) and new ones are reported apart. A person's earlier
    ratings, of both sides, are folded in before each prediction; nothing is trained again. Stars: each test
    rating is predicted from the strictly earlier ones. Lists: before each block of at least `k` test ratings
    a list of `k` is made, to find all that the person goes on to like.

    Args:
        test_share: how many of the ratings, the newest, are for the test.

    Returns:
        By contender, what `judge_temporal` finds, where all of it is said exactly.

    Raises:
        DataError: too few ratings, or a leak.
    """
    split = temporal_split(data.ratings, test_share)
    past = training_set(data, split.train)
    catalogue = Catalogue.of(past.items, split.train, data.items)
    judgements = {}
    for contender in contenders:
        fitted = fit(contender, past, rules)
        check_trained_alike([fitted], past)
        judgements[contender.name] = judge_temporal(
            fitted.recommender, split, catalogue, k=rules.k, liked=rules.liked, users=data.users
        )
    return judgements


def judge_temporal(
    recommender: Recommender,
    split: Split,
    catalogue: Catalogue,
    *,
    k: int = 10,
    liked: float | None = None,
    users: pd.DataFrame | None = None,
) -> Judged:
    """Judge as time would: each person's earlier ratings are folded in, the next ones are predicted.

    The recommender was trained on `split.train`. `split.test` is newer. Nothing is trained again; only the
    person's history grows from test rating to test rating.

    Stars: every test rating is predicted from all the person's strictly earlier ratings, of train and of
    test; ratings of one second do not see each other. RMSE and MAE weigh every rating the same. An item
    that the recommender does not have is predicted as serving would (the person's own mean).

    Lists: a person's test ratings, in order of time, are cut into blocks of at least `k` (the last one may
    be shorter; ratings of one second stay together). Before each block a list of `k` is made from what is
    known then, and judged against *all* the items that the person goes on to like (`liked` stars or more)
    in the rest of the test set, so also the later blocks. Where there is none left to find, the list is
    not judged. A person counts by the mean over their lists, and people count the same.

    Known people (with ratings in train) and new ones are reported apart. A new person's first list is a
    newcomer's: popular items, or by what `users` says of them.

    Args:
        liked: None: as the recommender's scale says.

    Raises:
        DataError: the recommender has seen a rating newer than the oldest test rating, or the frames overlap.
    """
    liked = recommender.rating_scale.liked if liked is None else liked
    check_time(recommender, int(split.test[TIME].min()))
    check_apart(split.train, split.test)
    people = _timelines(recommender, split, users)
    with blas_threads(1):  # thousands of small systems: threads would only get in each other's way
        found = [
            Person(
                person.user_id,
                KNOWN if person.n_train else NEW,
                person.n_train,
                _stars(recommender, person),
                _lists(recommender, person, k, liked),
            )
            for person in people
        ]
    return judged(NAME, catalogue, found, k=k, liked=liked, groups=(KNOWN, NEW, ALL))


def prequential(
    recommender: Recommender,
    train: pd.DataFrame,
    test: pd.DataFrame,
    *,
    k: int = 10,
    liked: float | None = None,
    users: pd.DataFrame | None = None,
) -> Report:
    """The figures of `judge_temporal` that the gates read.

    Raises:
        DataError: a leak, as `judge_temporal` says.
    """
    split = Split(train, test)
    catalogue = Catalogue.of(recommender.models.items, train)
    return report_of(judge_temporal(recommender, split, catalogue, k=k, liked=liked, users=users))


class _Timeline(NamedTuple):
    """One person's ratings by time: the first `n_train` are the training set's, the rest the test's."""

    user_id: str
    rows: Int32  # UNKNOWN_ROW where the recommender does not have the item
    ratings: Float32
    times: Int64
    n_train: int
    profile: Int32

    def before(self, position: int) -> History:
        """What may be known when the rating at `position` is made: everything strictly older."""
        older = slice(0, int(np.searchsorted(self.times, self.times[position], side="left")))
        rows = self.rows[older]
        in_bundle = rows != UNKNOWN_ROW
        return History(
            rows[in_bundle], self.ratings[older][in_bundle], self.times[older][in_bundle], self.profile
        )

    def moments(self) -> list[tuple[int, int]]:
        """Ranges of test ratings that were made in the same second."""
        changes = np.flatnonzero(np.diff(self.times[self.n_train :])) + 1
        bounds = [self.n_train, *(changes + self.n_train).tolist(), len(self.times)]
        return list(itertools.pairwise(bounds))

    def blocks(self, size: int) -> list[int]:
        """Where each run of at least `size` test ratings begins; moments stay whole."""
        starts = [self.n_train]
        for start, _ in self.moments():
            if start - starts[-1] >= size:
                starts.append(start)
        return starts


def _timelines(recommender: Recommender, split: Split, users: pd.DataFrame | None) -> list[_Timeline]:
    """Everybody with a test rating, sorted by user id."""
    known = {} if users is None else profiles(users, recommender.models.user_vocabulary)
    train = split.train[split.train[USER].isin(split.test[USER].unique())]
    both = pd.concat([train.assign(_side=0), split.test.assign(_side=1)], ignore_index=True)
    both["_row"] = recommender.models.items.rows(both[ITEM].astype(str))
    both = both.sort_values([USER, "_side", TIME, ITEM], kind="stable")
    return [
        _Timeline(
            str(user),
            group["_row"].to_numpy(dtype=np.int32),
            group[RATING].to_numpy(dtype=np.float32),
            group[TIME].to_numpy(dtype=np.int64),
            n_train=int((group["_side"] == 0).sum()),
            profile=known.get(str(user), NO_PROFILE),
        )
        for user, group in both.groupby(USER, sort=True, observed=True)
    ]


def _stars(recommender: Recommender, person: _Timeline) -> Stars:
    return Stars.joined(
        [
            predict(recommender, person.before(start), person.rows[start:end], person.ratings[start:end])
            for start, end in person.moments()
        ]
    )


def _lists(recommender: Recommender, person: _Timeline, k: int, liked: float) -> Listed:
    likes = person.ratings >= liked
    starts = [start for start in person.blocks(k) if likes[start:].any()]
    if not starts:
        return Listed.none(k)
    histories = [person.before(start) for start in starts]
    relevant = [person.rows[start:][likes[start:]] for start in starts]
    return Listed(recommender.top_many(histories, k), relevant, histories)
