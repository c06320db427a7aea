"""Titles in order, and the search in them, for one state of the catalogue."""

import unicodedata
from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.serving.spelling import PER_ERROR, TOO_FAR, Spelling, Years, words_of, year_of

BEGINNING, WORD, WITHIN, ALL_WORDS, NEAR = range(5)  # kinds of matches, the best first

_ONE_BY_ONE = 500  # titles put into their order singly; more are sorted anew
_WORDS_TOLD_APART = 32  # titles that are equally near: the shorter first, up to this many words

Numbers = NDArray[np.int32]


def folded(text: str) -> str:
    """Text in lower case and without accents, so that `amelie` finds `Amélie`."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


class Place(NamedTuple):
    """Where an item stands among all, by title."""

    title: str
    item_id: str
    number: int


class Matches(NamedTuple):
    """What a search found, in order.

    Attributes:
        numbers: of the items, shape (n,).
        kinds: how each matches, shape (n,), ascending; from `NEAR` on the kind also says how far it is.
    """

    numbers: Numbers
    kinds: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Titles:
    """Folded titles by number, and all numbers in the order of their titles.

    Attributes:
        texts: by number.
        order: sorted.
    """

    texts: Sequence[str]
    order: Sequence[Place]

    @classmethod
    def of(cls, titles: Sequence[str], item_ids: Sequence[str]) -> "Titles":
        """Titles by number, as people wrote them."""
        texts = [folded(title) for title in titles]
        return cls(texts, sorted(map(Place, texts, item_ids, range(len(texts)))))

    def updated(self, titles: Mapping[int, str], item_ids: Sequence[str]) -> "Titles":
        """With some titles new or changed.

        Args:
            titles: those, by number, as people wrote them; new numbers follow the last one.
            item_ids: by number, of all items.
        """
        fresh = {number: folded(title) for number, title in titles.items()}
        changed = {number: text for number, text in fresh.items() if text != self._text(number)}
        if not changed:
            return self
        texts = [*self.texts, *[""] * (len(item_ids) - len(self.texts))]
        order = list(self.order)
        singly = len(changed) <= _ONE_BY_ONE
        for number, text in changed.items():
            if singly and number < len(self.texts):
                del order[bisect_left(order, Place(texts[number], item_ids[number], number))]
            texts[number] = text
            if singly:
                insort(order, Place(text, item_ids[number], number))
        if not singly:
            order = sorted(map(Place, texts, item_ids, range(len(texts))))
        after = Titles(texts, order)
        after._carry_over(self, changed)
        return after

    def _text(self, number: int) -> str | None:
        return self.texts[number] if number < len(self.texts) else None

    def _carry_over(self, before: "Titles", changed: Mapping[int, str]) -> None:
        """What was already made of the words before is kept, where that is worth it."""
        known = before.__dict__
        if "spelling" in known and (spelling := known["spelling"].updated(changed)) is not None:
            self.__dict__["spelling"] = spelling
        if "_spaced" in known:
            spaced = [*known["_spaced"], *[""] * (len(self.texts) - len(before.texts))]
            for number, text in changed.items():
                spaced[number] = _spaced(text)
            self.__dict__["_spaced"] = spaced

    @cached_property
    def spelling(self) -> Spelling:
        return Spelling.of(self.texts)

    @cached_property
    def by_title(self) -> Numbers:
        """All numbers in the order of their titles."""
        return np.fromiter((place.number for place in self.order), np.int32, len(self.order))

    @cached_property
    def rank(self) -> Numbers:
        """The place of each number in that order."""
        rank = np.empty(len(self.order), np.int32)
        rank[self.by_title] = np.arange(len(self.order), dtype=np.int32)
        return rank

    @cached_property
    def _spaced(self) -> list[str]:
        """The words of each title, with a blank before each."""
        return list(map(_spaced, self.texts))

    @cached_property
    def _all_texts(self) -> str:
        """All titles as one text: what it does not hold, none of them holds."""
        return "\n".join(self.texts)

    @cached_property
    def _all_spaced(self) -> str:
        return "\n".join(self._spaced)

    def find(self, q: str, allowed: NDArray[np.bool_], years: Years) -> Matches:
        """Titles that match `q`, whatever its case and accents; every title matches an empty one.

        First those that begin with it, then those with a word that does, then those that hold it, then those
        with all its words in whatever order, where a year may also be the item's. Where there are none of
        these, typing errors are forgiven.

        Args:
            allowed: which numbers may be found, by number.
            years: of the items, by number.
        """
        wanted = folded(q.strip())
        if not wanted:
            numbers = self.by_title[allowed[self.by_title]]
            return Matches(numbers, np.zeros(len(numbers), np.int32))
        return self._sorted(self._exact(wanted, allowed, years) or self._near(wanted, allowed, years))

    def _exact(self, wanted: str, allowed: NDArray[np.bool_], years: Years) -> dict[int, int]:
        may = allowed.tolist()
        kinds = {number: ALL_WORDS for number in self._with_words(words_of(wanted), years) if may[number]}
        if "\n" in wanted or wanted in self._all_texts:
            inner = f" {wanted}"
            kinds |= {
                number: BEGINNING if text.startswith(wanted) else WORD if inner in text else WITHIN
                for number, text in enumerate(self.texts)
                if wanted in text and may[number]
            }
        return kinds

    def _with_words(self, words: Sequence[str], years: Years) -> Iterable[int]:
        """Numbers of the titles with words that begin so, or of that year.

        None for one word that is no year: titles hold it as it is.
        """
        if not words or (len(words) == 1 and year_of(words[0]) is None):
            return []
        of_year = {word: self._of_year(word, years) for word in words}
        if any(f" {word}" not in self._all_spaced and not of_year[word] for word in words):
            return []
        found: Iterable[int] = range(len(self.texts))
        for word in sorted(words, key=len, reverse=True):
            found = [
                number for number in found if f" {word}" in self._spaced[number] or number in of_year[word]
            ]
        return found

    def _of_year(self, word: str, years: Years) -> Set[int]:
        year = year_of(word)
        return frozenset() if year is None else frozenset(np.flatnonzero(years == year).tolist())

    def _near(self, wanted: str, allowed: NDArray[np.bool_], years: Years) -> dict[int, int]:
        costs = self.spelling.costs(wanted, years)
        costs[~allowed] = TOO_FAR
        best = int(costs.min(initial=TOO_FAR))
        if best == TOO_FAR:
            return {}
        near = np.flatnonzero(costs <= min(best + PER_ERROR, TOO_FAR - 1)).tolist()
        return {
            number: NEAR + _WORDS_TOLD_APART * int(costs[number]) + self._length(number) for number in near
        }

    def _length(self, number: int) -> int:
        return min(self._spaced[number].count(" "), _WORDS_TOLD_APART - 1)

    def _sorted(self, kinds: Mapping[int, int]) -> Matches:
        numbers = np.fromiter(kinds, np.int32, len(kinds))
        of = np.fromiter(kinds.values(), np.int32, len(kinds))
        order = np.lexsort((self.rank[numbers], of))
        return Matches(numbers[order], of[order])


def _spaced(text: str) -> str:
    return "".join(f" {word}" for word in words_of(text))
