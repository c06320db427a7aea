"""Synthetic ratings have the size and the shape that they are asked for, and the same seed gives the same."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.synthetic import LEAST_RATINGS, Size, make
from marquee.evaluation.metrics import rmse
from marquee.models import bayes_svdpp_gibbs, biases
from marquee.models.protocol import RatingModel
from marquee.models.train import predict_pairs
from marquee.models.training_set import TrainingSet

SMALL = Size(ratings=30_000, users=250, items=1500)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return make(SMALL, seed=1)


def test_twenty_million_is_the_shape_of_movielens_20m() -> None:
    assert Size.of_millions(20) == Size(ratings=20_000_263, users=138_493, items=26_744)


def test_people_grow_with_the_ratings_and_items_with_their_root() -> None:
    assert Size.of_millions(5) == Size(ratings=5_000_066, users=34_623, items=13_372)


def test_there_are_as_many_ratings_as_asked_for_and_each_pair_once(frame: pd.DataFrame) -> None:
    assert len(frame) == SMALL.ratings
    assert frame["user_id"].nunique() == SMALL.users
    assert not frame.duplicated(["user_id", "item_id"]).any()
    assert set(frame["rating"].unique()) <= set(np.arange(0.5, 5.5, 0.5))


def test_tails_are_long(frame: pd.DataFrame) -> None:
    activity, popularity = (frame[name].value_counts() for name in ("user_id", "item_id"))
    assert activity.min() >= LEAST_RATINGS
    assert activity.mean() > 1.2 * activity.median()
    assert popularity.mean() > 1.2 * popularity.median()


def test_the_same_seed_gives_the_same_ratings_and_another_others(frame: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(frame, make(SMALL, seed=1))
    assert not frame["item_id"].equals(make(SMALL, seed=2)["item_id"])


def test_a_model_of_factors_finds_the_planted_tastes() -> None:
    ratings = TrainingSet.from_frame(make(Size(ratings=60_000, users=600, items=500), seed=1))
    held_out = np.arange(len(ratings)) % 10 == 0
    known, test = ratings.take(np.flatnonzero(~held_out)), np.flatnonzero(held_out)

    def error(model: RatingModel) -> float:
        predicted = predict_pairs(model, known.histories(), ratings.user_rows[test], ratings.item_rows[test])
        return rmse(predicted, ratings.ratings[test])

    factors = bayes_svdpp_gibbs.train(known, n_factors=8, n_sweeps=30, burn_in=10, n_samples=10, n_implicit=0)
    assert error(factors) < 0.98 * error(biases.train(known))
