"""From a history and a bundle to a list. The service and the evaluation both go through here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from marquee.domain.history import UNKNOWN_ROW, History
from marquee.models.model_set import ModelSet
from marquee.models.protocol import Float32, Int32, Mask, State, States
from marquee.recommend.topn import best_rows, best_rows_many
from marquee.settings.serving import Serving

Source: TypeAlias = Literal["personal", "profile", "similar", "popular"]

BATCH = 256  # people scored at a time: bounds the memory of `top_many`


class Recommendation(NamedTuple):
    """One place of a list.

    Attributes:
        row: the item's row in the bundle.
        item_id: its external id.
        rank: 1 for the first.
        score: what it was ordered by, in the units of its source; comparable within one source alone.
        stars: predicted for this person, on the scale; None where there is no person.
        source: "personal" (ranking model), "profile" (popular with people alike), "similar" (to an item),
            "popular" (with everybody).
        stars_low, stars_high: the ends of the models' interval; None where there is no person or no interval.
    """

    row: int
    item_id: str
    rank: int
    score: float
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
        seen: rows that their lists leave out, int32; see `History.left_out`.
        source: what the scores come from.
    """

    rating: State
    scores: Float32
    seen: Int32
    source: Source = "personal"


class Recommender:
    """Lists and stars from one set of models; immutable, shared between threads.

    Lists are filled by a chain: what the ranking model says of the items it knows, then the most popular of
    the rest. So a person without a history gets popular items, and a list is short only when
    the catalogue has no more unseen items that pass the filters.
    """

    def __init__(self, models: ModelSet, serving: Serving) -> None:
        self.models = models
        self._least_stars = np.float32(serving.rating_scale.min)
        self._most_stars = np.float32(serving.rating_scale.max)
        self._popularity = models.fallback.popularity.popularity
        self._by_popularity = np.argsort(-self._popularity, kind="stable").astype(np.int32)
        # What nobody has rated is ranked by its features, or not at all.
        unrated = np.flatnonzero(self._popularity == 0)
        self._unranked = unrated[:0] if models.ranking.scores_new else unrated

    def state(self, history: History) -> PersonState:
        """Fold one history in; its rows must be rows of `models.items`."""
        rating = self.models.rating.fold_in(history)
        if history.tells:
            scores = self.models.ranking.score(self.models.ranking.fold_in(history))
            return PersonState(rating, self._unseen(scores, history), history.left_out)
        return PersonState(rating, self._first_scores(history), history.left_out, "profile")

    def top(
        self, state: PersonState, n: int, *, excluded_rows: Int32 | None = None, allowed: Mask | None = None
    ) -> list[Recommendation]:
        """The best `n` unseen items for a person.

        Args:
            state: from `state`, of this recommender.
            n: at least 0; may be larger than the catalogue.
            excluded_rows: rows to leave out; `UNKNOWN_ROW` (-1) among them means nothing.
            allowed: shape (n_items,); leaves out rows that are False.

        Returns:
            At most `n`, best first: "personal" or "profile" ones, then "popular" ones.
        """
        rows, n_personal = self.top_rows(state, n, excluded_rows=excluded_rows, allowed=allowed)
        scores = state.scores[rows]
        if n_personal < len(rows):
            scores[n_personal:] = self._popularity[rows[n_personal:]]
        sources = _sources(state.source, n_personal) + _sources("popular", len(rows) - n_personal)
        stars = self._on_scale(self.models.rating.score(state.rating, rows))
        return self._listed(rows, scores, stars.tolist(), sources, *self._interval(stars))

    def top_rows(
        self, state: PersonState, n: int, *, excluded_rows: Int32 | None = None, allowed: Mask | None = None
    ) -> tuple[Int32, int]:
        """`top` as rows, shape (m,), m <= n, and how many of them, from the front, are personal."""
        scores = state.scores
        if allowed is not None or excluded_rows is not None:
            scores = np.where(self._passing(allowed, excluded_rows), scores, np.float32(-np.inf))
        personal = best_rows(scores, n)
        if len(personal) >= n:
            return personal, len(personal)
        passing = self._passing(allowed, excluded_rows, state.seen, personal)
        return np.concatenate((personal, self._popular_rows(n - len(personal), passing))), len(personal)

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
        lists = best_rows_many(self._scores_of_batch(histories, folded), n)
        for row in np.flatnonzero((lists == UNKNOWN_ROW).any(axis=1)).tolist():
            personal = lists[row][lists[row] != UNKNOWN_ROW]
            passing = self._passing(None, histories[row].left_out, personal)
            popular = self._popular_rows(n - len(personal), passing)
            lists[row, len(personal) : len(personal) + len(popular)] = popular
        return lists

    def _scores_of_batch(self, histories: Sequence[History], states: States) -> Float32:
        """What `PersonState.scores` of each are, shape (len(histories), n_items)."""
        scores = np.array(self.models.ranking.score_many(states))
        seen = [history.left_out for history in histories]
        scores[np.repeat(np.arange(len(seen)), [len(rows) for rows in seen]), np.concatenate(seen)] = -np.inf
        scores[:, self._unranked] = -np.inf
        for row, history in enumerate(histories):
            if not history.tells:
                scores[row] = self._first_scores(history)
        return scores

    def stars(self, state: PersonState, rows: Int32) -> Float32:
        """Predicted stars, shape (len(rows),), on the scale; `UNKNOWN_ROW` (-1) is an unknown item."""
        return self._stars(state.rating, rows)

    def predict(self, history: History, rows: Int32) -> Float32:
        """`stars` for a person whose state nobody has computed yet; cheaper than `state`, which ranks too."""
        return self._stars(self.models.rating.fold_in(history), rows)

    def _stars(self, state: State, rows: Int32) -> Float32:
        stars = self.models.rating.score(state, np.maximum(rows, 0))
        unknown = rows == UNKNOWN_ROW
        if unknown.any():
            stars[unknown] = self.models.rating.score_unknown(state)
        return self._on_scale(stars)

    def interval(self, stars: Float32) -> tuple[Float32, Float32] | None:
        """Low and high ends around predicted stars, on the scale; None when the models have no interval."""
        if self.models.interval is None:
            return None
        low, high = self.models.interval.bounds(stars)
        return self._on_scale(low), self._on_scale(high)

    def _interval(self, stars: Float32) -> tuple[Sequence[float | None], Sequence[float | None]]:
        ends = self.interval(stars)
        if ends is None:
            nothing = [None] * len(stars)
            return nothing, nothing
        return ends[0].tolist(), ends[1].tolist()

    def _on_scale(self, stars: Float32) -> Float32:
        # Two ufuncs take a third of the time of `np.clip` on a short list.
        return np.minimum(np.maximum(stars, self._least_stars), self._most_stars)

    def similar(
        self, item_row: int, n: int, *, excluded_rows: Int32 | None = None, allowed: Mask | None = None
    ) -> list[Recommendation]:
        """Items liked by the same people as one item, then popular ones; never the item itself."""
        neighbours, similarities = self.models.fallback.neighbours.of(item_row)
        passing = self._passing(allowed, excluded_rows, np.array([item_row]))
        keep = np.flatnonzero(passing[neighbours])[: max(n, 0)]
        rows, similarities = neighbours[keep], similarities[keep]
        passing[rows] = False
        popular = self._popular_rows(n - len(rows), passing)
        scores = np.concatenate((similarities, self._popularity[popular]))
        sources = _sources("similar", len(rows)) + _sources("popular", len(popular))
        return self._listed(np.concatenate((rows, popular)), scores, [None] * len(scores), sources)

    def popular(
        self, n: int, *, excluded_rows: Int32 | None = None, allowed: Mask | None = None
    ) -> list[Recommendation]:
        """The most popular items, whoever asks."""
        rows = self._popular_rows(n, self._passing(allowed, excluded_rows))
        return self._listed(rows, self._popularity[rows], [None] * len(rows), _sources("popular", len(rows)))

    def _unseen(self, scores: Float32, history: History) -> Float32:
        unseen = scores.copy()
        unseen[history.left_out] = -np.inf
        unseen[self._unranked] = -np.inf
        return unseen

    def _first_scores(self, history: History) -> Float32:
        """For somebody of whose taste nothing is known: what people alike rate; -inf without a profile."""
        popularity = self.models.fallback.popularity
        if not (len(history.profile) and popularity.uses_profiles):
            return np.full(len(self._popularity), -np.inf, dtype=np.float32)
        scores = popularity.score(popularity.fold_in(history))
        scores[self._popularity == 0] = -np.inf
        scores[history.hidden] = -np.inf
        return scores

    def _passing(self, allowed: Mask | None, *out: NDArray[np.integer] | None) -> Mask:
        passing = np.ones(len(self._popularity), dtype=np.bool_) if allowed is None else allowed.copy()
        for rows in out:
            if rows is not None:
                passing[rows[rows != UNKNOWN_ROW]] = False
        return passing

    def _popular_rows(self, n: int, passing: Mask) -> Int32:
        return self._by_popularity[passing[self._by_popularity]][: max(n, 0)]

    def _listed(
        self,
        rows: Int32,
        scores: Float32,
        stars: Sequence[float | None],
        sources: Sequence[Source],
        *interval: Sequence[float | None],
    ) -> list[Recommendation]:
        numbers = rows.tolist()
        ids = map(self.models.items.ids.__getitem__, numbers)
        ranks = range(1, len(numbers) + 1)
        return list(map(Recommendation, numbers, ids, ranks, scores.tolist(), stars, sources, *interval))


def _sources(source: Source, count: int) -> list[Source]:
    return [source] * count
