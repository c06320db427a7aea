"""Filters of four films: a (Comedy, War, 1990), b (nothing known), c (War, 2001), d (Comedy, 2010)."""

import numpy as np
import pytest

from marquee.domain.errors import InvalidInput
from marquee.recommend.filters import NO_FILTERS, Filters, named_value
from tests.unit.recommend.test_facts import FACTS, FILMS


def _ids(filters: Filters) -> str:
    return "".join(FILMS[row].item_id for row in np.flatnonzero(filters.passing(FACTS)))


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (NO_FILTERS, "abcd"),
        (Filters(any_category=("War",)), "ac"),
        (Filters(any_category=("War", "Comedy")), "acd"),
        (Filters(any_category=("War", "Opera")), "ac"),
        (Filters(all_categories=("War", "Comedy")), "a"),
        (Filters(all_categories=("War", "Opera")), ""),
        (Filters(no_category=("War",)), "bd"),
        (Filters(any_category=("Comedy",), no_category=("War", "Opera")), "d"),
        (Filters(year_from=2001), "cd"),
        (Filters(year_to=2001), "ac"),
        (Filters(year_from=1990, year_to=2001), "ac"),
        (Filters(year_from=2002, year_to=2001), ""),
        (Filters(attributes=(("studio", "Ghibli"),)), "ab"),
        (Filters(attributes=(("studio", "Ghibli"), ("awards", "5"))), "a"),
        (Filters(attributes=(("awards", "5.0"),)), "ac"),
        (Filters(attributes=(("awards", "5e0"),)), "ac"),
        (Filters(attributes=(("awards", "05"),)), ""),
        (Filters(attributes=(("no such", "x"),)), ""),
        (Filters(any_category=("Comedy",), year_from=1991, attributes=(("studio", "ghibli"),)), "d"),
    ],
)
def test_all_that_is_given_must_hold(filters: Filters, expected: str) -> None:
    assert _ids(filters) == expected


def test_categories_are_unknown_where_they_let_nothing_pass() -> None:
    assert Filters(any_category=("Opera", "War")).unknown_categories(FACTS) == []
    assert Filters(any_category=("Opera", "Noir")).unknown_categories(FACTS) == ["Opera", "Noir"]
    assert Filters(all_categories=("War", "Opera")).unknown_categories(FACTS) == ["Opera"]
    assert Filters(no_category=("Opera",)).unknown_categories(FACTS) == []


def test_an_attribute_is_split_at_its_first_colon() -> None:
    assert named_value("url:https://x") == ("url", "https://x")
    assert named_value("empty:") == ("empty", "")


@pytest.mark.parametrize("text", ["studio", ":Ghibli", ""])
def test_an_attribute_without_a_name_and_a_value_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="not a name and a value"):
        named_value(text)
