"""Why items stand in lists."""

from dataclasses import replace

import numpy as np
import pytest

from marquee.domain.history import History, Implied, ItemIndex
from marquee.models.ease import Ease
from marquee.models.fallback import Fallback
from marquee.models.model_set import ModelSet
from marquee.models.neighbours import Neighbours
from marquee.models.popularity import Popularity
from marquee.recommend.facts import Labels
from marquee.recommend.reasons import Reason, Reasoner
from marquee.settings.serving import RatingScale

SCALE = RatingScale(min=1, max=5, step=1)
# What items 0 to 4 say of item 5, and item 0 of item 6; 7 is an item nothing is said of.
WEIGHTS = np.zeros((8, 8), np.float32)
WEIGHTS[:5, 5] = [0.6, 0.3, -0.5, 0.08, 0.02]
WEIGHTS[0, 6] = 1.0
NEAR = np.array([[5, 6], [5, -1], *[[-1, -1]] * 6], np.int32)
SIMILAR = np.array([[0.4, 0.2], [0.3, 0.0], *[[0.0, 0.0]] * 6], np.float32)
CATEGORIES = Labels.of(
    [["Drama"], ["Drama", "War"], ["War"], ["Comedy"], [], ["War", "Drama"], ["Comedy"], ["Western"]]
)


@pytest.fixture
def reasoner() -> Reasoner:
    popularity = Popularity.of_scores(np.full(8, 0.5, np.float32))
    models = ModelSet(
        ItemIndex(map(str, range(8))),
        rating=Ease.of_weights(WEIGHTS),  # type: ignore[arg-type] # nobody asks it for stars
        ranking=Ease.of_weights(WEIGHTS),
        fallback=Fallback(popularity, Neighbours(NEAR, SIMILAR)),
        trained_through=0,
    )
    return Reasoner(models, SCALE, CATEGORIES)


def _rated(*rows: int) -> History:
    return History.of(rows, [5.0] * len(rows), range(len(rows)))


def test_items_that_contribute_most_come_first_with_their_share_of_what_speaks_for_it(
    reasoner: Reasoner,
) -> None:
    """0.6 + 0.3 + 0.08 + 0.02 speak for item 5; what speaks against it has no share."""
    (reasons,) = reasoner.reasons(_rated(4, 3, 2, 1, 0), np.array([5]), ["personal"])
    assert [(reason.kind, reason.row) for reason in reasons] == [
        ("because", 0),
        ("because", 1),
        ("because", 3),
    ]
    assert [reason.share for reason in reasons] == pytest.approx([0.6, 0.3, 0.08])


def test_an_item_that_says_next_to_nothing_is_not_named(reasoner: Reasoner) -> None:
    (reasons,) = reasoner.reasons(_rated(0, 4), np.array([5]), ["personal"])
    assert reasons == [Reason("because", 0, pytest.approx(0.6 / 0.62))]


def test_what_somebody_did_is_a_reason_as_what_they_rated(reasoner: Reasoner) -> None:
    history = replace(_rated(1), implied=Implied.of([0], [0.5]))
    (reasons,) = reasoner.reasons(history, np.array([5]), ["personal"])
    assert [reason.row for reason in reasons] == [1, 0]  # both say 0.3, and the rated one comes first
    assert reasons[0].share == pytest.approx(0.5)


def test_each_place_has_the_reasons_of_its_own_source(reasoner: Reasoner) -> None:
    rows = np.array([7, 5, 6, 5, 6, 3, 2, 1])
    found = reasoner.reasons(
        _rated(0, 1),
        rows,
        ["pinned", "personal", "personal", "similar", "similar", "popular", "explored", "profile"],
    )
    assert found[0] == []
    assert [reason.row for reason in found[1]] == [0, 1]
    assert found[2] == [Reason("because", 0, 1.0)]
    assert [(reason.kind, reason.row) for reason in found[3]] == [("similar", 0), ("similar", 1)]
    assert [reason.share for reason in found[3]] == pytest.approx([0.4 / 0.7, 0.3 / 0.7])
    assert found[4] == [Reason("similar", 0, 1.0)]
    assert found[5:] == [[Reason("popular")], [Reason("explored")], [Reason("profile")]]


def test_an_item_popular_in_their_categories_names_the_one_they_like_most(reasoner: Reasoner) -> None:
    """Two dramas and one of war are liked: item 5, of both, is there as a drama, item 2 as one of war."""
    found = reasoner.reasons(_rated(0, 1), np.array([5, 2]), ["category", "category"])
    assert found == [[Reason("category", category="Drama")], [Reason("category", category="War")]]


def test_what_was_not_liked_makes_nothing_similar(reasoner: Reasoner) -> None:
    history = History.of([0, 1], [5.0, 2.0], [1, 2])
    (reasons,) = reasoner.reasons(history, np.array([5]), ["similar"])
    assert reasons == [Reason("similar", 0, 1.0)]


def test_an_item_that_nothing_of_theirs_speaks_for_is_there_for_its_popularity(reasoner: Reasoner) -> None:
    assert reasoner.reasons(_rated(2), np.array([5]), ["personal"]) == [[Reason("popular")]]


def test_an_item_that_their_profile_speaks_for_says_so(reasoner: Reasoner) -> None:
    """What is known of the person adds 1 to the score of item 7, and nothing they rated does."""
    ranking = replace(Ease.of_weights(WEIGHTS), profile_weights=np.eye(8, dtype=np.float32)[7:])
    knows = replace(reasoner, models=replace(reasoner.models, ranking=ranking))
    history = History.of([2], [5.0], [1], profile=[0])
    assert knows.reasons(history, np.array([7]), ["personal"]) == [[Reason("profile")]]
    assert knows.reasons(_rated(2), np.array([7]), ["personal"]) == [[Reason("popular")]]


def test_an_empty_list_has_no_reasons(reasoner: Reasoner) -> None:
    assert reasoner.reasons(_rated(0), np.empty(0, np.int32), []) == []
