"""What is known of the items of a catalogue, by row: what filters, rules and diversity ask of them."""

import json
import re
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Self

import numpy as np

from marquee.domain.history import UNKNOWN_ROW
from marquee.domain.records import Item
from marquee.models.protocol import Float32, Int32

NO_YEAR = np.iinfo(np.int32).min
MOST_ATTRIBUTES = 64  # kept by name; inventing names fills no memory
_PLAIN = (str, int, float)
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,18})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?")  # JSON
_NOTHING: Int32 = np.empty(0, np.int32)


@dataclass(frozen=True, eq=False)
class Labels:
    """Which labels each row has, and which rows have each label.

    Attributes:
        code_of: a number for each label.
        starts: shape (n_rows + 1,), int32: the labels of row r are `codes[starts[r]:starts[r + 1]]`.
        codes: int32, each once a row.
    """

    code_of: Mapping[str, int]
    starts: Int32
    codes: Int32

    @classmethod
    def of(cls, labels: Iterable[Sequence[str]]) -> Self:
        """From the labels of each row."""
        code_of: defaultdict[str, int] = defaultdict(count().__next__)
        codes: list[int] = []
        starts = [0]
        for several in labels:
            if len(several) == 1:  # as most have, of attributes
                codes.append(code_of[several[0]])
            elif several:
                codes += [code_of[label] for label in dict.fromkeys(several)]
            starts.append(len(codes))
        return cls(dict(code_of), np.array(starts, np.int32), np.array(codes, np.int32))

    @property
    def n_rows(self) -> int:
        return len(self.starts) - 1

    def rows(self, label: str) -> Int32:
        """The rows that have a label, ascending; none for a label that nothing has."""
        code = self.code_of.get(label)
        return _NOTHING if code is None else self.rows_of_code(code)

    def rows_of_code(self, code: int) -> Int32:
        rows, ends = self._members
        return rows[ends[code] : ends[code + 1]]

    @cached_property
    def _members(self) -> tuple[Int32, Int32]:
        """Rows by label, and where each label's begin and end."""
        owners = np.repeat(np.arange(self.n_rows, dtype=np.int32), np.diff(self.starts))
        ends = np.zeros(len(self.code_of) + 1, np.int32)
        np.cumsum(np.bincount(self.codes, minlength=len(self.code_of)), out=ends[1:])
        return owners[np.argsort(self.codes, kind="stable")], ends

    def of_rows(self, rows: Int32) -> tuple[Int32, Int32]:
        """How many labels each of some rows has, and the codes, one row's after the other's."""
        firsts, lengths = self.starts[rows], self.starts[rows + 1] - self.starts[rows]
        places = np.arange(lengths.sum()) + np.repeat(firsts - np.cumsum(lengths) + lengths, lengths)
        return lengths, self.codes[places]

    def unit_vectors(self, rows: Int32) -> Float32:
        """Some rows as vectors of length 1 over the labels that occur among them; without labels: zeros.

        Returns:
            shape (len(rows), n), float32: products of these are the cosines of the sets of labels.
        """
        lengths, codes = self.of_rows(rows)
        occurring, columns = np.unique(codes, return_inverse=True)
        vectors = np.zeros((len(rows), len(occurring)), np.float32)
        values = 1.0 / np.sqrt(np.maximum(lengths, 1), dtype=np.float32)
        vectors[np.repeat(np.arange(len(rows)), lengths), columns] = np.repeat(values, lengths)
        return vectors

    def replaced(self, labels: Mapping[int, Iterable[str]], n_rows: int) -> "Labels":
        """The same, but for the labels of some rows; there may be new rows at the end.

        Args:
            labels: by row, of all new rows and those that have others now.
        """
        code_of = dict(self.code_of)
        codes = {
            row: [code_of.setdefault(label, len(code_of)) for label in dict.fromkeys(several)]
            for row, several in labels.items()
        }
        owners = np.repeat(np.arange(self.n_rows, dtype=np.int32), np.diff(self.starts))
        same = ~np.isin(owners, np.fromiter(labels, np.int32, len(labels)))
        fresh = [(row, code) for row, several in codes.items() for code in several]
        owners = np.append(owners[same], np.array([row for row, _ in fresh], np.int32))
        every = np.append(self.codes[same], np.array([code for _, code in fresh], np.int32))
        starts = np.zeros(n_rows + 1, np.int32)
        np.cumsum(np.bincount(owners, minlength=n_rows), out=starts[1:])
        return Labels(code_of, starts, every[np.argsort(owners, kind="stable")])

    def renumbered(self, number_of_row: Int32) -> "Labels":
        """The same by other rows: row r has what `number_of_row[r]` has here; nothing where that is -1."""
        known = number_of_row != UNKNOWN_ROW
        lengths = np.zeros(len(number_of_row), np.int32)
        lengths[known], codes = self.of_rows(number_of_row[known])
        return Labels(self.code_of, np.append(np.int32(0), np.cumsum(lengths, dtype=np.int32)), codes)


class ItemFacts:
    """Years, categories and attributes of items by row; immutable to whoever asks.

    Args:
        years: shape (n_rows,), int32; `NO_YEAR` where it is not known.
        categories: by row.
        attribute: makes the values of one attribute by row; called once for each name, while it is kept.
    """

    def __init__(self, years: Int32, categories: Labels, attribute: Callable[[str], Labels]) -> None:
        self.years, self.categories = years, categories
        self._make = attribute
        self._attributes: OrderedDict[str, Labels] = OrderedDict()

    def __len__(self) -> int:
        return len(self.years)

    @classmethod
    def of(cls, items: Sequence[Item]) -> Self:
        """Of items whose row is their place."""

        years = np.fromiter(map(_year, items), np.int32, len(items))
        return cls(years, Labels.of(item.genres for item in items), _attribute_of(items))

    def updated(self, items: Sequence[Item], changed: Sequence[int]) -> "ItemFacts":
        """Of these items, of which all but some were there before at the same places, as they are.

        Args:
            changed: the places of the others, new ones included.
        """
        if not changed:
            return self
        years = np.full(len(items), NO_YEAR, np.int32)
        years[: len(self)] = self.years
        years[changed] = [_year(items[place]) for place in changed]
        categories = self.categories.replaced({place: items[place].genres for place in changed}, len(items))
        return ItemFacts(years, categories, _attribute_of(items))

    def attribute(self, name: str) -> Labels:
        """The values of an attribute, as texts (see `texts_of`), by row."""
        labels = self._attributes.get(name)
        if labels is None:
            labels = self._attributes[name] = self._make(name)
            while len(self._attributes) > MOST_ATTRIBUTES:
                self._attributes.popitem(last=False)
        return labels

    def renumbered(self, number_of_row: Int32) -> "ItemFacts":
        """The same by other rows; nothing is known of a row whose number is -1."""
        years = np.full(len(number_of_row), NO_YEAR, np.int32)
        known = number_of_row != UNKNOWN_ROW
        years[known] = self.years[number_of_row[known]]
        return ItemFacts(
            years,
            self.categories.renumbered(number_of_row),
            lambda name: self.attribute(name).renumbered(number_of_row),
        )


def _year(item: Item) -> int:
    return NO_YEAR if item.year is None else item.year


def _attribute_of(items: Sequence[Item]) -> Callable[[str], Labels]:
    return lambda name: Labels.of(texts_of(item.attributes.get(name)) for item in items)


def texts_of(value: object) -> list[str]:
    """An attribute's value, or each of a list of them, as the text that filters and rules name it by.

    True is "true", and a number without a fraction has no point: JSON's 5.0 and 5 are one number. What is
    nested deeper has no text.
    """
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    several = value if isinstance(value, (list, tuple)) else (value,)
    return [one if isinstance(one, str) else text_of(one) for one in several if isinstance(one, _PLAIN)]


def spellings_of(text: str) -> set[str]:
    """How `text_of` may have written what a client writes: a text as it stands, and 5.0 and 5e0 as 5."""
    if not _NUMBER.fullmatch(text):
        return {text}
    return {text, text_of(json.loads(text))}


def text_of(value: str | int | float | bool) -> str:
    """One plain value as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
