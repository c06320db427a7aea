"""Finding titles in spite of typing errors: every word of the query must be near some word of the title.

Nearness is the optimal string alignment distance: letters put in, left out, exchanged, or two swapped.
Two neighbouring words of a title also count as one, and so do all words of the query, so that `strawars` and
`spider man` find Star Wars and Spiderman.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

TOO_FAR = 10_000  # a cost that no title within reach has
PER_ERROR = 2
UNFINISHED = 1  # what it costs that the word goes on behind what was typed

_SHORTEST_BEGINNING = (
    4  # letters; errors in fewer, with anything behind them, would match half the dictionary
)
_MOST_WORDS = 12  # of a query; the others are left out
_FRESH_AT_MOST = 2_000  # titles looked at beside the large table before it is made anew
_YEAR_DIGITS = 4
_WORD = re.compile(r"[^\W_]+")

Costs = NDArray[np.int16]
Years = NDArray[np.int32]


def words_of(folded_title: str) -> list[str]:
    """The words of a text: what stands between blanks and punctuation."""
    return _WORD.findall(folded_title)


def errors_forgiven(word: str) -> int:
    """How many typing errors a word may have: none in short ones and numbers, 1 from 3 letters, 2 from 8."""
    if len(word) < 3 or word.isdigit():
        return 0
    return 1 if len(word) < 8 else 2


def year_of(word: str) -> int | None:
    """The year that a word of a query may be; None for other words."""
    return int(word) if len(word) == _YEAR_DIGITS and word.isdecimal() else None


@dataclass(frozen=True, slots=True, eq=False)
class _SameLength:
    """Words of one length, and the numbers of each in the table."""

    words: list[str]
    places: NDArray[np.int32]


class WordTable:
    """The words of some titles, and which titles have them.

    Args:
        titles: folded, by number.
    """

    def __init__(self, titles: Mapping[int, str]) -> None:
        holders: dict[str, list[int]] = {}
        joined: dict[str, list[int]] = {}
        for number, title in titles.items():
            words = words_of(title)
            for word in dict.fromkeys(words):
                holders.setdefault(word, []).append(number)
            for first, second in pairwise(words):
                joined.setdefault(first + second, []).append(number)
        lists = [*holders.values(), *joined.values()]
        self._numbers = np.fromiter((number for one in lists for number in one), np.int32)
        self._starts = np.cumsum([0, *map(len, lists)])
        self._by_length = _by_length([*holders, *joined])
        self._words_by_length = _by_length([*holders])

    def costs(self, word: str, n_titles: int, *, unfinished: bool) -> Costs:
        """What it takes to find the word in each title, shape (n_titles,); `TOO_FAR` where it is not near.

        Args:
            unfinished: whether the word may be the beginning of a longer one.
        """
        costs = np.full(n_titles, TOO_FAR, np.int16)
        near = [*self._near(word)]
        if unfinished:
            near += self._begun(word)
        for cost, place in sorted(near, reverse=True):  # the cheapest is written last
            costs[self._numbers[self._starts[place] : self._starts[place + 1]]] = cost
        return costs

    def _near(self, word: str) -> Iterable[tuple[int, int]]:
        """(cost, place) of the words within reach."""
        reach = errors_forgiven(word)
        for length in range(len(word) - reach, len(word) + reach + 1):
            if same := self._by_length.get(length):
                yield from _within(word, same.words, same.places, reach, 0)

    def _begun(self, word: str) -> Iterable[tuple[int, int]]:
        """(cost, place) of the longer words whose beginning is within reach."""
        reach = errors_forgiven(word) if len(word) >= _SHORTEST_BEGINNING else 0
        for length, same in self._words_by_length.items():
            if length > len(word):
                beginnings = [one[: len(word)] for one in same.words]
                yield from _within(word, beginnings, same.places, reach, UNFINISHED)


def _by_length(words: Sequence[str]) -> dict[int, _SameLength]:
    places: dict[int, list[int]] = {}
    for place, word in enumerate(words):
        places.setdefault(len(word), []).append(place)
    return {
        length: _SameLength([words[place] for place in some], np.array(some, np.int32))
        for length, some in places.items()
    }


def _within(
    word: str, others: Sequence[str], places: NDArray[np.int32], reach: int, extra: int
) -> Iterable[tuple[int, int]]:
    if not others:
        return
    distances = cdist([word], others, scorer=OSA.distance, score_cutoff=reach, dtype=np.uint8)[0]
    for hit in np.flatnonzero(distances <= reach).tolist():
        yield PER_ERROR * int(distances[hit]) + extra, int(places[hit])


@dataclass(frozen=True, eq=False)
class Spelling:
    """All titles, as a large table of long standing and the few titles that have changed since.

    Attributes:
        table: of titles by number.
        fresh: titles that are not what the table has, by number.
    """

    table: WordTable
    fresh: Mapping[int, str]

    @classmethod
    def of(cls, titles: Sequence[str]) -> "Spelling":
        return cls(WordTable(dict(enumerate(titles))), {})

    def updated(self, changed: Mapping[int, str]) -> "Spelling | None":
        """With some titles changed; None when it had better be made anew."""
        fresh = {**self.fresh, **changed}
        return Spelling(self.table, fresh) if len(fresh) <= _FRESH_AT_MOST else None

    @cached_property
    def _fresh_table(self) -> WordTable:
        return WordTable(self.fresh)

    def costs(self, folded_query: str, years: Years) -> Costs:
        """How far each title is from the query, shape (n_titles,); `TOO_FAR` for most.

        Args:
            years: of the items, shape (n_titles,); a word that is an item's year is near it.
        """
        n_titles = len(years)
        words = words_of(folded_query)[:_MOST_WORDS]
        if not words:
            return np.full(n_titles, TOO_FAR, np.int16)
        total = np.zeros(n_titles, np.int16)
        for place, word in enumerate(words, start=1):
            one = self._costs(word, n_titles, unfinished=place == len(words))
            if (year := year_of(word)) is not None:
                one[years == year] = 0
            total = np.minimum(total + one, TOO_FAR)
        if len(words) > 1:
            total = np.minimum(total, self._costs("".join(words), n_titles, unfinished=False))
        return total

    def _costs(self, word: str, n_titles: int, *, unfinished: bool) -> Costs:
        costs = self.table.costs(word, n_titles, unfinished=unfinished)
        if self.fresh:
            costs[list(self.fresh)] = TOO_FAR
            costs = np.minimum(costs, self._fresh_table.costs(word, n_titles, unfinished=unfinished))
        return costs
