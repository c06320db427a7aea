import numpy as np
from numpy.testing import assert_allclose

from marquee.models.interval import calibrate


def test_quantiles_worked_out_by_hand() -> None:
    """Nine errors -4 … 4, 60 %: a fifth of 9 + 1 is two: the second from outside ends it."""
    predicted = np.full(9, 3.0, np.float32)
    interval = calibrate(predicted, predicted + np.arange(-4, 5, dtype=np.float32), coverage=0.6)
    low, high = interval.bounds(np.array([3.0, 10.0], np.float32))
    assert_allclose(low, [0.0, 7.0])
    assert_allclose(high, [6.0, 13.0])


def test_new_ratings_lie_inside_as_often_as_was_said_in_every_range() -> None:
    """Errors are twice as wide above 3 stars as below."""
    random = np.random.default_rng(0)

    def sample(n: int) -> tuple[np.ndarray, np.ndarray]:
        predicted = random.uniform(1, 5, n).astype(np.float32)
        width = np.where(predicted > 3, 1.0, 0.5)
        return predicted, (predicted + random.normal(0, width)).astype(np.float32)

    interval = calibrate(*sample(20_000), coverage=0.9)
    predicted, actual = sample(20_000)
    low, high = interval.bounds(predicted)
    inside = (low <= actual) & (actual <= high)
    for part in (predicted < 2.8, predicted > 3.2):
        assert_allclose(inside[part].mean(), 0.9, atol=0.015)
    assert (high - low)[predicted > 3.2].mean() > 1.8 * (high - low)[predicted < 2.8].mean()


def test_a_single_error_gives_an_interval_too() -> None:
    interval = calibrate(np.array([3.0], np.float32), np.array([4.0], np.float32), coverage=0.9)
    low, high = interval.bounds(np.array([2.0], np.float32))
    assert (low.tolist(), high.tolist()) == ([3.0], [3.0])
