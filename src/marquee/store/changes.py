"""The change feed: what the workers of the inference service must hear of.

A row is written in the transaction that makes the change. Readers take every visible row whose
transaction is at or above the oldest one that may still be running, and remember which of those
they have had: nothing that commits late is skipped, and a long transaction holds nobody up.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, text

Kind = Literal[
    "rating",
    "ratings",
    "event",
    "events",
    "user",
    "user_erased",
    "users",
    "item",
    "item_deleted",
    "items",
    "deployment",
    "key",
]
CHANNEL = "marquee_changes"
MORE = "more"


@dataclass(frozen=True, slots=True)
class Change:
    """`key`: the user's id or the item's, for kinds in the singular; None: a whole kind changed."""

    id: int
    kind: str
    key: str | None


def publish(connection: Connection, kind: Kind, keys: Iterable[str | None] = (None,)) -> None:
    """Tell the workers, when this transaction commits, that something changed."""
    connection.execute(
        text("INSERT INTO changes (kind, key) SELECT :kind, unnest(CAST(:keys AS text[]))"),
        {"kind": kind, "keys": list(keys)},
    )
    wake(connection)


def wake(connection: Connection) -> None:
    """Have every worker read the feed when this transaction commits."""
    connection.execute(text(f"NOTIFY {CHANNEL}"))


def publish_part(connection: Connection, kind: Kind) -> None:
    """Tell, when this transaction commits, of a part of something large whose end will be told by `publish`.

    Readers may wait for the end; when nothing comes any more, the parts must do. `kind` is a whole kind.
    """
    publish(connection, kind, [MORE])


def listen(connection: Connection) -> None:
    """Have Postgres wake this connection's socket at each commit that published a change; a hint, no more."""
    connection.execute(text(f"LISTEN {CHANNEL}"))


class ChangeReader:
    """One worker's place in the feed; not shared between threads."""

    def __init__(self) -> None:
        self._horizon: int | None = None
        self._had: set[int] = set()

    def start(self, connection: Connection) -> None:
        """Begin here: everything visible from now on counts as new.

        Call it before the state is loaded, so that a change in between is read twice rather than never.
        """
        row = connection.execute(
            text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xmin")
        ).one()
        self._horizon = row.xmin
        self._had = set(self._visible_ids(connection))

    def read(self, connection: Connection) -> list[Change]:
        """The changes that became visible since the last call, by id.

        Raises:
            RuntimeError: `start` was not called.
        """
        if self._horizon is None:
            raise RuntimeError("start() first")
        rows = connection.execute(
            text(
                "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xmin, c.id, c.kind, c.key, "
                "c.xid::text::bigint AS xid FROM (SELECT 1) one "
                "LEFT JOIN changes c ON c.xid >= CAST(CAST(:horizon AS text) AS xid8) ORDER BY c.id"
            ),
            {"horizon": str(self._horizon)},
        ).all()
        fresh = [
            Change(row.id, row.kind, row.key)
            for row in rows
            if row.id is not None and row.id not in self._had
        ]
        self._horizon = rows[0].xmin
        self._had = {row.id for row in rows if row.id is not None and row.xid >= rows[0].xmin}
        return fresh

    def _visible_ids(self, connection: Connection) -> Iterable[int]:
        return connection.scalars(
            text("SELECT id FROM changes WHERE xid >= CAST(CAST(:horizon AS text) AS xid8)"),
            {"horizon": str(self._horizon)},
        )


def prune(connection: Connection, *, older_than_hours: float) -> int:
    """Delete rows that every reader has had long since; returns how many."""
    result = connection.execute(
        text("DELETE FROM changes WHERE at < now() - make_interval(secs => :seconds)"),
        {"seconds": older_than_hours * 3600},
    )
    return int(result.rowcount)
