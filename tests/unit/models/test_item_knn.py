import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from marquee.domain.history import History, ItemIndex
from marquee.models import item_knn
from marquee.models.training_set import TrainingSet
from tests.support.ratings import checkerboard, frame_of

PLAIN = {"popularity_exponent": 0.5, "activity_exponent": 0.0, "shrinkage": 0.0, "dislike": 1.0}


def _small() -> TrainingSet:
    """u rates x, y and z, v rates x and y, w rates x."""
    pairs = [("u", "x"), ("u", "y"), ("u", "z"), ("v", "x"), ("v", "y"), ("w", "x")]
    frame = frame_of(*((user, item, 3.0, time) for time, (user, item) in enumerate(pairs)))
    return TrainingSet.from_frame(frame, ItemIndex(["x", "y", "z", "unrated"]))


def test_cosines_worked_out_by_hand() -> None:
    """cos(x, y) = 2 / sqrt(3 x 2), cos(x, z) = 1 / sqrt 3, cos(y, z) = 1 / sqrt 2."""
    model = item_knn.train(_small(), neighbours=3, **PLAIN)
    xy, xz, yz = 2 / np.sqrt(6), 1 / np.sqrt(3), 1 / np.sqrt(2)
    expected = [[0, xy, xz, 0], [xy, 0, yz, 0], [xz, yz, 0, 0], [0, 0, 0, 0]]
    assert_allclose(model.similarities.toarray(), expected, rtol=1e-6)


def test_only_the_nearest_of_an_item_speak_for_it() -> None:
    """Of x and z the nearest is y; of y it is x, for 2 / sqrt 6 is more than 1 / sqrt 2."""
    model = item_knn.train(_small(), neighbours=1, **PLAIN)
    xy, yz = 2 / np.sqrt(6), 1 / np.sqrt(2)
    expected = [[0, xy, 0, 0], [xy, 0, yz, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert_allclose(model.similarities.toarray(), expected, rtol=1e-6)


def test_a_score_is_the_sum_over_what_was_rated_times_what_the_stars_count() -> None:
    frame = frame_of(("u", "x", 1.0, 1), ("u", "y", 5.0, 2), ("u", "z", 5.0, 3))
    model = item_knn.train(TrainingSet.from_frame(frame), neighbours=3, **{**PLAIN, "dislike": 0.5})
    assert_allclose(model.similarities.toarray(), [[0, 1, 1], [1, 0, 1], [1, 1, 0]], rtol=1e-6)
    assert_allclose(model.fold_in(History.of([0, 1], [1.0, 5.0], [0, 0])), [1.0, 0.5, 1.5], rtol=1e-6)


def test_similarities_are_the_formula_on_any_data() -> None:
    ratings = TrainingSet.from_frame(checkerboard(left_out=0.6))
    X = np.zeros((ratings.n_users, ratings.n_items))
    X[ratings.user_rows, ratings.item_rows] = np.where(ratings.ratings == 5.0, 1.0, 0.4)
    counts = (X > 0).sum(axis=1)
    w = counts**-0.8
    w *= counts.sum() / (w * counts).sum()
    norms = (w[:, None] * X**2).sum(axis=0)
    together = X.T @ (w[:, None] * X)
    expected = together / (np.outer(norms**0.7, norms**0.3) + 2.0)
    np.fill_diagonal(expected, 0.0)
    model = item_knn.train(
        ratings,
        neighbours=ratings.n_items,
        popularity_exponent=0.7,
        activity_exponent=0.8,
        shrinkage=2.0,
        dislike=0.4,
    )
    assert_allclose(model.similarities.toarray(), expected, rtol=1e-5)


def test_no_item_has_more_neighbours_than_asked_for() -> None:
    model = item_knn.train(TrainingSet.from_frame(checkerboard()), neighbours=4)
    assert_array_equal((model.similarities.toarray() > 0).sum(axis=0), 4)


@pytest.mark.parametrize("threads", [1, 3])
def test_blocks_and_threads_do_not_matter(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    ratings = TrainingSet.from_frame(checkerboard())
    whole = item_knn.train(ratings, neighbours=5)
    monkeypatch.setattr(item_knn, "BLOCK", 3)
    parts = item_knn.train(ratings, neighbours=5, threads=threads)
    for name, array in whole.to_arrays().items():
        assert parts.to_arrays()[name].tobytes() == array.tobytes()
