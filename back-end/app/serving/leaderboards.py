"""Leaderboards and the crowd: what everybody in memory has done, taken together."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from app.serving.catalogue import Catalogue
from app.serving.histories import Done, Histories, Rated
from marquee.models.protocol import Float32, Int32
from marquee.recommend.leaderboards import Signs, Trend, bayesian_averages, newest_first
from marquee.recommend.people import Crowd, Likes
from marquee.settings import Serving
from marquee.settings.serving import RatingScale

PEOPLE_AT_A_TIME = 10_000

Somebody: TypeAlias = tuple[str, Rated, Done]


@dataclass(frozen=True, slots=True, eq=False)
class Boards:
    """What the boards are ordered by, by the catalogue's numbers; -inf for what is on none.

    Attributes:
        catalogue: as of which `latest` is.
    """

    catalogue: Catalogue
    trending: Float32
    top_rated: Float32
    latest: Float32


def make_boards(
    histories: Histories, catalogue: Catalogue, serving: Serving, now: Callable[[], float]
) -> Boards:
    """Count everything in memory; takes two seconds for twenty million ratings."""
    settings, n_items = serving.leaderboards, len(catalogue)
    trend = Trend(n_items, settings.trending_half_life_days, now())
    counts, sums = np.zeros(n_items, np.int64), np.zeros(n_items)
    for rated, done in _parts(histories.everybody(), n_items):
        trend.add(Signs(rated["number"], np.ones(len(rated), np.float32), rated["time"]))
        trend.add(Signs(done["number"], np.minimum(done["weight"], np.float32(1.0)), done["last"]))
        counts += np.bincount(rated["number"], minlength=n_items)
        sums += np.bincount(rated["number"], rated["stars"], n_items)
    return Boards(
        catalogue,
        trend.scores(),
        bayesian_averages(counts, sums, settings.prior_ratings),
        newest_first((item.created_at for item in catalogue.items), catalogue.facts.years),
    )


def make_crowd(histories: Histories, scale: RatingScale) -> Crowd:
    """Everybody in memory, to be compared; takes about a second for ten million likes."""
    people = histories.everybody()
    likes = [Likes(user_id, liked_numbers(rated, done, scale)) for user_id, rated, done in people]
    return Crowd.of(likes, 1 + max((int(one.rows.max(initial=-1)) for one in likes), default=-1))


def liked_numbers(rated: Rated, done: Done, scale: RatingScale) -> Int32:
    """The catalogue's numbers of what somebody rated above the middle of the scale, or has taken to."""
    middle = np.float32((scale.min + scale.max) / 2)
    liked = rated["number"][rated["stars"] > middle]
    if not len(done):
        return np.array(liked, np.int32)
    taken = done["number"][done["weight"] >= TAKEN_TO]
    return np.union1d(liked, taken[~np.isin(taken, rated["number"])]).astype(np.int32)


TAKEN_TO = 0.5  # what doings must weigh together to stand for a like


def _parts(people: list[Somebody], n_items: int) -> Iterator[tuple[Rated, Done]]:
    """Ratings and doings of many people at a time; of items that are newer than the catalogue, none."""
    for start in range(0, len(people), PEOPLE_AT_A_TIME):
        part = people[start : start + PEOPLE_AT_A_TIME]
        rated = np.concatenate([rated for _, rated, _ in part])
        done = np.concatenate([done for _, _, done in part])
        yield rated[rated["number"] < n_items], done[done["number"] < n_items]
