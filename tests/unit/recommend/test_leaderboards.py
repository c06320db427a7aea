"""Lists for everybody, with values worked out by hand."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from marquee.models.protocol import Float32
from marquee.recommend.facts import NO_YEAR
from marquee.recommend.leaderboards import SECONDS_A_DAY, Signs, Trend, bayesian_averages, newest_first

NOW = 900_000_000  # in 1998
DAY = SECONDS_A_DAY


def _signs(*signs: tuple[int, float, int]) -> Signs:
    rows, weights, times = zip(*signs, strict=True)
    return Signs(np.array(rows, np.int32), np.array(weights, np.float32), np.array(times, np.int64))


def _scores(n_items: int, parts: list[Signs], now: float = NOW) -> Float32:
    trend = Trend(n_items, 14.0, now)
    for signs in parts:
        trend.add(signs)
    return trend.scores()


def test_a_sign_halves_with_every_half_life() -> None:
    """Item 0: now, and 14 days ago; item 1: thrice 28 days ago; item 2: an event of weight 0.4 now."""
    parts = [
        _signs((0, 1.0, NOW), (1, 1.0, NOW - 28 * DAY)),
        _signs((0, 1.0, NOW - 14 * DAY), (1, 1.0, NOW - 28 * DAY), (1, 1.0, NOW - 28 * DAY), (2, 0.4, NOW)),
    ]
    scores = _scores(4, parts)
    assert_allclose(scores, [1.5, 0.75, 0.4, -np.inf], rtol=1e-6)
    assert scores.dtype == np.float32
    assert_allclose(_scores(4, parts[::-1]), scores, rtol=1e-6)


def test_an_old_data_set_has_the_values_it_had_when_it_was_new() -> None:
    signs = [_signs((0, 1.0, NOW), (1, 1.0, NOW - 14 * DAY)), _signs((2, 1.0, NOW - 28 * DAY))]
    for now in (NOW, NOW + 10_000 * DAY):
        assert_allclose(_scores(3, signs, now), [1.0, 0.5, 0.25], rtol=1e-6)


@pytest.mark.parametrize("years_later", [6, 30, 500])
@pytest.mark.parametrize("in_parts", [True, False])
def test_a_sign_of_today_leaves_what_is_old_in_its_order(years_later: int, in_parts: bool) -> None:
    """Item 4 is rated long after all others, of which 1 and 2 are equals."""
    old = _signs(
        (0, 1.0, NOW - 1400 * DAY),
        *[(item, 1.0, NOW) for item in (1, 2, 3)],
        (3, 1.0, NOW - 1400 * DAY + DAY),
        (3, 1.0, NOW - DAY),
    )
    today = NOW + years_later * 365 * DAY
    late = _signs((4, 1.0, today))
    parts = [old, late] if in_parts else [Signs(*map(np.concatenate, zip(old, late, strict=True)))]
    for one in (parts, parts[::-1]):
        scores = _scores(6, one, today)
        assert scores[4] == 1.0
        assert scores[4] > scores[3] > scores[1] == scores[2] > scores[0] > 0
        assert scores[5] == -np.inf


def test_a_sign_from_the_future_counts_as_one_of_now() -> None:
    assert_array_equal(_scores(2, [_signs((0, 1.0, NOW + 99 * DAY), (1, 1.0, NOW))]), [1.0, 1.0])


def test_what_weighs_nothing_makes_no_item_trend() -> None:
    assert_allclose(_scores(2, [_signs((0, 0.0, NOW), (1, 0.1, NOW))]), [-np.inf, 0.1], rtol=1e-6)
    assert_array_equal(_scores(2, []), [-np.inf, -np.inf])


def test_an_average_of_few_ratings_is_drawn_towards_the_mean_of_all() -> None:
    """Stars sum to 5 + 38 + 2 = 45 over 1 + 10 + 1 = 12 ratings: 3.75. With 2 of these beforehand:
    (5 + 7.5) / 3, (38 + 7.5) / 12 and (2 + 7.5) / 3."""
    averages = bayesian_averages(np.array([1, 10, 1, 0]), np.array([5.0, 38.0, 2.0, 0.0]), 2.0)
    assert_allclose(averages, [12.5 / 3, 45.5 / 12, 9.5 / 3, -np.inf], rtol=1e-6)


def test_many_good_ratings_beat_one_perfect_one_and_without_a_prior_they_do_not() -> None:
    counts, sums = np.array([1, 100, 50]), np.array([5.0, 460.0, 150.0])
    assert bayesian_averages(counts, sums, 20.0).argmax() == 1
    assert bayesian_averages(counts, sums, 0.0).argmax() == 0


@pytest.mark.parametrize("prior", [0.0, 20.0])
def test_without_ratings_no_item_is_rated(prior: float) -> None:
    assert_array_equal(bayesian_averages(np.zeros(2, np.int64), np.zeros(2), prior), [-np.inf, -np.inf])


def test_what_was_added_on_a_later_day_is_newer_and_of_one_day_the_later_year() -> None:
    monday = datetime(2026, 3, 9, 8, tzinfo=UTC)
    added = [monday, monday + timedelta(hours=3), monday + timedelta(days=1), None, monday, monday]
    years = np.array([1998, 1990, 1950, 2020, NO_YEAR, 1998], np.int32)
    # Tuesday's; Monday's: 1998 (of two equal ones the later row), 1990, unknown; the one without a date.
    assert_array_equal(np.argsort(-newest_first(added, years)), [2, 5, 0, 1, 4, 3])
    assert sorted(newest_first(added, years).tolist()) == [1, 2, 3, 4, 5, 6]


def test_a_day_is_by_utc() -> None:
    """22:30 UTC on the 9th, and half an hour after midnight on the 10th in Berlin: the same day in UTC."""
    berlin = datetime.fromisoformat("2026-03-10T00:30:00+01:00")
    london = datetime(2026, 3, 9, 22, 30, tzinfo=UTC)
    assert_array_equal(newest_first([london, berlin], np.array([1999, 1990], np.int32)), [2, 1])
