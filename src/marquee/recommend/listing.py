"""The pipeline of every list: scores → rules and discount → filters → best → diversity → pins → exploration.

It knows neither models nor people: what is to be ranked comes as `Ranked` stages, one after the other, and
only as many are computed as are needed.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from marquee.domain.history import UNKNOWN_ROW
from marquee.models.protocol import Float32, Int32, Int64, Mask
from marquee.recommend import diversity, exploration
from marquee.recommend.chain import Ranked, Source
from marquee.recommend.facts import Labels
from marquee.recommend.rules import NO_RULES, Factors, Rules
from marquee.recommend.topn import best_rows

LEAST_FACTOR = 1e-6  # of relevance: above 0, so that what is barred stays so
NO_ROWS: Int32 = np.empty(0, np.int32)
_OUT = np.float32(-np.inf)


class Exploring(NamedTuple):
    """Which share of the places goes to items drawn at random, from how many, and by what."""

    share: float
    pool: int
    generator: np.random.Generator


class Wanted(NamedTuple):
    """What a list is to be.

    Attributes:
        n: places, at least 0.
        barred: added to scores, shape (n_items,), float32: 0, or -inf where a row may not be listed.
        excluded: rows to leave out besides, int32; `UNKNOWN_ROW` (-1) among them means nothing.
        rules: what is boosted, buried and pinned; what they hide must be among `barred`.
        discount: what has lost relevance because it was shown.
        diversity: from 0 to 1, see `diversity.reordered`; needs `categories`.
        categories: of the items, by row.
        offset: places of this list that were shown before, on other pages.
        exploring: None for a list without chance.
    """

    n: int
    barred: Float32 | None = None
    excluded: Int32 | None = None
    rules: Rules = NO_RULES
    discount: Factors | None = None
    diversity: float = 0.0
    categories: Labels | None = None
    offset: int = 0
    exploring: Exploring | None = None

    @property
    def weighs(self) -> bool:
        """Whether scores are changed before the best are taken."""
        return self.discount is not None or self.rules.factors is not None


class Listing(NamedTuple):
    """A list as rows.

    Attributes:
        rows: shape (m,), int32, m <= n, in order.
        scores: shape (m,), float32: in the units of the source, after rules and discount; NaN for a pin.
        sources: of each.
        stage: what the first item that was not pinned or explored came from; None for an empty list.
        propensities: the probability of each to stand where it does; None: 1 for all.
        more: whether another page would hold something.
        front_places: places in the `front` of the first stage, where the whole list comes from there.
    """

    rows: Int32
    scores: Float32
    sources: list[Source]
    stage: Source | None
    propensities: Float32 | None = None
    more: bool = False
    front_places: Int64 | None = None


class _Candidates(NamedTuple):
    """Rows by relevance, stage after stage.

    Attributes:
        counts: how many of each source.
        front_places: places in the front of the first stage, where all come from it.
    """

    rows: Int32
    scores: Float32
    counts: list[tuple[Source, int]]
    front_places: Int64 | None = None

    def sources(self, n: int) -> list[Source]:
        """Of the first `n`."""
        sources: list[Source] = []
        for source, count in self.counts:
            sources += [source] * min(count, n - len(sources))
        return sources

    def first(self, n: int) -> Listing:
        """The first `n` as they are."""
        sources, more = self.sources(n), len(self.rows) > n
        front_places = None if self.front_places is None else self.front_places[:n]
        stage = sources[0] if sources else None
        return Listing(self.rows[:n], self.scores[:n], sources, stage, more=more, front_places=front_places)

    def take(self, places: Sequence[int]) -> Listing:
        """Those at some places."""
        every = self.sources(len(self.rows))
        sources = [every[place] for place in places]
        taken = np.array(places, np.int64)
        stage = sources[0] if sources else None
        return Listing(self.rows[taken], self.scores[taken], sources, stage, more=len(self.rows) > len(taken))


def make_list(stages: Iterable[Ranked], wanted: Wanted, seen: Int32 = NO_ROWS) -> Listing:
    """The list that the stages and the wishes make.

    Args:
        seen: rows that no stage holds because the person knows them; they are not pinned either.
    """
    if wanted.n <= 0:
        return Listing(NO_ROWS, np.empty(0, np.float32), [], None)
    pins = _pins(wanted, seen) if wanted.rules.pins else {}
    n = wanted.n - len(pins)
    candidates = _candidates(stages, wanted, _how_many(n, wanted), list(pins.values()))
    order: Sequence[int] = range(min(n, len(candidates.rows)))
    if wanted.diversity and wanted.categories is not None:
        order = _diverse(candidates, n, wanted.diversity, wanted.categories)
        listing = candidates.take(order)
    else:
        listing = candidates.first(n)
    if wanted.exploring is not None:
        listing = _explored(listing, candidates, set(order), wanted.exploring)
    return _pinned(listing, pins) if pins else listing


def barred_of(allowed: Mask) -> Float32:
    """`Wanted.barred` of a mask of the rows that may be listed."""
    return np.where(allowed, np.float32(0.0), _OUT)


# ---- candidates ----


def _how_many(n: int, wanted: Wanted) -> int:
    """How many candidates a list needs: one more than it has places, to know whether there is more."""
    pool = diversity.pool_size(n) if wanted.diversity and wanted.categories is not None else 0
    return max(n + 1, pool, n + wanted.exploring.pool if wanted.exploring is not None else 0)


def _candidates(stages: Iterable[Ranked], wanted: Wanted, n: int, taken: Sequence[int]) -> _Candidates:
    out = NO_ROWS if wanted.excluded is None else wanted.excluded
    out = np.append(out, taken).astype(np.int32) if taken else out
    rows, scores, counts = NO_ROWS, np.empty(0, np.float32), list[tuple[Source, int]]()
    front_places: Int64 | None = None
    for ranked in stages:
        found, found_scores, found_in_front = _best(ranked, wanted, out, n - len(rows))
        if len(found):
            if not counts:
                rows, scores, front_places = found, found_scores, found_in_front
            else:
                rows, scores = np.concatenate((rows, found)), np.concatenate((scores, found_scores))
                front_places = None
            counts.append((ranked.source, len(found)))
        if len(rows) >= n:
            break
        out = np.concatenate((out, found))
    return _Candidates(rows, scores, counts, front_places)


def _best(ranked: Ranked, wanted: Wanted, out: Int32, n: int) -> tuple[Int32, Float32, Int64 | None]:
    """Rows and scores of the best `n` of a stage that may be listed, and their places in its front if it
    holds them all.
    """
    if ranked.front is not None and not wanted.weighs:
        places = may_be_listed(ranked.front, len(ranked.scores), wanted.barred, out).nonzero()[0]
        if len(places) >= n:
            places = places[:n]
            rows = ranked.front.take(places)
            return rows, ranked.scores.take(rows), places
    weighed = _weighed(ranked, wanted, out)
    rows = best_rows(weighed, n)
    return rows, weighed.take(rows), None


def may_be_listed(rows: Int32, n_items: int, barred: Float32 | None, out: Int32) -> Mask:
    """Which of the rows are neither barred nor out, in their shape; `UNKNOWN_ROW` in `out` means nothing."""
    is_in: Mask = np.ones(rows.shape, np.bool_) if barred is None else barred.take(rows) == 0
    if len(out):
        is_left = np.ones(n_items, np.bool_)
        is_left[out[out != UNKNOWN_ROW]] = False
        is_in &= is_left.take(rows)
    return is_in


def _weighed(ranked: Ranked, wanted: Wanted, out: Int32) -> Float32:
    """Scores after rules and discount; -inf for what is filtered away or out. Costs nothing unasked."""
    scores = ranked.scores
    if wanted.barred is not None:
        scores = scores + wanted.barred
    for rows, factors in _factors(wanted):
        scores = scores.copy() if scores is ranked.scores else scores
        relevance = scores[rows] - np.float32(ranked.floor)
        scores[rows] = np.float32(ranked.floor) + relevance * np.maximum(factors, np.float32(LEAST_FACTOR))
    if len(out):
        scores = scores.copy() if scores is ranked.scores else scores
        scores[out[out != UNKNOWN_ROW]] = _OUT
    return scores


def _factors(wanted: Wanted) -> Iterator[Factors]:
    if wanted.rules.factors is not None:
        yield wanted.rules.factors
    if wanted.discount is not None:
        yield wanted.discount


# ---- diversity ----


def _diverse(candidates: _Candidates, n: int, knob: float, categories: Labels) -> list[int]:
    """Places among the candidates; a stage has its turn when the one before has no more."""
    order: list[int] = []
    first = 0
    for _, count in candidates.counts:
        part = slice(first, first + count)
        vectors = categories.unit_vectors(candidates.rows[part])
        places = diversity.reordered(candidates.scores[part], vectors, n - len(order), knob)
        order += [first + place for place in places]
        first += count
    return order


# ---- pins ----


def _pins(wanted: Wanted, seen: Int32) -> dict[int, int]:
    """The row pinned to each place of this page, from 0: of two for one place the later moves down.

    What is seen, excluded or barred is not pinned. Pins whose place was on a page before, and that were
    not shown there, come first.
    """
    pins: dict[int, int] = {}
    out = set(seen.tolist() if wanted.excluded is None else [*seen.tolist(), *wanted.excluded.tolist()])
    for pin in wanted.rules.pins:
        place = max(pin.position - 1 - wanted.offset, 0)
        for row in pin.rows.tolist():
            if row in out or (wanted.barred is not None and wanted.barred[row] < 0):
                continue
            while place in pins:
                place += 1
            if place < wanted.n:
                pins[place] = row
                out.add(row)
            place += 1
    return pins


def _pinned(listing: Listing, pins: dict[int, int]) -> Listing:
    """The list with each pin at its place, or at the end where the list is too short for that."""
    places = [min(place, len(listing.rows) + before) for before, place in enumerate(sorted(pins))]
    before = np.array(places) - np.arange(len(places))
    rows = [pins[place] for place in sorted(pins)]
    sources = list(listing.sources)
    for place in places:
        sources.insert(place, "pinned")
    propensities = listing.propensities
    return Listing(
        np.insert(listing.rows, before, rows),
        np.insert(listing.scores, before, np.nan),
        sources,
        listing.stage or "pinned",
        None if propensities is None else np.insert(propensities, before, 1.0),
        listing.more,
    )


# ---- exploration ----


def _explored(listing: Listing, candidates: _Candidates, chosen: set[int], exploring: Exploring) -> Listing:
    """The list with some places given to candidates that it had not."""
    spare = [place for place in range(len(candidates.rows)) if place not in chosen][: exploring.pool]
    drawn = exploration.draw(len(listing.rows), len(spare), exploring.share, exploring.generator)
    rows, scores, sources = listing.rows.copy(), listing.scores.copy(), list(listing.sources)
    for place in np.flatnonzero(drawn.spare >= 0).tolist():
        candidate = spare[drawn.spare[place]]
        rows[place], scores[place] = candidates.rows[candidate], candidates.scores[candidate]
        sources[place] = "explored"
    return listing._replace(
        rows=rows, scores=scores, sources=sources, propensities=drawn.propensities, front_places=None
    )
