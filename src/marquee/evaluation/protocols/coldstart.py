"""`coldstart`: people and items that no model has seen."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from marquee.domain.columns import ITEM, RATING, TIME, USER
from marquee.domain.errors import DataError
from marquee.domain.history import UNKNOWN_ROW, History
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
from marquee.evaluation.judged import Judged, Listed, Person, judged, predict
from marquee.evaluation.splits import items_split, people_split
from marquee.models.arrays import blas_threads
from marquee.models.features import profiles
from marquee.models.protocol import Int32, Int64
from marquee.models.training_set import histories_of
from marquee.recommend.recommender import Recommender

NAME = "coldstart"
KNOWN_RATINGS = (0, 3, 5, 10)
NEW_ITEMS = "new items"


def group_of(known: int) -> str:
    """The group of people of whom this many ratings are known."""
    return f"{known} ratings"


GROUPS = (*map(group_of, KNOWN_RATINGS), NEW_ITEMS)


def coldstart(
    contenders: Sequence[Contender],
    data: Data,
    rules: Rules,
    *,
    people_share: float = 0.2,
    items_share: float = 0.1,
    seed: int = 42,
) -> dict[str, Judged]:
    """Judge newcomers: people of whom 0, 3, 5 and 10 ratings are known, and items that nobody has rated.

    *People.* A random fifth of those with more than ten ratings are held out: none of their ratings is
    trained on. Of each, m ratings drawn at random are folded in, for m = 0, 3, 5, 10, the fewer among the
    more; not the first by time, for those are the items that the site shows a newcomer first, and tell more
    of the site than of the person. From these and the profile alone a list of `k` is made, and all other
    ratings, whatever the stars, are to be found. The stars of all other ratings are predicted. People count
    the same for lists, ratings for stars.

    *Items* (group `new items`). Every contender is trained a second time, on everybody, without a random
    tenth of the items: they are in the catalogue with what is known of them, but have no rating. Each person
    who has rated one has their other ratings folded in. Stars of the new items are predicted. The new items
    alone are put in order (a list of `k` of nothing else), and those that the person likes are to be found.

    Nothing here looks at the calendar: what newcomers rate may be older than what was trained on.

    Raises:
        DataError: too few ratings, or a leak.
    """
    people_sides = people_split(data.ratings, people_share, seed, at_least=max(KNOWN_RATINGS) + 1)
    item_sides = items_split(data.ratings, items_share, seed)
    pasts = [training_set(data, train) for train, _ in (people_sides, item_sides)]
    catalogue = Catalogue.of(pasts[0].items, people_sides[0], data.items)
    judgements = {}
    for contender in contenders:
        newcomers, additions = (fit(contender, past, rules) for past in pasts)
        check_trained_alike([newcomers], pasts[0])
        check_trained_alike([additions], pasts[1])
        people = [
            *judge_newcomers(newcomers.recommender, *people_sides, rules, data.users, seed=seed),
            *judge_new_items(additions.recommender, *item_sides, rules, data.users),
        ]
        judgements[contender.name] = judged(
            NAME, catalogue, people, k=rules.k, liked=rules.liked, groups=GROUPS
        )
    return judgements


def judge_newcomers(
    recommender: Recommender,
    train: pd.DataFrame,
    test: pd.DataFrame,
    rules: Rules,
    users: pd.DataFrame | None = None,
    *,
    seed: int = 42,
) -> Iterator[Person]:
    """Each person of `test`, once for each number of known ratings.

    Raises:
        DataError: somebody has ratings on both sides.
    """
    _check_strangers(train, test, USER)
    ordered = test.sort_values([USER, TIME, ITEM], kind="stable")
    described = {} if users is None else profiles(users, recommender.models.user_vocabulary)
    random = np.random.default_rng(seed)
    with blas_threads(1):
        for user, theirs in ordered.groupby(USER, sort=True, observed=True):
            whole = histories_of(theirs, recommender.models.items, [str(user)], described)[0]
            drawn = random.permutation(len(whole))
            yield from (
                _newcomer(recommender, str(user), whole, np.sort(drawn[:m]), rules) for m in KNOWN_RATINGS
            )


def _newcomer(recommender: Recommender, user: str, whole: History, known: Int64, rules: Rules) -> Person:
    """Somebody of whom the ratings at these places are known."""
    others = np.setdiff1d(np.arange(len(whole)), known)
    history = History(whole.rows[known], whole.ratings[known], whole.times[known], whole.profile)
    rest, stars = whole.rows[others], whole.ratings[others]
    listed = Listed(recommender.top_many([history], rules.k), [rest], [history])
    return Person(user, group_of(len(known)), len(known), predict(recommender, history, rest, stars), listed)


def judge_new_items(
    recommender: Recommender,
    train: pd.DataFrame,
    test: pd.DataFrame,
    rules: Rules,
    users: pd.DataFrame | None = None,
) -> Iterator[Person]:
    """Each person of `test` who has ratings in `train`; the items of `test` are new to the recommender.

    Raises:
        DataError: an item has ratings on both sides.
    """
    _check_strangers(train, test, ITEM)
    items = recommender.models.items
    described = {} if users is None else profiles(users, recommender.models.user_vocabulary)
    is_new = np.zeros(len(items), dtype=np.bool_)
    is_new[items.rows(test[ITEM].astype(str).unique())] = True
    groups = {str(user): theirs for user, theirs in test.groupby(USER, sort=True, observed=True)}
    with blas_threads(1):
        for (user, theirs), history in zip(
            groups.items(), histories_of(train, items, list(groups), described), strict=True
        ):
            rows, stars = items.rows(theirs[ITEM].astype(str)), theirs[RATING].to_numpy(dtype=np.float32)
            top = recommender.top_rows(recommender.state(history), rules.k, allowed=is_new)
            listed = _one_list(top, rows[stars >= rules.liked], history, rules.k)
            yield Person(user, NEW_ITEMS, len(history), predict(recommender, history, rows, stars), listed)


def _one_list(top: Int32, liked: Int32, history: History, k: int) -> Listed:
    if not len(liked):
        return Listed.none(k)
    padded = np.full((1, k), UNKNOWN_ROW, dtype=np.int32)
    padded[0, : len(top)] = top
    return Listed(padded, [liked], [history])


def _check_strangers(train: pd.DataFrame, test: pd.DataFrame, column: str) -> None:
    check_apart(train, test)
    both = set(train[column].unique()) & set(test[column].unique())
    if both:
        raise DataError(f"A leak: {column} {min(both)!r} is held out, and has ratings in the training set.")
