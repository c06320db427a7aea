"""Everybody's ratings in memory, as compact as they can be: 16 bytes a rating."""

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from app.serving.catalogue import Catalogue
from marquee.store import ratings, users
from marquee.store.ratings import UserRatings

_MOST_ASKED_FOR = 50_000

RATED = np.dtype([("number", "<i4"), ("stars", "<f4"), ("time", "<i8")])

# One record a rating: the item's number in the catalogue, stars, seconds since 1970. Never changed in
# place: whoever holds one can tell by its identity whether the person's history is still the same.
Rated = NDArray[np.void]

NOTHING_RATED: Final[Rated] = np.empty(0, RATED)

# What is known of a person besides: age, gender, occupation, as `features.describe_user` takes them.
Profile: TypeAlias = tuple[int | None, str | None, str | None]
NOTHING_KNOWN: Final[Profile] = (None, None, None)


class Histories:
    """Histories by user id: read at start, newest raters first, up to a bound; others when asked for.

    Args:
        most_ratings: how many ratings are kept, about.
    """

    def __init__(self, most_ratings: int) -> None:
        self._most_ratings = most_ratings
        self._of: dict[str, Rated] = {}
        self._asked_for: OrderedDict[str, Rated] = OrderedDict()
        self._profiles: dict[str, Profile] = {}
        self._changes = 0
        self._lock = threading.Lock()
        self.complete = False

    def __len__(self) -> int:
        return len(self._of) + len(self._asked_for)

    def get(self, user_id: str) -> Rated | None:
        """A person's history; None when it is not in memory: unknown, if `complete`."""
        found = self._of.get(user_id)
        return found if found is not None else self._asked_for.get(user_id)

    def profile(self, user_id: str) -> Profile:
        """What is known of a person whose history is in memory."""
        return self._profiles.get(user_id, NOTHING_KNOWN)

    def ratings_of_items(self, n_numbers: int) -> NDArray[np.int64]:
        """How many ratings in memory each item has, by number, shape (n_numbers,)."""
        every = [history["number"] for history in list(self._of.values())]
        if not every:
            return np.zeros(n_numbers, np.int64)
        return np.bincount(np.concatenate(every), minlength=n_numbers)[:n_numbers]

    def summary_of_item(self, number: int) -> tuple[int, float | None]:
        """(number of ratings in memory, mean stars or None) of one item; looks at every history."""
        stars = [history["stars"][history["number"] == number] for history in list(self._of.values())]
        given = np.concatenate(stars) if stars else np.empty(0, np.float32)
        return len(given), float(given.mean()) if len(given) else None

    def load(self, connection: Connection, catalogue: Catalogue) -> None:
        """Read all, in place of what was there. For the feed's thread alone."""
        self._note_change()
        fresh: dict[str, Rated] = {}
        total = ratings.count(connection)
        for history in ratings.histories(connection, most_ratings=self._most_ratings):
            fresh[history.user_id] = rated(history, catalogue)
        complete = total <= self._most_ratings
        profiles: dict[str, Profile] = {}
        same: dict[Profile, Profile] = {}  # many people share one
        for user_id, profile in users.profiles(connection):
            if complete:
                fresh.setdefault(user_id, NOTHING_RATED)
            if profile != NOTHING_KNOWN and user_id in fresh:
                profiles[user_id] = same.setdefault(profile, profile)
        with self._lock:
            self._changes += 1
            self._of, self._profiles, self.complete = fresh, profiles, complete
            self._asked_for.clear()

    def refresh(self, connection: Connection, user_ids: Iterable[str], catalogue: Catalogue) -> None:
        """Read some people's histories again, where they are kept. For the feed's thread alone."""
        self._note_change()
        for user_id in user_ids:
            if self.complete or self.get(user_id) is not None:
                history, profile = _read(connection, user_id, catalogue)
                with self._lock:
                    self._put(user_id, history, profile)

    def forget_items(self, numbers: Collection[int]) -> None:
        """Take the ratings of some items out of every history. For the feed's thread alone.

        Should an item of the same id be made later, its number comes back, but nobody has rated it.
        """
        self._note_change()
        gone = np.fromiter(numbers, np.int32, len(numbers))
        for histories in (self._of, self._asked_for):
            for user_id, history in list(histories.items()):
                out = np.isin(history["number"], gone)
                if out.any():
                    with self._lock:
                        histories[user_id] = history[~out]

    def fetch(self, connection: Connection, user_id: str, catalogue: Catalogue) -> Rated | None:
        """Read and keep one person's history; None for somebody Postgres does not know.

        It is kept only when the feed has reported nothing since before the reading: else it could be older.
        """
        before = self._changes
        history, profile = _read(connection, user_id, catalogue)
        with self._lock:
            if self._changes == before:
                self._put(user_id, history, profile)
        return history

    def _note_change(self) -> None:
        with self._lock:
            self._changes += 1

    def _put(self, user_id: str, history: Rated | None, profile: Profile) -> None:
        if history is None:
            self._of.pop(user_id, None)
            self._asked_for.pop(user_id, None)
            self._profiles.pop(user_id, None)
            return
        if profile != NOTHING_KNOWN:
            self._profiles[user_id] = profile
        if self.complete or user_id in self._of:
            self._of[user_id] = history
        else:
            self._asked_for[user_id] = history
            self._asked_for.move_to_end(user_id)
            if len(self._asked_for) > _MOST_ASKED_FOR:
                forgotten, _ = self._asked_for.popitem(last=False)
                self._profiles.pop(forgotten, None)


def _read(connection: Connection, user_id: str, catalogue: Catalogue) -> tuple[Rated | None, Profile]:
    """Somebody's history and profile; None for the history of somebody Postgres does not know."""
    profile = users.profile(connection, user_id)
    if profile is None:
        return None, NOTHING_KNOWN
    return rated(ratings.history(connection, user_id), catalogue), profile


def rated(history: UserRatings, catalogue: Catalogue) -> Rated:
    """A history by the catalogue's numbers; ratings of items that the catalogue has not got yet are left out.

    Those come with the change of the catalogue, which has them read again.
    """
    numbers = np.fromiter((catalogue.number_of.get(item_id, -1) for item_id in history.item_ids), np.int32)
    known = numbers >= 0
    records = np.empty(int(known.sum()), RATED)
    records["number"] = numbers[known]
    records["stars"] = history.ratings[known]
    records["time"] = history.times[known]
    return records
