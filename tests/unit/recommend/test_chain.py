"""The stages of a list; five items in the categories Comedy (a, b), Drama (c), War (c, d), none (e)."""

import numpy as np
import pytest

from marquee.domain.history import UNKNOWN_ROW, History, Implied
from marquee.models.neighbours import Neighbours
from marquee.recommend.chain import Liked, alike_scores, category_scores, similar_scores, their_categories
from marquee.recommend.facts import Labels
from marquee.settings.serving import RatingScale

A, B, C, D, E = range(5)
CATEGORIES = Labels.of([("Comedy",), ("Comedy",), ("Drama", "War"), ("War",), ()])
POPULARITY = np.array([0.5, 0.4, 0.3, 0.2, 0.1], np.float32)
NOT = -np.inf


def _liked(**weights: float) -> Liked:
    rows = ["abcde".index(name) for name in weights]
    return Liked(np.array(rows, np.int32), np.array(list(weights.values()), np.float32))


def test_what_is_rated_above_the_middle_is_liked_and_so_is_what_is_implied() -> None:
    """Of 1 to 5 the middle is 3: 5 stars count (5 - 3) / 2 = 1, 4 stars 0.5, 3 and less nothing."""
    history = History(
        np.array([A, B, C, D], np.int32),
        np.array([5, 4, 3, 1], np.float32),
        np.zeros(4, np.int64),
        implied=Implied.of([E], [0.25]),
    )
    liked = Liked.of(history, RatingScale(min=1, max=5, step=1))
    assert liked.rows.tolist() == [A, B, E]
    assert liked.weights.tolist() == [1.0, 0.5, 0.25]


def test_similarities_to_all_that_was_liked_add_up() -> None:
    """c: 0.75 x 1 of a + 0.5 x 0.5 of b; d: 0.5 x 1 of a."""
    rows = np.full((5, 2), UNKNOWN_ROW, np.int32)
    rows[A], rows[B, 0] = [C, D], C
    similarities = np.zeros((5, 2), np.float32)
    similarities[A], similarities[B, 0] = [0.75, 0.5], 0.5
    scores = similar_scores(_liked(a=1.0, b=0.5), Neighbours(rows, similarities))
    assert scores.tolist() == [NOT, NOT, 1.0, 0.5, NOT]


def test_their_categories_are_those_with_the_most_weight_of_equals_the_first_by_name() -> None:
    names = [name for name, _ in their_categories(_liked(a=0.5, c=1.0), CATEGORIES)]
    assert names == ["Drama", "War", "Comedy"]
    many = Labels.of([tuple(f"c{number}" for number in range(9))])
    assert [name for name, _ in their_categories(_liked(a=1.0), many)] == ["c0", "c1", "c2"]


def test_alike_is_what_shares_categories_the_more_the_better_and_never_the_item_itself() -> None:
    """With c, of Drama and War, d has one of two in common: a cosine of 1 / sqrt(1 * 2)."""
    assert alike_scores(C, CATEGORIES, POPULARITY).tolist() == pytest.approx(
        [NOT, NOT, NOT, np.float32(0.2 / np.sqrt(2)), NOT]
    )
    assert alike_scores(A, CATEGORIES, POPULARITY).tolist() == pytest.approx(
        [NOT, np.float32(0.4), NOT, NOT, NOT]
    )
    assert (alike_scores(E, CATEGORIES, POPULARITY) == NOT).all()


def test_of_their_categories_the_popular_come_first() -> None:
    scores = category_scores(_liked(d=1.0), CATEGORIES, POPULARITY)
    assert scores.tolist() == pytest.approx([NOT, NOT, np.float32(0.3), np.float32(0.2), NOT])
    assert (category_scores(_liked(e=1.0), CATEGORIES, POPULARITY) == NOT).all()
