import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.recommend.diversity import MOST_PLACES, pool_size, reordered

# Two comedies, two dramas, best first.
RELEVANCE = np.array([4.0, 3.5, 3.0, 2.0], np.float32)
GENRES = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], np.float32)


@pytest.mark.parametrize(
    ("diversity", "order"),
    [
        (0.0, [0, 1, 2]),
        # Relevance is 1, 0.75, 0.5, 0. Second place: 0.9 x 0.75 - 0.1 = 0.575 beats 0.9 x 0.5 = 0.45.
        (0.1, [0, 1, 2]),
        # Second place: 0.7 x 0.75 - 0.3 = 0.225 loses to 0.7 x 0.5 = 0.35.
        (0.3, [0, 2, 1]),
        (1.0, [0, 2, 1]),
    ],
)
def test_an_item_pays_for_being_like_those_before_it(diversity: float, order: list[int]) -> None:
    assert reordered(RELEVANCE, GENRES, 3, diversity) == order


def test_it_is_the_mean_likeness_that_counts() -> None:
    """After comedy, drama: a second comedy and a second drama are each like half of the list."""
    assert reordered(RELEVANCE, GENRES, 4, 0.9) == [0, 2, 1, 3]


def test_items_of_one_relevance_are_told_apart_by_likeness_alone() -> None:
    assert reordered(np.ones(4, np.float32), GENRES, 4, 0.5) == [0, 2, 1, 3]


def test_nothing_to_choose_from_is_nothing() -> None:
    assert reordered(np.empty(0, np.float32), np.empty((0, 0), np.float32), 10, 0.5) == []


def test_long_lists_are_chosen_up_to_a_place_and_by_relevance_after_it() -> None:
    relevance = np.arange(2 * MOST_PLACES, 0, -1).astype(np.float32)
    order = reordered(relevance, np.ones((len(relevance), 1), np.float32), MOST_PLACES + 50, 0.5)
    assert order == list(range(MOST_PLACES + 50))
    assert pool_size(10) == 100
    assert pool_size(10_000) == 10_001


@settings(deadline=None)
@given(st.integers(0, 30), st.integers(0, 40), st.floats(0, 1))
def test_each_candidate_is_chosen_once(m: int, n: int, diversity: float) -> None:
    generator = np.random.default_rng(m + 100 * n)
    relevance = np.sort(generator.normal(size=m))[::-1].astype(np.float32)
    vectors = generator.normal(size=(m, 3)).astype(np.float32)
    order = reordered(relevance, vectors, n, diversity)
    assert len(order) == len(set(order)) == min(m, n)
    if diversity == 0:
        assert order == list(range(min(m, n)))
