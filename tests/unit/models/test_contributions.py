"""What scores are made of: sums are right for every model, and the obvious reason comes first."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from marquee.domain.history import History, Implied
from marquee.models import content, ease, ials, item_knn, popularity, vae
from marquee.models.algorithms import RANKING_MODELS
from marquee.models.contributions import Explains, contributions, leave_one_out, told_rows
from marquee.models.ease import Ease
from marquee.models.liking import Liking
from marquee.models.new_items import Extended
from marquee.models.protocol import Scorer
from marquee.models.train import train_ranking
from marquee.models.training_set import TrainingSet
from marquee.settings.params import BlendParams, BlendWeights, ContentParams, EaseParams, PopularityParams
from tests.support.ratings import checkerboard, liked_only


def _blend(ratings: TrainingSet) -> Scorer:
    weights = BlendWeights(returning=(1.0, 2.0, 0.5), active=(1.0, 0.5, 0.5))
    parts = (EaseParams(regularization=5.0), PopularityParams(), ContentParams())
    return train_ranking(ratings, BlendParams(models=parts, weights=weights))


TRAIN: dict[str, Callable[[TrainingSet], Any]] = {
    "ease": lambda r: ease.train(r, regularization=5.0, dislike=0.2, item_features=1.0, user_features=1.0),
    "item-knn": lambda r: item_knn.train(r, neighbours=20),
    "ials": lambda r: ials.train(r, n_factors=4, n_epochs=5),
    "content": content.train,
    "popularity": popularity.train,
    "vae": lambda r: vae.train(r, n_hidden=6, n_latent=3, n_epochs=3, batch_size=8),
    "blend": _blend,
}
every_model = pytest.mark.parametrize("name", TRAIN)
BY_TASTE = ["ease", "item-knn", "ials", "blend", "content"]


def _tables(frame: pd.DataFrame) -> TrainingSet:
    """Even items are comedies, odd ones dramas."""
    ids = sorted(frame["item_id"].unique())
    catalogue = pd.DataFrame(
        {
            "item_id": ids,
            "title": ids,
            "year": [1990] * len(ids),
            "genres": [("drama",) if row % 2 else ("comedy",) for row in range(len(ids))],
        }
    )
    people = sorted(frame["user_id"].unique())
    genders = ["F" if row % 2 else "M" for row in range(len(people))]
    return TrainingSet.from_tables(frame, catalogue, pd.DataFrame({"user_id": people, "gender": genders}))


@pytest.fixture(scope="module")
def ratings() -> TrainingSet:
    """Everybody has rated items of both kinds, their own with 5 stars, the other with 1."""
    return _tables(checkerboard())


@pytest.fixture(scope="module")
def model_of(ratings: TrainingSet) -> Callable[[str], Any]:
    made: dict[str, Any] = {}
    return lambda name: made[name] if name in made else made.setdefault(name, TRAIN[name](ratings))


def test_every_ranking_model_is_tested_here() -> None:
    assert set(TRAIN) == set(RANKING_MODELS)


@every_model
def test_the_parts_add_up_to_the_score(name: str, model_of: Callable[[str], Any]) -> None:
    model = model_of(name)
    rows = np.array([0, 7, 19, 2], dtype=np.int32)
    for history in (
        History.of([0, 3, 8], [5.0, 1.0, 4.0], [10, 20, 2_000_000_000], profile=[0]),
        History.of([5], [3.0], [1]),
        History.of([], [], [], profile=[1]),
        replace(History.of([0, 3], [5.0, 1.0], [1, 2]), implied=Implied.of([8, 5], [0.5, 1.0])),
        replace(History.empty(), implied=Implied.of([8, 5], [0.1, 0.4])),
    ):
        parts = contributions(model, history, rows)
        assert parts.of_items.shape == (4, len(told_rows(history)))
        assert parts.of_items.dtype == parts.rest.dtype == np.float32
        scores = model.score(model.fold_in(history), rows)
        assert_allclose(parts.of_items.sum(axis=1) + parts.rest, scores, rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize("name", ["ease", "item-knn", "ials"])
def test_without_a_profile_it_is_all_the_history(name: str, model_of: Callable[[str], Any]) -> None:
    rows = np.arange(20, dtype=np.int32)
    history = History.of([0, 3, 8], [5.0, 1.0, 4.0], [10, 20, 30])
    assert_array_equal(contributions(model_of(name), history, rows).rest, np.zeros(20, np.float32))


@pytest.mark.parametrize("name", ["ease", "item-knn"])
def test_leaving_an_item_out_says_the_same_of_a_linear_model(
    name: str, model_of: Callable[[str], Any]
) -> None:
    rows, history = np.array([1, 4, 6], dtype=np.int32), History.of([0, 3, 8], [5.0, 1.0, 4.0], [1, 2, 3])
    direct, left_out = (of(model_of(name), history, rows) for of in (contributions, leave_one_out))
    assert isinstance(model_of(name), Explains)
    assert_allclose(left_out.of_items, direct.of_items, atol=1e-6)
    assert_allclose(left_out.rest, direct.rest, atol=1e-6)


@pytest.mark.parametrize("name", BY_TASTE)
def test_the_one_item_of_the_same_taste_is_the_reason(name: str) -> None:
    """Nobody rated both kinds. Of four odd items and an even one, the latter speaks for even ones."""
    model = TRAIN[name](_tables(liked_only(checkerboard())))
    history = History.of([1, 3, 5, 6, 7], [5.0] * 5, [1, 2, 3, 4, 5])
    parts = contributions(model, history, np.array([2, 10, 14], dtype=np.int32))
    assert_array_equal(parts.of_items.argmax(axis=1), [3, 3, 3])
    assert (parts.of_items.max(axis=1) > 0).all()


def test_ease_weights_are_the_parts_themselves() -> None:
    """score(2) = 0.5 x 1 (of item 0, five stars) + 0.25 x 0.5 (of item 1, three stars, half of the scale)."""
    weights = np.array([[0, 0, 0.5], [0, 0, 0.25], [0, 0, 0]], dtype=np.float32)
    plain = Ease.of_weights(weights)
    model = Ease(
        *[getattr(plain, name) for name in ("weights", "profile_weights", "feature_weights")],
        plain.feature_penalties,
        Liking(1.0, 5.0, 0.0),
        plain.constants,
    )
    parts = contributions(model, History.of([0, 1], [5.0, 3.0], [1, 2]), np.array([2], dtype=np.int32))
    assert_array_equal(parts.of_items, [[0.5, 0.125]])


def test_items_of_ials_explain_as_its_paper_says() -> None:
    """One factor, q = (1, 2), alpha 0, penalty lambda = 1, both rated with weight 1.

    The system is 1 + 4 + 1 = 6, so item i adds q_j q_i / 6 to the score of j = 1: 2 x 1 / 6 and 2 x 2 / 6.
    """
    factors = np.array([[1.0], [2.0]], dtype=np.float32)
    model = ials.Ials(factors, factors.T @ factors, ials.Penalties(0.0, 0.5, 1.0), Liking(0.0, 0.0, 1.0))
    history = History.of([0, 1], [1.0, 1.0], [1, 2])  # lambda (2 ratings)^1 = 0.5 x 2
    parts = contributions(model, history, np.array([1], dtype=np.int32))
    assert_allclose(parts.of_items, [[2 / 6, 4 / 6]], rtol=1e-6)


def test_only_the_items_liked_most_of_a_long_history_are_left_out(model_of: Callable[[str], Any]) -> None:
    """Of the five-star ones the newest comes first."""
    history = History.of([0, 2, 4, 6], [5.0, 1.0, 5.0, 4.0], [10, 99, 20, 30])
    parts = leave_one_out(model_of("ease"), history, np.array([8], dtype=np.int32), most=2)
    assert_array_equal(np.flatnonzero(parts.of_items[0]), [0, 2])
    (one,) = np.flatnonzero(
        leave_one_out(model_of("ease"), history, np.array([8], dtype=np.int32), most=1).of_items[0]
    )
    assert one == 2


@every_model
def test_items_that_came_after_the_training_are_explained_too(
    name: str, model_of: Callable[[str], Any], ratings: TrainingSet
) -> None:
    """Of two new rows the first is a comedy; ratings of new rows add nothing to anything."""
    model = model_of(name)
    features = ratings.item_features.vocabulary.encode_many([{"genre:comedy": 1.0}, {"genre:drama": 1.0}])
    longer, n = Extended(model, features), model.n_items
    history = History.of([n + 1, 0, 3], [5.0, 5.0, 1.0], [1, 2, 3])
    rows = np.array([2, n, n + 1], dtype=np.int32)
    parts = contributions(longer, history, rows)
    assert_array_equal(told_rows(history), [n + 1, 0, 3])
    assert_allclose(parts.of_items[:, 0], 0.0, atol=1e-6)
    scores = longer.score(longer.fold_in(history), rows)
    assert_allclose(parts.of_items.sum(axis=1) + parts.rest, scores, rtol=1e-4, atol=2e-6)
    if name in ("ease", "content"):
        assert parts.of_items[1, 1] > parts.of_items[1, 2]
