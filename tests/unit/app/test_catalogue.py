"""The catalogue: numbers that stay, search that does not mind case and accents."""

import json

from app.serving.catalogue import Catalogue

from marquee.domain.records import Item

AMELIE = Item("1", "Amélie", 2001, ("Comedy", "Romance"))
BRAZIL = Item("2", "Brazil", 1985, ("Sci-Fi",))
CITY = Item("3", "The City of Lost Children", 1995, ("Sci-Fi",))


def _titles(catalogue: Catalogue, q: str, category: str | None = None) -> list[str]:
    return [entry.item.title for entry in catalogue.search(q, category)]


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
