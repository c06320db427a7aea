"""Leaks planted on purpose: each is refused, by name."""

from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from marquee.domain.columns import ITEM, RATING, TIME, USER
from marquee.domain.errors import DataError
from marquee.evaluation import contest
from marquee.evaluation.assessment import assess
from marquee.evaluation.catalogue import Catalogue
from marquee.evaluation.contest import (
    Contender,
    Data,
    Rules,
    check_trained_alike,
    fit,
    training_set,
)
from marquee.evaluation.protocols import PROTOCOLS, holdout75, temporal
from marquee.evaluation.protocols.coldstart import judge_new_items, judge_newcomers
from marquee.evaluation.protocols.holdout import judge_holdout
from marquee.evaluation.splits import items_split, people_split, per_item_split
from marquee.models.train import train_baselines
from marquee.models.training_set import TrainingSet
from marquee.settings.serving import Serving
from tests.support.ratings import checkerboard

RULES = Rules(Serving(), k=5)
FRAME = checkerboard()
DATA = Data(FRAME, pd.DataFrame({ITEM: sorted(FRAME[ITEM].unique())}), pd.DataFrame({USER: []}))
BASELINES = Contender("baselines", train_baselines, lambda past: train_baselines(past).rating)


def test_a_rival_trained_on_more_than_the_training_side_is_refused() -> None:
    train, _ = per_item_split(FRAME)
    past, everything = training_set(DATA, train), training_set(DATA, FRAME)
    honest, peeking = fit(BASELINES, past, RULES), fit(BASELINES, everything, RULES)
    check_trained_alike([honest], past)
    with pytest.raises(DataError, match="A leak: baselines was trained on other ratings"):
        check_trained_alike([honest, peeking], past)


def test_a_protocol_whose_training_set_holds_the_test_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bug planted: what is fitted is the whole of the data, in place of the training side."""
    honest = contest.fit

    def leaking(contender: Contender, past: TrainingSet, rules: Rules) -> contest.Fitted:
        return honest(contender, training_set(DATA, FRAME), rules)

    for module in ("temporal", "holdout", "coldstart"):
        monkeypatch.setattr(import_module(f"marquee.evaluation.protocols.{module}"), "fit", leaking)
    for protocol in ("temporal", "holdout75", "coldstart"):
        with pytest.raises(DataError, match="A leak"):
            PROTOCOLS[protocol]([BASELINES], DATA, RULES)


def test_cv5_predicts_no_rating_by_a_model_that_has_seen_it() -> None:
    """A spy looks into each training set: together the five leave out every rating once."""
    seen: list[set[tuple[int, int]]] = []

    def spy(past: TrainingSet):
        seen.append(set(zip(past.user_rows.tolist(), past.item_rows.tolist(), strict=True)))
        return train_baselines(past).rating

    judged = PROTOCOLS["cv5"]([Contender("spy", train_baselines, spy)], DATA, RULES)["spy"]
    whole = training_set(DATA, FRAME)
    every = set(zip(whole.user_rows.tolist(), whole.item_rows.tolist(), strict=True))
    left_out = [every - rows for rows in seen]
    assert len(left_out) == 5
    assert sum(len(rows) for rows in left_out) == len(set.union(*left_out)) == len(every)
    assert judged.people["ratings"].sum() == len(every)


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.iloc[1:],
        lambda frame: frame.assign(**{RATING: frame[RATING].where(np.arange(len(frame)) != 5, 3.0)}),
        lambda frame: frame.assign(**{TIME: frame[TIME] + 1}),
        lambda frame: frame.replace({USER: {"u000": "somebody"}}),
    ],
)
def test_a_fingerprint_changes_with_any_row(change) -> None:
    mine = training_set(DATA, FRAME).fingerprint()
    assert mine == training_set(DATA, FRAME.sample(frac=1.0, random_state=1)).fingerprint()
    assert mine != training_set(DATA, change(FRAME)).fingerprint()


def test_a_pair_on_both_sides_is_refused() -> None:
    train, test = per_item_split(FRAME)
    past = training_set(DATA, train)
    catalogue = Catalogue.of(past.items, train)
    leaking = pd.concat([test, train.iloc[:1]])
    with pytest.raises(DataError, match="A leak: a pair of user and item occurs twice"):
        judge_holdout(fit(BASELINES, past, RULES).recommender, train, leaking, catalogue, RULES)


def test_a_newcomer_with_a_rating_in_the_training_set_is_refused() -> None:
    train, test = people_split(FRAME, 0.2, 1, at_least=5)
    recommender = fit(BASELINES, training_set(DATA, train), RULES).recommender
    leaking = pd.concat([train, test.iloc[:1]])
    with pytest.raises(DataError, match="A leak: user_id 'u"):
        list(judge_newcomers(recommender, leaking, test.iloc[1:], RULES))


def test_a_new_item_with_a_rating_in_the_training_set_is_refused() -> None:
    train, test = items_split(FRAME, 0.2, 1)
    recommender = fit(BASELINES, training_set(DATA, train), RULES).recommender
    leaking = pd.concat([train, test.iloc[:1]])
    with pytest.raises(DataError, match="A leak: item_id 'i"):
        list(judge_new_items(recommender, leaking, test.iloc[1:], RULES))


def test_contenders_judged_on_different_people_cannot_be_compared() -> None:
    one = holdout75([BASELINES], DATA, RULES)["baselines"]
    less = Data(FRAME[FRAME[USER] != "u000"], DATA.items, DATA.users)
    other = holdout75([BASELINES], less, RULES)["baselines"]
    with pytest.raises(ValueError, match="different people"):
        assess({"one": one, "other": other}, DATA.users)


def test_contenders_are_judged_on_the_same_ratings() -> None:
    twins = [BASELINES, Contender("twin", BASELINES.train, BASELINES.train_stars)]
    one, other = temporal(twins, DATA, RULES).values()
    pd.testing.assert_frame_equal(one.people, other.people)
    pd.testing.assert_frame_equal(one.stars, other.stars)
