"""Lists, from memory alone: for a person, for a visitor, for everybody."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from app.serving import answers, notices
from app.serving.answers import CHAMPION, Heading
from app.serving.asked import Asked, Ground, next_cursor, wanted_of
from app.serving.bare import BareShelf, Counts
from app.serving.catalogue import Catalogue
from app.serving.histories import NOTHING_DONE, NOTHING_KNOWN, NOTHING_RATED, Done, Histories, Rated
from app.serving.impressions import ImpressionLog
from app.serving.shelf import Shelf
from app.serving.tokens import Tokens
from marquee.domain.errors import InvalidInput
from marquee.domain.history import History
from marquee.models.protocol import Int32
from marquee.recommend.exploration import generator_of
from marquee.recommend.listing import NO_ROWS, Exploring, Listing, Wanted
from marquee.recommend.recommender import PersonState, Recommendation
from marquee.recommend.rules import Factors
from marquee.recommend.showable import Showable
from marquee.settings import Serving
from marquee.store.histories import Profile

Reasons = Sequence[Sequence[dict[str, object]]]


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
            return None if len(self.history) or len(self.done) else notices.NOTHING_RATED_YET
        return notices.UNKNOWN_PERSON if self.looked_up else notices.NOT_LOOKED_UP


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody without an id, who has rated these items (stars by item id) just now."""

    stars: dict[str, float]
    user_id: None = None

    @property
    def known(self) -> bool:
        return bool(self.stars)

    @property
    def notice(self) -> str | None:
        return None if self.stars else notices.NOTHING_RATED_YET


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A list, and what it was made of."""

    asked: Asked
    ground: Ground
    showable: Showable
    wanted: Wanted
    listing: Listing
    places: list[Recommendation]

    @property
    def nothing_because(self) -> str | None:
        """What is to be said first: why there is nothing, or not what was asked for."""
        unknown = notices.of_filters(self.asked.filters, self.showable)
        if unknown is not None or self.places:
            return unknown
        return notices.of_empty(self.asked, self.wanted, self.showable)


class ListMaker:
    """Makes lists with a shelf, or without one from the ratings alone.

    Args:
        serving: list sizes, rules, exploration.
        histories: whose ratings are counted while there is no model.
        tokens: signs lists.
        impressions: where lists are noted that somebody was shown.
        is_deployed: whether a model is to serve, whether or not it can.
        discount: what has lost relevance for a person because it was shown, by the rows of a shelf; None
            where nothing has.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        serving: Serving,
        histories: Histories,
        tokens: Tokens,
        impressions: ImpressionLog,
        *,
        is_deployed: Callable[[], bool],
        discount: Callable[[str, Ground], Factors | None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.sizes = serving.lists
        self._rules, self._exploration = serving.rules, serving.exploration
        self._tokens, self._impressions = tokens, impressions
        self._is_deployed, self._discount, self._clock = is_deployed, discount, clock
        self._counts = Counts(histories)
        self._bare = BareShelf(Catalogue.of(()), serving.rules)

    def size(self, n: int | None) -> int:
        """How long a list is to be; raises InvalidInput when it is longer than the settings allow."""
        if n is not None and n > self.sizes.largest_size:
            raise InvalidInput(f"A list has at most {self.sizes.largest_size} entries, not {n}.")
        return self.sizes.default_size if n is None else n

    # ---- for somebody ----

    def for_person(
        self, request_id: str, person: Person, asked: Asked, shelf: Shelf | None, catalogue: Catalogue
    ) -> bytes:
        """The JSON of `Recommendations` for somebody with an id."""
        history = NOTHING_RATED if person.history is None else person.history
        if shelf is None:
            return self._without_model(request_id, person, asked, catalogue, _left_out(history, person.done))
        state = state_of(person, shelf)
        discount = None if self._discount is None else self._discount(person.user_id, shelf)
        return self._with_model(request_id, person, asked, shelf, state, discount)

    def for_visitor(
        self, request_id: str, visitor: Visitor, asked: Asked, shelf: Shelf | None, catalogue: Catalogue
    ) -> bytes:
        """The JSON of `Recommendations` for a visitor; the items rated must be in the catalogue."""
        if shelf is None:
            seen = np.array([catalogue.number_of[item_id] for item_id in visitor.stars], np.int32)
            return self._without_model(request_id, visitor, asked, catalogue, seen)
        state = shelf.model.recommender.state(history_of_ids(visitor.stars, shelf))
        return self._with_model(request_id, visitor, asked, shelf, state)

    def _with_model(
        self,
        request_id: str,
        who: Person | Visitor,
        asked: Asked,
        shelf: Shelf,
        state: PersonState,
        discount: Factors | None = None,
    ) -> bytes:
        showable = shelf.showable(self._clock())
        exploring = self._exploring(request_id)
        wanted = wanted_of(asked, shelf, showable, discount=discount, exploring=exploring)
        recommender = shelf.model.recommender
        listing = recommender.make(state, wanted)
        places = recommender.places(listing, state, asked.offset)
        made = Made(asked, shelf, showable, wanted, listing, places)
        tells = state.history.tells
        notice = made.nothing_because or notices.of_source(listing.stage, tells=tells, otherwise=who.notice)
        return self._answer(request_id, who, made, notice)

    def _without_model(
        self, request_id: str, who: Person | Visitor, asked: Asked, catalogue: Catalogue, seen: Int32
    ) -> bytes:
        made = self._counted(asked, catalogue, seen, self._exploring(request_id))
        return self._answer(request_id, who, made, made.nothing_because or self._why_no_model())

    def _answer(self, request_id: str, who: Person | Visitor, made: Made, notice: str | None) -> bytes:
        ground, listing, version = made.ground, made.listing, made.ground.version
        reasons = self._reasons(made) if made.asked.explain else None
        entries = answers.entries_of(made.places, ground.fragments, reasons)
        heading = Heading(
            request_id,
            self._tokens.make(request_id, version, CHAMPION),
            who.user_id,
            who.known,
            notice,
            version,
            CHAMPION,
            listing.stage,
            next_cursor(made.asked, ground, listing),
        )
        if listing.stage is not None:
            self._impressions.note(
                request_id,
                who.user_id,
                version,
                CHAMPION,
                listing.stage,
                ground.ids,
                listing.rows.tolist(),
                None if listing.propensities is None else listing.propensities.tolist(),
            )
        return answers.recommendations(heading, entries)

    def _exploring(self, request_id: str) -> Exploring | None:
        settings = self._exploration
        if not settings.share:
            return None
        return Exploring(settings.share, settings.pool, generator_of(request_id))

    def _reasons(self, made: Made) -> Reasons:
        """Why each item stands where it does."""
        moving = made.wanted.rules.moving
        return [answers.by_rules(moving(place.row)) for place in made.places]

    # ---- for everybody ----

    def popular(self, asked: Asked, shelf: Shelf | None, catalogue: Catalogue) -> bytes:
        """The JSON of `ItemList`: what most people like."""
        if shelf is None:
            return self._item_list(self._counted(asked, catalogue))
        showable = shelf.showable(self._clock())
        wanted = wanted_of(asked, shelf, showable)
        listing = shelf.model.recommender.make_popular(wanted)
        places = shelf.model.recommender.places(listing, None, asked.offset)
        return self._item_list(Made(asked, shelf, showable, wanted, listing, places))

    def similar(self, item_id: str, asked: Asked, shelf: Shelf | None, catalogue: Catalogue) -> bytes:
        """The JSON of `ItemList`: what goes with an item; popular items where the model does not know it."""
        if shelf is None:
            number = np.array([catalogue.number_of[item_id]], np.int32)
            return self._item_list(self._counted(asked, catalogue, number))
        row = recommender_row(shelf, item_id)
        if row is None:
            return self.popular(asked, shelf, catalogue)
        showable = shelf.showable(self._clock())
        wanted = wanted_of(asked, shelf, showable)
        listing = shelf.model.recommender.make_similar(row, wanted)
        places = shelf.model.recommender.places(listing, None, asked.offset)
        return self._item_list(Made(asked, shelf, showable, wanted, listing, places))

    def _item_list(self, made: Made) -> bytes:
        entries = answers.entries_of(made.places, made.ground.fragments)
        cursor = next_cursor(made.asked, made.ground, made.listing)
        return answers.item_list(made.ground.version, entries, made.nothing_because, cursor)

    # ---- without a model ----

    def _why_no_model(self) -> str:
        return notices.MODEL_UNUSABLE if self._is_deployed() else notices.NO_MODEL

    def _counted(
        self, asked: Asked, catalogue: Catalogue, seen: Int32 = NO_ROWS, exploring: Exploring | None = None
    ) -> Made:
        """The items with the most ratings in memory."""
        bare = self._bare_of(catalogue)
        showable = bare.showable(self._clock())
        wanted = wanted_of(asked, bare, showable, exploring=exploring)
        listing = self._counts.make(len(catalogue), wanted, seen[seen < len(catalogue)])
        return Made(asked, bare, showable, wanted, listing, _unpredicted(listing, bare.ids, asked.offset))

    def _bare_of(self, catalogue: Catalogue) -> BareShelf:
        if self._bare.catalogue is not catalogue:
            self._bare = BareShelf(catalogue, self._rules)
        return self._bare


def state_of(person: Person, shelf: Shelf) -> PersonState:
    """What somebody's history means to the model of a shelf."""
    states, history = shelf.model.states, NOTHING_RATED if person.history is None else person.history
    if not (len(history) or len(person.done)) and person.profile == NOTHING_KNOWN:
        return states.nobody
    return states.get(person.user_id, history, shelf.row_of_number, person.profile, person.done)


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


def _unpredicted(listing: Listing, ids: Sequence[str], offset: int) -> list[Recommendation]:
    """Places whose stars nobody can predict."""
    return [
        Recommendation(row, ids[row], rank, None if source == "pinned" else score, None, source)
        for rank, (row, score, source) in enumerate(
            zip(listing.rows.tolist(), listing.scores.tolist(), listing.sources, strict=True), offset + 1
        )
    ]
