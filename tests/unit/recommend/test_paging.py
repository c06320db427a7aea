import numpy as np

from marquee.recommend import paging
from marquee.recommend.paging import (
    HASH_BYTES,
    LONGEST_LIST_CURSOR,
    MOST_SHOWN,
    ShownItems,
    count_shown,
    from_cursor,
    to_cursor,
)

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


def test_a_cursor_says_what_was_shown() -> None:
    for count in (1, 2, MOST_SHOWN):
        shown = SHOWN.told(np.arange(count, dtype=np.int32) % 4)
        cursor = to_cursor(shown)
        assert from_cursor(cursor) == shown
        assert len(cursor) <= LONGEST_LIST_CURSOR
    assert len(cursor) == LONGEST_LIST_CURSOR


def test_what_no_list_gave_is_no_cursor() -> None:
    shown = b"x" * HASH_BYTES
    for none_of_ours in (b"", shown + b"x", shown * (MOST_SHOWN + 1)):
        assert from_cursor(to_cursor(none_of_ours)) is None
    cursor = to_cursor(shown * 2)
    for place, letter in enumerate(cursor):
        assert from_cursor(cursor[:place] + ("B" if letter == "A" else "A") + cursor[place + 1 :]) is None
    for cut in range(len(cursor)):
        assert from_cursor(cursor[:cut]) is None
    for text in ("not one of ours", "AAAA", "A" * 12, "✨", "\0"):
        assert from_cursor(text) is None


def test_hashes_hardly_ever_meet() -> None:
    shown = ShownItems([f"item {number}" for number in range(60_000)])
    assert len(np.unique(paging._numbers(shown._hashes))) >= 59_998
