"""People, and what is known of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Row, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert

from marquee.domain import columns as col
from marquee.domain.ids import require_new
from marquee.domain.records import User
from marquee.store import changes
from marquee.store.copying import Loaded, json_column, merge
from marquee.store.search import contains
from marquee.store.tables import ratings, users

if TYPE_CHECKING:  # the workers of the inference service read rows, not frames
    import pandas as pd

# Ids that are numbers come in the order of the numbers.
_NATURAL_ORDER = (func.length(users.c.user_id), users.c.user_id)


@dataclass(frozen=True, slots=True)
class UserSummary:
    user: User
    rating_count: int


_RATING_COUNT = (
    select(func.count()).select_from(ratings).where(ratings.c.user_id == users.c.user_id).scalar_subquery()
)


def get(connection: Connection, user_id: str) -> UserSummary | None:
    row = connection.execute(
        select(users, _RATING_COUNT.label("rating_count")).where(users.c.user_id == user_id)
    ).first()
    return None if row is None else _summary(row)


def locked(connection: Connection, user_id: str) -> User | None:
    """A person, whom nobody else can change until this transaction ends."""
    row = connection.execute(
        select(users).where(users.c.user_id == user_id).with_for_update(key_share=True)
    ).first()
    return None if row is None else _user(row)


def put(connection: Connection, user: User) -> bool:
    """Write one person over whatever stood; True when there was none before.

    Raises:
        InvalidInput: somebody who is not there yet cannot be made with this id; see `domain.ids`.
    """
    values = {
        "age": user.age,
        "gender": user.gender,
        "occupation": user.occupation,
        "attributes": dict(user.attributes),
    }
    statement = insert(users).values(user_id=user.user_id, **values)
    created = connection.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id"], set_={**values, "updated_at": func.now()}
        ).returning(text("xmax = 0"))
    ).scalar_one()
    if created:
        require_new(user.user_id, "user")  # the transaction takes the row back
    changes.publish(connection, "user", [user.user_id])
    return bool(created)


def list_page(
    connection: Connection, *, limit: int, after: str | None = None, q: str = ""
) -> list[UserSummary]:
    """People by id; with `q`, those whose id begins with it or whose occupation holds it."""
    query = select(users, _RATING_COUNT.label("rating_count")).order_by(*_NATURAL_ORDER).limit(limit)
    if after is not None:
        query = query.where(tuple_(*_NATURAL_ORDER) > tuple_(func.length(after), after))
    if q:
        query = query.where(_matches(q))
    return [_summary(row) for row in connection.execute(query)]


def count(connection: Connection, *, q: str = "") -> int:
    query = select(func.count()).select_from(users)
    if q:
        query = query.where(_matches(q))
    return int(connection.execute(query).scalar_one())


def load_frame(connection: Connection) -> "pd.DataFrame":
    """Everybody sorted by id: user_id, age (Int64), gender, occupation, attributes (dicts)."""
    import pandas as pd

    rows = connection.execute(
        text('SELECT user_id, age, gender, occupation, attributes FROM users ORDER BY user_id COLLATE "C"')
    ).all()
    frame = pd.DataFrame(rows, columns=[*col.USER_COLUMNS, "attributes"])
    return frame.astype({col.USER: "str", col.AGE: "Int64"})


def upsert_frame(connection: Connection, frame: "pd.DataFrame") -> Loaded:
    """Create or replace people: user_id, age, gender, occupation (nullable), attributes (may be absent)."""
    rows = frame.loc[:, list(col.USER_COLUMNS)].assign(
        age=frame[col.AGE].astype("Int64"),
        attributes=json_column(frame, "attributes"),
    )
    loaded = merge(
        connection,
        rows,
        {col.USER: "text", col.AGE: "int", col.GENDER: "text", col.OCCUPATION: "text", "attributes": "jsonb"},
        "INSERT INTO users (user_id, age, gender, occupation, attributes) "
        "SELECT user_id, age, gender, occupation, attributes FROM incoming "
        "ON CONFLICT (user_id) DO UPDATE SET age = excluded.age, gender = excluded.gender, "
        "occupation = excluded.occupation, attributes = excluded.attributes, updated_at = now() "
        "WHERE (users.age, users.gender, users.occupation, users.attributes) IS DISTINCT FROM "
        "(excluded.age, excluded.gender, excluded.occupation, excluded.attributes)",
    )
    if loaded.inserted or loaded.updated:
        changes.publish(connection, "users")
    return loaded


def ensure(connection: Connection, user_ids: Iterable[str]) -> int:
    """Make a person of nothing but an id for each id that has none; returns how many were made."""
    made = connection.execute(
        text("INSERT INTO users (user_id) SELECT unnest(CAST(:ids AS text[])) ON CONFLICT DO NOTHING"),
        {"ids": list(user_ids)},
    ).rowcount
    if made:
        changes.publish(connection, "users")
    return int(made)


def _matches(q: str) -> ColumnElement[bool]:
    return users.c.user_id.startswith(q, autoescape=True) | contains(users.c.occupation, q)


def _summary(row: Row[Any]) -> UserSummary:
    return UserSummary(_user(row), int(row.rating_count))


def _user(row: Row[Any]) -> User:
    return User(row.user_id, row.age, row.gender, row.occupation, row.attributes)
