"""What people's histories mean to the model that serves, kept until the history or the model changes."""

import threading
from collections import OrderedDict
from functools import cached_property

from app.metrics import states_computed
from app.serving.histories import NOTHING_KNOWN, Profile, Rated
from marquee.domain.history import NO_PROFILE, UNKNOWN_ROW, History
from marquee.models.features import describe_user
from marquee.models.protocol import Int32
from marquee.recommend.recommender import PersonState, Recommender

_MOST_BYTES = 64 * 2**20
_MOST_PROFILES = 10_000


class States:
    """Person states of one recommender, those asked for last, in 64 MB at most.

    Args:
        recommender: computes them.
    """

    def __init__(self, recommender: Recommender) -> None:
        self._recommender = recommender
        self._of: OrderedDict[str, tuple[Rated, Int32, Profile, PersonState]] = OrderedDict()
        self._columns: dict[Profile, Int32] = {NOTHING_KNOWN: NO_PROFILE}
        self._most = max(16, _MOST_BYTES // (4 * len(recommender.models.items) + 4096))
        self._lock = threading.Lock()

    def get(
        self, user_id: str, history: Rated, row_of_number: Int32, profile: Profile = NOTHING_KNOWN
    ) -> PersonState:
        """The state of a person's history, computed if it is not the history of last time.

        Args:
            history, profile: the very objects that `Histories` holds.
            row_of_number: rows of the bundle by the catalogue's numbers; see `Shelf`.
        """
        kept = self._of.get(user_id)
        if (
            kept is not None
            and kept[0] is history
            and kept[1] is row_of_number
            and (kept[2] is profile or kept[2] == profile)
        ):
            return kept[3]
        state = self._recommender.state(history_of(history, row_of_number, self.columns(profile)))
        states_computed.inc()
        with self._lock:
            self._of[user_id] = (history, row_of_number, profile, state)
            self._of.move_to_end(user_id)
            if len(self._of) > self._most:
                self._of.popitem(last=False)
        return state

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
        return self._recommender.state(History.empty())

    def forget(self, user_id: str) -> None:
        """Keep nothing of a person."""
        with self._lock:
            self._of.pop(user_id, None)

    def holds(self, user_id: str) -> bool:
        return user_id in self._of


def history_of(history: Rated, row_of_number: Int32, profile: Int32 = NO_PROFILE) -> History:
    """A history by the model's rows; ratings of items that have none are left out."""
    numbers = history["number"]
    if numbers.max(initial=-1) >= len(row_of_number):  # it was read with a newer catalogue than this shelf's
        history = history[numbers < len(row_of_number)]
        numbers = history["number"]
    rows = row_of_number[numbers]
    known = rows != UNKNOWN_ROW
    return History(rows[known], history["stars"][known], history["time"][known], profile)
