"""The traffic that the judge is tried on: it has the effects it is said to have, and is summed rightly."""

from collections import defaultdict

import numpy as np
import pytest

from benchmarks.judge_rollouts import HARM, METRICS, Rules, run
from benchmarks.judge_traffic import Sums, World, rollout

LONG = World(50, 2000, trend=0.0)


def test_sums_are_those_of_what_is_known_at_a_time() -> None:
    random = np.random.default_rng(0)
    known = np.sort(random.random(200)) * 100
    person, step, challenger = (
        random.integers(0, 9, 200),
        random.integers(0, 3, 200),
        random.random(200) < 0.5,
    )
    value = random.normal(size=200)
    sums = Sums(known, (person, step, challenger), value, 3)
    for seconds in (0.0, 30.0, 31.0, 100.0):
        expected: dict[tuple[int, int, bool], list[float]] = defaultdict(list)
        for at in np.flatnonzero(known <= seconds):
            expected[int(person[at]), int(step[at]), bool(challenger[at])].append(float(value[at]))
        found = sums.at(seconds)
        rows = {
            (int(p), int(s), bool(c)): (n, total, squares)
            for p, s, c, n, total, squares in zip(
                found.person, found.step, found.challenger, found.n, found.total, found.squares, strict=True
            )
        }
        assert rows.keys() == expected.keys()
        for key, values in expected.items():
            squares = sum(one * one for one in values)
            assert rows[key] == pytest.approx((len(values), sum(values), squares))


@pytest.mark.parametrize("effect", [0.0, -0.5])
def test_positive_answers_inside_the_window_have_the_rate_and_the_effect_that_were_asked_for(
    effect: float,
) -> None:
    world = World(50, 2000, trend=0.0, effect=effect)
    found = rollout(world, 1)["positive"].at(world.seconds)
    rates = [
        found.total[found.challenger == arm].sum() / found.n[found.challenger == arm].sum() for arm in (0, 1)
    ]
    assert rates[0] == pytest.approx(world.base, rel=0.06)
    assert rates[1] == pytest.approx(world.base * (1 + effect), rel=0.08)


def test_lists_count_only_when_they_are_older_than_the_window() -> None:
    traffic = rollout(LONG, 2)
    until = LONG.window + 100
    assert traffic["positive"].at(LONG.window - 1).n.sum() == 0
    asked = traffic["latency"].at(100).n.sum()
    failed = traffic["errors"].at(100).total.sum()
    assert traffic["positive"].at(until).n.sum() == asked - failed


def test_people_stay_with_their_variant_until_the_share_takes_them() -> None:
    found = rollout(LONG, 3)["positive"].at(LONG.seconds)
    for step, (share, _) in enumerate(LONG.steps):
        of = found.step == step
        assert not set(found.person[of & found.challenger]) & set(found.person[of & ~found.challenger])
        assert found.n[of & found.challenger].sum() / found.n[of].sum() == pytest.approx(share, abs=0.04)
    first = set(found.person[(found.step == 0) & found.challenger])
    assert not first & set(found.person[(found.step == 2) & ~found.challenger])


def test_a_seed_gives_the_same_rollout_and_a_broken_challenger_is_sent_back() -> None:
    world = World(50, 120, failing=1.0)
    outcome = run(4, world, Rules(), ends=HARM, metrics=METRICS)
    assert outcome == run(4, world, Rules(), ends=HARM, metrics=METRICS)
    assert (outcome.verdict, outcome.because) == ("worse", ("errors",))
