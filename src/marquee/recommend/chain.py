"""Whence a list is filled: the stages that serving.yaml's `fallback` names, as scores of the catalogue."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from marquee.domain.history import History
from marquee.models.neighbours import Neighbours
from marquee.models.protocol import Float32, Int32
from marquee.recommend.facts import Labels
from marquee.settings.serving import RatingScale

Board: TypeAlias = Literal["trending", "top-rated", "latest"]
Source: TypeAlias = (
    Literal["personal", "profile", "similar", "category", "popular", "pinned", "explored"] | Board
)

THEIR_CATEGORIES = 3


class Ranked(NamedTuple):
    """What one stage says of the catalogue.

    Attributes:
        source: what its items are said to come from.
        scores: shape (n_items,), float32; -inf for items of which it says nothing.
        floor: the lowest finite score: relevance is what a score has above it. Read only where something
            weighs (`Wanted.weighs`).
        front: rows of some of the highest scores, none left out between them, best first and of equals the
            lower row first; None: not known.
    """

    source: Source
    scores: Float32
    floor: float
    front: Int32 | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Liked:
    """What a person liked, and how much: rows, each once, and weights above 0 to 1."""

    rows: Int32
    weights: Float32

    @classmethod
    def of(cls, history: History, scale: RatingScale) -> "Liked":
        """Ratings above the middle of the scale, the most stars counting 1, and whatever is implied."""
        middle = (scale.min + scale.max) / 2
        stars = (history.ratings - np.float32(middle)) / np.float32(scale.max - middle)
        above = stars > 0
        return cls(
            np.concatenate((history.rows[above], history.implied.rows)),
            np.concatenate((np.minimum(stars[above], np.float32(1.0)), history.implied.weights)),
        )


def similar_scores(liked: Liked, neighbours: Neighbours) -> Float32:
    """The sum of similarities to what was liked, each times its weight; -inf where there is none."""
    rows = neighbours.rows[liked.rows]
    weights = neighbours.similarities[liked.rows] * liked.weights[:, np.newaxis]
    known = rows >= 0
    summed = np.bincount(rows[known], weights[known], neighbours.n_items).astype(np.float32)
    return np.where(summed > 0, summed, np.float32(-np.inf))


def category_scores(liked: Liked, categories: Labels, popularity: Float32) -> Float32:
    """How popular what is of their categories is; -inf elsewhere."""
    scores = np.full(len(popularity), -np.inf, np.float32)
    for _, code in their_categories(liked, categories):
        rows = categories.rows_of_code(code)
        scores[rows] = popularity[rows]
    return scores


def alike_scores(row: int, categories: Labels, popularity: Float32) -> Float32:
    """How popular what shares categories with an item is, times the cosine of both sets; -inf elsewhere.

    Of an item that nobody has rated yet, categories are what tells what it is like.
    """
    _, codes = categories.of_rows(np.array([row], np.int32))
    shared = np.zeros(len(popularity), np.float32)
    for code in codes.tolist():
        shared[categories.rows_of_code(code)] += 1.0
    shared[row] = 0.0
    rows = np.flatnonzero(shared).astype(np.int32)
    lengths, _ = categories.of_rows(rows)
    scores = np.full(len(popularity), -np.inf, np.float32)
    scores[rows] = popularity[rows] * shared[rows] / np.sqrt(lengths * np.float32(len(codes)))
    return scores


def their_categories(liked: Liked, categories: Labels) -> list[tuple[str, int]]:
    """Names and codes of the three that have the most weight among what they liked; of equals by name."""
    lengths, codes = categories.of_rows(liked.rows)
    totals = np.bincount(codes, np.repeat(liked.weights, lengths), len(categories.code_of))
    ranked = sorted((-totals[code], name, code) for name, code in categories.code_of.items() if totals[code])
    return [(name, code) for _, name, code in ranked[:THEIR_CATEGORIES]]
