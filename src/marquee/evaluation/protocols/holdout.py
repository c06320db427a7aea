"""`holdout75`: a random quarter of each item's ratings is held out, as in published benchmarks."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from marquee.domain.columns import ITEM, RATING, USER
from marquee.domain.history import History
from marquee.evaluation.catalogue import Catalogue
from marquee.evaluation.contest import (
    Contender,
    Data,
    Rules,
    check_apart,
    check_trained_alike,
    fit,
    training_set,
)
from marquee.evaluation.judged import ALL, Judged, Listed, Person, judged, predict
from marquee.evaluation.splits import per_item_split
from marquee.models.arrays import blas_threads
from marquee.models.features import profiles
from marquee.models.protocol import Int32
from marquee.models.training_set import histories_of
from marquee.recommend.recommender import Recommender

NAME = "holdout75"


def holdout75(
    contenders: Sequence[Contender], data: Data, rules: Rules, *, train_share: float = 0.75, seed: int = 42
) -> dict[str, Judged]:
    """Judge how well held-out ratings of the same days are found: comparable with published figures.

    The split is that of Microsoft Recommenders' benchmarks (`per_item_split`, by item, 75/25, seed 42). The
    person's training ratings are folded in, one list of `k` unseen items is made, and *every* held-out item
    of theirs is to be found, whatever the stars. People with a held-out rating are judged and count the
    same. Stars are predicted for every held-out rating from the training ratings.

    Past and future are mixed in both sides: it says how well tastes are filled in, not foretold.

    Raises:
        DataError: too few ratings, or a leak.
    """
    train, test = per_item_split(data.ratings, train_share, seed)
    past = training_set(data, train)
    catalogue = Catalogue.of(past.items, train, data.items)
    judgements = {}
    for contender in contenders:
        fitted = fit(contender, past, rules)
        check_trained_alike([fitted], past)
        judgements[contender.name] = judge_holdout(
            fitted.recommender, train, test, catalogue, rules, data.users
        )
    return judgements


def judge_holdout(
    recommender: Recommender,
    train: pd.DataFrame,
    test: pd.DataFrame,
    catalogue: Catalogue,
    rules: Rules,
    users: pd.DataFrame | None = None,
) -> Judged:
    """Judge a recommender that was trained on `train` by `test`, as `holdout75` says.

    Raises:
        DataError: a pair of user and item stands in both frames.
    """
    check_apart(train, test)
    held_out = {str(user): theirs for user, theirs in test.groupby(USER, sort=True, observed=True)}
    known = {} if users is None else profiles(users, recommender.models.user_vocabulary)
    histories = histories_of(train, recommender.models.items, list(held_out), known)
    with blas_threads(1):
        lists = recommender.top_many(histories, rules.k)
        people = [
            _person(recommender, user, theirs, history, lists[row : row + 1])
            for row, ((user, theirs), history) in enumerate(zip(held_out.items(), histories, strict=True))
        ]
    return judged(NAME, catalogue, people, k=rules.k, liked=rules.liked, groups=(ALL,))


def _person(
    recommender: Recommender,
    user: str,
    theirs: pd.DataFrame,
    history: History,
    lists: Int32,
) -> Person:
    rows = recommender.models.items.rows(theirs[ITEM].astype(str))
    stars = predict(recommender, history, rows, theirs[RATING].to_numpy(dtype=np.float32))
    return Person(user, ALL, len(history), stars, Listed(lists, [rows], [history]))
