"""Everything that is held on one person: to show it, and to erase it."""

from collections.abc import Mapping
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, Table, delete, select, tuple_

from marquee.store import changes, rollouts
from marquee.store.impressions import forget
from marquee.store.tables import events, impressions, ratings, rollout_outcomes, scored_ratings, users

Section = Literal["ratings", "events", "impressions", "rollout_outcomes", "scored_ratings"]

# The table of each section, and the columns that tell its rows apart, by which they are read in order.
_SECTIONS: Mapping[Section, tuple[Table, tuple[str, ...]]] = {
    "ratings": (ratings, ("rated_at", "item_id")),
    "events": (events, ("at", "event_id")),
    "impressions": (impressions, ("at", "request_id")),
    "rollout_outcomes": (rollout_outcomes, ("rollout_id", "step", "variant", "early")),
    "scored_ratings": (scored_ratings, ("at", "rollout_id", "item_id")),
}
SECTIONS: tuple[Section, ...] = tuple(_SECTIONS)
# What may be held on somebody who has no profile; the other tables' rows go with it.
_OF_NOBODY_KNOWN: tuple[Section, ...] = ("impressions", "rollout_outcomes", "scored_ratings")


def profile(connection: Connection, user_id: str) -> dict[str, Any] | None:
    """What is known of a person, column by column; None for somebody unknown."""
    row = connection.execute(select(users).where(users.c.user_id == user_id)).first()
    return None if row is None else _columns(row)


def rows(
    connection: Connection,
    section: Section,
    user_id: str,
    *,
    limit: int,
    after: tuple[Any, ...] | None = None,
) -> list[dict[str, Any]]:
    """A person's rows of a section, oldest first, column by column.

    Args:
        after: the `position` of the last one already had.
    """
    table, keys = _SECTIONS[section]
    order = [table.c[key] for key in keys]
    query: Select[Any] = select(table).where(table.c.user_id == user_id).order_by(*order).limit(limit)
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*after))
    return [_columns(row) for row in connection.execute(query)]


def _columns(row: Row[Any]) -> dict[str, Any]:
    """By plain names: SQLAlchemy's own are a kind of text that JSON writers do not take."""
    return {str(name): value for name, value in row._mapping.items()}


def position(section: Section, row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Where a row stands in its section."""
    return tuple(row[key] for key in _SECTIONS[section][1])


def is_held(connection: Connection, user_id: str) -> bool:
    """Whether anything at all is held on a person."""
    return profile(connection, user_id) is not None or any(
        rows(connection, section, user_id, limit=1) for section in _OF_NOBODY_KNOWN
    )


def erase(connection: Connection, user_id: str) -> bool:
    """Delete a person with all that is held on them; False when there was nothing.

    Workers forget the person when this transaction commits. Data sets that models were trained on, and the
    models' own files, are not touched.
    """
    rollouts.hold_counting(connection)  # first: what a count has read of the person it would still write
    known = connection.execute(delete(users).where(users.c.user_id == user_id)).rowcount
    # After the person: whoever writes about them at this moment has a lock on that row.
    counted = [
        connection.execute(delete(table).where(table.c.user_id == user_id)).rowcount
        for table in (rollout_outcomes, scored_ratings)
    ]
    shown = forget(connection, user_id)  # last: until it is committed nothing that was shown is written
    changes.publish(connection, "user", [user_id])
    return bool(shown or known or any(counted))
