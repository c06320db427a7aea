"""One list beside another; worked out by hand."""

import pytest

from marquee.recommend.agreement import agreement, kendall_tau
from marquee.recommend.recommender import Recommendation


def _list(*places: tuple[str, float | None, float | None, str]) -> list[Recommendation]:
    return [
        Recommendation(rank, item_id, rank, score, stars, source)  # type: ignore[arg-type]
        for rank, (item_id, score, stars, source) in enumerate(places, 1)
    ]


def test_two_lists_that_share_three_of_four_items() -> None:
    champion = _list(
        ("a", 0.9, 4.0, "personal"),
        ("b", 0.8, 3.0, "personal"),
        ("c", 7.0, 2.0, "popular"),
        ("d", 6.0, None, "popular"),
    )
    challenger = _list(
        ("c", 0.5, 2.5, "personal"),
        ("a", 0.7, 4.5, "personal"),
        ("b", 0.2, 2.0, "personal"),
        ("e", 0.1, 1.0, "personal"),
    )
    found = agreement(champion, challenger)
    assert found.overlap == pytest.approx(3 / 4)
    assert found.rank_correlation == pytest.approx(-1 / 3)  # a before b; c behind both, and before both
    assert found.stars_shift == pytest.approx((0.5 - 1.0 + 0.5) / 3)
    assert found.score_shift == pytest.approx((-0.2 - 0.6) / 2)  # c is from another source


def test_the_same_list_agrees_with_itself_in_everything() -> None:
    places = _list(("a", 0.9, 4.0, "personal"), ("b", 0.8, 3.0, "personal"))
    assert agreement(places, places) == (1.0, 1.0, 0.0, 0.0)


def test_lists_without_anything_in_common_say_nothing_of_order() -> None:
    one, other = _list(("a", 1.0, 4.0, "personal")), _list(("b", 1.0, 4.0, "personal"))
    assert agreement(one, other) == (0.0, None, None, None)
    assert agreement(one, []) == (0.0, None, None, None)
    assert agreement([], one) == (0.0, None, None, None)
    assert agreement([], []) == (1.0, None, None, None)


@pytest.mark.parametrize(
    ("ranks", "tau"),
    [
        ([1, 2, 3], 1.0),
        ([3, 2, 1], -1.0),
        ([2, 1, 3], 1 / 3),
        ([5, 1, 9, 2], 0.0),
        ([2, 1, 9, 5], 2 / 6),
        ([4], None),
        ([], None),
    ],
)
def test_kendalls_tau(ranks: list[int], tau: float | None) -> None:
    assert kendall_tau(ranks) == (tau if tau is None else pytest.approx(tau))


def test_what_the_champion_says_that_is_no_number_is_left_out() -> None:
    champion = _list(("a", float("nan"), float("nan"), "personal"), ("b", 0.5, 3.0, "personal"))
    challenger = _list(("a", 0.9, 4.0, "personal"), ("b", 0.7, 4.0, "personal"))
    found = agreement(champion, challenger)
    assert (found.stars_shift, found.score_shift) == (pytest.approx(1.0), pytest.approx(0.2))
