"""The catalogue: numbers that stay, search that does not mind case and accents."""

import json

import pytest
from app.serving.catalogue import Catalogue

from marquee.domain.records import Item

AMELIE = Item("1", "Amélie", 2001, ("Comedy", "Romance"))
BRAZIL = Item("2", "Brazil", 1985, ("Sci-Fi",))
CITY = Item("3", "The City of Lost Children", 1995, ("Sci-Fi",))


def _titles(catalogue: Catalogue, q: str, category: str | None = None) -> list[str]:
    return [entry.item.title for entry in catalogue.page(q, category, limit=100).entries]


def test_a_fragment_is_the_beginning_of_the_items_json() -> None:
    catalogue = Catalogue.of([Item('a"b', "É\n", None, ())])
    assert json.loads(catalogue.fragments[0] + "}") == {
        "item_id": 'a"b',
        "title": "É\n",
        "year": None,
        "genres": [],
    }


def test_numbers_stay_when_items_change_come_and_go() -> None:
    before = Catalogue.of([AMELIE, BRAZIL])
    after = before.reloaded([CITY, Item("2", "Brazil (final cut)", 1985)])

    assert {item_id: after.number_of[item_id] for item_id in ("1", "2", "3")} == {"1": 0, "2": 1, "3": 2}
    assert after.item("1") is None
    assert after.item("2") == Item("2", "Brazil (final cut)", 1985)
    assert after.visible.tolist() == [False, True, True]
    assert before.item("1") == AMELIE


def test_an_item_that_comes_back_is_seen_again_under_its_number() -> None:
    catalogue = Catalogue.of([AMELIE, BRAZIL]).without(["1"]).changed([AMELIE])
    assert catalogue.item("1") == AMELIE
    assert catalogue.number_of["1"] == 0


def test_a_changed_title_is_found_and_shown() -> None:
    catalogue = Catalogue.of([AMELIE]).changed([Item("1", "Delicatessen")])
    assert _titles(catalogue, "amel") == []
    assert _titles(catalogue, "delic") == ["Delicatessen"]
    assert "Delicatessen" in catalogue.fragments[0]


def test_search_minds_neither_case_nor_accents() -> None:
    catalogue = Catalogue.of([AMELIE, BRAZIL])
    assert _titles(catalogue, "AMELIE") == _titles(catalogue, "amélié") == ["Amélie"]


def test_search_puts_the_beginning_of_a_title_first_then_of_a_word() -> None:
    titles = ["Felicity", "The City of Lost Children", "City Lights", "Velocity"]
    catalogue = Catalogue.of(Item(str(number), title) for number, title in enumerate(titles))
    assert _titles(catalogue, "city") == ["City Lights", "The City of Lost Children", "Felicity", "Velocity"]


def test_then_come_titles_with_all_the_words_in_any_order() -> None:
    titles = ["Lord of the Rings, The", "The Ring Lord", "The Lord of the Ring", "Lord Jim", "My Lord Ring"]
    catalogue = Catalogue.of(Item(str(number), title) for number, title in enumerate(titles))
    assert _titles(catalogue, "lord ring") == [
        "My Lord Ring",
        "Lord of the Rings, The",
        "The Lord of the Ring",
        "The Ring Lord",
    ]


@pytest.mark.parametrize(
    ("q", "titles"),
    [
        ("strawars", ["Star Wars"]),
        ("star wras", ["Star Wars"]),
        ("starwars", ["Star Wars"]),
        ("godfahter", ["Godfather, The", "Godfather: Part II, The"]),
        ("godfaht", ["Godfather, The", "Godfather: Part II, The"]),  # not typed to its end yet
        ("the matrx", ["Matrix, The"]),
        ("amleie", ["Amélie"]),
        ("spider man", ["Spiderman"]),
        ("schindlers list", ["Schindler's List"]),
        ("1983", []),  # a number is not a wrong spelling of another
        ("zz top", []),
        ("%", []),
    ],
)
def test_typing_errors_are_forgiven_where_nothing_matches_as_it_is(q: str, titles: list[str]) -> None:
    every = ["Star Wars", "Starship", "Godfather: Part II, The", "Godfather, The", "Matrix, The", "Amélie"]
    every += ["Spiderman", "Schindler's List", "1984", "Top Gun"]
    catalogue = Catalogue.of(Item(str(number), title) for number, title in enumerate(every))
    assert _titles(catalogue, q) == titles


@pytest.mark.parametrize(
    ("q", "titles"),
    [
        ("toy story 1995", ["Toy Story"]),
        ("1995 toy", ["Toy Story"]),
        ("Fargo (1996)", ["Fargo"]),
        ("1995", ["1995: The Film", "Casino", "Toy Story"]),  # first what is called so
        ("star wras 1977", ["Star Wars"]),
        ("star wars 1978", []),
        ("toy 19", []),  # a part of a year is none: "rocky 2" is no film of 2006
    ],
)
def test_a_year_in_a_search_may_be_the_items(q: str, titles: list[str]) -> None:
    every = [Item("1", "Toy Story", 1995), Item("2", "Toy Story 2", 1999), Item("3", "Fargo", 1996)]
    every += [Item("4", "Casino", 1995), Item("5", "Star Wars", 1977), Item("6", "Fargo, N.D.", None)]
    catalogue = Catalogue.of([*every, Item("7", "1995: The Film", 2020)])
    assert _titles(catalogue, q) == titles


def test_a_year_that_was_corrected_is_found() -> None:
    catalogue = Catalogue.of([AMELIE, BRAZIL]).changed([Item("2", "Brazil", 1986), CITY])
    assert _titles(catalogue, "brazil 1986") == ["Brazil"]
    assert _titles(catalogue, "brazil 1985") == []
    assert _titles(catalogue, "city 1995") == ["The City of Lost Children"]


def test_errors_are_not_looked_for_where_something_matches() -> None:
    catalogue = Catalogue.of([Item("1", "Alien"), Item("2", "Aliens"), Item("3", "Allen")])
    assert _titles(catalogue, "alien") == ["Alien", "Aliens"]
    assert _titles(catalogue, "alein") == ["Alien", "Aliens"]


def test_what_was_made_of_the_titles_before_holds_after_changes() -> None:
    catalogue = Catalogue.of([AMELIE, BRAZIL, CITY])
    assert _titles(catalogue, "brazl") == ["Brazil"]
    changed = catalogue.changed([Item("2", "Twelve Monkeys"), Item("4", "Brasilia")]).without(["3"])
    assert _titles(changed, "brazl") == []
    assert _titles(changed, "brsilia") == ["Brasilia"]
    assert _titles(changed, "monkeys twelve") == ["Twelve Monkeys"]
    assert _titles(changed, "lots city") == []
    assert _titles(changed, "") == ["Amélie", "Brasilia", "Twelve Monkeys"]


def test_a_title_keeps_its_place_among_others_whether_put_in_singly_or_sorted_anew() -> None:
    many = [Item(str(number), f"Film {number:04d}") for number in range(1200)]
    catalogue = Catalogue.of(many[:600])
    singly = catalogue.changed(many[600:900]).changed(many[900:])
    at_once = catalogue.changed(many[600:])
    assert _titles(singly, "film 1") == _titles(at_once, "film 1") == [f"Film {n}" for n in range(1000, 1100)]
    assert [place.number for place in singly.titles.order] == list(range(1200))


def test_pages_of_a_search_hold_each_entry_once_also_when_one_of_them_goes() -> None:
    catalogue = Catalogue.of(Item(str(number), f"Alien {number}") for number in range(9))
    first = catalogue.page("aliem", limit=4)
    assert [entry.item.title for entry in first.entries] == [f"Alien {number}" for number in range(4)]
    assert (first.total, first.more) == (9, True)
    less = catalogue.without(["3"])
    second = less.page("aliem", after=first.entries[-1].position, limit=4)
    third = less.page("aliem", after=second.entries[-1].position, limit=4)
    assert [entry.item.title for entry in (*second.entries, *third.entries)] == [
        f"Alien {number}" for number in range(4, 9)
    ]
    assert not third.more


def test_hidden_items_are_listed_apart_and_deleted_ones_nowhere() -> None:
    secret = Item("9", "Secret", hidden=True, genres=("Comedy",))
    catalogue = Catalogue.of([AMELIE, BRAZIL, secret]).without(["2"])
    assert [entry.item for entry in catalogue.page("", hidden=True, limit=9).entries] == [secret]
    assert [entry.item for entry in catalogue.page("", "Comedy", hidden=True, limit=9).entries] == [secret]
    assert catalogue.page("", "Western", hidden=True, limit=9).entries == []
    assert catalogue.known_item("9") == secret
    assert catalogue.known_item("2") is None
    assert catalogue.changed([BRAZIL]).known_item("2") == BRAZIL


def test_hidden_items_are_in_no_list() -> None:
    catalogue = Catalogue.of([AMELIE, Item("9", "Secret", hidden=True, genres=("Comedy",))])
    assert _titles(catalogue, "") == ["Amélie"]
    assert catalogue.numbers("Comedy").tolist() == [0]
    assert catalogue.item("9") is None


def test_categories() -> None:
    catalogue = Catalogue.of([AMELIE, BRAZIL, CITY])
    assert _titles(catalogue, "", "Sci-Fi") == ["Brazil", "The City of Lost Children"]
    assert _titles(catalogue, "", "Western") == []
    assert {name: len(numbers) for name, numbers in catalogue.numbers_in.items()} == {
        "Comedy": 1,
        "Romance": 1,
        "Sci-Fi": 2,
    }
