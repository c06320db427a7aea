"""Lists as bytes, made in memory: which rules act on whose lists, where they end, how they are written."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from app.serving.answers import entries_of, numbers_of
from app.serving.asked import Asked
from app.serving.audience import Person
from app.serving.batches import Batch, make_block
from app.serving.bell import Bell
from app.serving.catalogue import Catalogue
from app.serving.database import Database
from app.serving.histories import RATED, Histories
from app.serving.impressions import ImpressionLog
from app.serving.lists import ListMaker
from app.serving.shelf import ServedModel, Shelf
from app.serving.tokens import Tokens
from app.serving.variants import CHAMPION
from numpy.testing import assert_array_equal
from sqlalchemy import create_engine

from marquee.domain.records import Item
from marquee.models.bundle import Bundle
from marquee.recommend.paging import HASH_BYTES
from marquee.settings import Serving
from marquee.settings.serving import Impressions, Rule
from tests.support.world import GENRES_OF, write_world_bundle

REQUEST = "00000000-0000-4000-8000-000000000000"
CATALOGUE = Catalogue.of(
    Item(f"i{number:03d}", f"The Film No. {number}", genres=GENRES_OF[number % 2]) for number in range(20)
)
NewLists = Callable[[Serving], ListMaker]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    path = tmp_path_factory.mktemp("bundles") / "1"
    write_world_bundle(path)
    return Bundle.open(path)


@pytest.fixture
def new_lists(tmp_path: Path) -> Iterator[NewLists]:
    with Bell(tmp_path / "bell") as bell:
        database = Database(create_engine("postgresql+psycopg2://"), bell)  # never connected

        def make(serving: Serving) -> ListMaker:
            return ListMaker(
                serving,
                Histories(100, serving.feedback),
                Tokens("key"),
                ImpressionLog(database, serving.impressions),
                is_deployed=lambda: True,
            )

        yield make


def _shelf(bundle: Bundle, serving: Serving) -> Shelf:
    return Shelf.of(ServedModel.of(1, bundle, serving), CATALOGUE)


def _read(content: bytes) -> tuple[list[str], dict[str, Any]]:
    body = orjson.loads(content)
    return [item["item_id"] for item in body["items"]], body


RULES = tuple(
    Rule.model_validate({"name": action, "action": action, "where": {"items": [item_id]}, **more})
    for action, item_id, more in (
        ("pin", "i019", {"position": 1}),
        ("boost", "i017", {"factor": 100}),
        ("bury", "i002", {"factor": 100}),
        ("hide", "i004", {}),
    )
)


@pytest.mark.parametrize("has_model", [True, False])
def test_of_the_rules_only_those_that_hide_act_on_lists_for_everybody(
    new_lists: NewLists, bundle: Bundle, has_model: bool
) -> None:
    made = []
    for rules in ((), RULES):
        serving = Serving(rules=rules)
        lists = new_lists(serving)
        shelf = _shelf(bundle, serving) if has_model else None
        made.append(
            (
                _read(lists.popular(Asked(20), shelf, CATALOGUE))[0],
                _read(lists.similar("i000", Asked(20), shelf, CATALOGUE))[0],
                _read(lists.for_person(REQUEST, Person("a", None), Asked(20), shelf, CATALOGUE))[0],
            )
        )
    (popular, similar, _), (popular_by_rules, similar_by_rules, personal_by_rules) = made
    assert popular_by_rules == [item_id for item_id in popular if item_id != "i004"]
    assert similar_by_rules == [item_id for item_id in similar if item_id != "i004"]
    assert len(popular_by_rules) == len(similar_by_rules) + 1 == 19
    assert personal_by_rules[0] == "i019"


def test_an_empty_list_tells_somebody_unknown_from_somebody_who_has_seen_all(
    new_lists: NewLists, bundle: Bundle
) -> None:
    serving = Serving(fallback=("category",))
    lists, shelf = new_lists(serving), _shelf(bundle, serving)
    everything = np.zeros(20, RATED)
    everything["number"], everything["stars"] = range(20), 5
    unknown, thorough = Person("a", None), Person("b", everything)
    said = ["No stage of `fallback` has anything to say of this person."]
    said += ["Nothing is left that this person has not seen."]
    alone = [
        _read(lists.for_person(REQUEST, who, Asked(5), shelf, CATALOGUE))[1] for who in (unknown, thorough)
    ]
    assert [(body["items"], body["notice"]) for body in alone] == [([], notice) for notice in said]
    batch = Batch.of(lists, REQUEST, Asked(5), shelf, CHAMPION)
    answers = make_block(batch, (unknown, thorough)).answers
    assert [orjson.loads(body)["notice"] for body in answers] == said


@pytest.mark.parametrize(
    ("n", "offset", "ranks"),
    [(5, 995, [996, 997, 998, 999, 1000]), (5, 998, [999, 1000]), (5, 1000, []), (2, 994, [995, 996])],
)
def test_a_list_ends_after_a_thousand_items(
    new_lists: NewLists, bundle: Bundle, n: int, offset: int, ranks: list[int]
) -> None:
    asked = Asked(n, shown=bytes(HASH_BYTES) * offset)  # of items that there are no more
    lists, shelf = new_lists(Serving()), _shelf(bundle, Serving())
    body = _read(lists.popular(asked, shelf, CATALOGUE))[1]
    assert [item["rank"] for item in body["items"]] == ranks
    assert (body["next_cursor"] is None) == (offset != 994)
    assert body["notice"] == (None if ranks else "That was the whole list.")


def test_a_list_made_again_by_another_model_discounts_what_was_discounted_then(
    new_lists: NewLists, bundle: Bundle, tmp_path: Path
) -> None:
    """By the other model's rows; not what was shown since, such as the first list itself."""
    write_world_bundle(tmp_path / "2", without="i000")
    serving = Serving(impressions=Impressions(discount=0.9))
    lists, shelf = new_lists(serving), _shelf(bundle, serving)
    other = Shelf.of(ServedModel.of(2, Bundle.open(tmp_path / "2"), serving), CATALOGUE)
    rated = np.zeros(1, RATED)
    rated["number"], rated["stars"] = 2, 5
    person = Person("ada", rated)
    assert other.ids != shelf.ids
    first = lists.make(REQUEST, person, Asked(4), shelf)
    lists.answer(REQUEST, person, first)
    second = lists.make(REQUEST, person, Asked(4), shelf)
    lists.answer(REQUEST, person, second)
    again = lists.make_again(REQUEST, person, second, other)
    assert first.wanted.discount is None
    assert second.wanted.discount is not None
    assert again.wanted.discount is not None
    discounted = [
        {made.ground.ids[row]: factor for row, factor in zip(*made.wanted.discount, strict=True)}
        for made in (second, again)
        if made.wanted.discount is not None
    ]
    assert discounted[0] == discounted[1]
    assert set(discounted[0]) == {place.item_id for place in first.places}
    assert again.ground is other


def test_what_is_kept_with_a_front_is_written_as_it_would_be_anew(
    new_lists: NewLists, bundle: Bundle
) -> None:
    serving = Serving()
    lists, shelf = new_lists(serving), _shelf(bundle, serving)
    rated = np.zeros(2, RATED)
    rated["number"], rated["stars"] = (2, 5), (5, 1)
    person = Person("ada", rated)
    for exclude in ((), ("i001",), ("i000", "i003", "i004"), ()):
        for n, offset in ((1, 0), (5, 0), (12, 3)):
            made = lists.make(REQUEST, person, Asked(n, exclude=exclude), shelf)
            listing, fragments = made.listing, made.ground.fragments
            assert made.front is not None
            assert len(listing.rows) == n
            anew = entries_of(listing, made.figures, fragments, offset)
            for _ in range(2):  # to be kept, and as it was kept
                assert entries_of(listing, made.figures, fragments, offset, front=made.front) == anew
            assert len(made.front.told) > 0


def test_numbers_are_written_in_as_many_digits_as_they_have() -> None:
    ordinary = [0.033503473, -1.23456789, 12.0, 9.9999996, 0.0, 1.5e-9, 1_234_567.0, 87_654_321.0]
    drawn = np.random.default_rng(1).normal(size=1000) * 10.0 ** np.arange(-10, 10).repeat(50)
    scores = np.concatenate((ordinary, drawn)).astype(np.float32)
    (written,) = numbers_of(scores[np.newaxis])
    assert written[:5] == ["0.033503473", "-1.2345679", "12.0", "10.0", "0.0"]
    assert_array_equal(np.array(written, np.float32), scores)


def test_thousandths_are_written_as_such() -> None:
    thousandths = np.arange(10_000).reshape(2, -1) / 1000
    figures = (thousandths + np.random.default_rng(1).uniform(-4e-4, 4e-4, thousandths.shape)).astype(
        np.float32
    )
    for written, exact in zip(numbers_of(figures.round(3)), thousandths, strict=True):
        assert written == [repr(number) for number in exact.tolist()]


def test_rows_that_do_not_lie_one_after_the_other_are_written_as_others() -> None:
    figures = np.array([[1, 2, 3], [4, 5, 6]], np.float32)
    assert numbers_of(np.asfortranarray(figures)) == numbers_of(figures)
    assert numbers_of(figures[:, ::2]) == [["1.0", "3.0"], ["4.0", "6.0"]]


def test_what_is_no_number_is_null_and_of_nothing_there_is_nothing() -> None:
    assert numbers_of(np.array([[np.nan, 1.0]], np.float32)) == [["null", "1.0"]]
    assert numbers_of(np.empty((3, 0), np.float32)) == []
    assert numbers_of(None) == []
