"""Ratings that arrive while a challenger is in memory: what both versions would have predicted."""

from collections import deque
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection

from app import metrics
from app.serving.audience import Person
from app.serving.complaints import Complaint
from app.serving.reporter import Outcome
from app.serving.shadow import Shadow
from app.serving.shelf import Shelf
from app.serving.stage import Lineup, Trial
from app.serving.tallies import Tallies
from app.serving.variants import Arm
from marquee.store import tallies
from marquee.store.tallies import ScoredRating

MOST_WAITING = 5_000


class Before(NamedTuple):
    """Somebody as they were before they rated, and the models that serve then."""

    person: Person
    champion: Shelf
    trial: Trial


class _Waiting(NamedTuple):
    before: Before
    item_id: str
    stars: float
    at: datetime


class ScoredRatings:
    """First ratings of items, with the predictions of champion and challenger. A ledger of the `Reporter`.

    Whoever takes a rating in notes what is known of the person before; histories in memory never change in
    place, so that the predictions can be made later, on the reporter's thread. A version that predicts no
    number has made an error, which is counted with those of its lists.

    Args:
        tallies: count errors, in mode `canary`.
        shadow: counts those of the challenger, in mode `shadow`.
    """

    def __init__(self, tallies: Tallies, shadow: Shadow) -> None:
        self._tallies, self._shadow = tallies, shadow
        self._waiting: deque[_Waiting] = deque()
        self._taken: list[ScoredRating] = []
        self._complaint = Complaint("A rating could not be predicted.")

    def __len__(self) -> int:
        return len(self._waiting) + len(self._taken)

    @staticmethod
    def before(person: Person | None, lineup: Lineup) -> Before | None:
        """To be called before a rating is written; None where nothing is to be scored.

        Args:
            person: from memory; None: they are not in it.
        """
        trial, champion = lineup.trial, lineup.champion
        if trial is None or champion is None or person is None or trial.mode == "warming":
            return None
        return Before(person, champion, trial)

    def note(self, before: Before | None, item_id: str, stars: float, at: datetime) -> None:
        """Have a rating scored that was committed; never waits."""
        if before is None:
            return
        if len(self) < MOST_WAITING:
            self._waiting.append(_Waiting(before, item_id, stars, at))
        else:
            metrics.scored_ratings.labels("dropped").inc()

    def write(self, connection: Connection) -> None:
        """Predict, and write, within the caller's transaction; not of people who have been erased since."""
        self._taken.extend(self.predicted())
        tallies.add_scored(connection, self._taken)

    def predicted(self) -> Iterator[ScoredRating]:
        """Those that wait, with both predictions."""
        while self._waiting:
            scored = self._scored(self._waiting.popleft())
            if scored is not None:
                yield scored

    def settle(self, outcome: Outcome) -> None:
        if outcome != "later":
            metrics.scored_ratings.labels(outcome).inc(len(self._taken))
            self._taken = []

    def _scored(self, waiting: _Waiting) -> ScoredRating | None:
        (person, champion, trial), item_id = waiting.before, waiting.item_id
        number = champion.catalogue.number_of.get(item_id)
        if number is None or (person.rated["number"] == number).any():  # both have learnt of it already
            return None
        theirs = self._predicted(champion, waiting.before, trial.champion, item_id)
        others = self._predicted(trial.shelf, waiting.before, trial.challenger, item_id)
        if theirs is None or others is None:
            metrics.scored_ratings.labels("failed").inc()
            return None
        return ScoredRating(
            trial.rollout, trial.step, person.user_id, item_id, waiting.stars, theirs, others, waiting.at
        )

    def _predicted(self, shelf: Shelf, before: Before, arm: Arm, item_id: str) -> float | None:
        """A version's stars; None where it fails, which is counted."""
        try:
            return _predicted(shelf, before.person, item_id)
        except Exception as error:
            self._complaint.about(error)
            self._count_error(before, arm)
            return None

    def _count_error(self, before: Before, arm: Arm) -> None:
        trial = before.trial
        if trial.mode == "canary":
            self._tallies.count(arm, trial.draw.of(before.person.user_id)[1], None, error=True)
        elif arm.variant == "challenger":
            self._shadow.count_error(trial.rollout)


def _predicted(shelf: Shelf, person: Person, item_id: str) -> float:
    states = shelf.model.states
    history = states.history(person.rated, shelf.row_of_number, person.profile, person.done)
    stars = shelf.model.recommender.predict(history, shelf.rows([item_id]))
    if not np.isfinite(stars).all():
        raise ValueError(f"version {shelf.version} predicts no number")
    return float(stars[0])
