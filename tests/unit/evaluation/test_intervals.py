"""Bootstrap intervals and paired tests: known answers, and how often they are right."""

import numpy as np
import pytest

from marquee.evaluation.estimators import Ratio, Spread
from marquee.evaluation.intervals import difference, estimate, estimates, holm, resampled_people


def _mean(values: np.ndarray) -> Ratio:
    return Ratio(values, np.ones(len(values)))


def test_each_resample_draws_as_many_people_as_there_are() -> None:
    weights = resampled_people(7, resamples=50, seed=1)
    assert weights.shape == (50, 7)
    assert (weights.sum(axis=1) == 7).all()
    assert (weights == resampled_people(7, resamples=50, seed=1)).all()
    assert (weights != resampled_people(7, resamples=50, seed=2)).any()


def test_a_mean_has_about_the_interval_of_its_standard_error() -> None:
    """For 400 draws of standard deviation 1 the error is 1/20, so the interval is 1.96/20 to each side."""
    values = np.random.default_rng(0).normal(3.0, 1.0, 400)
    found = estimate(_mean(values), resampled_people(400, 4000))
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert found.value == pytest.approx(values.mean())
    assert found.value - found.low == pytest.approx(1.96 * values.std() / 20, rel=0.08)
    assert found.high - found.value == pytest.approx(1.96 * values.std() / 20, rel=0.08)


def test_several_figures_have_the_intervals_that_each_has_alone() -> None:
    random = np.random.default_rng(3)
    figures = [_mean(random.normal(size=30)) for _ in range(3)]
    nothing = Ratio(np.zeros(30), np.zeros(30))
    together = estimates([*figures, nothing], 30, resamples=200, seed=4)
    weights = resampled_people(30, 200, seed=4)
    assert together == [*(estimate(figure, weights) for figure in figures), None]


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    random, held = np.random.default_rng(5), 0
    weights = resampled_people(60, 400)
    for _ in range(200):
        found = estimate(_mean(random.exponential(1.0, 60)), weights, level=0.9)
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 1.0 <= found.high
    assert 0.82 <= held / 200 <= 0.96


def test_ratings_and_not_people_weigh_a_ratio_of_sums() -> None:
    """Squared errors 4 of one rating and 5 of four: √(9/5)."""
    root = Ratio(np.array([4.0, 5.0]), np.array([1.0, 4.0]), root=True)
    assert root(np.ones((1, 2)))[0] == pytest.approx(np.sqrt(9 / 5))
    assert root(np.array([[2.0, 0.0]]))[0] == 2.0


def test_nothing_to_measure_has_no_figure_and_one_person_no_interval() -> None:
    weights = resampled_people(3, 100)
    assert estimate(Ratio(np.zeros(3), np.zeros(3)), weights) is None
    alone = estimate(Ratio(np.array([2.0, 0, 0]), np.array([1.0, 0, 0])), weights)
    assert alone is not None
    assert (alone.value, alone.low, alone.high) == (2.0, None, None)


def test_a_paired_test_sees_a_small_difference_between_people_who_differ_much() -> None:
    random = np.random.default_rng(2)
    people = random.normal(0.0, 10.0, 200)
    better = people + 0.5 + random.normal(0.0, 1.0, 200)
    found = difference(_mean(better), _mean(people), resampled_people(200, 2000))
    assert found is not None
    assert found.p is not None
    assert found.difference.value == pytest.approx((better - people).mean())
    assert found.difference.low is not None
    assert found.difference.low > 0
    assert found.p < 0.01


def test_no_difference_is_found_about_as_often_as_chance_allows() -> None:
    random, found = np.random.default_rng(8), []
    weights = resampled_people(80, 400)
    for _ in range(200):
        one, other = random.normal(0, 1, (2, 80))
        test = difference(_mean(one), _mean(other), weights)
        assert test is not None
        assert test.p is not None
        found.append(test.p < 0.1)
    assert 0.04 <= np.mean(found) <= 0.17


def test_a_model_against_itself_differs_by_nothing() -> None:
    values = np.arange(5.0)
    found = difference(_mean(values), _mean(values), resampled_people(5, 100))
    assert found is not None
    assert found.difference.value == 0.0
    assert found.p is None


def test_holm_as_in_the_textbook() -> None:
    """0.01 x 4, 0.02 x 3, 0.03 x 2, 0.04 x 1, never less than one before."""
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


def test_a_spread_is_the_largest_minus_the_smallest_or_their_ratio() -> None:
    parts = tuple(_mean(np.full(2, value)) for value in (1.0, 4.0, 2.0))
    assert Spread(parts)(np.ones((1, 2)))[0] == 3.0
    assert Spread(parts, as_ratio=True)(np.ones((1, 2)))[0] == 0.25
