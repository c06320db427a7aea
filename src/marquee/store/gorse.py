"""Items, people and events as Gorse's calls have them: in pages, one event a kind, user and item."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, func, select, text, tuple_

from marquee.domain.errors import InvalidInput
from marquee.domain.records import Event, Item, User
from marquee.store import changes, events, items
from marquee.store.tables import events as event_table
from marquee.store.tables import items as item_table
from marquee.store.tables import users as user_table

Dated = tuple[Item, datetime]  # an item, and since when there is one


def item(connection: Connection, item_id: str) -> Dated | None:
    row = connection.execute(select(item_table).where(item_table.c.item_id == item_id)).first()
    return None if row is None else _dated(row)


def items_of(connection: Connection, item_ids: Sequence[str]) -> list[Dated]:
    """Those items that there are, in the order of the ids."""
    rows = connection.execute(select(item_table).where(item_table.c.item_id.in_(item_ids)))
    found = {row.item_id: _dated(row) for row in rows}
    return [found[item_id] for item_id in item_ids if item_id in found]


def item_page(connection: Connection, *, limit: int, after: str | None = None) -> list[Dated]:
    """Items by id, hidden ones too."""
    query = _page(select(item_table), item_table.c.item_id, limit, after)
    return [_dated(row) for row in connection.execute(query)]


def latest(connection: Connection, categories: Sequence[str], *, limit: int) -> list[tuple[str, datetime]]:
    """(id, since when there is one) of the visible items that are of all these categories, newest first."""
    query = (
        select(item_table.c.item_id, item_table.c.created_at)
        .where(~item_table.c.hidden, text("genres @> CAST(:categories AS text[])"))
        .order_by(item_table.c.created_at.desc(), func.length(item_table.c.item_id), item_table.c.item_id)
        .limit(limit)
    )
    rows = connection.execute(query, {"categories": list(categories)})
    return [(row.item_id, row.created_at) for row in rows]


def put_items(connection: Connection, batch: Sequence[tuple[Item, datetime | None]]) -> None:
    """Write items over whatever stood; where there is no time, the one that stands is kept.

    Raises:
        InvalidInput: an item that is not there yet cannot be made with its id; see `domain.ids`.
    """
    for one, _ in sorted(batch, key=lambda pair: pair[0].item_id):
        items.put(connection, one)
    dated = {one.item_id: (one.item_id, one.hidden, at) for one, at in batch}
    items.set_standing(connection, list(dated.values()))


def user_page(connection: Connection, *, limit: int, after: str | None = None) -> list[User]:
    """People by id."""
    query = _page(select(user_table), user_table.c.user_id, limit, after)
    return [
        User(row.user_id, row.age, row.gender, row.occupation, row.attributes)
        for row in connection.execute(query)
    ]


# ---- feedback ----


def put_feedback(connection: Connection, batch: Sequence[Event], *, overwrite: bool) -> None:
    """Keep feedback, making people and items that are not there yet; the item's title is its id.

    Of a kind, user and item that is there already, the value and the time are replaced (`overwrite`), or the
    value is added and the later time stands.

    Args:
        batch: their ids are those of `data.gorse.event_id`.

    Raises:
        InvalidInput: something cannot be made with its id; the transaction is to be taken back.
    """
    merged = _merged(batch, overwrite=overwrite)
    _make_items(connection, sorted({event.item_id for event in merged}))
    outcomes = events.add_many(connection, merged)
    refused = next((outcome for outcome in outcomes if outcome.status == "refused"), None)
    if refused is not None:
        raise InvalidInput(refused.reason or "An event cannot be kept.")
    pairs = zip(merged, outcomes, strict=True)
    _update(
        connection,
        [event for event, outcome in pairs if outcome.status == "duplicate"],
        overwrite=overwrite,
    )


def feedback_page(
    connection: Connection, *, limit: int, after: str | None = None, kind: str | None = None
) -> list[Event]:
    """Events by id."""
    query = select(event_table).order_by(event_table.c.event_id).limit(limit)
    if after is not None:
        query = query.where(event_table.c.event_id > after)
    if kind is not None:
        query = query.where(event_table.c.kind == kind)
    return [_event(row) for row in connection.execute(query)]


def feedback_of(
    connection: Connection,
    *,
    user_id: str | None = None,
    item_id: str | None = None,
    kind: str | None = None,
    limit: int,
) -> list[Event]:
    """The newest events of a user, of an item, or of both."""
    query = (
        select(event_table)
        .where(*_about(user_id, item_id, kind))
        .order_by(event_table.c.at.desc(), event_table.c.event_id)
        .limit(limit)
    )
    return [_event(row) for row in connection.execute(query)]


def remove_feedback(connection: Connection, user_id: str, item_id: str, kind: str | None = None) -> int:
    """Delete what a user did with an item, of one kind or of all; returns how many events that were."""
    removed = connection.execute(delete(event_table).where(*_about(user_id, item_id, kind))).rowcount
    if removed:
        changes.publish(connection, "event", [user_id])
    return int(removed)


def _about(user_id: str | None, item_id: str | None, kind: str | None) -> list[ColumnElement[bool]]:
    wanted = (
        (event_table.c.user_id, user_id),
        (event_table.c.item_id, item_id),
        (event_table.c.kind, kind),
    )
    return [column == value for column, value in wanted if value is not None]


def _merged(batch: Sequence[Event], *, overwrite: bool) -> list[Event]:
    """One event an id, as if they had come one after the other."""
    merged: dict[str, Event] = {}
    for event in batch:
        before = merged.get(event.event_id)
        merged[event.event_id] = event if before is None or overwrite else _added(before, event)
    return list(merged.values())


def _added(before: Event, event: Event) -> Event:
    return replace(before, value=(before.value or 0.0) + (event.value or 0.0), at=max(before.at, event.at))


def _make_items(connection: Connection, item_ids: Sequence[str]) -> None:
    known = items.get_many(connection, item_ids)
    for item_id in item_ids:
        if item_id not in known:
            items.put(connection, Item(item_id, item_id))


def _update(connection: Connection, batch: Sequence[Event], *, overwrite: bool) -> None:
    if not batch:
        return
    value, at = "one.value", "one.at"
    if not overwrite:
        value = "coalesce(events.value, 0) + coalesce(one.value, 0)"
        at = "greatest(events.at, one.at)"
    connection.execute(
        text(
            f"UPDATE events SET value = {value}, at = {at}, received_at = now() "  # noqa: S608 - constants
            "FROM unnest(CAST(:ids AS text[]), CAST(:values AS float8[]), CAST(:times AS timestamptz[])) "
            "AS one(event_id, value, at) WHERE events.event_id = one.event_id"
        ),
        {
            "ids": [event.event_id for event in batch],
            "values": [event.value for event in batch],
            "times": [event.at for event in batch],
        },
    )
    changes.publish(connection, "event", sorted({event.user_id for event in batch}))


def _page(query: Select[Any], column: ColumnElement[str], limit: int, after: str | None) -> Select[Any]:
    """Ids that are numbers come in the order of the numbers."""
    order = (func.length(column), column)
    query = query.order_by(*order).limit(limit)
    return query if after is None else query.where(tuple_(*order) > tuple_(func.length(after), after))


def _dated(row: Row[Any]) -> Dated:
    found = Item(row.item_id, row.title, row.year, tuple(row.genres), row.attributes, row.hidden)
    return found, row.created_at


def _event(row: Row[Any]) -> Event:
    return Event(row.event_id, row.kind, row.user_id, row.item_id, row.at, row.value)
