"""What people's histories mean to the model that serves, kept until the history or the model changes."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.metrics import states_computed
from app.serving.histories import NOTHING_DONE, NOTHING_KNOWN, Done, Rated
from marquee.domain.history import NO_PROFILE, UNKNOWN_ROW, History
from marquee.models.features import describe_user
from marquee.models.protocol import Int32
from marquee.recommend.doings import SECONDS_A_DAY, implied_by, share_left
from marquee.recommend.recommender import PersonState, Recommender
from marquee.settings.serving import Feedback
from marquee.store.histories import Profile

_MOST_BYTES = 64 * 2**20
_BYTES_BESIDE = (
    12_288  # a state has, beside its scores: what its stars come from, its front, how that is written
)
_MOST_PROFILES = 10_000
_AGEING = 0.01  # of a half-life: while so little passes, what is implied loses less than a hundredth


class _Kept(NamedTuple):
    """A state, what it was computed from, and the moment until which that may stand."""

    history: Rated
    row_of_number: Int32
    profile: Profile
    done: Done
    until: float
    state: PersonState

    def is_of(self, history: Rated, row_of_number: Int32, profile: Profile, done: Done) -> bool:
        return (
            self.history is history
            and self.done is done
            and self.row_of_number is row_of_number
            and (self.profile is profile or self.profile == profile)
        )


class States:
    """Person states of one recommender, those asked for last, in 64 MB at most.

    Args:
        recommender: computes them.
        feedback: says how fast what is implied grows old.
        clock: seconds since 1970.
    """

    def __init__(
        self, recommender: Recommender, feedback: Feedback, clock: Callable[[], float] = time.time
    ) -> None:
        self._recommender, self._clock = recommender, clock
        self._half_life = feedback.half_life_days
        self._of: OrderedDict[str, _Kept] = OrderedDict()
        self._columns: dict[Profile, Int32] = {NOTHING_KNOWN: NO_PROFILE}
        self._most = max(16, _MOST_BYTES // (4 * len(recommender.models.items) + _BYTES_BESIDE))
        self._lock = threading.Lock()

    def get(
        self,
        user_id: str,
        history: Rated,
        row_of_number: Int32,
        profile: Profile = NOTHING_KNOWN,
        done: Done = NOTHING_DONE,
    ) -> PersonState:
        """The state of a person's history, computed if it is not the history of last time, or has grown old.

        Args:
            history, profile, done: the very objects that `Histories` holds.
            row_of_number: rows of the bundle by the catalogue's numbers; see `Shelf`.
        """
        kept = self.kept(user_id, history, row_of_number, profile, done)
        if kept is not None:
            return self._recommender.with_front(kept)  # which one made for a batch has not
        rows = self.history(history, row_of_number, profile, done)
        state = self._recommender.with_front(self._recommender.state(rows))
        states_computed.inc()
        self._keep(user_id, history, row_of_number, profile, done, state)
        return state

    def keep_if_there_is_room(
        self,
        user_id: str,
        history: Rated,
        row_of_number: Int32,
        profile: Profile,
        done: Done,
        state: PersonState,
    ) -> None:
        """Keep a state computed elsewhere just now, unless another would have to go for it."""
        if len(self._of) < self._most:
            self._keep(user_id, history, row_of_number, profile, done, state)

    def _keep(
        self,
        user_id: str,
        history: Rated,
        row_of_number: Int32,
        profile: Profile,
        done: Done,
        state: PersonState,
    ) -> None:
        until = self._stands_until(self._clock()) if len(state.history.implied) else math.inf
        with self._lock:
            self._of[user_id] = _Kept(history, row_of_number, profile, done, until, state)
            self._of.move_to_end(user_id)
            if len(self._of) > self._most:
                self._of.popitem(last=False)

    def kept(
        self,
        user_id: str,
        history: Rated,
        row_of_number: Int32,
        profile: Profile = NOTHING_KNOWN,
        done: Done = NOTHING_DONE,
    ) -> PersonState | None:
        """The state as of `get`, if it is there; None where it would have to be computed."""
        kept = self._of.get(user_id)
        now = self._clock() if len(done) else 0.0
        if kept is not None and now < kept.until and kept.is_of(history, row_of_number, profile, done):
            return kept.state
        return None

    def history(
        self,
        history: Rated,
        row_of_number: Int32,
        profile: Profile = NOTHING_KNOWN,
        done: Done = NOTHING_DONE,
    ) -> History:
        """All that is known of a person now, by the model's rows; arguments as of `get`."""
        rated = history_of(history, row_of_number, self.columns(profile))
        return self._and_done(rated, done, row_of_number) if len(done) else rated

    def _and_done(self, history: History, done: Done, row_of_number: Int32) -> History:
        done, rows = _by_rows(done, row_of_number)
        left = share_left(self._clock() - float(done["at"].max(initial=0.0)), self._half_life)
        weighing = done["weight"] > 0
        implied = implied_by(rows[weighing], done["weight"][weighing] * np.float32(left), history.rows)
        return replace(history, implied=implied, hidden=rows[done["hidden"]])

    def _stands_until(self, now: float) -> float:
        return math.inf if self._half_life is None else now + _AGEING * self._half_life * SECONDS_A_DAY

    def columns(self, profile: Profile) -> Int32:
        """What is known of a person, as columns of the model's user features."""
        columns = self._columns.get(profile)
        if columns is None:
            described = self._recommender.models.user_vocabulary.encode(describe_user(*profile))
            columns = described.nonzero()[0].astype("int32")
            if len(self._columns) >= _MOST_PROFILES:
                self._columns.clear()
            self._columns[profile] = columns
        return columns

    @cached_property
    def nobody(self) -> PersonState:
        """The state of somebody of whom nothing is known."""
        return self._recommender.with_front(self._recommender.state(History.empty()))

    def forget(self, user_id: str) -> None:
        """Keep nothing of a person."""
        with self._lock:
            self._of.pop(user_id, None)

    def clear(self) -> None:
        """Keep nothing of anybody."""
        with self._lock:
            self._of.clear()

    def holds(self, user_id: str) -> bool:
        return user_id in self._of


def history_of(history: Rated, row_of_number: Int32, profile: Int32 = NO_PROFILE) -> History:
    """A history by the model's rows; ratings of items that have none are left out."""
    history, rows = _by_rows(history, row_of_number)
    return History(rows, history["stars"], history["time"], profile)


def _by_rows(records: NDArray[np.void], row_of_number: Int32) -> tuple[NDArray[np.void], Int32]:
    """Those of some records whose items have rows, and the rows."""
    numbers = records["number"]
    if numbers.max(initial=-1) >= len(row_of_number):  # read with a newer catalogue than this shelf's
        records = records[numbers < len(row_of_number)]
        numbers = records["number"]
    rows = row_of_number[numbers]
    known = rows != UNKNOWN_ROW
    return records[known], rows[known]
