"""What was shown and left alone counts for less the next time."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple


class Shown(NamedTuple):
    """A list that a person was shown.

    Attributes:
        at: when, in seconds since 1970.
        item_ids: what was in it.
    """

    at: float
    item_ids: Sequence[str]


def times_left_alone(
    lists: Iterable[Shown], answered_at: Mapping[str, float], *, since: float
) -> Counter[str]:
    """How often each item was shown without an answer.

    Args:
        lists: what a person was shown.
        answered_at: when the person last rated or did something with an item, in whole seconds since 1970;
            what was shown before, or in that second, was answered.
        since: lists shown before do not count.
    """
    return Counter(
        item_id
        for shown in lists
        if since <= shown.at
        for item_id in set(shown.item_ids)
        if shown.at >= answered_at.get(item_id, float("-inf")) + 1.0
    )


def factors(times: Mapping[str, int], discount: float) -> dict[str, float]:
    """What each item's relevance is multiplied by: (1 - discount)^times, in [0, 1].

    Args:
        times: from `times_left_alone`.
        discount: what is lost each time, in [0, 1].
    """
    return {item_id: (1.0 - discount) ** count for item_id, count in times.items()}
