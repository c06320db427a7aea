import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from marquee.domain.errors import InvalidInput
from marquee.domain.history import History, ItemIndex
from marquee.models import ease
from marquee.models.training_set import TrainingSet
from tests.support.ratings import checkerboard, frame_of


def test_weights_worked_out_by_hand() -> None:
    """u rates x and y, v x. X'X + 1 = [[3, 1], [1, 2]], P = [[2, -1], [-1, 3]] / 5, B_ij = -P_ij / P_jj."""
    ratings = TrainingSet.from_frame(frame_of(("u", "x", 5.0, 1), ("u", "y", 1.0, 2), ("v", "x", 3.0, 3)))
    model = ease.train(ratings, regularization=1.0)
    assert_allclose(model.weights, [[0, 1 / 3], [1 / 2, 0]], rtol=1e-6)
    assert_allclose(model.fold_in(History.of([1], [4.0], [0])), [1 / 2, 0], rtol=1e-6)


def test_weights_are_the_papers_formula_on_any_data() -> None:
    ratings = TrainingSet.from_frame(checkerboard())
    X = ratings.interactions().toarray()
    P = np.linalg.inv(X.T @ X + 7.0 * np.eye(ratings.n_items))
    expected = np.eye(ratings.n_items) - P / np.diag(P)
    model = ease.train(ratings, regularization=7.0)
    assert_allclose(model.weights, expected, atol=1e-6)
    assert_array_equal(np.diag(model.weights), 0.0)


def test_a_state_is_the_sum_of_the_rows_of_what_was_rated() -> None:
    model = ease.train(TrainingSet.from_frame(checkerboard()), regularization=7.0)
    state = model.fold_in(History.of([2, 5], [1.0, 5.0], [0, 0]))
    assert_allclose(state, model.weights[2] + model.weights[5], rtol=1e-6)


def test_too_many_items_are_refused_with_what_to_use_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ease, "MAX_ITEMS", 2)
    ratings = TrainingSet.from_frame(frame_of(("u", "x", 5.0, 1)), ItemIndex(["x", "y", "z"]))
    with pytest.raises(InvalidInput, match=r"at most 2 items.*there are 3.*factors"):
        ease.train(ratings)
