"""Lists, from memory alone: for a person, for a visitor, for everybody."""

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from app.serving import answers, notices
from app.serving.answers import Heading
from app.serving.asked import Asked, Ground, next_cursor, wanted_for_everybody, wanted_of
from app.serving.audience import Person, Visitor
from app.serving.bare import BareShelf, Counts
from app.serving.catalogue import Catalogue
from app.serving.explaining import Why, explained, reasons_of, reasons_without_model
from app.serving.histories import Histories
from app.serving.impressions import ImpressionLog
from app.serving.shelf import Shelf
from app.serving.tokens import Tokens
from app.serving.variants import CHAMPION, Arm
from marquee.domain.errors import InvalidInput
from marquee.domain.history import UNKNOWN_ROW
from marquee.models.protocol import Float32, Int32
from marquee.recommend.chain import Board, Ranked
from marquee.recommend.exploration import generator_of
from marquee.recommend.listing import NO_ROWS, Exploring, Listing, Wanted, make_list
from marquee.recommend.reasons import Reason, Reasoner
from marquee.recommend.recommender import Front, PersonState, Recommendation, placed
from marquee.recommend.rules import Factors
from marquee.recommend.showable import Showable
from marquee.settings import Serving


class Made(NamedTuple):
    """A list, and what it was made of.

    Attributes:
        figures: of `Recommender.figures`; None where nobody's stars are predicted.
        seen: rows that are left out because the person knows them; None for a list that is nobody's own.
        reasons: what its stages went by, by place; None where nobody asked.
        source_says: what the reader is to be told of where it comes from.
        front: of the person's order, where the whole list comes from there.
    """

    asked: Asked
    ground: Ground
    showable: Showable
    wanted: Wanted
    listing: Listing
    figures: Float32 | None = None
    seen: Int32 | None = None
    reasons: list[list[Reason]] | None = None
    source_says: str | None = None
    front: Front | None = None

    @property
    def places(self) -> list[Recommendation]:
        return placed(self.listing, self.figures, self.ground.ids, self.asked.offset)

    @property
    def why(self) -> list[list[Why]] | None:
        if self.reasons is None:
            return None
        return explained(self.listing, self.reasons, self.wanted.rules, self.ground)

    @property
    def nothing_because(self) -> str | None:
        """What is to be said first: why there is nothing, or not what was asked for."""
        unknown = notices.of_filters(self.asked.filters, self.showable)
        if unknown is not None or len(self.listing.rows):
            return unknown
        return notices.of_empty(self.asked, self.wanted, self.showable, self.seen)


class ListMaker:
    """Makes lists with a shelf, or without one from the ratings alone.

    Args:
        serving: list sizes, rules, exploration.
        histories: whose ratings are counted while there is no model.
        tokens: signs lists.
        impressions: where lists are noted that somebody was shown.
        is_deployed: whether a model is to serve, whether or not it can.
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
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.sizes = serving.lists
        self._rules, self._exploration, self._feedback = serving.rules, serving.exploration, serving.feedback
        self._tokens, self._impressions = tokens, impressions
        self._scale, self._is_deployed, self._clock = serving.rating_scale, is_deployed, clock
        self.asks_model = "personal" in serving.fallback
        self._counts = Counts(histories)
        self._bare = BareShelf(Catalogue.of(()), serving.rules)

    def size(self, n: int | None) -> int:
        """How long a list is to be; raises InvalidInput when it is longer than the settings allow."""
        if n is not None and n > self.sizes.largest_size:
            raise InvalidInput(f"A list has at most {self.sizes.largest_size} entries, not {n}.")
        return self.sizes.default_size if n is None else n

    # ---- for somebody ----

    def for_person(
        self,
        request_id: str,
        person: Person,
        asked: Asked,
        shelf: Shelf | None,
        catalogue: Catalogue,
        arm: Arm = CHAMPION,
    ) -> bytes:
        """The JSON of `Recommendations` for somebody with an id."""
        if shelf is None:
            return self._without_model(request_id, person, asked, catalogue, person.left_out())
        return self.answer(request_id, person, self.make(request_id, person, asked, shelf), arm)

    def make(self, request_id: str, person: Person, asked: Asked, shelf: Shelf) -> Made:
        """A person's list by a model, which nobody has been shown yet."""
        return self._made(
            request_id, person, asked, shelf, person.state(shelf), self._discount(person, shelf)
        )

    def make_again(self, request_id: str, person: Person, made: Made, shelf: Shelf) -> Made:
        """The list that a person would have been given by another model in the place of `made`."""
        discount = _by_rows_of(shelf, made.ground, made.wanted.discount)
        return self._made(request_id, person, made.asked, shelf, person.state(shelf), discount)

    def for_visitor(
        self, request_id: str, visitor: Visitor, asked: Asked, shelf: Shelf | None, catalogue: Catalogue
    ) -> bytes:
        """The JSON of `Recommendations` for a visitor."""
        now = self._clock()
        if shelf is None:
            seen = visitor.history(catalogue.number_of.get, self._feedback, now).left_out
            return self._without_model(request_id, visitor, asked, catalogue, seen)
        recommender = shelf.model.recommender
        history = visitor.history(recommender.models.items.row, self._feedback, now)
        made = self._made(request_id, visitor, asked, shelf, recommender.state(history))
        return self.answer(request_id, visitor, made)

    def _made(
        self,
        request_id: str,
        who: Person | Visitor,
        asked: Asked,
        shelf: Shelf,
        state: PersonState,
        discount: Factors | None = None,
    ) -> Made:
        showable = shelf.showable(self._clock())
        exploring = self._exploring(request_id)
        wanted = wanted_of(asked, shelf, showable, discount=discount, exploring=exploring)
        recommender = shelf.model.recommender
        listing = recommender.make(state, wanted)
        figures = recommender.figures_of(listing, state)
        reasons = None
        if asked.explain:
            reasoner = Reasoner(recommender.models, self._scale, showable.facts.categories)
            reasons = reasons_of(listing, state, reasoner)
        newer = self.asks_model and state.history.tells and not state.is_ranked
        said = notices.of_source(listing.stage, newer_than_model=newer, otherwise=who.notice)
        front = None if listing.front_places is None else state.front
        return Made(asked, shelf, showable, wanted, listing, figures, state.seen, reasons, said, front)

    def _without_model(
        self, request_id: str, who: Person | Visitor, asked: Asked, catalogue: Catalogue, seen: Int32
    ) -> bytes:
        made = self._counted(asked, catalogue, seen, request_id)
        return self.answer(request_id, who, made)

    def answer(self, request_id: str, who: Person | Visitor, made: Made, arm: Arm = CHAMPION) -> bytes:
        """The JSON of `Recommendations`; whoever asked is shown it now, so that it is noted."""
        ground, listing, version = made.ground, made.listing, made.ground.version
        heading: Heading = {
            "request_id": request_id,
            "token": self.token(request_id, version, arm.variant),
            "user_id": who.user_id,
            "known": who.known,
            "notice": made.nothing_because or made.source_says,
            "model_version": version,
            "variant": arm.variant,
            "source": listing.stage,
            "next_cursor": next_cursor(made.asked, ground, listing),
        }
        if made.asked.log:
            self.note(request_id, who.user_id, ground, listing, arm)
        entries = answers.entries_of(
            listing, made.figures, ground.fragments, made.asked.offset, made.why, made.front
        )
        return answers.recommendations(heading, entries)

    def note(
        self, request_id: str, user_id: str | None, ground: Ground, listing: Listing, arm: Arm = CHAMPION
    ) -> None:
        """Have a list that was shown written to the log."""
        if listing.stage is not None:
            self._impressions.note(
                request_id,
                user_id,
                ground.version,
                arm,
                listing.stage,
                ground.ids,
                listing.rows.tolist(),
                None if listing.propensities is None else listing.propensities.tolist(),
            )

    def token(self, request_id: str, version: int | None, variant: str) -> str:
        """Names a list in events that answer it."""
        return self._tokens.make(request_id, version, variant)

    def showable(self, shelf: Shelf) -> Showable:
        """What may be shown now."""
        return shelf.showable(self._clock())

    @property
    def differs_by_person(self) -> bool:
        """Whether chance, or what they were shown, makes people's lists differ in more than their scores."""
        return bool(self._exploration.share) or self._impressions.shown.enabled

    def _exploring(self, request_id: str) -> Exploring | None:
        settings = self._exploration
        if not settings.share:
            return None
        return Exploring(settings.share, settings.pool, generator_of(request_id))

    def _discount(self, person: Person, shelf: Shelf) -> Factors | None:
        """What has lost relevance for somebody because it was shown; None where nothing has."""
        shown = self._impressions.shown
        if not shown.enabled:
            return None
        factors = shown.factors(person.user_id, person.answered_at(shelf.catalogue))
        rows = shelf.rows(factors)
        known = rows != UNKNOWN_ROW
        return (rows[known], np.fromiter(factors.values(), np.float32)[known]) if known.any() else None

    # ---- for everybody ----

    def popular(self, asked: Asked, shelf: Shelf | None, catalogue: Catalogue) -> bytes:
        """The JSON of `ItemList`: what most people like."""
        if shelf is None:
            return self._item_list(self._counted(asked, catalogue))
        showable = shelf.showable(self._clock())
        wanted = wanted_for_everybody(asked, shelf, showable)
        listing = shelf.model.recommender.make_popular(wanted)
        return self._item_list(Made(asked, shelf, showable, wanted, listing))

    def similar(self, item_id: str, asked: Asked, shelf: Shelf | None, catalogue: Catalogue) -> bytes:
        """The JSON of `ItemList`: what goes with an item; popular items where the model has no row of it."""
        if shelf is None:
            number = np.array([catalogue.number_of[item_id]], np.int32)
            return self._item_list(self._counted(asked, catalogue, number))
        row = recommender_row(shelf, item_id)
        if row is None:
            return self.popular(asked, shelf, catalogue)
        showable = shelf.showable(self._clock())
        wanted = wanted_for_everybody(asked, shelf, showable)
        listing = shelf.model.recommender.make_similar(row, wanted)
        return self._item_list(Made(asked, shelf, showable, wanted, listing))

    def board(self, board: Board, scores: Float32, asked: Asked, catalogue: Catalogue) -> bytes:
        """The JSON of `ItemList`: the items with the highest scores, by the catalogue's numbers.

        Args:
            scores: -inf for what is not on the board; items that came later are not.
        """
        bare = self._bare_of(catalogue)
        showable = bare.showable(self._clock())
        wanted = wanted_for_everybody(asked, bare, showable)
        ranked = Ranked(board, _as_long_as(catalogue, scores), 0.0)
        listing = make_list((ranked,), wanted)
        made = Made(asked, bare, showable, wanted, listing)
        nothing = None if (scores > -np.inf).any() else notices.NOTHING_DONE
        return self._item_list(made, nothing)

    def prepare_board(self, catalogue: Catalogue) -> None:
        """Compute what a board needs of a catalogue that is new, so that no request waits. Blocks."""
        bare = self._bare_of(catalogue)
        _ = bare.shown_items, bare.showable(self._clock())

    def _item_list(self, made: Made, notice: str | None = None) -> bytes:
        entries = answers.entries_of(made.listing, None, made.ground.fragments, made.asked.offset)
        cursor = next_cursor(made.asked, made.ground, made.listing)
        return answers.item_list(made.ground.version, entries, notice or made.nothing_because, cursor)

    # ---- without a model ----

    def _why_no_model(self) -> str:
        return notices.MODEL_UNUSABLE if self._is_deployed() else notices.NO_MODEL

    def _counted(
        self, asked: Asked, catalogue: Catalogue, seen: Int32 = NO_ROWS, request_id: str | None = None
    ) -> Made:
        """The items with the most ratings in memory.

        Args:
            request_id: of the person who asks; None for a list that is nobody's own.
        """
        bare = self._bare_of(catalogue)
        showable = bare.showable(self._clock())
        if request_id is None:
            wanted = wanted_for_everybody(asked, bare, showable)
        else:
            wanted = wanted_of(asked, bare, showable, exploring=self._exploring(request_id))
        seen = seen[seen < len(catalogue)]
        listing = self._counts.make(len(catalogue), wanted, seen)
        reasons = reasons_without_model(listing) if asked.explain else None
        known, said = (None, None) if request_id is None else (seen, self._why_no_model())
        return Made(asked, bare, showable, wanted, listing, None, known, reasons, said)

    def _bare_of(self, catalogue: Catalogue) -> BareShelf:
        if self._bare.catalogue is not catalogue:
            self._bare = BareShelf(catalogue, self._rules)
        return self._bare


def _as_long_as(catalogue: Catalogue, scores: Float32) -> Float32:
    missing = len(catalogue) - len(scores)
    return scores if not missing else np.pad(scores, (0, missing), constant_values=-np.inf)


def is_needless(wanted: Wanted, listing: Listing) -> bool:
    """Whether a list is empty although something passes what was asked for, and it is the first page."""
    if len(listing.rows) or wanted.offset or not wanted.n:
        return False
    return wanted.barred is None or bool((wanted.barred == 0).any())


def _by_rows_of(shelf: Shelf, ground: Ground, factors: Factors | None) -> Factors | None:
    """Factors by the rows of a shelf, where they are given by those of another ground."""
    if factors is None:
        return None
    rows = shelf.rows(ground.ids[row] for row in factors[0].tolist())
    known = rows != UNKNOWN_ROW
    return rows[known], factors[1][known]


def unknown_category(category: str | None, catalogue: Catalogue) -> str | None:
    """What to tell somebody who asked for a category that no item has."""
    if category is None or category in catalogue.numbers_in:
        return None
    return f"No title is of the category {category!r}."


def recommender_row(shelf: Shelf, item_id: str) -> int | None:
    """The bundle's row of an item, or None when it has never heard of it."""
    return shelf.model.recommender.models.items.row(item_id)
