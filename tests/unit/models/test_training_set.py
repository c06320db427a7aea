import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from marquee.domain.errors import DataError
from marquee.domain.history import ItemIndex
from marquee.models.training_set import TrainingSet, histories_of
from tests.support.ratings import frame_of

RATINGS = frame_of(("b", "y", 2.0, 20), ("a", "x", 5.0, 30), ("a", "y", 4.0, 10), ("b", "x", 1.0, 20))


def test_ratings_are_sorted_by_user_time_and_item() -> None:
    ratings = TrainingSet.from_frame(RATINGS)
    assert ratings.items.ids == ("x", "y")
    assert ratings.user_ids == ("a", "b")
    assert_array_equal(ratings.user_rows, [0, 0, 1, 1])
    assert_array_equal(ratings.item_rows, [1, 0, 0, 1])
    assert_array_equal(ratings.ratings, np.array([4, 5, 1, 2], dtype=np.float32))
    assert_array_equal(ratings.times, [10, 30, 20, 20])


def test_figures_of_the_whole() -> None:
    ratings = TrainingSet.from_frame(RATINGS, ItemIndex(["z", "y", "x"]))
    assert (len(ratings), ratings.n_users, ratings.n_items) == (4, 2, 3)
    assert ratings.mean == 3.0
    assert ratings.trained_through == 30
    assert_array_equal(ratings.item_counts(), [0, 2, 2])


def test_histories_are_each_users_ratings() -> None:
    first, second = TrainingSet.from_frame(RATINGS).histories()
    assert_array_equal(first.rows, [1, 0])
    assert_array_equal(second.ratings, np.array([1, 2], dtype=np.float32))


def test_taking_some_ratings_keeps_everybodys_rows() -> None:
    some = TrainingSet.from_frame(RATINGS).take(np.array([2, 3]))
    assert some.user_ids == ("a", "b")
    assert [len(history) for history in some.histories()] == [0, 2]


def test_items_that_nobody_has_rated_come_last() -> None:
    """Items rated at one time stay in the order of their rows."""
    items = pd.DataFrame(
        {"item_id": ["v", "w", "x", "y", "z"], "genres": [["V"], ["W"], ["X"], ["Y"], ["Z"]]}
    )
    rated = frame_of(("a", "z", 5.0, 30), ("a", "w", 4.0, 30), ("b", "x", 3.0, 10))
    before = TrainingSet.from_tables(rated, items, pd.DataFrame({"user_id": []}))
    ratings = before.rated_first()
    assert ratings.items.ids == ("w", "x", "z", "v", "y")
    assert_array_equal(ratings.item_counts(), [1, 1, 1, 0, 0])
    assert_array_equal(ratings.item_rows, [0, 2, 1])
    assert_array_equal(ratings.ratings, np.array([4, 5, 3], dtype=np.float32))
    assert_array_equal(ratings.user_rows, [0, 0, 1])
    assert_array_equal(np.lexsort((ratings.item_rows, ratings.times, ratings.user_rows)), [0, 1, 2])
    genres = ratings.item_features.values.toarray() @ np.arange(len(ratings.item_features.names))
    names = [ratings.item_features.names[int(column)] for column in genres]
    assert names == ["genre:w", "genre:x", "genre:z", "genre:v", "genre:y"]
    assert ratings.rated_first() is ratings


def test_histories_of_leave_out_items_that_the_index_does_not_know() -> None:
    first, nobody = histories_of(RATINGS, ItemIndex(["x"]), ["a", "nobody"])
    assert_array_equal(first.rows, [0])
    assert_array_equal(first.times, [30])
    assert len(nobody) == 0


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (RATINGS.iloc[:0], "no ratings"),
        (RATINGS.drop(columns="timestamp"), "timestamp"),
        (frame_of(("a", "x", 5.0, 1), ("a", "x", 4.0, 2)), "'a' has rated item 'x' more than once"),
        (frame_of(("a", "x", float("nan"), 1)), "finite"),
        (frame_of(("a", "x", float("inf"), 1)), "finite"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(frame, message: str) -> None:
    with pytest.raises(DataError, match=message):
        TrainingSet.from_frame(frame)


def test_a_rating_of_an_item_outside_the_catalogue_is_refused() -> None:
    with pytest.raises(DataError, match="'y' has ratings but is not in the catalogue"):
        TrainingSet.from_frame(RATINGS, ItemIndex(["x"]))
