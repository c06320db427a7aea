import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import sparse

from marquee.domain.errors import InvalidInput
from marquee.domain.history import History
from marquee.evaluation.metrics import rmse
from marquee.models import bayes_svdpp_gibbs, biases
from marquee.models.bayes_svdpp import BayesSvdpp
from marquee.models.train import predict_pairs
from marquee.models.training_set import TrainingSet

FEW = {"n_factors": 3, "n_sweeps": 60, "burn_in": 20, "n_samples": 10}


def _two_items() -> BayesSvdpp:
    """One sample, one factor; item 0 has factor 1 and bias 0.5, item 1 factor 2 and bias 0."""
    return BayesSvdpp(
        mean=3.0,
        item_factors=np.array([[[1.0, 0.5]], [[2.0, 0.0]]], np.float32),
        implicit_factors=np.array([[[0.25, 0.0]], [[0.0, 0.0]]], np.float32),
        profile_factors=np.array([[[0.0, 1.0]]], np.float32),
        prior_means=np.array([[0.5, 0.0]], np.float32),
        prior_precisions=np.eye(2, dtype=np.float32)[None],
        noise_precisions=np.array([2.0], np.float32),
        attribute_factors=np.array([[[3.0, 0.0]]], np.float32),
        item_prior_means=np.array([[0.0, -1.0]], np.float32),
    )


def test_folding_in_worked_out_by_hand() -> None:
    """5 stars for item 0: residual 5 - 3 - 0.5 = 1.5 at x = (1, 1); prior mean (0.5 + 0.25, 0).

    Precision 2 xx' + I = [[3, 2], [2, 3]]; right side 2 x 1.5 + (0.75, 0) = (3.75, 3).
    Solution ((3 x 3.75 - 2 x 3) / 5, (3 x 3 - 2 x 3.75) / 5) = (1.05, 0.3).
    """
    model = _two_items()
    scores = model.score(model.fold_in(History.of([0], [5.0], [0])))
    assert_allclose(scores, [3 + 0.3 + 0.5 + 1.05, 3 + 0.3 + 2.1], rtol=1e-6)


def test_before_the_first_rating_the_profile_says_what_to_expect() -> None:
    model = _two_items()
    assert_allclose(model.score(model.fold_in(History.empty())), [3 + 0.5 + 0.5, 3 + 1.0], rtol=1e-6)
    profiled = History.of((), (), (), profile=[0])
    assert_allclose(model.score(model.fold_in(profiled)), [1 + 3 + 0.5 + 0.5, 1 + 3 + 1.0], rtol=1e-6)


def test_a_new_item_is_what_its_attributes_say() -> None:
    """Factors (3, -1) by its attribute; p_u = 0.5: 3 - 1 + 1.5. Without attributes (0, -1): 3 - 1."""
    model = _two_items()
    state = model.fold_in(History.empty())
    features = sparse.csr_array(np.array([[1.0], [0.0]], np.float32))
    assert_allclose(model.score_new(state, features), [3.5, 2.0], rtol=1e-6)
    assert_allclose(model.score_unknown(state), 2.0, rtol=1e-6)


@pytest.fixture(scope="module")
def planted() -> TrainingSet:
    """Stars from three planted factors and biases, with noise of 0.5: no model can have a lower RMSE."""
    random = np.random.default_rng(5)
    people, items = 150, 100
    p, q = random.normal(0, 0.7, (people, 3)), random.normal(0, 0.7, (items, 3))
    users, rows = np.nonzero(random.random((people, items)) < 0.4)
    stars = 3 + np.einsum("ij,ij->i", p[users], q[rows]) + random.normal(0, 0.5, len(users))
    frame = pd.DataFrame({"user_id": users.astype(str), "item_id": rows.astype(str), "rating": stars})
    return TrainingSet.from_frame(frame.assign(timestamp=np.arange(len(frame))))


def test_planted_factors_are_found_and_folding_in_keeps_them(planted: TrainingSet) -> None:
    order = np.random.default_rng(1).permutation(len(planted))
    test, train = np.sort(order[:1000]), np.sort(order[1000:])
    known = planted.take(train)
    model = bayes_svdpp_gibbs.train(known, **FEW, seed=0)
    pairs = (known.histories(), planted.user_rows[test], planted.item_rows[test])
    error = rmse(predict_pairs(model, *pairs), planted.ratings[test])
    baseline = rmse(predict_pairs(biases.train(known), *pairs), planted.ratings[test])
    assert error < 0.65  # 0.5 is the noise
    assert baseline > 0.9


def test_the_noise_of_a_rating_is_found(planted: TrainingSet) -> None:
    model = bayes_svdpp_gibbs.train(planted, **FEW, seed=0)
    assert_allclose(1 / np.sqrt(model.noise_precisions), 0.5, atol=0.05)


def test_attributes_that_explain_the_taste_help_before_the_first_rating() -> None:
    """Women like every even item, men every odd one."""
    random = np.random.default_rng(3)
    users, items = np.nonzero(random.random((200, 20)) < 0.5)
    stars = np.where((users + items) % 2 == 0, 5.0, 1.0)
    ratings = TrainingSet.from_tables(
        pd.DataFrame(
            {"user_id": users.astype(str), "item_id": items.astype(str), "rating": stars, "timestamp": 0}
        ),
        pd.DataFrame({"item_id": np.arange(20).astype(str)}),
        pd.DataFrame({"user_id": np.arange(200).astype(str), "gender": ["F", "M"] * 100}),
    )
    model = bayes_svdpp_gibbs.train(ratings, **FEW, seed=0)
    woman = ratings.user_features.vocabulary.names.index("gender:f")
    scores = model.score(model.fold_in(History.of((), (), (), profile=[woman])))
    even = np.array([int(item) % 2 == 0 for item in ratings.items.ids])
    assert scores[even].min() > 4.0
    assert scores[~even].max() < 2.0


def test_threads_do_not_change_a_single_bit(planted: TrainingSet) -> None:
    one, two = (
        bayes_svdpp_gibbs.train(planted, n_factors=2, n_sweeps=4, burn_in=0, n_samples=2, threads=threads)
        for threads in (1, 2)
    )
    for name, array in one.to_arrays().items():
        assert array.tobytes() == two.to_arrays()[name].tobytes()


def test_more_samples_than_sweeps_are_refused() -> None:
    frame = pd.DataFrame({"user_id": ["u"], "item_id": ["i"], "rating": [3.0], "timestamp": [0]})
    with pytest.raises(InvalidInput, match="no room for 20 samples"):
        bayes_svdpp_gibbs.train(TrainingSet.from_frame(frame), n_sweeps=50, burn_in=40)


@pytest.mark.parametrize("stars", [[3.0], [3.0, 3.0]])
def test_one_person_and_equal_ratings_train(stars: list[float]) -> None:
    frame = pd.DataFrame({"user_id": "u", "item_id": [str(n) for n in range(len(stars))], "rating": stars})
    ratings = TrainingSet.from_frame(frame.assign(timestamp=0))
    model = bayes_svdpp_gibbs.train(ratings, **FEW)
    scores = model.score(model.fold_in(ratings.histories()[0]))
    assert_allclose(scores, 3.0, atol=1.0)  # one rating says little, and the prior is wide
