"""What lists show of a catalogue, worked out by hand. `-1` is an empty place."""

import numpy as np
import pandas as pd
import pytest

from marquee.domain.history import ItemIndex
from marquee.evaluation.catalogue import (
    Catalogue,
    coverage,
    diversity,
    exposures,
    gini,
    mean_popularity,
    novelty,
    serendipity,
)
from tests.support.ratings import frame_of


def _lists(*rows: list[int]) -> np.ndarray:
    return np.array(rows, dtype=np.int32)


def test_coverage_is_the_share_of_the_catalogue_in_any_list() -> None:
    shown = exposures(_lists([0, 1], [1, -1]), 5)
    assert shown.tolist() == [1, 2, 0, 0, 0]
    assert coverage(shown) == 2 / 5


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([3, 3, 3], 0.0),
        ([0, 0, 6], 2 / 3),  # one of three has all: 1 - 1/3
        ([1, 3], (1 * -1 + 3 * 1) / (2 * 4)),
        ([0, 1, 3], (0 * -2 + 1 * 0 + 3 * 2) / (3 * 4)),  # the one never shown makes it less equal
    ],
)
def test_gini_counts_items_never_shown(places: list[int], expected: float) -> None:
    assert gini(np.array(places)) == pytest.approx(expected)


def test_gini_of_no_lists_is_not_a_number() -> None:
    assert np.isnan(gini(np.zeros(3)))


def test_novelty_is_the_mean_self_information() -> None:
    """Known to 1, 1/2 and 1/4 of four people: 0, 1 and 2 bits; to nobody counts as to one."""
    popularity = np.array([1.0, 0.5, 0.25, 0.0])
    found = novelty(_lists([0, 1], [1, 2], [3, -1], [-1, -1]), popularity, 4)
    assert found[:3].tolist() == [0.5, 1.5, 2.0]
    assert np.isnan(found[3])


def test_popularity_of_a_list_leaves_empty_places_out() -> None:
    assert mean_popularity(_lists([0, 2], [1, -1]), np.array([1.0, 0.5, 0.0])).tolist() == [0.5, 0.5]


def test_diversity_is_the_mean_distance_of_pairs() -> None:
    """Pairs of (1,0), (1,0), (0,1): alike, apart, apart; (1,0) and (1,1) have a cosine of 1/√2."""
    features = np.array([[1, 0], [1, 0], [0, 1], [1, 1], [0, 0]], dtype=np.float32)
    found = diversity(_lists([0, 1, 2], [0, 3, -1], [4, 0, -1], [0, -1, -1]), features)
    assert found[:3].tolist() == pytest.approx([2 / 3, 1 - 1 / np.sqrt(2), 1.0])
    assert np.isnan(found[3])


def test_diversity_without_features_is_not_a_number() -> None:
    assert np.isnan(diversity(_lists([0, 1]), np.zeros((2, 0), dtype=np.float32))).all()


def test_serendipity_counts_hits_that_popularity_does_not_list() -> None:
    """Hits at places 1 and 2; the first is expected."""
    hits = np.array([[True, True, False, False]])
    assert serendipity(hits, _lists([5, 6, 7, 8]), _lists([5, 7, 1, 2])).tolist() == [1 / 4]


def test_a_catalogue_counts_people_and_knows_its_head() -> None:
    """a has 3 of 6 ratings, half of them: it is the head."""
    train = frame_of(
        *(("u", item, 4.0, 1) for item in "abc"), *(("v", item, 2.0, 1) for item in "ab"), ("w", "a", 1.0, 1)
    )
    items = pd.DataFrame({"item_id": ["a", "b", "x"], "genres": [["War"], ["War", "Drama"], ["Drama"]]})
    catalogue = Catalogue.of(ItemIndex("abcd"), train, items)
    assert catalogue.counts.tolist() == [3, 2, 1, 0]
    assert catalogue.popularity.tolist() == pytest.approx([1, 2 / 3, 1 / 3, 0])
    assert catalogue.by_popularity.tolist() == [0, 1, 2, 3]
    assert catalogue.head.tolist() == [True, False, False, False]
    assert catalogue.genres == ("Drama", "War")
    assert catalogue.features.tolist() == [[0, 1], [1, 1], [0, 0], [0, 0]]
