"""The protocols `holdout75`, `cv5` and `coldstart`, worked out by hand on small data."""

import math

import numpy as np
import pandas as pd
import pytest

from marquee.domain.columns import ITEM, USER
from marquee.domain.errors import DataError
from marquee.evaluation.catalogue import Catalogue
from marquee.evaluation.contest import Contender, Data, Rules, fit, training_set
from marquee.evaluation.estimators import figures
from marquee.evaluation.intervals import point
from marquee.evaluation.protocols import coldstart, cv5, cv5_rmse, holdout75
from marquee.evaluation.protocols.coldstart import judge_new_items, judge_newcomers
from marquee.evaluation.protocols.holdout import judge_holdout
from marquee.evaluation.splits import items_split, people_split, per_item_split
from marquee.models import biases
from marquee.models.train import train_baselines, train_models, train_rating
from marquee.settings.params import EaseParams, SvdParams
from marquee.settings.serving import Serving
from tests.support.ratings import checkerboard, frame_of, liked_only

RULES = Rules(Serving(), k=2)
BASELINES = Contender("baselines", train_baselines, lambda past: train_baselines(past).rating)
SVD, EASE = (
    SvdParams(n_factors=4, n_epochs=100, lr_all=0.02, reg_all=0.02),
    EaseParams(regularization=5),
)
RECIPE = Contender(
    "recipe",
    lambda past: train_models(past, SVD, EASE).models,
    lambda past: train_rating(past, SVD)[0],
)


def _data(frame: pd.DataFrame, items: str = "") -> Data:
    ids = sorted({*frame[ITEM], *items})
    return Data(frame, pd.DataFrame({ITEM: ids}), pd.DataFrame({USER: []}))


def test_the_split_keeps_three_quarters_of_each_item() -> None:
    frame = checkerboard(40, 20)
    train, test = per_item_split(frame)
    counts, kept = frame.groupby(ITEM).size(), train.groupby(ITEM).size()
    assert kept.tolist() == np.round(0.75 * counts).astype(int).tolist()
    assert len(train) + len(test) == len(frame)


def test_the_split_is_the_published_one() -> None:
    """By hand from RandomState(42).rand: 0.375 0.951 0.732 0.599 0.156 0.156 0.058 0.866, in order of users.

    a has the first four: round(3) are kept, all but the highest (u2's). b has the others: all but u8's.
    """
    frame = frame_of(*((f"u{n}", "a" if n < 5 else "b", 3.0, n) for n in range(1, 9)))
    _, test = per_item_split(frame.sample(frac=1.0, random_state=0))
    assert sorted(test[USER]) == ["u2", "u8"]


def test_held_out_items_are_to_be_found_whatever_their_stars() -> None:
    """Popularity is a, b, c, d. u knows a: the list is [b, c], and c and d are to be found."""
    train = frame_of(
        *((who, "a", 4.0, 1) for who in "uvwx"),
        *((who, "b", 4.0, 1) for who in "vwx"),
        *((who, "c", 4.0, 1) for who in "wx"),
        ("x", "d", 4.0, 1),
    )
    test = frame_of(("u", "c", 1.0, 2), ("u", "d", 5.0, 2))
    past = training_set(_data(train), train)
    recommender = fit(BASELINES, past, RULES).recommender
    judged = judge_holdout(recommender, train, test, Catalogue.of(past.items, train), RULES)
    (person,) = judged.people.to_dict("records")
    assert judged.lists.tolist() == [[1, 2]]
    assert (person["ratings"], person["lists"], person["n_before"]) == (2, 1, 1)
    assert person["precision"] == person["recall"] == 0.5
    assert person["ndcg"] == pytest.approx((1 / math.log2(3)) / (1 + 1 / math.log2(3)))
    assert person["mrr"] == 0.5
    assert person["serendipity"] == 0.0


def test_tastes_are_found_on_the_checkerboard_and_popularity_finds_none() -> None:
    liked = liked_only(checkerboard(left_out=0.0))[4:]  # were all equally popular, lists would go by taste
    found = holdout75([RECIPE, BASELINES], _data(liked), Rules(Serving(), k=5))
    recipe, baselines = (judged.people["recall"].mean() for judged in found.values())
    assert recipe > 0.95
    assert baselines < 0.6


def test_cv5_is_the_figure_of_cv5_rmse() -> None:
    frame = checkerboard()
    judged = cv5([RECIPE], _data(frame), RULES)["recipe"]
    alone = cv5_rmse(frame, SVD)
    found = figures(judged, judged.of_group("all"), ["rmse"])["rmse"]
    assert point(found, len(judged.people)) == pytest.approx(alone.folded_in, abs=1e-6)
    assert alone.folded_in == pytest.approx(math.sqrt(alone.squared_errors.mean()))
    assert len(judged.lists) == 0


def test_a_model_without_user_factors_is_judged_by_folding_in_alone() -> None:
    result = cv5_rmse(checkerboard(), lambda known: (biases.train(known), None))
    assert result.trained is None
    assert result.folded_in > 1.9
    assert len(result.squared_errors) == len(result.user_rows) == len(checkerboard())


def test_newcomers_have_none_of_their_ratings_trained_on() -> None:
    train, test = people_split(checkerboard(40, 20), 0.25, 1, at_least=5)
    assert test[USER].nunique() == 10
    assert not set(train[USER]) & set(test[USER])
    again, _ = people_split(checkerboard(40, 20), 0.25, 2, at_least=5)
    assert set(train[USER]) != set(again[USER])


def test_people_with_too_few_ratings_are_not_held_out() -> None:
    frame = pd.concat([checkerboard(10, 20), frame_of(("few", "i000", 5.0, 1))])
    _, test = people_split(frame, 0.9, 1, at_least=11)
    assert "few" not in set(test[USER])
    with pytest.raises(DataError, match="too few"):
        people_split(frame, 0.5, 1, at_least=100)


def test_a_newcomer_is_judged_by_all_but_the_known_ratings() -> None:
    """Popularity a, b, c, …: the list is of the two most popular items that are not among the known ones."""
    items = "abcdefghijklm"
    train = frame_of(
        *((f"v{n}", item, 4.0, 1) for place, item in enumerate(items) for n in range(20 - place))
    )
    test = frame_of(*(("new", item, 1 + place % 5, 10 + place) for place, item in enumerate(items)))
    recommender = fit(BASELINES, training_set(_data(train), train), RULES).recommender
    people = {person.group: person for person in judge_newcomers(recommender, train, test, RULES)}
    assert list(people) == ["0 ratings", "3 ratings", "5 ratings", "10 ratings"]
    known_before: set[int] = set()
    for n_known, person in zip((0, 3, 5, 10), people.values(), strict=True):
        rest = person.stars.rows.tolist()
        assert len(rest) == len(items) - n_known
        assert person.listed.relevant[0].tolist() == rest
        assert person.listed.lists.tolist() == [rest[:2]]
        assert person.stars.actual.tolist() == [1 + row % 5 for row in rest]
        known = set(range(len(items))) - set(rest)
        assert known_before <= known
        known_before = known


def test_new_items_are_ranked_among_themselves() -> None:
    frame = checkerboard(20, 20)
    train, test = items_split(frame, 0.25, 3)
    new = set(test[ITEM])
    assert len(new) == 5
    assert not new & set(train[ITEM])
    data = _data(frame)
    recommender = fit(BASELINES, training_set(data, train), RULES).recommender
    people = list(judge_new_items(recommender, train, test, RULES))
    ids = data.catalogue.ids
    listed = {ids[row] for person in people for row in person.listed.lists.ravel() if row >= 0}
    assert listed
    assert listed <= new
    assert sum(len(person.stars.rows) for person in people) == len(test)


def test_coldstart_reports_each_number_of_known_ratings_and_new_items() -> None:
    frame = liked_only(checkerboard(40, 30, left_out=0.0))
    judged = coldstart([RECIPE], _data(frame), RULES)["recipe"]
    assert judged.groups == ("0 ratings", "3 ratings", "5 ratings", "10 ratings", "new items")
    by_group = judged.people.groupby("group")
    assert by_group.size()["0 ratings"] == by_group.size()["10 ratings"] == 8
    means = by_group["precision"].mean()
    assert means["10 ratings"] > 0.9 > means["0 ratings"]  # ten ratings tell which half somebody likes
