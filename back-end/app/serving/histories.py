"""Everybody's ratings and doings in memory, as compact as they can be: 16 bytes a rating."""

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from app.serving.catalogue import Catalogue
from marquee.domain.clock import Clock, system_clock
from marquee.recommend.doings import LEAST
from marquee.settings.serving import Feedback
from marquee.store import histories
from marquee.store.histories import Profile, UserDoings, UserHistory, UserRatings

_MOST_ASKED_FOR = 50_000
READ_AT_ONCE = 50  # people: some 20 ms

V = TypeVar("V")

RATED = np.dtype([("number", "<i4"), ("stars", "<f4"), ("time", "<i8")])

# One record a rating: the item's number in the catalogue, stars, seconds since 1970. Never changed in
# place: whoever holds one can tell by its identity whether the person's history is still the same.
Rated = NDArray[np.void]

NOTHING_RATED: Final[Rated] = np.empty(0, RATED)

DONE = np.dtype([("number", "<i4"), ("weight", "<f4"), ("at", "<f8"), ("last", "<i8"), ("hidden", "?")])

# One record an item that a person did something with: its number, what their doings weigh together at the
# moment `at`, when the `last` of them was, both in seconds since 1970, and whether their lists leave it out.
# Never changed in place either.
Done = NDArray[np.void]

NOTHING_DONE: Final[Done] = np.empty(0, DONE)

# What is known of a person besides, as `features.describe_user` takes it.
NOTHING_KNOWN: Final[Profile] = (None, None, None)


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """All that is kept of one person."""

    rated: Rated
    done: Done
    profile: Profile

    @classmethod
    def of(cls, history: UserHistory, catalogue: Catalogue) -> Self:
        """A history by the catalogue's numbers."""
        return cls(rated(history.ratings, catalogue), done(history.doings, catalogue), history.profile)


class Histories:
    """Histories by user id: read at start, newest first, up to a bound; others when asked for.

    Args:
        most_records: how many ratings, and items that something was done with, are kept, about.
        feedback: what events mean.
        clock: tells how old they are.
    """

    def __init__(self, most_records: int, feedback: Feedback, clock: Clock = system_clock) -> None:
        self._most_records, self._feedback, self._clock = most_records, feedback, clock
        self._of: dict[str, Rated] = {}
        self._asked_for: OrderedDict[str, Rated] = OrderedDict()
        self._done: dict[str, Done] = {}
        self._profiles: dict[str, Profile] = {}
        self._outdated: dict[str, None] = {}  # people to read again, those first who have waited longest
        self._changes = 0
        self._lock = threading.Lock()
        self.complete = False

    def __len__(self) -> int:
        return len(self._of) + len(self._asked_for)

    def get(self, user_id: str) -> Rated | None:
        """A person's history; None when it is not in memory, or is known to be old: ask `knows_of`."""
        return None if user_id in self._outdated else self.last_known(user_id)

    def last_known(self, user_id: str) -> Rated | None:
        """A person's history, be it old; None when it is not in memory."""
        found = self._of.get(user_id)
        return found if found is not None else self._asked_for.get(user_id)

    def knows_of(self, user_id: str) -> bool:
        """Whether somebody who is not in memory is somebody unknown; if not, Postgres must be asked."""
        return self.complete and user_id not in self._outdated

    def done(self, user_id: str) -> Done:
        """What a person did beside rating, whose history is in memory."""
        return self._done.get(user_id, NOTHING_DONE)

    def profile(self, user_id: str) -> Profile:
        """What is known of a person whose history is in memory."""
        return self._profiles.get(user_id, NOTHING_KNOWN)

    @property
    def revision(self) -> int:
        """Another number whenever something may have changed."""
        return self._changes

    def everybody(self) -> list[tuple[str, Rated, Done]]:
        """Who there is in memory, with what they rated and did; not those who were only asked for."""
        return [(user_id, history, self.done(user_id)) for user_id, history in list(self._of.items())]

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
        fresh: dict[str, Past] = {}
        given, complete = 0, True
        for history in histories.newest(connection, self._feedback, self._clock()):
            given += len(history)
            if given > self._most_records:
                complete = False
                break
            fresh[history.user_id] = Past.of(history, catalogue)
        with self._lock:
            self._changes += 1
            self._of = {user_id: past.rated for user_id, past in fresh.items()}
            self._done = {user_id: past.done for user_id, past in fresh.items() if len(past.done)}
            self._profiles = _shared({user_id: past.profile for user_id, past in fresh.items()})
            self.complete = complete
            self._asked_for.clear()
            self._outdated.clear()

    def changed(self, connection: Connection, user_ids: Collection[str], catalogue: Catalogue) -> None:
        """Take in that people's histories have changed, where they are kept. For the feed's thread alone.

        Some are read again at once. Of very many, whose reading would hold up the changes behind them, it is
        noted: whoever is asked for is read then, the others by `catch_up`.
        """
        kept = [user_id for user_id in user_ids if self.complete or self.last_known(user_id) is not None]
        with self._lock:
            self._changes += 1
            self._outdated.update(dict.fromkeys(kept))
        if len(kept) <= READ_AT_ONCE:
            self._read_again(connection, kept, catalogue)

    def catch_up(self, connection: Connection, catalogue: Catalogue) -> bool:
        """Read some of those again who are out of date; False when there are none. For the feed's thread."""
        if not self._outdated:
            return False
        with self._lock:
            people = list(islice(self._outdated, READ_AT_ONCE))
            self._changes += 1
        self._read_again(connection, people, catalogue)
        return True

    def _read_again(self, connection: Connection, people: Sequence[str], catalogue: Catalogue) -> None:
        found = self._read(connection, people, catalogue) if people else {}
        with self._lock:
            for user_id in people:
                self._put(user_id, found.get(user_id))

    def forget_items(self, numbers: Collection[int]) -> None:
        """Take some items out of every history. For the feed's thread alone.

        Should an item of the same id be made later, it has its number again, but nobody has rated it.
        """
        self._note_change()
        gone = np.fromiter(numbers, np.int32, len(numbers))
        kinds: tuple[MutableMapping[str, NDArray[np.void]], ...] = (self._of, self._asked_for, self._done)
        for kept in kinds:
            for user_id in _holders(kept, gone):
                records = kept[user_id]
                with self._lock:
                    kept[user_id] = records[~np.isin(records["number"], gone)]

    def fetch_many(
        self, connection: Connection, user_ids: Sequence[str], catalogue: Catalogue
    ) -> dict[str, Past]:
        """`fetch` of many people: of those whom Postgres knows."""
        found: dict[str, Past] = {}
        for start in range(0, len(user_ids), READ_AT_ONCE):
            people, before = user_ids[start : start + READ_AT_ONCE], self._changes
            read = self._read(connection, people, catalogue)
            with self._lock:
                if self._changes == before:
                    for user_id in people:
                        self._put(user_id, read.get(user_id))
            found |= read
        return found

    def fetch(self, connection: Connection, user_id: str, catalogue: Catalogue) -> Past | None:
        """Read and keep one person's history; None for somebody Postgres does not know.

        It is kept only when the feed has reported nothing since before the reading: else it could be older.
        """
        before = self._changes
        past = self._read(connection, [user_id], catalogue).get(user_id)
        with self._lock:
            if self._changes == before:
                self._put(user_id, past)
        return past

    def _note_change(self) -> None:
        with self._lock:
            self._changes += 1

    def _read(
        self, connection: Connection, user_ids: Collection[str], catalogue: Catalogue
    ) -> dict[str, Past]:
        found = histories.of_users(connection, user_ids, self._feedback, self._clock())
        return {history.user_id: Past.of(history, catalogue) for history in found}

    def _put(self, user_id: str, past: Past | None) -> None:
        self._outdated.pop(user_id, None)
        if past is None:
            self._forget(user_id)
            return
        _put_or_drop(self._profiles, user_id, past.profile, past.profile != NOTHING_KNOWN)
        _put_or_drop(self._done, user_id, past.done, len(past.done) > 0)
        if self.complete or user_id in self._of:
            self._of[user_id] = past.rated
        else:
            self._asked_for[user_id] = past.rated
            self._asked_for.move_to_end(user_id)
            if len(self._asked_for) > _MOST_ASKED_FOR:
                self._forget(next(iter(self._asked_for)))

    def _forget(self, user_id: str) -> None:
        self._of.pop(user_id, None)
        self._asked_for.pop(user_id, None)
        self._done.pop(user_id, None)
        self._profiles.pop(user_id, None)


def _holders(kept: Mapping[str, NDArray[np.void]], numbers: NDArray[np.int32]) -> list[str]:
    """Whose records are of some of these items; all are looked at in one pass."""
    people = list(kept.items())
    if not people:
        return []
    ends = np.cumsum([len(records) for _, records in people])
    every = np.concatenate([records["number"] for _, records in people])
    hits = np.flatnonzero(np.isin(every, numbers))
    return [people[place][0] for place in np.unique(np.searchsorted(ends, hits, side="right"))]


def _put_or_drop(into: dict[str, V], user_id: str, value: V, is_kept: bool) -> None:
    if is_kept:
        into[user_id] = value
    else:
        into.pop(user_id, None)


def _shared(profiles: dict[str, Profile]) -> dict[str, Profile]:
    """Those that say something; equal ones are one object, for many people are alike."""
    same: dict[Profile, Profile] = {}
    return {
        user_id: same.setdefault(profile, profile)
        for user_id, profile in profiles.items()
        if profile != NOTHING_KNOWN
    }


def rated(history: UserRatings, catalogue: Catalogue) -> Rated:
    """A history by the catalogue's numbers; ratings of items that the catalogue has not got yet are left out.

    Those come with the change of the catalogue, which has them read again.
    """
    numbers = _numbers(history.item_ids, catalogue)
    known = numbers >= 0
    records = np.empty(int(known.sum()), RATED)
    records["number"] = numbers[known]
    records["stars"] = history.ratings[known]
    records["time"] = history.times[known]
    return records


def done(doings: UserDoings, catalogue: Catalogue) -> Done:
    """Doings by the catalogue's numbers, as far as they count or hide; `rated` says what is left out."""
    if not len(doings.item_ids):
        return NOTHING_DONE
    numbers = _numbers(doings.item_ids, catalogue)
    known = (numbers >= 0) & ((doings.weights >= LEAST) | doings.hidden)
    records = np.empty(int(known.sum()), DONE)
    records["number"] = numbers[known]
    records["weight"] = doings.weights[known]
    records["at"] = doings.at
    records["last"] = doings.last[known]
    records["hidden"] = doings.hidden[known]
    return records


def _numbers(item_ids: Sequence[str], catalogue: Catalogue) -> NDArray[np.int32]:
    return np.fromiter((catalogue.number_of.get(item_id, -1) for item_id in item_ids), np.int32)
