"""What every model must do, whatever its algorithm."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from marquee.domain.history import History, Implied
from marquee.models import (
    bayes_svdpp_gibbs,
    biases,
    content,
    ease,
    fallback,
    ials,
    item_knn,
    neighbours,
    popularity,
    svd,
    vae,
)
from marquee.models.algorithms import RANKING_MODELS, RATING_MODELS
from marquee.models.model_set import ModelSet
from marquee.models.new_items import Extended, ExtendedRating
from marquee.models.protocol import Scorer
from marquee.models.train import train_ranking
from marquee.models.training_set import TrainingSet
from marquee.recommend.recommender import Recommender
from marquee.settings.params import BlendParams, BlendWeights, EaseParams, PopularityParams
from marquee.settings.serving import Serving
from tests.support.ratings import checkerboard


@dataclass(frozen=True)
class Case:
    """One algorithm: how to train it, and another value for each of its hyperparameters."""

    name: str
    train: Callable[..., Any]
    params: Mapping[str, Any] = field(default_factory=dict)
    others: Mapping[str, Any] = field(default_factory=dict)


def _train_svd(ratings: TrainingSet, **params: Any) -> svd.Svd:
    return svd.train(ratings, **params)[0]


def _train_blend(ratings: TrainingSet, **params: Any) -> Scorer:
    parts = (EaseParams(regularization=5.0), PopularityParams())
    return train_ranking(ratings, BlendParams(**{"models": parts, **params}))


CASES = [
    Case(
        "svd",
        _train_svd,
        {"n_factors": 4, "n_epochs": 10, "lr_all": 0.02, "reg_all": 0.05, "seed": 0},
        {
            "n_factors": 5,
            "n_epochs": 11,
            "lr_all": 0.03,
            "reg_all": 0.1,
            "seed": 1,
            "penalty": 1.0,
            "penalty_per_rating": 0.2,
        },
    ),
    Case("biases", biases.train, {}, {"item_damping": 1.0, "user_damping": 1.0}),
    Case(
        "bayes-svdpp",
        bayes_svdpp_gibbs.train,
        {"n_factors": 2, "n_sweeps": 12, "burn_in": 4, "n_samples": 4, "n_implicit": 10, "seed": 0},
        {"n_factors": 3, "n_sweeps": 13, "burn_in": 6, "n_samples": 5, "n_implicit": 5, "seed": 1},
    ),
    Case(
        "ease",
        ease.train,
        {"regularization": 5.0, "item_features": 1.0, "user_features": 1.0},
        {
            "regularization": 50.0,
            "dislike": 0.5,
            "exponent": 0.5,
            "item_features": 2.0,
            "user_features": 2.0,
        },
    ),
    Case("popularity", popularity.train, {}, {"damping": 5.0, "half_life": 2.0, "profile": 0.5}),
    Case(
        "blend",
        _train_blend,
        {"weights": BlendWeights(returning=(1.0, 2.0), active=(1.0, 0.5))},
        {
            "weights": BlendWeights(returning=(1.0, 3.0), active=(1.0, 0.5)),
            "models": (EaseParams(regularization=7.0), PopularityParams()),
        },
    ),
    Case(
        "content",
        content.train,
        {},
        {"year_weight": 0.5, "word_weight": 0.5, "damping": 5.0, "dislike": 1.0},
    ),
    Case(
        "item-knn",
        item_knn.train,
        {"neighbours": 5},
        {
            "neighbours": 6,
            "popularity_exponent": 0.5,
            "activity_exponent": 0.0,
            "shrinkage": 0.0,
            "dislike": 1.0,
        },
    ),
    Case(
        "ials",
        ials.train,
        {"n_factors": 4, "n_epochs": 3},
        {
            "n_factors": 5,
            "n_epochs": 4,
            "alpha": 0.4,
            "regularization": 0.1,
            "frequency_exponent": 0.5,
            "dislike": 1.0,
            "seed": 1,
        },
    ),
    Case(
        "vae",
        vae.train,
        {"n_hidden": 6, "n_latent": 3, "n_epochs": 3, "batch_size": 8},
        {
            "n_hidden": 7,
            "n_latent": 4,
            "n_epochs": 4,
            "batch_size": 9,
            "learning_rate": 0.01,
            "weight_decay": 1.0,
            "dropout": 0.1,
            "beta": 0.5,
            "dislike": 1.0,
            "seed": 1,
        },
    ),
]
every_model = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
every_rating_model = pytest.mark.parametrize(
    "case", [case for case in CASES if case.name in RATING_MODELS], ids=lambda case: case.name
)
every_ranking_model = pytest.mark.parametrize(
    "case", [case for case in CASES if case.name in RANKING_MODELS], ids=lambda case: case.name
)


@pytest.fixture(scope="module")
def ratings() -> TrainingSet:
    """Checkerboard tastes; the catalogue has one more item, the last, that nobody has rated.

    Even items are comedies, odd ones dramas; each has a year and a title that shares words with others.
    """
    frame = checkerboard()
    frame["timestamp"] *= 1000  # over days, for what counts in days
    ids = [*sorted(frame["item_id"].unique()), "unrated"]
    catalogue = pd.DataFrame(
        {
            "item_id": ids,
            "title": [f"{'the red' if row % 3 else 'blue'} {row}" for row in range(len(ids))],
            "year": [1990 + row for row in range(len(ids))],
            "genres": [("drama",) if row % 2 else ("comedy",) for row in range(len(ids))],
        }
    )
    people = sorted(frame["user_id"].unique())
    genders = ["F" if row % 2 else "M" for row in range(len(people))]
    return TrainingSet.from_tables(frame, catalogue, pd.DataFrame({"user_id": people, "gender": genders}))


def _train(case: Case, ratings: TrainingSet, **changed: Any) -> Any:
    return case.train(ratings, **{**case.params, **changed})


def _arrays_equal(first: Scorer, second: Scorer) -> bool:
    one, two = first.to_arrays(), second.to_arrays()
    return one.keys() == two.keys() and all(one[name].tobytes() == two[name].tobytes() for name in one)


def test_every_algorithm_of_the_manifest_is_tested_here() -> None:
    assert {case.name for case in CASES} == set(RATING_MODELS) | set(RANKING_MODELS)


@every_model
def test_batch_equals_single(case: Case, ratings: TrainingSet) -> None:
    model = _train(case, ratings)
    histories = [History.empty(), *ratings.histories()]
    states = model.fold_in_many(histories)
    scores = model.score_many(states)
    assert scores.shape == (len(histories), ratings.n_items)
    for row, history in enumerate(histories):
        assert_array_equal(states[row], model.fold_in(history))
        assert_allclose(scores[row], model.score(states[row]), rtol=1e-5, atol=1e-6)


@every_rating_model
def test_some_items_for_each_of_some_people_are_scored_as_one_by_one(
    case: Case, ratings: TrainingSet
) -> None:
    model = _train(case, ratings)
    states = model.fold_in_many([History.empty(), *ratings.histories()[:3]])
    rows = np.array([[0, 3], [5, 1], [2, 2], [4, 0]], np.int32)
    expected = [model.score(state, own) for state, own in zip(states, rows, strict=True)]
    assert_allclose(model.score_each(states, rows), expected, rtol=1e-6)
    longer = ExtendedRating(model, ratings.item_features.vocabulary.encode_many([{"genre:comedy": 1.0}]))
    rows[1, 0] = model.n_items  # the new item
    expected[1] = longer.score(states[1], rows[1])
    assert_allclose(longer.score_each(states, rows), expected, rtol=1e-6)


@every_model
def test_a_batch_of_nobody_is_empty(case: Case, ratings: TrainingSet) -> None:
    model = _train(case, ratings)
    assert model.score_many(model.fold_in_many([])).shape == (0, ratings.n_items)


@every_model
def test_scores_of_some_rows_are_those_of_the_whole_catalogue(case: Case, ratings: TrainingSet) -> None:
    model = _train(case, ratings)
    state = model.fold_in(ratings.histories()[0])
    rows = np.array([3, 0, 20, 3], dtype=np.int32)
    assert_allclose(model.score(state, rows), model.score(state)[rows], rtol=1e-6)
    for some in (*map(slice, (0, 5, None)), slice(5, None), slice(-3, None), slice(None, None, -1)):
        assert_allclose(model.score(state, some), model.score(state)[some], rtol=1e-5)


@every_model
def test_states_and_scores_are_finite_float32_for_cold_and_warm_people(
    case: Case, ratings: TrainingSet
) -> None:
    model = _train(case, ratings)
    everything = History.of(range(ratings.n_items), [3.0] * ratings.n_items, [0] * ratings.n_items)
    for history in (History.empty(), History.of([20], [5.0], [0]), everything, *ratings.histories()):
        state = model.fold_in(history)
        scores = model.score(state)
        assert state.dtype == scores.dtype == np.float32
        assert scores.shape == (ratings.n_items,)
        assert np.isfinite(state).all()
        assert np.isfinite(scores).all()


@every_model
def test_states_have_the_size_that_the_model_says(case: Case, ratings: TrainingSet) -> None:
    model = _train(case, ratings)
    for history in (History.empty(), ratings.histories()[0]):
        assert model.fold_in(history).shape == (model.state_size,)


@every_model
def test_an_item_that_the_training_has_not_seen_has_a_finite_score(case: Case, ratings: TrainingSet) -> None:
    model = _train(case, ratings)
    features = ratings.item_features.vocabulary.encode_many([{"genre:comedy": 1.0}, {"genre:drama": 1.0}, {}])
    for history in (History.empty(), *ratings.histories()[:3]):
        scores = model.score_new(model.fold_in(history), features)
        assert (scores.shape, scores.dtype) == ((3,), np.float32)
        assert np.isfinite(scores).all()
        if len(history):
            assert (len(set(scores.tolist())) > 1) == model.scores_new


@every_model
def test_a_profile_is_never_an_error(case: Case, ratings: TrainingSet) -> None:
    model = _train(case, ratings)
    for profile in ((0,), (0, 1)):
        for rated in ((), (0, 3)):
            state = model.fold_in(History.of(rated, [4.0] * len(rated), [9] * len(rated), profile))
            assert np.isfinite(model.score(state)).all()


def _implying(weight: float, history: History = History.empty(), row: int = 3) -> History:  # noqa: B008
    """The history of somebody who did something with an item that they have not rated."""
    return replace(history, implied=Implied.of([row], [weight]))


def _rating_too(stars: float, history: History, row: int = 3) -> History:
    """The history of somebody who rated an item as well, after the training."""
    return History(
        np.append(history.rows, np.int32(row)),
        np.append(history.ratings, np.float32(stars)),
        np.append(history.times, np.int64(10**15)),
        history.profile,
    )


def _some_histories(ratings: TrainingSet) -> list[History]:
    """Somebody unknown, somebody with a profile alone, and somebody who has not rated the row 3."""
    someone = next(history for history in ratings.histories() if 3 not in history.rows)
    return [History.empty(), History.of((), (), (), (0,)), someone]


@every_ranking_model
def test_what_is_implied_with_weight_1_counts_as_a_rating_of_the_most_stars(
    case: Case, ratings: TrainingSet
) -> None:
    model = _train(case, ratings)
    features = ratings.item_features.vocabulary.encode_many([{"genre:comedy": 1.0}, {}])
    for history in _some_histories(ratings):
        implied, rated = model.fold_in(_implying(1.0, history)), model.fold_in(_rating_too(5.0, history))
        assert_allclose(model.score(implied), model.score(rated), rtol=1e-4, atol=1e-5)
        assert_allclose(
            model.score_new(implied, features), model.score_new(rated, features), rtol=1e-4, atol=1e-5
        )


@every_ranking_model
def test_the_less_is_implied_the_nearer_are_the_scores_to_those_without_it(
    case: Case, ratings: TrainingSet
) -> None:
    model = _train(case, ratings)
    features = ratings.item_features.vocabulary.encode_many([{"genre:comedy": 1.0}, {}])
    for history in (History.empty(), ratings.histories()[1]):
        without = model.fold_in(history)
        distances = []
        for weight in (1.0, 0.1, 1e-5):
            state = model.fold_in(_implying(weight, history))
            distances.append(np.abs(model.score(state) - model.score(without)).max())
        assert distances[0] >= distances[1] >= distances[2]
        assert_allclose(model.score(state), model.score(without), rtol=1e-3, atol=1e-3)
        assert_allclose(
            model.score_new(state, features), model.score_new(without, features), rtol=1e-3, atol=1e-3
        )


@every_ranking_model
def test_what_is_implied_moves_scores_unless_the_model_knows_no_taste(
    case: Case, ratings: TrainingSet
) -> None:
    model = _train(case, ratings)
    for history in _some_histories(ratings):
        changed = not np.array_equal(
            model.score(model.fold_in(_implying(0.3, history))), model.score(model.fold_in(history))
        )
        assert changed == (case.name != "popularity")


@every_rating_model
def test_what_is_implied_does_not_change_predicted_stars(case: Case, ratings: TrainingSet) -> None:
    model = _train(case, ratings)
    for history in _some_histories(ratings):
        assert_array_equal(model.fold_in(_implying(1.0, history)), model.fold_in(history))


@every_model
def test_a_batch_of_implied_histories_equals_single_ones(case: Case, ratings: TrainingSet) -> None:
    model = _train(case, ratings)
    histories = [_implying(weight, history) for weight in (0.4, 1.0) for history in _some_histories(ratings)]
    states = model.fold_in_many([*histories, History.empty()])
    scores = model.score_many(states)
    for row, history in enumerate(histories):
        assert states[row].shape == (model.state_size,)
        assert np.isfinite(scores[row]).all()
        assert_array_equal(states[row], model.fold_in(history))
        assert_allclose(scores[row], model.score(states[row]), rtol=1e-5, atol=1e-6)


@every_model
def test_what_is_implied_of_rows_added_after_the_training_does_not_reach_the_model(
    case: Case, ratings: TrainingSet
) -> None:
    model = _train(case, ratings)
    longer = Extended(model, ratings.item_features.vocabulary.encode_many([{"genre:comedy": 1.0}]))
    history = ratings.histories()[0]
    implied = Implied.of([model.n_items, 3], [0.5, 0.25])
    assert_array_equal(
        longer.fold_in(replace(history, implied=implied)), model.fold_in(_implying(0.25, history))
    )


@every_model
def test_rows_added_after_the_training_are_scored_beside_the_others(case: Case, ratings: TrainingSet) -> None:
    model = _train(case, ratings)
    features = ratings.item_features.vocabulary.encode_many([{"genre:comedy": 1.0}, {"genre:drama": 1.0}])
    longer, n = Extended(model, features), model.n_items
    history = History.of([0, n + 1, 5], [5.0, 1.0, 4.0], [1, 2, 3])  # one of them is a new item's
    state = longer.fold_in(history)
    whole = longer.score(state)
    assert_array_equal(whole[:n], model.score(model.fold_in(History.of([0, 5], [5.0, 4.0], [1, 3]))))
    assert_array_equal(whole[n:], model.score_new(state, features))
    assert_allclose(
        longer.score_many(longer.fold_in_many([history, History.empty()]))[0], whole, rtol=1e-6, atol=1e-6
    )
    some = np.array([n + 1, 3, n], dtype=np.int32)
    assert_allclose(longer.score(state, some), whole[some], rtol=1e-6)
    ends = (slice(0, 5), slice(0, n), slice(3, n + 1), slice(n, None), slice(None, -3), slice(-n, -2))
    for some_more in (*ends, slice(None), slice(None, None, -1)):
        assert_allclose(longer.score(state, some_more), whole[some_more], rtol=1e-5)


@every_model
def test_saved_and_loaded_bit_for_bit(case: Case, ratings: TrainingSet) -> None:
    model = _train(case, ratings)
    loaded = type(model).from_arrays(
        {name: _through_a_file(array) for name, array in model.to_arrays().items()}
    )
    assert _arrays_equal(loaded, model)
    for history in ratings.histories()[:5]:
        assert_array_equal(loaded.score(loaded.fold_in(history)), model.score(model.fold_in(history)))


def _through_a_file(array: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    file.seek(0)
    return np.asarray(np.load(file, allow_pickle=False))


@every_model
def test_the_same_ratings_and_seed_give_the_same_bytes_in_whatever_order_they_come(case: Case) -> None:
    frame = checkerboard()
    shuffled = frame.sample(frac=1.0, random_state=3)
    first, second = (_train(case, TrainingSet.from_frame(f)) for f in (frame, shuffled))
    assert _arrays_equal(first, second)


@pytest.mark.parametrize(
    ("case", "name"),
    [(case, name) for case in CASES for name in case.others],
    ids=lambda v: getattr(v, "name", v),
)
def test_every_hyperparameter_changes_the_scores(case: Case, name: str, ratings: TrainingSet) -> None:
    usual, changed = _train(case, ratings), _train(case, ratings, **{name: case.others[name]})
    history = ratings.histories()[0]
    assert not np.array_equal(usual.score(usual.fold_in(history)), changed.score(changed.fold_in(history)))


@every_model
def test_training_and_scoring_leave_their_input_alone(case: Case, ratings: TrainingSet) -> None:
    before = [
        array.copy() for array in (ratings.user_rows, ratings.item_rows, ratings.ratings, ratings.times)
    ]
    model = _train(case, ratings)
    arrays = {name: array.copy() for name, array in model.to_arrays().items()}
    model.score_many(model.fold_in_many(ratings.histories()))
    for kept, now in zip(
        before, (ratings.user_rows, ratings.item_rows, ratings.ratings, ratings.times), strict=True
    ):
        assert_array_equal(kept, now)
    for name, array in model.to_arrays().items():
        assert_array_equal(array, arrays[name])


@every_model
def test_arrays_that_are_missing_unknown_or_of_another_type_are_refused(
    case: Case, ratings: TrainingSet
) -> None:
    model = _train(case, ratings)
    arrays = model.to_arrays()
    for name, array in arrays.items():
        with pytest.raises(ValueError, match="arrays are"):
            type(model).from_arrays({other: value for other, value in arrays.items() if other != name})
        with pytest.raises(ValueError, match=name):
            type(model).from_arrays({**arrays, name: array.astype(np.int64)})
        with pytest.raises(ValueError, match=name):
            type(model).from_arrays({**arrays, name: array[np.newaxis]})
    with pytest.raises(ValueError, match="arrays are"):
        type(model).from_arrays({**arrays, "more": np.zeros(1)})


@every_ranking_model
def test_seen_items_are_excluded_and_a_cold_user_gets_a_list(case: Case, ratings: TrainingSet) -> None:
    models = ModelSet(
        ratings.items,
        biases.train(ratings),
        _train(case, ratings),
        fallback.train(ratings),
        ratings.trained_through,
    )
    recommender = Recommender(models, Serving())
    for history in ratings.histories():
        rows = {place.row for place in recommender.top(recommender.state(history), ratings.n_items)}
        assert rows == set(range(ratings.n_items)) - set(history.rows.tolist())
    cold = recommender.top(recommender.state(History.empty()), 10)
    assert [place.source for place in cold] == ["popular"] * 10


@pytest.mark.parametrize(("name", "value"), [("width", 3), ("shrinkage", 1.0)])
def test_every_hyperparameter_of_neighbours_matters(name: str, value: float, ratings: TrainingSet) -> None:
    usual, changed = neighbours.train(ratings), neighbours.train(ratings, **{name: value})  # type: ignore[arg-type]
    assert not np.array_equal(usual.similarities, changed.similarities)
