import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from marquee.domain.errors import DataError
from marquee.domain.history import History
from marquee.models.blend import Blend, learn_weights
from marquee.models.ease import Ease
from marquee.models.popularity import Popularity
from marquee.models.protocol import Scorer
from marquee.models.train import train_ranking
from marquee.models.training_set import TrainingSet
from marquee.settings.params import BlendParams


def _constant(*scores: float) -> Popularity:
    return Popularity.of_scores(np.array(scores, np.float32))


def _blend(models: tuple[Scorer, ...], weights: list[float]) -> Blend:
    return Blend(models, np.array([weights, weights]), trained_through=100)


def test_whoever_has_rated_since_the_training_is_weighted_as_active() -> None:
    blend = Blend((_constant(1, 3), _constant(10, 0)), np.array([[1.0, 0.0], [0.0, 1.0]]), 100)
    returning, active = (blend.fold_in(History.of([0], [5.0], [at])) for at in (100, 101))
    assert_allclose(blend.score(returning), [-1, 1])
    assert_allclose(blend.score(active), [1, -1])


def test_scores_worked_out_by_hand() -> None:
    """(1, 3) is (-1, 1) in its own units, (10, 0) is (1, -1)."""
    blend = _blend((_constant(1, 3), _constant(10, 0)), [1.0, 0.25])
    assert_allclose(blend.score(blend.fold_in(History.empty())), [-0.75, 0.75])


def test_a_model_that_says_nothing_counts_nothing() -> None:
    blend = _blend((_constant(1, 3), _constant(2, 2)), [1.0, 5.0])
    assert_allclose(blend.score(blend.fold_in(History.empty())), [-1, 1])


def test_the_weight_of_the_model_that_knows_is_raised() -> None:
    """Everybody goes on to item 19; one model puts it first, the other last."""
    ten = np.arange(20.0)
    people = [(History.of([5], [5.0], [0]), np.array([19], np.int32))] * 3
    wrong_first = learn_weights([_constant(*-ten), _constant(*ten)], people)
    right_first = learn_weights([_constant(*ten), _constant(*-ten)], people)
    assert wrong_first[1] > 1.0
    assert right_first[1] < 1.0


def test_learning_weights_looks_at_newer_ratings_with_models_of_the_older() -> None:
    """`old` was popular long ago, `new` is today; the model put first is one that would bury it."""
    rows = [(f"a{n}", item, n) for n in range(40) for item in ("old", *(f"o{i}" for i in range(12)))]
    later = ((f"b{n}", 9_000_000 + 1000 * n) for n in range(40))
    rows += [row for user, at in later for row in ((user, f"x{at % 7}", at), (user, "new", at + 1))]
    frame = pd.DataFrame(rows, columns=["user_id", "item_id", "timestamp"]).assign(rating=4.0)
    params = BlendParams.model_validate(
        {
            "algorithm": "blend",
            "models": [{"algorithm": "popularity"}, {"algorithm": "popularity", "half_life": 1}],
            "validation_share": 0.05,
        }
    )
    training = TrainingSet.from_frame(frame)
    blend = train_ranking(training, params)
    assert isinstance(blend, Blend)
    assert (blend.weights[:, 1] >= 1.0).all()
    best = blend.score(blend.fold_in(History.empty())).argmax()
    assert training.items.ids[best] == "new"


def test_too_few_newer_ratings_are_refused_by_name() -> None:
    frame = pd.DataFrame({"user_id": ["u"], "item_id": ["i"], "rating": [3.0], "timestamp": [0]})
    with pytest.raises(DataError, match="blend's weights"):
        train_ranking(TrainingSet.from_frame(frame), BlendParams())


def test_ratings_of_one_time_are_said_to_be_the_matter() -> None:
    times = [*[1_700_000_000] * 9, 1_600_000_000]
    alike = pd.DataFrame(
        {
            "user_id": [f"u{place % 5}" for place in range(10)],
            "item_id": [f"i{place}" for place in range(10)],
            "rating": 4.0,
            "timestamp": times,
        }
    )
    with pytest.raises(
        DataError, match=r"^9 of 10 ratings have the same time \(2023-11-14 .*, and 0 a later"
    ):
        train_ranking(TrainingSet.from_frame(alike), BlendParams())


def test_a_blend_of_models_without_features_says_nothing_of_new_items() -> None:
    weights = Ease.of_weights(np.array([[0, 1], [1, 0]], np.float32))
    assert not _blend((weights, _constant(1, 2)), [1.0, 1.0]).scores_new
