"""A model and the catalogue as it is now, joined: everything that making a list needs."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import is_
from typing import Self

import numpy as np

from app.serving.catalogue import Catalogue
from app.serving.states import States
from marquee.domain.history import UNKNOWN_ROW
from marquee.domain.records import Item
from marquee.models.features import describe_item
from marquee.models.model_set import ModelSet
from marquee.models.new_items import extended
from marquee.models.protocol import Int32
from marquee.recommend.paging import ShownItems
from marquee.recommend.recommender import Recommender
from marquee.recommend.showable import RuleBook, Showable
from marquee.settings import Serving


@dataclass(frozen=True, slots=True, eq=False)
class ServedModel:
    """A model version in memory, and the items that came after its training.

    Attributes:
        bundle: as it was trained.
        new_items: not in the bundle; scored by what is known of them.
        recommender: of both.
        states: of people, by its recommender.
        shown_items: what cursors say of its rows.
    """

    version: int
    bundle: ModelSet
    serving: Serving
    new_items: tuple[Item, ...]
    recommender: Recommender
    states: States
    shown_items: ShownItems

    @classmethod
    def of(
        cls, version: int, bundle: ModelSet, serving: Serving, new_items: tuple[Item, ...] = ()
    ) -> "ServedModel":
        features = bundle.item_vocabulary.encode_many(
            [describe_item(item.title, item.year, item.genres, item.attributes) for item in new_items]
        )
        models = extended(bundle, [item.item_id for item in new_items], features)
        recommender = Recommender(models, serving)
        states, shown_items = States(recommender, serving.feedback), ShownItems(models.items.ids)
        return cls(version, bundle, serving, new_items, recommender, states, shown_items)

    def beside(self, catalogue: Catalogue) -> "ServedModel":
        """This model with all the visible items that it was not trained with."""
        known = self.bundle.items
        new_items = tuple(item for item in catalogue.items if item.item_id not in known and not item.hidden)
        if len(new_items) == len(self.new_items) and all(map(is_, new_items, self.new_items)):
            return self
        return ServedModel.of(self.version, self.bundle, self.serving, new_items)


@dataclass(frozen=True, eq=False)
class Shelf:
    """Immutable: when the model or the catalogue changes, a new one is made and takes the old one's place.

    Attributes:
        row_of_number: the model's row of each of the catalogue's numbers, -1 for those that have none.
        number_of_row: the other way, -1 for items unknown to the catalogue.
    """

    model: ServedModel
    catalogue: Catalogue
    row_of_number: Int32
    number_of_row: Int32

    @classmethod
    def of(cls, model: ServedModel, catalogue: Catalogue, before: "Shelf | None" = None) -> Self:
        """Join the two; `before` is the shelf that this one follows, whose states stay good if rows stay."""
        model = model.beside(catalogue)
        index = model.recommender.models.items
        row_of_number = index.rows(item.item_id for item in catalogue.items)
        if before is not None and np.array_equal(before.row_of_number, row_of_number):
            row_of_number = before.row_of_number
        number_of_row = np.full(len(index), UNKNOWN_ROW, np.int32)
        known = np.flatnonzero(row_of_number != UNKNOWN_ROW)
        number_of_row[row_of_number[known]] = known
        return cls(model, catalogue, row_of_number, number_of_row)

    def prepared(self) -> Self:
        """This shelf, with everything that lists need computed, so that no request waits for it."""
        _ = self.fragments, self.model.states.nobody
        self.showable(time.time())
        return self

    @property
    def version(self) -> int:
        return self.model.version

    @property
    def ids(self) -> Sequence[str]:
        """Item ids by row."""
        return self.model.recommender.models.items.ids

    @property
    def shown_items(self) -> ShownItems:
        return self.model.shown_items

    @cached_property
    def fragments(self) -> list[str]:
        """Each row's item as JSON, see `catalogue.fragment_of`; empty where the catalogue has none."""
        fragments = self.catalogue.fragments
        return [fragments[number] if number != UNKNOWN_ROW else "" for number in self.number_of_row.tolist()]

    def showable(self, now: float) -> Showable:
        """What may be shown, by the rules of a moment in seconds since 1970."""
        return self._rule_book.at(now)

    @cached_property
    def _rule_book(self) -> RuleBook:
        facts = self.catalogue.facts.renumbered(self.number_of_row)
        visible = self.number_of_row != UNKNOWN_ROW
        visible[visible] = self.catalogue.visible[self.number_of_row[visible]]
        # Not `self.rows`: a shelf that held itself would keep a replaced model until some collection.
        rows_of = self.model.recommender.models.items.rows
        return RuleBook(self.model.serving.rules, facts, visible, rows_of)

    def rows(self, item_ids: Iterable[str]) -> Int32:
        """Rows of items, -1 where the model has none."""
        return self.model.recommender.models.items.rows(item_ids)

    def title(self, row: int) -> str | None:
        """An item's title; None where the catalogue has it no more."""
        number = int(self.number_of_row[row])
        return None if number == UNKNOWN_ROW else self.catalogue.items[number].title
