"""What is counted of the lists of a canary and a shadow, by a challenger that is the champion, or broken."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from math import sqrt
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import orjson
import pytest
from app.metrics import states_computed
from app.serving.asked import Asked
from app.serving.audience import Person
from app.serving.bell import Bell
from app.serving.database import Database
from app.serving.deadline import request_ends
from app.serving.histories import RATED, Histories
from app.serving.impressions import ImpressionLog
from app.serving.lists import ListMaker
from app.serving.scored import ScoredRatings
from app.serving.shadow import Shadow
from app.serving.shelf import ServedModel, Shelf
from app.serving.stage import Lineup, Trial
from app.serving.tallies import Tallies
from app.serving.tokens import Tokens
from app.serving.trials import Trials
from sqlalchemy import create_engine

from marquee.domain.errors import Unavailable
from marquee.models.bundle import Bundle
from marquee.models.model_set import ModelSet
from marquee.settings import Serving
from marquee.store.deployment import Deployment
from marquee.store.outcomes import TALLIES
from tests.support.service import eventually
from tests.support.world import write_world_bundle
from tests.unit.app.test_lists import CATALOGUE, REQUEST

SERVING = Serving()
SHARE = 0.1
CANARY = Deployment(1, None, 1, None, None, challenger=2, rollout=7, mode="canary", step=1, share=SHARE)
PEOPLE = 2_000


class Canary:
    """Two models as champion and as challenger, and what is counted of their lists."""

    def __init__(
        self,
        lists: ListMaker,
        champion: ModelSet,
        challenger: ModelSet,
        clock: Callable[[], float],
        deployed: Deployment = CANARY,
    ) -> None:
        shelves = [
            Shelf.of(ServedModel.of(version, models, SERVING), CATALOGUE).prepared()
            for version, models in ((1, champion), (2, challenger))
        ]
        self.tallies, self.stopping = Tallies("w"), threading.Event()
        self.shadow = Shadow(lists, "w", self.stopping)
        self.scored = ScoredRatings(self.tallies, self.shadow)
        self.lineup = Lineup(shelves[0], Trial.of(shelves[1], deployed))
        self._trials = Trials(lists, self.tallies, self.shadow, clock)

    def know(self, people: list[Person]) -> None:
        """Before the challenger came, the champion served them."""
        champion = self.lineup.champion
        assert champion is not None
        for person in people:
            person.state(champion)

    def alone(self, person: Person) -> bytes:
        return self._trials.for_person(REQUEST, person, Asked(5), self.lineup, CATALOGUE)

    def batch(self, people: list[Person], request_id: str = REQUEST, *, explain: bool = False) -> bytes:
        return self._trials.for_many(request_id, people, Asked(5, explain=explain), self.lineup, CATALOGUE)

    def counted(self) -> dict[tuple[int, str], dict[str, Any]]:
        """As `store.outcomes.of_buckets` reads it."""
        return {
            (tally.step, tally.variant): {
                name: np.asarray(getattr(tally, name), np.float64) for name in TALLIES
            }
            for tally in self.tallies.unwritten()
        }


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    write_world_bundle(tmp_path / "1")
    return Bundle.open(tmp_path / "1")


@pytest.fixture
def lists(tmp_path: Path) -> Iterator[ListMaker]:
    with Bell(tmp_path / "bell") as bell:
        database = Database(create_engine("postgresql+psycopg2://"), bell)  # never connected
        log = ImpressionLog(database, SERVING.impressions)
        histories = Histories(100, SERVING.feedback)
        yield ListMaker(SERVING, histories, Tokens("key"), log, is_deployed=lambda: True)


@pytest.fixture
def new_canary(lists: ListMaker, bundle: Bundle) -> Callable[..., Canary]:
    return lambda clock: Canary(lists, bundle, bundle, clock)


@pytest.fixture
def new_broken(lists: ListMaker, bundle: Bundle) -> Callable[[str], Canary]:
    """Its challenger predicts no number; of a mode."""
    broken = replace(bundle, rating=replace(bundle.rating, mean=np.nan))
    return lambda mode: Canary(lists, bundle, broken, time.thread_time, replace(CANARY, mode=mode))


def _people(number: int) -> list[Person]:
    def rated(n: int) -> Any:
        history = np.zeros(8, RATED)
        history["number"], history["stars"] = np.random.default_rng(n).permutation(20)[:8], 5
        return history

    return [Person(f"p{n}", rated(n)) for n in range(number)]


def _states_computed() -> float:
    (found,) = states_computed.collect()
    return float(found.samples[0].value)


def _sums(canary: Canary) -> dict[str, dict[str, float]]:
    return {
        variant: {name: array.sum() for name, array in held.items()}
        for (_, variant), held in canary.counted().items()
    }


def test_to_take_a_history_in_is_not_of_a_lists_time(new_canary: Callable[..., Canary]) -> None:
    canary, people = new_canary(_states_computed), _people(200)  # a clock that ticks at each state
    canary.know(people)
    for person in people:
        canary.alone(person)
    sums = _sums(canary)
    assert sums["champion"]["requests"] + sums["challenger"]["requests"] == 200
    for variant in ("champion", "challenger"):
        assert sums[variant]["timed"] == sums[variant]["requests"] > 0
        assert sums[variant]["milliseconds"] == 0.0


def test_of_a_batch_a_few_lists_are_timed_and_all_are_counted(
    new_canary: Callable[..., Canary],
) -> None:
    canary, people = new_canary(time.thread_time), _people(400)
    answers = orjson.loads(canary.batch(people))["lists"]
    assert [answer["user_id"] for answer in answers] == [person.user_id for person in people]
    sums = _sums(canary)
    assert sums["champion"]["requests"] + sums["challenger"]["requests"] == 400
    timed = sums["champion"]["timed"] + sums["challenger"]["timed"]
    assert abs(timed - 400 / 32) < 5 * sqrt(400 / 32)
    assert timed > 0
    alone = [orjson.loads(canary.alone(person)) for person in people]
    assert [answer["items"] for answer in answers] == [answer["items"] for answer in alone]


@contextmanager
def _clock_of_calls() -> Iterator[Callable[[], float]]:
    """Goes on by ten microseconds at each call of a function, whatever else the machine does."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield lambda: calls * 1e-5
    finally:
        sys.setprofile(before)


def test_a_challenger_that_is_the_champion_takes_as_long(new_canary: Callable[..., Canary]) -> None:
    """Also for people whom it has never seen, and in batches that are mostly the champion's."""
    with _clock_of_calls() as clock:
        canary, people = new_canary(clock), _people(PEOPLE)
        canary.know(people)
        for person in people:
            canary.alone(person)
        for number, first in enumerate(range(0, PEOPLE, 50)):
            canary.batch(people[first : first + 50], str(UUID(int=number)))
    taken = {variant: sums["milliseconds"] / sums["timed"] for variant, sums in _sums(canary).items()}
    assert taken["challenger"] == pytest.approx(taken["champion"], rel=0.01)


@pytest.mark.parametrize("explain", [False, True])
def test_a_batch_ends_with_its_request_and_that_is_no_error_of_the_challenger(
    new_canary: Callable[..., Canary], explain: bool
) -> None:
    canary, people = new_canary(time.thread_time), _people(400)
    token = request_ends.set(time.monotonic() - 1)
    try:
        with pytest.raises(Unavailable, match="too long"):
            canary.batch(people, explain=explain)
    finally:
        request_ends.reset(token)
    assert _sums(canary) == {}


def test_lists_in_the_shadow_that_hold_no_numbers_are_errors_and_spoil_no_sum(
    new_broken: Callable[[str], Canary],
) -> None:
    broken = new_broken("shadow")
    broken.shadow.start()
    try:
        for person in _people(3):
            broken.alone(person)
        figures: dict[str, Any] = {}

        def all_are_counted() -> bool:
            figures.update(broken.shadow.unwritten().get(7, {}))
            return figures.get("errors", 0) + figures.get("compared", 0) == 3

        eventually(all_are_counted)
    finally:
        broken.stopping.set()
        broken.shadow.wake()
        broken.shadow.join(20)
    assert (figures["errors"], figures["compared"], figures["stars_shift"]) == (3, 0, 0.0)


def test_a_rating_for_which_the_challenger_predicts_no_number_is_its_error(
    new_broken: Callable[[str], Canary],
) -> None:
    for mode in ("shadow", "canary"):
        broken, (person,) = new_broken(mode), _people(1)
        unrated = next(n for n in range(20) if n not in person.rated["number"])
        before = broken.scored.before(person, broken.lineup)
        broken.scored.note(before, f"i{unrated:03d}", 4.0, datetime.now(UTC))
        assert list(broken.scored.predicted()) == []
        if mode == "shadow":
            assert broken.shadow.unwritten()[7]["errors"] == 1
        else:
            sums = _sums(broken)
            assert sums.keys() == {"challenger"}
            assert (sums["challenger"]["errors"], sums["challenger"]["timed"]) == (1, 0)
