"""Who is like whom, with similarities worked out by hand."""

from math import log, sqrt

import numpy as np
import pytest

from marquee.recommend import people
from marquee.recommend.people import SHRINKAGE, Alike, Crowd, Likes

# Item 0 is liked by all four, 1 by two, 2 by two, 3 by one.
PEOPLE = {"ada": [0, 1, 2], "bob": [0, 1], "cyd": [0, 2, 3], "dan": [0]}
IDF = [0.0, log(2), log(2), log(4)]


def _crowd(of: dict[str, list[int]] = PEOPLE, n_items: int = 4) -> Crowd:
    return Crowd.of((Likes(user_id, np.array(rows, np.int32)) for user_id, rows in of.items()), n_items)


def _nearest(crowd: Crowd, user_id: str, rows: list[int], n: int = 10) -> list[Alike]:
    return crowd.nearest(Likes(user_id, np.array(rows, np.int32)), n, most_shared=2)


def test_similarity_is_a_cosine_by_rarity_drawn_to_nothing_by_shrinkage() -> None:
    """ada and bob share item 1, ada and cyd item 2; cyd's rare item 3 makes her less like ada."""
    found = _nearest(_crowd(), "ada", PEOPLE["ada"])
    ada, bob, cyd = sqrt(2 * log(2)), sqrt(log(2)), sqrt(log(2) + log(4))
    assert [(alike.user_id, alike.n_shared, alike.shared) for alike in found] == [
        ("bob", 2, [1, 0]),
        ("cyd", 2, [2, 0]),
    ]
    assert [alike.similarity for alike in found] == pytest.approx(
        [log(2) / (ada * bob + SHRINKAGE), log(2) / (ada * cyd + SHRINKAGE)], rel=1e-6
    )


def test_what_everybody_likes_makes_nobody_alike() -> None:
    assert _nearest(_crowd(), "dan", [0]) == []


def test_the_likes_of_now_count_and_not_those_of_when_the_crowd_was_looked_at() -> None:
    assert _nearest(_crowd(), "dan", [0, 3])[0].user_id == "cyd"
    assert _nearest(_crowd(), "somebody new", [1])[0].user_id == "bob"


def test_an_item_that_came_later_says_nothing() -> None:
    assert [alike.user_id for alike in _nearest(_crowd(), "eve", [2, 99])] == ["ada", "cyd"]


def test_no_more_are_given_than_are_asked_for() -> None:
    assert [alike.user_id for alike in _nearest(_crowd(), "ada", PEOPLE["ada"], n=1)] == ["bob"]


def test_somebody_who_liked_nothing_is_like_nobody_and_nobody_is_like_them() -> None:
    crowd = _crowd({**PEOPLE, "eve": []})
    assert crowd.user_ids == ("ada", "bob", "cyd", "dan")
    assert _nearest(crowd, "eve", []) == []


def test_nobody_at_all_is_a_crowd_too() -> None:
    assert _nearest(_crowd({}), "ada", [1]) == []


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    many = {f"u{n}": np.unique(random.integers(0, 50, random.integers(0, 30))).tolist() for n in range(60)}
    whole = _nearest(_crowd(many, 50), "u3", many["u3"], n=60)
    for size in (1, 7, 100):
        monkeypatch.setattr(people, "BLOCK", size)
        assert _nearest(_crowd(many, 50), "u3", many["u3"], n=60) == whole


def test_two_tastes_keep_apart() -> None:
    """Even people like even items, odd ones odd items: nobody is like somebody of the other taste."""
    random = np.random.default_rng(1)
    of = {f"u{n}": [item for item in range(n % 2, 20, 2) if random.random() < 0.7] for n in range(40)}
    for user_id, rows in of.items():
        found = _nearest(_crowd(of, 20), user_id, rows)
        assert len(found) == 10
        assert {int(alike.user_id[1:]) % 2 for alike in found} == {int(user_id[1:]) % 2}
