import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from surprise import SVD, Dataset, Reader

from marquee.domain.errors import InvalidInput
from marquee.domain.history import History, ItemIndex
from marquee.models import svd
from marquee.models.svd import Svd
from marquee.models.training_set import TrainingSet
from tests.support.ratings import checkerboard, frame_of

PARAMS = {"n_factors": 3, "n_epochs": 8, "lr_all": 0.02, "reg_all": 0.05, "seed": 4}


def _model(n_factors: int, n_items: int = 12) -> Svd:
    random = np.random.default_rng(5)
    factors = random.normal(size=(n_items, n_factors)).astype(np.float32)
    return Svd(
        3.0, random.normal(size=n_items).astype(np.float32), factors, penalty=1.5, penalty_per_rating=0.25
    )


def test_folding_in_worked_out_by_hand() -> None:
    """q = 2, mean 3, 5 stars: the residual 2 on (2, 1) with penalty 1.5 gives (2, 1) * 2 / (5 + 1.5)."""
    model = Svd(
        3.0, np.zeros(1, np.float32), np.full((1, 1), 2, np.float32), penalty=1.0, penalty_per_rating=0.5
    )
    state = model.fold_in(History.of([0], [5.0], [0]))
    assert_allclose(state, [8 / 13, 4 / 13], rtol=1e-6)
    assert_allclose(model.score(state), [3 + 4 / 13 + 2 * 8 / 13], rtol=1e-6)
    assert model.score_unknown(state) == pytest.approx(3 + 4 / 13)


@pytest.mark.parametrize("n_factors", [2, 40])
def test_folding_in_is_the_ridge_regression_of_the_residuals(n_factors: int) -> None:
    """Fewer and more ratings than factors; the penalty as rows appended to a least-squares problem."""
    model = _model(n_factors)
    history = History.of([1, 4, 7, 9, 11], [5, 1, 3, 4, 2], [0] * 5)
    features = np.column_stack((model.item_factors[history.rows], np.ones(5)))
    residuals = history.ratings - 3.0 - model.item_biases[history.rows]
    penalty = np.sqrt(1.5 + 0.25 * 5) * np.eye(n_factors + 1)
    stacked = np.vstack((features, penalty)), np.append(residuals, np.zeros(n_factors + 1))
    assert_allclose(model.fold_in(history), np.linalg.lstsq(*stacked)[0], rtol=1e-4, atol=1e-6)


def test_nobody_gets_what_the_item_deserves() -> None:
    model = _model(2)
    assert_allclose(model.score(model.fold_in(History.empty())), 3.0 + model.item_biases, rtol=1e-6)


def test_training_is_scikit_surprises() -> None:
    """The same predictions as the library gives when it reads the same ratings in the same order itself."""
    frame = checkerboard()
    ordered = frame.sort_values(["user_id", "timestamp"])
    data = Dataset.load_from_df(ordered[["user_id", "item_id", "rating"]], Reader(rating_scale=(1, 5)))
    library = SVD(n_factors=3, n_epochs=8, lr_all=0.02, reg_all=0.05, random_state=4)
    library.fit(data.build_full_trainset())
    # Rows of items start from other random factors when they are numbered otherwise: numbered as met.
    met = ItemIndex(ordered["item_id"].unique())
    model, users = svd.train(TrainingSet.from_frame(frame, met), **PARAMS)
    for user_id in ("u000", "u013"):
        state = users.state(user_id)
        assert state is not None
        expected = [library.predict(user_id, item_id, clip=False).est for item_id in met.ids]
        assert_allclose(model.score(state), expected, rtol=1e-5)


def test_an_item_without_ratings_has_no_factors() -> None:
    frame = checkerboard()
    items = ItemIndex([*sorted(frame["item_id"].unique()), "unrated"])
    model, _ = svd.train(TrainingSet.from_frame(frame, items), **PARAMS)
    assert_array_equal(model.item_factors[-1], 0.0)
    assert model.item_biases[-1] == 0.0
    assert (model.item_factors[:-1] != 0).any(axis=1).all()


def test_a_descent_that_runs_away_is_reported() -> None:
    with pytest.raises(InvalidInput, match="Lower `lr_all`"):
        svd.train(TrainingSet.from_frame(checkerboard()), **{**PARAMS, "lr_all": 1.0, "n_epochs": 50})


def test_one_rating_is_enough_to_train() -> None:
    model, users = svd.train(TrainingSet.from_frame(frame_of(("u", "x", 4.0, 1))), **PARAMS)
    assert np.isfinite(model.item_factors).all()
    assert users.user_ids == ("u",)
