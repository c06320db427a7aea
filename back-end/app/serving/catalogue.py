"""The catalogue in memory: an immutable picture, replaced as a whole when items change."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
import orjson
from numpy.typing import NDArray

from app.serving.titles import Matches, Titles
from marquee.domain.records import Item
from marquee.recommend.facts import ItemFacts


def fragment_of(item: Item) -> str:
    """The beginning of an item's JSON object in every list; the entry's own fields and `}` follow."""
    shown = {"item_id": item.item_id, "title": item.title, "year": item.year, "genres": item.genres}
    return orjson.dumps(shown).decode()[:-1]


class Position(NamedTuple):
    """Where an item stands among those found; the sort key, so that a page can begin behind it."""

    kind: int
    title: str
    item_id: str


class Found(NamedTuple):
    position: Position
    item: Item


class Page(NamedTuple):
    """A part of what was found.

    Attributes:
        entries: in order.
        total: how many were found, on all pages.
        more: whether there are others behind these.
    """

    entries: list[Found]
    total: int
    more: bool


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Items by number. Numbers are this worker's own, whatever the model; none is ever given to another item.

    Attributes:
        items: by number; items that were deleted stay, hidden.
        number_of: by item id.
        fragments: each item's JSON, by number; see `fragment_of`.
        titles: in order, and to be searched.
        facts: what filters and rules ask of the items, by number; of hidden ones too.
        gone: numbers of the items that were deleted.
    """

    items: tuple[Item, ...]
    number_of: Mapping[str, int]
    fragments: tuple[str, ...]
    titles: Titles
    facts: ItemFacts
    gone: frozenset[int] = frozenset()

    @classmethod
    def of(cls, items: Iterable[Item]) -> Self:
        """A catalogue of these items, numbered as they come."""
        every = tuple(items)
        return cls(
            every,
            {item.item_id: number for number, item in enumerate(every)},
            tuple(map(fragment_of, every)),
            Titles.of([item.title for item in every], [item.item_id for item in every]),
            ItemFacts.of(every),
        )

    def __len__(self) -> int:
        return len(self.items)

    def item(self, item_id: str) -> Item | None:
        """A visible item, or None."""
        item = self.known_item(item_id)
        return None if item is None or item.hidden else item

    def known_item(self, item_id: str) -> Item | None:
        """An item, hidden or not; None when there is none, or no longer."""
        number = self.number_of.get(item_id)
        return None if number is None or number in self.gone else self.items[number]

    def changed(self, items: Iterable[Item]) -> "Catalogue":
        """This catalogue with some items new or replaced; numbers stay."""
        merged = list(self.items)
        number_of = dict(self.number_of)
        back = set()
        for item in items:
            number = number_of.setdefault(item.item_id, len(merged))
            merged[number : number + 1] = [item]
            back.add(number)
        return self._renewed(merged, number_of, self.gone - back)

    def without(self, item_ids: Iterable[str]) -> "Catalogue":
        """This catalogue with some items hidden, because they are gone."""
        gone = {self.number_of[item_id] for item_id in item_ids if item_id in self.number_of}
        if not gone:
            return self
        hidden = self.changed(replace(self.items[number], hidden=True) for number in gone)
        return replace(hidden, gone=self.gone | gone)

    def reloaded(self, items: Iterable[Item]) -> "Catalogue":
        """The catalogue that is just these items, with the numbers they had."""
        fresh = {item.item_id: item for item in items}
        gone = [item_id for item_id in self.number_of if item_id not in fresh]
        return self.changed(fresh.values()).without(gone)

    def _renewed(self, merged: list[Item], number_of: Mapping[str, int], gone: frozenset[int]) -> "Catalogue":
        """A catalogue of `merged`, computing anew only what belongs to items that are not the same object."""
        known = len(self.items)
        fragments = [*self.fragments, *[""] * (len(merged) - known)]
        titles = {}
        for number, item in enumerate(merged):
            if number >= known or item is not self.items[number]:
                fragments[number] = fragment_of(item)
                titles[number] = item.title
        updated = self.titles.updated(titles, list(number_of)) if titles else self.titles
        facts = self.facts.updated(merged, list(titles))
        return Catalogue(tuple(merged), number_of, tuple(fragments), updated, facts, gone)

    @cached_property
    def visible(self) -> NDArray[np.bool_]:
        """Whether each item may be shown, by number."""
        return np.fromiter((not item.hidden for item in self.items), np.bool_, len(self.items))

    def numbers(self, category: str | None) -> NDArray[np.int32]:
        """Numbers of the visible items, of one category or of all; none for a category that no item has."""
        if category is None:
            return np.flatnonzero(self.visible).astype(np.int32)
        return self.numbers_in.get(category, np.empty(0, np.int32))

    @cached_property
    def numbers_in(self) -> Mapping[str, NDArray[np.int32]]:
        """Numbers of the visible items of each category."""
        members: dict[str, list[int]] = {}
        for number, item in enumerate(self.items):
            for genre in item.genres if not item.hidden else ():
                members.setdefault(genre, []).append(number)
        return {genre: np.array(numbers, np.int32) for genre, numbers in members.items()}

    def page(
        self,
        q: str,
        category: str | None = None,
        *,
        hidden: bool = False,
        after: Position | None = None,
        limit: int,
    ) -> Page:
        """Items whose title matches `q`, as `Titles.find` orders them; all of them for an empty `q`.

        Args:
            hidden: the hidden items in place of the visible ones.
            after: where the page before ended.
        """
        matches = self.titles.find(q, self._allowed(category, hidden=hidden), self.facts.years)
        start = 0 if after is None else self._place_behind(after, matches)
        shown = range(start, min(start + limit, len(matches.numbers)))
        entries = [Found(self._position(matches, at), self.items[matches.numbers[at]]) for at in shown]
        return Page(entries, len(matches.numbers), start + limit < len(matches.numbers))

    def _allowed(self, category: str | None, *, hidden: bool) -> NDArray[np.bool_]:
        if hidden:
            allowed = ~self.visible
            allowed[list(self.gone)] = False
            if category is not None:
                allowed &= np.fromiter((category in item.genres for item in self.items), np.bool_, len(self))
            return allowed
        if category is None:
            return self.visible
        allowed = np.zeros(len(self), np.bool_)
        allowed[self.numbers(category)] = True
        return allowed

    def _place_behind(self, position: Position, matches: Matches) -> int:
        """The place of the first match behind a position, whether or not that still matches."""
        places = range(len(matches.numbers))
        return bisect_right(places, position, key=lambda at: self._position(matches, at))

    def _position(self, matches: Matches, at: int) -> Position:
        number = int(matches.numbers[at])
        return Position(int(matches.kinds[at]), self.titles.texts[number], self.items[number].item_id)
