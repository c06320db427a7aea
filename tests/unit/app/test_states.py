"""States of people: kept while what they were computed from stands, and is fresh enough."""

from dataclasses import dataclass

import numpy as np
import pytest
from app.serving.histories import DONE, NOTHING_DONE, NOTHING_KNOWN, NOTHING_RATED, RATED, Done, Rated
from app.serving.states import States

from marquee.models.bundle import Bundle
from marquee.recommend.recommender import Recommender
from marquee.settings import Serving
from marquee.settings.serving import Feedback
from tests.support.world import write_world_bundle

DAY = 86_400
NOW = 1_700_000_000.0
FEEDBACK = Feedback.model_validate(
    {"kinds": {"like": {"weight": 1.0}, "seen": {"weight": 0.0, "seen": True}}, "half_life_days": 10}
)
ROWS = np.array([1, 2, 3, 4, -1], np.int32)  # of the catalogue's numbers 0 to 4


@dataclass
class Time:
    """A clock that stands until it is told to go on."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture(scope="module")
def recommender(tmp_path_factory: pytest.TempPathFactory) -> Recommender:
    path = tmp_path_factory.mktemp("bundles") / "1"
    write_world_bundle(path)
    return Recommender(Bundle.open(path), Serving())


@pytest.fixture
def states(recommender: Recommender, time: Time) -> States:
    return States(recommender, FEEDBACK, time)


def _done(*records: tuple[int, float, bool], at: float = NOW) -> Done:
    """(number, weight, hidden) as of a moment."""
    done = np.zeros(len(records), DONE)
    for name, values in zip(("number", "weight", "hidden"), zip(*records, strict=True), strict=True):
        done[name] = values
    done["at"] = at
    return done


def _rated(*numbers: int) -> Rated:
    rated = np.zeros(len(numbers), RATED)
    rated["number"], rated["stars"] = numbers, 4
    return rated


def test_weights_halve_as_time_goes_by(states: States, time: Time) -> None:
    done = _done((0, 0.8, False), (2, 3.0, False))
    for days, weights in ((0, [0.8, 1.0]), (10, [0.4, 1.0]), (20, [0.2, 0.75]), (1000, [])):
        time.now = NOW + days * DAY
        implied = states.history(NOTHING_RATED, ROWS, NOTHING_KNOWN, done).implied
        assert implied.weights.tolist() == pytest.approx(weights)


def test_a_clock_set_back_makes_nothing_weigh_more(states: States, time: Time) -> None:
    time.now = NOW - DAY
    assert states.history(
        NOTHING_RATED, ROWS, NOTHING_KNOWN, _done((0, 0.5, False))
    ).implied.weights.tolist() == [0.5]


def test_what_was_rated_or_has_no_row_is_not_implied_and_what_was_seen_is_hidden(states: States) -> None:
    done = _done(
        (0, 0.5, False), (1, 0.5, True), (2, 0.0, True), (3, 0.5, False), (4, 0.5, True), (9, 0.5, True)
    )
    history = states.history(_rated(3), ROWS, NOTHING_KNOWN, done)
    assert history.rows.tolist() == [4]
    assert history.implied.rows.tolist() == [1, 2]
    assert history.hidden.tolist() == [2, 3]


def test_a_state_stands_until_what_it_implies_has_lost_a_hundredth(states: States, time: Time) -> None:
    rated, done = _rated(0), _done((1, 0.5, False))
    first = states.get("u", rated, ROWS, NOTHING_KNOWN, done)
    time.now += 0.09 * DAY
    assert states.get("u", rated, ROWS, NOTHING_KNOWN, done) is first
    time.now += 0.02 * DAY
    assert states.get("u", rated, ROWS, NOTHING_KNOWN, done) is not first


def test_a_state_of_ratings_alone_stands_for_ever(states: States, time: Time) -> None:
    rated = _rated(0)
    first = states.get("u", rated, ROWS)
    time.now += 1000 * DAY
    assert states.get("u", rated, ROWS) is first


def test_a_new_doing_makes_a_new_state(states: States) -> None:
    rated = _rated(0)
    before = states.get("u", rated, ROWS, NOTHING_KNOWN, NOTHING_DONE)
    after = states.get("u", rated, ROWS, NOTHING_KNOWN, _done((2, 0.0, True)))
    assert np.isfinite(before.scores[3])
    assert np.isneginf(after.scores[3])
