"""Items and users, good and bad."""

from pathlib import Path

import pytest

from marquee.data import catalogue as c
from marquee.data.validation import NOT_DECODABLE, NUL
from marquee.domain import ids
from marquee.domain.limits import MOST_VALUES
from marquee.domain.records import Item, User
from tests.support.data_files import read, write


def item(**cells: str) -> Item:
    return c.item_of({"item_id": "1", **cells})


@pytest.mark.parametrize(
    ("written", "title", "year"),
    [
        ("Toy Story (1995)", "Toy Story", 1995),
        ("City of Lost Children, The (Cité des enfants perdus, La) (1995)",
         "City of Lost Children, The (Cité des enfants perdus, La)", 1995),
        ("Land Before Time III (1995) (V)", "Land Before Time III", 1995),
        ("Marlene Dietrich (1996) ", "Marlene Dietrich", 1996),
        ("2001: A Space Odyssey", "2001: A Space Odyssey", None),
        ("Death Note (2006-2007)", "Death Note (2006-2007)", None),
        ("Catalogue (0042)", "Catalogue (0042)", None),
        ("(1995)", "(1995)", None),
        ("Two\nlines,  and\tmore (1999)", "Two lines, and more", 1999),
        ("", "1", None),
    ],
)  # fmt: skip
def test_the_year_is_parted_from_the_title(written: str, title: str, year: int | None) -> None:
    parted = item(title=written)
    assert (parted.title, parted.year) == (title, year)


def test_a_year_of_its_own_leaves_the_title_alone() -> None:
    assert item(title="1984 (1949)", year="1984.0") == Item("1", "1984 (1949)", 1984)


@pytest.mark.parametrize(
    ("written", "genres"),
    [
        ("Animation|Children's|Comedy", ("Animation", "Children's", "Comedy")),
        ("Drama; War , Drama", ("Drama", "War")),
        ("(no genres listed)", ()),
        ("unknown", ()),
        ("", ()),
    ],
)
def test_genres_are_split(written: str, genres: tuple[str, ...]) -> None:
    assert item(genres=written).genres == genres


def test_other_columns_are_kept_as_attributes_unless_they_are_empty() -> None:
    kept = c.item_of({"item_id": "1", "attribute:director": " Lasseter ", "attribute:note": " "})
    assert kept.attributes == {"director": "Lasseter"}


def test_a_column_of_all_attributes_holds_a_json_object_or_nothing() -> None:
    kept = c.item_of({"item_id": "1", "attribute:director": "Lasseter", c.ATTRIBUTES: ' {"seats": 4} '})
    assert kept.attributes == {"director": "Lasseter", "seats": 4}
    assert c.item_of({"item_id": "1", c.ATTRIBUTES: " "}).attributes == {}


MANY = f"attributes hold more than {MOST_VALUES:,} values"


@pytest.mark.parametrize(
    ("cells", "field", "reason"),
    [
        ({"item_id": " "}, "item_id", ids.BLANK),
        ({"item_id": "a\0"}, "item_id", ids.NUL),
        ({"item_id": "a" * 256}, "item_id", ids.LONG),
        ({"item_id": "\udce9"}, "item_id", NOT_DECODABLE),
        ({"title": "x" * 501}, "title", c.LONG_TITLE),
        ({"title": "x" * 1_000_000}, "title", c.LONG_TITLE),
        ({"title": "bell\x07"}, "title", c.CONTROL),
        ({"title": "NUL\0"}, "title", c.CONTROL),
        ({"title": "caf\udce9"}, "title", NOT_DECODABLE),
        ({"year": "MCMXC"}, "year", c.NOT_A_YEAR),
        ({"year": "1995.5"}, "year", c.NOT_A_YEAR),
        ({"year": "99999"}, "year", c.NOT_A_YEAR),
        ({"genres": "x" * 101}, "genres", c.LONG_WORD),
        ({f"attribute:a{n}": "1" for n in range(500)}, "attributes", MANY),
        ({"genres": "|".join(str(n) for n in range(51))}, "genres", c.MANY_GENRES),
        ({"attribute:plot": "x" * 2001}, "plot", c.LONG_ATTRIBUTE),
        ({"attribute:plot": "\0"}, "plot", NUL),
        ({c.ATTRIBUTES: "{bad"}, "attributes", c.NOT_ATTRIBUTES),
        ({c.ATTRIBUTES: "[1]"}, "attributes", c.NOT_ATTRIBUTES),
        ({c.ATTRIBUTES: '"foo"'}, "attributes", c.NOT_ATTRIBUTES),
        ({c.ATTRIBUTES: "foo"}, "attributes", c.NOT_ATTRIBUTES),
    ],
)
def test_a_bad_item_is_at_fault_where_it_is_bad(cells: dict[str, str], field: str, reason: str) -> None:
    with pytest.raises(c.Fault) as caught:
        c.item_of({"item_id": "1", **cells})
    assert (caught.value.field, caught.value.reason) == (field, reason)


@pytest.mark.parametrize(
    "cells", [{"title": "two\nlines"}, {"title": "two\u2028lines"}, {"genres": '["\\u0007"]'}]
)
def test_what_is_taken_as_it_stands_is_one_line_all_the_same(cells: dict[str, str]) -> None:
    with pytest.raises(c.Fault) as caught:
        c.item_of({"item_id": "1", **cells}, exact=True)
    assert ([caught.value.field], caught.value.reason) == ([*cells], c.CONTROL)


def test_what_is_blank_is_nothing() -> None:
    assert c.item_of({"item_id": "1", "genres": '[" ", " x "]'}, exact=True).genres == (" x ",)
    assert c.user_of({"user_id": "7", "gender": " ", "occupation": "\t"}, exact=True) == User("7")


def test_a_title_of_500_characters_is_not_too_long() -> None:
    assert item(title="x" * 500).title == "x" * 500


def test_users_have_age_gender_and_occupation() -> None:
    row = {"user_id": "7", "age": "24", "gender": "M", "occupation": " technician "}
    assert c.user_of(row) == User("7", 24, "M", "technician")
    assert c.user_of({"user_id": "7", "age": "", "gender": ""}) == User("7")


@pytest.mark.parametrize("age", ["old", "-1", "151", "24.5"])
def test_an_age_that_is_none_is_at_fault(age: str) -> None:
    with pytest.raises(c.Fault, match="age is not"):
        c.user_of({"user_id": "7", "age": age})


def test_of_several_rows_of_one_item_the_last_good_one_stands(tmp_path: Path) -> None:
    items = write(tmp_path / "i.csv", "id,title,year\n1,First,\n1,Second,\n1,Third,MM\n2,Only,MM\n")
    outcome = read(None, items=items)
    records = outcome.tables.items
    assert records is not None
    assert records.by_id == {"1": Item("1", "Second")}
    assert (records.rows, records.duplicates, records.rejected) == (4, 1, {"2"})
    assert outcome.faults == [(4, "year", c.NOT_A_YEAR), (5, "year", c.NOT_A_YEAR)]


def test_items_without_a_title_are_counted(tmp_path: Path) -> None:
    items = write(tmp_path / "i.csv", "id,title\n1,One\n2,\n3, \n4,\n4,Four\n")
    records = read(None, items=items).tables.items
    assert records is not None
    assert (records.by_id["2"].title, records.untitled) == ("2", 2)


def test_json_genres_may_be_a_list(tmp_path: Path) -> None:
    items = write(tmp_path / "i.jsonl", '{"id": 1, "title": "A", "genres": ["Drama", "War"], "length": 90}\n')
    records = read(None, items=items).tables.items
    assert records is not None
    assert records.by_id == {"1": Item("1", "A", None, ("Drama", "War"), {"length": "90"})}
