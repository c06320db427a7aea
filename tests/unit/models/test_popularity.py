import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from marquee.domain.history import History, ItemIndex
from marquee.models import popularity
from marquee.models.popularity import Popularity
from marquee.models.training_set import TrainingSet
from tests.support.ratings import frame_of


def test_popularity_is_the_damped_share_of_the_count() -> None:
    frame = frame_of(("u", "x", 5.0, 1), ("v", "x", 1.0, 2), ("w", "x", 1.0, 3), ("u", "y", 5.0, 4))
    ratings = TrainingSet.from_frame(frame, ItemIndex(["x", "y", "z"]))
    model = popularity.train(ratings, damping=1.0)
    assert model.popularity.tolist() == pytest.approx([3 / 4, 1 / 2, 0.0])


def test_an_unrated_item_is_at_zero_without_damping_too() -> None:
    ratings = TrainingSet.from_frame(frame_of(("u", "x", 5.0, 1)), ItemIndex(["x", "y"]))
    assert popularity.train(ratings, damping=0.0).popularity.tolist() == [1.0, 0.0]


def test_a_profile_lifts_the_odds_worked_out_by_hand() -> None:
    """0.5 has the odds 1, lifted by log 3 they are 3: 3 / 4. What nobody has rated stays at 0."""
    lifts = np.log(np.array([[3.0, 1.0, 5.0], [1.0, 1 / 3, 1.0]], np.float32))
    model = Popularity(np.array([0.5, 0.5, 0.0], np.float32), lifts)
    assert model.fold_in(History.empty()).tolist() == [0.5, 0.5, 0.0]
    assert_allclose(model.fold_in(History.of((), (), (), profile=[0, 1])), [0.75, 0.25, 0.0], rtol=1e-6)


def test_lifts_are_what_an_attribute_changes_in_who_rates_what() -> None:
    """Women rate a, men b, everybody c: shares of 1, 0 and 1 beside 1/2, 1/2 and 1."""
    people = [f"p{number:03d}" for number in range(200)]
    frame = frame_of(
        *((person, "ab"[number % 2], 4.0, 1) for number, person in enumerate(people)),
        *((person, "c", 4.0, 1) for person in people),
    )
    users = pd.DataFrame({"user_id": people, "gender": ["f", "m"] * 100})
    training = TrainingSet.from_tables(frame, pd.DataFrame({"item_id": ["a", "b", "c"]}), users)
    lifts = popularity.train(training, profile=1.0).lifts
    women = training.user_features.names.index("gender:f")
    # (100 + 50 / 2) / (100 + 50) beside 1/2, (0 + 50 / 2) / 150 beside 1/2, and (100 + 50) / 150 beside 1
    assert_allclose(np.exp(lifts[women]), [5 / 3, 1 / 3, 1.0], rtol=1e-5)
