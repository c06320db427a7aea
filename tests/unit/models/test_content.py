import pandas as pd
import pytest
from numpy.testing import assert_allclose

from marquee.domain.history import History
from marquee.models import content
from marquee.models.features import Vocabulary, encode_item
from marquee.models.training_set import TrainingSet
from tests.support.ratings import frame_of

ITEMS = pd.DataFrame({"item_id": ["a", "b", "c", "d"], "genres": [("war",), ("war",), ("love",), ()]})
NOBODY = pd.DataFrame({"user_id": []})


def _ratings(items: pd.DataFrame = ITEMS) -> TrainingSet:
    frame = frame_of(("u", "a", 5.0, 1), ("u", "c", 1.0, 2), ("v", "b", 5.0, 3))
    return TrainingSet.from_tables(frame, items, NOBODY)


def test_tastes_worked_out_by_hand() -> None:
    """Columns love, war. Usual: 0.5 of 2.5 is love's, 2 of 2.5 are war's; the catalogue has 1/4 and 2/4.

    Who gives c one star, which counts 0.5, has the taste (0.5 + 2 x 0.2, 2 x 0.8) / 2.5 - (0.25, 0.5).
    """
    model = content.train(_ratings(), damping=2.0, dislike=0.5)
    assert_allclose(model.usual, [0.2, 0.8], rtol=1e-6)
    assert_allclose(model.catalogue, [0.25, 0.5], rtol=1e-6)
    state = model.fold_in(History.of([2], [1.0], [0]))
    assert_allclose(state, [0.11, 0.14], rtol=1e-5)
    assert_allclose(model.score(state), [0.14, 0.14, 0.11, 0.0], rtol=1e-5)


def test_somebody_without_ratings_is_given_what_is_usual() -> None:
    model = content.train(_ratings(), damping=2.0, dislike=0.5)
    assert_allclose(model.score(model.fold_in(History.empty())), [0.3, 0.3, -0.05, 0.0], rtol=1e-5)


def test_an_item_added_after_the_training_scores_as_its_like() -> None:
    ratings = _ratings()
    model = content.train(ratings)
    state = model.fold_in(ratings.histories()[0])
    added = ratings.item_features.vocabulary.encode_many([{"genre:war": 1.0, "genre:unheard": 1.0}, {}])
    assert model.scores_new
    assert_allclose(model.score_new(state, added), [model.score(state)[0], 0.0])
    row = encode_item(Vocabulary(ratings.item_features.names), "A new one", 2024, ["War"])
    assert row @ state == pytest.approx(model.score(state)[0])


def test_years_and_words_count_what_they_are_told_to() -> None:
    items = pd.DataFrame(
        {"item_id": ["a", "b", "c", "d"], "title": ["red", "red", "", ""], "year": [1990, 2000, 1990, 2000]}
    )
    ratings = _ratings(items)
    model = content.train(ratings, year_weight=0.25, word_weight=3.0)
    assert ratings.item_features.names == ("word:red", "year:1990", "year:2000")
    assert model.weights.tolist() == [3.0, 0.25, 0.25]
    plain = content.train(ratings, year_weight=1.0, word_weight=1.0)
    history = ratings.histories()[0]
    assert_allclose(model.fold_in(history), plain.fold_in(history) * [3.0, 0.25, 0.25], rtol=1e-6)


def test_a_catalogue_without_attributes_has_nothing_to_say() -> None:
    ratings = _ratings(ITEMS[["item_id"]])
    model = content.train(ratings)
    assert not model.scores_new
    assert model.score(model.fold_in(ratings.histories()[0])).tolist() == [0.0] * 4
