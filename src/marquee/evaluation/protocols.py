"""How models are judged. Each protocol is a function; what it does is written in its docstring."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
import pandas as pd

from marquee.domain.columns import ITEM, RATING, TIME, USER
from marquee.domain.errors import DataError
from marquee.domain.history import UNKNOWN_ROW, History
from marquee.evaluation.metrics import ndcg_at_k, precision_at_k, recall_at_k, rmse
from marquee.evaluation.report import GroupReport, Report
from marquee.evaluation.splits import Split, random_folds
from marquee.models.arrays import blas_threads
from marquee.models.protocol import Float32, Float64, Int32, Int64, Mask, RatingModel
from marquee.models.train import train_rating
from marquee.models.training_set import TrainingSet
from marquee.recommend.recommender import Recommender
from marquee.settings.params import RatingParams

LIKED = 4.0


class _Person(NamedTuple):
    """One person's ratings by time: the first `n_train` are the training set's, the rest the test's."""

    rows: Int32  # UNKNOWN_ROW where the recommender does not have the item
    ratings: Float32
    times: Int64
    n_train: int

    @property
    def known(self) -> bool:
        return self.n_train > 0

    def before(self, position: int) -> History:
        """What may be known when the rating at `position` is made: everything strictly older."""
        older = slice(0, int(np.searchsorted(self.times, self.times[position], side="left")))
        rows = self.rows[older]
        in_bundle = rows != UNKNOWN_ROW
        return History(rows[in_bundle], self.ratings[older][in_bundle], self.times[older][in_bundle])

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


class _Stars(NamedTuple):
    """Sums over one person's test ratings."""

    ratings: int
    squared_error: float
    absolute_error: float


class _Lists(NamedTuple):
    """Means over one person's lists that could be judged; 0 where there is none."""

    lists: int
    precision: float
    recall: float
    ndcg: float


def prequential(
    recommender: Recommender, train: pd.DataFrame, test: pd.DataFrame, *, k: int = 10, liked: float = LIKED
) -> Report:
    """Judge as time would: each person's earlier ratings are folded in, the next ones are predicted.

    The recommender was trained on `train`. `test` is newer. Nothing is trained again; only the person's
    history grows from test rating to test rating.

    Stars: every test rating is predicted from all the person's strictly earlier ratings, of train and of
    test; ratings of one second do not see each other. RMSE and MAE weigh every rating the same. An item
    that the recommender does not have is predicted as serving would (the person's own mean).

    Lists: a person's test ratings, in order of time, are cut into blocks of at least `k` (the last one may
    be shorter; ratings of one second stay together). Before each block a list of `k` is made from what is
    known then, and judged against *all* the items that the person goes on to like (`liked` stars or more)
    in the rest of the test set, so also the later blocks. Where there is none left to find, the list is
    not judged. A person counts by the mean over their lists, and people count the same.

    Known people (with ratings in train) and new ones are reported apart. A new person's first list is a
    newcomer's: popular items.

    Raises:
        DataError: the recommender has seen a rating newer than the oldest test rating, or the frames overlap.
    """
    split = Split(train, test)
    _check_no_leak(recommender, split)
    people = _people(recommender, split)
    with blas_threads(1):  # thousands of small systems: threads would only get in each other's way
        stars = [_judge_stars(recommender, person) for person in people]
        lists = [_judge_lists(recommender, person, k, liked) for person in people]
    known = np.array([person.known for person in people])
    groups = (known, ~known, np.ones(len(people), dtype=np.bool_))
    return Report(k, liked, *(_summary(_where(stars, group), _where(lists, group)) for group in groups))


def _check_no_leak(recommender: Recommender, split: Split) -> None:
    through, oldest = recommender.models.trained_through, int(split.test[TIME].min())
    if through > oldest:
        raise DataError(
            f"A leak: the recommender has learnt from ratings up to {through}; the test begins at {oldest}.",
            hint="Train it on the training side of the split.",
        )
    pairs = pd.concat([split.train[[USER, ITEM]], split.test[[USER, ITEM]]])
    if pairs.duplicated().any():
        raise DataError("A leak: a pair of user and item occurs twice in the training and test ratings.")


def _people(recommender: Recommender, split: Split) -> list[_Person]:
    """Everybody with a test rating, sorted by user id."""
    train = split.train[split.train[USER].isin(split.test[USER].unique())]
    both = pd.concat([train.assign(_side=0), split.test.assign(_side=1)], ignore_index=True)
    both["_row"] = recommender.models.items.rows(both[ITEM].astype(str))
    both = both.sort_values([USER, "_side", TIME, ITEM], kind="stable")
    return [
        _Person(
            group["_row"].to_numpy(dtype=np.int32),
            group[RATING].to_numpy(dtype=np.float32),
            group[TIME].to_numpy(dtype=np.int64),
            n_train=int((group["_side"] == 0).sum()),
        )
        for _, group in both.groupby(USER, sort=True, observed=True)
    ]


def _judge_stars(recommender: Recommender, person: _Person) -> _Stars:
    moments = person.moments()
    predicted = [recommender.predict(person.before(start), person.rows[start:end]) for start, end in moments]
    errors = np.concatenate(predicted).astype(np.float64) - person.ratings[person.n_train :]
    return _Stars(len(errors), float(np.square(errors).sum()), float(np.abs(errors).sum()))


def _judge_lists(recommender: Recommender, person: _Person, k: int, liked: float) -> _Lists:
    likes = person.ratings >= liked
    starts = [start for start in person.blocks(k) if likes[start:].any()]
    if not starts:
        return _Lists(0, 0.0, 0.0, 0.0)
    lists = recommender.top_many([person.before(start) for start in starts], k)
    relevant = [person.rows[start:][likes[start:]] for start in starts]
    figures = [_judge_list(*pair) for pair in zip(lists, relevant, strict=True)]
    precision, recall, ndcg = np.mean(figures, axis=0).tolist()
    return _Lists(len(starts), precision, recall, ndcg)


def _judge_list(listed: Int32, relevant: Int32) -> tuple[float, float, float]:
    """`relevant` may hold `UNKNOWN_ROW`: an item to be found that the recommender does not have."""
    hits = np.isin(listed, relevant) & (listed != UNKNOWN_ROW)
    return precision_at_k(hits), recall_at_k(hits, len(relevant)), ndcg_at_k(hits, len(relevant))


T = TypeVar("T")


def _where(values: Sequence[T], chosen: Mask) -> list[T]:
    return [value for value, choose in zip(values, chosen.tolist(), strict=True) if choose]


def _summary(stars: Sequence[_Stars], lists: Sequence[_Lists]) -> GroupReport:
    ratings = sum(person.ratings for person in stars)
    ranked = [person for person in lists if person.lists]
    return GroupReport(
        users=len(stars),
        ratings=ratings,
        ranked_users=len(ranked),
        lists=sum(person.lists for person in ranked),
        rmse=math.sqrt(sum(person.squared_error for person in stars) / ratings) if ratings else None,
        mae=sum(person.absolute_error for person in stars) / ratings if ratings else None,
        precision=_mean([person.precision for person in ranked]),
        recall=_mean([person.recall for person in ranked]),
        ndcg=_mean([person.ndcg for person in ranked]),
    )


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """RMSE of all held-out ratings together.

    Attributes:
        trained: with the user factors that training found.
        folded_in: with states folded in from the same training ratings, as serving does.
        folds: how many.
    """

    trained: float
    folded_in: float
    folds: int


def cv5_rmse(frame: pd.DataFrame, params: RatingParams, *, folds: int = 5, seed: int = 0) -> CrossValidation:
    """The protocol `cv5` of published figures: random folds, every rating counts the same, clipped.

    Ratings are shuffled in the order of (user, timestamp, item). Predictions are clipped to the range of the
    ratings in `frame`. A person or item without a training rating is predicted by what remains of the model.
    """
    whole = TrainingSet.from_frame(frame)
    predicted = np.empty((2, len(whole)))
    for train_rows, test_rows in random_folds(len(whole), folds, seed):
        predicted[:, test_rows] = _trained_and_folded(whole, train_rows, test_rows, params)
    clipped = np.clip(predicted, whole.ratings.min(), whole.ratings.max())
    return CrossValidation(rmse(clipped[0], whole.ratings), rmse(clipped[1], whole.ratings), folds)


def _trained_and_folded(
    whole: TrainingSet, train_rows: Int64, test_rows: Int64, params: RatingParams
) -> tuple[Float64, Float64]:
    known = whole.take(train_rows)
    model, users = train_rating(known, params)
    trained = np.column_stack((users.factors, users.biases))
    with blas_threads(1):
        folded = model.fold_in_many(known.histories())
    who, what = whole.user_rows[test_rows], whole.item_rows[test_rows]
    return _pairs(model, trained, who, what), _pairs(model, folded, who, what)


def _pairs(model: RatingModel, states: Float32, users: Int32, items: Int32) -> Float64:
    stars = np.empty(len(users))
    for user in np.unique(users):
        theirs = users == user
        stars[theirs] = model.score(states[user], items[theirs])
    return stars
