"""The catalogue in memory: an immutable picture, replaced as a whole when items change."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
import orjson
from numpy.typing import NDArray

from marquee.domain.records import Item
from marquee.recommend.facts import ItemFacts


def folded(text: str) -> str:
    """Text in lower case and without accents, so that `amelie` finds `Amélie`."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


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


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Items by number. Numbers are this worker's own, whatever the model; none is ever given to another item.

    Attributes:
        items: by number; items that were deleted stay, hidden.
        number_of: by item id.
        fragments: each item's JSON, by number; see `fragment_of`.
        titles: folded titles, by number.
    """

    items: tuple[Item, ...]
    number_of: Mapping[str, int]
    fragments: tuple[str, ...]
    titles: tuple[str, ...]

    @classmethod
    def of(cls, items: Iterable[Item]) -> Self:
        """A catalogue of these items, numbered as they come."""
        every = tuple(items)
        return cls(
            every,
            {item.item_id: number for number, item in enumerate(every)},
            tuple(map(fragment_of, every)),
            tuple(folded(item.title) for item in every),
        )

    def __len__(self) -> int:
        return len(self.items)

    def item(self, item_id: str) -> Item | None:
        """A visible item, or None."""
        number = self.number_of.get(item_id)
        return None if number is None or self.items[number].hidden else self.items[number]

    def changed(self, items: Iterable[Item]) -> "Catalogue":
        """This catalogue with some items new or replaced; numbers stay."""
        merged = list(self.items)
        number_of = dict(self.number_of)
        for item in items:
            number = number_of.setdefault(item.item_id, len(merged))
            merged[number : number + 1] = [item]
        return self._renewed(merged)

    def without(self, item_ids: Iterable[str]) -> "Catalogue":
        """This catalogue with some items hidden, because they are gone."""
        known = [self.items[self.number_of[item_id]] for item_id in item_ids if item_id in self.number_of]
        return self.changed(replace(item, hidden=True) for item in known)

    def reloaded(self, items: Iterable[Item]) -> "Catalogue":
        """The catalogue that is just these items, with the numbers they had."""
        fresh = {item.item_id: item for item in items}
        gone = [item_id for item_id in self.number_of if item_id not in fresh]
        return self.changed(fresh.values()).without(gone)

    def _renewed(self, merged: list[Item]) -> "Catalogue":
        """A catalogue of `merged`, computing anew only what belongs to items that are not the same object."""
        known = len(self.items)
        fragments, titles = list(self.fragments), list(self.titles)
        for number, item in enumerate(merged):
            if number >= known:
                fragments.append(fragment_of(item))
                titles.append(folded(item.title))
            elif item is not self.items[number]:
                fragments[number], titles[number] = fragment_of(item), folded(item.title)
        number_of = {item.item_id: number for number, item in enumerate(merged)}
        return Catalogue(tuple(merged), number_of, tuple(fragments), tuple(titles))

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

    @cached_property
    def facts(self) -> ItemFacts:
        """What filters and rules ask of the items, by number; of hidden ones too."""
        return ItemFacts.of(self.items)

    def search(self, q: str, category: str | None) -> list[Found]:
        """Visible items whose title holds `q`: first where it begins the title, then a word, then within one.

        Within each kind they go by title. Everything matches an empty `q`.
        """
        wanted = folded(q.strip())
        found = []
        for number in self.numbers(category).tolist():
            title, item = self.titles[number], self.items[number]
            if wanted in title:
                found.append(Found(Position(_kind(title, wanted), title, item.item_id), item))
        found.sort(key=lambda entry: entry.position)
        return found


def _kind(title: str, wanted: str) -> int:
    if title.startswith(wanted):
        return 0
    return 1 if f" {wanted}" in title else 2
