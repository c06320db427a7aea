"""What people's doings imply: events in hand become part of a history, by `settings.Feedback`.

`store.standing` says the same of the events of the platform, in SQL.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from marquee.domain.history import History, Implied
from marquee.models.protocol import Float32, Int32
from marquee.settings.serving import Feedback

LEAST = 0.001  # of a weight: what is less is taken for nothing
SECONDS_A_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Doing:
    """An event by an item's row: what kind of thing was done, and when, in seconds since 1970."""

    row: int
    kind: str
    at: float


def share_left(seconds: float, half_life_days: float | None) -> float:
    """What is left of a weight after that time: from 1, for now or the future, down to 0."""
    if half_life_days is None:
        return 1.0
    return float(0.5 ** (max(seconds, 0.0) / (half_life_days * SECONDS_A_DAY)))


def implied_by(rows: Int32, weights: Float32, rated: Int32) -> Implied:
    """What weights imply: those of items that are rated, or next to nothing, are dropped, others end at 1.

    Args:
        rows: each once, shape (m,); weights: at least 0, shape (m,).
        rated: rows with ratings.
    """
    counting = weights >= LEAST
    if len(rated):
        counting &= ~np.isin(rows, rated)
    return Implied(rows[counting], np.minimum(weights[counting], np.float32(1.0)))


def with_doings(history: History, doings: Sequence[Doing], feedback: Feedback, now: float) -> History:
    """A history of ratings alone, and what was done beside them; the order of the doings does not matter.

    Args:
        doings: of one person, by rows of the history's index; of kinds that are not in `feedback` too.
        now: in seconds since 1970.
    """
    stars = _latest_stars(doings, feedback, set(history.rows.tolist()))
    rows = np.append(history.rows, np.fromiter(stars, np.int32, len(stars)))
    standing = replace(
        history,
        rows=rows,
        ratings=np.append(history.ratings, np.array([s for s, _ in stars.values()], np.float32)),
        times=np.append(history.times, np.array([int(at) for _, at in stars.values()], np.int64)),
    )
    weights, hidden = _weights(doings, feedback, now)
    implied = implied_by(_rows(weights), np.array(list(weights.values()), np.float32), rows)
    return replace(standing, implied=implied, hidden=_rows(hidden))


def _latest_stars(
    doings: Sequence[Doing], feedback: Feedback, rated: set[int]
) -> dict[int, tuple[float, float]]:
    """(stars, time) by row, of the latest event that stands for a rating, where there is none."""
    latest: dict[int, tuple[float, float]] = {}
    for doing in sorted(doings, key=lambda doing: doing.at):
        kind = feedback.kinds.get(doing.kind)
        if kind is not None and kind.stars is not None and doing.row not in rated:
            latest[doing.row] = (kind.stars, doing.at)
    return latest


def _weights(
    doings: Sequence[Doing], feedback: Feedback, now: float
) -> tuple[dict[int, float], dict[int, None]]:
    """The sum of weights by row, and the rows that lists leave out."""
    weights: dict[int, float] = {}
    hidden: dict[int, None] = {}
    disliked: set[int] = set()
    for doing in doings:
        kind = feedback.kinds.get(doing.kind)
        if kind is None:
            continue
        weight = kind.weight or 0.0
        if weight < 0:
            disliked.add(doing.row)
        if weight < 0 or kind.seen:
            hidden[doing.row] = None
        left = share_left(now - doing.at, feedback.half_life_days)
        weights[doing.row] = weights.get(doing.row, 0.0) + weight * left
    return {row: weight for row, weight in weights.items() if row not in disliked}, hidden


def _rows(rows: Iterable[int]) -> NDArray[np.int32]:
    return np.fromiter(rows, np.int32)
