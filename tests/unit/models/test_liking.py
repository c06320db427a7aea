import numpy as np
import pytest
from numpy.testing import assert_array_equal

from marquee.models.liking import Liking
from marquee.models.training_set import TrainingSet
from tests.support.ratings import frame_of


def _stars(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def test_what_stars_count_runs_straight_from_dislike_to_one() -> None:
    liking = Liking(1.0, 5.0, 0.6)
    assert liking(_stars(1, 2, 3, 4, 5)).tolist() == pytest.approx([0.6, 0.7, 0.8, 0.9, 1.0])
    assert liking(_stars(1)).dtype == np.float32


def test_stars_off_the_scale_count_as_its_ends() -> None:
    assert Liking(1.0, 5.0, 0.5)(_stars(0, 9)).tolist() == [0.5, 1.0]


def test_the_scale_is_that_of_the_ratings() -> None:
    ratings = TrainingSet.from_frame(frame_of(("u", "x", 0.5, 1), ("u", "y", 10.0, 2)))
    assert Liking.of(ratings, 0.2) == Liking(0.5, 10.0, 0.2)


def test_where_all_stars_are_the_same_each_counts_fully() -> None:
    assert_array_equal(Liking(1.0, 1.0, 0.2)(_stars(1, 1)), [1.0, 1.0])


def test_through_an_array() -> None:
    liking = Liking(1.0, 5.0, 0.25)
    assert Liking.from_arrays({"liking": liking.to_array()}) == liking
