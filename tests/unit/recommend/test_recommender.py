"""Lists worked out by hand, from models whose arrays are written out here.

Popularity: a, b, c, d, e in this order; nobody has rated e. Whoever has rated a is thought to like
d (0.9), then b (0.5), then c (-0.1).
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from marquee.domain.history import UNKNOWN_ROW, History, Implied, ItemIndex
from marquee.models import fallback
from marquee.models.biases import Biases
from marquee.models.ease import Ease
from marquee.models.fallback import Fallback
from marquee.models.model_set import ModelSet
from marquee.models.neighbours import Neighbours
from marquee.models.popularity import Popularity
from marquee.models.train import train_models
from marquee.models.training_set import TrainingSet
from marquee.recommend.facts import Labels
from marquee.recommend.listing import Wanted
from marquee.recommend.recommender import Recommendation, Recommender
from marquee.recommend.rules import Pin, Rules
from marquee.settings.params import EaseParams, SvdParams
from marquee.settings.serving import Serving, Stage
from tests.support.ratings import checkerboard

A, B, C, D, E = range(5)


def _float32(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def _recommender() -> Recommender:
    weights = np.zeros((5, 5), dtype=np.float32)
    weights[A] = [0.0, 0.5, -0.1, 0.9, 0.0]
    neighbours = np.full((5, 2), UNKNOWN_ROW, dtype=np.int32)
    neighbours[A] = [C, D]
    similarities = np.zeros((5, 2), dtype=np.float32)
    similarities[A] = [0.75, 0.5]
    models = ModelSet(
        items=ItemIndex("abcde"),
        rating=Biases(3.0, _float32(1.0, 0.5, 0.0, -0.5, -4.0), user_damping=1.0),
        ranking=Ease.of_weights(weights),
        fallback=Fallback(
            Popularity.of_scores(_float32(0.5, 0.25, 0.125, 0.0625, 0.0)),
            Neighbours(neighbours, similarities),
        ),
        trained_through=0,
    )
    return Recommender(models, Serving())


RECOMMENDER = _recommender()


def _rated(*rows: int, stars: float = 4.0) -> History:
    return History.of(rows, [stars] * len(rows), [0] * len(rows))


def _places(listed: list[Recommendation]) -> list[tuple[str, str]]:
    return [(place.item_id, place.source) for place in listed]


def test_a_list_is_personal_until_the_model_knows_no_more_then_popular() -> None:
    listed = RECOMMENDER.top(RECOMMENDER.state(_rated(A)), 10)
    assert _places(listed) == [("d", "personal"), ("b", "personal"), ("c", "personal"), ("e", "popular")]
    assert [place.rank for place in listed] == [1, 2, 3, 4]
    assert [place.row for place in listed] == [D, B, C, E]
    assert [place.score for place in listed] == pytest.approx([0.9, 0.5, -0.1, 0.0])


def test_stars_are_predicted_for_the_person_and_kept_on_the_scale() -> None:
    """5 stars for a, whose bias is 1: the person's is (5 - 3 - 1) / (1 + 1) = 0.5. e's would be -0.5."""
    state = RECOMMENDER.state(_rated(A, stars=5.0))
    assert [place.stars for place in RECOMMENDER.top(state, 10)] == pytest.approx([3.0, 4.0, 3.5, 0.5])


def test_stars_of_an_unknown_item_are_the_persons_mean() -> None:
    state = RECOMMENDER.state(_rated(A, stars=5.0))
    rows = np.array([UNKNOWN_ROW, B], dtype=np.int32)
    assert RECOMMENDER.stars(state, rows).tolist() == pytest.approx([3.5, 4.0])
    assert RECOMMENDER.predict(_rated(A, stars=5.0), rows).tolist() == pytest.approx([3.5, 4.0])


def test_a_person_without_a_history_gets_popular_items() -> None:
    listed = RECOMMENDER.top(RECOMMENDER.state(History.empty()), 3)
    assert _places(listed) == [("a", "popular"), ("b", "popular"), ("c", "popular")]
    assert [place.score for place in listed] == [0.5, 0.25, 0.125]
    assert [place.stars for place in listed] == [4.0, 3.5, 3.0]


def test_a_person_who_has_rated_everything_gets_an_empty_list() -> None:
    state = RECOMMENDER.state(_rated(A, B, C, D, E))
    assert RECOMMENDER.top(state, 10) == []


@pytest.mark.parametrize("n", [0, -1])
def test_no_places_no_items(n: int) -> None:
    assert RECOMMENDER.top(RECOMMENDER.state(_rated(A)), n) == []
    assert RECOMMENDER.popular(n) == []
    assert RECOMMENDER.similar(A, n) == []


def test_excluded_rows_and_rows_not_allowed_stay_out_of_every_source() -> None:
    state = RECOMMENDER.state(_rated(A))
    allowed = np.array([True, True, False, True, True])
    excluded = np.array([UNKNOWN_ROW, D], dtype=np.int32)
    assert _places(RECOMMENDER.top(state, 9, allowed=allowed, excluded_rows=excluded)) == [
        ("b", "personal"),
        ("e", "popular"),
    ]
    assert _places(RECOMMENDER.popular(9, allowed=allowed, excluded_rows=excluded)) == [
        ("a", "popular"),
        ("b", "popular"),
        ("e", "popular"),
    ]


def test_filters_leave_the_state_as_it_was() -> None:
    state = RECOMMENDER.state(_rated(A))
    before = state.scores.copy()
    RECOMMENDER.top(
        state, 9, allowed=np.zeros(5, dtype=np.bool_), excluded_rows=np.array([B], dtype=np.int32)
    )
    assert state.scores.tolist() == before.tolist()


def test_similar_items_are_the_neighbours_then_popular_ones_never_the_item_itself() -> None:
    listed = RECOMMENDER.similar(A, 3)
    assert _places(listed) == [("c", "similar"), ("d", "similar"), ("b", "popular")]
    assert [place.score for place in listed] == [0.75, 0.5, 0.25]
    assert {place.stars for place in listed} == {None}
    assert _places(RECOMMENDER.similar(E, 2)) == [("a", "popular"), ("b", "popular")]


def test_similar_to_what_nobody_knows_yet_is_what_is_popular_in_its_categories() -> None:
    categories = Labels.of([("War",), ("Drama",), ("Drama", "War"), (), ("Drama", "Music")])
    listed = RECOMMENDER.places(RECOMMENDER.make_similar(E, Wanted(4, categories=categories)), None)
    assert _places(listed) == [("b", "category"), ("c", "category"), ("a", "popular"), ("d", "popular")]


def test_similar_items_pass_filters() -> None:
    listed = RECOMMENDER.similar(A, 2, excluded_rows=np.array([C], dtype=np.int32))
    assert _places(listed) == [("d", "similar"), ("b", "popular")]


@pytest.mark.parametrize("order", ["abcde", "eabcd", "abecd"])
def test_what_nobody_has_rated_is_not_ranked_wherever_its_row_is(order: str) -> None:
    """The model thinks that whoever has rated a likes e best."""
    rows = np.array(["abcde".index(item) for item in order])
    weights = np.zeros((5, 5), dtype=np.float32)
    weights[A] = [0.0, 0.5, -0.1, 0.9, 2.0]
    popularity, nothing = _float32(0.5, 0.25, 0.125, 0.0625, 0.0), np.zeros((5, 1), dtype=np.float32)
    models = ModelSet(
        items=ItemIndex(order),
        rating=Biases(3.0, np.zeros(5, dtype=np.float32), user_damping=1.0),
        ranking=Ease.of_weights(weights[np.ix_(rows, rows)]),
        fallback=Fallback(
            Popularity.of_scores(popularity[rows]),
            Neighbours(np.full((5, 1), UNKNOWN_ROW, dtype=np.int32), nothing),
        ),
        trained_through=0,
    )
    recommender, history = Recommender(models, Serving()), History.of([order.index("a")], [5.0], [0])
    state = recommender.state(history)
    listed = recommender.top(state, 9)
    assert [(one.item_id, one.source) for one in listed] == [
        ("d", "personal"),
        ("b", "personal"),
        ("c", "personal"),
        ("e", "popular"),
    ]
    assert_array_equal(recommender.states([history])[0].scores, state.scores)
    assert_array_equal(recommender.top_many([history], 4), [[one.row for one in listed]])


def test_a_batch_pads_short_lists() -> None:
    lists = RECOMMENDER.top_many([_rated(A), _rated(A, B, C, D, E), History.empty()], 5)
    assert lists.dtype == np.int32
    assert lists.tolist() == [[D, B, C, E, -1], [-1] * 5, [A, B, C, D, E]]


def test_a_batch_of_nobody_is_empty() -> None:
    assert RECOMMENDER.top_many([], 5).shape == (0, 5)


def _trained() -> Recommender:
    ratings = TrainingSet.from_frame(checkerboard())
    return Recommender(
        train_models(ratings, SvdParams(n_factors=3, n_epochs=3), EaseParams()).models, Serving()
    )


TRAINED = _trained()
histories = st.lists(st.integers(0, 19), unique=True).map(lambda rows: _rated(*rows))


@settings(deadline=None)
@given(st.lists(histories, max_size=5), st.integers(0, 25))
def test_a_batch_is_the_same_as_one_after_the_other(people: list[History], n: int) -> None:
    lists = TRAINED.top_many(people, n)
    for history, row in zip(people, lists.tolist(), strict=True):
        single = [place.row for place in TRAINED.top(TRAINED.state(history), n)]
        assert row == single + [-1] * (n - len(single))
    states = TRAINED.models.ranking.fold_in_many(people)
    assert TRAINED.top_many(people, n, states=states).tolist() == lists.tolist()


def _without(excluded: set[int], forbidden: set[int]) -> dict[str, np.ndarray]:
    """What `top` is told to leave out, each in its own way."""
    allowed = np.ones(20, dtype=np.bool_)
    allowed[list(forbidden)] = False
    return {"excluded_rows": np.array(sorted(excluded), dtype=np.int32), "allowed": allowed}


@settings(deadline=None)
@given(histories, st.integers(0, 25), st.sets(st.integers(0, 19)), st.sets(st.integers(0, 19)))
def test_a_list_holds_each_item_that_passes_once_and_is_as_long_as_it_can_be(
    history: History, n: int, excluded: set[int], forbidden: set[int]
) -> None:
    listed = TRAINED.top(TRAINED.state(history), n, **_without(excluded, forbidden))
    passing = set(range(20)) - set(history.rows.tolist()) - excluded - forbidden
    assert len(listed) == min(n, len(passing))
    assert {place.row for place in listed} <= passing
    assert len({place.row for place in listed}) == len(listed)
    assert all(np.isfinite(place.score) and 0.5 <= (place.stars or 0) <= 5.0 for place in listed)


@settings(deadline=None)
@given(histories, st.integers(0, 25), st.sets(st.integers(0, 19)), st.sets(st.integers(0, 19)))
def test_a_state_with_its_front_gives_the_same_list_with_the_same_stars(
    history: History, n: int, excluded: set[int], forbidden: set[int]
) -> None:
    whole, quick = (
        TRAINED.top(state, n, **_without(excluded, forbidden))
        for state in (TRAINED.state(history), TRAINED.with_front(TRAINED.state(history)))
    )
    assert [(*place[:4], place.source) for place in quick] == [(*place[:4], place.source) for place in whole]
    for one, other in zip(quick, whole, strict=True):
        assert (one.stars, one.stars_low, one.stars_high) == pytest.approx(
            (other.stars, other.stars_low, other.stars_high), abs=1e-5
        )


def test_models_of_other_catalogues_do_not_go_together() -> None:
    ratings = TrainingSet.from_frame(checkerboard())
    models = RECOMMENDER.models
    with pytest.raises(ValueError, match="fallback model has 20 items, the catalogue 5"):
        ModelSet(models.items, models.rating, models.ranking, fallback.train(ratings), 0)


# ---- the chain ----

CATEGORIES = Labels.of([("Comedy",), ("Drama",), ("Comedy",), ("Comedy",), ("Comedy",)])


def _chained(*fallback: Stage) -> Recommender:
    return Recommender(RECOMMENDER.models, Serving(fallback=fallback))


def _made(recommender: Recommender, history: History, n: int) -> list[tuple[str, str]]:
    state = recommender.state(history)
    listing = recommender.make(state, Wanted(n, categories=CATEGORIES))
    return _places(recommender.places(listing, state))


def test_stages_are_tried_in_the_order_of_the_settings() -> None:
    """5 stars for a: similar are c, d (0.75, 0.5); popular comedies are a, c, d, e."""
    history = _rated(A, stars=5.0)
    assert _made(_chained("similar", "popular"), history, 3) == [
        ("c", "similar"),
        ("d", "similar"),
        ("b", "popular"),
    ]
    assert _made(_chained("category", "popular"), history, 4) == [
        ("c", "category"),
        ("d", "category"),
        ("e", "category"),
        ("b", "popular"),
    ]
    assert _made(_chained("popular", "personal"), history, 2) == [("b", "popular"), ("c", "popular")]


def test_a_chain_that_ends_early_leaves_the_list_short() -> None:
    assert _made(_chained("similar"), _rated(A, stars=5.0), 9) == [("c", "similar"), ("d", "similar")]
    assert _made(_chained("similar"), History.empty(), 9) == []


def test_what_was_disliked_says_nothing_of_what_is_similar() -> None:
    assert _made(_chained("similar", "category"), _rated(A, stars=1.0), 9) == []


def test_where_the_model_cannot_tell_items_apart_the_next_stage_answers() -> None:
    """The model has no weights for b; of its category, Drama, there is nothing else."""
    chain = _chained("personal", "similar", "category", "popular")
    assert _made(chain, _rated(B, stars=5.0), 2) == [("a", "popular"), ("c", "popular")]
    lists = chain.top_many([_rated(B, stars=5.0), _rated(A, stars=5.0)], 2)
    assert lists.tolist() == [[A, C], [D, B]]


def test_a_batch_follows_the_chain() -> None:
    lists = _chained("similar", "popular").top_many([_rated(A, stars=5.0), History.empty()], 3)
    assert lists.tolist() == [[C, D, B], [A, B, C]]


def test_what_a_history_hides_is_in_no_list_and_what_it_implies_is_folded_in() -> None:
    implied = replace(History.empty(), implied=Implied.of([A], [1.0]), hidden=np.array([D], np.int32))
    assert _made(RECOMMENDER, implied, 9) == [
        ("b", "personal"),
        ("a", "personal"),
        ("c", "personal"),
        ("e", "category"),
    ]


def test_places_count_on_from_the_pages_before() -> None:
    state = RECOMMENDER.state(_rated(A))
    listing = RECOMMENDER.make(state, Wanted(2, excluded=np.array([D], np.int32), offset=1))
    assert [(place.item_id, place.rank) for place in RECOMMENDER.places(listing, state, 1)] == [
        ("b", 2),
        ("c", 3),
    ]


def test_a_pinned_item_has_stars_and_no_score() -> None:
    state = RECOMMENDER.state(_rated(A, stars=5.0))
    rules = Rules(pins=(Pin(1, np.array([B], np.int32)),))
    first, second = RECOMMENDER.places(RECOMMENDER.make(state, Wanted(2, rules=rules)), state)
    assert (first.item_id, first.score, first.source) == ("b", None, "pinned")
    assert first.stars == pytest.approx(4.0)
    assert (second.item_id, second.score) == ("d", pytest.approx(0.9))
