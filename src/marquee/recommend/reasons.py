"""Why an item stands in a list: what the model makes of the person's items, or what another stage went by."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from marquee.domain.history import History
from marquee.models.contributions import contributions, told_rows
from marquee.models.model_set import ModelSet
from marquee.models.neighbours import Neighbours
from marquee.models.protocol import Float32, Int32
from marquee.recommend.chain import Liked, Source, their_categories
from marquee.recommend.facts import Labels
from marquee.settings.serving import RatingScale

MOST_ITEMS = 3
LEAST_OF_BEST = 0.1  # an item that says less than this share of what the strongest says is not named

Kind: TypeAlias = Literal["because", "similar", "category", "profile", "popular", "explored"]


class Reason(NamedTuple):
    """One reason for one item.

    Attributes:
        kind: "because" of an item of theirs, by the ranking model; "similar" to one that they liked;
            popular in a "category" of theirs; popular with people of the same "profile"; "popular" with
            everybody; "explored": drawn at random.
        row: of the item that kinds "because" and "similar" are about.
        share: how much of all that speaks for it in their history is that item's, in (0, 1].
        category: that the kind "category" is about.
    """

    kind: Kind
    row: int | None = None
    share: float | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Reasoner:
    """Finds reasons by one set of models.

    Attributes:
        scale: of stars, by which items count as liked.
        categories: of the items, by row; None where nothing is known of them.
    """

    models: ModelSet
    scale: RatingScale
    categories: Labels | None

    def reasons(self, history: History, rows: Int32, sources: Sequence[Source]) -> list[list[Reason]]:
        """The reasons of each place of a list, the strongest first; none for what was pinned.

        Args:
            history: of the person, by rows of the models.
            rows: of the list, shape (m,).
            sources: of each place.
        """
        found: list[list[Reason]] = [[] for _ in sources]
        liked = Liked.of(history, self.scale)
        for source in set(sources):
            places = [place for place, other in enumerate(sources) if other == source]
            for place, reasons in zip(places, self._of(source, history, liked, rows[places]), strict=True):
                found[place] = reasons
        return found

    def _of(self, source: Source, history: History, liked: Liked, rows: Int32) -> list[list[Reason]]:
        match source:
            case "personal":
                return self._because(history, rows)
            case "similar":
                shares = _similarities(liked, self.models.fallback.neighbours, rows)
                return [_items("similar", liked.rows, values) or [Reason("popular")] for values in shares]
            case "category":
                return self._categories_of(liked, rows)
            case "profile" | "popular" | "explored":
                return [[Reason(source)] for _ in rows]
            case _:
                return [[] for _ in rows]

    def _because(self, history: History, rows: Int32) -> list[list[Reason]]:
        parts, told = contributions(self.models.ranking, history, rows), told_rows(history)
        otherwise = Reason(
            "profile" if len(history.profile) and self._uses_profile(parts.rest) else "popular"
        )
        return [_items("because", told, values) or [otherwise] for values in parts.of_items]

    def _uses_profile(self, rest: Float32) -> bool:
        return bool((rest > 0).any())

    def _categories_of(self, liked: Liked, rows: Int32) -> list[list[Reason]]:
        assert self.categories is not None  # noqa: S101 - without them no item has this source
        theirs = their_categories(liked, self.categories)
        reasons = []
        for row in rows.tolist():
            codes = set(self.categories.of_rows(np.array([row], np.int32))[1].tolist())
            name = next((name for name, code in theirs if code in codes), None)
            reasons.append([Reason("popular") if name is None else Reason("category", category=name)])
        return reasons


def _items(kind: Literal["because", "similar"], rows: Int32, values: Float32) -> list[Reason]:
    """The items that contribute most, and their share of all that is above 0; none where nothing is."""
    positive = np.maximum(values, 0.0)
    total = float(positive.sum(dtype=np.float64))
    if not total > 0:
        return []
    best = np.argsort(-positive, kind="stable")[:MOST_ITEMS]
    shares = (positive[best] / total).tolist()
    return [
        Reason(kind, row, share)
        for row, share in zip(rows[best].tolist(), shares, strict=True)
        if share >= LEAST_OF_BEST * shares[0]
    ]


def _similarities(liked: Liked, neighbours: Neighbours, rows: Int32) -> Float32:
    """What each liked item adds to `similar_scores` of some rows, shape (len(rows), n_liked)."""
    near = neighbours.rows[liked.rows]
    values = neighbours.similarities[liked.rows] * liked.weights[:, np.newaxis]
    return np.stack([np.where(near == row, values, np.float32(0.0)).sum(axis=1) for row in rows.tolist()])
