"""What a request wants of the items in a list; one value for every kind of list."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from marquee.domain.errors import InvalidInput
from marquee.models.protocol import Int32, Mask
from marquee.recommend.facts import NO_YEAR, ItemFacts, spellings_of


@dataclass(frozen=True, slots=True)
class Filters:
    """All that is given must hold; what an item does not tell does not pass, but for `no_category`.

    Attributes:
        any_category: at least one of these.
        all_categories: each of these.
        no_category: none of these.
        year_from, year_to: both included.
        attributes: names and values (see `facts.spellings_of`); of a list, one value is enough.
    """

    any_category: tuple[str, ...] = ()
    all_categories: tuple[str, ...] = ()
    no_category: tuple[str, ...] = ()
    year_from: int | None = None
    year_to: int | None = None
    attributes: tuple[tuple[str, str], ...] = ()

    def passing(self, facts: ItemFacts) -> Mask:
        """Which rows pass, shape (n_rows,)."""
        passing = self._of_years(facts)
        for rows in self._needed(facts):
            passing &= _mask(len(facts), rows)
        for category in self.no_category:
            passing[facts.categories.rows(category)] = False
        return passing

    def unknown_categories(self, facts: ItemFacts) -> list[str]:
        """Categories that no item has, and that therefore let nothing pass."""
        unknown = [one for one in self.any_category if one not in facts.categories.code_of]
        needed = [one for one in self.all_categories if one not in facts.categories.code_of]
        return needed + (unknown if len(unknown) == len(self.any_category) else [])

    def _of_years(self, facts: ItemFacts) -> Mask:
        passing = np.ones(len(facts), np.bool_)
        if self.year_from is not None or self.year_to is not None:
            passing &= facts.years != NO_YEAR
        if self.year_from is not None:
            passing &= facts.years >= self.year_from
        if self.year_to is not None:
            passing &= facts.years <= self.year_to
        return passing

    def _needed(self, facts: ItemFacts) -> Iterator[Int32]:
        """Rows, some of which more than once, that everything that passes must be among."""
        if self.any_category:
            yield np.concatenate([facts.categories.rows(category) for category in self.any_category])
        for category in self.all_categories:
            yield facts.categories.rows(category)
        for name, value in self.attributes:
            labels = facts.attribute(name)
            yield np.concatenate([labels.rows(spelling) for spelling in spellings_of(value)])


NO_FILTERS = Filters()


def named_value(text: str) -> tuple[str, str]:
    """`name:value` in its two parts, at the first colon; raises InvalidInput where there is none."""
    name, colon, value = text.partition(":")
    if not (name and colon):
        raise InvalidInput(
            f"The attribute {text!r} is not a name and a value.", hint="Write it as name:value."
        )
    return name, value


def _mask(n_rows: int, rows: Int32) -> Mask:
    mask = np.zeros(n_rows, np.bool_)
    mask[rows] = True
    return mask
