"""The catalogue."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, Select, delete, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert

from marquee.domain import columns as col
from marquee.domain.ids import require_new
from marquee.domain.records import Item
from marquee.store import changes
from marquee.store.copying import Loaded, json_column, merge
from marquee.store.search import contains
from marquee.store.tables import items, ratings

if TYPE_CHECKING:  # the workers of the inference service read rows, not frames
    import pandas as pd

# Ids that are numbers come in the order of the numbers.
_NATURAL_ORDER = (func.length(items.c.item_id), items.c.item_id)


def get(connection: Connection, item_id: str) -> Item | None:
    row = connection.execute(select(items).where(items.c.item_id == item_id)).first()
    return None if row is None else _item(row)


def get_many(connection: Connection, item_ids: Iterable[str]) -> dict[str, Item]:
    """The items that exist, by id."""
    rows = connection.execute(select(items).where(items.c.item_id.in_(list(item_ids))))
    return {row.item_id: _item(row) for row in rows}


def all_items(connection: Connection) -> list[Item]:
    """The whole catalogue, by id."""
    return [_item(row) for row in connection.execute(select(items).order_by(items.c.item_id))]


def locked(connection: Connection, item_id: str) -> Item | None:
    """An item, which nobody else can change until this transaction ends."""
    row = connection.execute(
        select(items).where(items.c.item_id == item_id).with_for_update(key_share=True)
    ).first()
    return None if row is None else _item(row)


def put(connection: Connection, item: Item) -> bool:
    """Write one item over whatever stood; True when there was none before.

    Raises:
        InvalidInput: an item that is not there yet cannot be made with this id; see `domain.ids`.
    """
    values = {
        "title": item.title,
        "year": item.year,
        "genres": list(item.genres),
        "attributes": dict(item.attributes),
        "hidden": item.hidden,
    }
    statement = insert(items).values(item_id=item.item_id, **values)
    created = connection.execute(
        statement.on_conflict_do_update(
            index_elements=["item_id"], set_={**values, "updated_at": func.now()}
        ).returning(text("xmax = 0"))
    ).scalar_one()
    if created:
        require_new(item.item_id, "item")  # the transaction takes the row back
    changes.publish(connection, "item", [item.item_id])
    return bool(created)


def remove(connection: Connection, item_id: str) -> bool:
    """Delete an item, its ratings and its events; False when there was none.

    The log of lists that were shown keeps its id until those days are dropped.
    """
    if not connection.execute(delete(items).where(items.c.item_id == item_id)).rowcount:
        return False
    changes.publish(connection, "item_deleted", [item_id])
    return True


def rating_summary(connection: Connection, item_id: str) -> tuple[int, float | None]:
    """(number of ratings, mean stars or None) of one item."""
    row = connection.execute(
        select(func.count(), func.avg(ratings.c.rating)).where(ratings.c.item_id == item_id)
    ).one()
    return int(row[0]), None if row[1] is None else float(row[1])


def list_page(
    connection: Connection, *, limit: int, after: str | None = None, q: str = "", category: str | None = None
) -> list[Item]:
    """Visible items by id; with `q`, those whose title holds it, whatever its case and accents."""
    query = _filtered(select(items), q, category).order_by(*_NATURAL_ORDER).limit(limit)
    if after is not None:
        query = query.where(tuple_(*_NATURAL_ORDER) > tuple_(func.length(after), after))
    return [_item(row) for row in connection.execute(query)]


def count(connection: Connection, *, q: str = "", category: str | None = None) -> int:
    query = _filtered(select(func.count()).select_from(items), q, category)
    return int(connection.execute(query).scalar_one())


def categories(connection: Connection) -> list[tuple[str, int]]:
    """(genre, number of visible items), the largest first."""
    rows = connection.execute(
        text(
            "SELECT genre, count(*) FROM items, unnest(genres) AS genre WHERE NOT hidden "
            "GROUP BY genre ORDER BY count(*) DESC, genre"
        )
    )
    return [(row[0], int(row[1])) for row in rows]


def load_frame(connection: Connection) -> "pd.DataFrame":
    """The catalogue sorted by id: item_id, title, year (Int64), genres (lists), attributes (dicts)."""
    import pandas as pd

    rows = connection.execute(
        text('SELECT item_id, title, year, genres, attributes FROM items ORDER BY item_id COLLATE "C"')
    ).all()
    frame = pd.DataFrame(rows, columns=[*col.ITEM_COLUMNS, "attributes"])
    return frame.astype({col.ITEM: "str", col.TITLE: "str", col.YEAR: "Int64"})


def upsert_frame(connection: Connection, frame: "pd.DataFrame") -> Loaded:
    """Create or replace items.

    Args:
        frame: item_id, title, year (nullable), genres (sequence of str), attributes (dict, may be absent).
    """
    import pandas as pd

    rows = pd.DataFrame(
        {
            col.ITEM: frame[col.ITEM],
            col.TITLE: frame[col.TITLE],
            col.YEAR: frame[col.YEAR].astype("Int64"),
            col.GENRES: [json.dumps(list(genres)) for genres in frame[col.GENRES]],
            "attributes": json_column(frame, "attributes"),
        }
    )
    loaded = merge(
        connection,
        rows,
        {col.ITEM: "text", col.TITLE: "text", col.YEAR: "int", col.GENRES: "jsonb", "attributes": "jsonb"},
        "INSERT INTO items (item_id, title, year, genres, attributes) SELECT item_id, title, year, "
        "ARRAY(SELECT jsonb_array_elements_text(genres)), attributes FROM incoming "
        "ON CONFLICT (item_id) DO UPDATE SET title = excluded.title, year = excluded.year, "
        "genres = excluded.genres, attributes = excluded.attributes, updated_at = now() "
        "WHERE (items.title, items.year, items.genres, items.attributes) IS DISTINCT FROM "
        "(excluded.title, excluded.year, excluded.genres, excluded.attributes)",
    )
    if loaded.inserted or loaded.updated:
        changes.publish(connection, "items")
    return loaded


def set_standing(connection: Connection, rows: Sequence[tuple[str, bool, datetime | None]]) -> None:
    """Say which items are hidden, and since when there are some.

    Args:
        rows: item id, whether it is hidden, when it came into the catalogue (None: as it stands).
    """
    ids, hidden, created = zip(*rows, strict=True) if rows else ((), (), ())
    changed = connection.execute(
        text(
            "UPDATE items SET hidden = one.hidden, created_at = coalesce(one.created_at, items.created_at), "
            "updated_at = now() FROM unnest(CAST(:ids AS text[]), CAST(:hidden AS boolean[]), "
            "CAST(:created AS timestamptz[])) AS one(item_id, hidden, created_at) "
            "WHERE items.item_id = one.item_id AND (items.hidden, items.created_at) IS DISTINCT FROM "
            "(one.hidden, coalesce(one.created_at, items.created_at))"
        ),
        {"ids": list(ids), "hidden": list(hidden), "created": list(created)},
    ).rowcount
    if changed:
        changes.publish(connection, "items")


def ensure(connection: Connection, item_ids: Iterable[str]) -> int:
    """Make an item titled by its id for each id that has none; returns how many were made."""
    made = connection.execute(
        text(
            "INSERT INTO items (item_id, title) SELECT id, id FROM unnest(CAST(:ids AS text[])) AS id "
            "ON CONFLICT DO NOTHING"
        ),
        {"ids": list(item_ids)},
    ).rowcount
    if made:
        changes.publish(connection, "items")
    return int(made)


def known_ids(connection: Connection) -> set[str]:
    return set(connection.scalars(select(items.c.item_id)))


def _filtered(query: Select[Any], q: str, category: str | None) -> Select[Any]:
    query = query.where(~items.c.hidden)
    if q:
        query = query.where(contains(items.c.title, q))
    if category is not None:
        query = query.where(items.c.genres.any(category))
    return query


def _item(row: Row[Any]) -> Item:
    return Item(
        row.item_id, row.title, row.year, tuple(row.genres), row.attributes, row.hidden, row.created_at
    )
