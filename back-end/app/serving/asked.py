"""What a client asks of a list, and what that means where it is made."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from marquee.domain.errors import InvalidInput
from marquee.models.protocol import Int32
from marquee.recommend.filters import NO_FILTERS, Filters
from marquee.recommend.listing import Exploring, Listing, Wanted
from marquee.recommend.paging import MOST_SHOWN, ShownItems, count_shown, from_cursor, to_cursor
from marquee.recommend.rules import NO_RULES, Factors
from marquee.recommend.showable import Showable


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client asked of a list.

    Attributes:
        exclude: ids of items to leave out.
        diversity: from 0 to 1.
        explain: whether each entry is to have its reasons.
        log: whether it is shown to somebody, so that it is written to the log.
        shown: of the pages before, as `shown_of` reads it from a cursor.
    """

    n: int
    filters: Filters = NO_FILTERS
    exclude: Sequence[str] = ()
    diversity: float = 0.0
    explain: bool = False
    log: bool = True
    shown: bytes = b""

    @property
    def offset(self) -> int:
        """How many places the pages before had."""
        return count_shown(self.shown)

    @property
    def places(self) -> int:
        """How many places this page has: a list of several pages ends after `MOST_SHOWN` items."""
        return min(self.n, MOST_SHOWN - self.offset) if self.shown else self.n


class Ground(Protocol):
    """What lists are made on: a catalogue by rows, with a model or without."""

    @property
    def version(self) -> int | None: ...

    @property
    def ids(self) -> Sequence[str]: ...

    @property
    def fragments(self) -> Sequence[str]: ...

    @property
    def shown_items(self) -> ShownItems: ...

    def showable(self, now: float) -> Showable: ...

    def rows(self, item_ids: Iterable[str]) -> Int32: ...

    def title(self, row: int) -> str | None: ...


def wanted_of(
    asked: Asked,
    ground: Ground,
    showable: Showable,
    *,
    discount: Factors | None = None,
    exploring: Exploring | None = None,
) -> Wanted:
    """What was asked, by the rows of a ground."""
    return Wanted(
        asked.places,
        showable.barred(asked.filters),
        _excluded(asked, ground),
        showable.rules,
        discount,
        asked.diversity,
        showable.facts.categories,
        asked.offset,
        exploring,
    )


def wanted_for_everybody(asked: Asked, ground: Ground, showable: Showable) -> Wanted:
    """`wanted_of` a list that is nobody's own: of the rules it follows those alone that hide."""
    return wanted_of(asked, ground, showable)._replace(rules=NO_RULES)  # what they hide is barred


def _excluded(asked: Asked, ground: Ground) -> Int32 | None:
    if not asked.exclude and not asked.shown:
        return None
    rows = ground.rows(asked.exclude)
    return np.concatenate((rows, ground.shown_items.rows(asked.shown))) if asked.shown else rows


def shown_of(cursor: str | None) -> bytes:
    """What a cursor says was shown; raises InvalidInput when it is not one of ours."""
    if cursor is None:
        return b""
    shown = from_cursor(cursor)
    if shown is None:
        raise InvalidInput(
            "The cursor is not one that a list gave.", hint="Leave it out to begin at the first page."
        )
    return shown


def next_cursor(asked: Asked, ground: Ground, listing: Listing) -> str | None:
    """The cursor of the page after this one; None where there is none, or too much was shown."""
    if not listing.more or asked.offset + len(listing.rows) >= MOST_SHOWN:
        return None
    return to_cursor(asked.shown + ground.shown_items.told(listing.rows))
