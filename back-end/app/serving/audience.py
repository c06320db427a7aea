"""Who lists are for, and what is known of their taste."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from app.serving import notices
from app.serving.catalogue import Catalogue
from app.serving.histories import NOTHING_DONE, NOTHING_KNOWN, NOTHING_RATED, Done, Rated
from app.serving.shelf import Shelf
from marquee.domain.history import History
from marquee.models.protocol import Int32
from marquee.recommend.doings import Doing, with_doings
from marquee.recommend.recommender import PersonState
from marquee.settings.serving import Feedback
from marquee.store.histories import Profile


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an id.

    Attributes:
        history: None for somebody unknown.
        profile: what is known of them besides.
        done: what they did beside rating.
        looked_up: False when nobody could say, because Postgres is away.
    """

    user_id: str
    history: Rated | None
    profile: Profile = NOTHING_KNOWN
    done: Done = field(default_factory=lambda: NOTHING_DONE)
    looked_up: bool = True

    @property
    def known(self) -> bool:
        return self.history is not None

    @property
    def rated(self) -> Rated:
        return NOTHING_RATED if self.history is None else self.history

    @property
    def notice(self) -> str | None:
        if self.history is not None:
            return None if len(self.history) or len(self.done) else notices.NOTHING_RATED_YET
        return notices.UNKNOWN_PERSON if self.looked_up else notices.NOT_LOOKED_UP

    def state(self, shelf: Shelf) -> PersonState:
        """What is known of them, to the model of a shelf."""
        states = shelf.model.states
        if self.is_blank:
            return states.nobody
        return states.get(self.user_id, self.rated, shelf.row_of_number, self.profile, self.done)

    def has_state(self, shelf: Shelf) -> bool:
        """Whether `state` need not compute it."""
        if self.is_blank:
            return True
        facts = (self.rated, shelf.row_of_number, self.profile, self.done)
        return shelf.model.states.kept(self.user_id, *facts) is not None

    @property
    def is_blank(self) -> bool:
        """Whether nothing at all is known of them."""
        return not len(self.rated) and not len(self.done) and self.profile == NOTHING_KNOWN

    def left_out(self) -> Int32:
        """The catalogue's numbers of what their lists leave out."""
        return np.concatenate((self.rated["number"], self.done["number"][self.done["hidden"]]))

    def answered_at(self, catalogue: Catalogue) -> dict[str, float]:
        """When they last did something with an item, in seconds since 1970, by its id."""
        numbers, last = self.done["number"].tolist(), self.done["last"].tolist()
        items = catalogue.items
        return {
            items[number].item_id: float(at)
            for number, at in zip(numbers, last, strict=True)
            if number < len(items)
        }


class VisitorEvent(NamedTuple):
    """Something a visitor did, and when: in seconds since 1970."""

    item_id: str
    kind: str
    at: float


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody without an id, who has rated items (stars by item id) just now, and done something."""

    stars: Mapping[str, float]
    events: Sequence[VisitorEvent] = ()
    user_id: None = None

    @property
    def known(self) -> bool:
        return bool(self.stars or self.events)

    @property
    def notice(self) -> str | None:
        return None if self.known else notices.NOTHING_RATED_YET

    def history(self, row_of: Callable[[str], int | None], feedback: Feedback, now: float) -> History:
        """All that they told, by rows; what is about items that have none is left out.

        Args:
            now: in seconds since 1970.
        """
        rated = {row: stars for item_id, stars in self.stars.items() if (row := row_of(item_id)) is not None}
        history = History.of(list(rated), list(rated.values()), [int(now)] * len(rated))
        doings = [
            Doing(row, kind, at) for item_id, kind, at in self.events if (row := row_of(item_id)) is not None
        ]
        return with_doings(history, doings, feedback, now) if doings else history
