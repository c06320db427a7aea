"""People's histories as lists need them: ratings as they stand, what is implied, and who they are."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, text

from marquee.settings.serving import Feedback
from marquee.store.standing import Relation, doings_of, ratings_of

# Age, gender, occupation.
Profile: TypeAlias = tuple[int | None, str | None, str | None]


@dataclass(frozen=True, slots=True, eq=False)
class UserRatings:
    """One person's ratings as they stand, oldest first: ids, stars float32, unix seconds int64, all (n,)."""

    item_ids: Sequence[str]
    ratings: NDArray[np.float32]
    times: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class UserDoings:
    """What one person's events imply, an item each.

    Attributes:
        weights: at the moment `at`, float32, shape (m,); at least 0, and not bounded.
        hidden: whether their lists leave the item out, shape (m,).
        last: when they last did something with it, unix seconds int64, shape (m,).
        at: of the reading, in seconds since 1970.
    """

    item_ids: Sequence[str]
    weights: NDArray[np.float32]
    hidden: NDArray[np.bool_]
    last: NDArray[np.int64]
    at: float


@dataclass(frozen=True, slots=True, eq=False)
class UserHistory:
    user_id: str
    profile: Profile
    ratings: UserRatings
    doings: UserDoings

    def __len__(self) -> int:
        """How many items it says something of, counting those twice of which it says two things."""
        return len(self.ratings.item_ids) + len(self.doings.item_ids)


def of_users(
    connection: Connection, user_ids: Collection[str], feedback: Feedback, now: datetime
) -> list[UserHistory]:
    """The histories of those of some people that there are."""
    where = "user_id = ANY(CAST(:users AS text[]))"
    query, parameters = _query(ratings_of(feedback, where=where), doings_of(feedback, now, where=where))
    rows = connection.execute(
        text(f"{query} WHERE {where}"),
        {**parameters, "users": list(user_ids)},
    )
    return [_history(row, now) for row in rows]


def newest(connection: Connection, feedback: Feedback, now: datetime) -> Iterator[UserHistory]:
    """Everybody's, of those first who rated or did something last; streamed by a server-side cursor."""
    query, parameters = _query(ratings_of(feedback), doings_of(feedback, now))
    ordered = text(f"{query} ORDER BY greatest(r.last, d.last) DESC NULLS LAST, user_id")
    # The options are the statement's: the connection's would make all that follows slower.
    rows = connection.execute(ordered.execution_options(stream_results=True, yield_per=5_000), parameters)
    return (_history(row, now) for row in rows)


def _query(standing: Relation, implied: Relation) -> tuple[str, dict[str, Any]]:
    query = (
        "SELECT user_id, age, gender, occupation, r.item_ids, r.ratings, r.times, "  # noqa: S608 - constants
        "d.item_ids AS done_ids, d.weights, d.hidden, d.lasts FROM users "
        "LEFT JOIN (SELECT user_id, max(rated_at) AS last, "
        "array_agg(item_id ORDER BY rated_at, item_id) AS item_ids, "
        "array_agg(rating ORDER BY rated_at, item_id) AS ratings, "
        "array_agg(floor(extract(epoch FROM rated_at))::bigint ORDER BY rated_at, item_id) AS times "
        f"FROM {standing.sql} standing GROUP BY user_id) r USING (user_id) "
        "LEFT JOIN (SELECT user_id, max(last) AS last, array_agg(item_id ORDER BY item_id) AS item_ids, "
        "array_agg(weight ORDER BY item_id) AS weights, array_agg(hidden ORDER BY item_id) AS hidden, "
        "array_agg(floor(extract(epoch FROM last))::bigint ORDER BY item_id) AS lasts "
        f"FROM {implied.sql} implied GROUP BY user_id) d USING (user_id)"
    )
    return query, {**standing.parameters, **implied.parameters}


def _history(row: Row[Any], now: datetime) -> UserHistory:
    rated = UserRatings(
        row.item_ids or (),
        np.asarray(row.ratings or (), np.float32),
        np.asarray(row.times or (), np.int64),
    )
    done = UserDoings(
        row.done_ids or (),
        np.asarray(row.weights or (), np.float32),
        np.asarray(row.hidden or (), np.bool_),
        np.asarray(row.lasts or (), np.int64),
        now.timestamp(),
    )
    return UserHistory(row.user_id, (row.age, row.gender, row.occupation), rated, done)
