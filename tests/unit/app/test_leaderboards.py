"""What the boards are ordered by, from the histories in memory."""

from datetime import UTC, datetime

import numpy as np
import pytest
from app.serving import leaderboards
from app.serving.catalogue import Catalogue
from app.serving.histories import DONE, NOTHING_DONE, RATED, Done, Histories, Rated
from app.serving.leaderboards import liked_numbers, make_boards, make_crowd
from numpy.testing import assert_allclose, assert_array_equal

from marquee.domain.records import Item
from marquee.settings import Serving
from marquee.settings.serving import Feedback, Leaderboards, RatingScale

NOW = 1_000_000
DAY = 86_400
SERVING = Serving(leaderboards=Leaderboards(trending_half_life_days=1.0, prior_ratings=2.0))
ADDED = datetime(2026, 1, 1, tzinfo=UTC)
CATALOGUE = Catalogue.of(
    Item(name, name, year, created_at=ADDED) for name, year in (("a", 1990), ("b", 2000), ("c", None))
)


def _rated(*ratings: tuple[int, float, int]) -> Rated:
    return np.array(list(ratings), RATED)


def _done(*doings: tuple[int, float, int]) -> Done:
    return np.array([(number, weight, NOW, last, False) for number, weight, last in doings], DONE)


def _histories(**people: tuple[Rated, Done]) -> Histories:
    histories = Histories(1000, Feedback())
    histories._of = {user_id: rated for user_id, (rated, _) in people.items()}
    histories._done = {user_id: done for user_id, (_, done) in people.items() if len(done)}
    return histories


HISTORIES = _histories(
    ada=(_rated((0, 5.0, NOW - DAY), (1, 3.0, NOW - 2 * DAY)), _done((2, 0.5, NOW))),
    bob=(_rated((0, 4.0, NOW - DAY)), NOTHING_DONE),
    cyd=(_rated((7, 4.0, NOW)), _done((1, 3.0, NOW), (2, 0.0, NOW))),  # item 7 came after this catalogue
)


@pytest.mark.parametrize("at_a_time", [1, 2, 10_000])
def test_boards_count_what_everybody_rated_and_did(at_a_time: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trending: a: two of a day ago; b: one of two days ago, and doings that count 1 at most; c: half now.

    Top-rated: 12 stars from 3 ratings, so 4 on average, of which every item is given two beforehand.
    """
    monkeypatch.setattr(leaderboards, "PEOPLE_AT_A_TIME", at_a_time)
    boards = make_boards(HISTORIES, CATALOGUE, SERVING, lambda: NOW + 10 * DAY)
    assert_allclose(boards.trending, [1.0, 1.25, 0.5], rtol=1e-6)
    assert_allclose(boards.top_rated, [17 / 4, 11 / 3, -np.inf], rtol=1e-6)
    assert_array_equal(boards.latest, [2, 3, 1])  # all of one day: by year


def test_without_anybody_nothing_is_on_the_boards() -> None:
    boards = make_boards(_histories(), CATALOGUE, SERVING, lambda: NOW)
    assert_array_equal(boards.trending, [-np.inf] * 3)
    assert_array_equal(boards.top_rated, [-np.inf] * 3)


def test_likes_are_ratings_above_the_middle_and_strong_doings_with_what_was_not_rated() -> None:
    scale = RatingScale(min=1, max=5, step=1)
    rated = _rated((4, 5.0, 1), (1, 3.0, 1), (2, 4.0, 1), (3, 1.0, 1))
    done = _done((3, 1.0, 1), (9, 0.5, 1), (8, 0.4, 1))
    assert sorted(liked_numbers(rated, done, scale).tolist()) == [2, 4, 9]
    assert sorted(liked_numbers(rated, NOTHING_DONE, scale).tolist()) == [2, 4]


def test_the_crowd_is_everybody_who_liked_something() -> None:
    assert make_crowd(HISTORIES, RatingScale(min=1, max=5, step=1)).user_ids == ("ada", "bob", "cyd")
    assert make_crowd(_histories(), RatingScale()).user_ids == ()
