"""Ratings: one row a person and item; the latest stands."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.schema import AddConstraint, DropConstraint

from marquee.domain import columns as col
from marquee.domain.ids import require_new
from marquee.domain.records import Rating
from marquee.settings.serving import Feedback
from marquee.store import changes
from marquee.store.copying import Loaded, merge
from marquee.store.standing import ONLY_RATINGS, ratings_of
from marquee.store.tables import events, items, ratings, users

if TYPE_CHECKING:  # the workers of the inference service read rows, not frames
    import pandas as pd


@dataclass(frozen=True, slots=True)
class RatedItem:
    """A rating beside what it is a rating of."""

    rating: Rating
    title: str
    year: int | None
    genres: tuple[str, ...]


def put(connection: Connection, rating: Rating) -> bool:
    """Write one rating over whatever stood; True when there was none before.

    The item must exist (a foreign key says so otherwise); the user is made when unknown.

    Raises:
        InvalidInput: a user who is not there yet cannot be made with this id; see `domain.ids`.
    """
    made = connection.execute(
        insert(users).values(user_id=rating.user_id).on_conflict_do_nothing().returning(users.c.user_id)
    ).first()
    if made is not None:
        require_new(rating.user_id, "user")  # the transaction takes the row back
    values = {"rating": rating.rating, "rated_at": rating.rated_at}
    statement = insert(ratings).values(user_id=rating.user_id, item_id=rating.item_id, **values)
    created = connection.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id", "item_id"], set_={**values, "received_at": func.now()}
        ).returning(text("xmax = 0"))
    ).scalar_one()
    if made is not None:
        changes.publish(connection, "user", [rating.user_id])
    changes.publish(connection, "rating", [rating.user_id])
    return bool(created)


def remove(connection: Connection, user_id: str, item_id: str) -> bool:
    """Delete one rating; False when there was none."""
    result = connection.execute(
        delete(ratings).where(ratings.c.user_id == user_id, ratings.c.item_id == item_id)
    )
    if result.rowcount:
        changes.publish(connection, "rating", [user_id])
    return bool(result.rowcount)


def of_user(
    connection: Connection, user_id: str, *, limit: int, after: tuple[datetime, str] | None = None
) -> list[RatedItem]:
    """A person's ratings, newest first; `after` is (rated_at, item_id) of the last one already had."""
    query = (
        select(ratings, items.c.title, items.c.year, items.c.genres)
        .join(items, items.c.item_id == ratings.c.item_id)
        .where(ratings.c.user_id == user_id)
        .order_by(ratings.c.rated_at.desc(), ratings.c.item_id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(text("(ratings.rated_at, ratings.item_id) < (:at, :item)")).params(
            at=after[0], item=after[1]
        )
    return [
        RatedItem(
            Rating(row.user_id, row.item_id, row.rating, row.rated_at), row.title, row.year, tuple(row.genres)
        )
        for row in connection.execute(query)
    ]


def count(connection: Connection) -> int:
    return int(connection.execute(select(func.count()).select_from(ratings)).scalar_one())


def count_received_since(
    connection: Connection, moment: datetime | None, feedback: Feedback = ONLY_RATINGS
) -> int:
    """Ratings, and events that stand for one, that arrived or changed after a moment; all for None."""
    kinds = [name for name, kind in feedback.kinds.items() if kind.stars is not None]
    received = select(ratings.c.received_at).union_all(
        select(events.c.received_at).where(events.c.kind.in_(kinds))
    )
    arrivals = received.subquery()
    query = select(func.count()).select_from(arrivals)
    if moment is not None:
        query = query.where(arrivals.c.received_at > moment)
    return int(connection.execute(query).scalar_one())


def last_rated_at(connection: Connection) -> datetime | None:
    """The newest rating's time: the reference clock of an old data set."""
    newest: datetime | None = connection.execute(select(func.max(ratings.c.rated_at))).scalar_one()
    return newest


def load_frame(connection: Connection, feedback: Feedback = ONLY_RATINGS) -> "pd.DataFrame":
    """All ratings as they stand, sorted by (user_id, item_id): str, str, float64, int64 unix seconds.

    Args:
        feedback: by which events stand for ratings, too; default: none do.
    """
    import pandas as pd

    standing = ratings_of(feedback)
    rows = connection.execute(
        text(
            "SELECT user_id, item_id, rating, floor(extract(epoch FROM rated_at))::bigint "  # noqa: S608
            f'FROM {standing.sql} standing ORDER BY user_id COLLATE "C", item_id COLLATE "C"'
        ),
        standing.parameters,
    ).all()
    frame = pd.DataFrame(rows, columns=list(col.RATING_COLUMNS))
    return frame.astype({col.USER: "str", col.ITEM: "str", col.RATING: "float64", col.TIME: "int64"})


def copy_in(connection: Connection, frame: "pd.DataFrame") -> Loaded:
    """Load many ratings (columns of `RATING_COLUMNS`, one row a pair); where one stands, the later wins.

    Users and items must exist. One row of the change feed tells the workers.
    """
    with _foreign_keys_checked_at_once(connection):
        loaded = merge(
            connection,
            frame,
            {col.USER: "text", col.ITEM: "text", col.RATING: "float8", col.TIME: "bigint"},
            "INSERT INTO ratings (user_id, item_id, rating, rated_at) "
            "SELECT user_id, item_id, rating, to_timestamp(timestamp) FROM incoming "
            "ON CONFLICT (user_id, item_id) DO UPDATE "
            "SET rating = excluded.rating, rated_at = excluded.rated_at, received_at = now() "
            "WHERE (ratings.rating, ratings.rated_at) IS DISTINCT FROM (excluded.rating, excluded.rated_at) "
            "AND ratings.rated_at <= excluded.rated_at",
        )
    if loaded.inserted or loaded.updated:
        changes.publish(connection, "ratings")
    return loaded


@contextmanager
def _foreign_keys_checked_at_once(connection: Connection) -> Iterator[None]:
    """Into an empty table, check the foreign keys by one join at the end, thrice as fast as row by row.

    Both tables are locked until the transaction ends, so a table that is in use is filled row by row.
    """
    if connection.execute(select(ratings.c.user_id).limit(1)).first() is not None:
        yield
        return
    keys = ratings.foreign_key_constraints
    for key in keys:
        connection.execute(DropConstraint(key))
    yield
    for key in keys:
        connection.execute(AddConstraint(key))
