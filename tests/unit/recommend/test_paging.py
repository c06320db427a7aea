import numpy as np

from marquee.recommend import paging
from marquee.recommend.paging import HASH_BYTES, MOST_SHOWN, ShownItems, count_shown, is_whole

SHOWN = ShownItems(["a", "b", "c ✨", "d"])


def test_what_was_shown_is_told_to_any_catalogue_with_the_same_items() -> None:
    told = SHOWN.told(np.array([3, 2], np.int32))
    assert count_shown(told) == 2
    assert SHOWN.rows(told).tolist() == [2, 3]
    assert ShownItems(["c ✨", "x", "d"]).rows(told).tolist() == [0, 2]
    assert ShownItems(["x"]).rows(told).tolist() == []
    assert ShownItems([]).rows(told).tolist() == []
    assert SHOWN.rows(told + told).tolist() == [2, 3]


def test_items_that_share_a_hash_are_all_taken_for_shown() -> None:
    shown = ShownItems(["a", "b", "c"])
    shown._hashes = shown._hashes[[0, 1, 0]]  # as if a and c had the same
    assert shown.rows(shown.told(np.array([2], np.int32))).tolist() == [0, 2]


def test_a_cursor_is_whole_hashes_of_a_bounded_number_of_items() -> None:
    assert not is_whole(b"")
    assert not is_whole(b"x" * (HASH_BYTES + 1))
    assert is_whole(b"x" * HASH_BYTES)
    assert is_whole(b"x" * HASH_BYTES * MOST_SHOWN)
    assert not is_whole(b"x" * HASH_BYTES * (MOST_SHOWN + 1))


def test_hashes_hardly_ever_meet() -> None:
    shown = ShownItems([f"item {number}" for number in range(60_000)])
    assert len(np.unique(paging._numbers(shown._hashes))) >= 59_998
