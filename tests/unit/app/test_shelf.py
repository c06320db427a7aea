"""A model joined with a catalogue that knows other items than it does."""

import gc
import weakref

import numpy as np
import pytest
from app.serving.catalogue import Catalogue
from app.serving.histories import RATED, Rated
from app.serving.shelf import ServedModel, Shelf
from app.serving.states import history_of

from marquee.domain.records import Item
from marquee.models.bundle import Bundle
from marquee.recommend.filters import NO_FILTERS, Filters
from marquee.settings import Serving
from tests.support.world import GENRES_OF, write_world_bundle


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ServedModel:
    path = tmp_path_factory.mktemp("bundles") / "1"
    write_world_bundle(path)
    bundle = Bundle.open(path)
    return ServedModel.of(1, bundle, Serving())


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
    assert shelf.row_of_number.tolist() == [index.row("i003"), len(index), index.row("i001")]
    assert shelf.number_of_row[index.row("i003")] == 0
    assert shelf.number_of_row[index.row("i002")] == -1


def _passing(shelf: Shelf, filters: Filters = NO_FILTERS) -> set[str]:
    barred = shelf.showable(0.0).barred(filters)
    assert barred is not None
    assert set(barred.tolist()) <= {0.0, -np.inf}
    return {shelf.ids[row] for row in np.flatnonzero(barred == 0)}


def test_items_that_the_catalogue_lost_are_never_shown(model: ServedModel) -> None:
    shelf = Shelf.of(model, _catalogue("i001", "i002").changed([Item("i003", "Hidden", hidden=True)]))
    assert _passing(shelf) == {"i001", "i002"}
    assert _passing(shelf, Filters(("Comedy",))) == {"i001", "i002"}
    assert _passing(shelf, Filters(("Western",))) == set()


def test_where_all_may_be_shown_there_is_no_mask(model: ServedModel) -> None:
    shelf = Shelf.of(model, _catalogue(*model.recommender.models.items.ids))
    assert shelf.showable(0.0).barred(NO_FILTERS) is None


def test_a_history_keeps_only_what_has_a_row(model: ServedModel) -> None:
    catalogue = _catalogue("i003", "brand new", "i001").changed([Item("gone", "Hidden", hidden=True)])
    shelf = Shelf.of(model, catalogue)
    history = history_of(_rated(0, 1, 2, 3, 4), shelf.row_of_number)  # number 4: of a newer catalogue
    index = model.recommender.models.items
    assert history.rows.tolist() == [index.row("i003"), len(index), index.row("i001")]


def test_an_item_added_after_the_training_is_ranked_by_what_is_known_of_it(model: ServedModel) -> None:
    """Whoever likes comedies has the new comedy far above the new drama, and above most old dramas."""
    trained = model.recommender.models.items.ids
    old = [Item(item_id, "", genres=GENRES_OF[int(item_id[1:]) % 2]) for item_id in trained]
    added = [Item("new comedy", "", genres=("Comedy",)), Item("new drama", "", genres=("Drama",))]
    shelf = Shelf.of(model, Catalogue.of([*old, *added]))
    comedies = [number for number, item in enumerate(old) if "Comedy" in item.genres]
    state = shelf.model.states.get("fan", _rated(*comedies[:3]), shelf.row_of_number)
    places = shelf.model.recommender.top(state, len(shelf.row_of_number))
    rank = {place.item_id: place.rank for place in places}
    assert rank["new comedy"] < rank["new drama"]
    assert {place.source for place in places if place.item_id.startswith("new")} == {"personal"}


def test_a_model_beside_the_same_new_items_is_not_made_again(model: ServedModel) -> None:
    first = Shelf.of(model, _catalogue("i000", "brand new"))
    renamed = Shelf.of(first.model, first.catalogue.changed([Item("i000", "Another title")]), first)
    assert renamed.model is first.model
    described = Shelf.of(first.model, first.catalogue.changed([Item("brand new", "", genres=("Drama",))]))
    assert described.model is not first.model


def test_a_profile_is_read_by_the_words_of_the_model(model: ServedModel) -> None:
    names = model.recommender.models.user_vocabulary.names
    columns = model.states.columns((30, "F", "juggler"))
    assert [names[column] for column in columns] == ["age:25-34", "gender:f"]


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
    states = ServedModel.of(2, model.bundle, Serving()).states
    states._most = 3
    history = _rated(0)
    for number in range(5):
        states.get(f"user {number}", history, shelf.row_of_number)
    assert [states.holds(f"user {number}") for number in range(5)] == [False, False, True, True, True]


def test_a_shelf_that_is_replaced_is_freed_at_once(model: ServedModel) -> None:
    """It holds a whole model; left to the collector of cycles, several could lie in memory."""
    shelf = Shelf.of(model, _catalogue("i001")).prepared()
    assert _passing(shelf) == {"i001"}
    freed = weakref.ref(shelf)
    gc.disable()
    try:
        del shelf
        assert freed() is None
    finally:
        gc.enable()
