"""What people were shown lately, in memory, for as long as that is held against an item."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

from marquee.recommend.discount import Shown, factors, times_left_alone
from marquee.settings.serving import Impressions

_MOST_PEOPLE = 50_000
_MOST_LISTS = 200  # of one person
_NOTHING_ANSWERED: Mapping[str, float] = {}


class ShownLately:
    """Lists by person, those asked for last; of this worker at once, of others as `ImpressionLog` reads them.

    Args:
        settings: `discount` and `discount_hours`.
        clock: seconds since 1970.

    Attributes:
        enabled: whether there is a discount at all; while not, nothing is kept.
    """

    def __init__(self, settings: Impressions, clock: Callable[[], float] = time.time) -> None:
        self._discount, self._seconds = settings.discount, settings.discount_hours * 3600.0
        self._clock = clock
        self._of: OrderedDict[str, OrderedDict[str, Shown]] = OrderedDict()  # by user and request
        self._lock = threading.Lock()
        self.enabled = settings.discount > 0

    def note(self, user_id: str, request_id: str, at: float, item_ids: Sequence[str]) -> None:
        """Remember a list; the same one twice counts once."""
        with self._lock:
            lists = self._of.setdefault(user_id, OrderedDict())
            lists.setdefault(request_id, Shown(at, item_ids))
            self._of.move_to_end(user_id)
            if len(lists) > _MOST_LISTS:
                lists.popitem(last=False)
            if len(self._of) > _MOST_PEOPLE:
                self._of.popitem(last=False)

    def factors(self, user_id: str, answered_at: Mapping[str, float] = _NOTHING_ANSWERED) -> dict[str, float]:
        """What the relevance of items is multiplied by for somebody, by item id; items not named keep theirs.

        Args:
            answered_at: see `times_left_alone`.
        """
        if user_id not in self._of:
            return {}
        with self._lock:
            lists = list(self._of.get(user_id, {}).values())
        since = self._clock() - self._seconds
        return factors(times_left_alone(lists, answered_at, since=since), self._discount)

    def forget(self, user_id: str) -> None:
        with self._lock:
            self._of.pop(user_id, None)
