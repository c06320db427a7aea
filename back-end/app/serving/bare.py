"""The catalogue without a model: lists are made all the same, of the items with the most ratings."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from app.serving.catalogue import Catalogue
from app.serving.histories import Histories
from marquee.domain.history import UNKNOWN_ROW
from marquee.models.protocol import Float32, Int32
from marquee.recommend.chain import Ranked
from marquee.recommend.listing import Listing, Wanted, make_list
from marquee.recommend.paging import ShownItems
from marquee.recommend.showable import RuleBook, Showable
from marquee.settings.serving import Rule

_COUNTED_SECONDS = 5.0


@dataclass(frozen=True, eq=False)
class BareShelf:
    """What `Shelf` is where there is a model; the rows are the catalogue's numbers."""

    catalogue: Catalogue
    rules: Sequence[Rule]

    version: None = None

    @property
    def fragments(self) -> Sequence[str]:
        return self.catalogue.fragments

    @cached_property
    def ids(self) -> Sequence[str]:
        return [item.item_id for item in self.catalogue.items]

    @cached_property
    def shown_items(self) -> ShownItems:
        return ShownItems(self.ids)

    def showable(self, now: float) -> Showable:
        return self._rule_book.at(now)

    @cached_property
    def _rule_book(self) -> RuleBook:
        catalogue = self.catalogue
        return RuleBook(self.rules, catalogue.facts, catalogue.visible, partial(_numbers, catalogue))

    def rows(self, item_ids: Iterable[str]) -> Int32:
        return _numbers(self.catalogue, item_ids)

    def title(self, row: int) -> str | None:
        return self.catalogue.items[row].title


def _numbers(catalogue: Catalogue, item_ids: Iterable[str]) -> Int32:
    return np.fromiter((catalogue.number_of.get(item_id, UNKNOWN_ROW) for item_id in item_ids), np.int32)


class Counts:
    """How many ratings in memory each item has, counted every few seconds, and lists by that.

    Args:
        histories: whose ratings are counted.
    """

    def __init__(self, histories: Histories) -> None:
        self._histories = histories
        self._counted_at = -_COUNTED_SECONDS
        self._counts: Float32 = np.zeros(0, np.float32)

    def make(self, n_numbers: int, wanted: Wanted, seen: Int32) -> Listing:
        """The items with the most ratings, of a catalogue of `n_numbers`, without those seen."""
        scores = self._fresh(n_numbers).copy()
        scores[seen] = -np.inf
        return make_list((Ranked("popular", scores, 0.0),), wanted, seen)

    def _fresh(self, n_numbers: int) -> Float32:
        now = time.monotonic()
        if now - self._counted_at > _COUNTED_SECONDS or len(self._counts) != n_numbers:
            self._counts = self._histories.ratings_of_items(n_numbers).astype(np.float32)
            self._counted_at = now
        return self._counts
