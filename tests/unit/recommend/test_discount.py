"""What being shown without an answer costs an item."""

from collections import Counter

import pytest

from marquee.recommend.discount import Shown, factors, times_left_alone

LISTS = [Shown(100.0, ["a", "b"]), Shown(200.0, ["a", "c"]), Shown(300.0, ["a"])]


def test_each_showing_counts() -> None:
    assert times_left_alone(LISTS, {}, since=0) == Counter(a=3, b=1, c=1)


def test_an_item_that_stands_twice_in_a_list_was_shown_once() -> None:
    assert times_left_alone([Shown(1.0, ["a", "a"])], {}, since=0) == Counter(a=1)


def test_what_was_shown_too_long_ago_does_not_count() -> None:
    assert times_left_alone(LISTS, {}, since=200.0) == Counter(a=2, c=1)


def test_an_answer_settles_what_was_shown_before_it_and_nothing_after() -> None:
    assert times_left_alone(LISTS, {"a": 250.0, "b": 100.0}, since=0) == Counter(a=1, c=1)


def test_an_answer_of_the_same_second_is_an_answer() -> None:
    """Times of answers are whole seconds: one at 100.9 is told as 100."""
    assert times_left_alone([Shown(100.7, ["a"])], {"a": 100.0}, since=0) == Counter()
    assert times_left_alone([Shown(101.0, ["a"])], {"a": 100.0}, since=0) == Counter(a=1)


def test_each_time_costs_the_same_share_of_what_is_left() -> None:
    assert factors({"a": 1, "b": 2}, 0.5) == {"a": 0.5, "b": 0.25}
    assert factors({"a": 3}, 0.0) == {"a": 1.0}
    assert factors({"a": 1}, 1.0) == {"a": 0.0}
    assert factors({"a": 2}, 0.1)["a"] == pytest.approx(0.81)
