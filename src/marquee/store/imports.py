"""Rows of a streamed import into Postgres, a batch a transaction.

The keys that rows point to are locked once each (`lock`), which is what foreign keys do once a row. Where
this role may say so, the rows are then written without that second look: it is most of the cost.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Literal

from sqlalchemy import Connection, text

from marquee.store import changes
from marquee.store.copying import MOST_KEYS, Touched, merge_csv

Table = Literal["items", "users"]
Whole = Literal["ratings", "events", "items", "users"]
_ID = {"items": "item_id", "users": "user_id"}
_ONE: dict[Whole, changes.Kind] = {"ratings": "rating", "events": "event", "items": "item", "users": "user"}


def make(connection: Connection, table: Table, ids: Collection[str]) -> list[str]:
    """Make items titled by their ids, or people of whom no more is known, for ids that have none.

    Returns the ids that were made. The change feed is the caller's to write.
    """
    columns = "item_id, title" if table == "items" else "user_id"
    values = "id, id" if table == "items" else "id"
    statement = (
        f"INSERT INTO {table} ({columns}) SELECT {values} FROM unnest(CAST(:ids AS text[])) AS id "  # noqa: S608
        f"ON CONFLICT DO NOTHING RETURNING {_ID[table]}"
    )
    return list(connection.scalars(text(statement), {"ids": _array(sorted(ids))}))


def lock(connection: Connection, table: Table, ids: Collection[str]) -> set[str]:
    """Keep rows from being deleted until the transaction ends; returns those of the ids that have no row."""
    name = _ID[table]
    statement = (
        "WITH given AS MATERIALIZED (SELECT CAST(:ids AS text[]) AS ids), "  # noqa: S608 - constants
        f"there AS MATERIALIZED (SELECT {name} FROM {table} "
        f"WHERE {name} = ANY((SELECT ids FROM given)::text[]) ORDER BY {name} FOR KEY SHARE) "
        f"SELECT unnest(ids) FROM given EXCEPT SELECT {name} FROM there"
    )
    return set(connection.scalars(text(statement), {"ids": _array(ids)}))


def _array(texts: Iterable[str]) -> str:
    """Texts as one text in Postgres' notation: as a list of many thousands, they are slow to parse."""
    quoted = [text.replace("\\", "\\\\").replace('"', '\\"') for text in texts]
    return '{"' + '","'.join(quoted) + '"}' if quoted else "{}"


def merge_ratings(connection: Connection, content: bytes, *, timed: bool, fresh: bool = False) -> Touched:
    """Ratings whose people and items are locked; where one stands, the later wins.

    Args:
        content: user_id, item_id, rating, microseconds since 1970, as CSV; one row a pair.
        timed: whether the file says when they were made; where it does not, the same stars change nothing.
        fresh: whether none of them is expected to stand.
    """
    insert = (
        "INSERT INTO ratings (user_id, item_id, rating, rated_at) "  # noqa: S608 - constants
        f"SELECT user_id, item_id, rating, {_moment('at')} FROM incoming"
    )
    same = "(ratings.rating, ratings.rated_at) IS DISTINCT FROM (excluded.rating, excluded.rated_at)"
    with _keys_already_checked(connection):
        return merge_csv(
            connection,
            content,
            {"user_id": "text", "item_id": "text", "rating": "float8", "at": "bigint"},
            f"{insert} ON CONFLICT (user_id, item_id) DO UPDATE "
            "SET rating = excluded.rating, rated_at = excluded.rated_at, received_at = now() "
            f"WHERE {same if timed else 'ratings.rating IS DISTINCT FROM excluded.rating'} "
            "AND ratings.rated_at <= excluded.rated_at",
            "user_id",
            fresh=insert if fresh else None,
        )


def merge_events(connection: Connection, content: bytes) -> Touched:
    """Events whose people and items are locked; the first with an id stands.

    Args:
        content: event_id, kind, user_id, item_id, microseconds since 1970, value, request_id, model_version,
            variant, as CSV; one row an id.
    """
    with _keys_already_checked(connection):
        return merge_csv(
            connection,
            content,
            {
                "event_id": "text",
                "kind": "text",
                "user_id": "text",
                "item_id": "text",
                "at": "bigint",
                "value": "float8",
                "request_id": "uuid",
                "model_version": "int",
                "variant": "text",
            },
            "INSERT INTO events (event_id, kind, user_id, item_id, value, at, request_id, model_version, "  # noqa: S608
            f"variant) SELECT event_id, kind, user_id, item_id, value, {_moment('at')}, request_id, "
            "model_version, variant FROM incoming ON CONFLICT (event_id) DO NOTHING",
            "user_id",
        )


def merge_items(connection: Connection, content: bytes) -> Touched:
    """Items, created or replaced.

    Args:
        content: item_id, title, year, genres (JSON), attributes (JSON), hidden, created_at (microseconds
            since 1970), as CSV; one row an id. NULL in the last two leaves what stands.
    """
    return merge_csv(
        connection,
        content,
        {
            "item_id": "text",
            "title": "text",
            "year": "int",
            "genres": "jsonb",
            "attributes": "jsonb",
            "hidden": "boolean",
            "at": "bigint",
        },
        "INSERT INTO items (item_id, title, year, genres, attributes, hidden, created_at) "  # noqa: S608
        "SELECT i.item_id, i.title, i.year, ARRAY(SELECT jsonb_array_elements_text(i.genres)), i.attributes, "
        f"coalesce(i.hidden, old.hidden, false), coalesce({_moment('i.at')}, old.created_at, now()) "
        "FROM incoming i LEFT JOIN items old ON old.item_id = i.item_id "
        "ON CONFLICT (item_id) DO UPDATE SET title = excluded.title, year = excluded.year, "
        "genres = excluded.genres, attributes = excluded.attributes, hidden = excluded.hidden, "
        "created_at = excluded.created_at, updated_at = now() "
        "WHERE (items.title, items.year, items.genres, items.attributes, items.hidden, items.created_at) "
        "IS DISTINCT FROM (excluded.title, excluded.year, excluded.genres, excluded.attributes, "
        "excluded.hidden, excluded.created_at)",
        "item_id",
    )


def merge_users(connection: Connection, content: bytes) -> Touched:
    """People, created or replaced: user_id, age, gender, occupation, attributes (JSON), as CSV."""
    return merge_csv(
        connection,
        content,
        {"user_id": "text", "age": "int", "gender": "text", "occupation": "text", "attributes": "jsonb"},
        "INSERT INTO users (user_id, age, gender, occupation, attributes) "
        "SELECT user_id, age, gender, occupation, attributes FROM incoming "
        "ON CONFLICT (user_id) DO UPDATE SET age = excluded.age, gender = excluded.gender, "
        "occupation = excluded.occupation, attributes = excluded.attributes, updated_at = now() "
        "WHERE (users.age, users.gender, users.occupation, users.attributes) IS DISTINCT FROM "
        "(excluded.age, excluded.gender, excluded.occupation, excluded.attributes)",
        "user_id",
    )


def tell(connection: Connection, whole: Whole, keys: Collection[str]) -> bool:
    """Publish that rows changed: by their keys where these are few, else as a part of something large.

    Returns whether the end must be told as well (`changes.publish(connection, whole)`).
    """
    if len(keys) > MOST_KEYS:
        changes.publish_part(connection, whole)
        return True
    if keys:
        changes.publish(connection, _ONE[whole], sorted(keys))
    return False


def _moment(microseconds: str) -> str:
    """SQL for a moment, exact: `to_timestamp` goes by floating point."""
    return f"timestamptz 'epoch' + {microseconds} * interval '1 microsecond'"


@contextmanager
def _keys_already_checked(connection: Connection) -> Iterator[None]:
    """Leave the foreign keys' triggers out, where this role may: what they guard is locked by the caller."""
    may = connection.scalar(text("SELECT has_parameter_privilege('session_replication_role', 'SET')"))
    if not may:
        yield
        return
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    yield
    connection.execute(text("SET LOCAL session_replication_role = origin"))
