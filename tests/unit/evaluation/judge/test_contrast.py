"""The sums of the judge: by hand, against leaving people out one by one, and under a trend."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marquee.evaluation.judge.contrast import paired, stratified
from marquee.evaluation.judge.observations import Observations

Row = tuple[int, int, bool, float, float]  # person, step, challenger, lists, of them positive


def shares(rows: Sequence[Row]) -> Observations:
    person, step, challenger, n, total = (np.array(column) for column in zip(*rows, strict=True))
    positive = total.astype(np.float64)
    return Observations(person, step, challenger, n.astype(np.float64), positive, positive)


FOUR = [(1, 0, True, 10, 6), (2, 0, True, 10, 2), (3, 0, False, 20, 4), (4, 0, False, 20, 16)]


def test_two_people_of_each_variant_by_hand() -> None:
    """Rates 8/20 and 20/40; w = 20 * 40 / 60.

    Without person 1 the challenger's rate is 2/10, 0.2 away; without 3 the champion's is 16/20, 0.3 away.
    """
    found = stratified(shares(FOUR), share=True)
    assert found is not None
    w = 20 * 40 / 60
    assert found.weight == pytest.approx(w)
    assert found.total() / w == pytest.approx(-0.1)
    assert found.total(0.8) == pytest.approx(0.0)
    assert found.challenger_variance == pytest.approx(w**2 * 2 * 0.2**2)
    assert found.champion_variance == pytest.approx(w**2 * 2 * 0.3**2)
    assert found.covariance == 0
    assert found.variance(0.5) == pytest.approx(w**2 * (0.08 + 0.25 * 0.18))
    assert (found.challenger_people, found.champion_people, found.observations) == (2, 2, 60)


def test_a_share_never_seen_keeps_the_variance_of_one_in_n_plus_two() -> None:
    rows = [(person, 0, person % 2 == 0, 10, 0) for person in range(8)]
    found = stratified(shares(rows), share=True)
    assert found is not None
    rate = 1 / 42
    assert found.weight == 20
    assert found.variance() == pytest.approx(2 * 20**2 * rate * (1 - rate) / 40)


def test_variance_is_that_of_leaving_people_out_one_by_one_over_steps_and_variants() -> None:
    """A loop that deletes a person and adds up anew, with the steps' weights kept."""
    random = np.random.default_rng(5)
    rows: list[Row] = []
    for person in range(60):
        taste, joins = random.beta(2, 6), random.integers(0, 4)
        for step in range(3):
            n = int(random.geometric(0.3))
            rows.append((person, step, bool(step >= joins), n, int(random.binomial(n, taste))))
    found = stratified(shares(rows), share=True)
    assert found is not None
    weights = {step: _weight([row for row in rows if row[1] == step]) for step in range(3)}
    whole = _total(rows, weights, 0.9)
    without = [_total([row for row in rows if row[0] != person], weights, 0.9) for person in range(60)]
    assert found.total(0.9) == pytest.approx(whole)
    assert found.variance(0.9) == pytest.approx(sum((one - whole) ** 2 for one in without))
    assert found.covariance != 0


def _weight(rows: Sequence[Row]) -> float:
    n1, n0 = (sum(row[3] for row in rows if row[2] is arm) for arm in (True, False))
    return n1 * n0 / (n1 + n0)


def _total(rows: Sequence[Row], weights: dict[int, float], c: float) -> float:
    def rate(step: int, arm: bool) -> float:
        cell = [row for row in rows if row[1] == step and row[2] is arm]
        return sum(row[4] for row in cell) / sum(row[3] for row in cell)

    return sum(w * (rate(step, True) - c * rate(step, False)) for step, w in weights.items())


def test_a_trend_over_time_is_not_taken_for_an_effect() -> None:
    """The challenger has more traffic when everybody clicks more; within a step both click alike."""
    rows = [(person, 0, person < 5, 10, 1) for person in range(100)]
    rows += [(person, 1, person < 50, 10, 3) for person in range(100)]
    found = stratified(shares(rows), share=True)
    assert found is not None
    assert found.total() == pytest.approx(0.0)
    pooled = [sum(row[4] for row in rows if row[2] is arm) for arm in (True, False)]
    assert pooled[0] / 550 - pooled[1] / 1450 > 0.08


def test_a_step_in_which_one_variant_has_a_single_person_is_left_out() -> None:
    alone = [(9, 1, True, 50, 50), (3, 1, False, 5, 1), (4, 1, False, 5, 1)]
    assert stratified(shares(FOUR + alone), share=True) == stratified(shares(FOUR), share=True)
    assert stratified(shares(alone), share=True) is None


def test_differences_of_the_same_outcomes_are_pooled_by_person() -> None:
    """Person 1: 0.2 and 0.4 in two steps; 2: -0.3 once. Without 1 the mean is -0.3, without 2 it is 0.3."""
    observed = Observations(
        np.array([1, 1, 2]),
        np.array([0, 1, 1]),
        np.array([True, False, False]),
        np.ones(3),
        np.array([0.2, 0.4, -0.3]),
        np.array([0.04, 0.16, 0.09]),
    )
    found = paired(observed, share=False)
    assert found is not None
    assert (found.weight, found.challenger_people, found.observations) == (3, 2, 3)
    assert found.total() / found.weight == pytest.approx(0.1)
    assert found.variance() == pytest.approx(9 * (0.4**2 + 0.2**2))


@given(st.integers(2, 5), st.floats(0.5, 20))
def test_variance_grows_with_the_square_of_the_unit(people: int, unit: float) -> None:
    """Milliseconds or seconds: the same judgement."""
    random = np.random.default_rng(people)
    values = random.normal(10, 3, 2 * people)
    side = np.arange(2 * people) % 2 == 0
    zeros, ones = np.zeros(2 * people, dtype=np.int64), np.ones(2 * people)

    def found(scale: float) -> float:
        scaled = values * scale
        rows = Observations(np.arange(2 * people), zeros, side, ones, scaled, scaled**2)
        summed = stratified(rows, share=False)
        assert summed is not None
        return summed.variance()

    assert found(unit) == pytest.approx(unit**2 * found(1.0), rel=1e-6)
