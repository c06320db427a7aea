"""Lists for many people at once: the same as one after the other, at a fraction of the time."""

from collections.abc import Sequence

import numpy as np

from marquee.domain.history import UNKNOWN_ROW
from marquee.models.protocol import Float32
from marquee.recommend.chain import Source
from marquee.recommend.listing import LEAST_FACTOR, NO_ROWS, Listing, Wanted, may_be_listed
from marquee.recommend.recommender import FRONT, PersonState, Recommender
from marquee.recommend.topn import best_rows_many

MOST_SCORES = 4_000_000  # in memory at a time, over all people of a block
MOST_PEOPLE = 256


def block_size(n_items: int) -> int:
    """How many people to take at a time."""
    return min(MOST_PEOPLE, max(1, MOST_SCORES // max(n_items, 1)))


def make_many(recommender: Recommender, states: Sequence[PersonState], wanted: Wanted) -> list[Listing]:
    """`recommender.make` for each of some people, who all want the same.

    What the first stage does not fill, and whatever is reordered, pinned or drawn, is made one by one.
    """
    if not states or not _is_plain(recommender, wanted):
        return [recommender.make(state, wanted) for state in states]
    found = _from_fronts(states, wanted)
    others = [person for person, listing in enumerate(found) if listing is None]
    if others:
        made = iter(_from_scores(recommender, [states[person] for person in others], wanted))
        return [next(made) if listing is None else listing for listing in found]
    return [listing for listing in found if listing is not None]


def _from_fronts(states: Sequence[PersonState], wanted: Wanted) -> list[Listing | None]:
    """The lists of those whose front is known and holds what is wanted; see `listing`."""
    found: list[Listing | None] = [None] * len(states)
    fronts = [
        (person, state.front)
        for person, state in enumerate(states)
        if state.front is not None and len(state.front.rows) == FRONT
    ]
    n = wanted.n
    if not fronts or wanted.weighs or n >= FRONT:
        return found
    out = NO_ROWS if wanted.excluded is None else wanted.excluded
    is_free = wanted.barred is None and not len(out)
    width = n if is_free else FRONT
    rows = np.concatenate([front.rows for _, front in fronts]).reshape(-1, FRONT)[:, :width]
    scores = np.concatenate([front.scores for _, front in fronts]).reshape(-1, FRONT)[:, :width]
    full, places = np.arange(len(fronts)), np.tile(np.arange(n), (len(fronts), 1))
    if not is_free:
        allowed = may_be_listed(rows, len(states[0].scores), wanted.barred, out)
        ranks = allowed.cumsum(axis=1)
        full = (ranks[:, -1] > n).nonzero()[0]
        places = (allowed[full] & (ranks[full] <= n)).nonzero()[1].reshape(len(full), n)
        rows = np.take_along_axis(rows[full], places, axis=1)
        scores = np.take_along_axis(scores[full], places, axis=1)
    named: dict[Source, list[Source]] = {}
    for number, row in enumerate(full.tolist()):
        person = fronts[row][0]
        source = states[person].source
        sources = named.setdefault(source, [source] * n)
        found[person] = Listing(
            rows[number], scores[number], sources, source, more=True, front_places=places[number]
        )
    return found


def _from_scores(recommender: Recommender, states: Sequence[PersonState], wanted: Wanted) -> list[Listing]:
    """The lists by all scores of some people."""
    scores = _weighed(states, wanted)
    n, shown = wanted.n, best_rows_many(scores, wanted.n + 1)
    full = (shown[:, n] != UNKNOWN_ROW).tolist()
    places = np.take_along_axis(scores, np.maximum(shown, 0), axis=1)
    named: dict[Source, list[Source]] = {}
    return [
        Listing(
            shown[person, :n],
            places[person, :n],
            named.setdefault(state.source, [state.source] * n),
            state.source,
            more=True,
        )
        if full[person]
        else recommender.make(state, wanted)
        for person, state in enumerate(states)
    ]


def _is_plain(recommender: Recommender, wanted: Wanted) -> bool:
    """Whether a list is the best rows of the personal stage, where that has enough of them."""
    reordered = bool(wanted.diversity) and wanted.categories is not None
    unlike = wanted.rules.pins or wanted.exploring is not None or wanted.discount is not None
    return recommender.begins_with_personal and wanted.n > 0 and not (reordered or unlike)


def _weighed(states: Sequence[PersonState], wanted: Wanted) -> Float32:
    """Scores after filters and rules, shape (n_people, n_items); as `listing` weighs those of one person."""
    scores = np.stack([state.scores for state in states])
    if wanted.barred is not None:
        scores += wanted.barred
    if wanted.rules.factors is not None:
        rows, factors = wanted.rules.factors
        floors = np.array([state.floor for state in states], np.float32)[:, np.newaxis]
        with np.errstate(invalid="ignore"):  # of somebody without scores: -inf less inf
            moved = floors + (scores[:, rows] - floors) * np.maximum(factors, np.float32(LEAST_FACTOR))
        scores[:, rows] = np.where(np.isfinite(scores[:, rows]), moved, np.float32(-np.inf))
    if wanted.excluded is not None:
        scores[:, wanted.excluded[wanted.excluded != UNKNOWN_ROW]] = -np.inf
    return scores
