"""Many lists at once are the lists that each person would have got alone."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from marquee.domain.history import History, Implied
from marquee.models.train import train_models
from marquee.models.training_set import TrainingSet
from marquee.recommend import batch as batch_module
from marquee.recommend import recommender as recommender_module
from marquee.recommend.batch import MOST_PEOPLE, block_size, make_many
from marquee.recommend.facts import Labels
from marquee.recommend.listing import Listing, Wanted
from marquee.recommend.recommender import Recommender
from marquee.recommend.rules import Pin, Rules
from marquee.settings.params import EaseParams, SvdParams
from marquee.settings.serving import Serving
from tests.support.ratings import checkerboard

ROWS = np.array([2, 5, 11], np.int32)
BARRED = np.where(np.arange(20) % 5 == 0, np.float32(-np.inf), np.float32(0))
WISHES = {
    "plain": Wanted(4),
    "nothing": Wanted(0),
    "more than there is": Wanted(50),
    "filtered": Wanted(4, BARRED),
    "without some": Wanted(4, excluded=np.array([3, -1, 4], np.int32)),
    "moved by rules": Wanted(4, BARRED, rules=Rules(factors=(ROWS, np.array([50, 0.01, 2], np.float32)))),
    "pinned": Wanted(4, rules=Rules(pins=(Pin(2, np.array([19], np.int32)),))),
    "diverse": Wanted(4, diversity=0.5, categories=Labels.of([["ab"[row % 2]] for row in range(20)])),
    "discounted": Wanted(4, discount=(ROWS, np.array([0.1, 0.1, 0.1], np.float32))),
}


@pytest.fixture(scope="module")
def ratings() -> TrainingSet:
    return TrainingSet.from_frame(checkerboard())


@pytest.fixture(scope="module", params=["personal first", "popular first"])
def recommender(ratings: TrainingSet, request: pytest.FixtureRequest) -> Recommender:
    models = train_models(
        ratings, SvdParams(n_factors=2, n_epochs=2, seed=0), EaseParams(regularization=5.0)
    ).models
    chain = ("personal", "similar", "popular") if request.param == "personal first" else ("popular",)
    return Recommender(models, Serving(fallback=chain))


@pytest.fixture(scope="module")
def histories(ratings: TrainingSet) -> list[History]:
    """Everybody; somebody unknown; somebody who has done something; who has seen all but two; who hides."""
    done = replace(History.empty(), implied=Implied.of([4], [0.5]))
    full = History.of(range(18), [5.0] * 18, range(18))
    hides = replace(ratings.histories()[0], hidden=np.array([1, 3], np.int32))
    return [*ratings.histories(), History.empty(), done, full, hides]


@pytest.mark.parametrize("wish", WISHES)
def test_each_list_is_the_one_made_alone(
    wish: str, recommender: Recommender, histories: list[History]
) -> None:
    wanted = WISHES[wish]
    states = recommender.states(histories)
    together = make_many(recommender, states, wanted)
    assert len(together) == len(histories)
    for listing, history in zip(together, histories, strict=True):
        _assert_same(listing, recommender.make(recommender.state(history), wanted))


@pytest.mark.parametrize("wish", WISHES)
def test_each_list_is_the_same_where_the_fronts_of_some_are_known(
    wish: str, recommender: Recommender, histories: list[History], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (recommender_module, batch_module):
        monkeypatch.setattr(module, "FRONT", 8)
    wanted = WISHES[wish]
    states = recommender.states(histories)
    for state in states[::2] + states[-2:]:
        recommender.with_front(state)
    together = make_many(recommender, states, wanted)
    figures = recommender.figures_many(states, together)
    alone = [recommender.make(recommender.state(history), wanted) for history in histories]
    for listing, other in zip(together, alone, strict=True):
        _assert_same(listing, other)
    each = [recommender.figures(state.rating, one.rows) for state, one in zip(states, alone, strict=True)]
    assert_allclose(figures, np.concatenate(each, axis=1), rtol=1e-5)


@pytest.mark.parametrize("n", [1, 2])
def test_the_figures_of_fronts_alone_are_those_of_their_rows(
    n: int, recommender: Recommender, histories: list[History], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (recommender_module, batch_module):
        monkeypatch.setattr(module, "FRONT", 4)
    wanted = Wanted(n, BARRED)
    states = [recommender.with_front(state) for state in recommender.states(histories[:3])]
    together = make_many(recommender, states, wanted)
    assert recommender.begins_with_personal == all(one.front_places is not None for one in together)
    each = [recommender.figures(state.rating, one.rows) for state, one in zip(states, together, strict=True)]
    figures = recommender.figures_many(states, together)
    assert_allclose(figures, np.concatenate(each, axis=1), rtol=1e-5)
    assert figures.flags.c_contiguous


def _assert_same(one: Listing, other: Listing) -> None:
    assert_array_equal(one.rows, other.rows)
    assert_allclose(one.scores, other.scores, rtol=1e-5)
    assert (one.sources, one.stage, one.more) == (other.sources, other.stage, other.more)
    assert one.propensities is other.propensities is None


def test_states_computed_together_are_those_computed_alone(
    recommender: Recommender, histories: list[History]
) -> None:
    for together, history in zip(recommender.states(histories), histories, strict=True):
        alone = recommender.state(history)
        assert_allclose(together.scores, alone.scores, rtol=1e-5, atol=1e-6)
        assert_allclose(together.rating, alone.rating, rtol=1e-5, atol=1e-6)
        assert (together.source, together.floor) == (alone.source, pytest.approx(alone.floor, abs=1e-6))
        assert_array_equal(together.seen, alone.seen)


def test_stars_of_many_come_one_after_the_other(recommender: Recommender, histories: list[History]) -> None:
    states = recommender.states(histories[:3])
    rows = [np.array(those, np.int32) for those in ([1, 2], [], [7])]
    alone = [recommender.stars(state, those) for state, those in zip(states, rows, strict=True)]
    assert_allclose(recommender.stars_many(states, rows), np.concatenate(alone), rtol=1e-6)


def test_nobody_gets_no_list(recommender: Recommender) -> None:
    assert make_many(recommender, [], Wanted(3)) == []
    assert recommender.states([]) == []
    assert len(recommender.stars_many([], [])) == 0


def test_a_block_is_no_larger_than_memory_allows() -> None:
    assert block_size(1_682) == MOST_PEOPLE
    assert block_size(60_000) == 66
    assert block_size(10_000_000) == block_size(0) // MOST_PEOPLE == 1
