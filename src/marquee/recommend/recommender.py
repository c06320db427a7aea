"""From a history and a bundle to a list. The service and the evaluation both go through here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from marquee.domain.history import UNKNOWN_ROW, History
from marquee.models.model_set import ModelSet
from marquee.models.protocol import Float32, Int32, Mask, State, States
from marquee.recommend.chain import Liked, Ranked, Source, alike_scores, category_scores, similar_scores
from marquee.recommend.facts import Labels
from marquee.recommend.listing import Listing, Wanted, barred_of, make_list
from marquee.recommend.topn import best_rows, best_rows_many
from marquee.settings.serving import Serving, Stage

FRONT = 128  # of a person's best rows are found once
_DECIMALS = 3  # of predicted stars in lists
_FIGURES = 3  # of a place: stars, and both ends of their interval
BATCH = 256  # people scored at a time: bounds the memory of `top_many`


class Recommendation(NamedTuple):
    """One place of a list.

    Attributes:
        row: the item's row in the bundle.
        item_id: its external id.
        rank: 1 for the first.
        score: what it was ordered by, in the units of its source; comparable within one source alone. None
            for what is pinned.
        stars: predicted for this person, on the scale, to a thousandth; None where there is no person.
        source: "personal" (ranking model), "profile" (popular with people alike), "similar" (to an item, or
            to what they liked), "category" (popular in their categories), "popular" (with everybody),
            "pinned" (by a rule), "explored" (drawn at random).
        stars_low, stars_high: the ends of the models' interval; None where there is no person or no interval.
    """

    row: int
    item_id: str
    rank: int
    score: float | None
    stars: float | None
    source: Source
    stars_low: float | None = None
    stars_high: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PersonState:
    """What a history means to a bundle: computed when the history changes, not when a list is asked for.

    Attributes:
        rating: the rating model's state.
        scores: the ranking model's, shape (n_items,), float32, with -inf for items seen and for items
            that the ranking model has nothing to say about.
        seen: rows that are left out of their lists, int32: `History.left_out`.
        source: what the scores come from.
        history: what was folded in.
        front: the head of the order of `scores`, for a state that is kept; see `Recommender.with_front`.
    """

    rating: State
    scores: Float32
    seen: Int32
    source: Source
    history: History
    front: "Front | None" = None
    _floor: float | None = field(default=None, init=False, repr=False)

    @property
    def is_ranked(self) -> bool:
        """Whether the scores say anything at all."""
        if self.front is not None:
            return len(self.front.rows) > 0
        return bool(self.scores.max(initial=-np.inf) > -np.inf)

    @property
    def floor(self) -> float:
        """The lowest finite score, inf where there is none; found when first asked for."""
        floor = _lowest(self.scores) if self._floor is None else self._floor
        object.__setattr__(self, "_floor", floor)
        return floor


class Front(NamedTuple):
    """The best of a person's scores, among which most lists are found, whatever is filtered away.

    Attributes:
        rows: best first, of equals the lower row first.
        scores: of each.
        figures: of each; see `Recommender.figures`.
        told: how places are written, by place: whoever writes them keeps it here.
    """

    rows: Int32
    scores: Float32
    figures: Float32
    told: dict[int, str]


class Recommender:
    """Lists and stars from one set of models; immutable, shared between threads.

    Lists are filled by the chain that the settings name, stage after stage, until they are full. So a person
    without a history gets popular items, and with the usual chain a list is short only when the
    catalogue has no more unseen items that pass the filters.
    """

    def __init__(self, models: ModelSet, serving: Serving) -> None:
        self.models = models
        self.rating_scale = serving.rating_scale
        self._chain: tuple[Stage, ...] = serving.fallback
        self._least_stars = np.float32(serving.rating_scale.min)
        self._most_stars = np.float32(serving.rating_scale.max)
        self._popularity = models.fallback.popularity.popularity
        # What nobody has rated is ranked by its features, or not at all.
        unranked = (self._popularity == 0) & (not models.ranking.scores_new)
        # Models that serve have such items last (`TrainingSet.rated_first`): those are not even scored, but
        # one, so that a model that has one score for all others is told from one that knows nothing.
        self._ranked = slice(0, int(np.flatnonzero(~unranked).max(initial=-1)) + 1)
        self._scored = slice(0, min(self._ranked.stop + 1, len(unranked)))
        barred = np.where(unranked, np.float32(-np.inf), np.float32(0.0))
        self._rest = barred[self._ranked.stop :]
        self._barred = barred[self._ranked] if unranked[self._ranked].any() else None  # to be added

    def state(self, history: History) -> PersonState:
        """Fold one history in; its rows must be rows of `models.items`."""
        rating, seen = self.models.rating.fold_in(history), history.left_out
        source: Source
        if history.tells:
            scores, source = self._personal_scores(history), "personal"
        else:
            scores, source = self._first_scores(history), "profile"
        scores[seen] = -np.inf
        return PersonState(rating, scores, seen, source, history)

    def states(self, histories: Sequence[History]) -> list[PersonState]:
        """`state` of each of some histories, computed together."""
        if not histories:
            return []
        ratings = self.models.rating.fold_in_many(histories)
        scores = self._scores_of_batch(histories, self.models.ranking.fold_in_many(histories))
        return [
            PersonState(
                ratings[person].copy(),
                scores[person].copy(),  # not a view: one that is kept would keep all
                history.left_out,
                "personal" if history.tells else "profile",
                history,
            )
            for person, history in enumerate(histories)
        ]

    def with_front(self, state: PersonState) -> PersonState:
        """A state that lists will be asked of more than once; it is the state itself that changes."""
        if state.front is None:
            rows = best_rows(state.scores[self._ranked], FRONT)
            front = Front(rows, state.scores.take(rows), self.figures(state.rating, rows), {})
            object.__setattr__(state, "front", front)
        return state

    @property
    def begins_with_personal(self) -> bool:
        """Whether what the models say of a person comes before all else."""
        return self._chain[0] == "personal"

    # ---- lists ----

    def make(self, state: PersonState, wanted: Wanted) -> Listing:
        """A person's list: `state` must be of this recommender, the wishes by its rows."""
        return make_list(self._stages(state, wanted), wanted, state.seen)

    def places(self, listing: Listing, state: PersonState | None, offset: int = 0) -> list[Recommendation]:
        """A list with its items' ids and the person's stars.

        Args:
            state: None where there is no person.
            offset: places of the pages before.
        """
        figures = None if state is None else self.figures_of(listing, state)
        return placed(listing, figures, self.models.items.ids, offset)

    def figures_of(self, listing: Listing, state: PersonState) -> Float32:
        """`figures` of a person's list, as they are known already or else computed."""
        if listing.front_places is not None and state.front is not None:
            return state.front.figures.take(listing.front_places, axis=1)
        return self.figures(state.rating, listing.rows)

    def figures(self, state: State, rows: Int32) -> Float32:
        """Predicted stars and both ends of their interval, on the scale and to a thousandth, shape
        (3, len(rows)); of models without an interval the stars alone, shape (1, len(rows)).
        """
        return self._with_ends(self._on_scale(self.models.rating.score(state, rows)))

    def figures_many(self, states: Sequence[PersonState], listings: Sequence[Listing]) -> Float32:
        """`figures` of each person for the rows of their list, one person's after the other's."""
        known = [
            (state.front.figures, listing.front_places)
            for state, listing in zip(states, listings, strict=True)
            if state.front is not None and listing.front_places is not None
        ]
        shapes = {(front.shape, len(places)) for front, places in known}
        if len(known) == len(states) and len(shapes) == 1:
            fronts = np.concatenate([front for front, _ in known], axis=1)
            starts = np.arange(len(known))[:, np.newaxis] * (fronts.shape[1] // len(known))
            places = np.stack([places for _, places in known]) + starts
            figures: Float32 = fronts.take(places.ravel(), axis=1)
            return figures
        return self._with_ends(self.stars_many(states, [listing.rows for listing in listings]))

    def _with_ends(self, stars: Float32) -> Float32:
        ends = self.interval(stars)
        figures = stars[np.newaxis] if ends is None else np.concatenate((stars[np.newaxis], ends))
        return figures.astype(np.float64).round(_DECIMALS).astype(np.float32)  # as one of them alone is

    def top(
        self, state: PersonState, n: int, *, excluded_rows: Int32 | None = None, allowed: Mask | None = None
    ) -> list[Recommendation]:
        """The best `n` unseen items for a person, without rules, chance or diversity.

        Args:
            state: from `state`, of this recommender.
            n: at least 0; may be larger than the catalogue.
            excluded_rows: rows to leave out; `UNKNOWN_ROW` (-1) among them means nothing.
            allowed: shape (n_items,); leaves out rows that are False.

        Returns:
            At most `n`, best first, stage after stage.
        """
        return self.places(self.make(state, _plain(n, excluded_rows, allowed)), state)

    def top_rows(self, state: PersonState, n: int, *, allowed: Mask | None = None) -> Int32:
        """`top` as rows, shape (m,), m <= n."""
        return self.make(state, _plain(n, None, allowed)).rows

    def _stages(self, state: PersonState, wanted: Wanted) -> Iterator[Ranked]:
        liked: Liked | None = None
        for stage in self._chain:
            if stage == "personal":
                if state.is_ranked:
                    front = None if state.front is None else state.front.rows
                    floor = state.floor if wanted.weighs else 0.0
                    yield Ranked(state.source, state.scores, floor, front)
                continue
            if stage == "popular":
                scores = self._popularity.copy()
            else:
                liked = Liked.of(state.history, self.rating_scale) if liked is None else liked
                found = self._by_liked(stage, liked, wanted.categories)
                if found is None:
                    continue
                scores = found
            scores[state.seen] = -np.inf
            yield Ranked(stage, scores, 0.0)

    def _by_liked(self, stage: Stage, liked: Liked, categories: Labels | None) -> Float32 | None:
        """What is like what they liked, or popular in its categories; None where nothing is."""
        if not len(liked.rows):
            return None
        if stage == "similar":
            return similar_scores(liked, self.models.fallback.neighbours)
        return None if categories is None else category_scores(liked, categories, self._popularity)

    def _personal_scores(self, history: History) -> Float32:
        """By the ranking model; -inf for what is not ranked, and everywhere when it knows nothing of them."""
        told = self.models.ranking.score(self.models.ranking.fold_in(history), self._scored)
        # Any two that differ do; the first two mostly do.
        if not ((len(told) > 1 and told.item(0) != told.item(1)) or tells_apart(told)):
            return np.full(len(self._popularity), -np.inf, np.float32)
        return np.concatenate((self._without_barred(told), self._rest))

    def _without_barred(self, told: Float32) -> Float32:
        """The ranked of the scored rows, shape (..., n_ranked); -inf for those among them that are not."""
        ranked = told[..., self._ranked]
        return ranked if self._barred is None else ranked + self._barred

    # ---- many lists ----

    def top_many(self, histories: Sequence[History], n: int, *, states: States | None = None) -> Int32:
        """Rows of each person's list, shape (n_people, n); `UNKNOWN_ROW` (-1) where a list is shorter.

        Args:
            states: the ranking model's, by person, where they are known already, such as the user factors
                that a training found; by default the histories are folded in.
        """
        lists = [np.empty((0, n), dtype=np.int32)]
        for start in range(0, len(histories), BATCH):
            batch = histories[start : start + BATCH]
            known = None if states is None else states[start : start + BATCH]
            lists.append(self._top_of_batch(batch, known, n))
        return np.concatenate(lists)

    def _top_of_batch(self, histories: Sequence[History], states: States | None, n: int) -> Int32:
        folded = self.models.ranking.fold_in_many(histories) if states is None else states
        scores = self._scores_of_batch(histories, folded)
        if self._chain[0] == "personal":
            lists = best_rows_many(scores, n)
        else:
            lists = np.full((len(histories), n), UNKNOWN_ROW, np.int32)
        for row in np.flatnonzero((lists == UNKNOWN_ROW).any(axis=1)).tolist():
            rows = self._rest_of_chain(histories[row], scores[row], n)
            lists[row, : len(rows)] = rows
        return lists

    def _rest_of_chain(self, history: History, scores: Float32, n: int) -> Int32:
        """The list of somebody whose scores alone do not fill it; the stars are not asked for."""
        source: Source = "personal" if history.tells else "profile"
        nothing = np.empty(0, np.float32)
        state = PersonState(nothing, scores, history.left_out, source, history)
        return self.top_rows(state, n)

    def _scores_of_batch(self, histories: Sequence[History], states: States) -> Float32:
        """What `PersonState.scores` of each are, shape (len(histories), n_items)."""
        told = self.models.ranking.score_many(states)[:, self._scored]
        scores = np.empty((len(told), len(self._popularity)), np.float32)
        scores[:, self._ranked], scores[:, self._ranked.stop :] = self._without_barred(told), self._rest
        scores[~tells_apart(told)] = -np.inf
        for row, history in enumerate(histories):
            if not history.tells:
                scores[row] = self._first_scores(history)
        seen = [history.left_out for history in histories]
        scores[np.repeat(np.arange(len(seen)), [len(rows) for rows in seen]), np.concatenate(seen)] = -np.inf
        return scores

    def stars(self, state: PersonState, rows: Int32) -> Float32:
        """Predicted stars, shape (len(rows),), on the scale; `UNKNOWN_ROW` (-1) is an unknown item."""
        return self._stars(state.rating, rows)

    def predict(self, history: History, rows: Int32) -> Float32:
        """`stars` for a person whose state nobody has computed yet; cheaper than `state`, which ranks too."""
        return self._stars(self.models.rating.fold_in(history), rows)

    def stars_many(self, states: Sequence[PersonState], rows: Sequence[Int32]) -> Float32:
        """`stars` of each person for rows that are all known, one person's after the other's."""
        lengths = np.array([len(those) for those in rows], np.int64)
        held = np.arange(lengths.max(initial=0)) < lengths[:, np.newaxis]
        if not held.any():
            return np.empty(0, np.float32)
        padded = np.zeros(held.shape, np.int32)
        padded[held] = np.concatenate(rows)
        stars = self.models.rating.score_each(np.stack([state.rating for state in states]), padded)
        return self._on_scale(stars[held])

    def _stars(self, state: State, rows: Int32) -> Float32:
        stars = self.models.rating.score(state, np.maximum(rows, 0))
        unknown = rows == UNKNOWN_ROW
        if unknown.any():
            stars[unknown] = self.models.rating.score_unknown(state)
        return self._on_scale(stars)

    def interval(self, stars: Float32) -> Float32 | None:
        """Low and high ends around predicted stars, on the scale, shape (2, len(stars)); None when the models
        have no interval.
        """
        interval = self.models.interval
        return None if interval is None else self._on_scale(interval.bounds(stars))

    def _on_scale(self, stars: Float32) -> Float32:
        # Two ufuncs take a third of the time of `np.clip` on a short list.
        return np.minimum(np.maximum(stars, self._least_stars), self._most_stars)

    # ---- lists for everybody ----

    def similar(
        self, item_row: int, n: int, *, excluded_rows: Int32 | None = None, allowed: Mask | None = None
    ) -> list[Recommendation]:
        """Items liked by the same people as one item, then popular ones: see `make_similar`."""
        return self.places(self.make_similar(item_row, _plain(n, excluded_rows, allowed)), None)

    def make_similar(self, item_row: int, wanted: Wanted) -> Listing:
        """`similar` with all that may be wanted of a list; popular items of its categories come in between.

        Never the item itself.
        """
        return make_list(self._similar_stages(item_row, wanted.categories), wanted)

    def _similar_stages(self, item_row: int, categories: Labels | None) -> Iterator[Ranked]:
        rows, similarities = self.models.fallback.neighbours.of(item_row)
        near = np.full(len(self._popularity), -np.inf, np.float32)
        near[rows] = similarities
        near[item_row] = -np.inf
        yield Ranked("similar", near, 0.0)
        if categories is not None:
            yield Ranked("category", alike_scores(item_row, categories, self._popularity), 0.0)
        popular = self._popularity.copy()
        popular[item_row] = -np.inf
        yield Ranked("popular", popular, 0.0)

    def popular(
        self, n: int, *, excluded_rows: Int32 | None = None, allowed: Mask | None = None
    ) -> list[Recommendation]:
        """The most popular items, whoever asks."""
        return self.places(self.make_popular(_plain(n, excluded_rows, allowed)), None)

    def make_popular(self, wanted: Wanted) -> Listing:
        """`popular` with all that may be wanted of a list."""
        return make_list((Ranked("popular", self._popularity, 0.0),), wanted)

    def _first_scores(self, history: History) -> Float32:
        """For somebody who has rated nothing: what people alike rate; -inf when nothing is known of them."""
        popularity = self.models.fallback.popularity
        if not (len(history.profile) and popularity.uses_profiles):
            return np.full(len(self._popularity), -np.inf, dtype=np.float32)
        scores = popularity.score(popularity.fold_in(history))
        scores[self._popularity == 0] = -np.inf
        return scores


def placed(
    listing: Listing, figures: Float32 | None, ids: Sequence[str], offset: int = 0
) -> list[Recommendation]:
    """A list with its items' ids, and what `Recommender.figures` says of it; None where nothing does.

    Args:
        ids: of the items, by row.
        offset: places of the pages before.
    """
    rows, sources = listing.rows.tolist(), listing.sources
    scores = [
        None if source == "pinned" else score
        for score, source in zip(listing.scores.tolist(), sources, strict=True)
    ]
    stars, low, high = _columns_of(figures, len(rows))
    ranks = range(offset + 1, offset + len(rows) + 1)
    return list(
        map(Recommendation, rows, map(ids.__getitem__, rows), ranks, scores, stars, sources, low, high)
    )


def tells_apart(scores: Float32) -> Mask:
    """Whether a model's scores, shape (..., n_items), differ: if not, it knows nothing of the person.

    So it is where all that they have rated came after the training.
    """
    different: Mask = np.asarray(scores.max(axis=-1, initial=-np.inf) > scores.min(axis=-1, initial=np.inf))
    return different


def _lowest(scores: Float32) -> float:
    """The lowest finite score; inf where none is."""
    finite = np.where(scores > -np.inf, scores, np.float32(np.inf))  # a fifth of the time of `min(where=…)`
    return float(finite.min(initial=np.inf))


def _plain(n: int, excluded_rows: Int32 | None, allowed: Mask | None) -> Wanted:
    return Wanted(n, None if allowed is None else barred_of(allowed), excluded_rows)


def _columns_of(figures: Float32 | None, n: int) -> list[list[float | None]]:
    """Stars, low and high ends of `n` places; None where there are none."""
    told: list[list[float | None]] = [] if figures is None else figures.tolist()
    while len(told) < _FIGURES:
        told.append([None] * n)
    return told
