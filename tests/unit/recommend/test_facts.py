"""What is known of four films, by row."""

import numpy as np
import pytest

from marquee.domain.records import Item
from marquee.recommend.facts import MOST_ATTRIBUTES, NO_YEAR, ItemFacts, Labels, text_of, texts_of

FILMS = [
    Item("a", "A", 1990, ("Comedy", "War"), {"studio": "Ghibli", "awards": 5}),
    Item("b", "B", None, (), {"studio": ["Ghibli", "Toho"], "colour": True}),
    Item("c", "C", 2001, ("War", "War"), {"awards": 5.0}),
    Item("d", "D", 2010, ("Comedy",), {"studio": "ghibli", "nested": {"x": 1}}),
]
FACTS = ItemFacts.of(FILMS)


def test_labels_are_found_by_row_and_rows_by_label() -> None:
    assert FACTS.categories.rows("War").tolist() == [0, 2]
    assert FACTS.categories.rows("Comedy").tolist() == [0, 3]
    assert FACTS.categories.rows("Opera").tolist() == []
    lengths, codes = FACTS.categories.of_rows(np.array([2, 0, 1], np.int32))
    names = {code: name for name, code in FACTS.categories.code_of.items()}
    assert lengths.tolist() == [1, 2, 0]  # a category that is given twice counts once
    assert [names[code] for code in codes.tolist()] == ["War", "Comedy", "War"]


def test_vectors_have_length_one_and_nothing_has_length_zero() -> None:
    vectors = FACTS.categories.unit_vectors(np.array([0, 1, 3], np.int32))
    assert (vectors @ vectors.T).tolist() == pytest.approx(
        np.array([[1, 0, 0.5**0.5], [0, 0, 0], [0.5**0.5, 0, 1]]), abs=1e-6
    )


def test_years_that_are_not_known_are_marked() -> None:
    assert FACTS.years.tolist() == [1990, NO_YEAR, 2001, 2010]


def test_attributes_are_compared_as_texts_and_of_a_list_each_value_counts() -> None:
    assert FACTS.attribute("studio").rows("Ghibli").tolist() == [0, 1]
    assert FACTS.attribute("studio").rows("Toho").tolist() == [1]
    assert FACTS.attribute("awards").rows("5").tolist() == [0, 2]
    assert FACTS.attribute("colour").rows("true").tolist() == [1]
    assert FACTS.attribute("nested").rows("{'x': 1}").tolist() == []


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (False, "false"), (5, "5"), (5.0, "5"), (2.5, "2.5"), ("x", "x")]
)
def test_plain_values_have_one_text_each(value: str | int | float | bool, text: str) -> None:
    assert text_of(value) == text


def test_what_is_nested_or_missing_has_no_text() -> None:
    assert texts_of(None) == texts_of({"a": 1}) == texts_of([["x"]]) == []


def test_other_rows_say_the_same_of_the_same_items() -> None:
    """Row 0 is d, row 1 nothing, row 2 a."""
    other = FACTS.renumbered(np.array([3, -1, 0], np.int32))
    assert len(other) == 3
    assert other.years.tolist() == [2010, NO_YEAR, 1990]
    assert other.categories.rows("Comedy").tolist() == [0, 2]
    assert other.categories.rows("War").tolist() == [2]
    assert other.attribute("studio").rows("Ghibli").tolist() == [2]


def test_some_items_that_change_leave_the_facts_of_the_others() -> None:
    """a is no war film any more, c has no category, e is new: what comes of it is what all of them give."""
    items = [
        Item("a", "A", 1991, ("Comedy",), {"studio": "Toho"}),
        FILMS[1],
        Item("c", "C", None, ()),
        FILMS[3],
        Item("e", "E", 2020, ("Noir", "War")),
    ]
    facts, anew = FACTS.updated(items, [0, 2, 4]), ItemFacts.of(items)
    assert facts.years.tolist() == anew.years.tolist() == [1991, NO_YEAR, NO_YEAR, 2010, 2020]
    for category, rows in {"Comedy": [0, 3], "War": [4], "Noir": [4]}.items():
        assert facts.categories.rows(category).tolist() == rows
        assert anew.categories.rows(category).tolist() == rows
    assert facts.categories.of_rows(np.arange(5, dtype=np.int32))[0].tolist() == [1, 0, 0, 1, 2]
    assert facts.attribute("studio").rows("Toho").tolist() == [0, 1]
    assert FACTS.categories.rows("War").tolist() == [0, 2]
    assert FACTS.updated(FILMS, []).categories.rows("War").tolist() == [0, 2]


def test_a_catalogue_that_grows_from_nothing_has_the_facts_of_its_items() -> None:
    assert ItemFacts.of([]).updated(FILMS, [0, 1, 2, 3]).categories.rows("Comedy").tolist() == [0, 3]


def test_inventing_names_of_attributes_fills_no_memory() -> None:
    made: list[str] = []

    def make(name: str) -> Labels:
        made.append(name)
        return Labels.of([()])

    facts = ItemFacts(np.zeros(1, np.int32), Labels.of([()]), make)
    for number in range(3 * MOST_ATTRIBUTES):
        facts.attribute(f"name {number}")
    assert len(facts._attributes) == MOST_ATTRIBUTES
    facts.attribute(f"name {3 * MOST_ATTRIBUTES - 1}")
    assert len(made) == 3 * MOST_ATTRIBUTES


def test_a_catalogue_without_items_has_facts_too() -> None:
    nothing = ItemFacts.of([])
    assert len(nothing) == 0
    assert nothing.categories.rows("War").tolist() == []
    assert nothing.categories.unit_vectors(np.empty(0, np.int32)).shape == (0, 0)
