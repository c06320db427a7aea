"""A model joined with a catalogue that knows other items than it does."""

import numpy as np
import pytest
from app.serving.catalogue import Catalogue
from app.serving.histories import RATED, Rated
from app.serving.shelf import ServedModel, Shelf
from app.serving.states import history_of

from marquee.domain.records import Item
from marquee.models.bundle import Bundle
from marquee.recommend.recommender import Recommender
from marquee.settings import Serving
from tests.support.world import write_world_bundle


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ServedModel:
    path = tmp_path_factory.mktemp("bundles") / "1"
    write_world_bundle(path)
    bundle = Bundle.open(path)
    return ServedModel.of(1, bundle, Recommender(bundle, Serving()))


def _catalogue(*item_ids: str) -> Catalogue:
    return Catalogue.of(Item(item_id, f"Title of {item_id}", genres=("Comedy",)) for item_id in item_ids)


def _rated(*numbers: int) -> Rated:
    records = np.zeros(len(numbers), RATED)
    records["number"] = numbers
    records["stars"] = 4
    return records


def test_rows_and_numbers_lead_to_each_other(model: ServedModel) -> None:
    shelf = Shelf.of(model, _catalogue("i003", "brand new", "i001"))
    index = model.recommender.models.items
    assert shelf.row_of_number.tolist() == [index.row("i003"), -1, index.row("i001")]
    assert shelf.number_of_row[index.row("i003")] == 0
    assert shelf.number_of_row[index.row("i002")] == -1


def test_items_that_the_catalogue_lost_are_never_allowed(model: ServedModel) -> None:
    shelf = Shelf.of(model, _catalogue("i001", "i002"))
    allowed = shelf.allowed(None)
    assert allowed is not None
    assert {model.recommender.models.items.ids[row] for row in np.flatnonzero(allowed)} == {"i001", "i002"}
    comedies = shelf.allowed("Comedy")
    assert comedies is not None
    assert comedies.tolist() == allowed.tolist()
    westerns = shelf.allowed("Western")
    assert westerns is not None
    assert not westerns.any()


def test_where_all_may_be_shown_there_is_no_mask(model: ServedModel) -> None:
    assert Shelf.of(model, _catalogue(*model.recommender.models.items.ids)).allowed(None) is None


def test_a_history_keeps_only_what_the_bundle_knows(model: ServedModel) -> None:
    shelf = Shelf.of(model, _catalogue("i003", "brand new", "i001"))
    history = history_of(_rated(0, 1, 2, 3), shelf.row_of_number)  # number 3: of a newer catalogue
    index = model.recommender.models.items
    assert history.rows.tolist() == [index.row("i003"), index.row("i001")]


def test_a_state_is_computed_once_a_history(model: ServedModel) -> None:
    shelf = Shelf.of(model, _catalogue("i000", "i001"))
    history = _rated(0)
    state = model.states.get("somebody", history, shelf.row_of_number)
    assert model.states.get("somebody", history, shelf.row_of_number) is state

    changed = _rated(0, 1)
    assert model.states.get("somebody", changed, shelf.row_of_number) is not state
    assert model.states.get("somebody", changed, shelf.row_of_number).seen.tolist() == [
        model.recommender.models.items.row(item_id) for item_id in ("i000", "i001")
    ]


def test_a_new_title_keeps_states_and_a_new_item_of_the_bundle_does_not(model: ServedModel) -> None:
    first = Shelf.of(model, _catalogue("i000", "i001"))
    renamed = Shelf.of(model, first.catalogue.changed([Item("i000", "Another title")]), first)
    assert renamed.row_of_number is first.row_of_number
    grown = Shelf.of(model, renamed.catalogue.changed([Item("i002", "Known to the bundle")]), renamed)
    assert len(grown.row_of_number) == 3


def test_states_are_bounded(model: ServedModel) -> None:
    shelf = Shelf.of(model, _catalogue("i000"))
    states = ServedModel.of(2, model.recommender.models, model.recommender).states  # type: ignore[arg-type]
    states._most = 3
    history = _rated(0)
    for number in range(5):
        states.get(f"user {number}", history, shelf.row_of_number)
    assert [states.holds(f"user {number}") for number in range(5)] == [False, False, True, True, True]
