"""What doings imply; worked out by hand."""

import numpy as np
import pytest

from marquee.domain.history import History
from marquee.recommend.doings import Doing, implied_by, share_left, with_doings
from marquee.settings.serving import Feedback

NOW = 1_700_000_000.0
DAY = 86_400
FEEDBACK = Feedback.model_validate(
    {
        "kinds": {
            "click": {"weight": 0.4},
            "dislike": {"weight": -0.5},
            "seen": {"weight": 0.0, "seen": True},
            "buy": {"stars": 5.0},
        },
        "half_life_days": 2,
    }
)


@pytest.mark.parametrize(
    ("days", "half_life", "left"), [(0, 2, 1.0), (2, 2, 0.5), (6, 2, 0.125), (-1, 2, 1.0), (900, None, 1.0)]
)
def test_what_is_left_of_a_weight_halves_in_each_half_life(
    days: float, half_life: float | None, left: float
) -> None:
    assert share_left(days * DAY, half_life) == left


def test_weights_end_at_1_and_next_to_nothing_is_nothing() -> None:
    rows = np.array([1, 2, 3, 4], np.int32)
    implied = implied_by(rows, np.array([1.7, 0.0009, 0.2, 0.3], np.float32), np.array([4], np.int32))
    assert implied.rows.tolist() == [1, 3]
    assert implied.weights.tolist() == pytest.approx([1.0, 0.2])


def test_doings_are_added_to_a_history_of_ratings() -> None:
    rated = History.of([7], [3.0], [9], profile=[1])
    doings = [
        Doing(1, "click", NOW),
        Doing(1, "click", NOW - 2 * DAY),
        Doing(2, "click", NOW),
        Doing(2, "dislike", NOW - 40 * DAY),
        Doing(3, "seen", NOW),
        Doing(4, "buy", NOW - 5.5),
        Doing(4, "click", NOW),
        Doing(7, "buy", NOW),
        Doing(5, "unheard of", NOW),
    ]
    history = with_doings(rated, doings, FEEDBACK, NOW)
    assert history.rows.tolist() == [7, 4]
    assert history.ratings.tolist() == [3.0, 5.0]
    assert history.times.tolist() == [9, int(NOW - 5.5)]
    assert history.profile.tolist() == [1]
    assert history.implied.rows.tolist() == [1]
    assert history.implied.weights.tolist() == pytest.approx([0.6])
    assert sorted(history.hidden.tolist()) == [2, 3]
    assert sorted(history.left_out.tolist()) == [2, 3, 4, 7]


def test_without_doings_a_history_stays_as_it_is() -> None:
    history = with_doings(History.of([7], [3.0], [9]), [], FEEDBACK, NOW)
    assert history.rows.tolist() == [7]
    assert len(history.implied) == len(history.hidden) == 0
