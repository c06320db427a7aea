"""Events: what people did beside rating. The first with an id stands, so sending it again does no harm."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Connection, Row, delete, func, select, text, tuple_

from marquee.domain import columns as col
from marquee.domain.ids import fault_of_new
from marquee.domain.records import Event
from marquee.store import changes
from marquee.store.copying import Loaded, merge
from marquee.store.tables import events

if TYPE_CHECKING:  # the workers of the inference service read rows, not frames
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one event; `reason` says why one was refused."""

    event_id: str
    status: Literal["accepted", "duplicate", "refused"]
    reason: str | None = None


_TYPES = {
    col.EVENT: "text",
    col.KIND: "text",
    col.USER: "text",
    col.ITEM: "text",
    col.AT: "timestamptz",
    col.VALUE: "float8",
    col.REQUEST: "uuid",
    col.VERSION: "int4",
    col.VARIANT: "text",
}
_COLUMNS = ", ".join(_TYPES)
_ARRAYS = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _TYPES.items())
_INSERT = text(
    f"INSERT INTO events ({_COLUMNS}) SELECT * FROM unnest({_ARRAYS}) "  # noqa: S608 - constants
    "ON CONFLICT DO NOTHING RETURNING event_id"
)


def add_many(connection: Connection, batch: Sequence[Event]) -> list[Outcome]:
    """Keep new events, making people who are not there yet; one bad event does not keep out the others.

    An id that is there already, or came earlier in the batch, makes a duplicate, whatever else it says. An
    event is refused when its item is unknown, or its user is and cannot be made with this id.

    Returns:
        an outcome for each event, in their order.
    """
    had = _held(connection, {event.event_id for event in batch})
    fresh: dict[str, Event] = {}
    for event in batch:
        if event.event_id not in had:
            fresh.setdefault(event.event_id, event)
    faults = _faults(connection, list(fresh.values()))
    sound = [event for event in fresh.values() if event.event_id not in faults]
    kept = _insert(connection, sound)
    return _outcomes(batch, kept, faults)


def remove(connection: Connection, user_id: str, event_id: str) -> bool:
    """Delete one of a person's events; False when they have none with that id."""
    result = connection.execute(
        delete(events).where(events.c.event_id == event_id, events.c.user_id == user_id)
    )
    if result.rowcount:
        changes.publish(connection, "event", [user_id])
    return bool(result.rowcount)


def of_user(
    connection: Connection, user_id: str, *, limit: int, after: tuple[datetime, str] | None = None
) -> list[Event]:
    """A person's events, newest first; `after` is (at, event_id) of the last one already had."""
    query = (
        select(events)
        .where(events.c.user_id == user_id)
        .order_by(events.c.at.desc(), events.c.event_id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(events.c.at, events.c.event_id) < tuple_(*after))
    return [_event(row) for row in connection.execute(query)]


def stream(connection: Connection, *, since: datetime | None = None) -> Iterator[Event]:
    """All events, or those that happened at a moment or later, by time and id.

    Streamed by a server-side cursor: memory stays flat.
    """
    query = select(events).order_by(events.c.at, events.c.event_id)
    if since is not None:
        query = query.where(events.c.at >= since)
    rows = connection.execute(query.execution_options(stream_results=True, yield_per=5_000))
    return map(_event, rows)


def count(connection: Connection) -> int:
    return int(connection.execute(select(func.count()).select_from(events)).scalar_one())


def copy_in(connection: Connection, frame: "pd.DataFrame") -> Loaded:
    """Load many events; one whose id is there already changes nothing, and counts as unchanged.

    Users and items must exist. One row of the change feed tells the workers.

    Args:
        frame: columns `EVENT_COLUMNS`: texts, but `at` of moments with their offset (or texts of such),
            `value` float64, `model_version` Int64; the last four may hold nothing.
    """
    loaded = merge(
        connection,
        frame,
        _TYPES,
        f"INSERT INTO events ({_COLUMNS}) SELECT {_COLUMNS} FROM incoming ON CONFLICT DO NOTHING",  # noqa: S608
    )
    if loaded.inserted:
        changes.publish(connection, "events")
    return loaded


def _held(connection: Connection, event_ids: Collection[str]) -> set[str]:
    query = text("SELECT event_id FROM events WHERE event_id = ANY(CAST(:ids AS text[]))")
    return set(connection.scalars(query, {"ids": list(event_ids)}))


def _faults(connection: Connection, fresh: Sequence[Event]) -> dict[str, str]:
    """Why events cannot be kept, by event id."""
    known_items = _locked(connection, "items", "item_id", {event.item_id for event in fresh})
    known_users = _locked(connection, "users", "user_id", {event.user_id for event in fresh})
    faults: dict[str, str] = {}
    for event in fresh:
        if event.item_id not in known_items:
            faults[event.event_id] = f"There is no item {event.item_id!r}."
        elif event.user_id not in known_users and (fault := fault_of_new(event.user_id)) is not None:
            faults[event.event_id] = f"{event.user_id!r} cannot name a new user: the {fault}."
    return faults


def _locked(connection: Connection, table: str, column: str, ids: Collection[str]) -> set[str]:
    """Those of the ids that are there, and will be until this transaction ends."""
    query = text(
        f"SELECT {column} FROM {table} WHERE {column} = ANY(CAST(:ids AS text[])) "  # noqa: S608 - constants
        f"ORDER BY {column} FOR KEY SHARE"
    )
    return set(connection.scalars(query, {"ids": list(ids)}))


def _insert(connection: Connection, sound: Sequence[Event]) -> set[str]:
    """The ids of those that were not there, which are now; their people are made, and workers told."""
    if not sound:
        return set()
    # In the order of their ids, as every other transaction does it: none waits for one that waits for it.
    people = sorted({event.user_id for event in sound})
    made = connection.scalars(
        text(
            "INSERT INTO users (user_id) SELECT unnest(CAST(:ids AS text[])) ON CONFLICT DO NOTHING "
            "RETURNING user_id"
        ),
        {"ids": people},
    ).all()
    ordered = sorted(sound, key=lambda event: event.event_id)
    kept = set(connection.scalars(_INSERT, _as_arrays(ordered)))
    if made:
        changes.publish(connection, "user", made)
    if kept:
        changes.publish(connection, "event", sorted({e.user_id for e in sound if e.event_id in kept}))
    return kept


def _as_arrays(batch: Sequence[Event]) -> dict[str, list[Any]]:
    """An array of values for each column."""
    arrays: dict[str, list[Any]] = {name: [getattr(event, name) for event in batch] for name in _TYPES}
    arrays[col.REQUEST] = [None if value is None else str(value) for value in arrays[col.REQUEST]]
    return arrays


def _outcomes(batch: Sequence[Event], kept: Collection[str], faults: dict[str, str]) -> list[Outcome]:
    outcomes, told = [], set()
    for event in batch:
        event_id = event.event_id
        if event_id in told or (event_id not in kept and event_id not in faults):
            outcomes.append(Outcome(event_id, "duplicate"))
        elif event_id in faults:
            outcomes.append(Outcome(event_id, "refused", faults[event_id]))
        else:
            outcomes.append(Outcome(event_id, "accepted"))
        told.add(event_id)
    return outcomes


def _event(row: Row[Any]) -> Event:
    return Event(
        row.event_id,
        row.kind,
        row.user_id,
        row.item_id,
        row.at,
        row.value,
        row.request_id,
        row.model_version,
        row.variant,
    )
