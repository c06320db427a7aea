"""The prequential protocol, worked out by hand on models whose arrays are written out here.

Stars are 3 plus the person's bias, which is the sum of (stars - 3) over (ratings + 1). Everybody's ranking
is a, b, c, d. `new` has no ratings in the training set, `old` has one.
"""

import math

import numpy as np
import pandas as pd
import pytest

from marquee.domain.errors import DataError
from marquee.domain.history import UNKNOWN_ROW, ItemIndex
from marquee.evaluation.protocols import cv5_rmse, prequential
from marquee.evaluation.splits import temporal_split
from marquee.models.biases import Biases
from marquee.models.fallback import Fallback
from marquee.models.interval import StarsInterval
from marquee.models.model_set import ModelSet
from marquee.models.neighbours import Neighbours
from marquee.models.popularity import Popularity
from marquee.models.train import train_baselines, train_models
from marquee.models.training_set import TrainingSet
from marquee.recommend.recommender import Recommender
from marquee.settings.params import EaseParams, SvdParams
from marquee.settings.serving import Serving
from tests.support.ratings import checkerboard, frame_of

TRAIN = frame_of(("old", "a", 5.0, 10))


def _recommender(
    items: str = "abcd", trained_through: int = 10, interval: StarsInterval | None = None
) -> Recommender:
    popularity = Popularity.of_scores(np.linspace(0.9, 0.1, len(items), dtype=np.float32))
    nobody = (
        np.full((len(items), 1), UNKNOWN_ROW, dtype=np.int32),
        np.zeros((len(items), 1), dtype=np.float32),
    )
    rating = Biases(3.0, np.zeros(len(items), dtype=np.float32), user_damping=1.0)
    models = ModelSet(
        ItemIndex(items),
        rating,
        popularity,
        Fallback(popularity, Neighbours(*nobody)),
        trained_through,
        interval,
    )
    return Recommender(models, Serving())


TEST = frame_of(
    ("old", "b", 5.0, 20),  # from a's 5: 3 + 2/2 = 4
    ("old", "c", 1.0, 20),  # of the same second: 4 as well
    ("old", "d", 4.0, 30),  # from 5, 5 and 1: 3 + 2/4 = 3.5
    ("new", "b", 3.0, 25),  # from nothing: 3
)


def test_each_rating_is_predicted_from_all_strictly_earlier_ones() -> None:
    report = prequential(_recommender(), TRAIN, TEST, k=1)
    assert report.known.rmse == pytest.approx(math.sqrt((1 + 9 + 0.25) / 3))
    assert report.known.mae == pytest.approx((1 + 3 + 0.5) / 3)
    assert (report.known.users, report.known.ratings) == (1, 3)
    assert (report.new.users, report.new.ratings, report.new.rmse) == (1, 1, 0.0)
    assert report.all.rmse == pytest.approx(math.sqrt((1 + 9 + 0.25) / 4))


def test_coverage_is_the_share_of_ratings_within_the_interval_that_was_stated_for_them() -> None:
    """A star to each side: 5 lies in 3 to 5, 1 does not, 4 lies in 2.5 to 4.5; and 3 in 2 to 4."""
    stating = _recommender(interval=StarsInterval.of_errors(-1.0, 1.0, coverage=0.9))
    report = prequential(stating, TRAIN, TEST, k=1)
    assert report.known.coverage90 == pytest.approx(2 / 3)
    assert report.new.coverage90 == 1.0
    assert report.all.coverage90 == pytest.approx(3 / 4)
    assert prequential(_recommender(), TRAIN, TEST, k=1).all.coverage90 is None


def test_lists_grow_with_the_history_and_are_judged_by_what_is_liked_later() -> None:
    """Before 20 the list is [b], and b and d are to be found; before 30 it is [d], and d is."""
    report = prequential(_recommender(), TRAIN, TEST, k=1)
    assert report.known.lists == 2
    assert report.known.precision == 1.0
    assert report.known.recall == pytest.approx((1 / 2 + 1) / 2)
    assert report.known.ndcg == 1.0


def test_a_block_holds_at_least_k_ratings() -> None:
    """One block of three: before it the list is [b, c, d], of which b and d are liked."""
    report = prequential(_recommender(), TRAIN, TEST, k=3)
    assert report.known.lists == 1
    assert report.known.precision == pytest.approx(2 / 3)
    assert report.known.ndcg == pytest.approx((1 + 1 / 2) / (1 + 1 / math.log2(3)))


def test_a_block_ends_when_it_is_full() -> None:
    """The two ratings at 20 are a block of two; the one at 30 is the next."""
    assert prequential(_recommender(), TRAIN, TEST, k=2).known.lists == 2


def test_people_with_nothing_to_find_have_no_list_and_are_not_counted_as_misses() -> None:
    report = prequential(_recommender(), TRAIN, TEST, k=1)
    assert (report.new.ranked_users, report.new.lists, report.new.ndcg) == (0, 0, None)
    assert (report.all.ranked_users, report.all.ndcg) == (1, 1.0)


def test_liked_is_a_threshold() -> None:
    assert prequential(_recommender(), TRAIN, TEST, k=1, liked=3.0).new.ranked_users == 1
    assert prequential(_recommender(), TRAIN, TEST, k=1, liked=4.5).known.lists == 1


def test_people_count_the_same_however_many_lists_they_have() -> None:
    """old: 1, 1 of two lists. other: likes c alone, has the list [a]: 0."""
    test = pd.concat([TEST, frame_of(("other", "c", 5.0, 40))])
    report = prequential(_recommender(), TRAIN, test, k=1)
    assert report.all.precision == pytest.approx((1 + 0) / 2)
    assert report.all.lists == 3


def test_an_item_that_the_recommender_does_not_have_is_predicted_and_missed() -> None:
    """d is not in the bundle: 3.5, the person's mean, as before; but no list can hold it."""
    report = prequential(_recommender("abc"), TRAIN, TEST, k=1)
    assert report.known.rmse == pytest.approx(math.sqrt((1 + 9 + 0.25) / 3))
    assert report.known.precision == pytest.approx((1 + 0) / 2)
    assert report.known.recall == pytest.approx((1 / 2 + 0) / 2)


def test_a_group_without_people_has_no_figures() -> None:
    report = prequential(_recommender(), TRAIN, TEST[TEST["user_id"] == "new"])
    assert (report.known.users, report.known.rmse, report.known.ndcg) == (0, None, None)


def test_the_order_of_the_rows_does_not_matter() -> None:
    shuffled = TEST.sample(frac=1.0, random_state=1)
    assert prequential(_recommender(), TRAIN, shuffled, k=2) == prequential(_recommender(), TRAIN, TEST, k=2)


def test_later_ratings_change_nothing_before_them() -> None:
    """The future planted into a test set must not be seen: the first two predictions stay what they were."""
    other_future = TEST.assign(rating=TEST["rating"].where(TEST["timestamp"] != 30, 1.0))
    report = prequential(_recommender(), TRAIN, other_future)
    assert report.known.mae == pytest.approx((1 + 3 + 2.5) / 3)


def test_a_recommender_that_has_seen_the_test_set_is_caught() -> None:
    frame = checkerboard()
    split = temporal_split(frame)
    honest = Recommender(train_baselines(TrainingSet.from_frame(split.train)), Serving())
    leaking = Recommender(train_baselines(TrainingSet.from_frame(frame)), Serving())
    assert prequential(honest, split.train, split.test).all.ratings == len(split.test)
    with pytest.raises(DataError, match="A leak: the recommender has learnt"):
        prequential(leaking, split.train, split.test)


def test_a_rating_in_both_frames_is_caught() -> None:
    again = frame_of(("old", "a", 5.0, 20))
    with pytest.raises(DataError, match="A leak: a pair of user and item occurs twice"):
        prequential(_recommender(), TRAIN, again)


def test_a_training_rating_newer_than_the_test_is_caught() -> None:
    with pytest.raises(DataError, match="leaks"):
        prequential(_recommender(trained_through=0), frame_of(("old", "a", 5.0, 21)), TEST)


def test_a_model_that_understands_beats_the_baselines() -> None:
    """On the checkerboard, biases and popularity know nothing of tastes."""
    split = temporal_split(checkerboard())
    ratings = TrainingSet.from_frame(split.train)
    svd = SvdParams(n_factors=4, n_epochs=100, lr_all=0.02, reg_all=0.02)
    trained = Recommender(train_models(ratings, svd, EaseParams()).models, Serving())
    recipe = prequential(trained, split.train, split.test)
    baseline = prequential(Recommender(train_baselines(ratings), Serving()), split.train, split.test)
    assert recipe.all.rmse is not None
    assert baseline.all.rmse is not None
    assert recipe.all.rmse < 1.0 < 1.9 < baseline.all.rmse


def test_cross_validation_predicts_every_rating_by_models_that_have_not_seen_it() -> None:
    """A model that had seen them would know; on noise, nobody can beat the spread of the noise by much."""
    frame = checkerboard()
    noise = np.random.default_rng(0).choice([1.0, 5.0], len(frame))
    result = cv5_rmse(
        frame.assign(rating=noise), SvdParams(n_factors=8, n_epochs=60, lr_all=0.02, reg_all=0.01)
    )
    assert result.folds == 5
    assert min(result.trained, result.folded_in) > 1.9
    plain = cv5_rmse(frame, SvdParams(n_factors=4, n_epochs=100, lr_all=0.02, reg_all=0.02))
    assert max(plain.trained, plain.folded_in) < 1.0
