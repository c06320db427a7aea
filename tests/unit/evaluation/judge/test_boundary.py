"""The boundary: against its two-sided form, where it is tightest, and how often chance crosses it."""

import math

import numpy as np
import pytest

from marquee.evaluation.judge.boundary import radius, tuned


@pytest.mark.parametrize("variance", [1.0, 30.0, 1000.0])
@pytest.mark.parametrize("level", [0.025, 0.005])
def test_one_side_is_the_two_sided_boundary_of_twice_its_level_up_to_a_hair(
    variance: float, level: float
) -> None:
    q = variance / 30.0
    two_sided = math.sqrt(variance) * math.sqrt((1 + 1 / q) * math.log((1 + q) / (2 * level) ** 2))
    assert radius(variance, 30.0, level) == pytest.approx(two_sided, rel=2e-3)
    assert radius(variance, 30.0, level) > two_sided * (1 - 1e-3)


def test_the_mixture_reaches_one_over_the_level_on_the_boundary() -> None:
    """The half-normal mixture of exp(l S - l² V / 2), summed numerically, at S = the boundary."""
    variance, tau, level = 40.0, 10.0, 0.025
    rates = np.linspace(0.0, 6.0, 200_001)
    density = 2.0 * math.sqrt(tau / (2 * math.pi)) * np.exp(-tau * rates**2 / 2)
    s = radius(variance, tau, level)
    mixture = float(np.trapezoid(density * np.exp(rates * s - rates**2 * variance / 2), rates))
    assert mixture == pytest.approx(1 / level, rel=1e-5)


def test_tuned_for_a_variance_the_boundary_is_tightest_there_in_standard_errors() -> None:
    tau = tuned(100.0, 0.025)
    at = {
        variance: radius(variance, tau, 0.025) / math.sqrt(variance) for variance in (60, 90, 100, 110, 160)
    }
    assert at[100] == pytest.approx(3.036, abs=0.001)  # √(1 + q), q = 8.21
    assert at[60] > at[90] > at[100] - 1e-3
    assert at[160] > at[110] > at[100] - 1e-3


def test_a_walk_seen_at_every_step_leaves_it_no_more_often_than_stated() -> None:
    """At 5 % a side; one look at the end leaves 1.64 standard errors as often."""
    walks = np.random.default_rng(3).standard_normal((2000, 1500)).cumsum(axis=1)
    bounds = np.array([radius(float(v), tuned(300.0, 0.05), 0.05) for v in range(1, 1501)])
    crossed = (walks > bounds).any(axis=1).mean()
    assert 0.015 < crossed <= 0.05
    naive = (walks > 1.645 * np.sqrt(np.arange(1, 1501))).any(axis=1).mean()
    assert naive > 0.3
