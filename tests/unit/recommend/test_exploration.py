from collections import Counter

import numpy as np
import pytest

from marquee.recommend.exploration import draw, generator_of

REQUEST = "019a8b2e-6c1f-7d3a-9f52-0b6f3c1d2e4f"
TIMES = 40_000


def _standing(
    n_places: int, n_spare: int, share: float
) -> tuple[Counter[tuple[int, int]], dict[tuple[int, int], float]]:
    """How often what stood where, -1 - place for the item of the list itself, and its reported propensity."""
    generator = np.random.default_rng(7)
    stood: Counter[tuple[int, int]] = Counter()
    said: dict[tuple[int, int], float] = {}
    for _ in range(TIMES):
        drawn = draw(n_places, n_spare, share, generator)
        for place, (spare, propensity) in enumerate(
            zip(drawn.spare.tolist(), drawn.propensities.tolist(), strict=True)
        ):
            stood[place, spare] += 1
            assert said.setdefault((place, spare), propensity) == propensity
    return stood, said


@pytest.mark.parametrize(
    ("n_places", "n_spare", "share"), [(3, 4, 0.3), (3, 3, 0.5), (4, 2, 0.4), (1, 1, 0.2)]
)
def test_propensities_are_how_often_an_item_stands_at_a_place(
    n_places: int, n_spare: int, share: float
) -> None:
    stood, said = _standing(n_places, n_spare, share)
    for standing, propensity in said.items():
        deviation = (propensity * (1 - propensity) / TIMES) ** 0.5
        assert stood[standing] / TIMES == pytest.approx(propensity, abs=5 * deviation + 1e-9), standing
    # Of each place, everything that may stand there adds up to 1.
    for place in range(n_places):
        assert sum(p for (at, _), p in said.items() if at == place) == pytest.approx(1.0, abs=1e-6)


def test_an_item_is_drawn_for_one_place_at_most() -> None:
    generator = np.random.default_rng(1)
    for _ in range(500):
        spare = draw(6, 6, 0.5, generator).spare
        drawn = spare[spare >= 0].tolist()
        assert len(set(drawn)) == len(drawn)


def test_with_few_spare_items_only_the_last_places_take_part() -> None:
    """Four places, two spare items, a share of 0.4: 1, 1, then 0.6 or 0.4 / 2."""
    generator = np.random.default_rng(2)
    for _ in range(100):
        spare, propensities = draw(4, 2, 0.4, generator)
        assert spare[:2].tolist() == [-1, -1]
        expected = [1.0, 1.0, *(0.2 if one >= 0 else 0.6 for one in spare[2:].tolist())]
        assert propensities.tolist() == pytest.approx(expected)


def test_without_spare_items_nothing_is_left_to_chance() -> None:
    drawn = draw(3, 0, 0.5, np.random.default_rng(3))
    assert (drawn.spare.tolist(), drawn.propensities.tolist()) == ([-1] * 3, [1.0] * 3)
    assert len(draw(0, 5, 0.5, np.random.default_rng(3)).spare) == 0


def test_a_request_draws_the_same_again_and_another_one_does_not() -> None:
    first, again = (draw(50, 50, 0.5, generator_of(REQUEST)).spare.tolist() for _ in range(2))
    assert first == again
    assert draw(50, 50, 0.5, generator_of(REQUEST[:-1] + "e")).spare.tolist() != first
