import numpy as np
import pandas as pd
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


KNOBS = {"regularization": 7.0, "dislike": 0.5, "exponent": 0.5, "item_features": 3.0, "user_features": 2.0}


def _described() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    ratings = checkerboard()
    ids = sorted(ratings["item_id"].unique())
    people = sorted(ratings["user_id"].unique())
    genres = [[f"G{row % 2}", f"H{row % 3}"] for row in range(len(ids))]
    genders = ["F" if row % 2 else "M" for row in range(len(people))]
    items = pd.DataFrame({"item_id": ids, "genres": genres})
    return ratings, items, pd.DataFrame({"user_id": people, "gender": genders})


def test_an_item_added_later_scores_as_if_it_had_stood_in_the_catalogue_unrated() -> None:
    ratings, items, users = _described()
    added = pd.DataFrame({"item_id": ["zz"], "genres": [["G1", "H2"]]})
    with_it = TrainingSet.from_tables(ratings, pd.concat([items, added], ignore_index=True), users)
    without = TrainingSet.from_tables(ratings, items, users)
    longer, model = ease.train(with_it, **KNOBS), ease.train(without, **KNOBS)
    features = without.item_features.vocabulary.encode_many([{"genre:g1": 1.0, "genre:h2": 1.0}])
    for history in without.histories()[:5]:
        expected = longer.score(longer.fold_in(history))
        state = model.fold_in(history)
        assert_allclose(model.score_new(state, features)[0], expected[-1], rtol=1e-4)


def test_a_profile_counts_as_columns_of_x_with_the_root_of_its_weight() -> None:
    training = TrainingSet.from_tables(*_described())
    liking = np.zeros((training.n_users, training.n_items))
    liking[training.user_rows, training.item_rows] = np.where(training.ratings == 5, 1.0, 0.5)
    x = np.hstack([liking, np.sqrt(2.0) * training.user_features.values.toarray()])
    described = training.item_features.values.toarray().astype(float)
    gram = x.T @ x + 7.0 * np.eye(x.shape[1])
    gram[: training.n_items, : training.n_items] += 3.0 * described @ described.T
    P = np.linalg.inv(gram)
    expected = -np.sqrt(2.0) * P[training.n_items + 1, : training.n_items]
    expected /= np.sqrt(np.diag(P)[: training.n_items])
    model = ease.train(training, **KNOBS)
    scores = model.score(model.fold_in(History.of((), (), (), profile=[1])))
    assert_allclose(scores, expected, rtol=1e-4, atol=1e-6)


def test_a_disliked_item_counts_less() -> None:
    model = ease.train(TrainingSet.from_frame(checkerboard()), regularization=7.0, dislike=0.25)
    loved, hated = (model.fold_in(History.of([2], [stars], [0])) for stars in (5.0, 1.0))
    assert_allclose(hated, 0.25 * loved, rtol=1e-6)
