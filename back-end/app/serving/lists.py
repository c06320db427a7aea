"""Lists, from memory alone, as the bytes that go over the wire."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import orjson
from numpy.typing import NDArray

from app import metrics
from app.serving.catalogue import Catalogue
from app.serving.histories import NOTHING_DONE, NOTHING_KNOWN, NOTHING_RATED, Done, Histories, Rated
from app.serving.shelf import Shelf
from marquee.domain.errors import InvalidInput
from marquee.domain.history import History
from marquee.models.protocol import Int32
from marquee.recommend.recommender import Recommendation
from marquee.settings import Serving
from marquee.store.histories import Profile

VARIANT = b'"champion"'
_COUNTED_SECONDS = 5.0

UNKNOWN_PERSON = "Nothing is known of this person yet, so these are the most popular items."
NOTHING_RATED_YET = "There are no ratings yet, so these are the most popular items."
BY_PROFILE = "There are no ratings yet, so these are what people alike rate most."
NOT_LOOKED_UP = "This person cannot be looked up at the moment, so these are the most popular items."
NO_MODEL = "No model is deployed yet, so these are the most popular items."
MODEL_UNUSABLE = "The deployed model cannot be used at the moment, so these are the most popular items."


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client asked of a list."""

    n: int
    category: str | None = None
    exclude: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """Who a list is for.

    Attributes:
        history: None for somebody unknown.
        profile: what is known of them besides.
        done: what they did beside rating.
        looked_up: False when nobody could say, because Postgres is away.
    """

    user_id: str
    history: Rated | None
    profile: Profile = NOTHING_KNOWN
    done: Done = field(default_factory=lambda: NOTHING_DONE)
    looked_up: bool = True

    @property
    def known(self) -> bool:
        return self.history is not None

    @property
    def notice(self) -> str | None:
        if self.history is not None:
            return None if len(self.history) or len(self.done) else NOTHING_RATED_YET
        return UNKNOWN_PERSON if self.looked_up else NOT_LOOKED_UP


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody without an id, who has rated these items (stars by item id) just now."""

    stars: dict[str, float]
    user_id: None = None

    @property
    def known(self) -> bool:
        return bool(self.stars)


class ListMaker:
    """Makes lists with a shelf, or without one from the ratings alone.

    Args:
        serving: list sizes.
        histories: whose ratings are counted while there is no model.
        is_deployed: whether a model is to serve, whether or not it can.
    """

    def __init__(self, serving: Serving, histories: Histories, *, is_deployed: Callable[[], bool]) -> None:
        self._sizes = serving.lists
        self._histories = histories
        self._is_deployed = is_deployed
        self._counted_at = -_COUNTED_SECONDS
        self._counts: NDArray[np.int64] = np.zeros(0, np.int64)

    def size(self, n: int | None) -> int:
        """How long a list is to be; raises InvalidInput when it is longer than the settings allow."""
        if n is not None and n > self._sizes.largest_size:
            raise InvalidInput(f"A list has at most {self._sizes.largest_size} entries, not {n}.")
        return self._sizes.default_size if n is None else n

    def for_person(
        self, request_id: str, person: Person, asked: Asked, shelf: Shelf | None, catalogue: Catalogue
    ) -> bytes:
        """The JSON of `Recommendations` for somebody with an id."""
        unknown = unknown_category(asked.category, catalogue)
        history = NOTHING_RATED if person.history is None else person.history
        if shelf is None:
            entries = self._counted(asked, catalogue, _left_out(history, person.done))
            return _recommendations(request_id, person, unknown or self._why_no_model(), None, entries)
        states = shelf.model.states
        state = states.nobody
        if len(history) or len(person.done) or person.profile != NOTHING_KNOWN:
            state = states.get(person.user_id, history, shelf.row_of_number, person.profile, person.done)
        excluded = shelf.rows(asked.exclude) if asked.exclude else None
        places = shelf.model.recommender.top(
            state, asked.n, excluded_rows=excluded, allowed=shelf.allowed(asked.category)
        )
        return _recommendations(
            request_id,
            person,
            unknown or _notice(person, places),
            shelf.model.version,
            _encoded(places, shelf.fragments),
        )

    def for_visitor(
        self, request_id: str, visitor: Visitor, asked: Asked, shelf: Shelf | None, catalogue: Catalogue
    ) -> bytes:
        """The JSON of `Recommendations` for a visitor; the items rated must be in the catalogue."""
        unknown = unknown_category(asked.category, catalogue)
        if shelf is None:
            seen = np.array([catalogue.number_of[item_id] for item_id in visitor.stars], np.int32)
            return _recommendations(
                request_id,
                visitor,
                unknown or self._why_no_model(),
                None,
                self._counted(asked, catalogue, seen),
            )
        recommender = shelf.model.recommender
        state = recommender.state(history_of_ids(visitor.stars, shelf))
        places = recommender.top(state, asked.n, allowed=shelf.allowed(asked.category))
        notice = unknown or (None if visitor.stars else NOTHING_RATED_YET)
        return _recommendations(
            request_id, visitor, notice, shelf.model.version, _encoded(places, shelf.fragments)
        )

    def popular(self, asked: Asked, shelf: Shelf | None, catalogue: Catalogue) -> bytes:
        """The JSON of `ItemList`: what most people like."""
        unknown = unknown_category(asked.category, catalogue)
        if shelf is None:
            return _item_list(None, self._counted(asked, catalogue), unknown)
        places = shelf.model.recommender.popular(asked.n, allowed=shelf.allowed(asked.category))
        return _item_list(shelf.model.version, _encoded(places, shelf.fragments), unknown)

    def similar(self, item_id: str, n: int, shelf: Shelf | None, catalogue: Catalogue) -> bytes:
        """The JSON of `ItemList`: what goes with an item; popular items where the model does not know it."""
        number = catalogue.number_of[item_id]
        if shelf is None:
            return _item_list(None, self._counted(Asked(n), catalogue, np.array([number], np.int32)))
        recommender, row = shelf.model.recommender, recommender_row(shelf, item_id)
        allowed = shelf.allowed(None)
        places = (
            recommender.popular(n, allowed=allowed)
            if row is None
            else recommender.similar(row, n, allowed=allowed)
        )
        return _item_list(shelf.model.version, _encoded(places, shelf.fragments))

    def _why_no_model(self) -> str:
        return MODEL_UNUSABLE if self._is_deployed() else NO_MODEL

    def _counted(self, asked: Asked, catalogue: Catalogue, without: Int32 | None = None) -> bytes:
        """The items with the most ratings in memory, while there is no model; counted every few seconds."""
        counts = self._fresh_counts(catalogue)
        numbers = catalogue.numbers(asked.category)
        out = {*(() if without is None else without.tolist()), *map(catalogue.number_of.get, asked.exclude)}
        order = numbers[np.argsort(-counts[numbers], kind="stable")].tolist()
        chosen = [number for number in order if number not in out][: asked.n]
        ids = [catalogue.items[number].item_id for number in chosen]
        places = [
            Recommendation(number, item_id, rank, float(counts[number]), None, "popular")
            for rank, (number, item_id) in enumerate(zip(chosen, ids, strict=True), start=1)
        ]
        return _encoded(places, catalogue.fragments)

    def _fresh_counts(self, catalogue: Catalogue) -> NDArray[np.int64]:
        now = time.monotonic()
        if now - self._counted_at > _COUNTED_SECONDS or len(self._counts) != len(catalogue):
            self._counts = self._histories.ratings_of_items(len(catalogue))
            self._counted_at = now
        return self._counts


def _left_out(history: Rated, done: Done) -> Int32:
    """The numbers of the items that a person's lists leave out."""
    return np.concatenate((history["number"], done["number"][done["hidden"]]))


def unknown_category(category: str | None, catalogue: Catalogue) -> str | None:
    """What to tell somebody who asked for a category that no item has."""
    if category is None or category in catalogue.numbers_in:
        return None
    return f"No title is of the category {category!r}."


def recommender_row(shelf: Shelf, item_id: str) -> int | None:
    """The bundle's row of an item, or None when it has never heard of it."""
    return shelf.model.recommender.models.items.row(item_id)


def history_of_ids(stars: dict[str, float], shelf: Shelf) -> History:
    """A history of ratings made now; items that the bundle has never heard of are left out."""
    rows = shelf.rows(stars)
    known = rows >= 0
    now = np.full(len(rows), int(time.time()), np.int64)
    return History(rows[known], np.fromiter(stars.values(), np.float32)[known], now[known])


def _encoded(places: Sequence[Recommendation], fragments: Sequence[str]) -> bytes:
    """The entries of a list, without its brackets; a place's row is that of its fragment."""
    parts = []
    by_source: dict[str, int] = {}
    for row, _, rank, score, stars, source, low, high in places:
        parts.append(
            f'{fragments[row]},"rank":{rank},"score":{score:.6g},"stars":{_number(stars)},'
            f'"stars_low":{_number(low)},"stars_high":{_number(high)},"source":"{source}"}}'
        )
        by_source[source] = by_source.get(source, 0) + 1
    for kind, items in by_source.items():
        metrics.count_listed(kind, items)
    return ",".join(parts).encode()


def _notice(person: Person, places: Sequence[Recommendation]) -> str | None:
    return BY_PROFILE if places and places[0].source == "profile" else person.notice


def _number(stars: float | None) -> str:
    return "null" if stars is None else f"{stars:.3f}"


def _recommendations(
    request_id: str, who: Person | Visitor, notice: str | None, version: int | None, entries: bytes
) -> bytes:
    return (
        b'{"request_id":"%b","user_id":%b,"known":%b,"notice":%b,"model_version":%b,"variant":%b,"items":[%b]}'
        % (
            request_id.encode(),
            orjson.dumps(who.user_id),
            b"true" if who.known else b"false",
            orjson.dumps(notice),
            orjson.dumps(version),
            VARIANT,
            entries,
        )
    )


def _item_list(version: int | None, entries: bytes, notice: str | None = None) -> bytes:
    return b'{"notice":%b,"model_version":%b,"items":[%b]}' % (
        orjson.dumps(notice),
        orjson.dumps(version),
        entries,
    )
