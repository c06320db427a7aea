import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.model_selection import KFold

from marquee.domain.errors import DataError
from marquee.evaluation.splits import (
    Split,
    items_split,
    people_split,
    per_item_split,
    random_folds,
    temporal_split,
)
from tests.support.ratings import frame_of


def _keys(frame: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(frame["user_id"], frame["item_id"], strict=True))


def test_the_newest_fifth_is_the_test_set() -> None:
    frame = frame_of(*((f"u{time}", "x", 3.0, time) for time in range(10, 0, -1)))
    split = temporal_split(frame, 0.2)
    assert _keys(split.train) == [(f"u{time}", "x") for time in range(1, 9)]
    assert _keys(split.test) == [("u9", "x"), ("u10", "x")]


def test_ties_are_broken_by_user_and_item() -> None:
    frame = frame_of(("b", "x", 3.0, 1), ("a", "y", 3.0, 1), ("c", "x", 3.0, 1), ("d", "x", 3.0, 1))
    split = temporal_split(frame, 0.5)
    assert _keys(split.train) == [("a", "y"), ("b", "x")]
    assert _keys(split.test) == [("c", "x"), ("d", "x")]


@pytest.mark.parametrize(("share", "in_train"), [(0.55, 1), (0.3, 4)])
def test_one_persons_ratings_of_one_second_are_not_cut_apart(share: float, in_train: int) -> None:
    """Five ratings, of which b's three are of the same second: the cut goes to the nearer end of them."""
    rows = [
        ("a", "v", 3.0, 1),
        ("b", "x", 3.0, 2),
        ("b", "y", 3.0, 2),
        ("b", "z", 3.0, 2),
        ("c", "v", 3.0, 3),
    ]
    assert len(temporal_split(frame_of(*rows), share).train) == in_train


@pytest.mark.parametrize("rows", [[], [("a", "x", 3.0, 1)], [("a", "x", 3.0, 1), ("a", "y", 3.0, 1)]])
def test_what_cannot_be_split_is_refused(rows: list[tuple[str, str, float, int]]) -> None:
    with pytest.raises(DataError, match="too few to split by time"):
        temporal_split(frame_of(*rows))


def test_a_split_that_leaks_is_refused() -> None:
    with pytest.raises(DataError, match="leaks"):
        Split(frame_of(("a", "x", 3.0, 5)), frame_of(("a", "y", 3.0, 4)))


ratings = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from("vwxyz"), st.just(3.0), st.integers(0, 4)),
    min_size=2,
    max_size=15,
    unique_by=lambda row: row[:2],
)


@settings(deadline=None)  # the machine may be busy
@given(ratings, st.floats(0.05, 0.95), st.randoms(use_true_random=False))
def test_a_split_keeps_every_rating_in_time_whatever_order_they_come_in(rows, share: float, random) -> None:
    if len({(user, time) for user, _, _, time in rows}) < 2:
        return  # one group: refused, as tested above
    split = temporal_split(frame_of(*rows), share)
    assert sorted(_keys(split.train) + _keys(split.test)) == sorted((user, item) for user, item, _, _ in rows)
    assert split.train["timestamp"].max() <= split.test["timestamp"].min()
    groups = [set(zip(side["user_id"], side["timestamp"], strict=True)) for side in (split.train, split.test)]
    assert not groups[0] & groups[1]
    random.shuffle(rows)
    assert _keys(temporal_split(frame_of(*rows), share).test) == _keys(split.test)


def test_folds_are_those_of_scikit_learn() -> None:
    library = KFold(5, shuffle=True, random_state=0).split(np.arange(23))
    for (train, test), (library_train, library_test) in zip(random_folds(23, 5, 0), library, strict=True):
        assert_array_equal(train, library_train)
        assert_array_equal(test, library_test)


def test_fewer_ratings_than_folds_are_refused() -> None:
    with pytest.raises(DataError, match="4 ratings are too few for 5 folds"):
        list(random_folds(4, 5, 0))


def test_a_split_that_leaves_a_side_empty_says_what_there_is_too_little_of() -> None:
    one_person = frame_of(*(("a", f"i{n}", 3.0, n) for n in range(20)))
    one_item = frame_of(*((f"u{n}", "x", 3.0, n) for n in range(20)))
    with pytest.raises(DataError, match="too few of the items have two or more"):
        per_item_split(one_person)
    with pytest.raises(DataError, match=r"too few people \(1\) have 11 or more"):
        people_split(one_person, 0.2, 42, at_least=11)
    with pytest.raises(DataError, match=r"too few items \(1\) are rated"):
        items_split(one_item, 0.1, 42)
